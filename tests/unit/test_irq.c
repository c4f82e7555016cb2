/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: interrupt lines */
#include "world.h"

static uint64_t port, irq;

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
    WORLD(test_delivery), WORLD(test_wakes),        WORLD(test_errors),
    WORLD(test_ends),     WORLD(test_many_at_once),
};

WORLD_MAIN(tests)
