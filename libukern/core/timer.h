/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Deadlines. One ordered set of timers; the CPU's timer is armed for the earliest of them and the
 *  end of the running task's time slice (sched_arm()).
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "core.h"
#include "tree.h"

/* A timer that is stopped, or put off, stays in the set until the time that it stands there for: a
 * server that waits with nearly the same deadline again and again does not touch the set. */
struct timer {
    struct tree_node node; /* first member; key: when it is looked at; UKERN_FOREVER: not linked */
    uint64_t when;         /* it expires; UKERN_FOREVER: stopped */
    void *owner;           /* the task or port that it belongs to */
    void (*expired)(struct timer *t);
};

/* When the next one is to be looked at, in arch_cycles(); UKERN_FOREVER: none. */
extern uint64_t timer_first;

void timer_init(struct timer *t, void *owner, void (*expired)(struct timer *t));
void timer_link(struct timer *t, uint64_t when);

static inline bool timer_active(const struct timer *t)
{
    return t->when != UKERN_FOREVER;
}

static inline void timer_stop(struct timer *t)
{
    t->when = UKERN_FOREVER;
}

/* (Re)start; UKERN_FOREVER stops. */
static inline void timer_start(struct timer *t, uint64_t when)
{
    t->when = when;
    if (unlikely(when < t->node.key))
        timer_link(t, when);
}

/* It stops, and its memory may go. */
void timer_forget(struct timer *t);
/* When the next one is to be looked at; UKERN_FOREVER: none. */
uint64_t timer_next(void);
/* Call what is due, a bounded number; the CPU's timer stays armed for the rest. */
void timer_expire(uint64_t now);
void timer_reset(void); /* tests: forget all */

#endif
