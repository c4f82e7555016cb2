/* SPDX-License-Identifier: BSD-2-Clause */
#include "account.h"
#include "slab.h"

struct account account_root;

/* Giving back climbs: the line of ancestors must be short. */
static bool too_deep(const struct account *a)
{
    unsigned depth = 0;

    for (; a; a = a->parent)
        depth++;
    return depth > ACCOUNT_DEPTH_MAX;
}

struct account *account_create(struct account *parent, uint64_t limit)
{
    struct account *a;

    if (limit < PAGE_SIZE || too_deep(parent) || !account_charge(parent, limit))
        return NULL;
    a = slab_new_account();
    if (!a) {
        account_uncharge(parent, limit);
        return NULL;
    }
    a->limit = limit;
    a->used = PAGE_SIZE;
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
        if (a->used == PAGE_SIZE && slab_only_account(a)) {
            slab_free_account(a);
            n += PAGE_SIZE;
        } else if (parent->closed) {
            ASSERT(a->limit <= parent->used);
            parent->used -= a->limit;
            a->parent = parent->parent;
        }
        a = parent;
    }
}
