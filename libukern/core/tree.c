/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The treap: ordered by (key, address) from left to right, by falling rank from top to bottom. With
 * random ranks its shape does not depend on the order of insertion.
 */
#include "tree.h"
#include "arch.h"

/* The clock is mixed in now and then, so that nobody can foresee ranks and choose keys that make the
 * tree deep. */
static uint32_t random_rank(void)
{
    static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    static unsigned uses;

    if (uses++ % 16 == 0)
        state ^= arch_timer_now();
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(state >> 32);
}

static bool before(const struct tree_node *a, const struct tree_node *b)
{
    return a->key != b->key ? a->key < b->key : (uintptr_t)a < (uintptr_t)b;
}

void tree_insert(struct tree *t, struct tree_node *n, uint64_t key)
{
    ASSERT(!n->linked);
    n->key = key;
    n->rank = random_rank();
    n->linked = true;
    struct tree_node **link = &t->root;
    while (*link && (*link)->rank >= n->rank)
        link = before(n, *link) ? &(*link)->left : &(*link)->right;
    /* n takes this place; what was below is split into what lies before it and after it. */
    struct tree_node *rest = *link, **less = &n->left, **more = &n->right;
    *link = n;
    while (rest) {
        if (before(rest, n)) {
            *less = rest;
            less = &rest->right;
            rest = rest->right;
        } else {
            *more = rest;
            more = &rest->left;
            rest = rest->left;
        }
    }
    *less = NULL;
    *more = NULL;
}

void tree_remove(struct tree *t, struct tree_node *n)
{
    ASSERT(n->linked);
    struct tree_node **link = &t->root;
    while (*link != n) {
        ASSERT(*link);
        link = before(n, *link) ? &(*link)->left : &(*link)->right;
    }
    struct tree_node *less = n->left, *more = n->right;
    while (less && more) { /* join the two below n: the higher rank comes on top */
        if (less->rank >= more->rank) {
            *link = less;
            link = &less->right;
            less = less->right;
        } else {
            *link = more;
            link = &more->left;
            more = more->left;
        }
    }
    *link = less ? less : more;
    n->left = n->right = NULL;
    n->linked = false;
}

struct tree_node *tree_first(const struct tree *t)
{
    struct tree_node *n = t->root;
    while (n && n->left)
        n = n->left;
    return n;
}

struct tree_node *tree_floor(const struct tree *t, uint64_t key)
{
    struct tree_node *best = NULL;
    for (struct tree_node *n = t->root; n;) {
        if (n->key <= key) {
            best = n;
            n = n->right;
        } else {
            n = n->left;
        }
    }
    return best;
}

struct tree_node *tree_ceil(const struct tree *t, uint64_t key)
{
    struct tree_node *best = NULL;
    for (struct tree_node *n = t->root; n;) {
        if (n->key >= key) {
            best = n;
            n = n->left;
        } else {
            n = n->right;
        }
    }
    return best;
}
