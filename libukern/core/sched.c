/* SPDX-License-Identifier: BSD-2-Clause */
#include "sched.h"
#include "irq.h"
#include "measure.h"
#include "operation.h"
#include "syscall.h"

void sched_init(struct cpu *c)
{
    c->slice = arch_ns_to_cycles(SCHED_SLICE_NS);
    c->timer_armed = UKERN_FOREVER;
}

/* Into the queue of its priority. */
static void insert(struct cpu *c, struct task *t, bool first)
{
    struct task_queue *q = &c->ready[t->priority];

    t->queued = true;
    t->next = t->prev = NULL;
    if (!q->head) {
        q->head = q->tail = t;
        c->ready_bits |= UINT64_C(1) << t->priority;
    } else if (first) {
        t->next = q->head;
        q->head->prev = t;
        q->head = t;
    } else {
        t->prev = q->tail;
        q->tail->next = t;
        q->tail = t;
    }
}

static void enqueue(struct cpu *c, struct task *t, bool first)
{
    ASSERT(!t->queued && t->state == TASK_READY);
    if (!c->current || t->priority > c->current->priority)
        c->resched = true;
    else if (t->priority == c->current->priority && c->slice_end < c->timer_armed)
        sched_arm_at(c, c->slice_end);
    insert(c, t, first);
}

static void dequeue(struct cpu *c, struct task *t)
{
    struct task_queue *q = &c->ready[t->priority];

    ASSERT(t->queued);
    t->queued = false;
    if (t->prev)
        t->prev->next = t->next;
    else
        q->head = t->next;
    if (t->next)
        t->next->prev = t->prev;
    else
        q->tail = t->prev;
    if (!q->head)
        c->ready_bits &= ~(UINT64_C(1) << t->priority);
    t->next = t->prev = NULL;
}

/* The first of the most urgent ones comes out. */
static inline struct task *take_first(struct cpu *c)
{
    unsigned p = 63u - (unsigned)__builtin_clzll(c->ready_bits);
    struct task_queue *q = &c->ready[p];
    struct task *t = q->head, *second = t->next;

    q->head = second;
    if (second) {
        second->prev = NULL;
        t->next = NULL;
    } else {
        q->tail = NULL;
        c->ready_bits &= ~(UINT64_C(1) << p);
    }
    t->queued = false;
    return t;
}

void sched_ready(struct task *t)
{
    TRACE(ready, 0, t, TRACE_ID(TRACE_CURRENT()));
    enqueue(arch_cpu(), t, false);
}

/* What is left of the slice is t's. */
static inline void keep_slice(const struct cpu *c, struct task *t)
{
    uint64_t now = arch_cycles();

    t->slice_left = c->slice_end > now ? c->slice_end - now : 0;
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

void sched_ready_again(struct task *t)
{
    struct cpu *c = arch_cpu();

    TRACE(ready, 0, t, TRACE_ID(TRACE_CURRENT()));
    keep_slice(c, t);
    enqueue(c, t, t->slice_left > 0);
}

/* Nobody is ready: wait for an interrupt to make somebody so. */
static void idle(struct cpu *c)
{
    uint64_t start = arch_cycles();

    if (c->current) {
        TRACE_SWITCH(c->current, (struct task *)NULL);
        c->current->cpu_cycles += start - c->switched_at;
        arch_context_leave(c);
        c->current = NULL;
    }
    while (!c->ready_bits) {
        sched_arm(c);
        measure_point();
        arch_cpu_wait();
        measure_entry(MEASURE_INTERRUPT);
        irq_poll();
    }
    c->idle_cycles += arch_cycles() - start;
}

/* The current task goes back to the queue: first among its equals if part of its slice is left. */
static inline void put_back(struct cpu *c, struct task *t)
{
    keep_slice(c, t);
    insert(c, t, t->slice_left > 0);
}

/* t, which has just become current, has what is left of its slice, or a new one. */
static inline void begin_slice(struct cpu *c, struct task *t)
{
    uint64_t left = t->slice_left;

    c->slice_end = c->switched_at + (left ? left : c->slice);
    t->slice_left = 0;
    sched_arm(c);
}

struct task *sched_choose(void)
{
    struct cpu *c = arch_cpu();
    struct task *t = c->current, *next;

    c->resched = false;
    if (t && t->state == TASK_READY && !t->queued) {
        uint64_t rivals = c->ready_bits >> t->priority;
        if (!rivals || (rivals == 1 && arch_cycles() < c->slice_end)) {
            sched_arm(c);
            return t;
        }
        put_back(c, t);
    }
    if (unlikely(!c->ready_bits)) {
        idle(c);
        t = NULL;
    }
    next = take_first(c);
    if (likely(t && t != next)) {
        sched_switch(c, t, next);
        c->switches++;
    } else if (!t) {
        TRACE_SWITCH((struct task *)NULL, next);
        c->current = next;
        c->left = NULL;
        c->switched_at = arch_cycles();
        arch_context_enter(c, next);
        c->switches++;
    }
    begin_slice(c, next);
    return next;
}

void sched_preempt(struct cpu *c, struct task *by)
{
    struct task *t = c->current;

    put_back(c, t);
    sysregs_set(&t->result, UKERN_OK, 0);
    sched_switch(c, t, by);
    c->slice_end = c->switched_at + c->slice; /* it has no equals: nothing to be armed */
}

/* The first in t's queue comes out, t goes in at its end. */
static void rotate(struct cpu *c, struct task *first, struct task *t)
{
    struct task_queue *q = &c->ready[t->priority];
    struct task *second = first->next;

    t->next = NULL;
    if (second) {
        second->prev = NULL;
        t->prev = q->tail;
        q->tail->next = t;
        q->head = second;
    } else {
        t->prev = NULL;
        q->head = t;
    }
    q->tail = t;
    t->queued = true;
    first->queued = false;
    first->next = first->prev = NULL;
}

/* The short way: the first of the equals is ready to run on. */
static bool yield_directly(struct cpu *c, struct task *t, struct ukern_sysregs *r)
{
    struct task *to = c->ready[t->priority].head;

    if (unlikely(!to || to->special || c->resched || c->ready_bits >> t->priority != 1))
        return false;
    rotate(c, to, t);
    sysregs_set(&t->result, UKERN_OK, 0);
    sched_switch(c, t, to);
    begin_slice(c, to);
    *r = to->result;
    return true;
}

int64_t sys_task_yield(struct task *t, struct ukern_sysregs *r)
{
    struct cpu *c = arch_cpu();

    if (yield_directly(c, t, r))
        return SYS_SWITCHED;
    c->slice_end = 0; /* used up: sched_choose() sends it behind its equals */
    c->resched = true;
    return UKERN_OK;
}

void sched_arm_at(struct cpu *c, uint64_t when)
{
    c->timer_armed = when;
    arch_timer_set(when);
}

void sched_tick(uint64_t now)
{
    timer_expire(now);
    arch_cpu()->timer_armed = UKERN_FOREVER; /* sched_arm() arms it anew */
    arch_timer_set(UKERN_FOREVER);
}
