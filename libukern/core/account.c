/* SPDX-License-Identifier: BSD-2-Clause */
#include "account.h"
#include "slab.h"

struct account account_root;

/* What the parent pays for the struct of a child. */
static uint64_t struct_cost(void)
{
    return slab_class_size(sizeof(struct account));
}

struct account *account_create(struct account *parent, uint64_t limit)
{
    if (!account_charge(parent, limit))
        return NULL;
    struct account *a = slab_alloc(parent, sizeof(*a));
    if (!a) {
        account_uncharge(parent, limit);
        return NULL;
    }
    a->limit = limit;
    a->parent = parent;
    return a;
}

void account_close(struct account *a)
{
    ASSERT(a->parent && !a->closed);
    /* What was never used goes back as if it had been used up and freed just now. */
    uint64_t unused = a->limit - a->used;
    a->used = a->limit;
    a->closed = true;
    account_uncharge(a, unused);
}

bool account_charge(struct account *a, uint64_t n)
{
    if (unlikely(n > a->limit - a->used))
        return false;
    a->used += n;
    return true;
}

/*
 * What leaves a closed account leaves its parent's reservation too, so the loop climbs through
 * closed ancestors up to the first that is open. A long chain of them shortens as it is climbed: a
 * closed parent only passes on, so a's whole share moves to the grandparent.
 */
void account_uncharge(struct account *a, uint64_t n)
{
    for (;;) {
        ASSERT(n <= a->used);
        a->used -= n;
        if (likely(!a->closed))
            return;
        a->limit = a->used;
        struct account *parent = a->parent;
        if (a->used == 0) {
            slab_release(a, sizeof(*a));
            n += struct_cost();
        } else if (parent->closed) {
            uint64_t share = a->limit + struct_cost();
            ASSERT(share <= parent->used);
            parent->used -= share;
            a->parent = parent->parent;
        }
        a = parent;
    }
}
