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

void timer_init(struct timer *t, void *owner, void (*expired)(struct timer *t))
{
    *t = (struct timer){
        .node.key = UKERN_FOREVER, .when = UKERN_FOREVER, .owner = owner, .expired = expired};
}

static void unlink(struct timer *t)
{
    if (t->node.linked)
        tree_remove(&timers, &t->node);
    t->node.key = UKERN_FOREVER;
}

void timer_link(struct timer *t, uint64_t when)
{
    unlink(t);
    tree_insert(&timers, &t->node, when);
    note_first();
}

void timer_forget(struct timer *t)
{
    timer_stop(t);
    unlink(t);
    note_first();
}

void timer_expire(uint64_t now)
{
    for (int i = 0; i < EXPIRE_MAX && timer_next() <= now; i++) {
        struct timer *t = (struct timer *)tree_first(&timers);
        bool due = t->when <= now;

        unlink(t);
        timer_start(t, due ? UKERN_FOREVER : t->when);
        if (due)
            t->expired(t);
    }
    note_first();
}

void timer_reset(void)
{
    timers.root = NULL;
    note_first();
}
