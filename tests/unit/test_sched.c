/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: who runs, and for how
 * long */
#include "sched.h"
#include "world.h"

static struct task *current(void)
{
    return arch_cpu()->current;
}

/* The running task lets time pass, and the timer's interrupt come. */
static void run_for(uint64_t ns)
{
    world_pass(ns);
    world_check();
}

static void test_round_robin(void **state)
{
    (void)state;
    struct task *i = world_init, *a = world_spawn("a"), *b = world_spawn("b");
    world_run(a);
    SYS(i, task_priority, (uint64_t)UKERN_SELF, 5); /* out of the way */
    struct task *first = current(), *second = first == a ? b : a;
    assert_ptr_not_equal(first, i);
    for (int round = 0; round < 3; round++) {
        uint64_t left = arch_cpu()->slice_end - sim_time;
        assert_true(left <= SCHED_SLICE_NS);
        assert_int_equal(sim_timer, arch_cpu()->slice_end);
        run_for(left - 1);
        assert_ptr_equal(current(), first);
        run_for(1);
        assert_ptr_equal(current(), second);
        run_for(SCHED_SLICE_NS);
        assert_ptr_equal(current(), first);
    }
}

/* Alone, a task runs on without timer interrupts, but for one that may have been asked for before.
 */
static void test_tickless(void **state)
{
    (void)state;
    struct task *i = world_init;
    run_for(SCHED_SLICE_NS);
    SYS(i, task_yield);
    assert_int_equal(sim_timer, UKERN_FOREVER);
    world_spawn_with("low", &(struct world_spawn){.priority = 3});
    SYS(i, task_yield);
    assert_ptr_equal(current(), i);
    assert_int_equal(sim_timer, UKERN_FOREVER); /* no rival */
    world_spawn("equal");
    assert_true(sim_timer != UKERN_FOREVER);
}

static void test_more_urgent_runs_at_once(void **state)
{
    (void)state;
    struct task *i = world_init,
                *t = world_spawn_with("high", &(struct world_spawn){.priority = 30});
    assert_ptr_equal(current(), t);
    uint64_t p = (uint64_t)SYS(t, port_create), h = (uint64_t)world_give(t, (ukern_handle)p, i, 0);
    assert_int_equal(SYS(t, notify_wait, p, 1), WORLD_WAITS);
    assert_ptr_equal(current(), i);
    assert_int_equal(SYS(i, notify, h, 1), WORLD_WAITS); /* preempted: the result comes later */
    assert_ptr_equal(current(), t);
    assert_int_equal(SYS(t, notify_wait, p, 1), WORLD_WAITS);
    assert_int_equal(world_result(i), UKERN_OK);
    /* A less urgent one does not preempt. */
    SYS(i, task_priority, (uint64_t)UKERN_SELF, 40);
    assert_int_equal(SYS(i, notify, h, 1), UKERN_OK);
    assert_ptr_equal(current(), i);
}

/* A notification goes straight to a more urgent task that waits for it: with the bits that it waits
 * for, and the others stay. */
static void test_notified_runs_at_once(void **state)
{
    (void)state;
    struct task *i = world_init,
                *t = world_spawn_with("high", &(struct world_spawn){.priority = 30});
    uint64_t p = (uint64_t)SYS(t, port_create), h = (uint64_t)world_give(t, (ukern_handle)p, i, 0);
    for (unsigned how = 0; how < 4; how++) {
        bool any = how & 1, other = how & 2; /* another bit is there already */
        uint64_t before = sim_switches;
        if (any)
            assert_int_equal(SYS(t, ipc_recv, p), WORLD_WAITS);
        else
            assert_int_equal(SYS(t, notify_wait, p, 6), WORLD_WAITS);
        if (other && !any)
            assert_int_equal(SYS(i, notify, h, 8), UKERN_OK);
        assert_int_equal(SYS(i, notify, h, 3), WORLD_WAITS);
        assert_ptr_equal(current(), t);
        const struct ukern_sysregs *r = world_regs(t);
        assert_int_equal(r->x[0], any ? UKERN_EV_NOTIFY : UKERN_OK);
        assert_int_equal(r->x[1], any ? 3 : 2);
        assert_true(!r->x[2] && !r->x[7] && !r->deadline_or_badge && !r->token);
        assert_int_equal(sim_switches - before, 2); /* to i and back */
        world_check();
        if (!any) {
            assert_int_equal(SYS_UNTIL(t, 0, notify_wait, p, UINT64_MAX), UKERN_OK);
            assert_int_equal(world_regs(t)->x[1], other ? 9 : 1);
        }
        assert_int_equal(SYS_UNTIL(t, sim_time, notify_wait, p, UINT64_MAX), UKERN_ETIMEDOUT);
        SYS(t, task_priority, (uint64_t)UKERN_SELF, 30);
        world_check();
    }
    assert_int_equal(SYS(t, notify_wait, p, 1), WORLD_WAITS);
    assert_int_equal(world_result(i), UKERN_OK);
}

/* Whoever was preempted goes on with the rest of its slice, before its equals. */
static void test_preempted_goes_on_first(void **state)
{
    (void)state;
    struct task *i = world_init, *a = world_spawn("a"), *b = world_spawn("b");
    uint64_t p = (uint64_t)SYS(i, port_create);
    SYS(i, task_priority, (uint64_t)UKERN_SELF, 30);
    assert_int_equal(SYS_UNTIL(i, sim_time + 3000, notify_wait, p, 1), WORLD_WAITS);
    struct task *first = current();
    assert_true(first == a || first == b);
    run_for(3000);
    assert_ptr_equal(current(), i);
    assert_int_equal(SYS_UNTIL(i, sim_time + 2000, notify_wait, p, 1), WORLD_WAITS);
    assert_ptr_equal(current(), first);
    assert_int_equal(arch_cpu()->slice_end - sim_time, SCHED_SLICE_NS - 3000);
    run_for(2000);
    assert_int_equal(SYS(i, notify_wait, p, 1), WORLD_WAITS);
    assert_ptr_equal(current(), first);
    run_for(SCHED_SLICE_NS - 5000);
    assert_ptr_not_equal(current(), first);
    world_end();
}

static void test_yield(void **state)
{
    (void)state;
    struct task *i = world_init, *a = world_spawn("a");
    world_spawn_with("low", &(struct world_spawn){.priority = 3});
    SYS(i, task_yield);
    assert_ptr_equal(current(), a);
    world_enter(UKERN_SYS_task_yield, &(struct ukern_sysregs){.x = {0}});
    assert_ptr_equal(current(), i); /* equals only */
}

/* All sleep: the CPU waits, and its time is nobody's. */
static void test_idle(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t p = (uint64_t)SYS(i, port_create), idle = arch_cpu()->idle_cycles,
             mine = i->cpu_cycles;
    assert_int_equal(SYS_UNTIL(i, sim_time + 12345, notify_wait, p, 1), UKERN_ETIMEDOUT);
    assert_int_equal(arch_cpu()->idle_cycles - idle, 12345);
    assert_int_equal(i->cpu_cycles, mine);
}

static void test_cpu_time(void **state)
{
    (void)state;
    struct task *i = world_init, *a = world_spawn("a");
    const struct ukern_task_info *info = world_user(i, WORLD_MEMORY);
    uint64_t h = (uint64_t)world_handle(a);
    world_run(a);
    sim_time += 500;
    world_run(i);
    sim_time += 300;
    assert_int_equal(SYS(i, task_info, h, 0, WORLD_MEMORY), UKERN_OK);
    assert_int_equal(info->cpu_ns, 500);
    assert_int_equal(info->waiting_ns, 0); /* ready */
}

/* A thousand deadlines at one moment: each interrupt serves a few, and none is lost. */
static void test_many_deadlines(void **state)
{
    (void)state;
    struct task *i = world_init;
    unsigned ports = 100;
    uint64_t when = sim_time + 1000;
    for (unsigned k = 0; k < ports; k++)
        assert_int_equal(SYS_UNTIL(i, when, timer_set, (uint64_t)SYS(i, port_create), 1), UKERN_OK);
    run_for(1000);
    for (int n = 0; n < 20; n++)
        world_interrupt();
    for (uint64_t h = 0, seen = 0; seen < ports; h++)
        if (SYS(i, handle_info, h) == UKERN_TYPE_PORT) {
            assert_int_equal(SYS_UNTIL(i, 0, notify_wait, h, 1), UKERN_OK);
            seen++;
        }
}

static const struct CMUnitTest tests[] = {
    WORLD(test_round_robin),
    WORLD(test_tickless),
    WORLD(test_more_urgent_runs_at_once),
    WORLD(test_notified_runs_at_once),
    WORLD(test_preempted_goes_on_first),
    WORLD(test_yield),
    WORLD(test_idle),
    WORLD(test_cpu_time),
    WORLD(test_many_deadlines),
};

WORLD_MAIN(tests)
