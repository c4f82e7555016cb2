/* SPDX-License-Identifier: BSD-2-Clause */
/* The loop of a server: one system call a request. */
#include <stdbool.h>
#include <stddef.h>
#include <ukern/server.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

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
static inline bool handle_message(struct server *s, struct request *r)
{
    const struct server_handler *handler = find_handler(s, r->label);
    int result = UKERN_ENOSYS;

    if (handler)
        result = handler->handle(s, r);
    if (unlikely(r->untaken))
        close_untaken(r);
    if (result == SERVER_LATER || !r->token)
        return false;
    if (unlikely(result < 0))
        r->reply = (struct ukern_msg){.tag = UKERN_TAG(result, 0)};
    return true;
}

/* What came becomes a request. Word by word: so ev stays in registers, and no memset() is called.
 */
static inline void start_request(struct request *r, const struct ukern_event *ev)
{
    r->label = UKERN_TAG_LABEL(ev->msg.tag);
    r->msg.tag = ev->msg.tag;
    r->msg.w[0] = ev->msg.w[0];
    r->msg.w[1] = ev->msg.w[1];
    r->msg.w[2] = ev->msg.w[2];
    r->msg.w[3] = ev->msg.w[3];
    r->msg.w[4] = ev->msg.w[4];
    r->msg.w[5] = ev->msg.w[5];
    r->badge = ev->badge;
    r->token = ev->token;
    r->reply.tag = 0;
    for (unsigned i = 0; i < UKERN_MSG_WORDS; i++)
        r->reply.w[i] = 0;
    r->untaken = (1u << UKERN_TAG_HANDLES(ev->msg.tag)) - 1;
}

/* Anything but a message. A fault wants an answer: true, and it is in r->reply. */
static __attribute__((noinline)) bool handle_event(struct server *s, const struct ukern_event *ev,
                                                   struct request *r)
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

/* A reply without a receive. */
static void reply_now(struct server *s, struct request *r)
{
    int error = ipc_reply(r->token, &r->reply);

    if (error < 0)
        reply_failed(s, r, error);
}

/* undelivered() may have left another. */
static void send_last(struct server *s)
{
    while (s->last) {
        struct request r = {.token = s->last, .reply = s->last_reply};

        s->last = 0;
        reply_now(s, &r);
    }
}

/* One was left for the receive, which takes it if no other reply is due. */
static __attribute__((noinline)) void take_last(struct server *s, struct request *r, bool reply_due)
{
    if (reply_due) {
        send_last(s);
        return;
    }
    r->label = 0;
    r->token = s->last;
    r->reply = s->last_reply;
    r->untaken = 0;
    s->last = 0;
}

/* Send the reply that is due, if any, and get the next event. */
static inline int next_event(struct server *s, struct request *r, bool reply_due,
                             struct ukern_event *ev)
{
    uint64_t deadline = s->deadline ? s->deadline : UKERN_FOREVER;
    int type;

    if (likely(reply_due)) {
        type = ipc_reply_recv(r->token, &r->reply, s->port, ev, deadline);
        if (likely(type >= 0) || type == UKERN_ETIMEDOUT)
            return type; /* a receive that timed out comes after a reply that arrived */
        reply_failed(s, r, type);
        send_last(s);
        if (s->stop)
            return UKERN_ECANCELED; /* by undelivered() */
    }
    return ipc_recv(s->port, ev, deadline);
}

int server_run(struct server *s)
{
    struct request request = {0};
    struct ukern_event ev;
    bool reply_due = false;

    s->stop = 0;
    while (likely(!s->stop)) {
        int type = next_event(s, &request, reply_due, &ev);

        if (likely(type == UKERN_EV_MESSAGE)) {
            start_request(&request, &ev);
            reply_due = handle_message(s, &request);
            if (unlikely(s->last)) {
                take_last(s, &request, reply_due);
                reply_due = true;
            }
            continue;
        }
        reply_due = false;
        if (type > 0) {
            struct ukern_event other = ev; /* so that ev itself may stay in registers */

            reply_due = handle_event(s, &other, &request);
        } else if (type != UKERN_ETIMEDOUT) {
            return s->stop ? s->code : type;
        } else if (s->timeout) {
            s->timeout(s);
        } else {
            s->deadline = 0; /* nobody to tell: do not spin */
        }
        if (s->last) {
            take_last(s, &request, reply_due);
            reply_due = true;
        }
    }
    if (reply_due)
        reply_now(s, &request);
    send_last(s);
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

void server_reply_last(struct server *s, uint64_t token, const struct ukern_msg *msg)
{
    if (s->last)
        send_last(s);
    s->last = token;
    s->last_reply = *msg;
}
