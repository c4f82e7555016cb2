/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The Arm PL011 UART, by its registers. Never waits.
 */
#ifndef CONSOLE_PL011_H
#define CONSOLE_PL011_H

#include <stdbool.h>
#include <stdint.h>

struct pl011 {
    volatile uint32_t *registers;
};

/**
 * Take the device over. Speed, format and FIFO stay as the firmware set them; what has been
 * received is kept. Interrupts stay masked until pl011_interrupts().
 */
void pl011_init(struct pl011 *u, void *registers);
/** The next character received; false: there is none. */
bool pl011_get(struct pl011 *u, char *c);
/** Send a character; false: the FIFO is full. */
bool pl011_put(struct pl011 *u, char c);
/** Is everything on the wire? */
bool pl011_idle(const struct pl011 *u);
/** Interrupt when there is something to receive, room to send. */
void pl011_interrupts(struct pl011 *u, bool receive, bool send);

#endif
