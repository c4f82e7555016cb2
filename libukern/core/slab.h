/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Kernel objects, carved from frames; zeroed when handed out. Each frame belongs to one account,
 *  which pays for the whole of it as long as one of its objects lives: what a task holds of the
 *  kernel's memory is never more than what its quota was charged.
 */
#ifndef CORE_SLAB_H
#define CORE_SLAB_H

#include "core.h"
#include "account.h"

#define SLAB_UNIT 64   /* an object takes a multiple of this, and is aligned to it; bytes */
#define SLAB_MAX  2048 /* the largest object; bytes */

/* NULL: a's quota or the memory is used up. */
void *slab_alloc(struct account *a, size_t size) __attribute__((malloc, alloc_size(2)));
/* size as it was asked for. p may be NULL. May be the end of a closed account. */
void slab_free(struct account *a, void *p, size_t size);
/* Objects alive. */
uint64_t slab_count(void);
/* Tests: how many frames of objects a has, and how many bytes of them are taken. */
uint64_t slab_frames(const struct account *a, uint64_t *taken);

/* ---- For account.c: an account stands in the first of its own frames. ---- */

/* NULL: no frame is free. Nobody is charged. */
struct account *slab_new_account(void);
/* Is there nothing in its frame but the account itself? */
bool slab_only_account(const struct account *a);
void slab_free_account(struct account *a);

#endif
