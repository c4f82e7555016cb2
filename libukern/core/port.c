/* SPDX-License-Identifier: BSD-2-Clause */
#include "port.h"
#include "ipc.h"
#include "slab.h"
#include "task.h"
#include "trace.h"

static void timer_expired(struct timer *timer);

struct port *port_new(struct account *a)
{
    struct port *p = slab_alloc(a, sizeof *p);

    if (!p)
        return NULL;
    p->refs = 1;
    p->account = a;
    p->ghosts_end = &p->ghosts;
    p->hangups_end = &p->hangups;
    p->exits_end = &p->exits;
    timer_init(&p->timer, p, timer_expired);
    return p;
}

void port_put(struct port *p)
{
    ASSERT(p->refs > 0);
    if (--p->refs)
        return;
    ASSERT(!p->events && !p->waiters && !p->receivers && !p->server);
    timer_forget(&p->timer);
    slab_free(p->account, p, sizeof *p);
}

static void timer_expired(struct timer *timer)
{
    struct port *p = timer->owner;

    port_notify(p, p->timer_bits);
}

void port_receiver_added(struct port *p)
{
    p->receivers++;
}

void port_given(const struct handle *h, const struct task *t)
{
    if (h->type == UKERN_TYPE_PORT && (h->rights & UKERN_R_RECV))
        ((struct port *)h->object)->given = t->first_token;
}

/* `given` holds no reference: the task may be gone. */
struct task *port_expected(const struct port *p)
{
    struct task *t = p->server;

    if (!t && p->given) {
        t = task_by_slot(p->given & (TOKEN_ONE - 1));
        if (t && t->first_token != p->given)
            t = NULL;
    }
    return t;
}

void port_unserve(struct port *p)
{
    struct task *server = p->server;

    if (!server)
        return;
    ipc_undirect(server);
    p->server = NULL;
    server->serving = NULL;
    if (server->dying) /* those who wait here wait for its end */
        server->base_priority = server->priority;
    ipc_refresh_priority(server);
}

void port_lost(const struct handle *h, const struct task *t)
{
    struct port *p = h->object;

    if (h->type != UKERN_TYPE_PORT || !(h->rights & UKERN_R_RECV))
        return;
    if (p->given == t->first_token)
        p->given = 0;
    if (p->server == t)
        port_unserve(p);
}

/* What only a receiver could take is dropped; each kind is one list, freed in `by`'s bounded steps.
 * Until that is done those in the queue go on to boost it, if it served them. */
void port_receiver_gone(struct port *p, struct task *by)
{
    bool last = p->receivers == 1;

    ASSERT(p->receivers > 0);
    p->receivers--;
    if (p->given == by->first_token)
        p->given = 0;
    if (p->server == by && last && p->senders.first)
        ipc_undirect(by);
    else if (p->server == by || last)
        port_unserve(p);
    if (!last)
        return;
    timer_stop(&p->timer);
    p->bits = 0;
    p->events &= ~(uint64_t)(PORT_BITS | PORT_LINES);
    if (p->events || p->waiters)
        cleanup_port(by, p);
}

struct client *client_new(struct port *p, uint64_t badge, struct account *a)
{
    struct client *c = slab_alloc(a, sizeof *c);

    if (!c)
        return NULL;
    c->port = p;
    c->badge = badge;
    c->refs = 1;
    c->account = a;
    port_ref(p);
    return c;
}

void client_free(struct client *c)
{
    struct port *p = c->port;

    slab_free(c->account, c, sizeof *c);
    port_put(p);
}

/* Something has come: give it to the waiting receivers that take it. Bits may serve several of
 * them. */
static void serve_waiter(struct port *p)
{
    struct task *next;

    for (struct task *w = p->waiters; w && p->events & ~(uint64_t)PORT_LINES; w = next) {
        bool any = w->receive_any;
        uint64_t mask = any ? UINT64_MAX : w->wait_mask;
        next = w->next;
        if (!any && !(p->bits & mask))
            continue;
        ipc_detach(w, UKERN_OK);
        if (!port_take(p, &w->result, mask, any))
            ukern_panic("a waiting receiver was offered nothing");
        TRACE_RECEIVED(w, p, &w->result);
        ipc_wake(w, any ? (int64_t)w->result.x[0] : UKERN_OK);
    }
}

void client_put(struct client *c)
{
    struct port *p = c->port;

    ASSERT(c->refs > 0);
    if (--c->refs)
        return;
    if (!p->receivers) {
        client_free(c);
        return;
    }
    c->next = NULL;
    *p->hangups_end = c;
    p->hangups_end = &c->next;
    p->events |= PORT_HANGUPS;
    if (p->waiters)
        serve_waiter(p);
}

void port_notify(struct port *p, uint64_t bits)
{
    if (!bits || !p->receivers)
        return;
    TRACE(notify, 0, TRACE_CURRENT(), (uintptr_t)p, bits, TRACE_ID(p->server));
    p->bits |= bits;
    p->events |= PORT_BITS;
    if (p->waiters)
        serve_waiter(p);
}

void port_exited(struct port *p, struct task *t)
{
    if (!p->receivers)
        return;
    task_ref(t);
    t->exit_next = NULL;
    *p->exits_end = t;
    p->exits_end = &t->exit_next;
    p->events |= PORT_EXITS;
    if (p->waiters)
        serve_waiter(p);
}

void port_ghost(struct port *p, struct ghost *g, uint64_t badge, uint64_t token)
{
    if (!p->receivers) {
        slab_free(g->account, g, sizeof *g);
        return;
    }
    g->badge = badge;
    g->token = token;
    g->next = NULL;
    *p->ghosts_end = g;
    p->ghosts_end = &g->next;
    p->events |= PORT_GHOSTS;
    if (p->waiters)
        serve_waiter(p);
}

/* r, all zero but for its type. */
static void event(struct ukern_sysregs *r, enum ukern_event_type type)
{
    sysregs_set(r, type, 0);
}

static void take_ghost(struct port *p, struct ukern_sysregs *r)
{
    struct ghost *g = p->ghosts;

    p->ghosts = g->next;
    if (!p->ghosts) {
        p->ghosts_end = &p->ghosts;
        p->events &= ~(uint64_t)PORT_GHOSTS;
    }
    event(r, UKERN_EV_CANCELLED);
    r->deadline_or_badge = g->badge;
    r->token = g->token;
    slab_free(g->account, g, sizeof *g);
}

static void take_exit(struct port *p, struct ukern_sysregs *r)
{
    struct task *t = p->exits;

    p->exits = t->exit_next;
    if (!p->exits) {
        p->exits_end = &p->exits;
        p->events &= ~(uint64_t)PORT_EXITS;
    }
    event(r, UKERN_EV_EXIT);
    r->x[1] = task_id(t);
    r->x[2] = (uint64_t)(int64_t)t->exit_code;
    r->x[3] = t->exit_reason;
    r->deadline_or_badge = t->supervisor_badge;
    task_put(t);
}

static void take_hangup(struct port *p, struct ukern_sysregs *r)
{
    struct client *c = p->hangups;

    p->hangups = c->next;
    if (!p->hangups) {
        p->hangups_end = &p->hangups;
        p->events &= ~(uint64_t)PORT_HANGUPS;
    }
    event(r, UKERN_EV_HANGUP);
    r->deadline_or_badge = c->badge;
    client_free(c);
}

bool port_take(struct port *p, struct ukern_sysregs *r, uint64_t mask, bool any)
{
    if (p->bits & mask) {
        uint64_t bits = p->bits & mask;
        p->bits &= ~bits;
        if (!p->bits)
            p->events &= ~(uint64_t)PORT_BITS;
        event(r, UKERN_EV_NOTIFY);
        r->x[1] = bits;
    } else if (!any) {
        return false;
    } else if (p->ghosts) {
        take_ghost(p, r);
    } else if (p->exits) {
        take_exit(p, r);
    } else if (p->hangups) {
        take_hangup(p, r);
    } else {
        return false;
    }
    return true;
}
