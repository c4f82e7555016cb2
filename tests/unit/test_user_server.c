/* SPDX-License-Identifier: BSD-2-Clause */
/* libuser/server.c: with a kernel that plays a script of events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ukern/server.h>

/* What the server did, as text: one word a call. */
static char done[512];

static void say(const char *format, ...)
{
    va_list arguments;
    size_t n = strlen(done);

    va_start(arguments, format);
    vsnprintf(done + n, sizeof(done) - n, format, arguments);
    va_end(arguments);
}

/* ---- The kernel. ---- */

static struct ukern_event script[8];
static unsigned scripted, played;
static int refuse; /* the error of the next reply */
static uint64_t last_deadline;

int handle_close(ukern_handle h)
{
    say(" close%d", h);
    return UKERN_OK;
}

int ipc_recv(ukern_handle port, struct ukern_event *ev, uint64_t deadline)
{
    assert_int_equal(port, 4);
    last_deadline = deadline;
    if (played == scripted)
        return ev->type = UKERN_EREVOKED; /* ends the loop */
    *ev = script[played++];
    return ev->type;
}

static int reply(const char *how, uint64_t token, const struct ukern_msg *msg)
{
    int error = refuse;

    refuse = 0;
    if (error)
        return error;
    say(" %s%d:%d", how, (int)token, UKERN_TAG_LABEL(msg->tag));
    return UKERN_OK;
}

int ipc_reply(uint64_t token, const struct ukern_msg *msg)
{
    return reply("reply", token, msg);
}

int ipc_reply_recv(uint64_t token, const struct ukern_msg *msg, ukern_handle port,
                   struct ukern_event *ev, uint64_t deadline)
{
    int error = reply("replyrecv", token, msg);

    if (error) {
        memset(ev, 0, sizeof(*ev));
        return ev->type = error;
    }
    if (played == scripted)
        return ev->type = UKERN_ETIMEDOUT;
    return ipc_recv(port, ev, deadline);
}

/* ---- The server. ---- */

static int answer(struct server *s, struct request *r)
{
    (void)s;
    say(" answer");
    r->reply.tag = UKERN_TAG(7, 0);
    return SERVER_REPLY;
}

static int later(struct server *s, struct request *r)
{
    (void)s, (void)r;
    return SERVER_LATER;
}

static int refuse_it(struct server *s, struct request *r)
{
    (void)s;
    r->reply.tag = UKERN_TAG(7, 2); /* is forgotten */
    return UKERN_EBUSY;
}

static int take(struct server *s, struct request *r)
{
    (void)s;
    say(" take%d", request_take(r, (unsigned)r->msg.w[0]));
    assert_int_equal(request_take(r, (unsigned)r->msg.w[0]), UKERN_ENOENT);
    assert_int_equal(request_take(r, 2), UKERN_ENOENT);
    return SERVER_LATER;
}

static int stop(struct server *s, struct request *r)
{
    (void)r;
    server_stop(s, 3);
    return SERVER_REPLY;
}

/* Callers 21 and on are answered, as many as w0 says. */
static void answer_others(struct server *s, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        server_reply_last(s, 21 + i, &(struct ukern_msg){.tag = UKERN_TAG(i, 0)});
    say(" done");
}

static int others(struct server *s, struct request *r)
{
    answer_others(s, (unsigned)r->msg.w[0]);
    return SERVER_LATER;
}

static int all(struct server *s, struct request *r)
{
    answer_others(s, (unsigned)r->msg.w[0]);
    return SERVER_REPLY;
}

static const struct server_handler handlers[] = {
    {1, answer}, {2, later}, {3, refuse_it}, {4, take},
    {6, others}, {7, all},   {-5, stop},     {0, NULL},
};

static void undelivered(struct server *s, struct request *r, int error)
{
    (void)s;
    say(" undelivered%d:%d:%d", (int)r->token, UKERN_TAG_LABEL(r->reply.tag), error);
}

static void notified(struct server *s, uint64_t bits)
{
    (void)s;
    say(" bits%d", (int)bits);
}

static void hangup(struct server *s, uint64_t badge)
{
    (void)s;
    say(" hangup%d", (int)badge);
}

static void cancelled(struct server *s, uint64_t badge, uint64_t token)
{
    (void)s;
    say(" cancelled%d:%d", (int)badge, (int)token);
}

static void exited(struct server *s, uint64_t badge, uint64_t id, int code, int reason)
{
    (void)s;
    say(" exited%d:%d:%d:%d", (int)badge, (int)id, code, reason);
}

static int resume(struct server *s, const struct ukern_event *ev)
{
    (void)s, (void)ev;
    return UKERN_FAULT_RESUME;
}

static void timeout(struct server *s)
{
    say(" timeout");
    s->deadline = 0;
}

static struct server server;

static int begin(void **state)
{
    (void)state;
    scripted = played = 0;
    refuse = 0;
    done[0] = '\0';
    server = (struct server){
        .port = 4,
        .handlers = handlers,
        .undelivered = undelivered,
        .notified = notified,
        .hangup = hangup,
        .cancelled = cancelled,
        .exited = exited,
    };
    return 0;
}

static void message(int label, unsigned handles, uint64_t token, uint64_t w0)
{
    script[scripted++] = (struct ukern_event){
        .type = UKERN_EV_MESSAGE,
        .msg = {UKERN_TAG(label, handles), {w0, 0, 0, 0, 44, 55}},
        .token = token,
    };
}

static void test_replies(void **state)
{
    (void)state;
    message(1, 0, 11, 0);
    message(2, 0, 12, 0);
    message(3, 0, 13, 0);
    message(99, 0, 14, 0);
    message(1, 0, 0, 0); /* sent: no reply is wanted */
    assert_int_equal(server_run(&server), UKERN_EREVOKED);
    assert_string_equal(done, " answer replyrecv11:7 replyrecv13:-17 replyrecv14:-7 answer");
    assert_int_equal(last_deadline, UKERN_FOREVER);
}

static void test_handles_nobody_took(void **state)
{
    (void)state;
    message(1, 1, 11, 0);
    message(99, 2, 12, 0);
    message(2, 2, 0, 0);
    server_run(&server);
    assert_string_equal(
        done, " answer close55 replyrecv11:7 close44 close55 replyrecv12:-7 close44 close55");
}

static void test_handles_taken(void **state)
{
    (void)state;
    message(4, 1, 11, 0);
    message(4, 2, 12, 0);
    message(4, 2, 13, 1);
    message(4, 0, 14, 0);
    message(4, 1, 15, 1);
    server_run(&server);
    assert_string_equal(done, " take55 take44 close55 take55 close44 take-16 take-16 close55");
}

static void test_events(void **state)
{
    (void)state;
    script[0] = (struct ukern_event){.type = UKERN_EV_NOTIFY, .msg.tag = 6};
    script[1] = (struct ukern_event){.type = UKERN_EV_HANGUP, .badge = 8};
    script[2] = (struct ukern_event){.type = UKERN_EV_CANCELLED, .badge = 8, .token = 9};
    script[3] =
        (struct ukern_event){.type = UKERN_EV_EXIT, .badge = 1, .msg = {2, {(uint64_t)-3, 1}}};
    script[4] = (struct ukern_event){.type = UKERN_EV_FAULT, .badge = 1, .token = 10};
    script[5] = (struct ukern_event){.type = 1000};
    scripted = 6;
    server_run(&server);
    assert_string_equal(done, " bits6 hangup8 cancelled8:9 exited1:2:-3:1 replyrecv10:0");

    begin(NULL);
    server.notified = NULL, server.hangup = NULL, server.cancelled = NULL, server.exited = NULL;
    server.fault = resume;
    scripted = 6;
    server_run(&server);
    assert_string_equal(done, " replyrecv10:1");
}

static void test_refused_replies(void **state)
{
    static const struct {
        int error;
        const char *then;
    } cases[] = {
        {UKERN_ESTALE, " answer undelivered11:7:-11"},
        {UKERN_EPROTO, " answer undelivered11:7:-14 reply11:-24"},
        {UKERN_ETABLE, " answer undelivered11:7:-13 reply11:-5"},
    };

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        begin(NULL);
        message(1, 0, 11, 0);
        script[1] = (struct ukern_event){.type = UKERN_EV_HANGUP, .badge = 8};
        scripted = 2;
        refuse = cases[i].error;
        server_run(&server);
        assert_memory_equal(done, cases[i].then, strlen(cases[i].then));
        assert_string_equal(done + strlen(cases[i].then), " hangup8"); /* and it goes on */
    }
}

static void test_timeout(void **state)
{
    (void)state;
    message(1, 0, 11, 0);
    script[1] = (struct ukern_event){.type = UKERN_ETIMEDOUT};
    scripted = 2;
    server.deadline = 1000;
    server.timeout = timeout;
    server_run(&server);
    assert_string_equal(done, " answer replyrecv11:7 timeout"); /* the reply arrived */
    assert_int_equal(last_deadline, UKERN_FOREVER);
}

static void test_stop(void **state)
{
    (void)state;
    message(-5, 0, 11, 0);
    message(1, 0, 12, 0);
    assert_int_equal(server_run(&server), 3);
    assert_string_equal(done, " reply11:0");
    begin(NULL);
    message(-5, 0, 11, 0);
    refuse = UKERN_EINVAL;
    assert_int_equal(server_run(&server), 3);
    assert_string_equal(done, " undelivered11:0:-1 reply11:-24");
}

static void undelivered_stop(struct server *s, struct request *r, int error)
{
    undelivered(s, r, error);
    server_stop(s, 5);
}

/* Also if undelivered() wants it: nothing more is received. */
static void test_stop_undelivered(void **state)
{
    (void)state;
    for (int label = 6; label <= 7; label++) {
        begin(NULL);
        message(label, 0, 11, 1);
        message(1, 0, 12, 0);
        server.undelivered = undelivered_stop;
        refuse = UKERN_ESTALE;
        assert_int_equal(server_run(&server), 5);
        assert_string_equal(done, label == 6 ? " done undelivered21:0:-11"
                                             : " done undelivered21:0:-11 reply11:0");
    }
    begin(NULL);
    message(1, 0, 11, 0);
    message(1, 0, 12, 0);
    server.undelivered = undelivered_stop;
    refuse = UKERN_ESTALE;
    assert_int_equal(server_run(&server), 5);
    assert_string_equal(done, " answer undelivered11:7:-11");
}

static void notified_last(struct server *s, uint64_t bits)
{
    answer_others(s, (unsigned)bits);
}

/* The last of several replies leaves with the receive, if the request itself is not replied to. */
static void test_last_replies(void **state)
{
    (void)state;
    message(6, 0, 11, 2);
    message(7, 0, 12, 1);
    message(2, 0, 13, 0);
    script[scripted++] = (struct ukern_event){.type = UKERN_EV_NOTIFY, .msg.tag = 1};
    server.notified = notified_last;
    server_run(&server);
    assert_string_equal(done, " reply21:0 done replyrecv22:1 done reply21:0 replyrecv12:0"
                              " done replyrecv21:0");

    begin(NULL);
    message(6, 0, 11, 1);
    refuse = UKERN_EPROTO;
    server_run(&server);
    assert_string_equal(done, " done undelivered21:0:-14 reply21:-24");

    begin(NULL);
    message(7, 0, 11, 1);
    refuse = UKERN_ESTALE;
    server_run(&server);
    assert_string_equal(done, " done undelivered21:0:-11 replyrecv11:0");

    begin(NULL);
    message(6, 0, 11, 1);
    message(-5, 0, 12, 0);
    server_run(&server);
    assert_string_equal(done, " done replyrecv21:0 reply12:0");
}

static void test_no_handlers(void **state)
{
    (void)state;
    server.handlers = NULL;
    message(0, 0, 11, 0);
    server_run(&server);
    assert_string_equal(done, " replyrecv11:-7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_replies, begin),
        cmocka_unit_test_setup(test_handles_nobody_took, begin),
        cmocka_unit_test_setup(test_handles_taken, begin),
        cmocka_unit_test_setup(test_events, begin),
        cmocka_unit_test_setup(test_refused_replies, begin),
        cmocka_unit_test_setup(test_timeout, begin),
        cmocka_unit_test_setup(test_stop, begin),
        cmocka_unit_test_setup(test_stop_undelivered, begin),
        cmocka_unit_test_setup(test_last_replies, begin),
        cmocka_unit_test_setup(test_no_handlers, begin),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
