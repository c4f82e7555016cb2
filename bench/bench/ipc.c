/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls, messages, notifications, and the pending call that does nothing. */
#include <ukern/ipc.h>
#include <ukern/task.h>

#include "../kernel/trivial.h"
#include "bench.h"

#define REQUEST 1
#define BADGE   7

#define NO_HANDLE 31

static inline void use_vectors(void)
{
    __asm__ volatile("fmov d0, #1.0" ::: "d0");
}

/* ---- The servers ---- */

/* As tight as seL4's, with which it is compared: nothing but the system call. The reply is what
 * came.
 */
void role_echo(void)
{
    uint64_t port = (uint64_t)task_handle("port");
    struct ukern_sysregs r = {.x = {port}, .deadline_or_badge = UKERN_FOREVER};
    int64_t type = ukern_trap_all(UKERN_SYS_ipc_recv, &r);

    while (type == UKERN_EV_MESSAGE) {
        r.x[0] = port;
        r.deadline_or_badge = UKERN_FOREVER;
        type = ukern_trap_all(UKERN_SYS_ipc_reply_recv, &r);
    }
}

void role_yielder(void)
{
    for (;;)
        task_yield();
}

/* As role_echo(), with a result in a vector register each round. */
void role_echo_vectors(void)
{
    ukern_handle port = task_handle("port");
    struct ukern_event ev;

    ipc_recv(port, &ev, UKERN_FOREVER);
    while (ev.type == UKERN_EV_MESSAGE) {
        use_vectors();
        ipc_reply_recv(ev.token, &ev.msg, port, &ev, UKERN_FOREVER);
    }
}

void role_waiter(void)
{
    ukern_handle port = task_handle("port");
    uint64_t bits;

    while (notify_wait(port, UINT64_MAX, &bits, UKERN_FOREVER) >= 0)
        continue;
}

/* ---- The client ---- */

struct peer {
    ukern_handle port, client, task;
};

static void peer_start(struct peer *p, const char *role)
{
    p->port = (ukern_handle)must(port_create(), "port_create");
    p->client =
        (ukern_handle)must(handle_mint(p->port, UKERN_R_CALL | UKERN_R_NOTIFY, BADGE), "mint");
    p->task = start_role(role, p->port, -1, -1);
}

static uint64_t peer_end(const struct peer *p, uint64_t result)
{
    end_role(p->task);
    must(handle_close(p->client), "handle_close");
    must(handle_close(p->port), "handle_close");
    return result;
}

static inline void null_call(void *context)
{
    (void)context;
    task_self();
}

uint64_t run_null_call(unsigned n)
{
    return rounds(n, null_call, NULL);
}

/* A call in a loop as tight as the server's: the message is what came back. */
struct call {
    struct ukern_sysregs r;
    uint64_t port;
};

static inline void call(void *context)
{
    struct call *k = context;

    k->r.x[0] = k->port;
    k->r.deadline_or_badge = UKERN_FOREVER;
    must(ukern_trap_all(UKERN_SYS_ipc_call, &k->r), "ipc_call");
}

static inline void call_vectors(void *context)
{
    use_vectors();
    call(context);
}

static inline void call_6w(void *context)
{
    const struct peer *p = context;
    struct ukern_msg msg = {UKERN_TAG(REQUEST, 0), {1, 2, 3, 4, 5, 6}};

    must(ipc_call(p->client, &msg), "ipc_call");
}

static inline void yield(void *context)
{
    (void)context;
    task_yield();
}

/* Nothing is open there. */
static inline void bad_handle(void *context)
{
    struct ukern_msg msg = {UKERN_TAG(REQUEST, 0), {0}};

    (void)context;
    if (ipc_call(NO_HANDLE, &msg) != UKERN_EHANDLE)
        stop("a call by no handle", UKERN_EPROTO);
}

static inline void notify_once(void *context)
{
    const struct peer *p = context;

    must(notify(p->client, 1), "notify");
}

static inline void pending_call(void *context)
{
    const struct peer *p = context;

    must(ukern_trap2(TRIVIAL_CALL, (uint64_t)p->client, 0, NULL, NULL), "the trivial call");
}

uint64_t run_call_0w(unsigned n)
{
    struct peer p;

    peer_start(&p, "echo");
    return peer_end(&p, rounds(n, call, &(struct call){{.x[1] = REQUEST}, (uint64_t)p.client}));
}

uint64_t run_call_6w(unsigned n)
{
    struct ukern_msg msg = {UKERN_TAG(REQUEST, 0), {1, 2, 3, 4, 5, 6}};
    struct call k = {{{0, REQUEST, 1, 2, 3, 4, 5, 6}, 0, 0}, 0};
    struct peer p;

    peer_start(&p, "echo");
    must(ipc_call(p.client, &msg), "ipc_call");
    for (uint64_t i = 0; i < UKERN_MSG_WORDS; i++)
        if (msg.w[i] != i + 1)
            stop("the echo", UKERN_EPROTO);
    k.port = (uint64_t)p.client;
    return peer_end(&p, rounds(n, call, &k));
}

uint64_t run_call_vectors(unsigned n)
{
    struct peer p;

    peer_start(&p, "echo_vectors");
    return peer_end(&p,
                    rounds(n, call_vectors, &(struct call){{.x[1] = REQUEST}, (uint64_t)p.client}));
}

uint64_t run_bad_handle(unsigned n)
{
    return rounds(n, bad_handle, NULL);
}

uint64_t run_yield(unsigned n)
{
    ukern_handle task = start_role("yielder", -1, -1, -1);
    uint64_t result = rounds(n, yield, NULL);

    end_role(task);
    return result;
}

uint64_t run_notify_wait(unsigned n)
{
    struct peer p;

    peer_start(&p, "waiter");
    return peer_end(&p, rounds(n, notify_once, &p));
}

uint64_t run_pending_call(unsigned n)
{
    struct peer p;

    peer_start(&p, "echo");
    return peer_end(&p, rounds(n, pending_call, &p));
}
