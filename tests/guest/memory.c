/* SPDX-License-Identifier: BSD-2-Clause */
/* A task's own memory: what it may touch, how much it may take, and that all comes back. */
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define PAGE UKERN_PAGE_SIZE

/* ---- What faults. ---- */

static const char constant[8] = "const";
static char data[8] = "data";

enum trespass {
    READ_NULL,
    WRITE_NULL,
    JUMP_NULL,
    READ_KERNEL,
    WRITE_KERNEL,
    JUMP_KERNEL,
    READ_IMAGE,
    WRITE_TEXT,
    WRITE_CONSTANT,
    JUMP_DATA,
    JUMP_STACK,
    JUMP_HEAP,
    OVERFLOW_STACK,
    READ_BELOW,
    READ_TOP,
    TRESPASSES,
};

static void jump(const void *to)
{
    __asm__ volatile("blr %0" ::"r"(to) : "x30", "memory");
}

static int overflow_stack(int depth)
{
    volatile char page[1024];

    page[0] = (char)depth;
    return depth < 0 ? 0 : overflow_stack(depth + 1) + page[0];
}

ROLE(trespasser)
{
    volatile char *null = (volatile char *)(uintptr_t)argument(argc, argv, 2 < argc ? 2 : 1);
    volatile char *kernel = (volatile char *)UINT64_C(0xffffff8040000000);
    volatile char *image = (volatile char *)UINT64_C(0xffffffc000000000);
    uint32_t code[2] = {0xd65f03c0, 0xd65f03c0}; /* ret */

    __asm__("" : "=r"(null) : "0"(0));
    switch ((enum trespass)argument(argc, argv, 1)) {
    case READ_NULL:
        return *null;
    case WRITE_NULL:
        *null = 1;
        break;
    case JUMP_NULL:
        jump(NULL);
        break;
    case READ_KERNEL:
        return *kernel;
    case WRITE_KERNEL:
        *kernel = 1;
        break;
    case JUMP_KERNEL:
        jump((const void *)(uintptr_t)image);
        break;
    case READ_IMAGE:
        return *image;
    case WRITE_TEXT:
        *(volatile char *)(uintptr_t)&trespasser_role = 1;
        break;
    case WRITE_CONSTANT:
        *(volatile char *)(uintptr_t)constant = 1;
        break;
    case JUMP_DATA:
        jump(data);
        break;
    case JUMP_STACK:
        jump(code);
        break;
    case JUMP_HEAP:
        jump(memcpy(malloc(sizeof code), code, sizeof code));
        break;
    case OVERFLOW_STACK:
        return overflow_stack(1);
    case READ_BELOW:
        return *(volatile char *)UINT64_C(0x1ff000);
    case READ_TOP:
        return *(volatile char *)((UINT64_C(1) << 39) - 1);
    default:
        break;
    }
    return 0;
}

TEST(memory_trespass,
     "null, the kernel, constants, code, data that is run, a full stack: each its fault")
{
    static const enum ukern_fault_cause cause[TRESPASSES] = {
        [READ_NULL] = UKERN_FAULT_READ,       [WRITE_NULL] = UKERN_FAULT_WRITE,
        [JUMP_NULL] = UKERN_FAULT_EXEC,       [READ_KERNEL] = UKERN_FAULT_READ,
        [WRITE_KERNEL] = UKERN_FAULT_WRITE,   [JUMP_KERNEL] = UKERN_FAULT_EXEC,
        [READ_IMAGE] = UKERN_FAULT_READ,      [WRITE_TEXT] = UKERN_FAULT_WRITE,
        [WRITE_CONSTANT] = UKERN_FAULT_WRITE, [JUMP_DATA] = UKERN_FAULT_EXEC,
        [JUMP_STACK] = UKERN_FAULT_EXEC,      [JUMP_HEAP] = UKERN_FAULT_EXEC,
        [OVERFLOW_STACK] = UKERN_FAULT_WRITE, [READ_BELOW] = UKERN_FAULT_READ,
        [READ_TOP] = UKERN_FAULT_READ,
    };

    for (unsigned i = 0; i < TRESPASSES; i++)
        EQUAL(fault_of("trespasser", -1, i), cause[i]);
}

/* ---- How much. ---- */

/* Maps memory until there is no more, gives all back, and does so again; ends with 0 if both times
 * were the same. */
ROLE(eater)
{
    enum { MOST = 4096 };
    static void *piece[MOST];
    ukern_handle self = OWN_HANDLE;
    uint64_t used, first = 0;

    while (handle_info(self, NULL, NULL) < 0)
        task_yield();
    used = info_of(self).memory_used;
    for (int round = 0; round < 3; round++) {
        uint64_t n = 0, size = argument(argc, argv, 1);
        int error;
        while ((error = mem_map(size, &piece[n])) == UKERN_OK) {
            memset(piece[n], 0xff, size);
            CHECK(++n < MOST);
        }
        EQUAL(error, UKERN_ENOMEM);
        CHECK(n > 2);
        CHECK(round == 0 || n == first);
        first = n;
        CHECK(info_of(self).memory_used <= info_of(self).memory_limit);
        while (n > 0)
            OK(shm_unmap(piece[--n]));
        if (round == 0)
            used = info_of(self).memory_used; /* page tables stay */
        EQUAL(info_of(self).memory_used, used);
    }
    return 0;
}

TEST(memory_growth,
     "a task takes memory up to its quota, gives it back, and can take as much again")
{
    static const uint64_t size[] = {PAGE, 5 * PAGE, 64 * PAGE, 65 * PAGE, 200 * PAGE};

    for (unsigned i = 0; i < sizeof size / sizeof size[0]; i++) {
        ukern_handle task;
        struct child c;
        child_init(&c, "eater");
        c.spawn.memory = 4 << 20;
        child_number(&c, size[i]);
        task = child_start(&c);
        EQUAL(handle_grant(task, task, UKERN_R_INSPECT, OWN_HANDLE), OWN_HANDLE);
        EQUAL(finish(task), 0);
    }
}

TEST(memory_malloc,
     "malloc grows to the quota, fails, and free gives a heap that can be used again")
{
    ukern_handle task = play("mallocer", -1);

    EQUAL(finish(task), 0);
}

ROLE(mallocer)
{
    enum { MOST = 1000 };
    static char *piece[MOST];
    unsigned n = 0, again = 0;

    while ((piece[n] = malloc(10000)) != NULL) {
        memset(piece[n], (int)n, 10000);
        CHECK(++n < MOST);
    }
    CHECK(n > 20);
    for (unsigned i = 0; i < n; i++)
        EQUAL(piece[i][9999], (char)i);
    for (unsigned i = 0; i < n; i++)
        free(piece[i]);
    while ((piece[again] = malloc(10000)) != NULL)
        again++;
    EQUAL(again, n);
    return 0;
}

TEST(memory_map_at, "private memory at an exact place: only where it is free and the task's own")
{
    static const uint64_t bad[] = {PAGE,
                                   0xf000,
                                   UINT64_C(1) << 39,
                                   UINT64_C(0xffffffc000000000),
                                   0x3000000001,
                                   UINT64_MAX - PAGE + 1};
    char *at = (char *)UINT64_C(0x3000000000);

    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        EQUAL(mem_map_at(PAGE, (void *)(uintptr_t)bad[i]), UKERN_EINVAL);
    EQUAL(mem_map_at(PAGE, data - (uintptr_t)data % PAGE), UKERN_EEXIST);
    EQUAL(mem_map_at(0, at), UKERN_EINVAL);
    OK(mem_map_at(PAGE, at));
    EQUAL(mem_map_at(PAGE, at), UKERN_EEXIST);
    OK(mem_map_at(PAGE, (void *)UINT64_C(0x10000)));
    OK(mem_map_at(PAGE, at + PAGE));
    at[PAGE] = 1;
    OK(shm_unmap(at));
    EQUAL(at[PAGE], 1);
}

TEST(memory_guards, "memory that is placed by itself has an unmapped page on each side")
{
    void *a = NULL, *b = NULL;

    OK(mem_map(PAGE, &a));
    OK(mem_map(PAGE, &b));
    CHECK((char *)a + 2 * PAGE <= (char *)b || (char *)b + 2 * PAGE <= (char *)a);
}

static ukern_handle big(uint64_t memory)
{
    struct child c;

    child_init(&c, "big");
    c.spawn.program = "big";
    c.spawn.memory = memory;
    return task_spawn(&c.spawn);
}

TEST(memory_big_program,
     "a program with 16 MiB of static data runs if its quota has room, else is refused")
{
    EQUAL(finish(HANDLE(big(18 << 20))), 0);
    EQUAL(big(16 << 20), UKERN_ENOMEM);
    EQUAL(big(1 << 20), UKERN_ENOMEM);
    EQUAL(big(UINT64_C(1) << 40), UKERN_ENOMEM);
    EQUAL(big(UINT64_MAX), UKERN_ENOMEM);
}

/* ---- Every call that allocates. ---- */

#define RTC_BASE UINT64_C(0x09010000)
#define RTC_LINE 34

enum allocation {
    PORT,
    MINT,
    DUP,
    SHM,
    SHM_LARGE,
    DMA,
    DEVICE,
    MAP,
    MEMORY,
    IRQ,
    CALL,
    SPAWN,
    UNMAP,
    REVOKE,
    ALLOCATIONS,
};

struct miser {
    ukern_handle port, shm;
    void *mapped;
};

static int allocate(const struct miser *m, enum allocation a)
{
    struct ukern_msg msg = message(1, 0);
    struct child c;
    void *at;

    switch (a) {
    case PORT:
        return port_create();
    case MINT:
        return handle_mint(m->port, CLIENT, 1);
    case DUP:
        return handle_dup(m->port, 0, 9000);
    case SHM:
        return shm_create(1, UKERN_SHM_NORMAL);
    case SHM_LARGE:
        return shm_create(100 * PAGE, UKERN_SHM_NORMAL);
    case DMA:
        return shm_create_dma(given("system"), PAGE);
    case DEVICE:
        return shm_device(given("system"), RTC_BASE, PAGE);
    case MAP:
        return shm_map(m->shm, 0, 0, UKERN_PROT_READ, NULL, &at);
    case MEMORY:
        return mem_map(1, &at);
    case IRQ:
        return irq_open(given("system"), RTC_LINE);
    case CALL:
        return ipc_call_until(m->port, &msg, 0);
    case SPAWN:
        child_init(&c, "adder");
        c.spawn.memory = 64 * 1024;
        return task_spawn(&c.spawn);
    case UNMAP:
        return shm_unmap(m->mapped);
    case REVOKE:
        return shm_revoke(m->shm);
    default:
        return 0;
    }
}

/* Takes all memory that is left, without using handles up. */
static void exhaust(const struct miser *m)
{
    ukern_handle c;
    void *at;

    for (uint64_t size = 256 * PAGE; size >= PAGE; size /= 2)
        while (mem_map(size, &at) == UKERN_OK)
            ;
    while (shm_map(m->shm, 0, 0, UKERN_PROT_READ, NULL, &at) == UKERN_OK)
        ;
    /* A hangup that nobody takes is kept. */
    while ((c = handle_mint(m->port, UKERN_R_CALL, 1)) >= 0)
        OK(handle_close(c));
}

/* Uses its quota up, then tries argv[1]; ends with the result. With argv[2] it has as many handles
 * open as fit into the first part of its table, and one page of memory is left. */
ROLE(miser)
{
    struct miser m = {.port = HANDLE(port_create())};
    enum allocation a = (enum allocation)argument(argc, argv, 1);
    ukern_handle last = -1;

    m.shm = HANDLE(shm_create(PAGE, UKERN_SHM_NORMAL));
    OK(shm_map(m.shm, 0, 0, UKERN_PROT_READ, NULL, &m.mapped));
    if (a == SPAWN)
        task_spawn(&(struct spawn){.name = "none"}); /* maps the archive */
    while (argument(argc, argv, 2) && last < 32)
        last = HANDLE(handle_dup(m.port, 0, -1));
    exhaust(&m);
    if (last >= 0)
        OK(handle_close(last)); /* its page goes with it */
    return allocate(&m, a);
}

/* How the attempt ends. */
static int starve(enum allocation a, uint64_t memory, uint64_t full_table)
{
    struct ukern_system_info before = system_now();
    struct child c;
    int result;

    child_init(&c, "miser");
    c.spawn.memory = memory;
    child_give(&c, "system", given("system"));
    child_give(&c, "archive", given("archive"));
    child_number(&c, a);
    child_number(&c, full_table);
    result = finish(child_start(&c));
    if (system_now().frames_free != before.frames_free || system_now().objects != before.objects)
        check_differs("allocation", (int)a, "memory is lost: full_table", (int64_t)full_table, 2);
    return result;
}

TEST(memory_quota, "without memory every call that needs some says ENOMEM, and nothing is lost")
{
    bool call_failed = false;

    EQUAL(finish(play_number("leaver", -1, 1)), 0); /* maps the archive */
    for (enum allocation a = 0; a < ALLOCATIONS; a++) {
        starve(a, 1 << 20, 1);
        if (a == CALL) /* takes 32 bytes: these may be left */
            call_failed = starve(a, 1 << 20, 0) == UKERN_ENOMEM ||
                          starve(a, (1 << 20) + 32, 0) == UKERN_ENOMEM;
        else /* giving back needs no memory */
            EQUAL(starve(a, 1 << 20, 0), a == UNMAP ? UKERN_OK : UKERN_ENOMEM);
    }
    CHECK(call_failed);
}

TEST(memory_child_quota, "a child's quota is taken from its parent's, and comes back")
{
    ukern_handle task[64];
    unsigned n = 0;
    struct child c;
    int error;

    child_init(&c, "leaver");
    c.spawn.memory = 5 << 20;
    child_number(&c, 3);
    while ((error = task_spawn(&c.spawn)) >= 0) {
        task[n++] = error;
        CHECK(n < 64);
    }
    EQUAL(error, UKERN_ENOMEM);
    EQUAL(n, 12); /* of this test's 64 MiB */
    for (unsigned i = 0; i < n; i++)
        destroy(task[i]);
    for (unsigned i = 0; i < 12; i++)
        HANDLE(task_spawn(&c.spawn));
}
