/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  A stream of blocks from one task to another through memory that both have: nothing is copied,
 *  and the kernel is called only when one of them has to wait for the other.
 *
 *  The memory holds one page of counters and then the blocks, used round robin. The giver fills
 *  blocks, the taker reads them; each believes the other nothing but bytes. Whoever made it gives
 *  both tasks the shm, and each a port of its own and a handle to notify the other's.
 *
 *  @code
 *  struct handover h;
 *
 *  handover_open(&h, HANDOVER_GIVER, memory, 64, task_handle("port"), task_handle("peer"));
 *  while ((block = handover_block(&h, UKERN_FOREVER)) != NULL)
 *      handover_give(&h, fill(block));
 *
 *  handover_open(&h, HANDOVER_TAKER, memory, 64, task_handle("port"), task_handle("peer"));
 *  while ((block = handover_take(&h, &length, UKERN_FOREVER)) != NULL) {
 *      use(block, length);
 *      handover_done(&h);
 *  }
 *  @endcode
 */
#ifndef UKERN_HANDOVER_H
#define UKERN_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukern/abi/types.h>

#define HANDOVER_BLOCK 4096u /**< bytes of a block */
#define HANDOVER_SLOTS 512u  /**< most blocks */
#define HANDOVER_BIT   1u    /**< the notification that wakes a side that waits */

/** Bytes of shared memory that so many blocks need. */
#define HANDOVER_SIZE(slots) (((size_t)(slots) + 1) * HANDOVER_BLOCK)

/** Who fills blocks, and who reads them. */
enum handover_side { HANDOVER_GIVER, HANDOVER_TAKER };

/** What a side publishes, on a cache line of its own. */
struct handover_counter {
    uint64_t count;     /**< blocks given, or done with, since the beginning */
    uint64_t wants;     /**< the other's count that this side waits for, or 0 */
    uint64_t unused[6]; /**< fills the line */
};

/** The first page of the memory. Zeroed memory is a stream at its beginning. */
struct handover_shared {
    struct handover_counter side[2]; /**< by enum handover_side */
    uint32_t length[HANDOVER_SLOTS]; /**< bytes in each block */
};

/** One task's end. */
struct handover {
    struct handover_shared *shared; /**< the first page of the memory */
    struct handover_counter *own;   /**< this side's counter, in `shared` */
    struct handover_counter *other; /**< the other's */
    char *blocks;                   /**< behind it */
    uint64_t mine;                  /**< this side's count */
    uint64_t theirs;                /**< the other's, as last seen and found possible */
    uint32_t slots;                 /**< how many blocks */
    enum handover_side side;        /**< which side this is */
    ukern_handle port;              /**< where it waits */
    ukern_handle peer;              /**< where the other does */
};

/**
 * Open an end of a stream at its beginning.
 * @param[out] h  the end.
 * @param side    which.
 * @param memory  HANDOVER_SIZE(slots) bytes, mapped by both tasks for reading and writing.
 * @param slots   blocks: a power of two, at most HANDOVER_SLOTS; the same on both sides. A side
 * that has to wait is woken when half of them are done with, so few of them cost switches.
 * @param port    where this side waits: needs UKERN_R_RECV; HANDOVER_BIT is not for others.
 * @param peer    the other side's port; needs UKERN_R_NOTIFY.
 * @return UKERN_OK; UKERN_EINVAL: slots is none of these numbers.
 */
int handover_open(struct handover *h, enum handover_side side, void *memory, uint32_t slots,
                  ukern_handle port, ukern_handle peer);

/**
 * Wait until the other side's count is at least `position`; what the calls below do when they must.
 * @param wake  the count at which to be woken, at least `position`.
 * @param deadline  nanoseconds since boot.
 * @return UKERN_OK; UKERN_ETIMEDOUT; UKERN_EPROTO: the other side's count is impossible; or the
 * error of notify_wait().
 */
int handover_wait(struct handover *h, uint64_t position, uint64_t wake, uint64_t deadline);

/** Wake the other side, which waits. */
void handover_wake(struct handover *h);

/** @cond internal */
static inline void handover_publish(struct handover *h)
{
    uint64_t wants;

    __atomic_store_n(&h->own->count, ++h->mine, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* either it sees the count, or this its wish */
    wants = __atomic_load_n(&h->other->wants, __ATOMIC_RELAXED);
    if (__builtin_expect(wants != 0 && h->mine >= wants, 0))
        handover_wake(h);
}
/** @endcond */

/**
 * The giver: the next block to fill.
 * @return HANDOVER_BLOCK bytes, as the taker left them; NULL: see handover_wait().
 */
static inline void *handover_block(struct handover *h, uint64_t deadline)
{
    if (__builtin_expect(h->mine - h->theirs >= h->slots, 0) &&
        handover_wait(h, h->mine - h->slots + 1, h->mine - h->slots / 2, deadline) != UKERN_OK)
        return NULL;
    return h->blocks + (h->mine & (h->slots - 1)) * HANDOVER_BLOCK;
}

/** The giver: hand the block over, with `length` bytes in it. */
static inline void handover_give(struct handover *h, uint32_t length)
{
    h->shared->length[h->mine & (h->slots - 1)] = length;
    handover_publish(h);
}

/** The giver: wait until the taker is done with every block. Results as handover_wait(). */
static inline int handover_flush(struct handover *h, uint64_t deadline)
{
    return handover_wait(h, h->mine, h->mine, deadline);
}

/**
 * The taker: the next block.
 * @param[out] length  bytes in it, at most HANDOVER_BLOCK. The giver can change them and the block
 *                     at any time: check a copy of what must not change.
 * @return the block, until handover_done(); NULL: see handover_wait().
 */
static inline const void *handover_take(struct handover *h, uint32_t *length, uint64_t deadline)
{
    uint32_t slot = (uint32_t)(h->mine & (h->slots - 1)), n;

    if (__builtin_expect(h->mine == h->theirs, 0) &&
        handover_wait(h, h->mine + 1, h->mine + 1, deadline) != UKERN_OK)
        return NULL;
    n = __atomic_load_n(&h->shared->length[slot], __ATOMIC_RELAXED);
    *length = n < HANDOVER_BLOCK ? n : HANDOVER_BLOCK;
    return h->blocks + (size_t)slot * HANDOVER_BLOCK;
}

/** The taker: the block may be filled again. */
static inline void handover_done(struct handover *h)
{
    handover_publish(h);
}

#endif
