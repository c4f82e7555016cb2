/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: interrupt lines */
#include "ipc_pair.h"

static uint64_t irq;

static void start(void)
{
    port = (uint64_t)SYS(world_init, port_create);
    irq = (uint64_t)SYS(world_init, irq_open, UKERN_INIT_SYSTEM, 9);
}

/* A line fires once, then stays quiet until it is acknowledged. */
static void test_delivery(void **state)
{
    (void)state;
    struct task *i = world_init;
    start();
    assert_false(sim_irq_enabled(9));
    assert_int_equal(SYS(i, irq_ack, irq), UKERN_EINVAL); /* not bound */
    assert_int_equal(SYS(i, irq_bind, irq, port, 0x10), UKERN_OK);
    assert_true(sim_irq_enabled(9));
    sim_raise_irq(9);
    world_interrupt();
    assert_false(sim_irq_enabled(9));
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, port, 0x10), UKERN_OK);
    sim_raise_irq(9);
    world_interrupt();
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, port, 0x10), UKERN_ETIMEDOUT);
    assert_int_equal(SYS(i, irq_ack, irq), UKERN_OK);
    world_interrupt(); /* it was still pending */
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, port, 0x10), UKERN_OK);
}

/* One that nobody owns: a controller may be slow to disable a line. */
static void test_stray(void **state)
{
    (void)state;
    board.irq_enable(20);
    sim_raise_irq(20);
    world_interrupt();
    assert_false(sim_irq_enabled(20));
    board.irq_enable(20);
    assert_true(sim_irq_enabled(20)); /* it does not stay active */
    board.irq_disable(20);
}

/* Bound so, it may fire again when somebody receives at its port who has its bits: by each way to
 * receive. */
static void test_automatic(void **state)
{
    (void)state;
    struct task *i = world_init;
    start();
    uint64_t second = (uint64_t)SYS(i, port_create);
    uint64_t manual = (uint64_t)SYS(i, irq_open, UKERN_INIT_SYSTEM, 10);
    SYS(i, irq_bind, manual, port, 2);
    assert_int_equal(SYS(i, irq_bind, irq, port, 1, UKERN_IRQ_AUTO), UKERN_OK);
    for (unsigned how = 0; how < 5; how++) {
        sim_raise_irq(9);
        sim_raise_irq(10);
        world_interrupt();
        assert_int_equal(SYS_UNTIL(i, 0, notify_wait, second, 1), UKERN_ETIMEDOUT);
        assert_int_equal(SYS_UNTIL(i, 0, notify_wait, port, 8), UKERN_ETIMEDOUT);
        assert_int_equal(SYS_UNTIL(i, 0, notify_wait, port, 2), UKERN_OK);
        assert_false(sim_irq_enabled(9)); /* neither elsewhere nor while its bit is there */
        world_check();
        assert_int_equal(SYS_UNTIL(i, 0, ipc_recv, port), UKERN_EV_NOTIFY);
        assert_false(sim_irq_enabled(9)); /* nor when that has just been received */
        assert_int_equal(SYS(i, notify, port, 4), UKERN_OK);
        if (how == 0)
            assert_int_equal(SYS_UNTIL(i, 0, ipc_recv, port), UKERN_EV_NOTIFY);
        else if (how == 1)
            assert_int_equal(SYS_UNTIL(i, 0, ipc_reply_recv, port), UKERN_EV_NOTIFY);
        else if (how == 2)
            assert_int_equal(SYS_UNTIL(i, 0, notify_wait, port, 7), UKERN_OK);
        else if (how == 3) /* whatever it waits for */
            assert_int_equal(SYS_UNTIL(i, 0, notify_wait, port, 8), UKERN_ETIMEDOUT);
        else
            assert_int_equal(SYS(i, irq_ack, irq), UKERN_OK);
        assert_true(sim_irq_enabled(9));
        assert_false(sim_irq_enabled(10)); /* bound as always */
        SYS(i, irq_ack, manual);
        SYS_UNTIL(i, 0, notify_wait, port, 7);
    }
    SYS(i, irq_bind, irq, port, 1); /* no longer */
    sim_raise_irq(9);
    world_interrupt();
    SYS_UNTIL(i, 0, ipc_recv, port);
    SYS_UNTIL(i, 0, ipc_recv, port);
    assert_false(sim_irq_enabled(9));
}

/* Two at one port: each for itself. */
static void test_automatic_two(void **state)
{
    (void)state;
    struct task *i = world_init;
    start();
    uint64_t ten = (uint64_t)SYS(i, irq_open, UKERN_INIT_SYSTEM, 10);
    SYS(i, irq_bind, irq, port, 1, UKERN_IRQ_AUTO);
    SYS(i, irq_bind, ten, port, 2, UKERN_IRQ_AUTO);
    sim_raise_irq(9);
    sim_raise_irq(10);
    world_interrupt();
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, port, 1), UKERN_OK);
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, port, 1), UKERN_ETIMEDOUT);
    assert_true(sim_irq_enabled(9));
    assert_false(sim_irq_enabled(10));
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, port, 2), UKERN_OK);
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, port, 1), UKERN_ETIMEDOUT);
    assert_true(sim_irq_enabled(10));
}

/* What is said at one port says nothing of lines bound to another; bound anew, a line begins anew. */
static void test_automatic_here_only(void **state)
{
    (void)state;
    struct task *i = world_init;
    start();
    uint64_t second = (uint64_t)SYS(i, port_create);
    uint64_t ten = (uint64_t)SYS(i, irq_open, UKERN_INIT_SYSTEM, 10);
    SYS(i, irq_bind, irq, port, 1, UKERN_IRQ_AUTO);
    SYS(i, irq_bind, ten, second, 1, UKERN_IRQ_AUTO);
    sim_raise_irq(9);
    sim_raise_irq(10);
    world_interrupt();
    SYS_UNTIL(i, 0, ipc_recv, port);
    SYS_UNTIL(i, 0, ipc_recv, port);
    assert_true(sim_irq_enabled(9));
    assert_false(sim_irq_enabled(10));
    SYS(i, irq_bind, ten, port, 1, UKERN_IRQ_AUTO);
    assert_true(sim_irq_enabled(10));
    sim_raise_irq(10);
    world_interrupt();
    SYS_UNTIL(i, 0, ipc_recv, port);
    SYS_UNTIL(i, 0, ipc_recv, second); /* no longer */
    assert_false(sim_irq_enabled(10));
    SYS_UNTIL(i, 0, ipc_recv, port);
    assert_true(sim_irq_enabled(10));
    /* Nobody receives any more: it fires once, for nobody, and its port can go. */
    SYS(i, handle_close, port);
    sim_raise_irq(10);
    world_interrupt();
    assert_false(sim_irq_enabled(10));
    SYS(i, handle_close, irq);
    SYS(i, handle_close, ten);
    world_check();
}

/* Several wait: who takes it is not asked again, the others sleep on and are woken by what is for
 * them, and the first who receives again lets it fire. */
static void test_automatic_among_others(void **state)
{
    (void)state;
    pair();
    struct task *other = world_spawn("other"), *third = world_spawn("third");
    uint64_t its = (uint64_t)world_give(server, (ukern_handle)port, other, 0);
    uint64_t of_third = (uint64_t)world_give(server, (ukern_handle)port, third, 0);
    irq = (uint64_t)world_give(
        world_init, (ukern_handle)SYS(world_init, irq_open, UKERN_INIT_SYSTEM, 9), server, 0);
    assert_int_equal(SYS(server, irq_bind, irq, port, 1, UKERN_IRQ_AUTO), UKERN_OK);
    assert_int_equal(SYS(third, ipc_recv, of_third), WORLD_WAITS);
    assert_int_equal(SYS(other, ipc_recv, its), WORLD_WAITS);
    assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
    sim_raise_irq(9);
    world_interrupt();
    assert_int_equal(world_result(server), UKERN_EV_NOTIFY);
    assert_int_equal(other->state, TASK_RECV);
    world_check();
    assert_int_equal(SYS(client, notify, to, 2), UKERN_OK);
    assert_int_equal(world_result(other), UKERN_EV_NOTIFY);
    assert_int_equal(third->state, TASK_RECV);
    assert_false(sim_irq_enabled(9));
    assert_int_equal(SYS(other, ipc_recv, its), WORLD_WAITS);
    assert_true(sim_irq_enabled(9));
    /* The last who could receive goes: nobody lets it fire any more. */
    sim_raise_irq(9);
    world_interrupt();
    assert_int_equal(world_result(other), UKERN_EV_NOTIFY);
    SYS(other, handle_close, its);
    SYS(server, handle_close, port);
    world_check();
    assert_false(sim_irq_enabled(9));
}

/* A call that was taken before is answered by the short way, with and without a deadline. */
static void test_automatic_with_a_reply(void **state)
{
    (void)state;
    pair();
    irq = (uint64_t)world_give(
        world_init, (ukern_handle)SYS(world_init, irq_open, UKERN_INIT_SYSTEM, 9), server, 0);
    assert_int_equal(SYS(server, irq_bind, irq, port, 1, UKERN_IRQ_AUTO), UKERN_OK);
    for (unsigned how = 0; how < 4; how++) {
        bool received = how < 2;
        uint64_t deadline = how % 2 ? UKERN_FOREVER : sim_time + 1000000000;
        assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
        uint64_t token = call(client, to);
        assert_int_equal(world_result(server), UKERN_EV_MESSAGE);
        if (received) /* it waits for the interrupt */
            assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
        sim_raise_irq(9);
        world_interrupt();
        if (received)
            assert_int_equal(world_result(server), UKERN_EV_NOTIFY);
        sim_raise_irq(9); /* again, before the answer */
        world_interrupt();
        assert_false(sim_irq_enabled(9));
        /* It comes at once, so the server goes on. */
        assert_int_equal(SYS_TOKEN(server, token, deadline, ipc_reply_recv, port, TAG(7)),
                         UKERN_EV_NOTIFY);
        assert_int_equal(world_result(client), UKERN_OK);
        world_check();
        assert_false(sim_irq_enabled(9));
        if (!received)
            assert_int_equal(SYS_UNTIL(server, 0, ipc_recv, port), UKERN_EV_NOTIFY);
        SYS_UNTIL(server, 0, notify_wait, port, 1);
        assert_true(sim_irq_enabled(9));
    }
}

/* What comes at once may end what the caller waits for: its deadline has passed, and it is not there
 * any more to be answered. */
static void pass_time(void)
{
    sim_time += 1000000;
}

static void test_automatic_and_a_deadline(void **state)
{
    (void)state;
    pair();
    irq = (uint64_t)world_give(
        world_init, (ukern_handle)SYS(world_init, irq_open, UKERN_INIT_SYSTEM, 9), server, 0);
    assert_int_equal(SYS(server, irq_bind, irq, port, 1, UKERN_IRQ_AUTO), UKERN_OK);
    assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
    assert_int_equal(
        SYS_UNTIL(client, arch_cycles_to_ns(sim_time + 1000), ipc_call, to, TAG(5), 1, 2, 3),
        WORLD_WAITS);
    uint64_t token = client->token;
    assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
    sim_raise_irq(9);
    world_interrupt();
    assert_int_equal(world_result(server), UKERN_EV_NOTIFY);
    sim_irq_hook = pass_time;
    int64_t status = SYS_TOKEN(server, token, UKERN_FOREVER, ipc_reply_recv, port, TAG(7));
    sim_irq_hook = NULL;
    assert_int_equal(status, UKERN_ESTALE);
    assert_int_equal(world_result(client), UKERN_ETIMEDOUT);
    world_check();
}

/* It wakes its driver, also when all sleep. */
static void raise_nine(void)
{
    sim_raise_irq(9);
}

static void test_wakes(void **state)
{
    (void)state;
    start();
    SYS(world_init, irq_bind, irq, port, 2);
    sim_wait_hook = raise_nine;
    assert_int_equal(SYS(world_init, notify_wait, port, 2), UKERN_OK);
    sim_wait_hook = NULL;
    assert_int_equal(world_regs(world_init)->x[1], 2);
}

static void test_errors(void **state)
{
    (void)state;
    struct task *i = world_init;
    const uint64_t system = UKERN_INIT_SYSTEM;
    start();
    uint64_t bad[] = {0, SIM_IRQ_LINES, UINT64_MAX, UINT64_C(1) << 32};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        assert_int_equal(SYS(i, irq_open, system, bad[k]), UKERN_EINVAL);
    assert_int_equal(SYS(i, irq_open, system, 9), UKERN_EBUSY);
    assert_int_equal(SYS(i, irq_open, 99, 3), UKERN_EHANDLE);
    assert_int_equal(SYS(i, irq_open, port, 3), UKERN_ETYPE);
    assert_int_equal(SYS(i, handle_dup, system, UKERN_R_LOG, 30), 30);
    assert_int_equal(SYS(i, irq_open, 30, 3), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, irq_bind, irq, port, 0), UKERN_EINVAL);
    assert_int_equal(SYS(i, irq_bind, irq, port, 1, 2), UKERN_EINVAL); /* no such flag */
    assert_int_equal(SYS(i, irq_bind, irq, port, 1, UINT64_C(1) << 32), UKERN_EINVAL);
    assert_int_equal(SYS(i, irq_bind, port, port, 1), UKERN_ETYPE);
    assert_int_equal(SYS(i, irq_bind, irq, irq, 1), UKERN_ETYPE);
    assert_int_equal(SYS(i, irq_bind, irq, 98, 1), UKERN_EHANDLE);
    assert_int_equal(SYS(i, handle_dup, port, UKERN_R_CALL, 31), 31);
    assert_int_equal(SYS(i, irq_bind, irq, 31, 1), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, irq_ack, port), UKERN_ETYPE);
    world_check();
}

/* Bound anew, or its port is gone, or its last handle. */
static void test_ends(void **state)
{
    (void)state;
    struct task *i = world_init;
    start();
    uint64_t second = (uint64_t)SYS(i, port_create);
    SYS(i, irq_bind, irq, port, 1);
    SYS(i, irq_bind, irq, second, 4);
    world_check();
    sim_raise_irq(9);
    world_interrupt();
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, port, 1), UKERN_ETIMEDOUT);
    assert_int_equal(SYS_UNTIL(i, 0, notify_wait, second, 4), UKERN_OK);
    SYS(i, handle_close, second);
    SYS(i, irq_ack, irq);
    world_check(); /* the line holds the port */
    sim_raise_irq(9);
    world_interrupt(); /* nobody hears it */
    SYS(i, irq_ack, irq);
    uint64_t copy = (uint64_t)SYS(i, handle_dup, irq, 0, (uint64_t)-1);
    SYS(i, handle_close, irq);
    assert_int_equal(SYS(i, irq_open, UKERN_INIT_SYSTEM, 9), UKERN_EBUSY);
    SYS(i, handle_close, copy);
    assert_false(sim_irq_enabled(9));
    assert_true(SYS(i, irq_open, UKERN_INIT_SYSTEM, 9) >= 0);
    /* Two more, closed from the middle of the list. */
    uint64_t a = (uint64_t)SYS(i, irq_open, UKERN_INIT_SYSTEM, 10),
             b = (uint64_t)SYS(i, irq_open, UKERN_INIT_SYSTEM, 11);
    SYS(i, handle_close, a);
    assert_int_equal(SYS(i, irq_open, UKERN_INIT_SYSTEM, 11), UKERN_EBUSY);
    SYS(i, handle_close, b);
}

static void test_many_at_once(void **state)
{
    (void)state;
    struct task *i = world_init;
    port = (uint64_t)SYS(i, port_create);
    for (unsigned line = 1; line < SIM_IRQ_LINES; line++) {
        uint64_t h = (uint64_t)SYS(i, irq_open, UKERN_INIT_SYSTEM, line);
        assert_int_equal(SYS(i, irq_bind, h, port, UINT64_C(1) << line), UKERN_OK);
        sim_raise_irq(line);
    }
    world_interrupt();
    assert_int_equal(SYS_UNTIL(i, 0, ipc_recv, port), UKERN_EV_NOTIFY);
    assert_int_equal(world_regs(i)->x[1], UINT64_MAX & ~UINT64_C(1));
}

static const struct CMUnitTest tests[] = {
    WORLD(test_delivery),
    WORLD(test_wakes),
    WORLD(test_errors),
    WORLD(test_ends),
    WORLD(test_many_at_once),
    WORLD(test_automatic),
    WORLD(test_automatic_two),
    WORLD(test_automatic_here_only),
    WORLD(test_stray),
    WORLD(test_automatic_among_others),
    WORLD(test_automatic_with_a_reply),
    WORLD(test_automatic_and_a_deadline),
};

WORLD_MAIN(tests)
