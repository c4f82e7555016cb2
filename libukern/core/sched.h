/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The scheduler: 64 priorities, round robin with a time slice within one. Everything here is O(1)
 *  in the number of tasks.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "core.h"
#include "cpu.h"
#include "entry.h"
#include "task.h"
#include "trace.h"

#define SCHED_SLICE_NS UINT64_C(10000000) /* 10 ms */

void sched_init(struct cpu *c);
/* A task may run: put it into the ready queue, behind its equals. */
void sched_ready(struct task *t);
/* The same for a caller that the current task took last and has answered: the slice on which both
 * ran is the caller's, which is first among its equals while there is some left of it. */
void sched_ready_again(struct task *t);
/* Take a ready task that is not running out of the queue. */
void sched_unready(struct task *t);
/* Change the priority of a ready or running task. */
void sched_set_priority(struct task *t, unsigned priority);
/* Choose who runs: the current task if it may go on and nobody is more urgent, else the first in
 * the queue. Waits (with interrupts taken) while there is none. Switches; returns the new current
 * task. */
struct task *sched_choose(void);
/* From the current task, `from`, to another one, which is not in the queue and is the result. */
static inline struct task *sched_switch(struct cpu *c, struct task *from, struct task *to)
{
    uint64_t now = arch_cycles();

    TRACE_SWITCH(from, to);
    from->cpu_cycles += now - c->switched_at;
    from->blocked_at = now;
    c->switched_at = now;
    c->current = to;
    c->left = from;
    return arch_context_switch(c, from, to);
}
/* Would `by`, woken and not in the queue, run next, instead of the current task? */
static inline bool sched_preempts(const struct cpu *c, const struct task *by)
{
    return !c->resched && !by->special && by->priority > c->current->priority &&
           !(c->ready_bits >> by->priority);
}
/* It does, at the end of the current task's system call, which returns UKERN_OK and nothing else.
 */
void sched_preempt(struct cpu *c, struct task *by);
void sched_arm_at(struct cpu *c, uint64_t when);
/* See that the CPU's timer goes off no later than the next deadline and the slice's end. It may
 * go off earlier, for something that has been called off. */
static inline void sched_arm(struct cpu *c)
{
    uint64_t when = timer_first;

    if (c->current && c->ready[c->current->priority].head)
        when = min_u64(when, c->slice_end);
    if (when < c->timer_armed)
        sched_arm_at(c, when);
}
/* The CPU's timer went off. */
void sched_tick(uint64_t now);

#endif
