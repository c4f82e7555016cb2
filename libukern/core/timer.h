/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Deadlines. One ordered set of timers; the CPU's timer is armed for the earliest of them and the
 *  end of the running task's time slice (sched_arm()).
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "core.h"
#include "tree.h"

struct timer {
    struct tree_node node; /* key: when; first member */
    void *owner;           /* the task or port that it belongs to */
    void (*expired)(struct timer *t);
};

extern uint64_t timer_first; /* when the next one is due, in arch_cycles(); UKERN_FOREVER: none */

void timer_link(struct timer *t, uint64_t when);
void timer_unlink(struct timer *t);

static inline void timer_stop(struct timer *t)
{
    if (unlikely(t->node.linked))
        timer_unlink(t);
}

/* (Re)start; UKERN_FOREVER stops. */
static inline void timer_start(struct timer *t, uint64_t when)
{
    timer_stop(t);
    if (when != UKERN_FOREVER)
        timer_link(t, when);
}

/* When the next one is due; UKERN_FOREVER: none. */
uint64_t timer_next(void);
/* Call what is due, a bounded number; the CPU's timer stays armed for the rest. */
void timer_expire(uint64_t now);
void timer_reset(void); /* tests: forget all */

#endif
