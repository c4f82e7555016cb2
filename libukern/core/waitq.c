/* SPDX-License-Identifier: BSD-2-Clause */
#include "waitq.h"
#include "task.h"

/*
 * Invariants: q->first has the highest priority; every ring's first task t has t->lower with a
 * smaller priority and t->lower->higher == t; the other members of a ring have higher == lower ==
 * NULL.
 */

static bool leads_ring(const struct waitq *q, const struct task *t)
{
    return t == q->first || t->higher != NULL;
}

void waitq_add(struct waitq *q, struct task *t)
{
    struct task *above = NULL, *ring = q->first;

    while (ring && ring->priority > t->priority) {
        above = ring;
        ring = ring->lower;
    }
    if (ring && ring->priority == t->priority) { /* join at the ring's end */
        t->next = ring;
        t->prev = ring->prev;
        ring->prev->next = t;
        ring->prev = t;
        t->higher = t->lower = NULL;
        return;
    }
    t->next = t->prev = t;
    t->higher = above;
    t->lower = ring;
    if (ring)
        ring->higher = t;
    if (above)
        above->lower = t;
    else
        q->first = t;
}

void waitq_remove(struct waitq *q, struct task *t)
{
    struct task *heir = t->next == t ? NULL : t->next;

    t->prev->next = t->next;
    t->next->prev = t->prev;
    if (leads_ring(q, t)) {
        struct task *above = t->higher, *below = t->lower;
        if (heir) {
            heir->higher = above;
            heir->lower = below;
        }
        if (above)
            above->lower = heir ? heir : below;
        else
            q->first = heir ? heir : below;
        if (below)
            below->higher = heir ? heir : above;
    }
    t->next = t->prev = t->higher = t->lower = NULL;
}
