/* SPDX-License-Identifier: BSD-2-Clause */
/* Malformed programs are refused, each with nothing left behind, and none hurts the kernel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf_build.h"
#include "test.h"

/* Ends with 7: mov x0, #7; mov x8, #28 (task_exit); svc #0. */
static const uint32_t code[] = {0xd28000e0, 0xd2800388, 0xd4000001};

static struct elf_image fresh(void)
{
    return elf_code(code, sizeof code);
}

static void drop(struct elf_image *elf)
{
    OK(shm_unmap(elf->bytes));
    OK(handle_close(elf->shm));
}

TEST(elf_good, "the program that is spoilt below runs as it is")
{
    struct elf_image elf = fresh();

    EQUAL(finish(HANDLE(elf_spawn(&elf))), 7);
}

#define SPOILT(change)                                                                             \
    do {                                                                                           \
        struct elf_image elf = fresh();                                                            \
        struct elf_header *h = elf.header;                                                         \
        struct elf_program_header *p = elf.program;                                                \
        int result_;                                                                               \
        (void)h;                                                                                   \
        (void)p;                                                                                   \
        change;                                                                                    \
        result_ = elf_spawn(&elf);                                                                 \
        if (result_ != UKERN_ENOEXEC)                                                              \
            check_differs(#change, __LINE__, "the result", result_, UKERN_ENOEXEC);                \
        drop(&elf);                                                                                \
    } while (0)

TEST(elf_header, "wrong magic, class, machine, type, version, sizes, counts and places of headers")
{
    SPOILT(h->ident[0] = 0);
    SPOILT(h->ident[3] = 'G');
    SPOILT(h->ident[4] = 1); /* 32 bits */
    SPOILT(h->ident[5] = 2); /* big-endian */
    SPOILT(h->ident[6] = 0);
    SPOILT(h->version = 2);
    SPOILT(h->machine = 62);
    SPOILT(h->type = 3); /* position independent */
    SPOILT(h->type = 1);
    SPOILT(h->type = 4);
    SPOILT(h->header_size = 0);
    SPOILT(h->entry_size = 0);
    SPOILT(h->entry_size = 57);
    SPOILT(h->entry_count = 0);
    SPOILT(h->entry_count = 33);
    SPOILT(h->entry_count = 65535);
    SPOILT(h->program_headers = elf.size);
    SPOILT(h->program_headers = elf.size - 1);
    SPOILT(h->program_headers = UINT64_MAX);
    SPOILT(h->program_headers = UINT64_MAX - 55);
    SPOILT(h->program_headers = UINT64_C(1) << 63);
    SPOILT(elf.size = 63);
    SPOILT(elf.size = 64);
    SPOILT(elf.size = 64 + 56 + 55);
}

TEST(elf_entry, "an entry point that is no instruction of the program")
{
    SPOILT(h->entry = 0);
    SPOILT(h->entry = ELF_CODE_AT + 2);
    SPOILT(h->entry = ELF_CODE_AT - 4);
    SPOILT(h->entry = ELF_CODE_AT + sizeof code);
    SPOILT(h->entry = ELF_DATA_AT);
    SPOILT(h->entry = UINT64_C(0xffffffc000000000));
    SPOILT(h->entry = UINT64_MAX - 3);
}

TEST(elf_segments,
     "segments outside the file or the task's addresses, that overlap, wrap, or are W and X")
{
    SPOILT(p[0].flags = 7);
    SPOILT(p[1].flags = 3);
    SPOILT(p[1].flags = 0);
    SPOILT(p[0].file_size = p[0].memory_size + 1);
    SPOILT(p[0].file_size = p[0].memory_size = UINT64_MAX);
    SPOILT(p[0].file_size = elf.size);
    SPOILT(p[0].offset = elf.size; p[0].address += elf.size % 4096);
    SPOILT(p[0].offset = UINT64_MAX - 4095);
    SPOILT(p[0].offset += 8);
    SPOILT(p[0].address += 8);
    SPOILT(p[0].align = 3);
    SPOILT(p[1].address = 0);
    SPOILT(p[1].address = 4096);
    SPOILT(p[1].address = 0xf000);
    SPOILT(p[1].address = UINT64_C(1) << 39);
    SPOILT(p[1].address = (UINT64_C(1) << 39) - 4096; p[1].memory_size = 8192);
    SPOILT(p[1].address = UINT64_C(0xffffff8040000000));
    SPOILT(p[1].address = UINT64_C(0xffffffc000000000));
    SPOILT(p[1].address = UINT64_MAX - 4095);
    SPOILT(p[1].memory_size = UINT64_MAX);
    SPOILT(p[1].memory_size = UINT64_MAX - ELF_DATA_AT);
    SPOILT(p[1].memory_size = UINT64_C(1) << 63);
    SPOILT(p[1].address = ELF_CODE_AT);
    SPOILT(p[1].address = ELF_CODE_AT - 4096; p[1].memory_size = 8192);
    SPOILT(p[1].address = ELF_CODE_AT + 0x100; p[1].offset = 0x100);
    SPOILT(p[1].type = 2);                          /* dynamic */
    SPOILT(p[1].type = 3);                          /* wants an interpreter */
    SPOILT(p[1].type = 0x6474e551; p[1].flags = 7); /* executable stack */
    SPOILT(p[0].type = 0);
    SPOILT(p[0].flags = 4);
}

TEST(elf_too_large, "segments that are allowed but larger than the quota")
{
    static const uint64_t size[] = {300 * 1024, UINT64_C(1) << 30, (UINT64_C(1) << 30) + 4096,
                                    UINT64_C(1) << 38};

    for (unsigned i = 0; i < 4; i++) {
        struct elf_image elf = fresh();
        elf.program[1].memory_size = size[i];
        EQUAL(elf_spawn(&elf), UKERN_ENOMEM);
        drop(&elf);
    }
}

TEST(elf_over_stack, "a segment where the stack will be")
{
    struct elf_image elf = fresh();
    int result;

    elf.program[1].address = (UINT64_C(1) << 39) - 0x10000 - 4096;
    result = elf_spawn(&elf);
    CHECK(result == UKERN_EEXIST || result == UKERN_ENOEXEC);
}

TEST(elf_many_segments, "eight segments are loaded, nine are refused")
{
    for (unsigned n = 8; n < 10; n++) {
        struct elf_image elf = fresh();
        elf.header->entry_count = (uint16_t)n;
        for (unsigned i = 2; i < n; i++)
            elf.program[i] = (struct elf_program_header){.type = 1,
                                                         .flags = 6,
                                                         .address = ELF_DATA_AT + i * 0x10000,
                                                         .memory_size = 1,
                                                         .align = 4096};
        if (n == 8)
            EQUAL(finish(HANDLE(elf_spawn(&elf))), 7);
        else
            EQUAL(elf_spawn(&elf), UKERN_ENOEXEC);
        drop(&elf);
    }
}

TEST(elf_noise, "three hundred files with random bytes in their headers")
{
    static const int allowed[] = {UKERN_ENOEXEC, UKERN_ENOMEM, UKERN_EEXIST};
    struct elf_image elf = fresh();
    char good[64 + 2 * 56];

    memcpy(good, elf.bytes, sizeof good);
    srand(20240229);
    for (int i = 0; i < 300; i++) {
        int result;
        memcpy(elf.bytes, good, sizeof good);
        for (int k = rand() % 4; k >= 0; k--)
            elf.bytes[rand() % (int)sizeof good] = (char)rand();
        result = elf_spawn(&elf);
        if (result >= 0) {
            task_kill(result, 0);
            OK(task_wait(result, NULL, NULL, SOON));
            OK(handle_close(result));
        } else {
            CHECK(result == allowed[0] || result == allowed[1] || result == allowed[2]);
        }
    }
}

/* Spoils the header of the file in "port" (a shm) again and again. */
ROLE(spoiler)
{
    void *at = NULL;
    volatile struct elf_header *h;

    OK(shm_map(given("port"), 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &at));
    h = at;
    for (;;) {
        h->entry_count = 65535;
        h->program_headers = UINT64_MAX;
        h->entry_count = 2;
        h->program_headers = 64;
    }
}

TEST(elf_changed_meanwhile, "a file that changes while it is loaded is loaded or refused, no more")
{
    struct elf_image elf = fresh();
    ukern_handle task = play("spoiler", elf.shm);
    uint64_t until = clock_now() + 300 * MILLISECOND;

    while (clock_now() < until) {
        int result = elf_spawn(&elf);
        if (result >= 0)
            EQUAL(finish(result), 7);
        else
            EQUAL(result, UKERN_ENOEXEC);
    }
    destroy(task);
}

TEST(elf_destroyed_image, "a file in memory that was revoked or destroyed")
{
    struct elf_image elf = fresh();
    ukern_handle copy = HANDLE(handle_dup(elf.shm, 0, -1));

    OK(shm_revoke(elf.shm));
    EQUAL(finish(HANDLE(elf_spawn(&elf))), 7);
    elf.shm = copy;
    EQUAL(elf_spawn(&elf), UKERN_EREVOKED);
}
