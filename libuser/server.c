/* SPDX-License-Identifier: BSD-2-Clause */
/* The loop of a server: one system call a request. */
#include <stdbool.h>
#include <stddef.h>
#include <ukern/server.h>

ukern_handle request_take(struct request *r, unsigned i)
{
    unsigned count = UKERN_TAG_HANDLES(r->msg.tag);

    if (i >= 2 || !(r->untaken & (1u << i)))
        return UKERN_ENOENT;
    r->untaken &= ~(1u << i);
    return (ukern_handle)r->msg.w[UKERN_MSG_WORDS - count + i];
}

static void close_untaken(struct request *r)
{
    for (unsigned i = 0; r->untaken; i++) {
        ukern_handle h = request_take(r, i);

        if (h >= 0)
            handle_close(h);
    }
}

static const struct server_handler *find_handler(const struct server *s, int label)
{
    for (const struct server_handler *h = s->handlers; h && h->handle; h++) {
        if (h->label == label)
            return h;
    }
    return NULL;
}

/* The request in r; its reply is in r->reply if the result is true. */
static bool handle_message(struct server *s, const struct ukern_event *ev, struct request *r)
{
    const struct server_handler *handler;
    int result = UKERN_ENOSYS;

    r->label = UKERN_TAG_LABEL(ev->msg.tag);
    r->msg = ev->msg;
    r->badge = ev->badge;
    r->token = ev->token;
    r->reply.tag = 0;
    for (unsigned i = 0; i < UKERN_MSG_WORDS; i++)
        r->reply.w[i] = 0; /* stores, not a call of memset() as for an initialiser */
    r->untaken = (1u << UKERN_TAG_HANDLES(ev->msg.tag)) - 1;

    handler = find_handler(s, r->label);
    if (handler)
        result = handler->handle(s, r);
    if (r->untaken)
        close_untaken(r);
    if (result == SERVER_LATER || !r->token)
        return false;
    if (result < 0)
        r->reply = (struct ukern_msg){.tag = UKERN_TAG(result, 0)};
    return true;
}

/* Anything but a message. A fault wants an answer: true, and it is in r->reply. */
static bool handle_event(struct server *s, const struct ukern_event *ev, struct request *r)
{
    int verdict;

    switch (ev->type) {
    case UKERN_EV_NOTIFY:
        if (s->notified)
            s->notified(s, ev->msg.tag);
        break;
    case UKERN_EV_HANGUP:
        if (s->hangup)
            s->hangup(s, ev->badge);
        break;
    case UKERN_EV_CANCELLED:
        if (s->cancelled)
            s->cancelled(s, ev->badge, ev->token);
        break;
    case UKERN_EV_EXIT:
        if (s->exited)
            s->exited(s, ev->badge, ev->msg.tag, (int)ev->msg.w[0], (int)ev->msg.w[1]);
        break;
    case UKERN_EV_FAULT:
        verdict = s->fault ? s->fault(s, ev) : UKERN_FAULT_KILL;
        *r = (struct request){.token = ev->token, .reply.tag = UKERN_TAG(verdict, 0)};
        return true;
    }
    return false;
}

/* The reply was refused: the server takes back what it did, and a caller that still waits gets an
 * error. */
static void reply_failed(struct server *s, struct request *r, int error)
{
    struct ukern_msg sorry = {
        .tag = UKERN_TAG(error == UKERN_ETABLE ? UKERN_ENOMEM : UKERN_EIO, 0),
    };

    if (s->undelivered)
        s->undelivered(s, r, error);
    if (error != UKERN_ESTALE)
        ipc_reply(r->token, &sorry);
}

/* Send the reply that is due, if any, and get the next event. */
static int next_event(struct server *s, struct request *r, bool reply_due, struct ukern_event *ev)
{
    uint64_t deadline = s->deadline ? s->deadline : UKERN_FOREVER;
    int type;

    if (!reply_due)
        return ipc_recv(s->port, ev, deadline);
    type = ipc_reply_recv(r->token, &r->reply, s->port, ev, deadline);
    if (type >= 0 || type == UKERN_ETIMEDOUT)
        return type; /* a receive that timed out comes after a reply that arrived */
    reply_failed(s, r, type);
    return ipc_recv(s->port, ev, deadline);
}

int server_run(struct server *s)
{
    struct request request = {0};
    struct ukern_event ev;
    bool reply_due = false;

    s->stop = 0;
    while (!s->stop) {
        int type = next_event(s, &request, reply_due, &ev);

        reply_due = false;
        if (type == UKERN_EV_MESSAGE)
            reply_due = handle_message(s, &ev, &request);
        else if (type > 0)
            reply_due = handle_event(s, &ev, &request);
        else if (type != UKERN_ETIMEDOUT)
            return type;
        else if (s->timeout)
            s->timeout(s);
        else
            s->deadline = 0; /* nobody to tell: do not spin */
    }
    if (reply_due) {
        int status = ipc_reply(request.token, &request.reply);

        if (status < 0)
            reply_failed(s, &request, status);
    }
    return s->code;
}

void server_stop(struct server *s, int code)
{
    s->stop = 1;
    s->code = code;
}

int server_reply(uint64_t token, const struct ukern_msg *msg)
{
    return ipc_reply(token, msg);
}
