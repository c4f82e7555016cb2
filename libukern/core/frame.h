/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Page frames: a buddy allocator over the RAM ranges that boot hands in. Start-up
 *  cost does not grow with the number of frames (a bitmap of pairs per order only).
 */
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include "core.h"
#include "account.h"

#define FRAME_ORDER_MAX 18 /* largest block: 1 GiB */

/* Hand a RAM range over (page aligned, mapped in the linear map). Called at boot, may be called
 * several times; the allocator takes its own bitmap from the range, and adds the rest to
 * account_root.limit. */
void frame_add(paddr_t start, paddr_t end);
/* 2^order contiguous frames, naturally aligned, NOT zeroed, paid by a. 0: quota or memory is used
 * up. */
paddr_t frame_alloc(struct account *a, unsigned order);
/* One zeroed frame. */
paddr_t frame_alloc_zero(struct account *a);
void frame_free(struct account *a, paddr_t frame, unsigned order);
/* The same for the kernel itself: no account pays (slab.c). */
paddr_t frame_take(unsigned order);
void frame_give(paddr_t frame, unsigned order);
/* Free frames of PAGE_SIZE; total managed. */
uint64_t frame_free_count(void);
uint64_t frame_total_count(void);
/* Tests: fail the n-th allocation from now (0: never). Counts frame_alloc and slab growth alike. */
extern uint64_t frame_fail_after;

#endif
