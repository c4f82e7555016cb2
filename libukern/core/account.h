/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Memory quotas. An account pays for everything made on a task's behalf: frames,
 *  page tables, kernel objects. A new task's quota is reserved from its spawner's
 *  account, so that what one task was promised no other can use up. An account
 *  outlives its task until the last object that it paid for is gone; from the
 *  task's death on it shrinks, and what it had left goes back to its parent at once.
 */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include "core.h"

struct slab;
#define SLAB_LISTS        7  /* by room; 63 units at most: slab.c */
#define ACCOUNT_DEPTH_MAX 64 /* of spawners that hold memory for each other */

struct account {
    uint64_t limit;         /* bytes; invariant: used <= limit */
    uint64_t used;          /* bytes charged, reservations of children included */
    struct account *parent; /* NULL for the root */
    struct slab *slabs[SLAB_LISTS];
    bool closed; /* its task is gone: limit follows used down, freed when it holds nothing */
};

/* The root account: owns all memory that the frame allocator has; account_root.limit is set at
 * boot. */
extern struct account account_root;

/* A child with `limit` bytes reserved from parent, of which its own frame takes the first
 * PAGE_SIZE. NULL: that is less than a frame, the parent has not so much left or too many
 * ancestors, or no frame is free.
 */
struct account *account_create(struct account *parent, uint64_t limit);
/* The task is gone. The unused part returns to the parent now, the rest as it is uncharged. */
void account_close(struct account *a);
/* O(1). false: the limit would be passed, and nothing changed. Safe against any n. */
bool account_charge(struct account *a, uint64_t n);
/* Give back; frees a closed account that holds nothing more (a may be gone afterwards). Never
 * fails. */
void account_uncharge(struct account *a, uint64_t n);

#endif
