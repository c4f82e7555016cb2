/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short ways of pending calls: the request goes to a server that waits; and the reply's results
 * to the caller that was taken last, by a server that then waits.
 */
#include "ipc_direct.h"
#include "measure.h"
#include "operation.h"

struct way ipc_fast_pending(struct cpu *c, struct ukern_sysregs *r, uint64_t number)
{
    struct task *t = c->current;
    const struct handle *h = t->pending.target_handle;
    struct port *p = h->object;
    struct task *s = direct_receiver(p);

    /* begin may have woken somebody urgent, by ukern_log(). */
    if (unlikely(!s || r->x[1] >> 32 || t->pending.deadline != UKERN_FOREVER || !t->ghost ||
                 c->resched))
        return pending_park(c, r, number);
    t->pending.phase = PENDING_PARKED;
    r->x[0] = UKERN_EV_MESSAGE;
    r->deadline_or_badge = h->badge;
    r->token = t->token + TOKEN_ONE;
    TRACE(call, CALL_PENDING, t, r->token, (uintptr_t)p, h->badge, r->x[1], r->x[2], r->x[3]);
    TRACE_RECEIVED(s, p, r);
    measure_point();
    call_directly(c, t, s, p, h->badge, CALL_PENDING, DIRECT_PENDING);
    return (struct way){s, t};
}

/* The caller is parked in a pending call. Conditions are looked at when complete has run: it may
 * have given the port away, or woken somebody by ukern_log(). */
static inline struct way reply_to_parked(struct cpu *c, struct ukern_sysregs *r, struct task *t,
                                         struct task *caller, struct port *p)
{
    int64_t status;

    measure_entry(UKERN_SYS_ipc_reply_recv);
    TRACE(reply, CALL_PENDING, t, r->token, r->x[1], r->x[2], r->x[3], r->x[4]);
    status = pending_reply(t, caller, (const struct ukern_msg *)&r->x[1]);
    if (likely(status == PENDING_READY && caller->direct && !task_unclean(caller) &&
               caller_is_next(c, p, caller))) {
        sysregs_set(r, caller->pending.result[0], caller->pending.result[1]);
        TRACE(end, TASK_REPLY, caller, caller->token, UKERN_OK, r->x[0], r->x[1]);
        measure_point();
        reply_directly(c, t, caller, p);
        return (struct way){caller, t};
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

struct way ipc_long_reply_recv(struct cpu *c, struct ukern_sysregs *r)
{
    struct task *t = c->current, *caller = t->taken;
    struct handle *h;

    if (likely(caller && caller->direct == DIRECT_PENDING && caller->token == r->token &&
               r->deadline_or_badge == UKERN_FOREVER &&
               handle_find_port(&t->handles, r->x[0], UKERN_R_RECV, &h) == UKERN_OK &&
               caller->call_port == h->object))
        return reply_to_parked(c, r, t, caller, h->object);
    return kernel_general(c, r, UKERN_SYS_ipc_reply_recv);
}
