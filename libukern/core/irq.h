/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Interrupt lines owned by tasks. A line that fires reaches its server as notification bits. From
 *  then on it is active, which keeps it from firing, until irq_ack; or, if it was bound so, until
 *  somebody receives at its port who does not find those bits: they have been received before.
 */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H

#include "core.h"
#include "account.h"
#include "port.h"

struct irq {
    uint32_t refs;
    uint32_t line;
    struct port *port; /* NULL: not bound; holds a reference */
    uint64_t bits;
    bool active;      /* it fired, and waits for its driver */
    bool automatic;   /* receiving again is the acknowledgement: PORT_LINES */
    struct irq *next; /* among all open lines */
    struct account *account;
};

void irq_put(struct irq *i);
/* Somebody receives at p: lines that wait for that may fire again, if their bits were received.
 * What is pending then is taken at once: so whoever was held by the current task, or waited for
 * anything, may be so no more. */
void irq_received(struct port *p);
static inline void irq_receive(struct port *p)
{
    if (unlikely(p->events & PORT_LINES))
        irq_received(p);
}
/* Take all pending interrupts. */
void irq_poll(void);

#endif
