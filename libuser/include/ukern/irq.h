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

/**
 * Deliver the line as `bits` of `port`, and let it interrupt; after each interrupt only when
 * irq_ack() says so. What it was bound to before ends.
 * @param irq   needs UKERN_R_MANAGE.
 * @param port  needs UKERN_R_RECV.
 * @param bits  not 0.
 * @return UKERN_OK; UKERN_EHANDLE, UKERN_ETYPE, UKERN_ERIGHTS: irq or port is not what it must be;
 * UKERN_EINVAL: bits is 0.
 */
int irq_bind(ukern_handle irq, ukern_handle port, uint64_t bits);

/**
 * As irq_bind(), but to receive at the port after these bits were received is to acknowledge, by
 * whatever call and whoever does so. A driver that has dealt with its device before it receives
 * again needs no irq_ack(), which is a system call less for each interrupt. It may say so earlier
 * by irq_ack().
 */
int irq_bind_auto(ukern_handle irq, ukern_handle port, uint64_t bits);

/**
 * The device has been dealt with: let the line interrupt again. irq needs UKERN_R_MANAGE.
 * @return UKERN_OK, also if it may interrupt already; UKERN_EINVAL: it is not bound; UKERN_EHANDLE,
 * UKERN_ETYPE, UKERN_ERIGHTS.
 */
int irq_ack(ukern_handle irq);

/** Arm the port's one timer; needs UKERN_R_RECV. deadline: nanoseconds since boot; UKERN_FOREVER
 * stops it. */
int timer_set(ukern_handle port, uint64_t bits, uint64_t deadline);

/** Nanoseconds since boot; never goes back. The CPU's counter is read: no system call. */
uint64_t clock_now(void);

/** Wait at least so long. */
void clock_sleep(uint64_t nanoseconds);

#endif
