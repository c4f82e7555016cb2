/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Shared memory objects: all user memory is one of these, mapped. A shm holds its frames until its
 *  last reference goes or its owner destroys it; it knows every mapping of itself.
 */
#ifndef CORE_SHM_H
#define CORE_SHM_H

#include "core.h"
#include "account.h"

struct mapping;

struct shm {
    uint32_t refs;       /* handles + mappings + calls in flight */
    uint32_t flavour;    /* enum ukern_shm_flavour */
    uint32_t generation; /* handles made before the last revoke carry an older one: dead */
    bool dead;           /* destroyed: no frames any more */
    bool busy;           /* being filled or emptied in steps: not usable yet */
    uint64_t pages;      /* size in pages */
    uint64_t done;       /* progress of filling or emptying, pages */
    uint64_t phys;       /* DMA, device, boot: contiguous base */
    uint64_t **top;      /* normal: page of pointers to pages of frame addresses; see shm_frame() */
    uint64_t *small;     /* normal, at most SHM_SMALL pages: slab array of frame addresses */
    struct account *account;
    struct mapping *mappings; /* list by mapping.shm_next */
    struct shm *cleanup_next; /* in task.cleanup_shms */
};

#define SHM_SMALL     64                    /* pages kept in a slab array */
#define SHM_PAGES_MAX (UINT64_C(512) * 512) /* 1 GiB for normal memory */
#define STEP_PAGES    8 /* pages that one bounded step may zero, copy, map or free */

/* A normal shm of `pages` (>= 1) with no frames yet, busy; shm_fill() then gives it zeroed frames.
 * refs = 1. NULL: quota. */
struct shm *shm_new(struct account *a, uint64_t pages);
/* Fill at most STEP_PAGES more. 1: more to do; 0: complete, not busy any more; UKERN_ENOMEM: give
 * up with shm_put. */
int shm_fill(struct shm *s);
/* Contiguous zeroed (in the same steps, by shm_fill) DMA memory; rounded up inside to a power of
 * two of frames. NULL: quota. */
struct shm *shm_new_dma(struct account *a, uint64_t pages);
/* Memory that is not the allocator's: device registers or boot data. */
struct shm *shm_new_fixed(struct account *a, paddr_t base, uint64_t pages, uint32_t flavour);
void shm_ref(struct shm *s);
/* Drop a reference. At the last one the frames must be freed in steps: returns true when the caller
 * now owns the dying object and must call shm_drain() until it returns 0. Never true while mapped.
 */
bool shm_put(struct shm *s);
/* Free at most STEP_PAGES frames (from the end). 1: more to do; 0: done. With no references left
 * the object itself is freed too. Precondition: no mappings. */
int shm_drain(struct shm *s);
/* Frame of page i (i < pages); 0 if not there (busy or dead). */
paddr_t shm_frame(const struct shm *s, uint64_t i);

#endif
