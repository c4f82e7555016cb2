/* SPDX-License-Identifier: BSD-2-Clause */
/* Reply tokens: only the right one, by the right server, once. */
#include "test.h"

static struct ukern_msg answer = {UKERN_TAG(0, 0), {77}};

TEST(token_double, "a second reply is stale and changes nothing")
{
    ukern_handle port = HANDLE(port_create()), task = play_number("caller", client(port, 1), 0);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);

    reply_number(ev.token, 5);
    EQUAL(ipc_reply(ev.token, &answer), UKERN_ESTALE);
    EQUAL(finish(task), 5);
    EQUAL(ipc_reply(ev.token, &answer), UKERN_ESTALE);
}

TEST(token_forged, "no number near a token, and no other one, reaches a caller")
{
    ukern_handle port = HANDLE(port_create()), task = play_number("caller", client(port, 1), 0);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);

    for (int bit = 0; bit < 64; bit++)
        EQUAL(ipc_reply(ev.token ^ UINT64_C(1) << bit, &answer), UKERN_ESTALE);
    for (uint64_t i = 1; i < 2000; i++) {
        EQUAL(ipc_reply(ev.token + i, &answer), UKERN_ESTALE);
        EQUAL(ipc_reply(ev.token - i, &answer), UKERN_ESTALE);
    }
    EQUAL(ipc_reply(0, &answer), UKERN_ESTALE);
    EQUAL(ipc_reply(UINT64_MAX, &answer), UKERN_ESTALE);
    EQUAL(ipc_reply(task_self(), &answer), UKERN_ESTALE);
    reply_number(ev.token, 5);
    EQUAL(finish(task), 5);
}

/* Tries to answer a call that another server holds; ends with the result. */
ROLE(thief)
{
    struct ukern_event ev;
    int error = ipc_reply(argument(argc, argv, 1), &answer);

    if (error == UKERN_ESTALE)
        error = ipc_reply_recv(argument(argc, argv, 1), &answer, given("port"), &ev, 0);
    return error;
}

TEST(token_foreign, "another server cannot answer, not even one of the same port")
{
    ukern_handle port = HANDLE(port_create()), task = play_number("caller", client(port, 1), 0);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);

    EQUAL(finish(play_number("thief", HANDLE(port_create()), ev.token)), UKERN_ESTALE);
    EQUAL(finish(play_number("thief", port, ev.token)), UKERN_ESTALE);
    EQUAL(info_of(task).state, UKERN_TASK_REPLY);
    reply_number(ev.token, 5);
    EQUAL(finish(task), 5);
}

TEST(token_queued, "a caller that is still in the queue cannot be answered")
{
    ukern_handle port = HANDLE(port_create()), one = play_number("caller", client(port, 1), 0), two;
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);

    two = play_number("caller", client(port, 2), 0);
    await_state(two, UKERN_TASK_SEND);
    for (uint64_t slot = 0; slot < 64; slot++)
        for (uint64_t sequence = 0; sequence < 8; sequence++)
            if ((slot | sequence << 20) != ev.token)
                EQUAL(ipc_reply(slot | sequence << 20, &answer), UKERN_ESTALE);
    EQUAL(info_of(two).state, UKERN_TASK_SEND);
    reply_number(ev.token, 1);
    reply_number(expect(port, UKERN_EV_MESSAGE).token, 2);
    EQUAL(finish(one), 1);
    EQUAL(finish(two), 2);
}

TEST(token_killed, "a reply to a caller that was killed is stale; its successor is untouched")
{
    ukern_handle port = HANDLE(port_create()), task = play_number("caller", client(port, 1), 0);
    struct ukern_event old = expect(port, UKERN_EV_MESSAGE), new;

    destroy(task);
    task = play_number("caller", client(port, 2), 0); /* likely in the same place */
    for (;;) {
        EQUAL(ipc_recv(port, &new, SOON) >= 0, 1);
        if (new.type == UKERN_EV_MESSAGE)
            break;
        EQUAL(new.type, UKERN_EV_CANCELLED);
        EQUAL(new.token, old.token);
    }
    CHECK(new.token != old.token);
    EQUAL(ipc_reply(old.token, &answer), UKERN_ESTALE);
    EQUAL(info_of(task).state, UKERN_TASK_REPLY);
    reply_number(new.token, 5);
    EQUAL(finish(task), 5);
}

/* Calls twice, the first time with a short deadline. */
ROLE(impatient)
{
    ukern_handle port = given("port");
    struct ukern_msg m = message(1, 0);

    EQUAL(ipc_call_until(port, &m, clock_now() + 20 * MILLISECOND), UKERN_ETIMEDOUT);
    m = message(2, 0);
    OK(ipc_call(port, &m));
    return (int)m.w[0];
}

TEST(token_old_call, "a late reply to a call that timed out does not answer the next call")
{
    ukern_handle port = HANDLE(port_create()), task = play("impatient", client(port, 1));
    struct ukern_event old = expect(port, UKERN_EV_MESSAGE), new;

    await_state(task, UKERN_TASK_SEND);
    EQUAL(ipc_reply(old.token, &answer), UKERN_ESTALE);
    new = expect(port, UKERN_EV_CANCELLED);
    EQUAL(new.token, old.token);
    EQUAL(new.badge, 1);
    new = expect(port, UKERN_EV_MESSAGE);
    EQUAL(ipc_reply(old.token, &answer), UKERN_ESTALE);
    reply_number(new.token, 5);
    EQUAL(finish(task), 5);
}

TEST(token_no_reply_wanted, "a send leaves nothing that could be answered")
{
    ukern_handle port = HANDLE(port_create()), task = play_number("sender", client(port, 1), 0);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);

    EQUAL(ev.token, 0);
    EQUAL(ipc_reply(0, &answer), UKERN_ESTALE);
    EQUAL(finish(task), UKERN_OK);
}

TEST(token_failed_reply,
     "a reply that is refused leaves the caller waiting, and is received nothing after")
{
    ukern_handle port = HANDLE(port_create()), task = play_number("caller", client(port, 1), 0);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE), other;
    struct ukern_msg bad = {UKERN_TAG(0, 3), {0}}, none = {UKERN_TAG(0, 1), {0, 0, 0, 0, 0, 12345}};

    OK(notify(port, 1));
    EQUAL(ipc_reply(ev.token, &bad), UKERN_EINVAL);
    EQUAL(ipc_reply(ev.token, &none), UKERN_EHANDLE);
    EQUAL(ipc_reply_recv(ev.token, &bad, port, &other, 0), UKERN_EINVAL);
    EQUAL(ipc_reply_recv(ev.token ^ 1, &answer, port, &other, 0), UKERN_ESTALE);
    EQUAL(info_of(task).state, UKERN_TASK_REPLY);
    expect(port, UKERN_EV_NOTIFY);
    reply_number(ev.token, 5);
    EQUAL(finish(task), 5);
}
