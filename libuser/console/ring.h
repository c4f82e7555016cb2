/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  A ring of bytes in shared memory: positions count for ever, only their remainder is an
 *  offset.
 */
#ifndef CONSOLE_RING_H
#define CONSOLE_RING_H

#include <stdint.h>

struct ring {
    char *bytes;
    uint64_t size;       /* a power of two */
    uint64_t head, tail; /* the next byte out and in; invariant: tail - head <= size */
};

/* Where bytes lie in the ring; an unused segment has length 0. */
struct ring_segment {
    uint64_t offset, length;
};

static inline uint64_t ring_used(const struct ring *r)
{
    return r->tail - r->head;
}

static inline uint64_t ring_room(const struct ring *r)
{
    return r->size - ring_used(r);
}

static inline char *ring_at(const struct ring *r, uint64_t position)
{
    return &r->bytes[position & (r->size - 1)];
}

/* n bytes from `position` on, n <= size. */
static inline void ring_segments(const struct ring *r, uint64_t position, uint64_t n,
                                 struct ring_segment segment[2])
{
    uint64_t offset = position & (r->size - 1);
    uint64_t first = n < r->size - offset ? n : r->size - offset;

    segment[0] = (struct ring_segment){offset, first};
    segment[1] = (struct ring_segment){0, n - first};
}

#endif
