/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's side of the call: a *completion*, three functions that sdk.mk links into the kernel
 * (KERNEL in the Makefile). The kernel has no thread that waits. It runs `begin` when the program
 * calls, parks the program, and runs `complete` when the server replies, now or in an hour:
 *
 *     asker                     kernel                               oracle
 *     ask("...") -------------> ask_begin: who is the server? what
 *       (parked: a record,      memory may be touched? ------------> thinks; serves others
 *        no kernel stack)                                            meanwhile
 *                               ask_complete: is the reply sound? <-- "17 bytes at offset 64"
 *       <---------------------- copy: oracle's memory -> asker's
 *     17
 *
 * Both sides are hostile until checked. The program is checked here and by ukern_range(); the
 * server by ukern_copy_shm(), which refuses what begin has not allowed, whatever the reply claims.
 */
#include <ukern/ukern.h>

#include "ask.h"

/* Ranges get the numbers 0, 1 ... in the order in which begin declares them. */
enum { QUESTION, ANSWER };

/*
 * begin: runs in the program's system call.
 *
 * It must say where the request goes (ukern_target) and which memory of the program the call may
 * touch (ukern_range: each address and length, refused if it wraps or is not the program's). It
 * fills the request and returns UKERN_FORWARD; or an error, which is the call's result at once.
 */
static int ask_begin(struct ukern_pending *p)
{
    uint64_t length = ukern_arg(p, 2);
    struct ukern_msg *request = ukern_request(p); /* zero at first */
    int range, error;

    /* The *program's* handle: who was not given the port cannot ask. */
    error = ukern_target(p, (ukern_handle)ukern_arg(p, 0));
    if (error != UKERN_OK)
        return error;
    if (length > ASK_QUESTION_MAX)
        return UKERN_EOVERFLOW;

    range = ukern_range(p, ukern_arg(p, 1), length, UKERN_IN); /* QUESTION */
    if (range < 0)
        return range;
    range = ukern_range(p, ukern_arg(p, 3), ukern_arg(p, 4), UKERN_OUT); /* ANSWER */
    if (range < 0)
        return range;

    request->tag = UKERN_TAG(ASK_REQUEST, 0);
    request->w[0] = ukern_arg(p, 4);
    /* So few bytes can travel in the message itself. UKERN_EFAULT if they cannot be read. */
    error = ukern_copy_in(p, QUESTION, 0, &request->w[1], length);
    return error == UKERN_OK ? UKERN_FORWARD : error;
}

/*
 * complete: runs in the server's reply.
 *
 * What it returns is for the *server*. UKERN_DONE: the reply is good, and the program goes on with
 * the results that were set here. An error: the reply makes no sense; nothing has happened, the
 * server's ipc_reply() returns that error, and the program still waits for a better one.
 * (UKERN_FORWARD would be a third way: send a further request and wait for another reply.)
 *
 * An error for the *program* is a result as any other: x0 = the error, and UKERN_DONE.
 */
static int ask_complete(struct ukern_pending *p, const struct ukern_msg *reply)
{
    uint64_t shm = reply->w[0], offset = reply->w[1], length = reply->w[2],
             nanoseconds = reply->w[3];
    int64_t status;
    int error = ukern_reply_status(reply, &status);

    if (error != UKERN_OK)
        return error; /* an error code that only the kernel may give */
    if (status < 0) {
        ukern_result(p, (uint64_t)status, 0);
        return UKERN_DONE;
    }
    /*
     * Only asks for the copy. The kernel does it after this function has returned, a piece at a
     * time with interrupts between, straight from the server's memory into the program's buffer. If
     * the buffer turns out not to be writable, the program gets UKERN_EFAULT instead of these
     * results.
     */
    error = ukern_copy_shm(p, ANSWER, 0, (ukern_handle)shm, offset, length);
    if (error != UKERN_OK)
        return error;
    ukern_result(p, length, nanoseconds);
    return UKERN_DONE;
}

/*
 * cancel: runs instead of complete when the program or the server dies, or a deadline passes. It
 * gives back what begin took. This begin takes nothing: then the table says
 * UKERN_NOTHING_TO_CANCEL, as a registration may not be silent about it.
 */
static const struct ukern_completion ask = {
    .name = "ask",
    .begin = ask_begin,
    .complete = ask_complete,
    .cancel = UKERN_NOTHING_TO_CANCEL,
};

/* The kernel calls this once, before the first task runs; then the table of calls is sealed. */
void ukern_main(void)
{
    ukern_register(ASK_CALL,
                   &ask); /* a number that is taken or out of range stops the boot, and says so */
}
