/* SPDX-License-Identifier: BSD-2-Clause */
/* libuser/supervisor.c: who is started again, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <ukern/ipc.h>
#include <ukern/supervisor.h>

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

static unsigned closed;
static ukern_handle next_task;
static uint64_t started_badge;

int handle_close(ukern_handle h)
{
    assert_true(h >= 0);
    closed++;
    return UKERN_OK;
}

static ukern_handle start(struct supervisor *v, struct supervisor_child *c)
{
    assert_int_equal(v->port, 7);
    started_badge = c->badge;
    return next_task;
}

static struct supervisor v;
static struct supervisor_child a, b;

static int begin(void **state)
{
    (void)state;
    closed = 0;
    next_task = 50;
    a = (struct supervisor_child){.name = "a", .restart = SUPERVISOR_ALWAYS, .start = start};
    b = (struct supervisor_child){.name = "b", .restart = SUPERVISOR_ON_FAILURE, .start = start};
    supervisor_init(&v, 7, 100);
    supervisor_add(&v, &a);
    supervisor_add(&v, &b);
    return 0;
}

static struct supervisor_child *ended(uint64_t badge, int code, int reason, uint64_t now)
{
    return supervisor_exited(&v, badge, code, reason, now);
}

static void test_delay(void **state)
{
    (void)state;
    assert_int_equal(supervisor_delay(0), SUPERVISOR_DELAY_MIN);
    assert_int_equal(supervisor_delay(1), 2 * SUPERVISOR_DELAY_MIN);
    assert_int_equal(supervisor_delay(5), 32 * SUPERVISOR_DELAY_MIN);
    assert_int_equal(supervisor_delay(10), SUPERVISOR_DELAY_MAX);
    assert_int_equal(supervisor_delay(UINT32_MAX), SUPERVISOR_DELAY_MAX);
}

static void test_start_and_find(void **state)
{
    (void)state;
    assert_int_equal(supervisor_start(&v, &b, 5), UKERN_OK);
    assert_int_equal(started_badge, 101);
    assert_int_equal(b.state, SUPERVISOR_RUNNING);
    assert_int_equal(b.task, 50);
    assert_int_equal(supervisor_start(&v, &b, 6), UKERN_EBUSY);
    assert_ptr_equal(supervisor_find(&v, 100), &a);
    assert_null(supervisor_find(&v, 102));
    assert_null(ended(99, 0, UKERN_EXIT_NORMAL, 7));
    assert_int_equal(supervisor_deadline(&v), UKERN_FOREVER);
}

static void test_always_backs_off(void **state)
{
    uint64_t now = 0, expected = SUPERVISOR_DELAY_MIN;

    (void)state;
    supervisor_start(&v, &a, now);
    for (unsigned i = 0; i < 15; i++) {
        assert_ptr_equal(ended(100, 0, UKERN_EXIT_NORMAL, now), &a);
        assert_int_equal(a.state, SUPERVISOR_WAITING);
        assert_int_equal(closed, i + 1);
        assert_int_equal(supervisor_deadline(&v), now + expected);
        assert_int_equal(supervisor_tick(&v, now + expected - 1), 0);
        now += expected;
        assert_int_equal(supervisor_tick(&v, now), 1);
        assert_int_equal(a.state, SUPERVISOR_RUNNING);
        expected = expected * 2 < SUPERVISOR_DELAY_MAX ? expected * 2 : SUPERVISOR_DELAY_MAX;
    }
    assert_int_equal(a.starts, 16);
}

static void test_a_stable_life_forgives(void **state)
{
    (void)state;
    supervisor_start(&v, &a, 0);
    for (unsigned i = 0; i < 4; i++) {
        ended(100, 1, UKERN_EXIT_FAULT, a.started_at);
        supervisor_tick(&v, a.restart_at);
    }
    ended(100, 1, UKERN_EXIT_FAULT, a.started_at + SUPERVISOR_STABLE - 1);
    assert_int_equal(a.failures, 5);
    supervisor_tick(&v, a.restart_at);
    ended(100, 1, UKERN_EXIT_FAULT, a.started_at + SUPERVISOR_STABLE);
    assert_int_equal(a.failures, 1);
    assert_int_equal(a.restart_at, a.started_at + SUPERVISOR_STABLE + SUPERVISOR_DELAY_MIN);
}

static void test_on_failure(void **state)
{
    static const struct {
        int code, reason;
        enum supervisor_state then;
    } ends[] = {
        {0, UKERN_EXIT_NORMAL, SUPERVISOR_STOPPED},
        {1, UKERN_EXIT_NORMAL, SUPERVISOR_WAITING},
        {0, UKERN_EXIT_KILLED, SUPERVISOR_WAITING},
        {0, UKERN_EXIT_FAULT, SUPERVISOR_WAITING},
    };

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        b.state = SUPERVISOR_STOPPED;
        supervisor_start(&v, &b, S);
        ended(101, ends[i].code, ends[i].reason, S);
        assert_int_equal(b.state, ends[i].then);
        assert_int_equal(b.code, ends[i].code);
        assert_int_equal(b.reason, ends[i].reason);
    }
}

static void test_never(void **state)
{
    (void)state;
    a.restart = SUPERVISOR_NEVER;
    supervisor_start(&v, &a, 0);
    ended(100, 3, UKERN_EXIT_FAULT, 1);
    assert_int_equal(a.state, SUPERVISOR_STOPPED);
    assert_int_equal(supervisor_deadline(&v), UKERN_FOREVER);
    assert_ptr_equal(ended(100, 3, UKERN_EXIT_FAULT, 1), &a); /* twice: closed once */
    assert_int_equal(closed, 1);
}

static void test_start_that_fails(void **state)
{
    (void)state;
    next_task = UKERN_ENOMEM;
    assert_int_equal(supervisor_start(&v, &a, S), UKERN_ENOMEM);
    assert_int_equal(a.state, SUPERVISOR_WAITING);
    assert_int_equal(a.restart_at, S + SUPERVISOR_DELAY_MIN);
    assert_int_equal(supervisor_tick(&v, a.restart_at), 1);
    assert_int_equal(a.state, SUPERVISOR_WAITING);
    next_task = 51;
    supervisor_tick(&v, a.restart_at);
    assert_int_equal(a.state, SUPERVISOR_RUNNING);
    assert_int_equal(closed, 0);
}

static void test_first_deadline_and_release(void **state)
{
    (void)state;
    supervisor_start(&v, &a, 0);
    supervisor_start(&v, &b, 0);
    ended(101, 1, UKERN_EXIT_NORMAL, 3 * MS);
    ended(100, 1, UKERN_EXIT_NORMAL, 5 * MS);
    assert_int_equal(supervisor_deadline(&v), b.restart_at);
    supervisor_release(&b);
    assert_int_equal(supervisor_deadline(&v), a.restart_at);
    assert_int_equal(supervisor_tick(&v, S), 1);
    assert_int_equal(b.state, SUPERVISOR_STOPPED);
}

static void test_end_of_time(void **state)
{
    (void)state;
    supervisor_start(&v, &a, UKERN_FOREVER - 2);
    ended(100, 1, UKERN_EXIT_NORMAL, UKERN_FOREVER - 2);
    assert_int_equal(a.restart_at, UKERN_FOREVER - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delay),
        cmocka_unit_test_setup(test_start_and_find, begin),
        cmocka_unit_test_setup(test_always_backs_off, begin),
        cmocka_unit_test_setup(test_a_stable_life_forgives, begin),
        cmocka_unit_test_setup(test_on_failure, begin),
        cmocka_unit_test_setup(test_never, begin),
        cmocka_unit_test_setup(test_start_that_fails, begin),
        cmocka_unit_test_setup(test_first_deadline_and_release, begin),
        cmocka_unit_test_setup(test_end_of_time, begin),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
