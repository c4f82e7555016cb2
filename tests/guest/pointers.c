/* SPDX-License-Identifier: BSD-2-Clause */
/* Every system call that takes an address, with every kind of wrong one: EFAULT, and nothing has
 * changed. */
#include <string.h>

#include "test.h"

#define PAGE UKERN_PAGE_SIZE
#define RW   (UKERN_PROT_READ | UKERN_PROT_WRITE)

static const char constant[256] = "cannot be written";
static const uint64_t wild[] = {
    0,
    1,
    7,
    8,
    PAGE - 1,
    0xfff8,
    UINT64_C(0x3000000000), /* nothing is there */
    UINT64_C(0x7fffffffff), /* the last byte of the task's half */
    UINT64_C(0x7ffffffff8),
    UINT64_C(1) << 39, /* past it */
    UINT64_C(1) << 48,
    UINT64_C(1) << 55,              /* ignored by the CPU, if it ignores tops */
    (UINT64_C(1) << 56) | 0x200000, /* a tag in front of a good address */
    UINT64_C(0xff) << 56 | 0x200000,
    UINT64_C(1) << 63,
    UINT64_C(0xffffff8000000000),
    UINT64_C(0xffffff8040000000), /* the kernel's view of memory */
    UINT64_C(0xffffffc000000000), /* the kernel */
    UINT64_C(0xfffffffffffff000),
    UINT64_MAX - 7,
    UINT64_MAX,
};

#define WILD (sizeof wild / sizeof wild[0])

/* Addresses where `size` bytes cannot be read (or, for `writing`, written): wild[], and what is
 * made here. */
struct bad {
    uint64_t at[WILD + 5];
    unsigned count;
};

static struct bad bad_addresses(uint64_t size, bool writing)
{
    ukern_handle device = HANDLE(shm_device(given("system"), UINT64_C(0x09010000), PAGE));
    ukern_handle shm = HANDLE(shm_create(2 * PAGE, UKERN_SHM_NORMAL));
    struct bad b = {.count = WILD};
    void *at = NULL;

    memcpy(b.at, wild, sizeof wild);
    OK(shm_map(device, 0, 0, RW, NULL, &at));
    b.at[b.count++] = (uintptr_t)at;
    OK(mem_map(PAGE, &at)); /* with unmapped pages around it */
    b.at[b.count++] = (uintptr_t)at + PAGE - (size - 1 < PAGE ? size - 1 : PAGE - 1);
    b.at[b.count++] = (uintptr_t)at - 1;
    if (writing) {
        OK(shm_map(shm, 0, 0, UKERN_PROT_READ, NULL, &at));
        b.at[b.count++] = (uintptr_t)at;
        b.at[b.count++] = (uintptr_t)constant;
    }
    return b;
}

static int64_t call(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    return ukern_trap4(number, a0, a1, a2, a3, NULL);
}

/* Each wrong address as argument `i` of a system call, the others as given. */
static void all_fail(const char *what, uint64_t number, unsigned i, uint64_t size, bool writing,
                     const uint64_t given_[4])
{
    struct bad b = bad_addresses(size, writing);

    for (unsigned k = 0; k < b.count; k++) {
        uint64_t a[4];
        int64_t result;
        memcpy(a, given_, sizeof a);
        a[i] = b.at[k];
        result = call(number, a[0], a[1], a[2], a[3]);
        if (result != UKERN_EFAULT)
            check_differs(what, (int)k, "the result for this address", result, UKERN_EFAULT);
    }
}

TEST(pointers_info, "task_info and system_info write to no wrong address")
{
    ukern_handle self = HANDLE(task_open(given("system"), task_self(), UKERN_R_INSPECT));

    all_fail("task_info", UKERN_SYS_task_info, 2, sizeof(struct ukern_task_info), true,
             (uint64_t[]){(uint64_t)self, 0, 0, 0});
    all_fail("system_info", UKERN_SYS_system_info, 1, sizeof(struct ukern_system_info), true,
             (uint64_t[]){(uint64_t)given("system"), 0, 0, 0});
}

TEST(pointers_other_task, "task_read and task_regs write to no wrong address, and read from none")
{
    ukern_handle task = play("receiver", HANDLE(port_create()));
    uint64_t good = 0;

    await_state(task, UKERN_TASK_RECV);
    all_fail("task_regs", UKERN_SYS_task_regs, 1, sizeof(struct ukern_regs), true,
             (uint64_t[]){(uint64_t)task, 0, 0, 0});
    all_fail("task_read to", UKERN_SYS_task_read, 2, 64, true,
             (uint64_t[]){(uint64_t)task, (uintptr_t)constant, 0, 64});
    for (unsigned i = 0; i < WILD; i++)
        EQUAL(call(UKERN_SYS_task_read, (uint64_t)task, wild[i], (uintptr_t)&good, 8),
              UKERN_EFAULT);
    EQUAL(good, 0);
}

TEST(pointers_log, "log_write reads from no wrong address, log_read writes to none")
{
    char byte;
    uint64_t next;

    all_fail("log_write", UKERN_SYS_log_write, 1, 64, false,
             (uint64_t[]){(uint64_t)given("system"), 0, 64, 0});
    EQUAL(log_write(given("system"), "", 0), 0);
    EQUAL(call(UKERN_SYS_log_write, (uint64_t)given("system"), UINT64_MAX, 0, 0),
          0); /* 0 bytes are nowhere */
    if (log_read(given("system"), 0, &byte, 1, &next) == 1)
        all_fail("log_read", UKERN_SYS_log_read, 2, 64, true,
                 (uint64_t[]){(uint64_t)given("system"), 0, 0, 64});
}

/* ---- task_spawn: three addresses. ---- */

static struct ukern_spawn good_spawn(void)
{
    ukern_handle shm = HANDLE(shm_create(PAGE, UKERN_SHM_NORMAL));

    return (struct ukern_spawn){.image = shm,
                                .image_size = PAGE,
                                .memory = 1 << 20,
                                .stack = 8192,
                                .supervisor = -1,
                                .name = "x"};
}

TEST(pointers_spawn, "task_spawn reads its arguments from no wrong address")
{
    all_fail("task_spawn", UKERN_SYS_task_spawn, 0, sizeof(struct ukern_spawn), false,
             (uint64_t[4]){0});
}

/* A spawn that would be good but for one address. */
static void spawns_fail(bool of_grants)
{
    struct bad b = bad_addresses(of_grants ? sizeof(struct ukern_grant) : 64, false);
    struct ukern_spawn s;
    struct child c;

    /* The archive's program, as task_spawn() finds it: spawn once to see that it is good. */
    child_init(&c, "leaver");
    child_number(&c, 1);
    EQUAL(finish(child_start(&c)), 0);
    OK(program_find("guest", &s));
    s.memory = 2 << 20;
    for (unsigned i = 0; i < b.count; i++) {
        s.args = of_grants ? 0 : b.at[i];
        s.args_size = of_grants ? 0 : 64;
        s.grants = of_grants ? b.at[i] : 0;
        s.grant_count = of_grants;
        EQUAL(task_spawn_raw(&s), UKERN_EFAULT);
    }
}

TEST(pointers_spawn_args, "task_spawn takes the argument block from no wrong address")
{
    spawns_fail(false);
}

TEST(pointers_spawn_grants, "task_spawn takes the grants from no wrong address")
{
    spawns_fail(true);
}

TEST(pointers_spawn_empty, "addresses of nothing are ignored")
{
    struct ukern_spawn s;

    OK(program_find("big", &s));
    s.memory = 20 << 20;
    s.args = s.grants = UINT64_MAX;
    EQUAL(finish(HANDLE(task_spawn_raw(&s))), 0);
}

/* ---- Good ones that are odd. ---- */

TEST(pointers_unaligned, "odd addresses, and such that straddle two pages, are served all the same")
{
    ukern_handle self = HANDLE(task_open(given("system"), task_self(), UKERN_R_INSPECT));
    static char buffer[4 * 4096] __attribute__((aligned(4096)));

    for (unsigned offset = 1; offset < 8; offset += 3) {
        struct ukern_task_info info;
        struct ukern_spawn s = good_spawn();
        char *at = buffer + 2 * PAGE - 64 + offset;

        memset(buffer, 0x55, sizeof buffer);
        OK(call(UKERN_SYS_task_info, (uint64_t)self, 0, (uintptr_t)at, 0));
        memcpy(&info, at, sizeof info);
        EQUAL(info.id, task_self());
        EQUAL(strcmp(info.name, "test"), 0);
        EQUAL(at[-1], 0x55);
        EQUAL(at[sizeof info], 0x55);
        memcpy(at, &s, sizeof s);
        EQUAL(call(UKERN_SYS_task_spawn, (uintptr_t)at, 0, 0, 0),
              UKERN_ENOEXEC); /* an empty file */
        OK(handle_close(s.image));
        memcpy(at, "#\n\n", 3);
        EQUAL(log_write(given("system"), at, 3), 3);
    }
}

TEST(pointers_untouched, "what stands around an address that fails half way is as it was")
{
    ukern_handle self = HANDLE(task_open(given("system"), task_self(), UKERN_R_INSPECT));
    char *at;
    void *page = NULL;

    OK(mem_map(PAGE, &page));
    memset(page, 0x66, PAGE);
    at = (char *)page + PAGE - 16; /* begins here, goes on where nothing is */
    EQUAL(call(UKERN_SYS_task_info, (uint64_t)self, 0, (uintptr_t)at, 0), UKERN_EFAULT);
    EQUAL(call(UKERN_SYS_system_info, (uint64_t)given("system"), (uintptr_t)at, 0, 0),
          UKERN_EFAULT);
    for (unsigned i = 0; i < PAGE; i++)
        EQUAL(((char *)page)[i], 0x66);
}
