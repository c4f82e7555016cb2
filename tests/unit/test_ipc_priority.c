/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: who lends whom its
 * priority, and who is served first */
#include "ipc_pair.h"

/* The chain: a caller lends its priority through all who stand in its way. */
static void test_inheritance(void **state)
{
    (void)state;
    struct task *high = world_spawn("high"), *mid = world_spawn("mid"), *low = world_spawn("low");
    uint64_t p_mid = (uint64_t)SYS(mid, port_create), p_low = (uint64_t)SYS(low, port_create);
    uint64_t mid_low = (uint64_t)world_give(low, (ukern_handle)p_low, mid, UKERN_R_CALL);
    uint64_t high_mid = (uint64_t)world_give(mid, (ukern_handle)p_mid, high, UKERN_R_CALL);
    assert_int_equal(SYS_UNTIL(low, 0, ipc_recv, p_low), UKERN_ETIMEDOUT); /* it serves it */
    assert_int_equal(SYS(low, notify_wait, p_low, 1), WORLD_WAITS);
    assert_int_equal(SYS(mid, ipc_recv, p_mid), WORLD_WAITS);
    assert_int_equal(SYS(high, task_priority, (uint64_t)UKERN_SELF, 40), UKERN_OK);
    assert_int_equal(SYS_UNTIL(high, sim_time + 1000, ipc_call, high_mid, TAG(0)), WORLD_WAITS);
    assert_int_equal(mid->priority, 40); /* it has taken high's message */
    assert_int_equal(world_result(mid), UKERN_EV_MESSAGE);
    assert_int_equal(SYS(mid, ipc_call, mid_low, TAG(0)), WORLD_WAITS);
    assert_int_equal(low->priority, 40); /* through mid, who is in low's queue */
    world_check();
    /* High gives up: all of it is undone. */
    world_pass(1000);
    assert_int_equal(world_result(high), UKERN_ETIMEDOUT);
    assert_int_equal(mid->priority, WORLD_PRIORITY);
    assert_int_equal(low->priority, WORLD_PRIORITY);
    world_check();
    assert_int_equal(SYS(high, task_priority, (uint64_t)UKERN_SELF, WORLD_PRIORITY), UKERN_OK);
}

/* Inheritance is undone by a reply and by death, too. */
static void test_inheritance_ends(void **state)
{
    (void)state;
    pair();
    for (unsigned how = 0; how < 2; how++) {
        assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
        SYS(client, task_priority, (uint64_t)UKERN_SELF, 33);
        uint64_t token = call(client, to);
        assert_int_equal(server->priority, 33);
        assert_int_equal(world_result(server), UKERN_EV_MESSAGE);
        if (how == 0) {
            assert_int_equal(SYS_TOKEN(server, token, 0, ipc_reply, 0, TAG(0)), WORLD_WAITS);
            SYS(client, task_priority, (uint64_t)UKERN_SELF, WORLD_PRIORITY);
        } else {
            task_end(client, UKERN_EXIT_KILLED, 0, 0);
            SYS(server, task_self);
        }
        assert_int_equal(server->priority, WORLD_PRIORITY);
        world_check();
    }
}

/* Who waits for a server that dies, or leaves its port, is told at his own priority: nobody in
 * between comes first. */
static void test_leaving_is_urgent(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        pair();
        struct task *between = world_spawn("between");
        assert_int_equal(SYS_UNTIL(server, 0, ipc_recv, port), UKERN_ETIMEDOUT); /* it serves it */
        /* Somebody will take the port over: the caller waits for him, who waits for this end. */
        if (how == 2)
            world_give(server, (ukern_handle)port, world_init, 0);
        SYS(client, task_priority, (uint64_t)UKERN_SELF, 33);
        call(client, to);
        assert_int_equal(server->priority, 33);
        world_priority(between, 25);
        if (how == 0)
            SYS(server, handle_close, port);
        else
            SYS(server, task_exit, 0);
        assert_int_equal(client->state, how == 2 ? TASK_SEND : TASK_READY);
        assert_int_equal(server->state, how == 0 ? TASK_READY : how == 1 ? TASK_READY : TASK_DEAD);
        world_priority(between, WORLD_PRIORITY);
        world_priority(client, WORLD_PRIORITY);
        world_check();
        world_end();
    }
}

/* Whoever sends or notifies looks at all who wait: there is an end to them. */
static void test_crowd(void **state)
{
    (void)state;
    enum { MANY = 64 };
    const struct world_spawn small = {.memory = UINT64_C(1) << 17};
    pair();
    for (unsigned i = 0; i < MANY; i++) {
        struct task *t = world_spawn_with("one of many", &small);
        uint64_t there = (uint64_t)world_give(server, (ukern_handle)port, t, 0);
        assert_int_equal(SYS(t, notify_wait, there, UINT64_C(1) << i), WORLD_WAITS);
    }
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EBUSY);
    assert_int_equal(SYS(server, notify_wait, port, 1), UKERN_EBUSY);
    /* A reply is made all the same, and what is there can be taken. */
    uint64_t token = call(client, to);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    assert_int_equal(SYS_TOKEN(server, token, UKERN_FOREVER, ipc_reply_recv, port, TAG(0)),
                     UKERN_EBUSY);
    assert_int_equal(world_result(client), UKERN_OK);
    assert_int_equal(SYS(client, notify, to, UINT64_C(1) << 17), UKERN_OK); /* one goes */
    assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
    assert_int_equal(SYS(client, ipc_send, to, TAG(0)), UKERN_OK);
    assert_int_equal(world_result(server), UKERN_EV_MESSAGE);
}

/* A server that owes a reply, but receives again, is boosted by that caller no more. */
static void test_deferred_reply_boosts_nobody(void **state)
{
    (void)state;
    pair();
    SYS(client, task_priority, (uint64_t)UKERN_SELF, 33);
    uint64_t token = call(client, to);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    assert_int_equal(server->priority, 33);
    assert_int_equal(SYS_UNTIL(server, 0, ipc_recv, port), UKERN_ETIMEDOUT);
    assert_int_equal(server->priority, WORLD_PRIORITY);
    SYS_TOKEN(server, token, 0, ipc_reply, 0, TAG(0));
    assert_int_equal(SYS(client, task_priority, (uint64_t)UKERN_SELF, WORLD_PRIORITY), UKERN_OK);
    assert_int_equal(world_result(server), UKERN_OK);
}

/* Callers are taken by priority, and as they came within one. */
static void test_queue_order(void **state)
{
    (void)state;
    pair();
    struct task *c[6];
    unsigned priority[] = {21, 25, 21, 30, 25, 21}, order[] = {3, 1, 4, 0, 2, 5};
    for (unsigned i = 0; i < 6; i++) {
        c[i] = world_spawn("caller");
        uint64_t h = (uint64_t)world_give(server, (ukern_handle)port, c[i], UKERN_R_CALL);
        SYS(c[i], task_priority, (uint64_t)UKERN_SELF, priority[i]);
        assert_int_equal(SYS(c[i], ipc_call, h, TAG(0), i), WORLD_WAITS);
    }
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
        assert_int_equal(world_regs(server)->x[2], order[i]);
    }
}

static const struct CMUnitTest tests[] = {
    WORLD(test_inheritance),
    WORLD(test_inheritance_ends),
    WORLD(test_leaving_is_urgent),
    WORLD(test_crowd),
    WORLD(test_deferred_reply_boosts_nobody),
    WORLD(test_queue_order),
};

WORLD_MAIN(tests)
