/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What the short ways have in common (ipc_fast.c, pending_call.c): a call to a server that waits,
 *  and a reply to the caller that was taken last by a server that then waits. Each way checks all
 *  its conditions first, and changes nothing unless they hold; the general way (ipc.c, sys_ipc.c,
 *  pending.c) does the same work for every other case. What task.direct promises stands in task.h.
 */
#ifndef CORE_IPC_DIRECT_H
#define CORE_IPC_DIRECT_H

#include "ipc.h"
#include "sched.h"
#include "trace.h"

/* The receiver to which a call on p can go straight: the only one. */
static inline struct task *direct_receiver(const struct port *p)
{
    struct task *s = p->waiters;

    return likely(s && s->direct) ? s : NULL;
}

/* What one byte of them says goes with the others, which do not count in this state: one store. */
static inline void set_state(struct task *t, enum task_state state, enum call_kind kind,
                             enum direct direct, bool any)
{
    t->state = (uint8_t)state;
    t->call_kind = (uint8_t)kind;
    t->direct = (uint8_t)direct;
    t->receive_any = any;
}

/* t's call on p, by a handle with this badge, is received by s, which runs next and is the result.
 */
static inline struct task *call_directly(struct cpu *c, struct task *t, struct task *s,
                                         struct port *p, uint64_t badge, enum call_kind kind,
                                         enum direct direct)
{
    p->waiters = NULL;
    set_state(s, TASK_READY, CALL_SEND, DIRECT_NO, false);
    timer_stop(&s->timer);
    s->taken = t;
    if (unlikely(s->priority < t->priority))
        s->priority = t->priority;

    set_state(t, TASK_REPLY, kind, direct, false);
    t->token += TOKEN_ONE;
    t->call_badge = badge;
    t->call_port = p;
    t->holder = s;
    return sched_switch(c, t, s);
}

/* Has a server that replied nothing to receive at p, and is alone there? */
static inline bool all_quiet(const struct port *p)
{
    return !(p->events | (uintptr_t)p->waiters);
}

/* Is nobody to run before a caller that was taken last and has its reply? Its equals wait for the
 * end of the slice, if the timer will tell. */
static inline bool caller_is_next(const struct cpu *c, const struct task *caller)
{
    uint64_t rivals = c->ready_bits >> caller->priority;

    return likely(!rivals) ||
           (rivals == 1 && c->timer_armed <= c->slice_end && arch_cycles() < c->slice_end);
}

/* t, which replied to the caller that it took last, waits at p. */
static inline void wait_directly(struct task *t, struct port *p)
{
    set_state(t, TASK_RECV, CALL_SEND, DIRECT_PLAIN, true);
    t->taken = NULL;
    t->priority = t->base_priority;
    t->wait_port = p;
    t->replies++;
    p->waiters = t;
}

/* The caller goes on, and is the result; t, which replied, waits at p. */
static inline struct task *reply_directly(struct cpu *c, struct task *t, struct task *caller,
                                          struct port *p)
{
    set_state(caller, TASK_READY, CALL_SEND, DIRECT_NO, false);
    wait_directly(t, p);
    return sched_switch(c, t, caller);
}

#endif
