/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The bookkeeping of one pipe: a ring of bytes, how many ends are open, and who waits. Pure C: no
 *  system call is made here, and no byte is touched. Where bytes go is said as segments of the
 *  ring; whoever calls moves them.
 *
 *  The rules, once:
 *   - Bytes count only when they have arrived. An operation first asks what it may do (an *offer*),
 *  the data moves, and only then is it booked (pipe_put(), pipe_take()). If the move fails nothing
 *  has to be undone.
 *   - First come, first served: while somebody waits, nobody overtakes.
 *   - A write of up to PIPE_BUF bytes is done whole or waits.
 *   - With no writer left, readers empty the ring and then see the end. With no reader left,
 *  writers fail.
 */
#ifndef PIPE_H
#define PIPE_H

#include <stdbool.h>
#include <stdint.h>
#include <ukern/abi/errors.h>

/** Writes up to this many bytes are atomic; no ring is smaller. */
#define PIPE_BUF 4096

/** A caller that waits for its turn. */
struct waiter {
    struct waiter *next;
    uint64_t token;   /**< names the parked caller */
    uint64_t badge;   /**< the end that it used */
    uint64_t length;  /**< bytes wanted or offered */
    bool by_message;  /**< its data travel in the message, not through the ring's shared memory */
    uint64_t data[4]; /**< by_message and writing: the data */
};

/** First in, first out. */
struct waiter_queue {
    struct waiter *head, *tail;
};

/** A run of bytes of the ring. */
struct segment {
    uint64_t offset, length;
};

enum pipe_side { PIPE_READ_END, PIPE_WRITE_END };

struct pipe {
    uint64_t size;    /**< of the ring, bytes; at least PIPE_BUF */
    uint64_t start;   /**< where the oldest byte lies; invariant: start < size */
    uint64_t used;    /**< bytes in the ring; invariant: used <= size */
    unsigned ends[2]; /**< open ends, by enum pipe_side */
    struct waiter_queue waiting[2];
};

/* What every read and write needs is inline. */

void pipe_init(struct pipe *p, uint64_t size);

static inline uint64_t pipe_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/**
 * What may a reader that wants `want` bytes have now, if it does not have to queue?
 * @return a number of bytes, at most want; 0: the end (or want is 0); UKERN_EAGAIN: it must wait.
 */
static inline int64_t pipe_read_offer(const struct pipe *p, uint64_t want)
{
    if (want == 0)
        return 0;
    if (p->used == 0)
        return p->ends[PIPE_WRITE_END] == 0 ? 0 : UKERN_EAGAIN;
    return (int64_t)pipe_min(want, p->used);
}

/**
 * How much may a writer of `want` bytes put in now?
 * @param patient  it can wait: then a long write is not cut into crumbs, but waits until half the
 * ring is free.
 * @return a number of bytes, at most want; UKERN_EPIPE: nobody will read; UKERN_EAGAIN: it must
 * wait.
 */
static inline int64_t pipe_write_offer(const struct pipe *p, uint64_t want, bool patient)
{
    uint64_t room = p->size - p->used;
    uint64_t least = 1;

    if (p->ends[PIPE_READ_END] == 0)
        return UKERN_EPIPE;
    if (want <= PIPE_BUF)
        least = want;
    else if (patient)
        least = pipe_min(want, p->size / 2);
    return room < least ? UKERN_EAGAIN : (int64_t)pipe_min(want, room);
}

/* n bytes of the ring from `at` on; at < 2 * size. */
static inline void pipe_split(const struct pipe *p, uint64_t at, uint64_t n,
                              struct segment segment[2])
{
    if (at >= p->size)
        at -= p->size;
    segment[0] = (struct segment){at, pipe_min(n, p->size - at)};
    segment[1] = (struct segment){0, n - segment[0].length};
}

/** Where the oldest n bytes lie (n <= used); an unused segment has length 0. */
static inline void pipe_oldest(const struct pipe *p, uint64_t n, struct segment segment[2])
{
    pipe_split(p, p->start, n, segment);
}

/** Where the next n bytes go (n <= size - used). An empty ring is filled from its beginning: so
 *  data seldom wrap, and few pages are touched. */
static inline void pipe_room(struct pipe *p, uint64_t n, struct segment segment[2])
{
    if (p->used == 0)
        p->start = 0;
    pipe_split(p, p->start + p->used, n, segment);
}

/** n bytes have arrived in the ring. */
static inline void pipe_put(struct pipe *p, uint64_t n)
{
    p->used += n;
}

/** n bytes have arrived at a reader. */
static inline void pipe_take(struct pipe *p, uint64_t n)
{
    p->start += n;
    if (p->start >= p->size)
        p->start -= p->size;
    p->used -= n;
}

/* The same for a side that is only known when it runs. */

static inline int64_t pipe_offer(const struct pipe *p, enum pipe_side side, uint64_t want,
                                 bool patient)
{
    return side == PIPE_READ_END ? pipe_read_offer(p, want) : pipe_write_offer(p, want, patient);
}

static inline void pipe_place(struct pipe *p, enum pipe_side side, uint64_t n,
                              struct segment segment[2])
{
    if (side == PIPE_READ_END)
        pipe_oldest(p, n, segment);
    else
        pipe_room(p, n, segment);
}

static inline void pipe_book(struct pipe *p, enum pipe_side side, uint64_t n)
{
    if (side == PIPE_READ_END)
        pipe_take(p, n);
    else
        pipe_put(p, n);
}

/** The last pipe_put() or pipe_take() did not happen after all. */
void pipe_unput(struct pipe *p, uint64_t n);
void pipe_untake(struct pipe *p, uint64_t n);

/** STREAM_IN, STREAM_OUT and STREAM_HANGUP as they hold now for an end of this side. */
unsigned pipe_ready(const struct pipe *p, enum pipe_side side);

void pipe_wait(struct pipe *p, enum pipe_side side, struct waiter *w);
/** Take the waiter with this token out of the queue; NULL: none. */
struct waiter *pipe_forget_token(struct pipe *p, enum pipe_side side, uint64_t token);
/** Take the first waiter that came through this end out of the queue; NULL: none. */
struct waiter *pipe_forget_badge(struct pipe *p, enum pipe_side side, uint64_t badge);

/**
 * Moves the data of one waiter and answers it: result is what it gets, a number of bytes (then
 * segment says where they lie or go) or an error. Returns false if that reached nobody: no byte has
 * moved. Owns w from now on.
 */
typedef bool pipe_deliver(void *context, struct pipe *p, enum pipe_side side, struct waiter *w,
                          int64_t result, const struct segment segment[2]);

/** Serve everybody who can go on. Call it whenever bytes, room or ends have changed. */
void pipe_serve(struct pipe *p, pipe_deliver *deliver, void *context);

#endif
