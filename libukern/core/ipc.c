/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules.
 *  - A caller is in the queue of the port that it calls (TASK_SEND), then held by the server that
 * received it (TASK_REPLY), then ready. It leaves by delivery, by reply, or by ipc_detach(): there
 * is no other way.
 *  - The token changes with every call, so an old one finds nothing.
 *  - server->taken is the caller that was received last, unless replied to; it and the queue of the
 *    port that the server serves lend the server their priority.
 */
#include "ipc.h"
#include "sched.h"
#include "slab.h"
#include "syscall.h"
#include "trace.h"

/* ---- Priority inheritance ---- */

static unsigned inherited(const struct task *t)
{
    unsigned p = t->base_priority;

    if (t->serving && t->serving->senders.first && t->serving->senders.first->priority > p)
        p = t->serving->senders.first->priority;
    if (t->taken && t->taken->priority > p)
        p = t->taken->priority;
    return p;
}

void ipc_refresh_priority(struct task *t)
{
    for (int depth = 0; t && depth <= IPC_CHAIN_MAX; depth++) {
        unsigned p = inherited(t);
        struct task *next = NULL;

        if (p == t->priority)
            return;
        if (t->state == TASK_SEND) {
            waitq_remove(&t->call_port->senders, t);
            t->priority = (uint8_t)p;
            waitq_add(&t->call_port->senders, t);
            next = t->call_port->server;
        } else {
            sched_set_priority(t, p);
            if (t->state == TASK_REPLY && t->holder->taken == t)
                next = t->holder;
        }
        t = next;
    }
}

bool ipc_closes_cycle(const struct task *t, const struct task *s)
{
    for (int depth = 0; depth < IPC_CHAIN_MAX; depth++) {
        if (!s)
            return false;
        if (s == t)
            return true;
        if (s->state == TASK_SEND)
            s = port_expected(s->call_port);
        else if (s->state == TASK_REPLY)
            s = s->holder;
        else if (s->state == TASK_WAIT)
            s = s->wait_task;
        else
            return false;
    }
    return true;
}

/* ---- Who holds whom ---- */

static void hold(struct task *server, struct task *caller)
{
    caller->direct = false;
    caller->state = TASK_REPLY;
    caller->holder = server;
    server->taken = caller;
}

static void unhold(struct task *caller)
{
    struct task *server = caller->holder;

    if (server->taken == caller) {
        server->taken = NULL;
        ipc_refresh_priority(server);
    } else {
        ipc_unlink_held(caller);
    }
    caller->holder = NULL;
}

void ipc_undirect(struct task *server)
{
    struct task *c = server->taken;

    if (server->state == TASK_RECV)
        server->direct = false;
    if (!c || !c->direct)
        return;
    c->direct = false;
    port_ref(c->call_port);
}

/* The server receives again: the caller taken last is owed a reply, but lends no priority any more.
 */
static void settle(struct task *server)
{
    struct task *c = server->taken;

    if (!c)
        return;
    ipc_undirect(server);
    server->taken = NULL;
    c->prev = NULL;
    c->next = server->held;
    if (server->held)
        server->held->prev = c;
    server->held = c;
}

struct task *ipc_held_deferred(struct task *server, uint64_t token)
{
    struct task *c = task_by_slot(token & (TOKEN_ONE - 1));

    if (!c || c->token != token || c->state != TASK_REPLY || c->holder != server)
        return NULL;
    return c;
}

/* ---- Ending a wait ---- */

static void end_call(struct task *t)
{
    struct port *p = t->call_port;

    t->call_port = NULL;
    if (!t->direct)
        port_put(p);
    t->direct = false;
}

static void leave_queue(struct task *t)
{
    struct port *p = t->call_port;

    waitq_remove(&p->senders, t);
    if (!p->senders.first)
        p->events &= ~(uint64_t)PORT_SENDERS;
    if (p->server)
        ipc_refresh_priority(p->server);
}

static void leave_waiters(struct task *t)
{
    if (t->prev)
        t->prev->next = t->next;
    else
        t->wait_port->waiters = t->next;
    if (t->next)
        t->next->prev = t->prev;
    t->next = t->prev = NULL;
    t->wait_port = NULL;
}

static void leave_exit_wait(struct task *t)
{
    struct task *of = t->wait_task;

    if (t->prev)
        t->prev->next = t->next;
    else
        of->waiters = t->next;
    if (t->next)
        t->next->prev = t->prev;
    t->next = t->prev = NULL;
    t->wait_task = NULL;
    task_put(of);
}

void ipc_detach(struct task *t, int error)
{
    unsigned state = t->state;
    struct ghost *g;

    if (state == TASK_SEND || state == TASK_REPLY)
        TRACE(end, state, t, t->token, (uint64_t)error);
    timer_stop(&t->timer);
    t->state = TASK_READY; /* but not in the ready queue: ipc_wake() puts it there */
    switch (state) {
    case TASK_SEND:
        leave_queue(t);
        if (t->call_kind == CALL_PENDING)
            pending_cancel(t, error);
        end_call(t);
        break;
    case TASK_REPLY:
        unhold(t);
        if (t->call_kind == CALL_PENDING)
            pending_cancel(t, error);
        g = t->ghost;
        t->ghost = NULL;
        if (error != UKERN_EPEER) /* the server lives: tell it */
            port_ghost(t->call_port, g, t->call_badge, t->token);
        else
            t->ghost = g;
        end_call(t);
        break;
    case TASK_RECV:
        t->direct = false;
        leave_waiters(t);
        break;
    case TASK_WAIT:
        leave_exit_wait(t);
        break;
    default:
        t->state = (uint8_t)state;
        break;
    }
}

void ipc_release(struct task *t)
{
    TRACE(end, TASK_REPLY, t, t->token, UKERN_OK, t->result.x[0], t->result.x[1]);
    timer_stop(&t->timer);
    unhold(t);
    t->state = TASK_READY;
    end_call(t);
}

void ipc_wake(struct task *t, int64_t status)
{
    ASSERT(t->state == TASK_READY && !t->queued);
    t->result.x[0] = (uint64_t)status;
    sched_ready(t);
}

void ipc_answered(struct task *t, int64_t status)
{
    bool last = t->holder->taken == t;

    ipc_release(t);
    t->result.x[0] = (uint64_t)status;
    if (last)
        sched_ready_again(t);
    else
        sched_ready(t);
}

void ipc_abort(struct task *t, int error)
{
    bool fault = (t->state == TASK_SEND || t->state == TASK_REPLY) && t->call_kind == CALL_FAULT;

    ipc_detach(t, error);
    if (fault) {
        task_end(t, UKERN_EXIT_FAULT, (int)t->pending.request.w[0], 0);
        return;
    }
    sysregs_set(&t->result, 0, 0); /* no words of an earlier call */
    ipc_wake(t, error);
}

/* ---- Handles in messages ---- */

/* The sender's handle that a handle word names, with the rights that it asks for: UKERN_OK or an
 * error. */
static int sent_handle(const struct task *from, uint64_t word, struct handle *copy)
{
    const struct handle *h = handle_get(&from->handles, (uint32_t)word);
    unsigned rights = (unsigned)(word >> 32) & 0xffff;

    if (!h || (word & ~UKERN_SEND_MOVE) >> 48)
        return h ? UKERN_EINVAL : UKERN_EHANDLE;
    if (!(h->rights & UKERN_R_TRANSFER) || (rights & ~(unsigned)h->rights))
        return UKERN_ERIGHTS;
    *copy = *h;
    if (rights)
        copy->rights = (uint16_t)rights;
    return UKERN_OK;
}

int ipc_check(const struct task *t, const uint64_t *message)
{
    uint64_t n = message[0] >> 32;
    struct handle copy;

    if (likely(n == 0))
        return UKERN_OK;
    if (n > 2)
        return UKERN_EINVAL;
    for (uint64_t i = UKERN_MSG_WORDS - n; i < UKERN_MSG_WORDS; i++) {
        int rc = sent_handle(t, message[1 + i], &copy);
        if (rc)
            return rc;
    }
    if (n == 2 && (uint32_t)message[5] == (uint32_t)message[6] &&
        ((message[5] | message[6]) & UKERN_SEND_MOVE))
        return UKERN_EHANDLE; /* moved twice */
    return UKERN_OK;
}

int ipc_transfer(struct task *from, struct task *to, uint64_t tag, const uint64_t *words,
                 uint64_t *out)
{
    unsigned n = UKERN_TAG_HANDLES(tag), first = UKERN_MSG_WORDS - n;
    struct handle copy[2];
    uint32_t slot[2];

    for (unsigned i = 0; i < UKERN_MSG_WORDS; i++)
        out[i] = words[i];
    if (likely(n == 0))
        return UKERN_OK;
    for (unsigned i = 0; i < n; i++) {
        int rc = sent_handle(from, words[first + i], &copy[i]);
        if (rc)
            return rc;
    }
    if (handle_reserve(&to->handles, UKERN_ANY_SLOT, n, slot) != UKERN_OK)
        return UKERN_ETABLE;
    for (unsigned i = 0; i < n; i++) {
        handle_ref(&copy[i]);
        handle_open(&to->handles, slot[i], &copy[i]);
        port_given(&copy[i], to);
        out[first + i] = slot[i];
    }
    for (unsigned i = 0; i < n; i++)
        if (words[first + i] & UKERN_SEND_MOVE) {
            struct handle gone = handle_take(&from->handles, (uint32_t)words[first + i]);
            handle_drop(from, &gone);
        }
    /* What that left to do must not wait for a sender that stays blocked; the receiver runs on. */
    if (unlikely(from->cleanup_ports))
        cleanup_hand_over(from, to);
    return UKERN_OK;
}

/* ---- Sending ---- */

/* The message of s, which calls p, becomes the result r of receiver w. On an error nothing has
 * changed. */
static int deliver(struct task *s, struct task *w, struct ukern_sysregs *r)
{
    uint64_t tag = s->message[0], words[UKERN_MSG_WORDS];
    int rc = ipc_transfer(s, w, tag, s->message + 1, words);

    if (rc)
        return rc;
    r->x[0] = s->call_kind == CALL_FAULT ? UKERN_EV_FAULT : UKERN_EV_MESSAGE;
    r->x[1] = tag;
    memcpy(&r->x[2], words, sizeof words);
    r->deadline_or_badge = s->call_badge;
    r->token = s->call_kind == CALL_SEND ? 0 : s->token;
    return UKERN_OK;
}

static struct task *message_waiter(const struct port *p)
{
    struct task *w = p->waiters;

    while (w && !w->receive_any)
        w = w->next;
    return w;
}

static struct ghost *ghost_new(struct task *t)
{
    struct ghost *g = slab_alloc(t->account, sizeof *g);

    if (g)
        g->account = t->account;
    return g;
}

static void join_queue(struct task *t, struct port *p, uint64_t deadline)
{
    t->state = TASK_SEND;
    t->blocked_at = arch_cycles();
    waitq_add(&p->senders, t);
    p->events |= PORT_SENDERS;
    if (p->server)
        ipc_refresh_priority(p->server);
    timer_start(&t->timer, deadline);
}

int ipc_start(struct task *t, struct port *p, uint64_t badge, enum call_kind kind,
              const uint64_t *message, uint64_t deadline)
{
    struct task *w = message_waiter(p);
    int rc;

    if (!p->receivers)
        return UKERN_EPEER;
    if (kind != CALL_SEND && !t->ghost && !(t->ghost = ghost_new(t)))
        return UKERN_ENOMEM;
    if (!w && ipc_closes_cycle(t, port_expected(p)))
        return UKERN_EDEADLK;
    if (!w && deadline != UKERN_FOREVER && deadline <= arch_timer_now())
        return UKERN_ETIMEDOUT;
    t->call_kind = (uint8_t)kind;
    t->call_badge = badge;
    t->message = message;
    t->token += TOKEN_ONE;
    if (!w) {
        port_ref(p);
        t->call_port = p;
        join_queue(t, p, deadline);
        TRACE_SENT(t, p, message);
        return UKERN_OK;
    }
    rc = deliver(t, w, &w->result);
    if (rc)
        return rc;
    TRACE_SENT(t, p, message);
    TRACE_TAKEN(w, t, p, message);
    ipc_detach(w, UKERN_OK);
    if (kind != CALL_SEND) {
        port_ref(p);
        t->call_port = p;
        hold(w, t);
        t->blocked_at = arch_cycles();
        timer_start(&t->timer, deadline);
        ipc_refresh_priority(w);
    }
    ipc_wake(w, (int64_t)w->result.x[0]);
    return UKERN_OK;
}

/* ---- Receiving ---- */

int ipc_take_message(struct task *t, struct port *p, struct ukern_sysregs *r)
{
    struct task *s = p->senders.first;
    int rc = deliver(s, t, r);

    if (rc) {
        ipc_abort(s, rc);
        return rc;
    }
    TRACE_TAKEN(t, s, p, s->message);
    if (s->call_kind == CALL_SEND) {
        ipc_detach(s, UKERN_OK);
        ipc_wake(s, UKERN_OK);
    } else {
        /* Taken: its deadline goes on, its queue place ends. */
        s->state = TASK_REPLY;
        leave_queue(s);
        hold(t, s);
        ipc_refresh_priority(t);
    }
    return UKERN_OK;
}

static void serve(struct task *t, struct port *p)
{
    if (t->serving == p)
        return;
    if (t->serving)
        t->serving->server = NULL;
    if (p->server) {
        struct task *before = p->server;
        ipc_undirect(before);
        before->serving = NULL;
        ipc_refresh_priority(before);
    }
    t->serving = p;
    p->server = t;
}

void ipc_serve(struct task *t, struct port *p)
{
    settle(t);
    serve(t, p);
    ipc_refresh_priority(t);
}
