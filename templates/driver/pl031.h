/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The device: Arm's PL031 real-time clock (manual DDI 0224). It counts seconds in 32 bits, and
 *  interrupts in the second that is in its match register. Nothing here knows of messages.
 */
#ifndef PL031_H
#define PL031_H

#include <stdbool.h>
#include <stdint.h>

/** A clock; the registers are mapped device memory. */
struct pl031 {
    volatile uint32_t *registers;
};

/** Start using it: no alarm is set. */
void pl031_init(struct pl031 *d, void *registers);
/** Now, in seconds; QEMU starts it with the time since 1970 (UTC). */
uint32_t pl031_now(const struct pl031 *d);
/** Interrupt when the clock *comes to* this second; in one that has begun, nothing happens. */
void pl031_set_alarm(struct pl031 *d, uint32_t second);
/** The interrupt has been seen: the device takes its line back. */
void pl031_clear(struct pl031 *d);

#endif
