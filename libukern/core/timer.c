/* SPDX-License-Identifier: BSD-2-Clause */
#include "timer.h"

static struct tree timers;

#define EXPIRE_MAX 16 /* timers that one interrupt may serve */

void timer_start(struct timer *t, uint64_t when)
{
    timer_stop(t);
    if (when != UKERN_FOREVER)
        tree_insert(&timers, &t->node, when);
}

void timer_stop(struct timer *t)
{
    if (t->node.linked)
        tree_remove(&timers, &t->node);
}

uint64_t timer_next(void)
{
    const struct tree_node *first = tree_first(&timers);

    return first ? first->key : UKERN_FOREVER;
}

void timer_expire(uint64_t now)
{
    for (int i = 0; i < EXPIRE_MAX && timer_next() <= now; i++) {
        struct timer *t = (struct timer *)tree_first(&timers);
        tree_remove(&timers, &t->node);
        t->expired(t);
    }
}

void timer_reset(void)
{
    timers.root = NULL;
}
