/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls that send, receive, reply and notify.
 */
#include "ipc.h"
#include "irq.h"
#include "sched.h"
#include "syscall.h"
#include "trace.h"

/* ---- Receiving ---- */

#define RECEIVE_TRIES 16 /* callers whose handles find no room, that one pass may turn away */

#define WAITERS_MAX 64 /* whoever sends or notifies looks through all who wait at the port */

static bool crowded(const struct port *p)
{
    unsigned n = 0;

    for (const struct task *w = p->waiters; w; w = w->next)
        n++;
    return n >= WAITERS_MAX;
}

/* t has nothing to take: it waits at p, unless the deadline has passed. */
static int64_t block_receiver(struct task *t, struct port *p, uint64_t deadline)
{
    uint64_t now = arch_cycles();

    if (deadline != UKERN_FOREVER && deadline <= arch_cycles_to_ns(now))
        return UKERN_ETIMEDOUT;
    if (unlikely(crowded(p)))
        return UKERN_EBUSY;
    t->state = TASK_RECV;
    t->wait_port = p;
    t->direct = t->receive_any && !p->waiters;
    t->blocked_at = now;
    t->prev = NULL;
    t->next = p->waiters;
    if (p->waiters)
        p->waiters->prev = t;
    p->waiters = t;
    timer_start(&t->timer, deadline);
    return SYS_BLOCK;
}

static int64_t receive(struct task *t, struct ukern_sysregs *r, struct port *p, uint64_t deadline)
{
    irq_receive(p);
    ipc_serve(t, p);
    for (int i = 0; i < RECEIVE_TRIES; i++) {
        bool message_turn = p->other_first && p->senders.first;
        if (!message_turn && port_take(p, r, UINT64_MAX, true)) {
            p->other_first = true;
            TRACE_RECEIVED(t, p, r);
            return SYS_SET;
        }
        p->other_first = false;
        if (!p->senders.first) {
            t->wait_mask = UINT64_MAX;
            t->receive_any = true;
            return block_receiver(t, p, deadline);
        }
        if (ipc_take_message(t, p, r) == UKERN_OK)
            return SYS_SET;
    }
    return SYS_AGAIN;
}

/* ---- Replying ---- */

static int64_t reply(struct task *t, uint64_t token, const uint64_t *message)
{
    struct task *c = ipc_held(t, token);
    int64_t status;
    int rc;

    if (!c)
        return UKERN_ESTALE;
    TRACE(reply, c->call_kind, t, token, message[0], message[1], message[2], message[3]);
    if (c->call_kind == CALL_PENDING) {
        status = pending_reply(t, c, (const struct ukern_msg *)message);
        if (status != PENDING_READY)
            return status;
        pending_wake(c);
        return UKERN_OK;
    }
    if (c->call_kind == CALL_FAULT) {
        ipc_release(c);
        if (UKERN_TAG_LABEL(message[0]) == UKERN_FAULT_RESUME)
            ipc_wake(c, 0);
        else
            task_end(c, UKERN_EXIT_FAULT, (int)c->pending.request.w[0], 0);
        return UKERN_OK;
    }
    rc = ipc_check(t, message);
    if (!rc)
        rc = ipc_transfer(t, c, message[0], message + 1, &c->result.x[2]);
    if (rc)
        return rc;
    c->result.x[1] = message[0];
    c->result.deadline_or_badge = c->result.token = 0;
    t->replies++;
    ipc_answered(c, UKERN_OK);
    return UKERN_OK;
}

/* ---- The calls ---- */

/* ipc_call and ipc_send. The message is kept in t->result, where it may wait. */
static int64_t start(struct task *t, struct ukern_sysregs *r, enum call_kind kind)
{
    struct handle *h;
    int rc = handle_find_port(&t->handles, r->x[0], UKERN_R_CALL, &h);

    if (!rc)
        rc = ipc_check(t, &r->x[1]);
    if (rc)
        return rc;
    if (r != &t->result)
        t->result = *r;
    rc = ipc_start(t, h->object, h->badge, kind, &t->result.x[1], r->deadline_or_badge);
    if (rc)
        return rc;
    return t->state == TASK_READY ? UKERN_OK : SYS_BLOCK;
}

int64_t sys_ipc_call(struct task *t, struct ukern_sysregs *r)
{
    return start(t, r, CALL_CALL);
}

int64_t sys_ipc_send(struct task *t, struct ukern_sysregs *r)
{
    return start(t, r, CALL_SEND);
}

int64_t sys_ipc_recv(struct task *t, struct ukern_sysregs *r)
{
    struct handle *h;
    int rc = handle_find_port(&t->handles, r->x[0], UKERN_R_RECV, &h);

    return rc ? rc : receive(t, r, h->object, r->deadline_or_badge);
}

int64_t sys_ipc_reply(struct task *t, struct ukern_sysregs *r)
{
    return reply(t, r->token, &r->x[1]);
}

int64_t sys_ipc_reply_recv(struct task *t, struct ukern_sysregs *r)
{
    struct handle *h;
    int64_t status = handle_find_port(&t->handles, r->x[0], UKERN_R_RECV, &h);

    if (status)
        return status;
    if (r->token) {
        status = reply(t, r->token, &r->x[1]);
        if (status)
            return status;
        r->token = 0; /* replied: if receiving has to be tried again, this must not be */
        /* The reply may have moved a handle away: the port's, even. */
        status = handle_find_port(&t->handles, r->x[0], UKERN_R_RECV, &h);
        if (status)
            return status;
    }
    /* What the reply left to do comes first: a waiting server must be ready to run. */
    if (unlikely(task_unclean(t)))
        return SYS_AGAIN;
    return receive(t, r, h->object, r->deadline_or_badge);
}

/* The short way to a receiver that waits alone for these bits, and is the next to run: the current
 * task has done its part. false: not so, and nothing is done. */
static bool notify_directly(struct ukern_sysregs *r, struct port *p, uint64_t bits)
{
    struct cpu *c = arch_cpu();
    struct task *w = p->waiters;
    uint64_t taken, left;

    if (!w || w->next || !sched_preempts(c, w))
        return false;
    taken = w->receive_any ? bits : bits & w->wait_mask;
    if (!taken)
        return false;
    TRACE(notify, 0, TRACE_CURRENT(), (uintptr_t)p, bits, TRACE_ID(p->server));
    p->waiters = NULL;
    w->state = TASK_READY;
    w->direct = false;
    timer_stop(&w->timer);
    w->wait_port = NULL;
    left = p->bits | (bits & ~taken); /* w waits for none of those that were set before */
    if (unlikely(left)) {
        p->bits = left;
        p->events |= PORT_BITS;
    }
    sysregs_set(r, w->receive_any ? UKERN_EV_NOTIFY : UKERN_OK, taken);
    TRACE_RECEIVED(w, p, r);
    sched_preempt(c, w);
    return true;
}

int64_t sys_notify(struct task *t, struct ukern_sysregs *r)
{
    struct handle *h = handle_quick(&t->handles, r->x[0], UKERN_R_NOTIFY);
    struct port *p;

    if (unlikely(!h)) {
        int rc = handle_find(&t->handles, r->x[0], UKERN_TYPE_PORT, UKERN_R_NOTIFY, &h);
        if (rc)
            return rc;
    }
    p = h->object;
    if (!p->receivers)
        return UKERN_EPEER;
    if (notify_directly(r, p, r->x[1]))
        return SYS_SWITCHED;
    port_notify(p, r->x[1]);
    return UKERN_OK;
}

int64_t sys_notify_wait(struct task *t, struct ukern_sysregs *r)
{
    struct handle *h;
    struct port *p;
    int rc = handle_find_port(&t->handles, r->x[0], UKERN_R_RECV, &h);
    uint64_t mask = r->x[1], deadline = r->deadline_or_badge;

    if (rc)
        return rc;
    if (!mask)
        return UKERN_EINVAL;
    p = h->object;
    irq_receive(p);
    if ((p->bits & mask) && port_take(p, r, mask, false)) {
        TRACE_RECEIVED(t, p, r);
        r->x[0] = UKERN_OK;
        return SYS_SET;
    }
    t->wait_mask = mask;
    t->receive_any = false;
    return block_receiver(t, p, deadline);
}

int64_t sys_timer_set(struct task *t, struct ukern_sysregs *r)
{
    struct handle *h;
    struct port *p;
    int rc = handle_find_port(&t->handles, r->x[0], UKERN_R_RECV, &h);

    if (rc)
        return rc;
    p = h->object;
    p->timer_bits = r->x[1];
    timer_start(&p->timer, r->deadline_or_badge);
    sched_arm(arch_cpu());
    return UKERN_OK;
}
