/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns (socket_abi.h): a server sends and waits for what comes next in one call, over memory that
 * it shares with netserv, its desk. The client writes the desk at any time: its bytes are copied
 * before anything depends on them, and nothing else lies there.
 */
#include <string.h>
#include <ukern/memory.h>

#include "sock.h"

static struct sock *changed; /* sets whose waiters may be served */
static struct sock *desks;   /* all that take turns */
static uint64_t soonest =
    UKERN_FOREVER; /* when the first of their waiters wants an answer; or earlier */

/* So there is memory for them and for the rings of all sockets. One client cannot have them all. */
#define DESKS_MAX  24
#define DESK_SHARE (DESKS_MAX - 4)

static bool is_room(uint64_t owner)
{
    unsigned all = 0, same = 0;

    for (const struct sock *set = desks; set != NULL; set = set->desk_next) {
        all++;
        same += set->owner == owner;
    }
    return all < DESKS_MAX && same < DESK_SHARE;
}

int set_desk(struct sock *set, struct request *r)
{
    void *memory;
    int error;

    if (set->kind != SOCK_SET)
        return UKERN_EINVAL;
    if (set->desk == NULL) {
        ukern_handle shm =
            is_room(set->owner) ? shm_create(SOCKET_DESK, UKERN_SHM_NORMAL) : SOCKET_ENOBUFS;

        if (shm < 0)
            return SOCKET_ENOBUFS;
        error = shm_map(shm, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &memory);
        if (error != UKERN_OK) {
            handle_close(shm);
            return SOCKET_ENOBUFS;
        }
        set->desk = memory;
        set->desk_shm = shm;
        set->until = UKERN_FOREVER;
        set->desk_next = desks;
        desks = set;
    }
    r->reply = (struct ukern_msg){UKERN_TAG(UKERN_OK, 1), {0}};
    r->reply.w[5] = UKERN_SEND_HANDLE(set->desk_shm, UKERN_R_READ | UKERN_R_WRITE);
    return SERVER_REPLY;
}

static void free_desk(struct sock *set)
{
    if (set->desk == NULL)
        return;
    shm_unmap(set->desk);
    shm_destroy(set->desk_shm); /* its client may have kept it, but not memory that we pay for */
    handle_close(set->desk_shm);
    set->desk = NULL;
}

/* What the turn sends: bytes that were taken, or an error. */
static int64_t send_part(struct sock *set, const struct request *r)
{
    uint64_t member = (uint32_t)r->msg.w[0], at = (uint32_t)r->msg.w[1], n = r->msg.w[1] >> 32;
    struct sock *s = sock_at(member);

    if (at > SOCKET_DESK || n > SOCKET_DESK - at)
        return UKERN_EINVAL;
    if (s == NULL || s->set != set)
        return SOCKET_ENOTCONN;
    if (s->kind == SOCK_TCP)
        return stream_put(s, set->desk + at, n);
    return s->kind == SOCK_UDP ? datagram_put(s, set->desk + at, n, &r->msg.w[2]) : UKERN_EINVAL;
}

/* The next member with an event; a connection of it is in the reply. NULL: there is none. */
static struct sock *next(struct sock *set, struct ukern_msg *reply)
{
    struct sock *first = NULL, *s;

    while ((s = set_next(set)) != NULL && s != first) {
        if (s->kind != SOCK_LISTENER || accept_offer(s, reply) == UKERN_OK)
            return s;
        first = first == NULL ? s : first; /* no memory: it waits, others need not */
    }
    return NULL;
}

/* The event whose bytes lie on the desk already. */
static struct sock *brought_event(struct sock *set, struct ukern_msg *reply)
{
    struct sock *s = set->brought.from;
    uint64_t n = set->brought.bytes, ready = sock_ready(s) & (s->wanted | STREAM_HANGUP);

    set->brought.from = NULL;
    if (s->kind == SOCK_UDP)
        memcpy(&reply->w[2], set->brought.address, sizeof set->brought.address);
    reply->w[0] = s->data | (ready | STREAM_IN) << 32;
    reply->w[1] = sock_index(s) | n << 32;
    return s;
}

/* The next event of the set into the reply; the member that it is of, or NULL. */
static struct sock *event(struct sock *set, struct ukern_msg *reply)
{
    struct sock *s = next(set, reply), *about = s;
    uint8_t *in = set->desk + SOCKET_DESK_IN;
    uint64_t ready, n = 0;

    if (s == NULL)
        return NULL;
    ready = sock_ready(s) & (s->wanted | STREAM_HANGUP);
    reply->w[0] = s->data | ready << 32;
    if (s->kind == SOCK_LISTENER) {
        about = s->first;
        about->wanted = STREAM_IN;
        about->data = s->data;
    } else if ((ready & STREAM_IN) && s->kind == SOCK_TCP) {
        n = stream_peek(s, in, s->most);
    } else if ((ready & STREAM_IN) && s->kind == SOCK_UDP) {
        n = datagram_peek(s, in, SOCKET_DESK_MOST, &reply->w[2]);
    }
    reply->w[1] = sock_index(about) | n << 32;
    return s;
}

/* A connection is the client's if it can be delivered; else it waits for another. */
static void answer_connection(struct sock *listener, uint64_t token, const struct ukern_msg *reply)
{
    int error = server_reply(token, reply);

    accept_settle(listener, reply, error == UKERN_OK);
    if (error != UKERN_OK && error != UKERN_ESTALE)
        sock_answer(token, UKERN_ENOMEM);
}

/* The client has not got the bytes that lie on its desk. */
static void take_back(struct sock *s, const struct ukern_msg *reply)
{
    const uint8_t *bytes = s->set->desk + SOCKET_DESK_IN;

    if (s->kind == SOCK_TCP)
        stream_untaken(s, bytes, reply->w[1] >> 32);
    else
        datagram_untaken(s, bytes, reply->w[1] >> 32, &reply->w[2]);
}

/* The answer with bytes that was given last: its caller may have died. */
static struct {
    uint64_t token;
    struct ukern_msg reply;
    struct sock *from;
} told;

/* Others who wait for the same set need the desk before an answer leaves that is the last. */
static bool others_wait(const struct sock *set, uint64_t token)
{
    const struct waiter *w = set->rx.waiting[PIPE_READ_END].head;

    return w != NULL && (w->token != token || w->next != NULL);
}

static void tell(struct sock *s, uint64_t token, const struct ukern_msg *reply)
{
    int error;

    if (others_wait(s->set, token)) {
        error = server_reply(token, reply);
        if (error != UKERN_OK)
            take_back(s, reply);
        if (error != UKERN_OK && error != UKERN_ESTALE)
            sock_answer(token, UKERN_EIO);
        return;
    }
    answer_last(token, reply); /* the one before it leaves now, and may come back */
    told.token = token;
    told.from = s;
    told.reply = *reply;
}

void turn_undelivered(uint64_t token)
{
    struct sock *s = told.from;

    if (token != told.token || s == NULL)
        return;
    told.from = NULL;
    take_back(s, &told.reply);
    sets_serve(0);
}

static void answer_bytes(struct sock *s, uint64_t token, const struct ukern_msg *reply)
{
    uint64_t n = reply->w[1] >> 32;
    bool datagram = s->kind == SOCK_UDP && (reply->w[0] >> 32 & STREAM_IN);

    if (datagram)
        datagram_taken(s);
    else if (n > 0)
        stream_taken(s, n);
    if (datagram || n > 0)
        tell(s, token, reply);
    else
        answer_last(token, reply);
}

/* Answer a turn. false: there is no event, and it waits for one. */
static bool answer(struct sock *set, uint64_t token, int64_t sent, bool wait)
{
    struct ukern_msg reply = {UKERN_TAG(sent, 0), {0}};
    struct sock *s;

    if (set->brought.from != NULL) {
        s = brought_event(set, &reply);
        tell(s, token, &reply);
        return true;
    }
    s = event(set, &reply);
    reply.tag = UKERN_TAG(sent, s != NULL && s->kind == SOCK_LISTENER);
    if (s != NULL && s->kind == SOCK_LISTENER)
        answer_connection(s, token, &reply);
    else if (s != NULL)
        answer_bytes(s, token, &reply);
    else if (wait)
        return false;
    else
        answer_last(token, &reply);
    return true;
}

int set_turn(struct sock *set, struct request *r)
{
    uint64_t flags = r->msg.w[0] >> 32, asked = r->msg.w[1] >> 32, until = r->msg.w[5];
    int64_t sent = 0;
    bool wait = !(flags & STREAM_NONBLOCK);

    if (set->kind != SOCK_SET || set->desk == NULL ||
        (flags & ~(uint64_t)(STREAM_NONBLOCK | SOCKET_TURN_SEND)))
        return UKERN_EINVAL;
    if (flags & SOCKET_TURN_SEND) {
        sent = send_part(set, r);
        if (sent < 0 || (uint64_t)sent < asked) {
            r->reply.tag = UKERN_TAG(sent, 0);
            return SERVER_REPLY;
        }
    }
    if (answer(set, r->token, sent, wait))
        return SERVER_LATER;
    set->until = until > 0 ? until : UKERN_FOREVER;
    if (set->until < soonest)
        soonest = set->until;
    r->msg.w[0] = (uint64_t)sent; /* kept for the answer */
    return sock_wait(set, PIPE_READ_END, r, true);
}

static void is_due(struct sock *set)
{
    if (set->changed)
        return;
    set->changed = true;
    set->changed_next = changed;
    changed = set;
}

void set_changed(struct sock *s)
{
    struct sock *set = s->set;

    if (set != NULL && !set->changed && set->rx.waiting[PIPE_READ_END].head != NULL &&
        s->wanted != 0 && (sock_ready(s) & (s->wanted | STREAM_HANGUP)))
        is_due(set);
}

uint8_t *set_bring(struct sock *s, uint64_t n, const uint64_t address[3])
{
    struct sock *set = s->set;
    const struct waiter *w = set != NULL ? set->rx.waiting[PIPE_READ_END].head : NULL;
    struct brought *b;

    if (w == NULL || !w->by_message || !(s->wanted & STREAM_IN) ||
        s->rx.waiting[PIPE_READ_END].head != NULL)
        return NULL;
    b = &set->brought;
    if (b->from == NULL)
        b->bytes = 0;
    else if (b->from != s || address != NULL)
        return NULL;
    if (b->bytes + n > (address != NULL ? SOCKET_DESK_MOST : s->most))
        return NULL;
    if (address != NULL)
        memcpy(b->address, address, sizeof b->address);
    b->from = s;
    b->bytes += n;
    is_due(set);
    return set->desk + SOCKET_DESK_IN + b->bytes - n;
}

/* Tell those who wait for a set; `late`: if there is nothing to be told, then that. */
static void serve(struct sock *set, bool late)
{
    struct waiter *w;

    while ((w = set->rx.waiting[PIPE_READ_END].head) != NULL) {
        if (!(w->by_message ? answer(set, w->token, (int64_t)w->length, !late)
                            : set_tell(set, w->token)))
            break;
        sock_waited(pipe_forget_token(&set->rx, PIPE_READ_END, w->token));
    }
}

/* Some have waited long enough. */
static void serve_late(uint64_t now)
{
    soonest = UKERN_FOREVER;
    for (struct sock *set = desks; set != NULL; set = set->desk_next) {
        if (set->until <= now) {
            set->until = UKERN_FOREVER; /* who waits on, waits for events alone */
            serve(set, true);
        }
        if (set->until < soonest)
            soonest = set->until;
    }
}

uint64_t sets_serve(uint64_t now)
{
    struct sock *set;

    while ((set = changed) != NULL) {
        changed = set->changed_next;
        set->changed = false;
        serve(set, false);
    }
    if (soonest <= now)
        serve_late(now);
    return soonest;
}

void turn_leave(const struct sock *s)
{
    if (s->set->brought.from == s)
        s->set->brought.from = NULL;
    if (told.from == s)
        told.from = NULL;
}

void turn_close(struct sock *set)
{
    for (struct sock **link = &changed; *link != NULL; link = &(*link)->changed_next)
        if (*link == set) {
            *link = set->changed_next;
            break;
        }
    for (struct sock **link = &desks; *link != NULL; link = &(*link)->desk_next)
        if (*link == set) {
            *link = set->desk_next;
            break;
        }
    free_desk(set);
}
