/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 * A server's loop: a table of handlers by label. Each request costs one system call.
 *
 * @code
 * static int get(struct server *s, struct request *r)
 * {
 *     r->reply.w[0] = 42;
 *     return SERVER_REPLY; // or SERVER_LATER: keep r->token, server_reply() some time
 * }
 * static const struct server_handler handlers[] = {{1, get}, {0, NULL}};
 *
 * int main(void)
 * {
 *     struct server s = {.port = task_handle("answer"), .handlers = handlers};
 *
 *     return server_run(&s);
 * }
 * @endcode
 */
#ifndef UKERN_SERVER_H
#define UKERN_SERVER_H

#include <ukern/ipc.h>

struct server;

/** One request being handled. */
struct request {
    int label;            /**< what is asked */
    struct ukern_msg msg; /**< as received; for handles see request_take() */
    uint64_t badge;       /**< of the handle that was used: who asks */
    uint64_t token;       /**< for the reply; 0: none is wanted, what is replied is dropped */
    /** Zero at first; filled by the handler. A handler's negative result becomes its label. */
    struct ukern_msg reply;
    unsigned untaken; /**< bits: handles of the message that nobody took, by number from 0 */
};

/** What a handler returns when it did not fail: a negative error is replied as the label. */
enum { SERVER_REPLY = 0, SERVER_LATER = 1 };

/** What to do for requests of one label. */
struct server_handler {
    int label; /**< of the requests */
    /** Handle one: SERVER_REPLY, SERVER_LATER or an error. NULL ends the table. */
    int (*handle)(struct server *s, struct request *r);
};

/** A server: set port and handlers, and the hooks that matter; the rest is zero. */
struct server {
    ukern_handle port;                     /**< needs UKERN_R_RECV */
    const struct server_handler *handlers; /**< ends with handle == NULL; others get UKERN_ENOSYS */
    /** Notification bits came: of notify(), interrupts and the timer. */
    void (*notified)(struct server *s, uint64_t bits);
    /** The last handle with this badge is gone. */
    void (*hangup)(struct server *s, uint64_t badge);
    /** The caller of this token will not take a reply any more: it died, or its deadline passed. */
    void (*cancelled)(struct server *s, uint64_t badge, uint64_t token);
    /** A supervised task has ended; reason: enum ukern_exit_reason. */
    void (*exited)(struct server *s, uint64_t badge, uint64_t id, int code, int reason);
    /** A supervised task faulted: UKERN_FAULT_KILL (as without this hook) or UKERN_FAULT_RESUME. */
    int (*fault)(struct server *s, const struct ukern_event *ev);
    /**
     * The reply to r->token was refused with `error`: take back what the handler had done (the
     * reply is still in r->reply). If the caller still waits (error is not UKERN_ESTALE) and this
     * does not answer it, it gets UKERN_ENOMEM for UKERN_ETABLE, else UKERN_EIO.
     */
    void (*undelivered)(struct server *s, struct request *r, int error);
    uint64_t deadline;                 /**< of the next receive; 0 means UKERN_FOREVER here */
    void (*timeout)(struct server *s); /**< it has passed; must set a later one, or 0 */
    void *context;                     /**< the server's own */
    int stop;                          /**< see server_stop() */
    int code;                          /**< see server_stop() */
    uint64_t last;                     /**< see server_reply_last(): whose; 0: none */
    struct ukern_msg last_reply;       /**< and what */
};

/**
 * Serve until server_stop().
 * @return its code, or the error that made receiving impossible.
 */
int server_run(struct server *s);

/** End server_run() after the handler or hook that runs now; its reply is still sent. */
void server_stop(struct server *s, int code);

/**
 * Take a handle that came with the request: the handler owns it now. Those that nobody takes are
 * closed after the handler, so that no client can fill the server's table.
 * @param r  the request being handled.
 * @param i  0: the first (or only) handle, 1: the second.
 * @return the handle; UKERN_ENOENT: the message brought no such handle, or it was taken.
 */
ukern_handle request_take(struct request *r, unsigned i);

/** A deferred reply; results as ipc_reply(). */
int server_reply(uint64_t token, const struct ukern_msg *msg);

/**
 * A deferred reply that leaves with the next receive: one system call for both, and the caller runs at
 * once if nothing else has come. It is for the last of a turn: those before it leave now, and so does this one at the end of a handler
 * that replies to its own request. One that is refused goes to undelivered(), with the label 0.
 * @param s      the server, whose handler or hook this is.
 * @param token  of the caller; not 0.
 * @param msg    copied.
 */
void server_reply_last(struct server *s, uint64_t token, const struct ukern_msg *msg);

#endif
