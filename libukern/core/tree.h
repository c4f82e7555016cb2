/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  An ordered set of nodes by a 64-bit key (treap: expected O(log n), no allocation). Equal keys
 *  are allowed and ordered by node address. A node lies first in the struct that it orders.
 */
#ifndef CORE_TREE_H
#define CORE_TREE_H

#include "core.h"

struct tree_node {
    uint64_t key;
    struct tree_node *left, *right;
    uint32_t rank; /* heap order, random */
    bool linked;   /* in a tree now */
};

struct tree {
    struct tree_node *root;
};

void tree_insert(struct tree *t, struct tree_node *n, uint64_t key); /* !n->linked */
void tree_remove(struct tree *t, struct tree_node *n);               /* n->linked */
struct tree_node *tree_first(const struct tree *t);
struct tree_node *tree_floor(const struct tree *t, uint64_t key); /* the largest key <= key */
struct tree_node *tree_ceil(const struct tree *t, uint64_t key);  /* the smallest key >= key */

#endif
