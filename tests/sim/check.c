/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"
#include "census.h"
#include "ipc.h"
#include "sched.h"
#include "sim.h"

/* ---- Each task is in the one place that its state names ---- */

static struct {
    unsigned ready, sending, held, receiving, waiting;
} found[WORLD_IDS];

#define IN(t, place) found[task_id(t)].place

static void count_ready(void)
{
    const struct cpu *c = arch_cpu();

    for (unsigned p = 0; p < UKERN_PRIORITIES; p++) {
        const struct task *before = NULL;
        ASSERT(!!c->ready[p].head == (c->ready_bits >> p & 1));
        for (const struct task *t = c->ready[p].head; t; t = t->next) {
            ASSERT(t->queued && t->priority == p && t->prev == before);
            IN(t, ready)++;
            before = t;
        }
        ASSERT(!before || c->ready[p].tail == before);
    }
}

static void count_senders(const struct port *p)
{
    const struct task *above = NULL;

    for (const struct task *ring = p->senders.first; ring; above = ring, ring = ring->lower) {
        const struct task *t = ring;
        ASSERT(ring->higher == above && (!above || above->priority > ring->priority));
        do {
            ASSERT(t->state == TASK_SEND && t->call_port == p && t->priority == ring->priority);
            ASSERT(t->next->prev == t && (t == ring || (!t->higher && !t->lower)));
            IN(t, sending)++;
            t = t->next;
        } while (t != ring);
    }
}

static void count_waiters(const struct port *p)
{
    const struct task *before = NULL;

    for (const struct task *t = p->waiters; t; t = t->next) {
        ASSERT(t->state == TASK_RECV && t->wait_port == p && t->prev == before);
        /* Nobody waits for what is there. */
        ASSERT(!t->receive_any || !(p->events & ~(uint64_t)PORT_LINES));
        ASSERT(t->receive_any || !(p->bits & t->wait_mask));
        IN(t, receiving)++;
        before = t;
    }
}

static void check_port(const struct port *p)
{
    count_senders(p);
    count_waiters(p);
    ASSERT(!p->server || p->server->serving == p);
    if (!p->receivers) {
        ASSERT(!p->bits && !timer_active(&p->timer));
        /* Or somebody who runs on is about to turn them away. */
        bool cleaned = !p->events && !p->waiters && !p->server;
        for (unsigned i = 0; i < census_task_count; i++)
            for (const struct port *c = census_tasks[i]->cleanup_ports; c; c = c->cleanup_next)
                cleaned = cleaned || (c == p && census_tasks[i]->state == TASK_READY);
        ASSERT(cleaned);
    }
}

static void count_held(const struct task *server)
{
    const struct task *before = NULL;

    if (server->taken) {
        ASSERT(server->taken->state == TASK_REPLY && server->taken->holder == server);
        IN(server->taken, held)++;
    }
    for (const struct task *t = server->held; t; t = t->next) {
        ASSERT(t->state == TASK_REPLY && t->holder == server && t->prev == before);
        IN(t, held)++;
        before = t;
    }
}

static void count_exit_waiters(const struct task *of)
{
    const struct task *before = NULL;

    for (const struct task *t = of->waiters; t; t = t->next) {
        ASSERT(t->state == TASK_WAIT && t->wait_task == of && t->prev == before);
        IN(t, waiting)++;
        before = t;
    }
}

/* ---- One task ---- */

static unsigned inherited(const struct task *t)
{
    unsigned p = t->base_priority;

    if (t->taken)
        p = (unsigned)max_u64(p, t->taken->priority);
    for (const struct task *s = t->serving ? t->serving->senders.first : NULL; s; s = s->lower)
        p = (unsigned)max_u64(p, s->priority);
    return p;
}

static void check_pending(const struct task *t)
{
    const struct ukern_pending *p = &t->pending;
    bool parked = (t->state == TASK_SEND || t->state == TASK_REPLY) && t->call_kind == CALL_PENDING;

    ASSERT(parked == (p->phase != PENDING_NONE));
    ASSERT(!parked || (p->phase >= PENDING_PARKED && p->phase != PENDING_COMPLETE));
    ASSERT(!parked || t->state == TASK_REPLY || p->phase == PENDING_PARKED);
    ASSERT(p->phase != PENDING_PARKED || (!p->mapping && !p->copies && !p->gives));
    ASSERT(!p->kept || p->phase >= PENDING_CHECK);
    ASSERT(!parked || !p->mapping || p->mapping->worker == &p->mapping);
}

/* The short ways rely on these. */
static void check_direct(const struct task *t)
{
    if (!t->direct)
        return;
    if (t->state == TASK_RECV) {
        ASSERT(t->receive_any && t->wait_port->server == t);
        return;
    }
    ASSERT(!timer_active(&t->timer));
    ASSERT(t->state == TASK_REPLY && (t->call_kind == CALL_CALL || t->call_kind == CALL_PENDING));
    ASSERT(t->holder->taken == t && t->call_port->server == t->holder);
}

static void check_task(const struct task *t)
{
    const struct task *current = arch_cpu()->current;
    bool blocked = t->state >= TASK_SEND && t->state <= TASK_WAIT;
    bool alive = t->state != TASK_DEAD;

    ASSERT(IN(t, ready) == (t->state == TASK_READY && t != current));
    ASSERT(t->queued == IN(t, ready));
    ASSERT(IN(t, sending) == (t->state == TASK_SEND));
    ASSERT(IN(t, held) == (t->state == TASK_REPLY));
    ASSERT(IN(t, receiving) == (t->state == TASK_RECV));
    ASSERT(IN(t, waiting) == (t->state == TASK_WAIT));
    ASSERT(t == current || t->queued || blocked || (!t->next && !t->prev));
    ASSERT(t->call_port || (t->state != TASK_SEND && t->state != TASK_REPLY));
    ASSERT(t->holder || t->state != TASK_REPLY);
    ASSERT(t->wait_port || t->state != TASK_RECV);
    ASSERT((t->wait_task != NULL) == (t->state == TASK_WAIT));
    ASSERT(!timer_active(&t->timer) || blocked);
    ASSERT(alive == (t->account != NULL) && alive == (t->aspace != NULL || t->dying));
    ASSERT(!t->serving || t->serving->server == t);
    ASSERT(t->state == TASK_LOADING || t->priority == inherited(t));
    ASSERT(t->base_priority <= t->max_priority || t->dying || !alive);
    /* What one leaves to be finished is finished by somebody who runs. */
    ASSERT(!blocked || (!task_unclean(t) && !t->operation && !t->again && !t->dying));
    ASSERT(alive ||
           (!t->handles.used && !task_unclean(t) && !t->operation && !t->held && !t->taken));
    check_pending(t);
    check_direct(t);
}

/* Nobody waits for himself. */
static void check_acyclic(const struct task *t)
{
    const struct task *s = t;

    for (unsigned i = 0; s; i++) {
        ASSERT(i <= census_task_count);
        if (s->state == TASK_SEND)
            s = s->call_port->server;
        else if (s->state == TASK_REPLY)
            s = s->holder;
        else
            s = s->state == TASK_WAIT ? s->wait_task : NULL;
    }
}

/* ---- The CPU and its timer ---- */

static void check_cpu(void)
{
    const struct cpu *c = arch_cpu();
    const struct task *t = c->current;

    ASSERT(t && t->state == TASK_READY && !t->queued && !t->dying && !t->again);
    ASSERT(!task_unclean(t) && !t->full && sim_running == t);
    ASSERT(!(c->ready_bits >> t->priority >> 1)); /* nobody is more urgent */
    ASSERT(!c->ready[t->priority].head || sim_timer <= c->slice_end);
    ASSERT(sim_timer <= timer_next());
}

static void check_timers(const struct census_object *o, unsigned n)
{
    uint64_t next = UKERN_FOREVER;

    for (unsigned i = 0; i < n; i++) {
        const struct timer *timer = NULL;
        if (o[i].kind == CENSUS_TASK)
            timer = &((const struct task *)o[i].object)->timer;
        else if (o[i].kind == CENSUS_PORT)
            timer = &((const struct port *)o[i].object)->timer;
        if (timer && timer->node.linked)
            next = min_u64(next, timer->node.key);
    }
    ASSERT(next == timer_next());
}

void world_check(void)
{
    const struct census_object *o;
    unsigned n;

    census_take();
    census_check();
    o = census_objects(&n);
    memset(found, 0, sizeof found);
    count_ready();
    for (unsigned i = 0; i < n; i++)
        if (o[i].kind == CENSUS_PORT)
            check_port(o[i].object);
    for (unsigned i = 0; i < census_task_count; i++) {
        count_held(census_tasks[i]);
        count_exit_waiters(census_tasks[i]);
    }
    for (unsigned i = 0; i < census_task_count; i++) {
        check_task(census_tasks[i]);
        check_acyclic(census_tasks[i]);
    }
    check_cpu();
    check_timers(o, n);
}
