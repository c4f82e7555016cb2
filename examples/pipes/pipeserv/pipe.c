/* SPDX-License-Identifier: BSD-2-Clause */
#include "pipe.h"

#include <stddef.h>
#include <ukern/abi/errors.h>
#include <ukern/stream.h>

_Static_assert(PIPE_BUF == STREAM_PIPE_BUF, "clients rely on it");

void pipe_init(struct pipe *p, uint64_t size)
{
    p->size = size;
    p->start = p->used = 0;
    for (int side = 0; side < 2; side++) {
        p->ends[side] = 1;
        p->waiting[side].head = p->waiting[side].tail = NULL;
    }
}

void pipe_unput(struct pipe *p, uint64_t n)
{
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
    result = pipe_offer(p, side, w->length, true);
    if (result == UKERN_EAGAIN)
        return false;
    unlink_waiter(q, &q->head, NULL);
    if (result > 0)
        pipe_place(p, side, (uint64_t)result, segment);
    if (deliver(context, p, side, w, result, segment) && result > 0)
        pipe_book(p, side, (uint64_t)result);
    return true;
}

void pipe_serve(struct pipe *p, pipe_deliver *deliver, void *context)
{
    while (serve_one(p, PIPE_READ_END, deliver, context) ||
           serve_one(p, PIPE_WRITE_END, deliver, context))
        ;
}
