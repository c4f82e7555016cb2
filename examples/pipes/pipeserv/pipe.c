/* SPDX-License-Identifier: BSD-2-Clause */
#include "pipe.h"

#include <stddef.h>
#include <ukern/abi/errors.h>
#include <ukern/stream.h>

_Static_assert(PIPE_BUF == STREAM_PIPE_BUF, "clients rely on it");

static uint64_t min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void pipe_init(struct pipe *p, uint64_t size)
{
    *p = (struct pipe){.size = size, .ends = {1, 1}};
}

int64_t pipe_read_offer(const struct pipe *p, uint64_t want)
{
    if (want == 0)
        return 0;
    if (p->used == 0)
        return p->ends[PIPE_WRITE_END] == 0 ? 0 : UKERN_EAGAIN;
    return (int64_t)min(want, p->used);
}

int64_t pipe_write_offer(const struct pipe *p, uint64_t want, bool patient)
{
    uint64_t room = p->size - p->used;
    uint64_t least = 1;

    if (p->ends[PIPE_READ_END] == 0)
        return UKERN_EPIPE;
    if (want <= PIPE_BUF)
        least = want;
    else if (patient)
        least = min(want, p->size / 2);
    return room < least ? UKERN_EAGAIN : (int64_t)min(want, room);
}

/* n bytes of the ring from `at` on; at < 2 * size. */
static void split(const struct pipe *p, uint64_t at, uint64_t n, struct segment segment[2])
{
    if (at >= p->size)
        at -= p->size;
    segment[0] = (struct segment){at, min(n, p->size - at)};
    segment[1] = (struct segment){0, n - segment[0].length};
}

void pipe_oldest(const struct pipe *p, uint64_t n, struct segment segment[2])
{
    split(p, p->start, n, segment);
}

void pipe_room(const struct pipe *p, uint64_t n, struct segment segment[2])
{
    split(p, p->start + p->used, n, segment);
}

void pipe_put(struct pipe *p, uint64_t n)
{
    p->used += n;
}

void pipe_unput(struct pipe *p, uint64_t n)
{
    p->used -= n;
}

void pipe_take(struct pipe *p, uint64_t n)
{
    p->start += n;
    if (p->start >= p->size)
        p->start -= p->size;
    p->used -= n;
}

void pipe_untake(struct pipe *p, uint64_t n)
{
    p->start += p->start < n ? p->size - n : -n;
    p->used += n;
}

unsigned pipe_ready(const struct pipe *p, enum pipe_side side)
{
    unsigned ready = p->ends[!side] == 0 ? STREAM_HANGUP : 0;

    if (side == PIPE_READ_END)
        return ready | (p->used > 0 || ready ? STREAM_IN : 0);
    return ready | (p->size - p->used >= PIPE_BUF || ready ? STREAM_OUT : 0);
}

void pipe_wait(struct pipe *p, enum pipe_side side, struct waiter *w)
{
    struct waiter_queue *q = &p->waiting[side];

    w->next = NULL;
    if (q->head == NULL)
        q->head = w;
    else
        q->tail->next = w;
    q->tail = w;
}

/* Take the waiter that *link points to (its predecessor is `before`) out of the queue. */
static struct waiter *unlink_waiter(struct waiter_queue *q, struct waiter **link,
                                    struct waiter *before)
{
    struct waiter *w = *link;

    *link = w->next;
    if (q->tail == w)
        q->tail = before;
    return w;
}

struct waiter *pipe_forget_token(struct pipe *p, enum pipe_side side, uint64_t token)
{
    struct waiter_queue *q = &p->waiting[side];
    struct waiter *before = NULL;

    for (struct waiter **link = &q->head; *link != NULL; link = &before->next) {
        if ((*link)->token == token)
            return unlink_waiter(q, link, before);
        before = *link;
    }
    return NULL;
}

struct waiter *pipe_forget_badge(struct pipe *p, enum pipe_side side, uint64_t badge)
{
    struct waiter_queue *q = &p->waiting[side];
    struct waiter *before = NULL;

    for (struct waiter **link = &q->head; *link != NULL; link = &before->next) {
        if ((*link)->badge == badge)
            return unlink_waiter(q, link, before);
        before = *link;
    }
    return NULL;
}

/* Serve the first in the queue if it can go on. */
static bool serve_one(struct pipe *p, enum pipe_side side, pipe_deliver *deliver, void *context)
{
    struct waiter_queue *q = &p->waiting[side];
    struct waiter *w = q->head;
    struct segment segment[2] = {{0, 0}, {0, 0}};
    int64_t result;

    if (w == NULL)
        return false;
    result = side == PIPE_READ_END ? pipe_read_offer(p, w->length)
                                   : pipe_write_offer(p, w->length, true);
    if (result == UKERN_EAGAIN)
        return false;
    unlink_waiter(q, &q->head, NULL);
    if (result > 0 && side == PIPE_READ_END)
        pipe_oldest(p, (uint64_t)result, segment);
    else if (result > 0)
        pipe_room(p, (uint64_t)result, segment);
    if (deliver(context, p, side, w, result, segment) && result > 0) {
        if (side == PIPE_READ_END)
            pipe_take(p, (uint64_t)result);
        else
            pipe_put(p, (uint64_t)result);
    }
    return true;
}

void pipe_serve(struct pipe *p, pipe_deliver *deliver, void *context)
{
    while (serve_one(p, PIPE_READ_END, deliver, context) ||
           serve_one(p, PIPE_WRITE_END, deliver, context))
        ;
}
