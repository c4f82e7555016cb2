/* SPDX-License-Identifier: BSD-2-Clause */
/* Tasks that flood a server must not hurt its other clients. */
#include "test.h"

/* Notifies as fast as it can, for ever. */
ROLE(notify_flood)
{
    ukern_handle port = given("port");

    while (notify(port, 1) == UKERN_OK)
        ;
    return 0;
}

/* Calls as fast as it can, without waiting, for ever. */
ROLE(call_flood)
{
    struct ukern_msg m = message(5, 0);
    ukern_handle port = given("port");

    while (ipc_call_until(port, &m, clock_now() + MILLISECOND / 10) != UKERN_EHANDLE)
        ;
    return 0;
}

/* Hangs up as fast as it can: makes clients of its own port "port" and closes them, for ever. */
ROLE(hangup_flood)
{
    ukern_handle port = given("port");

    for (;;) {
        ukern_handle c = handle_mint(port, UKERN_R_CALL, 1);
        if (c >= 0)
            handle_close(c);
    }
    return 0;
}

/* Answers label 1, lets all else wait; ends with label 2. */
ROLE(flooded_server)
{
    ukern_handle port = given("port");
    struct ukern_event ev;

    for (;;) {
        struct ukern_msg m = message(0, 0);
        if (ipc_recv(port, &ev, SOON) != UKERN_EV_MESSAGE)
            continue;
        m.w[0] = ev.msg.w[0] + 1;
        if (UKERN_TAG_LABEL(ev.msg.tag) == 1 || UKERN_TAG_LABEL(ev.msg.tag) == 2)
            ipc_reply(ev.token, &m);
        if (UKERN_TAG_LABEL(ev.msg.tag) == 2)
            return 0;
    }
}

static void serve_under(const char *flood, bool whole_port)
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1), server, hostile[3];
    struct child child;

    child_init(&child, "flooded_server");
    child.spawn.priority = 25;
    child_give(&child, "port", port);
    server = child_start(&child);
    for (int i = 0; i < 3; i++)
        hostile[i] = play(flood, whole_port ? port : client(port, 2));
    for (uint64_t i = 0; i < 20; i++) {
        struct ukern_msg m = message(i == 19 ? 2 : 1, i);
        OK(ipc_call_until(c, &m, SOON));
        EQUAL(m.w[0], i + 1);
    }
    EQUAL(finish(server), 0);
    for (int i = 0; i < 3; i++)
        destroy(hostile[i]);
}

TEST(flood_notify, "a server answers although three tasks notify it without end")
{
    serve_under("notify_flood", false);
}

TEST(flood_call, "a server answers although three tasks call it and give up without end")
{
    serve_under("call_flood", false);
}

TEST(flood_hangup, "a server answers although three tasks hang up without end")
{
    serve_under("hangup_flood", true);
}

TEST(flood_paid,
     "whoever floods pays: hangups and cancelled calls are bounded by the flooder's quota")
{
    ukern_handle port = HANDLE(port_create()), task;
    uint64_t frames, objects;
    struct child child;

    expect_nothing(port); /* this task serves it, and will not look */
    child_init(&child, "hangup_flood");
    child.spawn.memory = 512 * 1024;
    child_give(&child, "port", port);
    frames = system_now().frames_free;
    objects = system_now().objects;
    task = child_start(&child);
    clock_sleep(300 * MILLISECOND);
    CHECK(info_of(task).memory_used <= 512 * 1024);
    CHECK(system_now().objects - objects < 512 * 1024 / 32);
    CHECK(frames - system_now().frames_free < 2 * 512 / 4);
    destroy(task);
}
