/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Ports: where a server receives. A port holds everything that waits for the server: callers by
 *  priority, notification bits, hangups, cancelled calls, ends of supervised tasks. None of these
 *  needs memory at the time it happens: each was paid for before (see struct client, struct ghost).
 */
#ifndef CORE_PORT_H
#define CORE_PORT_H

#include "core.h"
#include "account.h"
#include "timer.h"
#include "waitq.h"

struct handle;
struct task;

/* A badge that somebody minted: shared by all copies of that handle. The last copy's end makes it a
 * hangup. */
struct client {
    struct client *next; /* in port->hangups */
    struct port *port;   /* holds a reference */
    uint64_t badge;
    uint32_t refs; /* handles */
    struct account *account;
};

/* A call that a server holds and that will not take a reply any more. Each caller has one in
 * reserve. */
struct ghost {
    struct ghost *next; /* in port->ghosts */
    uint64_t badge, token;
    struct account *account;
};

/* Which kinds of events a port has. */
enum port_event {
    PORT_BITS = 1,
    PORT_GHOSTS = 2,
    PORT_EXITS = 4,
    PORT_HANGUPS = 8,
    PORT_SENDERS = 16,
    PORT_LINES = 32, /* nothing to receive, but to do before: see irq_received() */
};

struct port {
    uint64_t events;      /* enum port_event: what is there for a receiver */
    struct task *waiters; /* receivers that wait, the latest first; a list by task.next */
    uint32_t refs; /* handles, clients, calls in flight, bound irqs, supervised tasks, the log */
    struct task *server; /* received here last: whom the callers in the queue boost */
    uint64_t given;      /* first_token of whom the right to receive was given last, or 0 */
    uint64_t bits;
    struct waitq senders;
    uint32_t receivers; /* handles with UKERN_R_RECV; 0: nobody will ever receive */
    bool other_first;   /* the last event was no message: a message's turn */
    struct ghost *ghosts, **ghosts_end;
    struct client *hangups, **hangups_end;
    struct task *exits, **exits_end; /* by task.exit_next; each holds a reference */
    struct timer timer;
    uint64_t timer_bits;
    struct port *cleanup_next; /* in task.cleanup_ports */
    struct account *account;
};

struct port *port_new(struct account *a); /* refs = 1, receivers = 0. NULL: quota. */
static inline void port_ref(struct port *p)
{
    p->refs++;
}
void port_put(struct port *p);
/* One more or one fewer handle with UKERN_R_RECV. At none, what only a receiver could take is
 * dropped, and `by` must fail the callers in the queue (task.cleanup_ports). */
void port_receiver_added(struct port *p);
void port_receiver_gone(struct port *p, struct task *by);

/* t has been given *h; if that is the right to receive, it is expected to serve the port. */
void port_given(const struct handle *h, const struct task *t);
/* Somebody else has taken *h from t: it serves the port no more. */
void port_lost(const struct handle *h, const struct task *t);
/* Nobody serves p, for now or for ever. */
void port_unserve(struct port *p);
/* Whom callers in the queue wait for: the server, or, as long as nobody has received, whoever was
 * given the right last. NULL: nobody known. */
struct task *port_expected(const struct port *p);

struct client *client_new(struct port *p, uint64_t badge, struct account *a); /* refs = 1 */
void client_put(struct client *c);
/* Without a hangup: nobody ever held it. */
void client_free(struct client *c);

/* Set bits; wakes a receiver that waits for one of them. */
void port_notify(struct port *p, uint64_t bits);
/* A supervised task has ended. */
void port_exited(struct port *p, struct task *t);
/* g becomes an event (or is freed, if nobody will receive it). */
void port_ghost(struct port *p, struct ghost *g, uint64_t badge, uint64_t token);

/* Take the next event that mask lets through into r (a receiver's result); false: none.
 * any = false: only the notification bits in mask. Messages are ipc.c's: they are not taken here.
 */
bool port_take(struct port *p, struct ukern_sysregs *r, uint64_t mask, bool any);

#endif
