/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared memory between tasks. */
#include <string.h>

#include "test.h"

#define PAGE UKERN_PAGE_SIZE
#define RW   (UKERN_PROT_READ | UKERN_PROT_WRITE)

static void *map(ukern_handle shm, unsigned prot)
{
    void *at = NULL;

    OK(shm_map(shm, 0, 0, prot, NULL, &at));
    return at;
}

/* Adds argv[1] to every byte of "port" (a shm). */
ROLE(adder)
{
    ukern_handle shm = given("port");
    struct shm_facts facts;
    unsigned char *p = map(shm, RW);

    OK(shm_info(shm, &facts));
    for (uint64_t i = 0; i < facts.size; i++)
        p[i] = (unsigned char)(p[i] + argument(argc, argv, 1));
    return 0;
}

TEST(shm_shared, "what one task writes another reads, in memory of every size")
{
    static const uint64_t pages[] = {1, 2, 63, 64, 65, 100, 513};

    for (unsigned i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        ukern_handle shm = HANDLE(shm_create(pages[i] * PAGE, UKERN_SHM_NORMAL)), task;
        unsigned char *p = map(shm, RW);
        struct child c;

        for (uint64_t k = 0; k < pages[i] * PAGE; k++) {
            EQUAL(p[k], 0);
            p[k] = (unsigned char)(k * 7 + k / PAGE);
        }
        child_init(&c, "adder");
        c.spawn.memory = 2 << 20;
        child_give(&c, "port", shm);
        child_number(&c, 3);
        task = child_start(&c);
        EQUAL(finish(task), 0);
        for (uint64_t k = 0; k < pages[i] * PAGE; k++)
            EQUAL(p[k], (unsigned char)(k * 7 + k / PAGE + 3));
        OK(handle_close(shm));
        EQUAL(p[0], 3); /* the mapping keeps it */
        OK(shm_unmap(p));
    }
}

TEST(shm_sizes, "a size is rounded up to pages; 0, and what no memory can hold, is refused")
{
    static const uint64_t huge[] = {
        (UINT64_C(1) << 30) + 1, UINT64_C(1) << 39, UINT64_C(1) << 48, UINT64_C(1) << 63,
        UINT64_MAX - PAGE,       UINT64_MAX - 1,    UINT64_MAX};
    ukern_handle shm = HANDLE(shm_create(1, UKERN_SHM_NORMAL));
    struct shm_facts facts;

    OK(shm_info(shm, &facts));
    EQUAL(facts.size, PAGE);
    EQUAL(facts.flavour, UKERN_SHM_NORMAL);
    EQUAL(facts.bus_address, 0);
    EQUAL(shm_create(0, UKERN_SHM_NORMAL), UKERN_EINVAL);
    EQUAL(shm_create(PAGE, UKERN_SHM_DEVICE), UKERN_EINVAL);
    EQUAL(shm_create(PAGE, UKERN_SHM_BOOT), UKERN_EINVAL);
    EQUAL(shm_create(PAGE, 77), UKERN_EINVAL);
    EQUAL(shm_create(UINT64_C(1) << 30, UKERN_SHM_NORMAL), UKERN_ENOMEM);
    for (unsigned i = 0; i < sizeof huge / sizeof huge[0]; i++) {
        void *at;
        EQUAL(shm_create(huge[i], UKERN_SHM_NORMAL), UKERN_EOVERFLOW);
        EQUAL(mem_map(huge[i], &at), UKERN_EOVERFLOW);
        EQUAL(shm_create_dma(given("system"), huge[i]), UKERN_EOVERFLOW);
    }
}

TEST(shm_map_place, "a hint is exact: refused where it is not free, not aligned or not the task's")
{
    ukern_handle shm = HANDLE(shm_create(4 * PAGE, UKERN_SHM_NORMAL));
    static const uint64_t bad[] = {1,
                                   PAGE / 2,
                                   PAGE,
                                   0xf000,
                                   0x8000000001,
                                   (UINT64_C(1) << 39) - PAGE,
                                   UINT64_C(1) << 39,
                                   UINT64_C(1) << 63,
                                   UINT64_C(0xffffff8040000000),
                                   UINT64_MAX - PAGE + 1};
    uint64_t text = (uint64_t)(uintptr_t)&map & ~(PAGE - 1),
             stack = (uint64_t)(uintptr_t)&text & ~(PAGE - 1), at;
    volatile char *there = (volatile char *)UINT64_C(0x3000000000);
    void *out;

    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        EQUAL(shm_map_in(UKERN_SELF, shm, 0, 0, RW, bad[i], &at), UKERN_EINVAL);
    EQUAL(shm_map_in(UKERN_SELF, shm, 0, 0, RW, text, &at), UKERN_EEXIST);
    EQUAL(shm_map_in(UKERN_SELF, shm, 0, 0, RW, stack, &at), UKERN_EEXIST);
    OK(shm_map(shm, 0, 0, RW, (void *)(uintptr_t)there, &out));
    CHECK(out == there);
    EQUAL(shm_map(shm, 0, 0, RW, (void *)(uintptr_t)there, &out), UKERN_EEXIST);
    EQUAL(shm_map(shm, 0, 0, RW, (void *)(uintptr_t)(there + 3 * PAGE), &out), UKERN_EEXIST);
    EQUAL(shm_map(shm, 0, 0, RW, (void *)(uintptr_t)(there - 3 * PAGE), &out), UKERN_EEXIST);
    OK(shm_map(shm, 0, 0, RW, (void *)(uintptr_t)(there + 4 * PAGE), &out)); /* right behind */
    there[5 * PAGE] = 7;
    EQUAL(there[PAGE], 7);
}

TEST(shm_map_part,
     "a part is mapped by offset and size; beyond the end, odd or wrapping ones are refused")
{
    ukern_handle shm = HANDLE(shm_create(4 * PAGE, UKERN_SHM_NORMAL));
    char *all = map(shm, RW), *part;
    void *at;

    for (int i = 0; i < 4; i++)
        all[i * PAGE] = (char)(i + 1);
    OK(shm_map(shm, PAGE, 2 * PAGE, UKERN_PROT_READ, NULL, &at));
    part = at;
    EQUAL(part[0], 2);
    EQUAL(part[PAGE], 3);
    OK(shm_map(shm, 3 * PAGE, 0, UKERN_PROT_READ, NULL, &at));
    EQUAL(*(char *)at, 4);
    EQUAL(shm_map(shm, 1, PAGE, RW, NULL, &at), UKERN_EINVAL);
    EQUAL(shm_map(shm, 4 * PAGE, 0, RW, NULL, &at), UKERN_EINVAL);
    EQUAL(shm_map(shm, 4 * PAGE, PAGE, RW, NULL, &at), UKERN_EINVAL);
    EQUAL(shm_map(shm, 0, 5 * PAGE, RW, NULL, &at), UKERN_EINVAL);
    EQUAL(shm_map(shm, PAGE, UINT64_MAX, RW, NULL, &at), UKERN_EINVAL);
    EQUAL(shm_map(shm, PAGE, UINT64_MAX - PAGE + 1, RW, NULL, &at), UKERN_EINVAL);
    EQUAL(shm_map(shm, UINT64_MAX - PAGE + 1, 2 * PAGE, RW, NULL, &at), UKERN_EINVAL);
    EQUAL(shm_map(shm, UINT64_C(1) << 63, 0, RW, NULL, &at), UKERN_EINVAL);
}

TEST(shm_prot, "only read and read-write can be asked for: nothing is made executable")
{
    ukern_handle shm = HANDLE(shm_create(PAGE, UKERN_SHM_NORMAL));
    void *at;

    for (unsigned prot = 0; prot < 16; prot++) {
        if ((prot & ~(unsigned)UKERN_PROT_STAY) == UKERN_PROT_READ ||
            (prot & ~(unsigned)UKERN_PROT_STAY) == RW)
            continue;
        EQUAL(shm_map(shm, 0, 0, prot, NULL, &at), UKERN_EINVAL);
    }
    EQUAL(shm_map(shm, 0, 0, 0x80000000 | RW, NULL, &at), UKERN_EINVAL);
}

TEST(shm_unmap_whole, "a mapping goes as a whole, by its first address")
{
    ukern_handle shm = HANDLE(shm_create(4 * PAGE, UKERN_SHM_NORMAL));
    char *p = map(shm, RW);

    EQUAL(shm_unmap(p + PAGE), UKERN_ENOENT);
    EQUAL(shm_unmap(p + 1), UKERN_ENOENT);
    EQUAL(shm_unmap(p - PAGE), UKERN_ENOENT);
    EQUAL(shm_unmap(NULL), UKERN_ENOENT);
    EQUAL(shm_unmap((void *)UINTPTR_MAX), UKERN_ENOENT);
    OK(shm_unmap(p));
    EQUAL(shm_unmap(p), UKERN_ENOENT);
}

/* Maps "port" (a shm) read-only, unmaps it if argv[1] is 2, and writes (1) or reads (2) it. */
ROLE(toucher)
{
    volatile char *p = map(given("port"), UKERN_PROT_READ);
    int value = *p;

    if (argument(argc, argv, 1) == 1)
        *p = 1;
    OK(shm_unmap((void *)(uintptr_t)p));
    return value + *p;
}

TEST(shm_read_only, "a read-only mapping and a read-only handle can not be written")
{
    ukern_handle shm = HANDLE(shm_create(PAGE, UKERN_SHM_NORMAL)), fixed;
    void *at;

    EQUAL(fault_of("toucher", shm, 1), UKERN_FAULT_WRITE);
    fixed = HANDLE(handle_dup(shm, UKERN_R_READ, -1));
    EQUAL(shm_map(fixed, 0, 0, RW, NULL, &at), UKERN_ERIGHTS);
    OK(shm_map(fixed, 0, 0, UKERN_PROT_READ, NULL, &at));
    fixed = HANDLE(handle_dup(shm, UKERN_R_WRITE, -1));
    EQUAL(shm_map(fixed, 0, 0, UKERN_PROT_READ, NULL, &at), UKERN_ERIGHTS);
    EQUAL(shm_revoke(fixed), UKERN_ERIGHTS);
    EQUAL(shm_destroy(fixed), UKERN_ERIGHTS);
}

TEST(shm_unmapped, "memory that was unmapped is gone at once")
{
    EQUAL(fault_of("toucher", HANDLE(shm_create(PAGE, UKERN_SHM_NORMAL)), 2), UKERN_FAULT_READ);
}

/* ---- Taking back. ---- */

/* Maps "port" (a shm), says so (bit 1 of "ready"), and reads it for ever. */
ROLE(reader)
{
    const volatile char *p = map(given("port"), UKERN_PROT_READ);

    OK(notify(given("ready"), 1));
    for (;;)
        if (p[0] == 99)
            return 0;
}

static ukern_handle reader(ukern_handle shm)
{
    ukern_handle ready = HANDLE(port_create()), task;
    struct child c;
    uint64_t bits;

    child_init(&c, "reader");
    child_give(&c, "port", shm);
    child_give(&c, "ready", client(ready, 1));
    task = child_start(&c);
    OK(notify_wait(ready, 1, &bits, SOON));
    return task;
}

static void faulted(ukern_handle task, int cause)
{
    int code, reason;

    OK(task_wait(task, &code, &reason, SOON));
    EQUAL(reason, UKERN_EXIT_FAULT);
    EQUAL(code, cause);
    OK(handle_close(task));
}

/* Waits until its memory is taken away; where it was, there is a page of its own then. */
ROLE(stayer)
{
    volatile unsigned char *p = map(given("port"), RW | UKERN_PROT_STAY);
    unsigned char last = (unsigned char)argument(argc, argv, 1);

    p[1] = last;
    OK(notify(given("ready"), 1));
    while (p[1] == last)
        continue;
    for (unsigned i = 0; i < 64; i++)
        EQUAL(p[i * PAGE + 1], 0);
    for (unsigned i = 0; i < 64; i++)
        p[i * PAGE + 2] = (unsigned char)i;
    for (unsigned i = 0; i < 64; i++)
        EQUAL(p[i * PAGE + 2], 63);
    return 0;
}

TEST(shm_stays, "who has mapped it to stay goes on when it is revoked, with a page of its own")
{
    ukern_handle shm = HANDLE(shm_create(64 * PAGE, UKERN_SHM_NORMAL)), ready, task;
    unsigned char *p = map(shm, RW);
    struct child c;
    uint64_t bits;

    for (unsigned destroy = 0; destroy < 2; destroy++) {
        ready = HANDLE(port_create());
        child_init(&c, "stayer");
        child_give(&c, "port", shm);
        child_give(&c, "ready", client(ready, 1));
        child_number(&c, 42);
        task = child_start(&c);
        OK(notify_wait(ready, 1, &bits, SOON));
        EQUAL(p[1], 42);
        OK(destroy ? shm_destroy(shm) : shm_revoke(shm));
        EQUAL(finish(task), 0);
        if (!destroy)
            EQUAL(p[2], 0);
    }
}

TEST(shm_revoked, "revoke takes it from others, mapped or not, and leaves it to the owner")
{
    ukern_handle shm = HANDLE(shm_create(64 * PAGE, UKERN_SHM_NORMAL)),
                 copy = HANDLE(handle_dup(shm, 0, -1)), task;
    char *p = map(shm, RW);
    struct shm_facts facts;
    void *at;

    task = reader(shm);
    p[1] = 5;
    OK(shm_revoke(shm));
    faulted(task, UKERN_FAULT_READ);
    EQUAL(p[1], 5);
    OK(shm_info(shm, &facts));
    EQUAL(shm_map(copy, 0, 0, UKERN_PROT_READ, NULL, &at), UKERN_EREVOKED);
    EQUAL(shm_info(copy, &facts), UKERN_EREVOKED);
    EQUAL(shm_revoke(copy), UKERN_EREVOKED);
    EQUAL(shm_destroy(copy), UKERN_EREVOKED);
    OK(handle_close(copy));
    /* New copies of the owner's handle are good. */
    task = reader(HANDLE(handle_dup(shm, UKERN_R_READ | UKERN_R_TRANSFER, -1)));
    p[0] = 99;
    EQUAL(finish(task), 0);
}

TEST(shm_destroyed, "destroy takes it from all and frees its memory at once")
{
    ukern_handle shm = HANDLE(shm_create(512 * PAGE, UKERN_SHM_NORMAL)), task = reader(shm);
    uint64_t frames;
    struct shm_facts facts;
    void *at;

    map(shm, RW);
    frames = system_now().frames_free;
    OK(shm_destroy(shm));
    CHECK(system_now().frames_free >= frames + 512);
    faulted(task, UKERN_FAULT_READ);
    EQUAL(shm_map(shm, 0, 0, UKERN_PROT_READ, NULL, &at), UKERN_EREVOKED);
    EQUAL(shm_info(shm, &facts), UKERN_EREVOKED);
    OK(handle_close(shm));
}

TEST(shm_zeroed, "memory that was another's comes back as zeros")
{
    for (int round = 0; round < 3; round++) {
        ukern_handle shm = HANDLE(shm_create(1024 * PAGE, UKERN_SHM_NORMAL));
        uint64_t *p = map(shm, RW);

        for (uint64_t i = 0; i < 1024 * PAGE / 8; i++) {
            EQUAL(p[i], 0);
            p[i] = UINT64_C(0xa5a5a5a5a5a5a5a5);
        }
        OK(shm_destroy(shm));
        OK(handle_close(shm));
    }
}

/* Waits until bit 1 of its port, then reads at argv[1]. */
ROLE(shown)
{
    uint64_t bits;

    OK(notify_wait(given("port"), 1, &bits, SOON));
    return *(volatile char *)(uintptr_t)argument(argc, argv, 1);
}

TEST(shm_map_into, "memory is mapped into another task, if its handle allows")
{
    ukern_handle shm = HANDLE(shm_create(PAGE, UKERN_SHM_NORMAL)), port = HANDLE(port_create()),
                 task, watch;
    const uint64_t where = UINT64_C(0x2000000000);
    uint64_t at = 0;

    *(char *)map(shm, RW) = 42;
    task = play_number("shown", port, where);
    watch = HANDLE(handle_dup(task, UKERN_R_INSPECT | UKERN_R_WAIT, -1));
    EQUAL(shm_map_in(watch, shm, 0, 0, UKERN_PROT_READ, where, &at), UKERN_ERIGHTS);
    OK(shm_map_in(task, shm, 0, 0, UKERN_PROT_READ, where, &at));
    EQUAL(at, where);
    EQUAL(shm_map_in(task, shm, 0, 0, UKERN_PROT_READ, where, &at), UKERN_EEXIST);
    OK(notify(port, 1));
    OK(task_wait(task, NULL, NULL, SOON));
    EQUAL(shm_map_in(task, shm, 0, 0, UKERN_PROT_READ, where, &at), UKERN_EPEER);
    EQUAL(finish(task), 42);
}

TEST(shm_dma, "memory for devices is zeroed, contiguous, has a bus address, and needs the right")
{
    ukern_handle shm = HANDLE(shm_create_dma(given("system"), 5 * PAGE)), weak;
    struct shm_facts facts;
    uint64_t *p = map(shm, RW);

    for (uint64_t i = 0; i < 5 * PAGE / 8; i++) {
        EQUAL(p[i], 0);
        p[i] = i;
    }
    OK(shm_info(shm, &facts));
    EQUAL(facts.size, 5 * PAGE);
    EQUAL(facts.flavour, UKERN_SHM_DMA);
    CHECK(facts.bus_address != 0 && facts.bus_address % PAGE == 0);
    weak = HANDLE(handle_dup(given("system"), UKERN_R_INSPECT, -1));
    EQUAL(shm_create_dma(weak, PAGE), UKERN_ERIGHTS);
    EQUAL(shm_device(weak, 0x09010000, PAGE), UKERN_ERIGHTS);
    EQUAL(irq_open(weak, 34), UKERN_ERIGHTS);
    EQUAL(shm_create_dma(shm, PAGE), UKERN_ETYPE);
    EQUAL(shm_create_dma(-1, PAGE), UKERN_EHANDLE);
}

TEST(shm_many_mappings, "a thousand mappings of one shm, unmapped in another order")
{
    ukern_handle shm = HANDLE(shm_create(PAGE, UKERN_SHM_NORMAL));
    static char *at[1000];
    uint64_t used;

    for (unsigned i = 0; i < 1000; i++) {
        at[i] = map(shm, RW);
        at[i][i] = (char)i;
    }
    used = system_now().objects;
    for (unsigned i = 0; i < 1000; i++)
        EQUAL(at[999 - i][i], (char)i);
    for (unsigned i = 0; i < 1000; i++)
        OK(shm_unmap(at[i * 371 % 1000]));
    CHECK(system_now().objects <= used - 1000);
}

TEST(shm_owner_dies, "memory lives on with those who map it when its maker has died")
{
    ukern_handle port = HANDLE(port_create()), task = play("shm_maker", client(port, 1));
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
    char *p = map((ukern_handle)ev.msg.w[5], RW);

    reply_number(ev.token, 0);
    EQUAL(finish(task), 0);
    EQUAL(p[0], 'x');
    EQUAL(p[300 * PAGE], 'y');
    p[5] = 1;
    OK(handle_close((ukern_handle)ev.msg.w[5]));
    EQUAL(p[5], 1);
    OK(shm_unmap(p));
}

ROLE(shm_maker)
{
    ukern_handle shm = HANDLE(shm_create(301 * PAGE, UKERN_SHM_NORMAL));
    struct ukern_msg m = {UKERN_TAG(1, 1), {0, 0, 0, 0, 0, UKERN_SEND_HANDLE(shm, 0)}};
    char *p = map(shm, RW);

    p[0] = 'x';
    p[300 * PAGE] = 'y';
    return ipc_call(given("port"), &m);
}
