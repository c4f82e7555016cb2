/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Address spaces: which shm is mapped where. Page tables are the arch's (arch_aspace_*).
 */
#ifndef CORE_ASPACE_H
#define CORE_ASPACE_H

#include "core.h"
#include "account.h"
#include "shm.h"
#include "tree.h"
#include "arch.h"

/* A run of pages of one shm at one place. */
struct mapping {
    struct tree_node node; /* key: virtual address; first member */
    struct aspace *aspace;
    struct shm *shm;   /* holds a reference */
    struct shm *spare; /* a page to take the place of each, or NULL; nobody else has it */
    struct mapping *shm_next, **shm_link; /* in shm->mappings */
    uint32_t pages;
    uint32_t done;  /* pages entered into (or not yet removed from) the page table so far */
    uint32_t first; /* page of the shm */
    uint8_t prot;
    uint8_t state;           /* enum mapping_state */
    bool replaced;           /* shm is what was the spare */
    struct mapping **worker; /* the pointer of whoever fills or removes it in steps; set to NULL by
                                one who takes it over */
    struct tree_node gap;    /* in aspace->gaps: the free space behind this mapping */
};

/* REPLACING: the spare is at the pages from `done` on already. */
enum mapping_state { MAPPING_FILLING, MAPPING_LIVE, MAPPING_REPLACING, MAPPING_REMOVING };

struct aspace {
    struct arch_aspace arch;
    struct account *account; /* pays for page tables and mappings */
    struct tree mappings;
    struct tree gaps;       /* free space for automatic placement, by size in pages */
    struct tree_node front; /* in gaps: the space before the first mapping */
};

#define USER_LOW  UINT64_C(0x10000) /* the first 64 KiB are never mapped: null pointers fault */
#define USER_HIGH ARCH_USER_END     /* one past the last user address */
#define USER_AUTO UINT64_C(0x1000000000) /* automatic placement starts here (64 GiB) */

int aspace_init(struct aspace *as, struct account *a); /* UKERN_OK or UKERN_ENOMEM */
/*
 * Reserve a place and make the mapping object; aspace_map_step() then fills the page table.
 * address: exact place, or 0 for automatic. One unmapped guard page is kept before and after
 * automatic ones. UKERN_EINVAL: unaligned, zero pages, outside the user half, prot not allowed
 * (writable and executable; executable or writable boot memory; executable device); UKERN_EEXIST:
 * overlaps; UKERN_ENOMEM; UKERN_EREVOKED: s is dead; UKERN_EBUSY: s is being filled. READ is part
 * of every prot.
 */
int aspace_map(struct aspace *as, struct shm *s, uint64_t address, uint64_t first, uint64_t pages,
               unsigned prot, struct mapping **out);
/* Give it a spare page, before it is filled: see aspace_revoke_step(). UKERN_OK or UKERN_ENOMEM. */
int aspace_spare(struct mapping *m);
/* At most STEP_PAGES x 8 (DMA: STEP_PAGES) more page table entries. 1: more; 0: live;
 * UKERN_ENOMEM: undo with aspace_unmap_step; UKERN_EREVOKED: s died or somebody removes the
 * mapping. Between steps a revoke may take it over and free it: see mapping.worker. */
int aspace_map_step(struct mapping *m);
/* Remove entries in steps, flush the TLB, drop the shm reference, free m. 1: more; 0: gone.
 * If the shm's last reference went with it, *orphan is set to it and the caller must drain it. */
int aspace_unmap_step(struct mapping *m, struct shm **orphan);
/* The memory is taken back. As aspace_unmap_step(); but of a mapping that is live and has a spare, that
 * takes the place of every page, and the mapping stays. 1: more; 0: done. */
int aspace_revoke_step(struct mapping *m, struct shm **orphan);
/* The mapping that covers address, or NULL. */
struct mapping *aspace_find(const struct aspace *as, uint64_t address);
/* Any mapping, or NULL: for teardown. */
struct mapping *aspace_any(const struct aspace *as);
/* Free the page tables; all mappings are gone. In steps: 1: more; 0: done. */
int aspace_free_step(struct aspace *as);
/*
 * Kernel address of a user byte, if `prot` (bits of ukern_prot) is allowed there and it is ordinary
 * memory; else NULL. Valid up to the end of the page.
 */
void *aspace_user(const struct aspace *as, uint64_t address, unsigned prot);
/* Copy between the kernel and a user range; all pages checked before the first byte. n <=
 * PAGE_SIZE. UKERN_OK or UKERN_EFAULT. n == 0 ignores the address. */
int aspace_copy_in(const struct aspace *as, void *to, uint64_t from, size_t n);
int aspace_copy_out(const struct aspace *as, uint64_t to, const void *from, size_t n);

#endif
