/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 * Interrupts, timers and the clock. An interrupt and a timer arrive as notification bits of
 * a port. */
#ifndef UKERN_IRQ_H
#define UKERN_IRQ_H

#include <ukern/abi/types.h>

/**
 * Take an interrupt line; it is the caller's alone until the last handle is closed.
 * @param system  needs UKERN_R_DEVICE.
 * @param line    the interrupt controller's number (INTID).
 * @return a handle; UKERN_EINVAL: no such line, or the kernel's own; UKERN_EBUSY: taken;
 * UKERN_ENOMEM.
 */
ukern_handle irq_open(ukern_handle system, unsigned line);

/** Deliver the line as `bits` of `port` (needs UKERN_R_NOTIFY), and enable it. irq needs
 * UKERN_R_MANAGE. */
int irq_bind(ukern_handle irq, ukern_handle port, uint64_t bits);

/** Let the line interrupt again: it stays masked from each interrupt until this. */
int irq_ack(ukern_handle irq);

/** Arm the port's one timer; needs UKERN_R_RECV. deadline: nanoseconds since boot; UKERN_FOREVER
 * stops it. */
int timer_set(ukern_handle port, uint64_t bits, uint64_t deadline);

/** Nanoseconds since boot; never goes back. The CPU's counter is read: no system call. */
uint64_t clock_now(void);

/** Wait at least so long. */
void clock_sleep(uint64_t nanoseconds);

#endif
