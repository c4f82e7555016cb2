/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include "unit.h"
#include "elf.h"
#include <ukern/abi/version.h>

#define TEXT   UINT64_C(0x400000)
#define FILES  (3 * PAGE_SIZE) /* bytes of the program file */
#define OFFSET 100 /* where it lies in the shm: programs in an archive are not aligned */

/* The layout that the ELF specification gives, apart from the loader's own. */
struct header {
    unsigned char ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct segment {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

enum { LOAD = 1, DYNAMIC = 2, INTERP = 3, NOTE = 4, TLS = 7, GNU_STACK = 0x6474e551 };
enum { X = 1, W = 2, RX = 5, RW = 6, RO = 4 };

/* A good program: text, read-only data, data with .bss, and a mark for the stack. */
static struct program {
    struct header h;
    struct segment s[40];
} good;

static struct shm *file;

static void make_good(void)
{
    memset(&good, 0, sizeof(good));
    good.h = (struct header){.ident = "\177ELF\2\1\1",
                             .type = 2,
                             .machine = 183,
                             .version = 1,
                             .entry = TEXT + 0x200,
                             .phoff = 64,
                             .ehsize = 64,
                             .phentsize = 56,
                             .phnum = 4};
    good.s[0] = (struct segment){LOAD, RX, 0, TEXT, TEXT, 0x1000, 0x1000, 0x10000};
    good.s[1] = (struct segment){LOAD, RO, 0x1010, TEXT + 0x11010, 0, 0x800, 0x800, 0x1000};
    good.s[2] = (struct segment){LOAD, RW, 0x1810, TEXT + 0x20810, 0, 0x100, 0x5000, 8};
    good.s[3] = (struct segment){GNU_STACK, RW, 0, 0, 0, 0, 0, 16};
}

static void put(uint64_t offset, const void *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        uint64_t at = offset + done;
        size_t step = min_u64(n - done, PAGE_SIZE - at % PAGE_SIZE);
        char *page = arch_phys_to_virt(shm_frame(file, at / PAGE_SIZE));
        memcpy(page + at % PAGE_SIZE, (const char *)bytes + done, step);
        done += step;
    }
}

static int check(const struct program *p, struct elf_plan *plan, const char **why)
{
    put(OFFSET, p, sizeof(*p));
    *why = NULL;
    int r = elf_check(file, OFFSET, FILES, plan, why);
    assert_int_equal(r == UKERN_ENOEXEC, *why != NULL);
    return r;
}

/* Refused, and the sentence has these words. */
static void refused(const struct program *p, const char *words)
{
    struct elf_plan plan;
    const char *why;
    assert_int_equal(check(p, &plan, &why), UKERN_ENOEXEC);
    if (!strstr(why, words))
        fail_msg("\"%s\" instead of \"%s\"", why, words);
}

static void accepted(const struct program *p, unsigned count)
{
    struct elf_plan plan;
    const char *why;
    int r = check(p, &plan, &why);
    if (r != UKERN_OK)
        fail_msg("refused: %s", why);
    assert_int_equal(plan.count, count);
}

static void drop(struct shm *s)
{
    assert_true(shm_put(s));
    while (shm_drain(s) > 0)
        ;
}

static struct shm *shm_full(uint64_t pages)
{
    struct shm *s = shm_new(&account_root, pages);
    while (shm_fill(s) > 0)
        ;
    return s;
}

static int before(void **state)
{
    unit_before(state);
    make_good();
    file = shm_full(4);
    return 0;
}

static int after(void **state)
{
    drop(file);
    return unit_after(state);
}

static void test_good(void **state)
{
    (void)state;
    struct elf_plan plan;
    const char *why;
    assert_int_equal(check(&good, &plan, &why), UKERN_OK);
    assert_int_equal(plan.entry, TEXT + 0x200);
    assert_int_equal(plan.count, 3);
    static const uint32_t prot[] = {UKERN_PROT_READ | UKERN_PROT_EXEC, UKERN_PROT_READ,
                                    UKERN_PROT_READ | UKERN_PROT_WRITE};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(plan.segment[i].address, good.s[i].vaddr);
        assert_int_equal(plan.segment[i].memory_size, good.s[i].memsz);
        assert_int_equal(plan.segment[i].offset, good.s[i].offset);
        assert_int_equal(plan.segment[i].file_size, good.s[i].filesz);
        assert_int_equal(plan.segment[i].prot, prot[i]);
    }
}

static void test_other_good_ones(void **state)
{
    (void)state;
    struct program p = good;
    p.s[0].flags = X; /* execute only: readable too, and not writable */
    p.s[2].flags = W;
    struct elf_plan plan;
    const char *why;
    assert_int_equal(check(&p, &plan, &why), UKERN_OK);
    assert_int_equal(plan.segment[0].prot, UKERN_PROT_READ | UKERN_PROT_EXEC);
    assert_int_equal(plan.segment[2].prot, UKERN_PROT_READ | UKERN_PROT_WRITE);

    p = good;
    p.s[1].type = NOTE; /* types that do not matter are passed over, whatever they hold */
    p.s[3] = (struct segment){TLS, 7, UINT64_MAX, UINT64_MAX, 1, UINT64_MAX, 1, 3};
    accepted(&p, 2);
    p = good;
    p.s[1] = (struct segment){.type = LOAD}; /* nothing in it */
    accepted(&p, 2);
    p = good;
    p.s[2].align = 0;
    accepted(&p, 3);
    p = good;
    p.s[2] = (struct segment){LOAD, RW, 0x1000, TEXT + 0x20000, 0, 0, UINT64_C(1) << 38, 1};
    accepted(&p, 3); /* whether there is so much memory is the quota's question */
    p = good;
    p.h.phoff = FILES - 4 * 56; /* the table at the very end */
    put(OFFSET, &p, sizeof(p));
    put(OFFSET + p.h.phoff, p.s, 4 * 56);
    assert_int_equal(elf_check(file, OFFSET, FILES, &plan, &why), UKERN_OK);
    assert_int_equal(plan.count, 3);
}

static void test_file_header(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        unsigned char value;
        const char *words;
    } bad[] = {
        {0, 0, "not an ELF"},
        {1, 'e', "not an ELF"},
        {2, 0, "not an ELF"},
        {3, 'f', "not an ELF"},
        {4, 1, "64-bit"},
        {4, 0, "64-bit"},
        {5, 2, "little-endian"},
        {6, 0, "version"},
        {6, 2, "version"},
        {16, 0, "static program"},
        {16, 1, "static program"},
        {16, 3, "static program"},
        {16, 4, "static program"},
        {17, 1, "static program"},
        {18, 62, "another CPU"},
        {18, 40, "another CPU"},
        {19, 1, "another CPU"},
        {20, 0, "version"},
        {20, 2, "version"},
        {52, 63, "header sizes"},
        {54, 32, "header sizes"},
        {55, 1, "header sizes"},
        {56, 0, "no program headers"},
        {56, 33, "more than 32"},
        {57, 255, "more than 32"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct program p = good;
        ((unsigned char *)&p)[bad[i].at] = bad[i].value;
        refused(&p, bad[i].words);
    }
}

static void test_table_outside(void **state)
{
    (void)state;
    static const uint64_t offsets[] = {FILES - 4 * 56 + 1, FILES - 1,  FILES,
                                       FILES + 1,          UINT64_MAX, UINT64_MAX - 4 * 56 + 1,
                                       UINT64_C(1) << 63};
    for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
        struct program p = good;
        p.h.phoff = offsets[i];
        refused(&p, "program headers lie outside");
    }
}

static void test_segment_outside_the_file(void **state)
{
    (void)state;
    static const struct {
        uint64_t offset, size;
    } bad[] = {
        {FILES - 0x7ff + 0xf, 0x800},
        {0x1010, FILES},
        {UINT64_MAX - 0xfef, 0x800},
        {UINT64_MAX - 0xfef, 0xff0},
        {UINT64_C(1) << 63 | 0x10, UINT64_C(1) << 63},
        {FILES + 0x10, 1},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct program p = good;
        p.s[1].offset = bad[i].offset;
        p.s[1].filesz = bad[i].size;
        p.s[1].memsz = max_u64(bad[i].size, 0x800);
        refused(&p, "outside the file");
    }
}

static void test_larger_in_the_file(void **state)
{
    (void)state;
    struct program p = good;
    p.s[1].filesz = 0x801;
    refused(&p, "larger in the file");
    p.s[1].memsz = 0;
    refused(&p, "larger in the file");
    p.s[1].filesz = UINT64_MAX;
    refused(&p, "larger in the file");
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        uint64_t address, size;
    } bad[] = {
        {0x10, 0x1000},             /* null page */
        {USER_LOW - 0xff0, 0x800},  /* below what may be mapped */
        {USER_HIGH - 0xff0, 0xff1}, /* over the end */
        {USER_HIGH + 0x10, 1},
        {UINT64_C(0xffffff8000000010), 0x800}, /* kernel half */
        {UINT64_MAX - 0xfef, 0xff0},           /* up to the last byte */
        {UINT64_MAX - 0xfef, 0xff1},           /* wraps */
        {TEXT + 0x11010, UINT64_MAX},
        {TEXT + 0x11010, -(TEXT + 0x11010)},
        {TEXT + 0x11010, UINT64_C(1) << 39},
        {TEXT + 0x11010, UINT64_C(1) << 63},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct program p = good;
        p.s[1].vaddr = bad[i].address;
        p.s[1].memsz = bad[i].size;
        p.s[1].filesz = min_u64(bad[i].size, 0x800);
        refused(&p, "outside the addresses");
    }
    struct program p = good;
    p.s[1].vaddr = USER_HIGH - 0xff0;
    p.s[1].memsz = 0xff0;
    accepted(&p, 3); /* the last byte that a program may have */
    p.s[1].vaddr = USER_LOW + 0x10;
    accepted(&p, 3);
}

static void test_shared_page(void **state)
{
    (void)state;
    struct program p = good;
    p.s[1].vaddr = TEXT + 0x10; /* inside the first */
    refused(&p, "share a page");
    p = good;
    p.s[0].memsz = 0x11001; /* its end reaches the page of the second */
    refused(&p, "share a page");
    p.s[0].memsz = 0x11000;
    accepted(&p, 3);
    p = good;
    p.s[2].vaddr = TEXT + 0x11810; /* behind the second, in its page */
    refused(&p, "share a page");
    p = good;
    p.s[0].memsz = 0x100000; /* around the others */
    refused(&p, "share a page");
    p = good;
    p.s[2] = p.s[1]; /* the same twice */
    refused(&p, "share a page");
    p = good;
    struct segment s = p.s[0]; /* in any order */
    p.s[0] = p.s[2];
    p.s[2] = s;
    accepted(&p, 3);
}

static void test_rights(void **state)
{
    (void)state;
    struct program p = good;
    p.s[0].flags = 7;
    refused(&p, "both writable and executable");
    p.s[0].flags = W | X;
    refused(&p, "both writable and executable");
    p.s[0].flags = 0;
    refused(&p, "neither");
    p.s[0].flags = 0xfffffff8;
    refused(&p, "neither");
    p = good;
    p.s[3].flags = 7;
    refused(&p, "executable stack");
}

static void test_alignment(void **state)
{
    (void)state;
    static const uint64_t aligns[] = {3, 6, 4097, 0x1800, UINT64_MAX};
    for (size_t i = 0; i < sizeof(aligns) / sizeof(*aligns); i++) {
        struct program p = good;
        p.s[1].align = aligns[i];
        refused(&p, "power of two");
    }
    struct program p = good;
    p.s[1].vaddr++;
    refused(&p, "modulo a page");
    p = good;
    p.s[1].offset = 0x1000;
    refused(&p, "modulo a page");
}

static void test_entry(void **state)
{
    (void)state;
    static const uint64_t entries[] = {
        0,        TEXT - 4,     TEXT + 0x1000, TEXT + 0x11010, TEXT + 0x20810,
        TEXT + 2, TEXT + 0xffd, UINT64_MAX,    UINT64_MAX - 3,
    };
    for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
        struct program p = good;
        p.h.entry = entries[i];
        refused(&p, "entry point");
    }
    struct program p = good;
    p.s[0].filesz = 0x200; /* the entry would be in the zeros behind the code */
    refused(&p, "entry point");
    p = good;
    p.h.entry = TEXT + 0xffc;
    accepted(&p, 3);
}

static void test_dynamic(void **state)
{
    (void)state;
    struct program p = good;
    p.s[3].type = DYNAMIC;
    refused(&p, "dynamic linker");
    p.s[3].type = INTERP;
    refused(&p, "dynamic linker");
}

/* The note of crt0.S: sizes of owner and content, type, owner, content. */
static void test_abi(void **state)
{
    struct {
        uint32_t name_size, content_size, type;
        char name[8];
        uint32_t abi;
    } note = {6, 4, UKERN_NOTE_ABI, "ukern", UKERN_ABI};
    struct program p = good;

    (void)state;
    p.h.phnum = 5;
    p.s[4] = (struct segment){NOTE, RO, 0x1900, 0, 0, sizeof(note), sizeof(note), 4};
    put(OFFSET + 0x1900, &note, sizeof(note));
    accepted(&p, 3);
    note.abi++;
    put(OFFSET + 0x1900, &note, sizeof(note));
    refused(&p, "another version of the ABI");
    note.name[0] = 'U'; /* somebody else's note */
    put(OFFSET + 0x1900, &note, sizeof(note));
    accepted(&p, 3);
    p.s[4].offset = UINT64_MAX - 8; /* nonsense that nobody needs */
    accepted(&p, 3);
}

static void test_number_of_segments(void **state)
{
    (void)state;
    struct program p = good;
    p.h.phnum = 32;
    for (uint64_t i = 0; i < 32; i++)
        p.s[i] = (struct segment){LOAD, RX, 0, TEXT + i * 0x1000, 0, 0x1000, 0x1000, 0x1000};
    refused(&p, "more than 8");
    for (unsigned i = 8; i < 32; i++)
        p.s[i].type = NOTE;
    accepted(&p, 8);
    for (unsigned i = 0; i < 8; i++)
        p.s[i].type = NOTE;
    refused(&p, "nothing to load");
    p.h.phnum = 1;
    p.s[0].type = LOAD;
    accepted(&p, 1);
}

static void test_range_in_the_shm(void **state)
{
    (void)state;
    struct elf_plan plan;
    const char *why = NULL;
    put(OFFSET, &good, sizeof(good));
    static const struct {
        uint64_t offset, size;
    } bad[] = {
        {0, 4 * PAGE_SIZE + 1}, {4 * PAGE_SIZE + 1, 0},   {1, 4 * PAGE_SIZE},      {UINT64_MAX, 1},
        {OFFSET, UINT64_MAX},   {UINT64_MAX, UINT64_MAX}, {UINT64_C(1) << 63, 64},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(elf_check(file, bad[i].offset, bad[i].size, &plan, &why), UKERN_EINVAL);
    assert_null(why);
    for (uint64_t size = 0; size < 64; size++) {
        assert_int_equal(elf_check(file, OFFSET, size, &plan, &why), UKERN_ENOEXEC);
        assert_non_null(strstr(why, "too short"));
    }
    /* Cut off anywhere: never a byte from behind the end. */
    for (uint64_t size = 64; size < 0x1910; size += 5)
        assert_int_equal(elf_check(file, OFFSET, size, &plan, &why), UKERN_ENOEXEC);
    assert_int_equal(elf_check(file, OFFSET, 0x1910, &plan, &why), UKERN_OK);
}

static void test_state_of_the_shm(void **state)
{
    (void)state;
    struct elf_plan plan;
    const char *why;
    struct shm *device = shm_new_fixed(&account_root, SIM_DEVICE_BASE, 4, UKERN_SHM_DEVICE);
    assert_int_equal(elf_check(device, 0, 4096, &plan, &why), UKERN_EINVAL);
    drop(device);
    struct shm *s = shm_new(&account_root, 4);
    assert_int_equal(elf_check(s, 0, 4096, &plan, &why), UKERN_EBUSY);
    shm_fill(s);
    assert_int_equal(elf_check(s, 0, 4096, &plan, &why), UKERN_ENOEXEC);
    s->dead = true;
    assert_int_equal(elf_check(s, 0, 4096, &plan, &why), UKERN_EREVOKED);
    drop(s);
    /* A program in memory that came with the image. */
    memcpy(arch_phys_to_virt(SIM_RAM_BASE + 40), &good, sizeof(good));
    struct shm *boot = shm_new_fixed(&account_root, SIM_RAM_BASE, 8, UKERN_SHM_BOOT);
    assert_int_equal(elf_check(boot, 40, FILES, &plan, &why), UKERN_OK);
    drop(boot);
}

/* What a plan promises, whatever the file says. */
static void check_plan(const struct elf_plan *plan)
{
    bool entry = false;
    assert_in_range(plan->count, 1, ELF_SEGMENTS_MAX);
    for (unsigned i = 0; i < plan->count; i++) {
        const struct elf_segment *s = &plan->segment[i];
        assert_true(s->memory_size > 0 && s->file_size <= s->memory_size);
        assert_true(s->offset <= FILES && s->file_size <= FILES - s->offset);
        assert_true(s->address >= USER_LOW && s->address < USER_HIGH);
        assert_true(s->memory_size <= USER_HIGH - s->address);
        assert_false((s->prot & UKERN_PROT_WRITE) && (s->prot & UKERN_PROT_EXEC));
        entry |= (s->prot & UKERN_PROT_EXEC) && plan->entry >= s->address &&
                 plan->entry - s->address < s->file_size;
        for (unsigned j = 0; j < i; j++) {
            const struct elf_segment *o = &plan->segment[j];
            uint64_t s_end = page_up(s->address + s->memory_size);
            uint64_t o_end = page_up(o->address + o->memory_size);
            assert_true(s_end <= page_down(o->address) || o_end <= page_down(s->address));
        }
    }
    assert_true(entry);
}

static void test_random_damage(void **state)
{
    (void)state;
    static const uint64_t values[] = {0,
                                      1,
                                      7,
                                      0xff0,
                                      0x1000,
                                      0x1010,
                                      FILES,
                                      TEXT,
                                      TEXT + 0x11010,
                                      USER_HIGH,
                                      UINT64_MAX,
                                      UINT64_MAX - 0xfff,
                                      UINT64_C(1) << 63};
    unsigned good_ones = 0, bad_ones = 0;
    for (int step = 0; step < 100000; step++) {
        struct program p = good;
        for (uint64_t n = unit_below(4) + 1; n > 0; n--) {
            unsigned char *at = (unsigned char *)&p + unit_below(8) * 8;
            if (unit_below(4))
                at = (unsigned char *)&p.s[unit_below(4)] + unit_below(7) * 8;
            uint64_t value = values[unit_below(sizeof(values) / sizeof(*values))];
            size_t width = (size_t)1 << unit_below(4);
            memcpy(at, &value, width);
        }
        struct elf_plan plan;
        const char *why;
        int r = check(&p, &plan, &why);
        assert_true(r == UKERN_OK || r == UKERN_ENOEXEC);
        if (r == UKERN_OK)
            check_plan(&plan);
        r == UKERN_OK ? good_ones++ : bad_ones++;
    }
    assert_true(good_ones > 1000 && bad_ones > 1000);
}

static void test_read_and_copy(void **state)
{
    (void)state;
    struct shm *to = shm_full(70); /* more than a slab array holds */
    static unsigned char bytes[4 * PAGE_SIZE], back[4 * PAGE_SIZE];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)unit_random();
    put(0, bytes, sizeof(bytes));
    for (int step = 0; step < 3000; step++) {
        uint64_t n = unit_below(sizeof(bytes) + 1), from = unit_below(sizeof(bytes) - n + 1);
        uint64_t at = unit_below(70 * PAGE_SIZE - n + 1);
        assert_int_equal(shm_copy(file, from, to, at, n), UKERN_OK);
        memset(back, 0, sizeof(back));
        assert_int_equal(shm_read(to, at, back, n), UKERN_OK);
        assert_memory_equal(back, bytes + from, n);
    }
    to->dead = true; /* taken back between two steps of loading */
    assert_int_equal(shm_copy(file, 0, to, 0, 1), UKERN_EREVOKED);
    assert_int_equal(shm_copy(to, 0, file, 0, 1), UKERN_EREVOKED);
    assert_int_equal(shm_read(to, 0, back, 1), UKERN_EREVOKED);
    assert_int_equal(shm_read(to, 0, back, 0), UKERN_OK);
    drop(to);
}

#define ELF_TEST(f) cmocka_unit_test_setup_teardown(f, before, after)
static const struct CMUnitTest tests[] = {
    ELF_TEST(test_good),
    ELF_TEST(test_other_good_ones),
    ELF_TEST(test_file_header),
    ELF_TEST(test_table_outside),
    ELF_TEST(test_segment_outside_the_file),
    ELF_TEST(test_larger_in_the_file),
    ELF_TEST(test_addresses),
    ELF_TEST(test_shared_page),
    ELF_TEST(test_rights),
    ELF_TEST(test_alignment),
    ELF_TEST(test_entry),
    ELF_TEST(test_dynamic),
    ELF_TEST(test_abi),
    ELF_TEST(test_number_of_segments),
    ELF_TEST(test_range_in_the_shm),
    ELF_TEST(test_state_of_the_shm),
    ELF_TEST(test_random_damage),
    ELF_TEST(test_read_and_copy),
};

UNIT_MAIN(tests)
