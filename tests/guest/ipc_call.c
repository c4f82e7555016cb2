/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls, sends, receives and replies. */
#include "test.h"

/* Calls "port" with argv[1] and ends with the reply's first word. */
ROLE(caller)
{
    struct ukern_msg m = message(1, argument(argc, argv, 1));
    int error = ipc_call(given("port"), &m);

    return error ? error : (int)m.w[0];
}

/* Sends argv[1]; ends with the result. */
ROLE(sender)
{
    struct ukern_msg m = message(1, argument(argc, argv, 1));

    return ipc_send(given("port"), &m, UKERN_FOREVER);
}

/* Answers so many calls with twice their word, then ends. */
ROLE(doubler)
{
    ukern_handle port = given("port");
    struct ukern_msg m = {0, {0}};
    struct ukern_event ev = {.token = 0};

    for (uint64_t n = argument(argc, argv, 1); n > 0; n--) {
        EQUAL(ipc_reply_recv(ev.token, &m, port, &ev, SOON), UKERN_EV_MESSAGE);
        m = message(UKERN_TAG_LABEL(ev.msg.tag), 2 * ev.msg.w[0]);
    }
    OK(ipc_reply(ev.token, &m));
    return 0;
}

TEST(call_words, "a call brings its label and all words there, a reply brings others back")
{
    ukern_handle port = HANDLE(port_create());
    ukern_handle task = play_number("caller", client(port, 7), 41);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);

    EQUAL(ev.badge, 7);
    CHECK(ev.token != 0);
    EQUAL(UKERN_TAG_LABEL(ev.msg.tag), 1);
    EQUAL(ev.msg.w[0], 41);
    for (int i = 1; i < UKERN_MSG_WORDS; i++)
        EQUAL(ev.msg.w[i], 0);
    reply_number(ev.token, 42);
    EQUAL(finish(task), 42);
}

TEST(call_many, "a thousand calls, to a server that waits and to one that does not")
{
    ukern_handle port = HANDLE(port_create());
    ukern_handle task = play_number("doubler", port, 1000);
    ukern_handle c = client(port, 1);

    for (uint64_t i = 0; i < 1000; i++) {
        struct ukern_msg m = {UKERN_TAG(-5, 0), {i, 1, 2, 3, 4, UINT64_MAX}};
        if (i % 100 == 0)
            OK(task_priority(UKERN_SELF, i % 200 == 0 ? 30 : 10));
        OK(ipc_call(c, &m));
        EQUAL(UKERN_TAG_LABEL(m.tag), -5);
        EQUAL(m.w[0], 2 * i);
        EQUAL(m.w[5], 0);
    }
    EQUAL(finish(task), 0);
}

TEST(call_any_order, "deferred replies reach their callers in any order")
{
    ukern_handle port = HANDLE(port_create()), task[6];
    static const unsigned order[6] = {3, 0, 5, 1, 4, 2};
    uint64_t token[6];

    for (unsigned i = 0; i < 6; i++) {
        struct ukern_event ev;
        task[i] = play_number("caller", client(port, i), 10 + i);
        ev = expect(port, UKERN_EV_MESSAGE);
        EQUAL(ev.badge, i);
        token[i] = ev.token;
    }
    for (unsigned i = 0; i < 6; i++) {
        reply_number(token[order[i]], 20 + order[i]);
        EQUAL(finish(task[order[i]]), 20 + (int)order[i]);
    }
}

TEST(call_taken_and_held, "a reply to a caller held long, while another was just taken")
{
    ukern_handle port = HANDLE(port_create()), first = play_number("caller", client(port, 1), 0),
                 second;
    struct ukern_event old = expect(port, UKERN_EV_MESSAGE), new;
    struct ukern_msg reply = message(0, 5);

    second = play_number("caller", client(port, 2), 0);
    new = expect(port, UKERN_EV_MESSAGE);
    EQUAL(ipc_reply_recv(old.token, &reply, port, &old, 0), UKERN_ETIMEDOUT);
    EQUAL(finish(first), 5);
    reply_number(new.token, 6);
    EQUAL(finish(second), 6);
}

TEST(send_waits, "a send ends when it is received, and its token is 0")
{
    ukern_handle port = HANDLE(port_create());
    ukern_handle task = play_number("sender", client(port, 3), 9);
    struct ukern_event ev;

    await_state(task, UKERN_TASK_SEND);
    ev = expect(port, UKERN_EV_MESSAGE);
    EQUAL(ev.token, 0);
    EQUAL(ev.badge, 3);
    EQUAL(ev.msg.w[0], 9);
    EQUAL(finish(task), UKERN_OK);
}

TEST(call_itself, "a server that calls itself gets EDEADLK")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1);
    struct ukern_msg m = message(1, 1);

    expect_nothing(port); /* it serves the port from now on */
    EQUAL(ipc_call(c, &m), UKERN_EDEADLK);
    EQUAL(ipc_send(c, &m, UKERN_FOREVER), UKERN_EDEADLK);
}

/* Takes a call from "port" and, while it holds it, calls "next". Ends with what that gave. */
ROLE(link)
{
    struct ukern_event ev = expect(given("port"), UKERN_EV_MESSAGE);
    struct ukern_msg m = message(1, 0);
    int error = ipc_call_until(given("next"), &m, SOON);

    reply_number(ev.token, (uint64_t)(int64_t)error);
    return error;
}

/* Before anybody has received on a port, whoever was given the right last is expected to serve it.
 */
TEST(call_itself_first, "a task that calls its own port before it has ever received gets EDEADLK")
{
    ukern_handle port = HANDLE(port_create()), other = HANDLE(port_create()), c = client(port, 1),
                 task;
    struct ukern_msg m = message(1, 1);

    OK(handle_close(other));
    EQUAL(ipc_call_until(c, &m, SOON), UKERN_EDEADLK);
    EQUAL(ipc_send(c, &m, SOON), UKERN_EDEADLK);
    task = play("link_first", port); /* it may receive now, too */
    EQUAL(finish(task), UKERN_EDEADLK);
    EQUAL(ipc_call_until(c, &m, clock_now()), UKERN_ETIMEDOUT); /* who was given it last, is gone */
}

/* Calls the port that it was given to receive on. */
ROLE(link_first)
{
    struct ukern_msg m = message(1, 0);

    return ipc_call_until(given("port"), &m, SOON);
}

TEST(call_cycle, "a cycle of three servers gets EDEADLK where it would close")
{
    ukern_handle port[3], task[2];
    struct ukern_msg m = message(1, 0);

    for (int i = 0; i < 3; i++)
        port[i] = HANDLE(port_create());
    for (int i = 0; i < 2; i++) {
        struct child c;
        child_init(&c, "link");
        child_give(&c, "port", port[i]);
        child_give(&c, "next", client(port[i + 1], 1));
        task[i] = child_start(&c);
        await_state(task[i], UKERN_TASK_RECV);
    }
    expect_nothing(port[2]); /* this task serves the last one */
    OK(ipc_call_until(client(port[0], 1), &m, SOON));
    EQUAL(m.w[0], UKERN_OK);
    EQUAL(finish(task[1]), UKERN_EDEADLK);
    EQUAL(finish(task[0]), UKERN_OK);
}

/* Waits for the end of "task"; ends with the result. */
ROLE(waiter)
{
    return task_wait(given("port"), NULL, NULL, SOON);
}

TEST(call_wait_cycle, "waiting for a task that waits for me gets EDEADLK")
{
    ukern_handle self =
        HANDLE(task_open(task_handle("system"), task_self(), UKERN_R_WAIT | UKERN_R_TRANSFER));
    ukern_handle task = play("waiter", self);

    await_state(task, UKERN_TASK_WAIT);
    EQUAL(task_wait(task, NULL, NULL, clock_now() + 100 * MILLISECOND), UKERN_EDEADLK);
    EQUAL(task_wait(self, NULL, NULL, SOON), UKERN_EDEADLK);
}

TEST(call_of_waiter, "calling a server that waits for my end gets EDEADLK")
{
    ukern_handle self =
        HANDLE(task_open(task_handle("system"), task_self(), UKERN_R_WAIT | UKERN_R_TRANSFER));
    ukern_handle port = HANDLE(port_create()), c = client(port, 1), task;
    struct ukern_msg m = message(1, 0);
    struct child child;

    child_init(&child, "serving_waiter");
    child_give(&child, "port", port);
    child_give(&child, "task", self);
    task = child_start(&child);
    await_state(task, UKERN_TASK_WAIT);
    EQUAL(ipc_call_until(c, &m, clock_now() + 100 * MILLISECOND), UKERN_EDEADLK);
}

ROLE(serving_waiter)
{
    struct ukern_event ev;

    EQUAL(ipc_recv(given("port"), &ev, 0), UKERN_ETIMEDOUT);
    return task_wait(given("task"), NULL, NULL, SOON);
}

TEST(call_rights, "each call on a port needs its right, and a port")
{
    ukern_handle port = HANDLE(port_create());
    ukern_handle only_notify = HANDLE(handle_mint(port, UKERN_R_NOTIFY, 1));
    ukern_handle only_call = HANDLE(handle_mint(port, UKERN_R_CALL, 1));
    ukern_handle shm = HANDLE(shm_create(1, UKERN_SHM_NORMAL));
    struct ukern_msg m = message(1, 1);
    struct ukern_event ev;
    uint64_t bits;

    EQUAL(ipc_call(only_notify, &m), UKERN_ERIGHTS);
    EQUAL(ipc_send(only_notify, &m, 0), UKERN_ERIGHTS);
    EQUAL(notify(only_call, 1), UKERN_ERIGHTS);
    EQUAL(ipc_recv(only_call, &ev, 0), UKERN_ERIGHTS);
    EQUAL(notify_wait(only_call, 1, &bits, 0), UKERN_ERIGHTS);
    EQUAL(timer_set(only_call, 1, 0), UKERN_ERIGHTS);
    EQUAL(handle_mint(only_call, CLIENT, 1), UKERN_ERIGHTS);
    EQUAL(handle_dup(only_call, 0, -1), UKERN_ERIGHTS);
    EQUAL(ipc_call(shm, &m), UKERN_ETYPE);
    EQUAL(ipc_recv(shm, &ev, 0), UKERN_ETYPE);
    EQUAL(notify(shm, 1), UKERN_ETYPE);
    EQUAL(handle_mint(shm, CLIENT, 1), UKERN_ETYPE);
    for (int h = 1000; h < 1000000000; h *= 30) {
        EQUAL(ipc_call(h, &m), UKERN_EHANDLE);
        EQUAL(ipc_recv(-h, &ev, 0), UKERN_EHANDLE);
        EQUAL(notify(h, 1), UKERN_EHANDLE);
        EQUAL(handle_close(h), UKERN_EHANDLE);
    }
    EQUAL(handle_mint(port, UKERN_R_RECV, 1), UKERN_EINVAL);
    EQUAL(handle_mint(port, UKERN_R_MINT, 1), UKERN_EINVAL);
    EQUAL(handle_mint(port, UINT32_MAX, 1), UKERN_EINVAL);
}

TEST(call_bad_tag, "a tag with unknown bits or three handles gets EINVAL")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1);

    for (uint64_t n = 3; n < UINT64_C(1) << 31; n = 2 * n + 1) {
        struct ukern_msg m = {n << 32, {0}};
        EQUAL(ipc_call(c, &m), UKERN_EINVAL);
        m.tag = n << 32;
        EQUAL(ipc_send(c, &m, SOON), UKERN_EINVAL);
    }
    expect_nothing(port);
}
