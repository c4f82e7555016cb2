/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short ways of ipc_call and ipc_reply_recv. On AArch64 this file is built so that it uses
 * neither the registers of the message, which stays where the sender put it, nor a stack frame
 * (build.mk). It calls nothing but what such a switch needs.
 */
#include "ipc_direct.h"

/* Is it not worth a closer look? The handle is not among the first ones, the message has handles,
 * or there is a deadline. */
static inline bool unusual(uint64_t handle, uint64_t tag, uint64_t deadline)
{
    return ((handle / HANDLE_FIRST) | (tag >> 32) | (deadline ^ UKERN_FOREVER)) != 0;
}

struct task *ipc_fast_call(uint64_t handle, uint64_t tag, uint64_t w0, uint64_t w1, uint64_t w2,
                           uint64_t w3, uint64_t w4, uint64_t w5, uint64_t deadline)
{
    struct cpu *c = arch_cpu();
    struct task *t = c->current, *s;
    const struct handle *h;
    struct port *p;
    uint64_t badge;

    (void)w0, (void)w1, (void)w2, (void)w3, (void)w4, (void)w5;
    if (unlikely(unusual(handle, tag, deadline)))
        return NULL;
    h = &t->handles.first[handle];
    if (unlikely(!(h->port_rights & UKERN_R_CALL) || !t->ghost))
        return NULL;
    p = h->object;
    badge = h->badge;
    s = direct_receiver(p);
    if (unlikely(!s))
        return NULL;
    TRACE(call, CALL_CALL, t, t->token + TOKEN_ONE, (uintptr_t)p, badge, tag, w0, w1);
    TRACE(receive, UKERN_EV_MESSAGE, s, t->token + TOKEN_ONE, (uintptr_t)p, badge, tag, w0, w1);
    return call_directly(c, t, s, p, badge, CALL_CALL, DIRECT_PLAIN);
}

struct task *ipc_fast_reply_recv(uint64_t handle, uint64_t tag, uint64_t w0, uint64_t w1,
                                 uint64_t w2, uint64_t w3, uint64_t w4, uint64_t w5,
                                 uint64_t deadline, uint64_t token)
{
    struct cpu *c = arch_cpu();
    struct task *t = c->current, *caller = t->taken;
    const struct handle *h;
    struct port *p;

    (void)w0, (void)w1, (void)w2, (void)w3, (void)w4, (void)w5;
    if (unlikely(!caller || !(caller->direct & DIRECT_PLAIN) || unusual(handle, tag, deadline)))
        return NULL;
    h = &t->handles.first[handle];
    if (unlikely(!(h->port_rights & UKERN_R_RECV) || caller->token != token))
        return NULL;
    p = h->object;
    if (unlikely(caller->call_port != p || !all_quiet(p) || !caller_is_next(c, caller)))
        return NULL;
    TRACE(reply, CALL_CALL, t, token, tag, w0, w1, w2);
    TRACE(end, TASK_REPLY, caller, token, UKERN_OK, UKERN_OK, tag);
    return reply_directly(c, t, caller, p);
}
