/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: the system calls
 * about tasks, and their end */
#include "world.h"

#define SELF ((uint64_t)UKERN_SELF)
#define AT   (WORLD_MEMORY + 64)

static uint64_t handle(const struct task *t)
{
    return (uint64_t)world_handle(t);
}

static void test_exit_and_wait(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("child");
    uint64_t h = handle(t);
    assert_int_equal(SYS_UNTIL(i, 0, task_wait, h), UKERN_ETIMEDOUT);
    assert_int_equal(SYS_UNTIL(i, sim_time + 100, task_wait, h), WORLD_WAITS);
    world_pass(100);
    assert_int_equal(world_result(i), UKERN_ETIMEDOUT);
    assert_int_equal(SYS(i, task_wait, h), WORLD_WAITS);
    SYS(t, task_exit, (uint64_t)-5);
    assert_int_equal(world_result(i), UKERN_OK);
    assert_int_equal((int64_t)world_regs(i)->x[1], -5);
    assert_int_equal(world_regs(i)->x[2], UKERN_EXIT_NORMAL);
    assert_int_equal(SYS(i, task_wait, h), UKERN_OK); /* as often as one likes */
    assert_int_equal((int64_t)world_regs(i)->x[1], -5);
    assert_int_equal(SYS(i, task_kill, h, 0), UKERN_OK); /* nothing to end any more */
    assert_int_equal(SYS(i, task_wait, h), UKERN_OK);
    assert_int_equal((int64_t)world_regs(i)->x[1], -5);
}

static void test_wait_errors(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("child");
    uint64_t h = handle(t), self = (uint64_t)world_give(i, (ukern_handle)h, t, 0);
    assert_int_equal(SYS(t, task_wait, self), UKERN_EDEADLK);
    assert_int_equal(SYS(i, task_wait, 99), UKERN_EHANDLE);
    assert_int_equal(SYS(i, task_wait, UKERN_INIT_DTB), UKERN_ETYPE);
    assert_int_equal(SYS(i, handle_dup, h, UKERN_R_INSPECT, 30), 30);
    assert_int_equal(SYS(i, task_wait, 30), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, task_kill, 30, 0), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, task_kill, 99, 0), UKERN_EHANDLE);
    assert_int_equal(SYS(i, task_kill, UKERN_INIT_DTB, 0), UKERN_ETYPE);
}

/* Tasks in every state are killed, and nothing of them is left. */
static void test_kill_in_every_state(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 9; how++) {
        struct task *i = world_init, *t = world_spawn("victim"), *other = world_spawn("other");
        uint64_t p = (uint64_t)SYS(other, port_create), h = handle(t);
        uint64_t to = (uint64_t)world_give(other, (ukern_handle)p, t, 0);
        switch (how) {
        case 0: /* ready */
            break;
        case 1: /* in a queue */
            assert_int_equal(SYS(t, ipc_call, to, UKERN_TAG(0, 0)), WORLD_WAITS);
            break;
        case 2: /* held */
            assert_int_equal(SYS(t, ipc_call, to, UKERN_TAG(0, 0)), WORLD_WAITS);
            assert_int_equal(SYS(other, ipc_recv, p), UKERN_EV_MESSAGE);
            break;
        case 3: /* receiving */
            assert_int_equal(SYS(t, ipc_recv, (uint64_t)SYS(t, port_create)), WORLD_WAITS);
            break;
        case 4: /* waiting for an end */
            assert_int_equal(SYS(t, task_wait, (uint64_t)world_give(i, world_handle(other), t, 0)),
                             WORLD_WAITS);
            break;
        case 5: /* with a caller in hand, and another in its queue */
            SYS(t, handle_close, to);
            p = (uint64_t)SYS(t, port_create);
            to = (uint64_t)world_give(t, (ukern_handle)p, other, 0);
            assert_int_equal(SYS(other, ipc_call, to, UKERN_TAG(0, 0)), WORLD_WAITS);
            assert_int_equal(SYS(t, ipc_recv, p), UKERN_EV_MESSAGE);
            break;
        case 6: /* with much memory, and handles far up */
            for (unsigned k = 0; k < 12; k++)
                assert_true(SYS(t, mem_map, 50000) > 0);
            for (unsigned k = 0; k < 10; k++)
                SYS(t, handle_dup, to, 0, k * 3000 + 40);
            break;
        case 7: /* faulted */
            world_run(t);
            t->supervisor = handle_get(&other->handles, p)->object;
            t->supervisor->refs++;
            world_fault(UKERN_FAULT_READ, 0);
            assert_int_equal(SYS(other, ipc_recv, p), UKERN_EV_FAULT);
            break;
        default: /* with a timer */
            assert_int_equal(SYS_UNTIL(t, sim_time + 100, ipc_recv, (uint64_t)SYS(t, port_create)),
                             WORLD_WAITS);
            break;
        }
        world_check();
        assert_int_equal(SYS(i, task_kill, h, 40), UKERN_OK);
        assert_int_equal(SYS(i, task_kill, h, 41), UKERN_OK); /* the first counts */
        world_check();
        SYS(i, task_wait, h);
        assert_int_equal(world_result(i), UKERN_OK);
        assert_int_equal(world_regs(i)->x[1], 40);
        assert_int_equal(world_regs(i)->x[2], UKERN_EXIT_KILLED);
        assert_int_equal(t->state, TASK_DEAD);
        if (how == 5)
            assert_int_equal(world_result(other), UKERN_EPEER);
        world_end();
        world_check();
    }
}

static void test_kill_self(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("child");
    uint64_t self = (uint64_t)world_give(i, world_handle(t), t, 0), h = handle(t);
    SYS(t, task_kill, self, 6);
    assert_int_equal(SYS(i, task_wait, h), UKERN_OK);
    assert_int_equal(world_regs(i)->x[1], 6);
}

/* A victim of low priority is taken apart with its killer's. */
static void test_killed_in_time(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn_with("low", &(struct world_spawn){.priority = 1}),
                *busy = world_spawn("busy");
    (void)busy;
    uint64_t h = handle(t);
    assert_int_equal(SYS(i, task_kill, h, 0), UKERN_OK);
    SYS(i, task_wait, h);
    assert_int_equal(world_result(i), UKERN_OK);
}

static void test_priority(void **state)
{
    (void)state;
    struct task *i = world_init,
                *t = world_spawn_with("child", &(struct world_spawn){.max_priority = 30});
    uint64_t h = handle(t);
    assert_int_equal(SYS(t, task_priority, SELF, 30), UKERN_OK);
    assert_int_equal(t->priority, 30);
    assert_int_equal(SYS(t, task_priority, SELF, 31), UKERN_ERIGHTS);
    assert_int_equal(SYS(t, task_priority, SELF, 64), UKERN_EINVAL);
    assert_int_equal(SYS(t, task_priority, SELF, UINT64_MAX), UKERN_EINVAL);
    assert_int_equal(SYS(t, task_priority, SELF, WORLD_PRIORITY), UKERN_OK);
    assert_int_equal(SYS(i, task_priority, h, 31), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, task_priority, h, 3), UKERN_OK);
    assert_int_equal(t->priority, 3);
    assert_int_equal(SYS(i, task_priority, 99, 3), UKERN_EHANDLE);
    assert_int_equal(SYS(i, task_priority, UKERN_INIT_DTB, 3), UKERN_ETYPE);
    assert_int_equal(SYS(i, handle_dup, h, UKERN_R_KILL, 30), 30);
    assert_int_equal(SYS(i, task_priority, 30, 3), UKERN_ERIGHTS);
    SYS(i, task_kill, h, 0);
    assert_int_equal(SYS(i, task_priority, h, 3), UKERN_EPEER);
    SYS(i, task_wait, h);
    assert_int_equal(SYS(i, task_priority, h, 3), UKERN_EPEER);
}

static void test_info(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("child");
    uint64_t p = (uint64_t)SYS(i, port_create), h = handle(t),
             to = (uint64_t)world_give(i, (ukern_handle)p, t, 0);
    const struct ukern_task_info *info = world_user(i, AT);
    SYS(t, ipc_call, to, UKERN_TAG(0, 0));
    assert_int_equal(SYS(i, task_info, h, 0, AT), UKERN_OK);
    assert_true(info->id == task_id(t) && info->state == UKERN_TASK_SEND &&
                info->priority == WORLD_PRIORITY && info->handles == 1 &&
                info->memory_limit == 1 << 20 && info->memory_used > 0);
    assert_string_equal(info->name, "child");
    assert_int_equal(SYS(i, ipc_recv, p), UKERN_EV_MESSAGE);
    sim_time += 77;
    assert_int_equal(SYS(i, task_info, h, 0, AT), UKERN_OK);
    assert_true(info->state == UKERN_TASK_REPLY && info->waiting_for == 1 &&
                info->waiting_ns == 77 && info->ipc_count > 0);
    /* All tasks, by id. */
    assert_int_equal(SYS(i, task_info, UKERN_INIT_SYSTEM, 0, AT), UKERN_OK);
    assert_int_equal(info->id, 1);
    assert_int_equal(info->state, UKERN_TASK_READY);
    assert_int_equal(SYS(i, task_info, UKERN_INIT_SYSTEM, 2, AT), UKERN_OK);
    assert_int_equal(info->id, task_id(t));
    assert_int_equal(SYS(i, task_info, UKERN_INIT_SYSTEM, task_id(t) + 1, AT), UKERN_ENOENT);
    assert_int_equal(SYS(i, task_info, UKERN_INIT_SYSTEM, UINT64_MAX, AT), UKERN_ENOENT);
    assert_int_equal(SYS(i, task_info, UKERN_INIT_SYSTEM, 0, 8), UKERN_EFAULT);
    assert_int_equal(SYS(i, task_info, UKERN_INIT_SYSTEM, 0, UINT64_MAX - 3), UKERN_EFAULT);
    assert_int_equal(SYS(i, task_info, 99, 0, AT), UKERN_EHANDLE);
    assert_int_equal(SYS(i, task_info, p, 0, AT), UKERN_ETYPE);
    assert_int_equal(SYS(i, handle_dup, UKERN_INIT_SYSTEM, UKERN_R_LOG, 30), 30);
    assert_int_equal(SYS(i, task_info, 30, 0, AT), UKERN_ERIGHTS);
    SYS(i, task_kill, h, 9);
    assert_int_equal(SYS(i, task_info, h, 0, AT), UKERN_OK);
    assert_int_equal(info->state, UKERN_TASK_DYING);
    SYS(i, task_wait, h);
    assert_int_equal(world_result(i), UKERN_OK);
    assert_int_equal(SYS(i, task_info, h, 0, AT), UKERN_OK);
    assert_true(info->state == UKERN_TASK_DEAD && info->exit_code == 9 &&
                info->exit_reason == UKERN_EXIT_KILLED);
}

static void test_open(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("child");
    const uint64_t system = UKERN_INIT_SYSTEM, id = task_id(t);
    int64_t h = SYS(i, task_open, system, id, UKERN_R_KILL | UKERN_R_WAIT);
    assert_true(h >= 0);
    assert_int_equal(SYS(i, task_info, (uint64_t)h, 0, AT), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, task_open, system, id, 0), UKERN_EINVAL);
    assert_int_equal(SYS(i, task_open, system, id, UKERN_R_MANAGE), UKERN_EINVAL); /* never that */
    assert_int_equal(SYS(i, task_open, system, id, UINT64_C(1) << 40), UKERN_EINVAL);
    assert_int_equal(SYS(i, task_open, system, id + 1, UKERN_R_WAIT), UKERN_ENOENT);
    assert_int_equal(SYS(i, task_open, system, 0, UKERN_R_WAIT), UKERN_ENOENT);
    assert_int_equal(SYS(i, task_open, system, UINT64_MAX, UKERN_R_WAIT), UKERN_ENOENT);
    assert_int_equal(SYS(i, task_open, 99, id, UKERN_R_WAIT), UKERN_EHANDLE);
    assert_int_equal(SYS(i, task_open, (uint64_t)h, id, UKERN_R_WAIT), UKERN_ETYPE);
    assert_int_equal(SYS(i, handle_dup, system, UKERN_R_INSPECT | UKERN_R_TRANSFER, 30), 30);
    assert_int_equal(SYS(i, task_open, 30, id, UKERN_R_KILL), UKERN_ERIGHTS);
    assert_true(SYS(i, task_open, 30, id, UKERN_R_INSPECT) >= 0);
}

static void test_read_and_regs(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("child");
    uint64_t h = handle(t);
    assert_int_equal(SYS(i, task_read, h, IMAGE_TEXT, AT, 4), 4);
    assert_memory_equal(world_user(i, AT), "\177ELF", 4);
    assert_int_equal(SYS(i, task_read, h, IMAGE_TEXT + 4090, AT, 100),
                     6); /* up to the page's end */
    assert_int_equal(SYS(i, task_read, h, IMAGE_TEXT, AT, UINT64_MAX), PAGE_SIZE);
    assert_int_equal(SYS(i, task_read, h, 0, 0, 0), 0);
    uint64_t bad[] = {0, UINT64_MAX, USER_HIGH, IMAGE_TEXT - 1, UINT64_C(0xffffff8000000000)};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        assert_int_equal(SYS(i, task_read, h, bad[k], AT, 4), UKERN_EFAULT);
    assert_int_equal(SYS(i, task_read, h, IMAGE_DATA, IMAGE_TEXT, 4), UKERN_EFAULT);
    assert_int_equal(SYS(i, task_read, h, IMAGE_DATA, STACK_TOP - 2, 4), UKERN_EFAULT);
    assert_int_equal(SYS(i, task_regs, h, AT), UKERN_OK);
    const struct ukern_regs *regs = world_user(i, AT);
    assert_int_equal(regs->pc, IMAGE_ENTRY);
    assert_int_equal(SYS(i, task_regs, h, 0), UKERN_EFAULT);
    uint64_t self = (uint64_t)world_give(i, (ukern_handle)h, t, 0);
    assert_int_equal(SYS(t, task_regs, self, AT), UKERN_EINVAL);
    assert_int_equal(SYS(i, handle_dup, h, UKERN_R_KILL, 30), 30);
    assert_int_equal(SYS(i, task_regs, 30, AT), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, task_read, 30, IMAGE_TEXT, AT, 4), UKERN_ERIGHTS);
    SYS(i, task_kill, h, 0);
    assert_int_equal(SYS(i, task_regs, h, AT), UKERN_EPEER);
    assert_int_equal(SYS(i, task_read, h, IMAGE_TEXT, AT, 4), UKERN_EPEER);
}

static bool power_called;
static jmp_buf power_exit;

static void power(enum ukern_power action, int code)
{
    power_called = action == UKERN_POWER_RESET && code == 5;
    longjmp(power_exit, 1);
}

static void test_system(void **state)
{
    (void)state;
    struct task *i = world_init;
    const uint64_t system = UKERN_INIT_SYSTEM;
    assert_int_equal(SYS(i, system_info, system, AT), UKERN_OK);
    const struct ukern_system_info *info = world_user(i, AT);
    assert_true(info->frames_free == frame_free_count() && info->tasks == 1 &&
                info->objects == slab_count() && info->uptime_ns == sim_time);
    assert_int_equal(SYS(i, system_info, system, 0), UKERN_EFAULT);
    assert_int_equal(SYS(i, system_info, 99, AT), UKERN_EHANDLE);
    assert_int_equal(SYS(i, system_info, UKERN_INIT_DTB, AT), UKERN_ETYPE);
    assert_int_equal(SYS(i, handle_dup, system, UKERN_R_LOG, 30), 30);
    assert_int_equal(SYS(i, system_info, 30, AT), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, system_power, 30, 0, 0), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, system_power, system, 2, 0), UKERN_EINVAL);
    assert_int_equal(SYS(i, clock_now), UKERN_OK);
    assert_int_equal(world_regs(i)->x[1], sim_time);
    sim_power_hook = power;
    if (setjmp(power_exit) == 0)
        SYS(i, system_power, system, UKERN_POWER_RESET, 5);
    sim_power_hook = NULL;
    assert_true(power_called);
    world_player(i)->waits = false;
}

static const struct CMUnitTest tests[] = {
    WORLD(test_exit_and_wait), WORLD(test_wait_errors),    WORLD(test_kill_in_every_state),
    WORLD(test_kill_self),     WORLD(test_killed_in_time), WORLD(test_priority),
    WORLD(test_info),          WORLD(test_open),           WORLD(test_read_and_regs),
    WORLD(test_system),
};

WORLD_MAIN(tests)
