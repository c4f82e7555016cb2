/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The pipes of this server and their ends. A client's handle carries a badge, and the badge names
 *  an end. Badges are never used twice, not even by the next pipeserv after this one has crashed:
 *  old handles find nothing.
 */
#ifndef ENDS_H
#define ENDS_H

#include <stddef.h>
#include <ukern/server.h>
#include <ukern/watch.h>

#include "pipe.h"

/** A pipe with its memory. */
struct channel {
    struct pipe pipe;
    ukern_handle shm; /**< the ring; the kernel copies between it and the callers */
    char *bytes;      /**< the ring, mapped here; NULL until a client without pending calls comes */
    struct watch *watch[2]; /**< who polls, by enum pipe_side */
    struct channel *next;   /**< while spare */
    struct waiter first[2]; /**< a place for one waiter of each side, by enum pipe_side */
    bool first_used[2];
};

/** One end, as named by a badge. */
struct end {
    struct channel *channel;
    uint64_t badge; /**< of a free place: one that end_find() cannot look for here */
    enum pipe_side side;
    uint32_t next_free;
};

/** A new pipe with a ring of `size` bytes and no ends; NULL: the quota is used up. */
struct channel *channel_create(uint64_t size);
/** Both sides are closed: give the memory back, or keep it for the next pipe. */
void channel_free(struct channel *c);
/** A waiter of this side, or NULL: the quota is used up. */
struct waiter *channel_waiter(struct channel *c, enum pipe_side side);
/** Give it back. */
void channel_release(struct channel *c, struct waiter *w);
/** The ring's bytes, or NULL: the quota is used up. */
char *channel_bytes(struct channel *c);

/** Enter a new end. NULL: the quota is used up. A pointer is good until the next end_create(). */
struct end *end_create(struct channel *c, enum pipe_side side);

/** The table of ends; a badge's lowest bits are an index into it. */
extern struct ends {
    struct end *end;
    uint32_t size;
} ends;
#define END_INDEX_MAX (UINT32_C(1) << 20)

/** The end with this badge, or NULL. */
static inline struct end *end_find(uint64_t badge)
{
    uint32_t i = (uint32_t)(badge & (END_INDEX_MAX - 1));

    if (i >= ends.size || ends.end[i].badge != badge)
        return NULL;
    return &ends.end[i];
}

/** Forget it; the channel is not touched. */
void end_free(struct end *e);

#endif
