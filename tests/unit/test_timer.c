/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "timer.h"
#include "unit.h"

#define TIMERS 64

static struct timer timers[TIMERS];
static unsigned fired;
static struct timer *last;
static struct timer *again; /* restarted when it fires */

static void expired(struct timer *t)
{
    fired++;
    last = t;
    assert_false(t->node.linked); /* it may be started again from here */
    if (t == again)
        timer_start(t, 10 * fired + 10);
}

static void start(void)
{
    timer_reset();
    for (unsigned i = 0; i < TIMERS; i++)
        timer_init(&timers[i], NULL, expired);
    fired = 0;
    again = NULL;
}

static void test_start_and_stop(void **state)
{
    (void)state;
    start();
    assert_int_equal(timer_next(), UKERN_FOREVER);
    timer_start(&timers[0], 300);
    timer_start(&timers[1], 100);
    assert_int_equal(timer_next(), 100);
    timer_start(&timers[1], 50); /* again: the earlier time counts */
    assert_int_equal(timer_next(), 50);
    timer_stop(&timers[1]);
    timer_stop(&timers[1]);
    assert_false(timer_active(&timers[1]));
    timer_expire(299);
    assert_int_equal(fired, 0);
    assert_int_equal(timer_next(), 300);    /* nothing is left of the one that was stopped */
    timer_start(&timers[0], UKERN_FOREVER); /* stops */
    timer_start(&timers[2], 0);
    assert_int_equal(timer_next(), 0);
    timer_expire(0);
    assert_int_equal(fired, 1);
    assert_ptr_equal(last, &timers[2]);
    timer_expire(300);
    assert_int_equal(fired, 1);
    assert_int_equal(timer_next(), UKERN_FOREVER);
}

/* Put off again and again it stays where it is, and expires when it is due, not before. */
static void test_put_off(void **state)
{
    (void)state;
    start();
    timer_start(&timers[0], 100);
    for (uint64_t when = 101; when <= 500; when++)
        timer_start(&timers[0], when);
    assert_int_equal(timer_next(), 100);
    timer_expire(100);
    assert_int_equal(fired, 0);
    assert_int_equal(timer_next(), 500);
    timer_expire(500);
    assert_int_equal(fired, 1);
    assert_false(timer_active(&timers[0]));
    timer_start(&timers[0], 600);
    timer_stop(&timers[0]);
    timer_start(&timers[0], 700); /* as if it had never been stopped */
    timer_expire(650);
    assert_int_equal(fired, 1);
    timer_expire(700);
    assert_int_equal(fired, 2);
    timer_start(&timers[0], 800);
    timer_forget(&timers[0]);
    assert_int_equal(timer_next(), UKERN_FOREVER);
}

static void test_expire_in_order(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i < 10; i++)
        timer_start(&timers[i], 1000 - i * 100);
    timer_expire(99);
    assert_int_equal(fired, 0);
    timer_expire(100);
    assert_int_equal(fired, 1);
    assert_ptr_equal(last, &timers[9]);
    timer_expire(450);
    assert_int_equal(fired, 4);
    assert_ptr_equal(last, &timers[6]);
    assert_int_equal(timer_next(), 500);
    timer_reset();
}

/* One interrupt serves no more than 16; the next is due at once. */
static void test_bounded(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i < TIMERS; i++)
        timer_start(&timers[i], 5);
    timer_expire(5);
    assert_int_equal(fired, 16);
    assert_int_equal(timer_next(), 5);
    for (unsigned i = 0; i < 3; i++)
        timer_expire(5);
    assert_int_equal(fired, TIMERS);
    assert_int_equal(timer_next(), UKERN_FOREVER);
}

static void test_restart_when_fired(void **state)
{
    (void)state;
    start();
    again = &timers[0];
    timer_start(again, 10);
    timer_expire(35); /* 10, 20, 30 */
    assert_int_equal(fired, 3);
    assert_int_equal(timer_next(), 40);
    timer_stop(again);
}

static const struct CMUnitTest tests[] = {
    UNIT(test_start_and_stop),     UNIT(test_put_off),
    UNIT(test_expire_in_order),    UNIT(test_bounded),
    UNIT(test_restart_when_fired),
};

UNIT_MAIN(tests)
