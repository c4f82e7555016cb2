/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is served first, and whom a caller's urgency makes urgent. */
#include "test.h"

static ukern_handle caller_at(ukern_handle port, unsigned priority, uint64_t word)
{
    struct child c;

    child_init(&c, "caller");
    c.spawn.priority = priority;
    child_give(&c, "port", port);
    child_number(&c, word);
    return child_start(&c);
}

TEST(order_queue, "callers are taken by priority, and in their order within one")
{
    static const unsigned priority[] = {11, 13, 12, 13, 11, 12, 13, 11};
    static const unsigned expected[] = {1, 3, 6, 2, 5, 0, 4, 7};
    ukern_handle port = HANDLE(port_create()), task[8];

    for (unsigned i = 0; i < 8; i++) {
        task[i] = caller_at(client(port, i), priority[i], 0);
        await_state(task[i], UKERN_TASK_SEND);
    }
    for (unsigned i = 0; i < 8; i++) {
        struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
        EQUAL(ev.badge, expected[i]);
        reply_number(ev.token, 0);
    }
    for (unsigned i = 0; i < 8; i++)
        EQUAL(finish(task[i]), 0);
}

TEST(order_raised_in_queue, "a caller whose priority is raised in the queue goes to its new place")
{
    ukern_handle port = HANDLE(port_create()), a, b;

    a = caller_at(client(port, 1), 15, 0);
    await_state(a, UKERN_TASK_SEND);
    b = caller_at(client(port, 2), 14, 0);
    await_state(b, UKERN_TASK_SEND);
    OK(task_priority(b, 16));
    EQUAL(expect(port, UKERN_EV_MESSAGE).badge, 2);
    EQUAL(expect(port, UKERN_EV_MESSAGE).badge, 1);
}

/* Waits until it is asked to work, then notes argv[1], works argv[2] milliseconds and notes argv[1]
 * + 1. */
ROLE(worker)
{
    struct ukern_event ev = expect(given("port"), UKERN_EV_MESSAGE);
    uint64_t until;

    trace((unsigned)argument(argc, argv, 1));
    until = clock_now() + argument(argc, argv, 2) * MILLISECOND;
    while (clock_now() < until)
        ;
    trace((unsigned)argument(argc, argv, 1) + 1);
    reply_number(ev.token, 0);
    return 0;
}

static ukern_handle worker_at(ukern_handle port, unsigned priority, uint64_t note, uint64_t time)
{
    struct child c;
    ukern_handle task;

    child_init(&c, "worker");
    c.spawn.priority = priority;
    child_give(&c, "port", port);
    child_give(&c, "trace", trace_handle());
    child_number(&c, note);
    child_number(&c, time);
    task = child_start(&c);
    await_state(task, UKERN_TASK_RECV);
    return task;
}

TEST(order_inherited,
     "a server runs at its caller's priority while it works for it, then at its own")
{
    ukern_handle port = HANDLE(port_create()), other = HANDLE(port_create()), low, urgent, mid;
    uint64_t deadline;

    OK(task_priority(UKERN_SELF, 40)); /* to look on */
    trace_create();
    low = worker_at(port, 5, 1, 30);
    mid = worker_at(other, 10, 3, 1);
    EQUAL(info_of(low).priority, 5);
    urgent = caller_at(client(port, 1), 30, 0);
    await_state(urgent, UKERN_TASK_REPLY);
    EQUAL(info_of(urgent).waiting_for, info_of(low).id);
    EQUAL(info_of(low).priority, 30);
    EQUAL(info_of(low).base_priority, 5);
    deadline = SOON;
    caller_at(client(other, 1), 10, 0);
    while (trace_count() < 4 && clock_now() < deadline)
        clock_sleep(MILLISECOND);
    EQUAL(trace_at(0), 1);
    EQUAL(trace_at(1), 2); /* not interrupted by the one of middle priority */
    EQUAL(trace_at(2), 3);
    EQUAL(finish(urgent), 0);
    EQUAL(finish(low), 0);
    EQUAL(finish(mid), 0);
}

/* Receives one call and holds it until a notification; then answers, receives again and waits to be
 * killed. */
ROLE(holder)
{
    ukern_handle port = given("port");
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE), next;
    uint64_t bits;

    OK(notify_wait(port, 1, &bits, SOON)); /* no receive: the caller stays the one taken last */
    reply_number(ev.token, 0);
    OK(notify_wait(port, 2, &bits, SOON));
    ipc_recv(port, &next, SOON);
    return 0;
}

TEST(order_undone_by_reply, "inheritance ends with the reply")
{
    ukern_handle port = HANDLE(port_create()), server = play("holder", port), c = client(port, 1),
                 urgent;

    await_state(server, UKERN_TASK_RECV);
    urgent = caller_at(c, 30, 0);
    await_state(urgent, UKERN_TASK_REPLY);
    EQUAL(info_of(server).priority, 30);
    OK(notify(c, 1));
    EQUAL(finish(urgent), 0);
    EQUAL(info_of(server).priority, info_of(server).base_priority);
}

TEST(order_undone_by_death, "inheritance ends with the caller's death and with its deadline")
{
    ukern_handle port = HANDLE(port_create()), server = play("holder", port), c = client(port, 1),
                 urgent;

    await_state(server, UKERN_TASK_RECV);
    urgent = caller_at(c, 30, 0);
    await_state(urgent, UKERN_TASK_REPLY);
    EQUAL(info_of(server).priority, 30);
    destroy(urgent);
    EQUAL(info_of(server).priority, 20);

    port = HANDLE(port_create());
    server = play("holder", port);
    await_state(server, UKERN_TASK_RECV);
    {
        struct child child;
        child_init(&child, "impatient");
        child.spawn.priority = 30;
        child_give(&child, "port", client(port, 1));
        urgent = child_start(&child);
    }
    await_state(urgent, UKERN_TASK_SEND); /* its second call */
    EQUAL(info_of(server).priority, 30);
    destroy(urgent);
    EQUAL(info_of(server).priority, 20);
}

TEST(order_queue_lends, "the most urgent caller in the queue lends its priority, until it is gone")
{
    ukern_handle port = HANDLE(port_create()), server = play("holder", port), c = client(port, 1),
                 one, two, three;

    await_state(server, UKERN_TASK_RECV);
    one = caller_at(c, 12, 0);
    await_state(one, UKERN_TASK_REPLY);
    EQUAL(info_of(server).priority, 20);
    two = caller_at(c, 25, 0);
    await_state(two, UKERN_TASK_SEND);
    EQUAL(info_of(server).priority, 25);
    three = caller_at(c, 35, 0);
    await_state(three, UKERN_TASK_SEND);
    EQUAL(info_of(server).priority, 35);
    OK(task_priority(three, 22));
    EQUAL(info_of(server).priority, 25);
    OK(task_priority(two, 21));
    EQUAL(info_of(server).priority, 22);
    destroy(three);
    EQUAL(info_of(server).priority, 21);
    destroy(two);
    EQUAL(info_of(server).priority, 20);
    OK(notify(c, 1));
    EQUAL(finish(one), 0);
}

TEST(order_chain, "urgency passes along a chain of servers, in both directions")
{
    ukern_handle port[3], task[2], urgent, last;
    const unsigned base = 8;

    for (int i = 0; i < 3; i++)
        port[i] = HANDLE(port_create());
    for (int i = 0; i < 2; i++) {
        struct child c;
        child_init(&c, "link");
        c.spawn.priority = base;
        child_give(&c, "port", port[i]);
        child_give(&c, "next", client(port[i + 1], 1));
        task[i] = child_start(&c);
        await_state(task[i], UKERN_TASK_RECV);
    }
    {
        struct child c;
        child_init(&c, "holder");
        c.spawn.priority = base;
        child_give(&c, "port", port[2]);
        last = child_start(&c);
        await_state(last, UKERN_TASK_RECV);
    }
    urgent = caller_at(client(port[0], 1), 33, 0);
    await_state(task[1], UKERN_TASK_REPLY);
    EQUAL(info_of(task[0]).priority, 33);
    EQUAL(info_of(task[1]).priority, 33);
    EQUAL(info_of(last).priority, 33);
    OK(task_priority(urgent, 15));
    EQUAL(info_of(task[0]).priority, 15);
    EQUAL(info_of(last).priority, 15);
    destroy(urgent);
    EQUAL(info_of(task[0]).priority, base);
    EQUAL(info_of(task[1]).priority, base);
    EQUAL(info_of(last).priority, base);
}

TEST(order_deferred, "a caller parked for a deferred reply boosts nobody")
{
    ukern_handle port = HANDLE(port_create()), urgent = caller_at(client(port, 1), 30, 0);
    ukern_handle self = HANDLE(task_open(task_handle("system"), task_self(), UKERN_R_INSPECT));
    struct ukern_event ev;

    EQUAL(info_of(self).priority, 20);
    ev = expect(port, UKERN_EV_MESSAGE);
    EQUAL(info_of(self).priority, 30);
    expect_nothing(port);
    EQUAL(info_of(self).priority, 20);
    reply_number(ev.token, 0);
    EQUAL(finish(urgent), 0);
}

TEST(order_two_receivers, "two servers of one port share its callers, each is answered by its own")
{
    ukern_handle port = HANDLE(port_create()), one = play_number("doubler", port, 50),
                 two = play_number("doubler", port, 50), c = client(port, 1);

    await_state(one, UKERN_TASK_RECV);
    await_state(two, UKERN_TASK_RECV);
    for (uint64_t i = 0; i < 100; i++) {
        struct ukern_msg m = message(0, i);
        OK(ipc_call_until(c, &m, SOON));
        EQUAL(m.w[0], 2 * i);
    }
    EQUAL(finish(one), 0);
    EQUAL(finish(two), 0);
}
