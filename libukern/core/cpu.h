/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What belongs to one CPU. Reached through arch_cpu(); offset 0 is known to the entry code.
 */
#ifndef CORE_CPU_H
#define CORE_CPU_H

#include "core.h"

struct task;

struct cpu {
    struct task *current; /* offset 0: its context lies at its own offset 0 */
    struct task *left;    /* who was current before the latest switch; NULL: nobody */
    bool resched; /* offset 16: the way back to the current task leads through the scheduler */
    struct task *fpu_owner; /* whose state the FPU registers hold, or NULL */
    uint64_t generation;    /* of ASIDs: what a quick switch of address spaces compares with */
    uint64_t ready_bits;    /* bit p: a task of priority p is ready */
    struct task_queue {
        struct task *head, *tail;
    } ready[UKERN_PRIORITIES];
    uint64_t switched_at; /* when current got the CPU, in arch_cycles() */
    uint64_t slice_end;   /* when its equals get their turn, in arch_cycles() */
    uint64_t slice;       /* how long a whole slice is */
    uint64_t timer_armed; /* what arch_timer_set() was last told; nothing is due before */
    uint64_t switches, interrupts, idle_cycles;
};

#endif
