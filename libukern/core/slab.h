/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Kernel objects: fixed-size classes carved from frames; zeroed when handed out. The account pays
 * the class size; the frame behind is the kernel's own and goes back when its last object does.
 */
#ifndef CORE_SLAB_H
#define CORE_SLAB_H

#include "core.h"
#include "account.h"

#define SLAB_MAX                                                                                   \
    2048 /* largest object, bytes; classes are 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024,     \
            1344, 2048 */

void *slab_alloc(struct account *a, size_t size) __attribute__((malloc, alloc_size(2)));
/* size as it was asked for. p may be NULL. */
void slab_free(struct account *a, void *p, size_t size);
/* What an object of this size costs: the size of its class. */
uint64_t slab_class_size(size_t size);
/* Free without giving anything back to an account (account.c: an account cannot pay for itself). */
void slab_release(void *p, size_t size);
/* Objects alive. */
uint64_t slab_count(void);

#endif
