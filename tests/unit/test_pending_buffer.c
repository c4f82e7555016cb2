/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: what pending system
 * calls copy, and where to */
#include "parked.h"

/* ---- What begin declares ---- */

static int begin_ranges(struct ukern_pending *p)
{
    struct {
        uint64_t address, length;
        int result;
    } r[] = {
        {0, 1, UKERN_EFAULT},
        {USER_LOW - 1, 2, UKERN_EFAULT},
        {UINT64_MAX, 1, UKERN_EFAULT},
        {UINT64_MAX, 2, UKERN_EFAULT},
        {BUFFER, UINT64_MAX, UKERN_EFAULT},
        {BUFFER, UINT64_MAX - BUFFER, UKERN_EFAULT},
        {USER_HIGH, 1, UKERN_EFAULT},
        {USER_HIGH - 1, 2, UKERN_EFAULT},
        {UINT64_C(0xffffff8000000000), 8, UKERN_EFAULT},
        {UINT64_MAX, 0, 0}, /* nothing: the address is ignored */
        {USER_LOW, 1, 1},   /* not mapped: that is seen when it is copied */
        {USER_HIGH - 1, 1, 2},
        {BUFFER, PAGE_SIZE, 3},
        {BUFFER, 1, UKERN_ENOMEM},
    };
    char text[8];
    for (size_t i = 0; i < sizeof r / sizeof *r; i++)
        assert_int_equal(ukern_range(p, r[i].address, r[i].length, i % 2 ? UKERN_IN : UKERN_OUT),
                         r[i].result);
    /* i = 11: range 2 is IN; 12: range 3 is OUT; 10: 1 is OUT. */
    assert_int_equal(ukern_copy_in(p, 2, 0, text, 1), UKERN_EFAULT);  /* not mapped */
    assert_int_equal(ukern_copy_in(p, 3, 0, text, 1), UKERN_EFAULT);  /* wrong direction */
    assert_int_equal(ukern_copy_out(p, 2, 0, text, 1), UKERN_EFAULT); /* the same */
    assert_int_equal(ukern_copy_out(p, 4, 0, text, 1), UKERN_EFAULT); /* no such range */
    assert_int_equal(ukern_copy_out(p, -1, 0, text, 1), UKERN_EFAULT);
    assert_int_equal(ukern_copy_out(p, 3, PAGE_SIZE, text, 1), UKERN_EFAULT); /* beyond it */
    assert_int_equal(ukern_copy_out(p, 3, UINT64_MAX, text, 2), UKERN_EFAULT);
    assert_int_equal(ukern_copy_out(p, 3, 0, text, PAGE_SIZE + 1), UKERN_EOVERFLOW);
    assert_int_equal(ukern_copy_in(p, 2, 0, text, SIZE_MAX), UKERN_EOVERFLOW);
    assert_int_equal(ukern_copy_out(p, 3, PAGE_SIZE, text, 0), UKERN_OK);
    assert_int_equal(ukern_copy_out(p, 3, 3, "xyz", 3), UKERN_OK);
    return UKERN_OK;
}

static void test_ranges(void **state)
{
    (void)state;
    pair();
    do_begin = begin_ranges;
    uint64_t token = park_free();
    assert_memory_equal(world_user(caller, BUFFER + 3), "xyz", 3);
    assert_int_equal(REPLY(token, TAG(0)), UKERN_OK);
}

static int begin_copy_in(struct ukern_pending *p)
{
    char text[6] = "......";
    int r = ukern_range(p, ukern_arg(p, 1), 6, UKERN_IN);
    int rc = r < 0 ? r : ukern_copy_in(p, r, 0, text, 6);
    if (!rc)
        assert_memory_equal(text, "across", 6);
    return rc;
}

static void test_copy_in(void **state)
{
    (void)state;
    pair();
    do_begin = begin_copy_in;
    memcpy(world_user(caller, BUFFER + PAGE_SIZE - 3), "acr", 3);
    memcpy(world_user(caller, BUFFER + PAGE_SIZE), "oss", 3);
    uint64_t token = park(NUMBER, BUFFER + PAGE_SIZE - 3, 0, 0);
    assert_int_equal(REPLY(token, TAG(0)), UKERN_OK);
    assert_int_equal(world_sys(caller, NUMBER, &(struct ukern_sysregs){.x = {to, STACK_TOP - 3}}),
                     UKERN_EFAULT);
}

/* ---- Calls like read and write ---- */

static void test_read(void **state)
{
    (void)state;
    pair();
    memset(world_user(caller, BUFFER), '.', 100);
    uint64_t token = park(READ, BUFFER + 10, 50, UKERN_FOREVER);
    const struct ukern_sysregs *r = world_regs(server);
    assert_true(r->x[1] == TAG(11) && r->x[2] == 50 && r->x[3] == 55);
    /* Two segments, the first across a page of the shared memory. */
    assert_int_equal(REPLY(token, TAG(0), 7, shm, PAGE_SIZE - 2, 4, 5, 3), UKERN_OK);
    assert_int_equal(world_result(caller), 7);
    assert_memory_equal(world_user(caller, BUFFER + 9), ".aabbaaa.", 9);
    assert_int_equal(cancelled, 0);
    token = park(READ, 0, 0, UKERN_FOREVER); /* nothing into nowhere */
    assert_int_equal(REPLY(token, TAG(0), 0, 1234, UINT64_MAX, 0, UINT64_MAX, 0), UKERN_OK);
    assert_int_equal(world_result(caller), 0);
    token = park(READ, BUFFER, 50, UKERN_FOREVER);
    assert_int_equal(REPLY(token, TAG(UKERN_EPIPE), 1, 2, 3, 4, 5, 6), UKERN_OK);
    assert_int_equal(world_result(caller), UKERN_EPIPE);
}

static void test_write(void **state)
{
    (void)state;
    pair();
    memcpy(world_user(caller, BUFFER), "0123456789", 10);
    uint64_t token = park(WRITE, BUFFER, 10, UKERN_FOREVER);
    assert_int_equal(REPLY(token, TAG(0), 8, shm, 3 * PAGE_SIZE - 3, 3, 0, 5),
                     UKERN_OK); /* a ring that wraps */
    assert_int_equal(world_result(caller), 8);
    assert_memory_equal(world_user(server, window + 3 * PAGE_SIZE - 4), "c012", 4);
    assert_memory_equal(world_user(server, window), "34567a", 6);
}

/* What the server claims beyond what was asked for, or beyond its memory, is refused: the caller's
 * memory is as it was, and the caller stays parked until the right reply. */
static void test_lies(void **state)
{
    (void)state;
    pair();
    uint64_t read_only = (uint64_t)SYS(server, handle_dup, shm, UKERN_R_READ, (uint64_t)-1);
    uint64_t write_only = (uint64_t)SYS(server, handle_dup, shm, UKERN_R_WRITE, (uint64_t)-1);
    uint64_t gone = (uint64_t)SYS(server, shm_create, PAGE_SIZE, 0);
    SYS(server, shm_destroy, gone);
    uint64_t size = 3 * PAGE_SIZE, m = UINT64_MAX;
    uint64_t lies[][6] = {
        {51, shm, 0, 51, 0, 0},        {m, shm, 0, m, 0, 0},         {10, shm, 0, 11, 0, m},
        {10, shm, 0, 5, 0, 4},         {10, shm, 0, 5, 0, 6},        {0, shm, 0, 1, 0, m},
        {10, shm, size - 9, 10, 0, 0}, {10, shm, size, 10, 0, 0},    {10, shm, m, 10, 0, 0},
        {10, shm, m - 9, 10, 0, 0},    {10, shm, 0, 5, size - 4, 5}, {10, shm, 0, 5, m, 5},
        {10, port, 0, 10, 0, 0},       {10, 99, 0, 10, 0, 0},        {10, gone, 0, 10, 0, 0},
        {10, UINT32_MAX, 0, 10, 0, 0},
    };
    memset(world_user(caller, BUFFER), '.', 200);
    for (int write = 0; write < 2; write++) {
        uint64_t token = park(write ? WRITE : READ, BUFFER, 50, UKERN_FOREVER);
        for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
            uint64_t *w = lies[i];
            assert_int_equal(REPLY(token, TAG(0), w[0], w[1], w[2], w[3], w[4], w[5]),
                             UKERN_EPROTO);
            still_parked();
        }
        assert_int_equal(REPLY(token, TAG(0), 10, write ? read_only : write_only, 0, 10, 0, 0),
                         UKERN_EPROTO);
        for (uint64_t i = 0; i < 200; i++)
            assert_int_equal(*(char *)world_user(caller, BUFFER + i), '.');
        for (uint64_t i = 0; i < size; i += PAGE_SIZE - 1)
            assert_int_equal(*(char *)world_user(server, window + i), 'a' + (int)(i / PAGE_SIZE));
        assert_int_equal(REPLY(token, TAG(0), 0, 0, 0, 0, 0, 0), UKERN_OK);
        assert_int_equal(world_result(caller), 0);
        assert_int_equal(REPLY(token, TAG(0), 0, 0, 0, 0, 0, 0), UKERN_ESTALE); /* twice */
    }
}

/* A status that only the kernel may give. */
static void test_status(void **state)
{
    (void)state;
    pair();
#define KERNEL 0
#define ANY    1
    struct {
        int code, giver;
    } errors[] = {
#define UKERN_ERROR(name, number, giver, text) {UKERN_##name, giver},
#include <ukern/abi/errors.def>
#undef UKERN_ERROR
    };
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        uint64_t token = park(READ, BUFFER, 5, UKERN_FOREVER);
        if (errors[i].giver == KERNEL) {
            assert_int_equal(REPLY(token, TAG(errors[i].code)), UKERN_EPROTO);
            still_parked();
            assert_int_equal(REPLY(token, TAG(UKERN_EAGAIN)), UKERN_OK);
            assert_int_equal(world_result(caller), UKERN_EAGAIN);
        } else {
            assert_int_equal(REPLY(token, TAG(errors[i].code)), UKERN_OK);
            assert_int_equal(world_result(caller), errors[i].code);
        }
    }
}

/* The caller's memory is looked at when it is copied to, all of it before the first byte. */
static void test_caller_memory(void **state)
{
    (void)state;
    pair();
    uint64_t at = (uint64_t)SYS(caller, mem_map, PAGE_SIZE), rx = IMAGE_TEXT;
    uint64_t token =
        park(READ, at + PAGE_SIZE - 5, 10, UKERN_FOREVER); /* the second page is a guard */
    memset(world_user(caller, at), '.', PAGE_SIZE);
    assert_int_equal(REPLY(token, TAG(0), 10, shm, 0, 10, 0, 0), UKERN_EFAULT);
    assert_int_equal(world_result(caller), UKERN_EFAULT);
    assert_int_equal(*(char *)world_user(caller, at + PAGE_SIZE - 5), '.');
    assert_int_equal(why_cancelled, UKERN_EFAULT);
    assert_int_equal(cancelled, 1);
    token = park(READ, rx, 10, UKERN_FOREVER); /* read-only */
    assert_int_equal(REPLY(token, TAG(0), 10, shm, 0, 10, 0, 0), UKERN_EFAULT);
    assert_int_equal(world_result(caller), UKERN_EFAULT);
    token = park(WRITE, rx, 10, UKERN_FOREVER); /* which may be read */
    assert_int_equal(REPLY(token, TAG(0), 10, shm, 0, 10, 0, 0), UKERN_OK);
    assert_int_equal(world_result(caller), 10);
    token = park(READ, at, 10, UKERN_FOREVER);
    uint64_t h = (uint64_t)world_handle(caller);
    assert_int_equal(SYS(world_init, shm_unmap, h, at), UKERN_OK); /* while it is parked */
    assert_int_equal(REPLY(token, TAG(0), 10, shm, 0, 10, 0, 0), UKERN_EFAULT);
    assert_int_equal(world_result(caller), UKERN_EFAULT);
    world_check();
}

/* Both sides are the same memory. */
static void test_alias(void **state)
{
    (void)state;
    pair();
    uint64_t there = (uint64_t)world_give(server, (ukern_handle)shm, caller, 0);
    uint64_t at = (uint64_t)SYS(caller, shm_map, there, (uint64_t)UKERN_SELF, 0, 0, 0, 3);
    for (int i = 0; i < 100; i++)
        *(char *)world_user(server, window + (uint64_t)i) = (char)i;
    uint64_t token = park(READ, at + 1, 50, UKERN_FOREVER);
    assert_int_equal(REPLY(token, TAG(0), 50, shm, 0, 50, 0, 0), UKERN_OK);
    assert_int_equal(world_result(caller), 50);
    for (int i = 0; i < 50; i++)
        assert_int_equal(*(char *)world_user(caller, at + 1 + (uint64_t)i), i);
    token = park(WRITE, at + 1, 50, UKERN_FOREVER);
    assert_int_equal(REPLY(token, TAG(0), 50, shm, 0, 50, 0, 0), UKERN_OK);
    assert_int_equal(world_result(caller), 50);
    assert_int_equal(*(char *)world_user(caller, at), 0);
    /* task_read, with source and target in one place. */
    uint64_t self = (uint64_t)world_give(world_init, world_handle(caller), caller, 0);
    assert_int_equal(SYS(caller, task_read, self, at, at + 7, 60), 60);
    assert_int_equal(*(char *)world_user(caller, at + 7 + 40), 40);
}

static int complete_device(struct ukern_pending *p, const struct ukern_msg *reply)
{
    uint64_t address;
    assert_int_equal(ukern_copy_shm(p, 0, 0, (ukern_handle)reply->w[0], 0, 0), UKERN_OK);
    assert_int_equal(ukern_copy_shm(p, 0, 0, (ukern_handle)reply->w[0], 0, 4), UKERN_EPROTO);
    assert_int_equal(ukern_map_shm(p, (ukern_handle)reply->w[0], 0, PAGE_SIZE, 3, &address),
                     UKERN_OK);
    return UKERN_DONE;
}

static int begin_range(struct ukern_pending *p)
{
    return ukern_range(p, BUFFER, 100, UKERN_OUT);
}

/* The kernel never copies to or from device registers, but may map them. */
static void test_device(void **state)
{
    (void)state;
    pair();
    do_begin = begin_range;
    do_complete = complete_device;
    uint64_t system = (uint64_t)world_give(world_init, UKERN_INIT_SYSTEM, server, 0);
    uint64_t d = (uint64_t)SYS(server, shm_device, system, SIM_DEVICE_BASE, PAGE_SIZE);
    assert_int_equal(REPLY(park_free(), TAG(0), d), UKERN_OK);
    world_check();
}

/* ---- Preemption in the middle of a long copy ---- */

static unsigned points, stop_at;

static void interrupt_at_point(void)
{
    if (++points == stop_at)
        sim_raise_irq(7);
}

#define LONG (200 * PAGE_SIZE)

/* A copy of 200 pages, interrupted at its n-th preemption point, where f happens. */
static void interrupted(unsigned n, void (*f)(void), int64_t status, int64_t result)
{
    pair_with(4 << 20, LONG);
    uint64_t at = (uint64_t)SYS(caller, mem_map, LONG),
             notified = (uint64_t)SYS(world_init, port_create);
    uint64_t irq = (uint64_t)SYS(world_init, irq_open, UKERN_INIT_SYSTEM, 7);
    assert_int_equal(SYS(world_init, irq_bind, irq, notified, 1), UKERN_OK);
    uint64_t token = park(READ, at, LONG, sim_time + 1000);
    /* The driver of the line is more urgent than the server. */
    assert_int_equal(SYS(world_init, task_priority, (uint64_t)UKERN_SELF, 50), UKERN_OK);
    assert_int_equal(SYS(world_init, notify_wait, notified, 1), WORLD_WAITS);
    points = 0;
    stop_at = n;
    sim_irq_hook = interrupt_at_point;
    int64_t first = REPLY(token, TAG(0), LONG, shm, 0, LONG, 0, 0);
    assert_int_equal(first, WORLD_WAITS); /* the interrupt came through */
    assert_ptr_equal(arch_cpu()->current, world_init);
    assert_int_equal(world_result(world_init), UKERN_OK);
    sim_irq_hook = NULL;
    world_check();
    if (f)
        f();
    world_priority(world_init, WORLD_PRIORITY);
    if (server->state != TASK_DEAD && !server->dying)
        assert_int_equal(world_result(server), status);
    if (caller->state != TASK_DEAD && !caller->dying) {
        assert_int_equal(world_result(caller), result);
        if (result > 0)
            for (uint64_t i = 0; i < LONG; i += 1000)
                assert_int_equal(*(char *)world_user(caller, at + i),
                                 'a' + (int)(i / PAGE_SIZE % 26));
        else
            assert_int_equal(cancelled, 1);
    }
    world_check();
    world_end();
}

static void kill_caller(void)
{
    SYS(world_init, task_kill, (uint64_t)world_handle(caller), 0);
}

static void kill_server(void)
{
    SYS(world_init, task_kill, (uint64_t)world_handle(server), 0);
}

static void pass_deadline(void)
{
    world_pass(1000);
}

static void unmap_buffer(void)
{
    struct tree_node *m = tree_ceil(&caller->aspace->mappings, USER_AUTO);
    SYS(world_init, shm_unmap, (uint64_t)world_handle(caller), m->key);
}

static void test_interrupted_copy(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 40; n += 13) {
        interrupted(n, NULL, UKERN_OK, LONG);
        interrupted(n, kill_caller, UKERN_ESTALE, 0);
        interrupted(n, kill_server, 0, UKERN_EPEER);
        interrupted(n, pass_deadline, UKERN_ESTALE, UKERN_ETIMEDOUT);
        interrupted(n, unmap_buffer, UKERN_EFAULT, UKERN_EFAULT);
    }
}

/* The server's memory is destroyed, by another holder, while it is copied from. */
static uint64_t others_handle;

static void destroy_shm(void)
{
    assert_int_equal(SYS(world_init, shm_destroy, others_handle), UKERN_OK);
}

static void test_shm_destroyed_in_the_middle(void **state)
{
    (void)state;
    pair_with(4 << 20, LONG);
    uint64_t at = (uint64_t)SYS(caller, mem_map, LONG),
             notified = (uint64_t)SYS(world_init, port_create);
    uint64_t irq = (uint64_t)SYS(world_init, irq_open, UKERN_INIT_SYSTEM, 7);
    SYS(world_init, irq_bind, irq, notified, 1);
    others_handle = (uint64_t)world_give(server, (ukern_handle)shm, world_init, 0);
    uint64_t token = park(READ, at, LONG, UKERN_FOREVER);
    SYS(world_init, task_priority, (uint64_t)UKERN_SELF, 50);
    SYS(world_init, notify_wait, notified, 1);
    points = 0;
    stop_at = 20;
    sim_irq_hook = interrupt_at_point;
    assert_int_equal(REPLY(token, TAG(0), LONG, shm, 0, LONG, 0, 0), WORLD_WAITS);
    sim_irq_hook = NULL;
    destroy_shm();
    world_priority(world_init, WORLD_PRIORITY);
    assert_int_equal(world_result(server), UKERN_EPROTO);
    still_parked();
    assert_int_equal(REPLY(token, TAG(UKERN_EIO)), UKERN_OK);
    assert_int_equal(world_result(caller), UKERN_EIO);
}

static const struct CMUnitTest tests[] = {
    WORLD(test_ranges),
    WORLD(test_copy_in),
    WORLD(test_read),
    WORLD(test_write),
    WORLD(test_lies),
    WORLD(test_status),
    WORLD(test_caller_memory),
    WORLD(test_alias),
    WORLD(test_device),
    WORLD(test_interrupted_copy),
    WORLD(test_shm_destroyed_in_the_middle),
};

PENDING_MAIN(tests)
