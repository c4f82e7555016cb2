/* SPDX-License-Identifier: BSD-2-Clause */
/* Deadlines: 0, past, future, never; and what the other side hears. */
#include <ukern/syscall.h>

#include "test.h"

TEST(deadline_zero, "deadline 0 and one in the past do not wait")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1);
    ukern_handle self = HANDLE(task_open(task_handle("system"), 1, UKERN_R_WAIT)); /* init */
    const uint64_t past[] = {0, 1, clock_now() - 1, clock_now()};
    struct ukern_msg m = message(1, 1);
    struct ukern_event ev;
    uint64_t bits;

    for (unsigned i = 0; i < sizeof past / sizeof past[0]; i++) {
        EQUAL(ipc_recv(port, &ev, past[i]), UKERN_ETIMEDOUT);
        EQUAL(notify_wait(port, 1, &bits, past[i]), UKERN_ETIMEDOUT);
        EQUAL(task_wait(self, NULL, NULL, past[i]), UKERN_ETIMEDOUT);
    }
    OK(handle_close(self));
    port = unserved_port();
    c = client(port, 1);
    for (unsigned i = 0; i < sizeof past / sizeof past[0]; i++) {
        EQUAL(ipc_call_until(c, &m, past[i]), UKERN_ETIMEDOUT);
        EQUAL(ipc_send(c, &m, past[i]), UKERN_ETIMEDOUT);
    }
    expect_nothing(port); /* nothing of it was left in the queue */
}

TEST(deadline_passes, "a wait of 20 ms takes 20 ms, and not much more")
{
    ukern_handle port = unserved_port(), c = client(port, 1);
    struct ukern_msg m = message(1, 1);
    struct ukern_event ev;
    uint64_t bits, start;

    for (int kind = 0; kind < 4; kind++) {
        uint64_t until = clock_now() + 20 * MILLISECOND, took;
        start = clock_now();
        if (kind == 0)
            EQUAL(ipc_call_until(c, &m, until), UKERN_ETIMEDOUT);
        else if (kind == 1)
            EQUAL(ipc_send(c, &m, until), UKERN_ETIMEDOUT);
        else if (kind == 2)
            EQUAL(notify_wait(port, 1, &bits, until), UKERN_ETIMEDOUT);
        else
            EQUAL(ipc_recv(port, &ev, until), UKERN_ETIMEDOUT);
        took = clock_now() - start;
        CHECK(took >= 20 * MILLISECOND);
        CHECK(took < SECOND);
    }
}

#define BETWEEN (150 * MILLISECOND)
#define LATE    1 /* code of a sleeper */

/* Twenty tasks sleep until their deadlines. false: the machine itself stood still for so long that two of them
 * came at once, and nothing can be said. */
static bool wake_in_order(ukern_handle c)
{
    unsigned first = trace_count();
    ukern_handle task[20];
    uint64_t base = clock_now() + 2 * SECOND;
    bool late;

    for (unsigned i = 0; i < 20; i++) {
        struct child child;
        unsigned at = i * 7 % 20;
        child_init(&child, "sleeper");
        child.spawn.memory = 512 * 1024;
        child_give(&child, "port", c);
        child_give(&child, "trace", trace_handle());
        child_number(&child, base + at * BETWEEN);
        child_number(&child, at);
        task[i] = child_start(&child);
    }
    late = clock_now() >= base;
    for (unsigned i = 0; i < 20; i++) {
        int code = finish(task[i]);

        late |= code == LATE;
        CHECK(code == 0 || code == LATE);
    }
    for (unsigned i = 0; i < 20 && !late; i++)
        EQUAL(trace_at(first + i), i);
    return !late;
}

TEST(deadline_many, "twenty tasks whose deadlines differ wake in the order of these")
{
    ukern_handle c = client(unserved_port(), 1);
    bool known = false;

    trace_create();
    for (unsigned i = 0; i < 5 && !known; i++)
        known = wake_in_order(c);
    CHECK(known);
}

/* Calls "port" until argv[1], then writes argv[2] into the record. */
ROLE(sleeper)
{
    struct ukern_msg m = message(1, 0);
    uint64_t deadline = argument(argc, argv, 1);

    EQUAL(ipc_call_until(given("port"), &m, deadline), UKERN_ETIMEDOUT);
    trace((unsigned)argument(argc, argv, 2));
    return clock_now() < deadline + BETWEEN ? 0 : LATE; /* the next one may have been first */
}

TEST(deadline_met, "what is done in time is not disturbed by its deadline later")
{
    ukern_handle port = HANDLE(port_create()), task = play("punctual", client(port, 1));
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);

    reply_number(ev.token, 3);
    ev = expect(port, UKERN_EV_MESSAGE);
    clock_sleep(600 * MILLISECOND); /* the first call's deadline goes by */
    EQUAL(info_of(task).state, UKERN_TASK_REPLY);
    reply_number(ev.token, 4);
    EQUAL(finish(task), 4);
    expect_nothing(port); /* nothing was cancelled */
}

ROLE(punctual)
{
    ukern_handle port = given("port");
    struct ukern_msg m = message(1, 0);

    OK(ipc_call_until(port, &m, clock_now() + 500 * MILLISECOND));
    OK(ipc_call(port, &m));
    return (int)m.w[0];
}

TEST(deadline_in_queue, "a caller whose deadline passes in the queue was never there")
{
    ukern_handle port = HANDLE(port_create()), task = play("impatient", client(port, 1));
    struct ukern_event ev;

    clock_sleep(100 * MILLISECOND);
    await_state(task, UKERN_TASK_SEND); /* its second call */
    ev = expect(port, UKERN_EV_MESSAGE);
    EQUAL(UKERN_TAG_LABEL(ev.msg.tag), 2);
    reply_number(ev.token, 6);
    EQUAL(finish(task), 6);
}

TEST(deadline_sleep, "clock_sleep() sleeps, the clock does not go back")
{
    uint64_t last = clock_now();

    for (int i = 0; i < 20; i++) {
        uint64_t now;
        clock_sleep(MILLISECOND);
        now = clock_now();
        CHECK(now >= last + MILLISECOND);
        last = now;
    }
    for (int i = 0; i < 10000; i++) {
        uint64_t now = clock_now();
        CHECK(now >= last);
        last = now;
    }
}

/* clock_now() reads the counter, and must say what the kernel would: deadlines are the kernel's. */
TEST(deadline_clock, "clock_now() is the kernel's clock, without a system call")
{
    for (int i = 0; i < 1000; i++) {
        uint64_t before = clock_now(), now = 0, after;

        EQUAL((int)ukern_trap2(UKERN_SYS_clock_now, 0, 0, &now, NULL), UKERN_OK);
        after = clock_now();
        CHECK(before <= now && now <= after);
    }
}
