/* SPDX-License-Identifier: BSD-2-Clause */
#include "transfer.h"

#include <string.h>

#include <ukern/stream.h>

#define unlikely(x) __builtin_expect(!!(x), 0)

/* Copy between a message's words and the ring. */
static void copy_words(const struct channel *c, enum pipe_side side, char *words,
                       struct segment segment)
{
    if (side == PIPE_READ_END)
        memcpy(words, c->bytes + segment.offset, segment.length);
    else
        memcpy(c->bytes + segment.offset, words, segment.length);
}

/* The reply that is an error, or to a request by message, whose four words data are. */
static __attribute__((noinline)) void fill_message(const struct channel *c, enum pipe_side side,
                                                   int64_t n, struct segment first,
                                                   struct segment second, uint64_t *data,
                                                   struct ukern_msg *reply)
{
    char *words = (char *)(side == PIPE_READ_END ? &reply->w[2] : data);

    *reply = (struct ukern_msg){.tag = UKERN_TAG(n, 0)};
    if (n > 0) {
        copy_words(c, side, words, first);
        copy_words(c, side, words + first.length, second);
    }
}

/* The reply to a pending read or write that goes on with n bytes. */
static inline void fill_segments(const struct channel *c, int64_t n,
                                 const struct segment segment[2], struct ukern_msg *reply)
{
    reply->tag = UKERN_TAG(0, 0);
    reply->w[0] = (uint64_t)n;
    reply->w[1] = (uint64_t)c->shm;
    reply->w[2] = segment[0].offset;
    reply->w[3] = segment[0].length;
    reply->w[4] = segment[1].offset;
    reply->w[5] = segment[1].length;
}

/* The caller's memory was not what it must be; it may still be waiting. */
static __attribute__((noinline)) void answer_failure(uint64_t token)
{
    const struct ukern_msg sorry = {.tag = UKERN_TAG(UKERN_EIO, 0)};

    server_reply(token, &sorry);
}

static __attribute__((noinline)) int answer_message(const struct channel *c, uint64_t token,
                                                    enum pipe_side side, int64_t n,
                                                    struct segment first, struct segment second,
                                                    uint64_t *data)
{
    struct ukern_msg reply;

    fill_message(c, side, n, first, second, data, &reply);
    return server_reply(token, &reply);
}

/* Answer a read or write that may go on with n bytes, or that failed with n. data: NULL for a
 * pending call; else the message's four words. false: it reached nobody. */
static inline bool answer(const struct channel *c, uint64_t token, enum pipe_side side, int64_t n,
                          const struct segment segment[2], uint64_t *data)
{
    struct ukern_msg reply;
    int error;

    if (unlikely(n < 0 || data != NULL)) {
        error = answer_message(c, token, side, n, segment[0], segment[1], data);
    } else {
        fill_segments(c, n, segment, &reply);
        error = ipc_reply(token, &reply);
    }
    if (unlikely(error != UKERN_OK && error != UKERN_ESTALE))
        answer_failure(token);
    return error == UKERN_OK;
}

static bool deliver(void *context, struct pipe *p, enum pipe_side side, struct waiter *w,
                    int64_t result, const struct segment segment[2])
{
    bool delivered =
        answer(context, w->token, side, result, segment, w->by_message ? w->data : NULL);

    (void)p;
    channel_release(context, w);
    return delivered;
}

void transfer_changed(struct channel *c)
{
    pipe_serve(&c->pipe, deliver, c);
    for (int side = 0; side < 2; side++)
        if (c->watch[side] != NULL)
            watch_wake(&c->watch[side], pipe_ready(&c->pipe, side));
}

static __attribute__((noinline)) int wait_for_turn(struct channel *c, enum pipe_side side,
                                                   const struct request *r, bool by_message)
{
    struct waiter *w = channel_waiter(c, side);

    if (w == NULL)
        return UKERN_ENOMEM;
    w->token = r->token;
    w->badge = r->badge;
    w->length = r->msg.w[0];
    w->by_message = by_message;
    if (by_message)
        memcpy(w->data, &r->msg.w[2], sizeof w->data);
    pipe_wait(&c->pipe, side, w);
    return SERVER_LATER;
}

/* Reply to r with the next receive, n bytes or an error; they are booked already, see
 * undelivered(). */
static inline int reply_next(struct channel *c, enum pipe_side side, int64_t n, uint64_t *data,
                             struct request *r)
{
    struct segment segment[2] = {{0, 0}, {0, 0}};

    if (n >= 0)
        pipe_place(&c->pipe, side, (uint64_t)n, segment);
    if (unlikely(n < 0 || data != NULL))
        fill_message(c, side, n, segment[0], segment[1], data, &r->reply);
    else
        fill_segments(c, n, segment, &r->reply);
    if (n > 0)
        pipe_book(&c->pipe, side, (uint64_t)n);
    return SERVER_REPLY;
}

/* The only one who waits in c, on this side, goes on if it can: r becomes its request, as far as
 * the reply and undelivered() need it. r->msg stays: its handles, that nobody took, will be closed.
 */
static int resume_only(struct channel *c, enum pipe_side side, struct request *r)
{
    struct waiter_queue *q = &c->pipe.waiting[side];
    struct waiter *w = q->head;
    int64_t n = pipe_offer(&c->pipe, side, w->length, true);

    if (n == UKERN_EAGAIN)
        return SERVER_LATER;
    q->head = q->tail = NULL;
    if (w->by_message)
        r->label = side == PIPE_READ_END ? STREAM_READ_INLINE : STREAM_WRITE_INLINE;
    else
        r->label = side == PIPE_READ_END ? STREAM_READ : STREAM_WRITE;
    r->token = w->token;
    r->badge = w->badge;
    reply_next(c, side, n, w->by_message ? w->data : NULL, r);
    channel_release(c, w);
    return SERVER_REPLY;
}

/* The request goes on with n bytes, and others may then: who waits on the other side, or watches.
 */
static __attribute__((noinline)) int pass_on(struct channel *c, enum pipe_side side, int64_t n,
                                             uint64_t *data, struct request *r)
{
    const struct waiter *other = c->pipe.waiting[!side].head;
    struct segment segment[2];

    pipe_place(&c->pipe, side, (uint64_t)n, segment);
    if (!answer(c, r->token, side, n, segment, data))
        return SERVER_LATER;
    pipe_book(&c->pipe, side, (uint64_t)n);
    if (other != NULL && other->next == NULL && c->watch[0] == NULL && c->watch[1] == NULL)
        return resume_only(c, !side, r);
    transfer_changed(c);
    return SERVER_LATER;
}

/* A read or write: now, or when its turn comes. Inline, for each of its four callers has constant
 * arguments. */
static inline __attribute__((always_inline)) int transfer(struct request *r, enum pipe_side side,
                                                          bool by_message)
{
    uint64_t length = r->msg.w[0], flags = r->msg.w[1];
    uint64_t *data = by_message ? &r->msg.w[2] : NULL;
    const struct end *e = end_find(r->badge);
    int64_t n = UKERN_EAGAIN;
    struct channel *c;

    if (unlikely(r->token == 0))
        return SERVER_LATER; /* it would not get the bytes */
    if (unlikely(e == NULL))
        return UKERN_EIO; /* of a pipeserv that is no more */
    if (unlikely(e->side != side || (flags & ~(uint64_t)STREAM_NONBLOCK)))
        return UKERN_EINVAL;
    c = e->channel;
    if (by_message && channel_bytes(c) == NULL)
        return UKERN_ENOMEM;
    if (c->pipe.waiting[side].head == NULL)
        n = pipe_offer(&c->pipe, side, length, !(flags & STREAM_NONBLOCK));
    if (n == UKERN_EAGAIN)
        return flags & STREAM_NONBLOCK ? UKERN_EAGAIN : wait_for_turn(c, side, r, by_message);
    if (unlikely(n < 0))
        return (int)n;
    if (c->pipe.waiting[!side].head != NULL || c->watch[!side] != NULL)
        return pass_on(c, side, n, data, r);
    return reply_next(c, side, n, data, r);
}

int transfer_read(struct server *s, struct request *r)
{
    (void)s;
    return transfer(r, PIPE_READ_END, false);
}

int transfer_write(struct server *s, struct request *r)
{
    (void)s;
    return transfer(r, PIPE_WRITE_END, false);
}

int transfer_read_inline(struct server *s, struct request *r)
{
    (void)s;
    return r->msg.w[0] > STREAM_INLINE_MAX ? UKERN_EINVAL : transfer(r, PIPE_READ_END, true);
}

int transfer_write_inline(struct server *s, struct request *r)
{
    (void)s;
    return r->msg.w[0] > STREAM_INLINE_MAX ? UKERN_EINVAL : transfer(r, PIPE_WRITE_END, true);
}

void transfer_refuse(struct channel *c, enum pipe_side side, struct waiter *w, int error)
{
    static const struct segment nothing[2];

    deliver(c, &c->pipe, side, w, error, nothing);
}

void transfer_undo(struct channel *c, const struct request *r)
{
    int32_t label = UKERN_TAG_LABEL(r->reply.tag);

    if (r->label == STREAM_READ)
        pipe_untake(&c->pipe, r->reply.w[0]);
    else if (r->label == STREAM_READ_INLINE)
        pipe_untake(&c->pipe, (uint64_t)label);
    else if (r->label == STREAM_WRITE)
        pipe_unput(&c->pipe, r->reply.w[0]);
    else if (r->label == STREAM_WRITE_INLINE)
        pipe_unput(&c->pipe, (uint64_t)label);
}
