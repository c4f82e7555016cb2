/* SPDX-License-Identifier: BSD-2-Clause */
/* What the other side hears when a client or a server ends, by itself or by force. */
#include "test.h"

/* ---- Clients that end. ---- */

/* Ends in the way argv[1] says, with the handle "port" open: 0 close it, 1 exit, 2 crash, 3 wait to
 * be killed. */
ROLE(leaver)
{
    switch (argument(argc, argv, 1)) {
    case 0:
        OK(handle_close(given("port")));
        clock_sleep(SECOND);
        return 0;
    case 1:
        return 0;
    case 2:
        __asm__ volatile("udf #0");
        return 0;
    default:
        clock_sleep(10 * SECOND);
        return 0;
    }
}

TEST(death_hangup, "close, exit, crash and kill of the last holder are one hangup each")
{
    for (uint64_t way = 0; way < 4; way++) {
        ukern_handle port = HANDLE(port_create()), c = client(port, 10 + way);
        ukern_handle task = play_number("leaver", c, way);
        OK(handle_close(c));
        if (way == 3)
            OK(task_kill(task, 9));
        EQUAL(expect(port, UKERN_EV_HANGUP).badge, 10 + way);
        expect_nothing(port);
        destroy(task);
    }
}

TEST(death_hangup_copies, "only the last copy's end is a hangup, whoever holds it")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 4),
                 d = HANDLE(handle_dup(c, 0, -1)), task[3];

    for (int i = 0; i < 3; i++)
        task[i] = play_number("leaver", c, 3);
    OK(handle_close(c));
    OK(handle_close(d));
    for (int i = 0; i < 3; i++) {
        expect_nothing(port);
        destroy(task[i]);
    }
    EQUAL(expect(port, UKERN_EV_HANGUP).badge, 4);
    expect_nothing(port);
}

TEST(death_hangup_order, "hangups come in order, and a thousand of them are not lost")
{
    ukern_handle port = HANDLE(port_create());
    struct ukern_event ev;

    for (uint64_t i = 0; i < 1000; i++)
        OK(handle_close(client(port, i)));
    for (uint64_t i = 0; i < 1000; i++) {
        ev = expect(port, UKERN_EV_HANGUP);
        EQUAL(ev.badge, i);
        EQUAL(ev.token, 0);
        EQUAL(ev.msg.tag, 0);
    }
}

TEST(death_cancelled,
     "a caller killed while its call is held: cancelled, with badge and token, then hangup")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 6),
                 task = play_number("caller", c, 0);
    struct ukern_event call = expect(port, UKERN_EV_MESSAGE), ev;

    OK(handle_close(c));
    destroy(task);
    ev = expect(port, UKERN_EV_CANCELLED);
    EQUAL(ev.token, call.token);
    EQUAL(ev.badge, 6);
    EQUAL(expect(port, UKERN_EV_HANGUP).badge, 6);
    expect_nothing(port);
}

TEST(death_queued_caller, "a caller killed in the queue: no message, no cancelled event")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 6),
                 task = play_number("caller", c, 0);

    await_state(task, UKERN_TASK_SEND);
    destroy(task);
    expect_nothing(port);
}

TEST(death_many_cancelled, "ten callers killed while held, ten cancelled events")
{
    ukern_handle port = HANDLE(port_create()), task[10];
    uint64_t token[10];

    for (unsigned i = 0; i < 10; i++) {
        task[i] = play_number("caller", client(port, i), 0);
        token[i] = expect(port, UKERN_EV_MESSAGE).token;
    }
    for (unsigned i = 0; i < 10; i++)
        destroy(task[(i * 3 + 1) % 10]);
    for (unsigned i = 0; i < 10; i++)
        EQUAL(expect(port, UKERN_EV_CANCELLED).token, token[(i * 3 + 1) % 10]);
    expect_nothing(port);
}

/* ---- Servers that end. ---- */

/* Receives argv[1] calls from "port", then ends in the way argv[2] says: 0 exit, 1 crash, 2 close
 * the port and wait, 3 wait. */
ROLE(mortal)
{
    ukern_handle port = given("port");

    for (uint64_t n = argument(argc, argv, 1); n > 0; n--)
        expect(port, UKERN_EV_MESSAGE);
    switch (argument(argc, argv, 2)) {
    case 0:
        return 0;
    case 1:
        __asm__ volatile("udf #0");
        return 0;
    case 2:
        OK(handle_close(port));
        break;
    }
    clock_sleep(10 * SECOND);
    return 0;
}

static ukern_handle mortal(ukern_handle port, uint64_t calls, uint64_t way)
{
    struct child c;

    child_init(&c, "mortal");
    child_give(&c, "port", port);
    child_number(&c, calls);
    child_number(&c, way);
    return child_start(&c);
}

TEST(death_server,
     "a server ends by exit, crash or kill: the calls it held fail with EPEER, the queue stays")
{
    for (uint64_t way = 0; way < 4; way++) {
        ukern_handle port = HANDLE(port_create()), server, held[2], queued;
        struct ukern_event ev;

        if (way == 2)
            continue;
        for (int i = 0; i < 2; i++)
            held[i] = play_number("caller", client(port, 1), 0);
        await_state(held[0], UKERN_TASK_SEND);
        await_state(held[1], UKERN_TASK_SEND);
        queued = play_number("caller", client(port, 3), 0);
        await_state(queued, UKERN_TASK_SEND);
        server = mortal(port, 2, way);
        if (way == 3) {
            await_state(held[1], UKERN_TASK_REPLY);
            OK(task_kill(server, 0));
        }
        EQUAL(finish(held[0]), UKERN_EPEER);
        EQUAL(finish(held[1]), UKERN_EPEER);
        OK(task_wait(server, NULL, NULL, SOON));
        /* The port outlives it: this task takes over. */
        EQUAL(info_of(queued).state, UKERN_TASK_SEND);
        ev = expect(port, UKERN_EV_MESSAGE);
        EQUAL(ev.badge, 3);
        reply_number(ev.token, 8);
        EQUAL(finish(queued), 8);
    }
}

TEST(death_last_receiver,
     "nobody is left who could receive: the queue and new calls fail with EPEER")
{
    for (uint64_t way = 0; way < 3; way++) {
        ukern_handle port = HANDLE(port_create()), c = client(port, 1), server, queued[3];
        struct ukern_msg m = message(1, 0);

        server = mortal(port, way == 2 ? 0 : 1, way);
        if (way == 2)
            await_state(server, UKERN_TASK_RECV);
        OK(handle_close(port));
        for (int i = 0; i < 3; i++)
            queued[i] = play_number("caller", c, 0);
        for (int i = 0; i < 3; i++)
            EQUAL(finish(queued[i]), UKERN_EPEER);
        EQUAL(ipc_call(c, &m), UKERN_EPEER);
        EQUAL(ipc_send(c, &m, SOON), UKERN_EPEER);
        EQUAL(notify(c, 1), UKERN_EPEER);
        destroy(server);
    }
}

/* Waits for events of "port" for ever. */
ROLE(receiver)
{
    struct ukern_event ev;

    return ipc_recv(given("port"), &ev, UKERN_FOREVER);
}

TEST(death_receiver_loses_right, "a receiver whose handle is taken away wakes with EHANDLE")
{
    ukern_handle port = HANDLE(port_create()), task = play("receiver", port);

    await_state(task, UKERN_TASK_RECV);
    OK(handle_close(port));
    /* Its own handle is replaced by another object. */
    EQUAL(handle_grant(task, HANDLE(port_create()), 0, SPAWN_FIRST_SLOT), SPAWN_FIRST_SLOT);
    EQUAL(finish(task), UKERN_EHANDLE);
}

TEST(death_events_dropped, "events that nobody will receive any more leave nothing behind")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1),
                 task = play_number("caller", c, 0);

    expect(port, UKERN_EV_MESSAGE);
    for (uint64_t i = 0; i < 100; i++)
        OK(handle_close(client(port, i)));
    OK(notify(c, 5));
    OK(timer_set(port, 1, clock_now() + MILLISECOND));
    OK(task_kill(task, 0));
    OK(handle_close(port));
    clock_sleep(5 * MILLISECOND);
}

TEST(death_supervisor, "the supervisor hears of each end: id, code, reason")
{
    ukern_handle port = HANDLE(port_create());

    for (uint64_t way = 1; way < 4; way++) {
        struct ukern_msg kill = {UKERN_TAG(UKERN_FAULT_KILL, 0), {0}};
        struct ukern_event ev;
        struct child c;
        ukern_handle task;
        uint64_t id;

        child_init(&c, "leaver");
        c.spawn.supervisor = port;
        c.spawn.supervisor_badge = 70 + way;
        child_number(&c, way);
        task = child_start(&c);
        id = info_of(task).id;
        if (way == 3)
            OK(task_kill(task, -5));
        if (way == 2) {
            ev = expect(port, UKERN_EV_FAULT);
            EQUAL(ev.badge, 72);
            EQUAL(ev.msg.tag, id);
            OK(ipc_reply(ev.token, &kill));
        }
        ev = expect(port, UKERN_EV_EXIT);
        EQUAL(ev.badge, 70 + way);
        EQUAL(ev.msg.tag, id);
        EQUAL(ev.msg.w[0], way == 1 ? 0 : way == 2 ? UKERN_FAULT_ILLEGAL : -5);
        EQUAL(ev.msg.w[1], way == 1   ? UKERN_EXIT_NORMAL
                           : way == 2 ? UKERN_EXIT_FAULT
                                      : UKERN_EXIT_KILLED);
        expect_nothing(port);
        OK(handle_close(task));
    }
}
