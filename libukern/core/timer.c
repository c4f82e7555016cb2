/* SPDX-License-Identifier: BSD-2-Clause */
#include "timer.h"
#include "arch.h"

static struct tree timers;
uint64_t timer_first = UKERN_FOREVER;

#define EXPIRE_MAX 16 /* timers that one interrupt may serve */

uint64_t timer_next(void)
{
    const struct tree_node *first = tree_first(&timers);

    return first ? first->key : UKERN_FOREVER;
}

static void note_first(void)
{
    uint64_t when = timer_next();

    timer_first = when == UKERN_FOREVER ? when : arch_ns_to_cycles(when);
}

void timer_link(struct timer *t, uint64_t when)
{
    tree_insert(&timers, &t->node, when);
    note_first();
}

void timer_unlink(struct timer *t)
{
    tree_remove(&timers, &t->node);
    note_first();
}

void timer_expire(uint64_t now)
{
    for (int i = 0; i < EXPIRE_MAX && timer_next() <= now; i++) {
        struct timer *t = (struct timer *)tree_first(&timers);
        timer_unlink(t);
        t->expired(t);
    }
}

void timer_reset(void)
{
    timers.root = NULL;
    note_first();
}
