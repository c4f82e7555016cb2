/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Records of one size, in pages that go back to the quota when they are empty: what a crowd of
 *  clients took is room for rings again after it has left. malloc() would keep it.
 */
#ifndef POOL_H
#define POOL_H

#include <stddef.h>

struct pool_page;

struct pool {
    size_t size;            /**< of a record, bytes: a multiple of 8, at most 2,000 */
    struct pool_page *room; /**< pages with room */
};

/** A record, or NULL: the quota is used up. */
void *pool_take(struct pool *p);
/** Give it back. */
void pool_give(struct pool *p, void *record);

#endif
