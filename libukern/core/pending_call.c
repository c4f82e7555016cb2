/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two system calls that a pending call is made of: the caller's, and the reply of the server.
 * Each has a short way, by which the other side runs next: the request goes to a server that waits;
 * the results go to a caller, by a server that then waits. So does the answer to a plain call, if
 * ipc_fast.c has left it.
 */
#include "ipc_direct.h"
#include "copy.h"
#include "irq.h"
#include "measure.h"
#include "operation.h"

/* ---- The caller's ---- */

/* begin finds the arguments where they stay while the call is parked, and fills a request in their
 * place in r. What a call leaves as it found it is not set here. */
static inline void prepare(struct ukern_pending *p, struct task *t,
                           const struct ukern_completion *ops, struct ukern_sysregs *r)
{
    t->result = *r;
    p->ops = ops;
    p->phase = PENDING_BEGIN;
    p->ranges = 0;
    p->target = -1;
    p->target_handle = NULL;
    p->deadline = UKERN_FOREVER;
    p->result[0] = p->result[1] = 0;
    p->state[0] = p->state[1] = p->state[2] = p->state[3] = 0;
    p->message = (struct ukern_msg *)&r->x[1];
    for (unsigned i = 1; i < 8; i++)
        r->x[i] = 0;
}

/* The request goes the general way. */
static struct way park(struct cpu *c, struct ukern_sysregs *r, uint64_t number)
{
    struct ukern_pending *p = &c->current->pending;
    int rc;

    p->request = *(const struct ukern_msg *)&r->x[1];
    rc = pending_forward(p);
    if (rc == UKERN_OK)
        return kernel_status(c, r, number, SYS_BLOCK);
    sysregs_set(r, (uint64_t)(int64_t)rc, 0);
    return kernel_status(c, r, number, SYS_SET);
}

/* begin wants no request sent. */
static struct way finished(struct cpu *c, struct ukern_sysregs *r, uint64_t number, int rc)
{
    struct ukern_pending *p = &c->current->pending;

    p->phase = PENDING_NONE;
    if (rc == UKERN_DONE)
        sysregs_set(r, p->result[0], p->result[1]);
    else
        sysregs_set(r, (uint64_t)(int64_t)(rc < 0 ? rc : UKERN_EINVAL), 0);
    return kernel_status(c, r, number, SYS_SET);
}

struct way pending_call(struct cpu *c, struct ukern_sysregs *r, uint64_t number)
{
    const struct ukern_completion *ops = NULL;
    struct task *t = c->current, *s;
    const struct handle *h;
    struct port *p;
    int rc;

    measure_entry(number);
    TRACE(enter, 0, t, number, r->x[0], r->x[1], r->x[2], r->x[3], r->x[4]);
    if (likely(number - UKERN_SYS_EXT_FIRST < PENDING_NUMBERS))
        ops = pending_table[number - UKERN_SYS_EXT_FIRST];
    if (unlikely(!ops))
        return kernel_status(c, r, number, UKERN_ENOSYS);
    prepare(&t->pending, t, ops, r);
    rc = ops->begin(&t->pending);
    if (unlikely(rc != UKERN_FORWARD))
        return finished(c, r, number, rc);
    h = t->pending.target_handle;
    if (unlikely(!h))
        return park(c, r, number);
    p = h->object;
    s = direct_receiver(p);
    /* begin may have woken somebody urgent, by ukern_log(). */
    if (unlikely(!s || r->x[1] >> 32 || t->pending.deadline != UKERN_FOREVER || !t->ghost ||
                 c->resched))
        return park(c, r, number);
    t->pending.phase = PENDING_PARKED;
    r->x[0] = UKERN_EV_MESSAGE;
    r->deadline_or_badge = h->badge;
    r->token = t->token + TOKEN_ONE;
    TRACE(call, CALL_PENDING, t, r->token, (uintptr_t)p, h->badge, r->x[1], r->x[2], r->x[3]);
    TRACE_RECEIVED(s, p, r);
    measure_point();
    return (struct way){call_directly(c, t, s, p, h->badge, CALL_PENDING, DIRECT_PENDING), t};
}

/* ---- The server's ---- */

/* complete, if it has not run yet, and all that it asks for. */
static inline int64_t reply(struct task *t, struct task *caller, const struct ukern_msg *message)
{
    struct ukern_pending *p = &caller->pending;
    int rc = UKERN_DONE;

    if (likely(p->phase == PENDING_PARKED)) {
        p->phase = PENDING_COMPLETE;
        p->server = t;
        p->result[0] = p->result[1] = 0;
        p->message = NULL;
        rc = p->ops->complete(p, message);
        TRACE(complete, 0, caller, caller->token, (uint64_t)rc, p->result[0], p->result[1]);
        if (likely(rc == UKERN_DONE && !p->gives && !p->mapping &&
                   (!p->copies || (p->copies == 1 && copy_short(p))))) {
            p->phase = PENDING_NONE;
            return PENDING_READY;
        }
    }
    return pending_go_on(p, rc);
}

int64_t pending_reply(struct task *t, struct task *caller, const struct ukern_msg *message)
{
    return reply(t, caller, message);
}

/* A caller that was taken long ago is let go; false: that takes more than is done here. */
static bool let_go(struct task *t, struct task *caller, struct port *p, uint64_t handle)
{
    const struct handle *h = handle_quick(&t->handles, handle, UKERN_R_RECV);

    if (t->taken || t->serving != p || !h || h->object != p)
        return false;
    timer_stop(&caller->timer);
    ipc_unlink_held(caller);
    p->refs--; /* of the call: the server's handle has another */
    return true;
}

/* The caller is ready, and t waits at p. */
static struct way queue(struct task *t, struct task *caller, struct port *p, bool last)
{
    set_state(caller, TASK_READY, CALL_SEND, DIRECT_NO, false);
    sysregs_set(&caller->result, caller->pending.result[0], caller->pending.result[1]);
    wait_directly(t, p);
    if (last)
        sched_ready_again(caller);
    else
        sched_ready(caller);
    return (struct way){NULL, t};
}

/* Conditions are looked at when complete has run: it may have given the port away, or woken
 * somebody by ukern_log(). */
static inline struct way reply_recv(struct cpu *c, struct ukern_sysregs *r, struct task *t,
                                    struct task *caller, struct port *p)
{
    int64_t status;
    bool last;

    measure_entry(UKERN_SYS_ipc_reply_recv);
    TRACE(reply, CALL_PENDING, t, r->token, r->x[1], r->x[2], r->x[3], r->x[4]);
    status = reply(t, caller, (const struct ukern_msg *)&r->x[1]);
    last = caller->direct;
    if (likely(status == PENDING_READY && !task_unclean(caller) && all_quiet(p) &&
               (last || let_go(t, caller, p, r->x[0])))) {
        TRACE(end, TASK_REPLY, caller, caller->token, UKERN_OK, caller->pending.result[0],
              caller->pending.result[1]);
        if (unlikely(last ? !caller_is_next(c, caller) : c->ready_bits >> caller->priority))
            return queue(t, caller, p, last);
        sysregs_set(r, caller->pending.result[0], caller->pending.result[1]);
        measure_point();
        return (struct way){reply_directly(c, t, caller, p), t};
    }
    if (status == PENDING_READY) {
        pending_wake(caller);
        status = UKERN_OK;
    }
    if (status != UKERN_OK)
        return kernel_status(c, r, UKERN_SYS_ipc_reply_recv, status);
    r->token = 0; /* another stage, or the caller's own error: dealt with */
    return kernel_general(c, r, UKERN_SYS_ipc_reply_recv);
}

/* The answer to a call that was taken long ago, or by a server that then waits with a deadline. */
static struct way answer(struct cpu *c, struct ukern_sysregs *r, struct task *t,
                         struct task *caller, struct port *p)
{
    uint64_t deadline = r->deadline_or_badge;
    bool last = caller->direct;

    if (r->x[1] >> 32 || caller->special || !all_quiet(p) || deadline <= arch_timer_now() ||
        (last ? !caller_is_next(c, caller)
              : c->ready_bits >> caller->priority || !let_go(t, caller, p, r->x[0])))
        return kernel_general(c, r, UKERN_SYS_ipc_reply_recv);
    measure_entry(UKERN_SYS_ipc_reply_recv);
    TRACE(reply, CALL_CALL, t, r->token, r->x[1], r->x[2], r->x[3], r->x[4]);
    TRACE(end, TASK_REPLY, caller, r->token, UKERN_OK, UKERN_OK, r->x[1]);
    r->x[0] = UKERN_OK;
    r->deadline_or_badge = r->token = 0;
    reply_directly(c, t, caller, p);
    timer_start(&t->timer, deadline);
    sched_arm(c);
    measure_point();
    return (struct way){caller, t};
}

struct way ipc_long_reply_recv(struct cpu *c, struct ukern_sysregs *r)
{
    struct task *t = c->current, *caller;
    const struct handle *h = handle_quick(&t->handles, r->x[0], UKERN_R_RECV);

    if (likely(h))
        irq_receive(h->object); /* which may end what a caller waits for */
    caller = ipc_held(t, r->token);
    if (unlikely(!caller || !h || caller->call_port != h->object))
        return kernel_general(c, r, UKERN_SYS_ipc_reply_recv);
    if (likely(caller->call_kind == CALL_PENDING && r->deadline_or_badge == UKERN_FOREVER))
        return reply_recv(c, r, t, caller, h->object);
    if (caller->call_kind == CALL_CALL)
        return answer(c, r, t, caller, h->object);
    return kernel_general(c, r, UKERN_SYS_ipc_reply_recv);
}
