/* SPDX-License-Identifier: BSD-2-Clause */
#include "irq.h"
#include "board.h"
#include "sched.h"
#include "slab.h"
#include "syscall.h"
#include "trace.h"

static struct irq *lines; /* open ones: as many as there are devices with drivers */

static struct irq *irq_find(uint32_t line)
{
    struct irq *i = lines;

    while (i && i->line != line)
        i = i->next;
    return i;
}

/* It may fire again. */
static void again(struct irq *i)
{
    if (!i->active)
        return;
    i->active = false;
    board.irq_again(i->line);
}

void irq_put(struct irq *i)
{
    struct irq **link = &lines;

    ASSERT(i->refs > 0);
    if (--i->refs)
        return;
    board.irq_disable(i->line);
    again(i);
    while (*link != i)
        link = &(*link)->next;
    *link = i->next;
    if (i->port)
        port_put(i->port);
    slab_free(i->account, i, sizeof *i);
}

/* The line stays active until its driver has dealt with the device. */
static void deliver(uint32_t line)
{
    struct irq *i = irq_find(line);

    if (!i || !i->port) { /* a controller may be slow to disable a line */
        board.irq_disable(line);
        board.irq_again(line);
        return;
    }
    i->active = true;
    port_notify(i->port, i->bits);
    if (i->automatic && i->port->receivers)
        i->port->events |= PORT_LINES;
}

void irq_received(struct port *p)
{
    p->events &= ~(uint64_t)PORT_LINES;
    for (struct irq *i = lines; i; i = i->next) {
        if (i->port != p || !i->automatic || !i->active)
            continue;
        if (p->bits & i->bits) /* which come now */
            p->events |= PORT_LINES;
        else
            again(i);
    }
    if (arch_irq_pending()) { /* now, and not when the receiver has gone to sleep */
        irq_poll();
        sched_arm(arch_cpu()); /* the receiver may go on without the scheduler */
    }
}

void irq_poll(void)
{
    int line;

    do {
        line = board.irq_next();
        if (line < 0)
            return;
        arch_cpu()->interrupts++;
        TRACE(interrupt, 0, TRACE_CURRENT(), (uint64_t)line);
        board.irq_end((unsigned)line);
        if (line == BOARD_IRQ_TIMER)
            sched_tick(arch_timer_now());
        else
            deliver((uint32_t)line);
        /* What is due beyond a bounded number of timers fires again at once. The CPU tells cheaper
         * than the controller whether there are more. */
    } while (line != BOARD_IRQ_TIMER && arch_irq_pending());
}

/* ---- System calls ---- */

int64_t sys_irq_open(struct task *t, struct ukern_sysregs *r)
{
    struct handle *h;
    struct irq *i;
    uint32_t slot;
    int rc = handle_find(&t->handles, r->x[0], UKERN_TYPE_SYSTEM, UKERN_R_DEVICE, &h);

    if (rc)
        return rc;
    if (r->x[1] >= board.irq_lines || !board.irq_valid((unsigned)r->x[1]))
        return UKERN_EINVAL;
    if (irq_find((uint32_t)r->x[1]))
        return UKERN_EBUSY;
    rc = handle_reserve(&t->handles, UKERN_ANY_SLOT, 1, &slot);
    if (rc)
        return rc;
    i = slab_alloc(t->account, sizeof *i);
    if (!i)
        return UKERN_ENOMEM;
    *i = (struct irq){.refs = 1, .line = (uint32_t)r->x[1], .next = lines, .account = t->account};
    lines = i;
    handle_open(&t->handles, slot,
                &(struct handle){.object = i,
                                 .type = UKERN_TYPE_IRQ,
                                 .rights = UKERN_R_TRANSFER | UKERN_R_MANAGE});
    return slot;
}

int64_t sys_irq_bind(struct task *t, struct ukern_sysregs *r)
{
    struct handle *h, *to;
    struct irq *i;
    int rc = handle_find(&t->handles, r->x[0], UKERN_TYPE_IRQ, UKERN_R_MANAGE, &h);

    if (!rc)
        rc = handle_find(&t->handles, r->x[1], UKERN_TYPE_PORT, UKERN_R_RECV, &to);
    if (rc)
        return rc;
    if (!r->x[2] || r->x[3] & ~(uint64_t)UKERN_IRQ_AUTO)
        return UKERN_EINVAL;
    i = h->object;
    port_ref(to->object);
    if (i->port)
        port_put(i->port);
    i->port = to->object;
    i->bits = r->x[2];
    i->automatic = r->x[3] & UKERN_IRQ_AUTO;
    again(i);
    board.irq_enable(i->line);
    return UKERN_OK;
}

int64_t sys_irq_ack(struct task *t, struct ukern_sysregs *r)
{
    struct handle *h;
    struct irq *i;
    int rc = handle_find(&t->handles, r->x[0], UKERN_TYPE_IRQ, UKERN_R_MANAGE, &h);

    if (rc)
        return rc;
    i = h->object;
    if (!i->port)
        return UKERN_EINVAL;
    again(i);
    return UKERN_OK;
}
