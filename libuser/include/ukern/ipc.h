/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 * Messages, events, notifications and handles: thin stubs over the system calls
 * (abi/syscalls.def). Every function returns UKERN_OK or more, or a negative error (abi/errors.def;
 * ukern_strerror() in error.h says it in words). A deadline is absolute, nanoseconds since boot
 * (clock_now()); 0 never waits, UKERN_FOREVER has no end.
 *
 * A handle may fail everywhere with UKERN_EHANDLE (there is none of that number), UKERN_ETYPE (it
 * names another kind of object) and UKERN_ERIGHTS (it lacks the right that the function names);
 * only other errors are listed.
 */
#ifndef UKERN_IPC_H
#define UKERN_IPC_H

#include <ukern/abi/types.h>
#include <ukern/syscall.h>

/** An event as ipc_recv() delivers it; which members count depends on the type. */
struct ukern_event {
    int type;             /**< enum ukern_event_type, or a negative error */
    struct ukern_msg msg; /**< the message; for other events see enum ukern_event_type */
    uint64_t badge;       /**< who: the badge of the handle that was used */
    uint64_t token;       /**< names the waiting caller for ipc_reply(); 0: no reply is wanted */
};

/**
 * Send `msg` and wait for the reply, which replaces it.
 * @param port  needs UKERN_R_CALL.
 * @param[in,out] msg  the request, then the reply.
 * @return UKERN_OK: `msg` is the reply, whose label is the server's own result; UKERN_EINVAL: the
 * tag is malformed; UKERN_EPEER: the server died, or nobody will ever receive; UKERN_EDEADLK: the
 * server waits for the caller; UKERN_ETABLE: a handle did not fit into the receiver's table;
 * UKERN_EKILLED never returns. On an error `msg` is undefined and no handle has moved.
 */
UKERN_INLINE int ipc_call(ukern_handle port, struct ukern_msg *msg);

/** ipc_call() with a deadline: UKERN_ETIMEDOUT, too. The server then hears that the call was
 * cancelled. */
UKERN_INLINE int ipc_call_until(ukern_handle port, struct ukern_msg *msg, uint64_t deadline);

/**
 * Send and wait until received; no reply.
 * @param port      needs UKERN_R_CALL.
 * @param msg       what to send.
 * @param deadline  nanoseconds since boot.
 * @return as ipc_call_until().
 */
int ipc_send(ukern_handle port, const struct ukern_msg *msg, uint64_t deadline);

/**
 * Wait for the next event of a port.
 * @param port      needs UKERN_R_RECV.
 * @param[out] ev   the event.
 * @param deadline  nanoseconds since boot.
 * @return ev->type: enum ukern_event_type; UKERN_ETIMEDOUT; UKERN_EBUSY: 64 tasks wait at the port
 * already.
 */
UKERN_INLINE int ipc_recv(ukern_handle port, struct ukern_event *ev, uint64_t deadline);

/**
 * Answer a caller, now or later, in any order; never waits.
 * @param token  from the caller's event.
 * @param msg    the reply.
 * @return UKERN_OK, or an error, and then nothing was delivered: UKERN_ESTALE: the caller is gone,
 * or was answered, or is another server's; any other: the caller still waits for a good reply
 * (UKERN_EPROTO, UKERN_EFAULT: the reply to a pending call claims more than was asked for, or its
 * memory is not what it must be, or the reply is an error that only the kernel may give;
 * UKERN_EINVAL: malformed; UKERN_ETABLE: no room for a handle).
 */
UKERN_INLINE int ipc_reply(uint64_t token, const struct ukern_msg *msg);

/**
 * Reply, then receive: a server's whole loop in one system call.
 * @return as ipc_recv(); if the reply fails, its error is returned (see ipc_reply()) and nothing is
 * received.
 */
UKERN_INLINE int ipc_reply_recv(uint64_t token, const struct ukern_msg *msg, ukern_handle port,
                                struct ukern_event *ev, uint64_t deadline);

/** Set bits of a port, which stay until taken; never waits. Needs UKERN_R_NOTIFY. */
int notify(ukern_handle port, uint64_t bits);

/**
 * Wait until one of the bits in mask is set; those that are are cleared and stored. Other events
 * stay queued.
 * @param port        needs UKERN_R_RECV.
 * @param mask        which bits.
 * @param[out] bits   those that were set; may be NULL.
 * @param deadline    nanoseconds since boot.
 * @return UKERN_OK; UKERN_ETIMEDOUT; UKERN_EINVAL: mask is 0; UKERN_EBUSY: 64 tasks wait at the
 * port already.
 */
int notify_wait(ukern_handle port, uint64_t mask, uint64_t *bits, uint64_t deadline);

/** A new port, with every right and badge 0. UKERN_ENOMEM. */
ukern_handle port_create(void);

/**
 * A client handle with `badge`; the port's server hears a hangup when its last copy is closed.
 * @param port    needs UKERN_R_MINT.
 * @param rights  of the new handle: some of UKERN_R_TRANSFER, UKERN_R_CALL and UKERN_R_NOTIFY.
 * @param badge   any value; 0 as well.
 * @return the handle; UKERN_EINVAL: other rights; UKERN_ENOMEM.
 */
ukern_handle handle_mint(ukern_handle port, uint32_t rights, uint64_t badge);

/**
 * Copy a handle.
 * @param h       needs UKERN_R_TRANSFER.
 * @param rights  a subset; 0: the same.
 * @param slot    UKERN_ANY_SLOT: the lowest free one; else a number: what was open there is closed
 * first.
 * @return the copy; UKERN_ENOMEM; UKERN_EINVAL: no such slot can be.
 */
ukern_handle handle_dup(ukern_handle h, uint32_t rights, int slot);

/** Give a handle up; the object ends with its last one. */
int handle_close(ukern_handle h);

/** What a handle is: enum ukern_type, and, where wanted, its rights and badge. UKERN_EHANDLE. */
int handle_info(ukern_handle h, uint32_t *rights, uint64_t *badge);

/**
 * Put a copy of a handle into another task's table.
 * @param task    needs UKERN_R_MANAGE.
 * @param h       needs UKERN_R_TRANSFER.
 * @param rights, slot  as handle_dup(), in that task's table.
 * @return its number there; UKERN_ETABLE: no room there.
 */
ukern_handle handle_grant(ukern_handle task, ukern_handle h, uint32_t rights, int slot);

#ifdef __aarch64__
UKERN_INLINE int ipc_call_until(ukern_handle port, struct ukern_msg *msg, uint64_t deadline)
{
    struct ukern_sysregs r = {
        .x = {(uint64_t)port, msg->tag, msg->w[0], msg->w[1], msg->w[2], msg->w[3], msg->w[4],
              msg->w[5]},
        .deadline_or_badge = deadline,
    };
    int status = (int)ukern_trap_all(UKERN_SYS_ipc_call, &r);

    *msg = (struct ukern_msg){r.x[1], {r.x[2], r.x[3], r.x[4], r.x[5], r.x[6], r.x[7]}};
    return status;
}

UKERN_INLINE int ipc_call(ukern_handle port, struct ukern_msg *msg)
{
    return ipc_call_until(port, msg, UKERN_FOREVER);
}

UKERN_INLINE int ipc_recv(ukern_handle port, struct ukern_event *ev, uint64_t deadline)
{
    struct ukern_sysregs r = {.x = {(uint64_t)port}, .deadline_or_badge = deadline};

    ev->type = (int)ukern_trap_all(UKERN_SYS_ipc_recv, &r);
    ev->msg = (struct ukern_msg){r.x[1], {r.x[2], r.x[3], r.x[4], r.x[5], r.x[6], r.x[7]}};
    ev->badge = r.deadline_or_badge;
    ev->token = r.token;
    return ev->type;
}

UKERN_INLINE int ipc_reply(uint64_t token, const struct ukern_msg *msg)
{
    struct ukern_sysregs r = {
        .x = {0, msg->tag, msg->w[0], msg->w[1], msg->w[2], msg->w[3], msg->w[4], msg->w[5]},
        .token = token,
    };

    return (int)ukern_trap_all(UKERN_SYS_ipc_reply, &r);
}

UKERN_INLINE int ipc_reply_recv(uint64_t token, const struct ukern_msg *msg, ukern_handle port,
                                struct ukern_event *ev, uint64_t deadline)
{
    struct ukern_sysregs r = {
        .x = {(uint64_t)port, msg->tag, msg->w[0], msg->w[1], msg->w[2], msg->w[3], msg->w[4],
              msg->w[5]},
        .deadline_or_badge = deadline,
        .token = token,
    };

    ev->type = (int)ukern_trap_all(UKERN_SYS_ipc_reply_recv, &r);
    ev->msg = (struct ukern_msg){r.x[1], {r.x[2], r.x[3], r.x[4], r.x[5], r.x[6], r.x[7]}};
    ev->badge = r.deadline_or_badge;
    ev->token = r.token;
    return ev->type;
}
#endif

#endif
