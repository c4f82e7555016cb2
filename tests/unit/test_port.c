/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: what a port holds for
 * its server */
#include "world.h"

static uint64_t port(struct task *t)
{
    int64_t h = SYS(t, port_create);
    assert_true(h >= 0);
    return (uint64_t)h;
}

static uint64_t give(struct task *from, uint64_t h, struct task *to, unsigned rights)
{
    return (uint64_t)world_give(from, (ukern_handle)h, to, rights);
}

static void test_sticky_bits(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t p = port(i);
    assert_int_equal(SYS(i, notify, p, 5), UKERN_OK);
    assert_int_equal(SYS(i, notify, p, 2), UKERN_OK);
    assert_int_equal(SYS(i, notify, p, 0), UKERN_OK); /* nothing */
    assert_int_equal(SYS(i, notify_wait, p, 4), UKERN_OK);
    assert_int_equal(world_regs(i)->x[1], 4);
    assert_int_equal(SYS(i, ipc_recv, p), UKERN_EV_NOTIFY);
    assert_int_equal(world_regs(i)->x[1], 3);
    assert_int_equal(SYS_UNTIL(i, 0, ipc_recv, p), UKERN_ETIMEDOUT);
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, p, UINT64_MAX), UKERN_ETIMEDOUT);
    assert_int_equal(SYS(i, notify_wait, p, 0), UKERN_EINVAL);
}

/* A wait for bits ends the same way whether it had to wait or not. */
static void test_wait_for_bits(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("waiter");
    uint64_t p = port(i), h = give(i, p, t, 0);
    assert_int_equal(SYS(t, notify_wait, h, 6), WORLD_WAITS);
    assert_int_equal(SYS(i, notify, p, 9), UKERN_OK); /* others: it waits on */
    assert_int_equal(t->state, TASK_RECV);
    assert_int_equal(SYS(i, notify, p, 7), UKERN_OK);
    assert_int_equal(world_result(t), UKERN_OK);
    assert_int_equal(world_regs(t)->x[1], 6);
    assert_int_equal(SYS(i, notify_wait, p, UINT64_MAX), UKERN_OK);
    assert_int_equal(world_regs(i)->x[1], 9);
}

/* One notification for several: each gets its bits. */
static void test_bits_for_several(void **state)
{
    (void)state;
    struct task *i = world_init, *t[3];
    uint64_t p = port(i);
    for (unsigned k = 0; k < 3; k++) {
        t[k] = world_spawn("waiter");
        uint64_t h = give(i, p, t[k], 0);
        assert_int_equal(SYS(t[k], notify_wait, h, UINT64_C(1) << k), WORLD_WAITS);
    }
    assert_int_equal(SYS(i, notify, p, 0xf), UKERN_OK);
    world_check();
    for (unsigned k = 0; k < 3; k++) {
        assert_int_equal(world_result(t[k]), UKERN_OK);
        assert_int_equal(world_regs(t[k])->x[1], 1 << k);
    }
    assert_int_equal(SYS(i, notify_wait, p, UINT64_MAX), UKERN_OK);
    assert_int_equal(world_regs(i)->x[1], 8);
}

static void test_notify_rights(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t p = port(i);
    assert_int_equal(SYS(i, handle_dup, p, UKERN_R_CALL | UKERN_R_TRANSFER, 30), 30);
    assert_int_equal(SYS(i, notify, 30, 1), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, notify_wait, 30, 1), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, ipc_recv, 30), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, timer_set, 30, 1), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, notify, UKERN_INIT_DTB, 1), UKERN_ETYPE);
    assert_int_equal(SYS(i, notify, 29, 1), UKERN_EHANDLE);
    assert_int_equal(SYS(i, handle_dup, p, UKERN_R_NOTIFY, 31), 31);
    assert_int_equal(SYS(i, handle_close, p), UKERN_OK); /* nobody will ever receive */
    assert_int_equal(SYS(i, notify, 31, 1), UKERN_EPEER);
}

/* The last copy of a badge's handle is gone: once, with the badge, by close or by death. */
static void test_hangup(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("client");
    uint64_t p = port(i);
    uint64_t c = (uint64_t)SYS(i, handle_mint, p, UKERN_R_CALL | UKERN_R_TRANSFER, 77);
    uint64_t there = give(i, c, t, 0);
    assert_int_equal(SYS(t, handle_dup, there, 0, (uint64_t)-1), there + 1);
    assert_int_equal(SYS(i, handle_close, c), UKERN_OK);
    assert_int_equal(SYS_UNTIL(i, 0, ipc_recv, p), UKERN_ETIMEDOUT);
    assert_int_equal(SYS(t, handle_close, there), UKERN_OK);
    assert_int_equal(SYS_UNTIL(i, 0, ipc_recv, p), UKERN_ETIMEDOUT);
    assert_int_equal(SYS(i, task_kill, (uint64_t)world_handle(t), 0), UKERN_OK);
    assert_int_equal(SYS(i, ipc_recv, p), UKERN_EV_HANGUP); /* waits for the end of t */
    assert_int_equal(world_result(i), UKERN_EV_HANGUP);
    assert_int_equal(world_regs(i)->deadline_or_badge, 77);
    assert_int_equal(SYS_UNTIL(i, 0, ipc_recv, p), UKERN_ETIMEDOUT);
}

static void test_hangups_in_order(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t p = port(i), c[3];
    for (unsigned k = 0; k < 3; k++)
        c[k] = (uint64_t)SYS(i, handle_mint, p, UKERN_R_CALL, 100 + k);
    for (unsigned k = 3; k > 0; k--)
        assert_int_equal(SYS(i, handle_close, c[k - 1]), UKERN_OK);
    for (unsigned k = 3; k > 0; k--) {
        assert_int_equal(SYS(i, ipc_recv, p), UKERN_EV_HANGUP);
        assert_int_equal(world_regs(i)->deadline_or_badge, 100 + k - 1);
    }
}

/* A message's turn comes between other events, so that neither starves the other. */
static void test_turns(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("client");
    uint64_t p = port(i), h = give(i, p, t, UKERN_R_CALL);
    assert_int_equal(SYS(i, notify, p, 1), UKERN_OK);
    assert_int_equal(SYS(t, ipc_send, h, UKERN_TAG(9, 0), 1, 2, 3), WORLD_WAITS);
    assert_int_equal(SYS(i, ipc_recv, p), UKERN_EV_NOTIFY);
    assert_int_equal(SYS(i, notify, p, 1), UKERN_OK);
    assert_int_equal(SYS(i, ipc_recv, p), UKERN_EV_MESSAGE);
    assert_int_equal(SYS(i, ipc_recv, p), UKERN_EV_NOTIFY);
    assert_int_equal(world_result(t), UKERN_OK);
}

static void test_timer(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t p = port(i), now = sim_time;
    assert_int_equal(SYS_UNTIL(i, now + 500, timer_set, p, 3), UKERN_OK);
    assert_int_equal(sim_timer, now + 500);
    world_pass(499);
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, p, 3), UKERN_ETIMEDOUT);
    world_pass(1);
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, p, 3), UKERN_OK);
    assert_int_equal(SYS_UNTIL(i, sim_time + 10, timer_set, p, 3), UKERN_OK);
    assert_int_equal(SYS(i, timer_set, p, 3), UKERN_OK); /* for ever: stops */
    world_pass(100);
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, p, 3), UKERN_ETIMEDOUT);
    assert_int_equal(SYS_UNTIL(i, 1, timer_set, p, 8), UKERN_OK); /* long ago: at once */
    world_interrupt();
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, p, 8), UKERN_OK);
    assert_int_equal(SYS_UNTIL(i, sim_time + 10, timer_set, p, 3), UKERN_OK);
    assert_int_equal(SYS(i, handle_close, p), UKERN_OK); /* with the timer running */
    assert_int_equal(sim_timer <= sim_time + 10, 1);
    world_pass(100);
}

/* Nobody will receive any more: callers and waiters are told, events are dropped. */
static void test_last_receiver_goes(void **state)
{
    (void)state;
    struct task *i = world_init, *c = world_spawn("caller"), *w = world_spawn("waiter");
    uint64_t p = port(i), called = give(i, p, c, UKERN_R_CALL);
    uint64_t badge = (uint64_t)SYS(i, handle_mint, p, UKERN_R_CALL, 1);
    assert_int_equal(SYS(c, ipc_call, called, UKERN_TAG(1, 0)), WORLD_WAITS);
    assert_int_equal(SYS(i, handle_close, badge), UKERN_OK);
    assert_int_equal(SYS(i, notify, p, 5), UKERN_OK);
    assert_int_equal(SYS(i, handle_close, p), UKERN_OK);
    world_check();
    assert_int_equal(world_result(c), UKERN_EPEER);
    assert_int_equal(SYS(c, ipc_call, called, UKERN_TAG(1, 0)), UKERN_EPEER);

    /* Its manager takes the handle away from a task that waits with it. */
    p = port(i);
    assert_int_equal(SYS(i, handle_grant, (uint64_t)world_handle(w), p, 0, 5), 5);
    assert_int_equal(SYS(i, handle_close, p), UKERN_OK);
    assert_int_equal(SYS(w, ipc_recv, 5), WORLD_WAITS);
    p = port(i);
    assert_int_equal(SYS(i, handle_grant, (uint64_t)world_handle(w), p, UKERN_R_CALL, 5), 5);
    assert_int_equal(world_result(w), UKERN_EHANDLE);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct task *i = world_init,
                *t = world_spawn_with("poor", &(struct world_spawn){.memory = 200000});
    (void)i;
    int64_t h = 0;
    unsigned ports = 0;
    while ((h = SYS(t, port_create)) >= 0)
        ports++;
    assert_int_equal(h, UKERN_ENOMEM);
    assert_true(ports > 10);
    world_check();
    h = SYS(t, handle_mint, 0, UKERN_R_CALL, 1);
    while (h >= 0)
        h = SYS(t, handle_mint, 0, UKERN_R_CALL, 1);
    assert_int_equal(h, UKERN_ENOMEM);
    assert_int_equal(SYS(t, handle_close, 3), UKERN_OK);
    assert_true(SYS(t, port_create) >= 0);
    world_check();
}

static const struct CMUnitTest tests[] = {
    WORLD(test_sticky_bits),   WORLD(test_wait_for_bits), WORLD(test_bits_for_several),
    WORLD(test_notify_rights), WORLD(test_hangup),        WORLD(test_hangups_in_order),
    WORLD(test_turns),         WORLD(test_timer),         WORLD(test_last_receiver_goes),
    WORLD(test_no_memory),
};

WORLD_MAIN(tests)
