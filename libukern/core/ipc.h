/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Calls, replies, and everything that can end a wait.
 */
#ifndef CORE_IPC_H
#define CORE_IPC_H

#include "core.h"
#include "resume.h"
#include "task.h"

/* Longest chain of tasks that wait for each other. */
#define IPC_CHAIN_MAX 64

/*
 * Start a call of t (running or parked) to port p: delivered if a receiver waits, else queued.
 * `message` must stay in place until delivered. The call's kind, badge and deadline as given.
 * UKERN_OK: t is blocked now (or, for CALL_SEND, received: t is ready); else an error and t is what
 * it was.
 */
int ipc_start(struct task *t, struct port *p, uint64_t badge, enum call_kind kind,
              const uint64_t *message, uint64_t deadline);
/* The server stops serving the port of the caller that it took last: the call gets a reference of
 * its own. */
void ipc_undirect(struct task *server);
/* Would t wait for itself, or in too long a chain, if it waited for s (or NULL: nobody)? */
bool ipc_closes_cycle(const struct task *t, const struct task *s);
/* End whatever t waits for, with `error` as its result; t becomes ready. A faulted task is ended.
 */
void ipc_abort(struct task *t, int error);
/* The same without making t ready: for a task that is to die. No-op for a task that does not wait.
 */
void ipc_detach(struct task *t, int error);
/* t, which a server held, has its answer there: x0 = status, and the rest of t->result is set. */
void ipc_answered(struct task *t, int64_t status);
/* t, which a server held, has its reply: unlink it from there. */
void ipc_release(struct task *t);
/* t, detached, goes on with x0 = status; the rest of t->result is set. */
void ipc_wake(struct task *t, int64_t status);
/* What t inherits may have changed: recompute its priority, and that of those it waits for. */
void ipc_refresh_priority(struct task *t);
/* t receives on p from now on: it owes the caller that it took last, and serves p. */
void ipc_serve(struct task *t, struct port *p);
/* Take the first caller's message into r. UKERN_OK, or the error with which that caller was turned
 * away. */
int ipc_take_message(struct task *t, struct port *p, struct ukern_sysregs *r);
/* The caller that `server` holds under this token, or NULL. */
struct task *ipc_held_deferred(struct task *server, uint64_t token);
static inline struct task *ipc_held(struct task *server, uint64_t token)
{
    struct task *c = server->taken;

    return likely(c && c->token == token) ? c : ipc_held_deferred(server, token);
}
/* Take a caller that is not server->taken out of server->held. */
static inline void ipc_unlink_held(struct task *caller)
{
    if (caller->prev)
        caller->prev->next = caller->next;
    else
        caller->holder->held = caller->next;
    if (caller->next)
        caller->next->prev = caller->prev;
    caller->next = caller->prev = NULL;
}
/* Hand the handles of a message over: words[] of the sender's view become the receiver's. All or
 * nothing. UKERN_OK; UKERN_EHANDLE or UKERN_ERIGHTS: the sender may not send these; UKERN_ETABLE:
 * no room at the receiver. */
int ipc_transfer(struct task *from, struct task *to, uint64_t tag, const uint64_t *words,
                 uint64_t *out);
/* Check a message of t: tag well formed and its handles may be sent. UKERN_OK, UKERN_EINVAL,
 * UKERN_EHANDLE, UKERN_ERIGHTS. */
int ipc_check(const struct task *t, const uint64_t *message);

/*
 * The short ways of ipc_call and ipc_reply_recv, with the argument registers of the current task.
 * The result is the task that is current now, whose message is the one given, unchanged; ipc_call's
 * badge and token are in the task that called. NULL: not now; the general way must be taken.
 */
struct task *ipc_fast_call(uint64_t handle, uint64_t tag, uint64_t w0, uint64_t w1, uint64_t w2,
                           uint64_t w3, uint64_t w4, uint64_t w5, uint64_t deadline);
struct task *ipc_fast_reply_recv(uint64_t handle, uint64_t tag, uint64_t w0, uint64_t w1,
                                 uint64_t w2, uint64_t w3, uint64_t w4, uint64_t w5,
                                 uint64_t deadline, uint64_t token);
/* After that: to a caller in a pending call, or the general way. */
struct way ipc_long_reply_recv(struct cpu *c, struct ukern_sysregs *r);

#endif
