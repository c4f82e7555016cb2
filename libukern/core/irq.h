/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Interrupt lines owned by tasks. A line fires once, stays disabled until irq_ack, and reaches its
 *  server as notification bits.
 */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H

#include "core.h"
#include "account.h"

struct port;

struct irq {
    uint32_t refs;
    uint32_t line;
    struct port *port; /* NULL: not bound; holds a reference */
    uint64_t bits;
    struct irq *next; /* among all open lines */
    struct account *account;
};

void irq_put(struct irq *i);
/* Take all pending interrupts. */
void irq_poll(void);

#endif
