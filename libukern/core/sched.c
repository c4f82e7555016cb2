/* SPDX-License-Identifier: BSD-2-Clause */
#include "sched.h"
#include "irq.h"
#include "measure.h"

static void enqueue(struct cpu *c, struct task *t, bool first)
{
    unsigned p = t->priority;

    ASSERT(!t->queued && t->state == TASK_READY);
    if (!c->current || p >= c->current->priority)
        c->resched = true;
    t->queued = true;
    t->next = t->prev = NULL;
    if (!c->ready[p].head) {
        c->ready[p].head = c->ready[p].tail = t;
        c->ready_bits |= UINT64_C(1) << p;
    } else if (first) {
        t->next = c->ready[p].head;
        c->ready[p].head->prev = t;
        c->ready[p].head = t;
    } else {
        t->prev = c->ready[p].tail;
        c->ready[p].tail->next = t;
        c->ready[p].tail = t;
    }
}

static void dequeue(struct cpu *c, struct task *t)
{
    unsigned p = t->priority;

    ASSERT(t->queued);
    t->queued = false;
    if (t->prev)
        t->prev->next = t->next;
    else
        c->ready[p].head = t->next;
    if (t->next)
        t->next->prev = t->prev;
    else
        c->ready[p].tail = t->prev;
    if (!c->ready[p].head)
        c->ready_bits &= ~(UINT64_C(1) << p);
    t->next = t->prev = NULL;
}

void sched_ready(struct task *t)
{
    TRACE(ready, 0, t, TRACE_ID(TRACE_CURRENT()));
    enqueue(arch_cpu(), t, false);
}

void sched_unready(struct task *t)
{
    if (t->queued)
        dequeue(arch_cpu(), t);
}

void sched_set_priority(struct task *t, unsigned priority)
{
    struct cpu *c = arch_cpu();
    bool queued = t->queued;

    if (queued)
        dequeue(c, t);
    t->priority = (uint8_t)priority;
    if (t == c->current)
        c->resched = true;
    if (queued)
        enqueue(c, t, false);
}

void sched_yield(void)
{
    struct cpu *c = arch_cpu();

    c->slice_end = 0; /* used up: sched_choose() sends it behind its equals */
    c->resched = true;
}

/* Nobody is ready: wait for an interrupt to make somebody so. */
static void idle(struct cpu *c)
{
    uint64_t start = arch_cycles();

    if (c->current) {
        TRACE_SWITCH(c->current, (struct task *)NULL);
        c->current->cpu_cycles += start - c->switched_at;
        arch_context_switch(c, c->current, NULL);
        c->current = NULL;
    }
    while (!c->ready_bits) {
        sched_arm();
        measure_point();
        arch_cpu_wait();
        measure_entry(MEASURE_INTERRUPT);
        irq_poll();
    }
    c->switched_at = arch_cycles();
    c->idle_cycles += c->switched_at - start;
}

/* The current task goes back to the queue: first among its equals if part of its slice is left. */
static void put_back(struct cpu *c, struct task *t)
{
    uint64_t now = arch_timer_now();

    t->slice_left = c->slice_end > now ? c->slice_end - now : 0;
    enqueue(c, t, t->slice_left > 0);
}

void sched_switch_to(struct cpu *c, struct task *from, struct task *to)
{
    uint64_t now = arch_cycles();

    TRACE_SWITCH(from, to);
    from->cpu_cycles += now - c->switched_at;
    from->blocked_at = now;
    c->switched_at = now;
    c->current = to;
    arch_context_switch(c, from, to);
}

struct way sched_leave_slowly(struct cpu *c, struct task *from, struct task *to)
{
    sched_switch_to(c, from, to);
    return (struct way){to, from};
}

struct task *sched_choose(void)
{
    struct cpu *c = arch_cpu();
    struct task *t = c->current;

    c->resched = false;
    if (t && t->state == TASK_READY && !t->queued) {
        uint64_t rivals = c->ready_bits >> t->priority;
        if (!rivals || (rivals == 1 && arch_timer_now() < c->slice_end)) {
            sched_arm();
            return t;
        }
        put_back(c, t);
    }
    if (!c->ready_bits)
        idle(c);
    t = c->ready[63 - __builtin_clzll(c->ready_bits)].head;
    dequeue(c, t);
    if (t != c->current)
        c->switches++;
    if (!c->current) {
        TRACE_SWITCH((struct task *)NULL, t);
        c->current = t;
        arch_context_switch(c, NULL, t);
    } else if (t != c->current) {
        sched_switch_to(c, c->current, t);
    }
    c->slice_end = arch_timer_now() + (t->slice_left ? t->slice_left : SCHED_SLICE_NS);
    t->slice_left = 0;
    sched_arm();
    return t;
}

void sched_arm(void)
{
    struct cpu *c = arch_cpu();
    uint64_t when = timer_next();

    if (c->current && c->ready[c->current->priority].head)
        when = min_u64(when, c->slice_end);
    if (when != c->timer_armed) {
        c->timer_armed = when;
        arch_timer_set(when);
    }
}

void sched_tick(uint64_t now)
{
    timer_expire(now);
    arch_cpu()->timer_armed = 0; /* the CPU's timer has fired: arm it anew whatever the time */
}
