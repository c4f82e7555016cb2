/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The scheduler: 64 priorities, round robin with a time slice within one. Everything here is O(1)
 * in the number of tasks.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "core.h"
#include "cpu.h"
#include "entry.h"
#include "task.h"
#include "trace.h"

#define SCHED_SLICE_NS UINT64_C(10000000) /* 10 ms */

/* A task may run: put it into the ready queue, behind its equals. */
void sched_ready(struct task *t);
/* Take a ready task that is not running out of the queue. */
void sched_unready(struct task *t);
/* Change the priority of a ready or running task. */
void sched_set_priority(struct task *t, unsigned priority);
/* The running task gives way to its equals. */
void sched_yield(void);
/* Choose who runs: the current task if it may go on and nobody is more urgent, else the first in
 * the queue. Waits (with interrupts taken) while there is none. Switches; returns the new current
 * task. */
struct task *sched_choose(void);
/* From `from`, which has blocked, to `to`, which is not in the queue. */
void sched_switch_to(struct cpu *c, struct task *from, struct task *to);
struct way sched_leave_slowly(struct cpu *c, struct task *from, struct task *to);
/* The same as the last deed of a system call of `from`, which leaves the results of `to` where its
 * arguments were. */
static inline struct way sched_leave(struct cpu *c, struct task *from, struct task *to)
{
    uint64_t now;

    if (unlikely(!arch_context_quick(c, from, to)))
        return sched_leave_slowly(c, from, to);
    TRACE_SWITCH(from, to);
    now = arch_cycles();
    from->cpu_cycles += now - c->switched_at;
    from->blocked_at = now;
    c->switched_at = now;
    c->current = to;
    return (struct way){to, from};
}
/* The way back to the current task leads through the scheduler (and what it has left to do). */
/* Arm the CPU's timer for the next deadline or the slice's end. */
void sched_arm(void);
/* The CPU's timer went off. */
void sched_tick(uint64_t now);

#endif
