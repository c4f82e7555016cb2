/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: the end of a task, in
 * steps */
#include "world.h"

#define WAITERS 40

/* More tasks wait for an end than one step tells: all are told, whoever runs in between. */
static void test_many_waiters(void **state)
{
    (void)state;
    for (unsigned urgent = 0; urgent < 2; urgent++) {
        struct task *t = world_spawn("one"), *w[WAITERS];
        for (unsigned i = 0; i < WAITERS; i++) {
            w[i] = world_spawn("waiter");
            uint64_t h = (uint64_t)world_give(world_init, world_handle(t), w[i], UKERN_R_WAIT);
            assert_int_equal(SYS(w[i], task_wait, h), WORLD_WAITS);
            if (urgent)
                world_priority(w[i], WORLD_PRIORITY + 1);
        }
        assert_int_equal(SYS(t, task_exit, 7), WORLD_WAITS);
        for (unsigned i = 0; i < WAITERS; i++)
            world_priority(w[i], WORLD_PRIORITY);
        world_run(world_init);
        for (unsigned i = 0; i < WAITERS; i++) {
            assert_int_equal(world_result(w[i]), UKERN_OK);
            assert_int_equal(world_regs(w[i])->x[1], 7);
        }
        assert_int_equal(t->state, TASK_DEAD);
        world_end();
    }
}

/* The result of task_wait is two words: nothing of what the task received before. */
static void test_wait_result(void **state)
{
    (void)state;
    struct task *s = world_spawn("server"), *w = world_spawn("waiter"), *t = world_spawn("one");
    uint64_t p = (uint64_t)SYS(s, port_create);
    uint64_t to = (uint64_t)world_give(s, (ukern_handle)p, w, UKERN_R_CALL);
    uint64_t one = (uint64_t)world_give(world_init, world_handle(t), w, UKERN_R_WAIT);
    assert_int_equal(SYS(w, ipc_call, to, 0), WORLD_WAITS);
    assert_int_equal(SYS(s, ipc_recv, p), UKERN_EV_MESSAGE);
    assert_int_equal(SYS_TOKEN(s, world_regs(s)->token, 0, ipc_reply, 0, 1, 2, 3, 4, 5, 6, 7),
                     UKERN_OK);
    assert_int_equal(world_result(w), UKERN_OK);
    assert_int_equal(SYS(w, task_wait, one), WORLD_WAITS);
    assert_int_equal(SYS(t, task_exit, 7), WORLD_WAITS);
    assert_int_equal(world_result(w), UKERN_OK);
    const struct ukern_sysregs expected = {.x = {UKERN_OK, 7, UKERN_EXIT_NORMAL}};
    assert_memory_equal(world_regs(w), &expected, sizeof expected);
}

/* Handles far from each other: a step looks at a page of slots, however few are open. */
static void test_sparse_handles(void **state)
{
    (void)state;
    struct task *t = world_spawn("sparse");
    uint64_t p = (uint64_t)SYS(t, port_create);
    for (uint64_t slot = HANDLE_FIRST + HANDLE_PER_PAGE - 1; slot < HANDLE_MAX;
         slot += HANDLE_PER_PAGE * 4)
        assert_int_equal(SYS(t, handle_dup, p, UKERN_R_CALL, slot), slot);
    assert_int_equal(t->handles.used, 65);
    world_run(world_init);
    task_end(t, UKERN_EXIT_KILLED, 0, 0);
    while (t->handles.used) {
        uint32_t used = t->handles.used, at = t->teardown;
        assert_true(task_teardown_step(t));
        assert_true(used - t->handles.used <= 2);
        assert_true(t->teardown <= at + 2 * HANDLE_PER_PAGE);
    }
}

static const struct CMUnitTest tests[] = {
    WORLD(test_many_waiters),
    WORLD(test_sparse_handles),
    WORLD(test_wait_result),
};

WORLD_MAIN(tests)
