/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short ways: a call (plain or pending) to a server that waits, and a reply to the caller that
 * was taken last by a server that then waits. Each checks all its conditions first and changes
 * nothing unless they hold; the general way (ipc.c, sys_ipc.c, pending.c) does the same work for
 * every other case. The message stays where the trap put it. What task.direct promises stands in
 * task.h.
 */
#include "ipc.h"
#include "resume.h"
#include "sched.h"
#include "trace.h"

/* The handle, if it is among the first ones and has this type and right. */
static inline const struct handle *short_handle(const struct task *t, uint64_t h, unsigned right)
{
    const struct handle *e;

    if (unlikely(h >= HANDLE_FIRST))
        return NULL;
    e = &t->handles.first[h];
    if (unlikely(e->type != UKERN_TYPE_PORT || !(e->rights & right)))
        return NULL;
    return e;
}

/* The receiver to which a call on p can go straight: the only one, with no deadline. */
static inline struct task *direct_receiver(const struct port *p)
{
    struct task *s = p->waiters;

    return likely(s && s->direct) ? s : NULL;
}

/* t's call on p, by a handle with this badge, is received by s, which runs next. */
static inline struct way call_directly(struct cpu *c, struct ukern_sysregs *r, struct task *t,
                                       struct task *s, struct port *p, uint64_t badge,
                                       enum call_kind kind)
{
    p->waiters = NULL;
    s->state = TASK_READY;
    s->direct = false;
    s->taken = t;
    if (s->priority < t->priority)
        s->priority = t->priority;

    t->state = TASK_REPLY;
    t->call_kind = kind;
    t->direct = true;
    t->call_port = p;
    t->call_badge = badge;
    t->holder = s;
    t->token += TOKEN_ONE;
    TRACE_SENT(t, p, &r->x[1]);
    TRACE_TAKEN(s, t, p, &r->x[1]);

    r->x[0] = UKERN_EV_MESSAGE;
    r->deadline_or_badge = badge;
    r->token = t->token;
    return sched_leave(c, t, s);
}

struct way ipc_fast_call(struct cpu *c, struct ukern_sysregs *r)
{
    struct task *t = c->current, *s;
    const struct handle *h = short_handle(t, r->x[0], UKERN_R_CALL);
    struct port *p;

    if (unlikely(!h || r->x[1] >> 32 || r->deadline_or_badge != UKERN_FOREVER || !t->ghost))
        return kernel_general(c, r, UKERN_SYS_ipc_call);
    p = h->object;
    s = direct_receiver(p);
    if (unlikely(!s))
        return kernel_general(c, r, UKERN_SYS_ipc_call);
    return call_directly(c, r, t, s, p, h->badge, CALL_CALL);
}

bool ipc_fast_pending(struct cpu *c, struct ukern_sysregs *r, const struct handle *h,
                      struct way *way)
{
    struct task *t = c->current, *s = direct_receiver(h->object);
    const struct ukern_msg *m = &t->pending.request;

    /* begin may have woken somebody urgent, by ukern_log(). */
    if (unlikely(!s || m->tag >> 32 || t->pending.deadline != UKERN_FOREVER || !t->ghost ||
                 c->resched))
        return false;
    t->result = *r; /* the arguments stay with the caller */
    r->x[1] = m->tag;
    r->x[2] = m->w[0];
    r->x[3] = m->w[1];
    r->x[4] = m->w[2];
    r->x[5] = m->w[3];
    r->x[6] = m->w[4];
    r->x[7] = m->w[5];
    *way = call_directly(c, r, t, s, h->object, h->badge, CALL_PENDING);
    return true;
}

/* The caller goes on with the results in r; t, which replied, waits at p. */
static inline struct way reply_directly(struct cpu *c, struct ukern_sysregs *r, struct task *t,
                                        struct task *caller, struct port *p)
{
    TRACE(end, TASK_REPLY, caller, caller->token, UKERN_OK, r->x[0], r->x[1]);
    caller->state = TASK_READY;
    caller->direct = false;

    t->taken = NULL;
    t->priority = t->base_priority;
    t->state = TASK_RECV;
    t->direct = true;
    t->receive_any = true;
    t->wait_port = p;
    t->replies++;
    p->waiters = t;

    r->deadline_or_badge = 0;
    r->token = 0;
    return sched_leave(c, t, caller);
}

/* Once caller has its reply, nobody is to run before it, and the server has nothing to receive. */
static inline bool caller_is_next(const struct cpu *c, const struct port *p,
                                  const struct task *caller)
{
    return !p->events && !p->waiters && !(c->ready_bits >> caller->priority);
}

/* The caller is parked in a pending call. Conditions are looked at when complete has run: it may
 * have given the port away, or woken somebody by ukern_log(). */
static __attribute__((noinline)) struct way reply_to_parked(struct cpu *c, struct ukern_sysregs *r)
{
    struct task *t = c->current, *caller = t->taken;
    struct port *p = caller->call_port;
    int64_t status;

    TRACE(reply, CALL_PENDING, t, r->token, r->x[1], r->x[2], r->x[3], r->x[4]);
    status = pending_reply(t, caller, (const struct ukern_msg *)&r->x[1]);
    if (likely(status == PENDING_READY && caller->direct && !task_unclean(caller) &&
               caller_is_next(c, p, caller))) {
        r->x[0] = caller->pending.result[0];
        r->x[1] = caller->pending.result[1];
        r->x[2] = r->x[3] = r->x[4] = r->x[5] = r->x[6] = r->x[7] = 0;
        return reply_directly(c, r, t, caller, p);
    }
    if (status == PENDING_READY) {
        ipc_release(caller);
        caller->result = (struct ukern_sysregs){.x[1] = caller->pending.result[1]};
        ipc_wake(caller, (int64_t)caller->pending.result[0]);
        status = UKERN_OK;
    }
    if (status != UKERN_OK)
        return kernel_status(c, r, UKERN_SYS_ipc_reply_recv, status);
    r->token = 0; /* another stage, or the caller's own error: dealt with */
    return kernel_general(c, r, UKERN_SYS_ipc_reply_recv);
}

struct way ipc_fast_reply_recv(struct cpu *c, struct ukern_sysregs *r)
{
    struct task *t = c->current, *caller = t->taken;
    const struct handle *h = short_handle(t, r->x[0], UKERN_R_RECV);
    struct port *p;

    if (unlikely(!h || !caller || caller->token != r->token || !caller->direct ||
                 r->deadline_or_badge != UKERN_FOREVER))
        return kernel_general(c, r, UKERN_SYS_ipc_reply_recv);
    p = h->object;
    if (unlikely(caller->call_port != p))
        return kernel_general(c, r, UKERN_SYS_ipc_reply_recv);
    if (caller->call_kind != CALL_CALL)
        return reply_to_parked(c, r);
    if (unlikely(r->x[1] >> 32 || !caller_is_next(c, p, caller)))
        return kernel_general(c, r, UKERN_SYS_ipc_reply_recv);
    TRACE(reply, CALL_CALL, t, r->token, r->x[1], r->x[2], r->x[3], r->x[4]);
    r->x[0] = UKERN_OK;
    return reply_directly(c, r, t, caller, p);
}
