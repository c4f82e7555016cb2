/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  How long interrupts have to wait. A library built with UKERN_MEASURE watches the time between
 *  kernel entry, preemption points and exit; any other pays nothing. The few hundred cycles at most
 *  of the hot paths in ipc_fast.c and of the entry code are not watched.
 */
#ifndef CORE_MEASURE_H
#define CORE_MEASURE_H

#include "arch.h"

#ifdef UKERN_MEASURE
/* Interrupts are masked from here. */
void measure_entry(uint64_t number);
/* They would be taken here; a stretch ends and a new one begins. */
void measure_point(void);
/* The longest stretch since this was last asked, nanoseconds; the log tells where it was. */
uint64_t measure_longest(void);
#else
static inline void measure_entry(uint64_t number)
{
    (void)number;
}
static inline void measure_point(void) {}
static inline uint64_t measure_longest(void)
{
    return 0;
}
#endif

/* What measure_entry() says in place of a system call. */
#define MEASURE_INTERRUPT UINT64_C(1000000)
#define MEASURE_FAULT     UINT64_C(1000001)

/* A preemption point of long work: does an interrupt wait? */
static inline bool preemption_point(void)
{
    measure_point();
    return arch_irq_pending();
}

#endif
