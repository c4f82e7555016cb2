/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two hot paths: a call to a server that waits, and a reply to the caller that was taken last by a server
 * that then waits. Each checks all its conditions first and changes nothing unless they hold; the general path
 * (ipc.c, sys_ipc.c) does the same work for every other case. The message stays where the trap put it.
 *
 * Budget, instructions: 25 for the conditions, 20 for the bookkeeping, 15 for the switch.
 */
#include "ipc.h"
#include "resume.h"
#include "sched.h"

/* The handle, if it is among the first ones and has this type and right. */
static inline const struct handle *fast_handle(const struct task *t, uint64_t h, unsigned right)
{
    const struct handle *e;

    if (unlikely(h >= HANDLE_FIRST))
        return NULL;
    e = &t->handles.first[h];
    if (unlikely(e->type != UKERN_TYPE_PORT || !(e->rights & right)))
        return NULL;
    return e;
}

const struct ukern_sysregs *ipc_fast_call(struct task *t, struct ukern_sysregs *r)
{
    const struct handle *h = fast_handle(t, r->x[0], UKERN_R_CALL);
    struct port *p;
    struct task *s;

    if (unlikely(!h || r->x[1] >> 32 || r->deadline_or_badge != UKERN_FOREVER || !t->ghost))
        return kernel_general(t, r, UKERN_SYS_ipc_call);
    p = h->object;
    s = p->waiters;
    if (unlikely(!s || !s->receive_any || s->timer.node.linked))
        return kernel_general(t, r, UKERN_SYS_ipc_call);

    p->waiters = s->next;
    if (s->next)
        s->next->prev = NULL;
    p->refs++;
    s->next = NULL;
    s->wait_port = NULL;
    s->state = TASK_READY;
    s->taken = t;
    s->ipc_count++;
    if (s->priority < t->priority)
        s->priority = t->priority;

    t->state = TASK_REPLY;
    t->call_kind = CALL_CALL;
    t->call_port = p;
    t->call_badge = h->badge;
    t->holder = s;
    t->token += TOKEN_ONE;
    t->ipc_count++;

    r->x[0] = UKERN_EV_MESSAGE;
    r->deadline_or_badge = h->badge;
    r->token = t->token;
    sched_switch_to(arch_cpu(), t, s);
    t->blocked_at = arch_cpu()->switched_at;
    return r;
}

const struct ukern_sysregs *ipc_fast_reply_recv(struct task *t, struct ukern_sysregs *r)
{
    const struct handle *h = fast_handle(t, r->x[0], UKERN_R_RECV);
    struct task *c = t->taken;
    struct cpu *cpu = arch_cpu();
    struct port *p;

    if (unlikely(!h || !c || c->token != r->token || r->x[1] >> 32 ||
                 r->deadline_or_badge != UKERN_FOREVER))
        return kernel_general(t, r, UKERN_SYS_ipc_reply_recv);
    p = h->object;
    if (unlikely(c->call_kind != CALL_CALL || c->timer.node.linked || p->events ||
                 c->call_port != p || p->server != t || cpu->ready_bits >> c->priority || task_unclean(c)))
        return kernel_general(t, r, UKERN_SYS_ipc_reply_recv);

    p->refs--;
    c->call_port = NULL;
    c->holder = NULL;
    c->state = TASK_READY;

    t->taken = NULL;
    t->priority = t->base_priority;
    t->state = TASK_RECV;
    t->receive_any = true;
    t->wait_mask = UINT64_MAX;
    t->wait_port = p;
    t->next = p->waiters;
    if (t->next)
        t->next->prev = t;
    p->waiters = t;
    t->ipc_count++;

    r->x[0] = UKERN_OK;
    r->deadline_or_badge = 0;
    r->token = 0;
    sched_switch_to(cpu, t, c);
    t->blocked_at = cpu->switched_at;
    return r;
}
