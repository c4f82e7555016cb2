/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pipe's system calls: what a kernel extension looks like.
 *
 * Nothing of a pipe is in the kernel: no ring, no list of pipes, no rule of who waits for whom. All
 * that lives in pipeserv, a task like any other. But programs want to say read(fd, buffer, size)
 * and get their bytes in *their* buffer, which no server can reach. So each call below is a
 * *pending system call*, in two halves:
 *
 *   begin     runs when a program makes the call. It checks the arguments, says which memory of
 *             the program may be touched, and fills a request. The kernel then parks the program
 *             and sends the request to the server as a message. No stack of the kernel waits,
 *             only a small record in the task.
 *   complete  runs when the server replies, now or in an hour. It checks what the server says,
 *             and asks the kernel to copy the bytes between the program's memory and the
 *             server's shared memory. Then the program goes on.
 *
 *     program                    kernel                            pipeserv
 *     read(3, buf, 100) -------> begin: range [buf, 100) OUT
 *       (parked)                 request {READ, 100} ------------> nothing in the ring: it keeps
 *                                                                  the token and serves others
 *                                                                  ... somebody writes 12 bytes ...
 *                                complete: 12 <= 100, and <------- reply {0, 12 bytes, ring,
 *       <----------------------- copies ring -> buf                offset 4090, 6, offset 0, 6}
 *     result: 12
 *
 * Which server? The one behind the handle: a file descriptor *is* a handle, and who has none cannot
 * even ask. So the same READ and WRITE also reach the console, whose handles are the descriptors 0,
 * 1 and 2.
 *
 * Whatever a server replies, the kernel never copies more than begin has allowed, nor outside the
 * server's own shared memory; and the bytes leave the pipe only when they have arrived: if the
 * program was killed meanwhile, the server's reply fails, and it keeps them for the next reader.
 */
#include <ukern/stream.h>
#include <ukern/ukern.h>

/* The first argument of every call here: the descriptor, which is a handle of the caller. */
static ukern_handle descriptor(const struct ukern_pending *p)
{
    return (ukern_handle)ukern_arg(p, 0);
}

/*
 * read(x0 = fd, x1 = buffer, x2 = bytes, x3 = flags) -> x0 = bytes, 0 at the end, or an error.
 *
 * The helper does everything that read-like calls have in common: it finds the server through the
 * handle, declares [x1, x1 + x2) as memory that may be written, and asks {STREAM_READ, x2, x3}.
 * ukern_complete_read() is the other half.
 */
static int read_begin(struct ukern_pending *p)
{
    return ukern_begin_read(p, descriptor(p), ukern_arg(p, 1), ukern_arg(p, 2), STREAM_READ);
}

/*
 * write(x0 = fd, x1 = buffer, x2 = bytes, x3 = flags) -> x0 = bytes that were taken, or an error.
 *
 * The same in the other direction. The *server* decides how much it takes, as only it knows its
 * ring: a pipe takes writes of up to PIPE_BUF bytes whole, and of a longer one what fits; the C
 * library's write() asks again for the rest.
 */
static int write_begin(struct ukern_pending *p)
{
    return ukern_begin_write(p, descriptor(p), ukern_arg(p, 1), ukern_arg(p, 2), STREAM_WRITE);
}

/* Calls that move no bytes: a request of two words. */
static int ask(struct ukern_pending *p, uint32_t label, uint64_t w0, uint64_t w1)
{
    int error = ukern_target(p, descriptor(p));

    if (error != UKERN_OK)
        return error;
    ukern_request(p)->tag = UKERN_TAG(label, 0);
    ukern_request(p)->w[0] = w0;
    ukern_request(p)->w[1] = w1;
    return UKERN_FORWARD;
}

/*
 * pipe(x0 = handle of the pipe server's port, x1 = flags, x2 = ring size or 0) -> x0 = read end, x1
 * = write end, or x0 = an error. Two results in two registers: no buffer of the caller is involved
 * at all.
 */
static int create_begin(struct ukern_pending *p)
{
    return ask(p, STREAM_CREATE, ukern_arg(p, 1), ukern_arg(p, 2));
}

/*
 * The server's reply brings two handles of its own, which become the caller's. They take its two
 * lowest free numbers, in the order in which they are given here: so the read end gets the lower
 * one, as programs expect of pipe(). Should the caller's table be full, neither is handed over, and
 * the server gets both back.
 */
static int create_complete(struct ukern_pending *p, const struct ukern_msg *reply)
{
    int error = ukern_complete_status(p, reply);

    if (error != UKERN_DONE || UKERN_TAG_LABEL(reply->tag) < 0)
        return error;
    error = ukern_give_handle(p, 0, reply->w[4]);
    if (error == UKERN_OK)
        error = ukern_give_handle(p, 1, reply->w[5]);
    return error == UKERN_OK ? UKERN_DONE : error;
}

/* dup(x0 = fd) -> x0 = another descriptor of the same end. It counts as an end of its own. */
static int dup_begin(struct ukern_pending *p)
{
    return ask(p, STREAM_DUP, 0, 0);
}

static int dup_complete(struct ukern_pending *p, const struct ukern_msg *reply)
{
    int error = ukern_complete_status(p, reply);

    if (error != UKERN_DONE || UKERN_TAG_LABEL(reply->tag) < 0)
        return error;
    error = ukern_give_handle(p, 0, reply->w[5]);
    return error == UKERN_OK ? UKERN_DONE : error;
}

/*
 * close(x0 = fd) -> x0 = 0 or an error. It tells the server to give this end up now, also where
 * others hold copies of the handle. An ordinary close needs no call here: when the last copy of a
 * handle goes, because it was closed or because its holder died, the kernel tells the server by a
 * hangup event.
 */
static int close_begin(struct ukern_pending *p)
{
    return ask(p, STREAM_CLOSE, 0, 0);
}

/*
 * No begin above takes anything that would have to be given back if the caller dies or the server
 * does: hence UKERN_NOTHING_TO_CANCEL. The kernel refuses a registration that is silent about it.
 *
 * STREAM_POLL is missing on purpose: it carries a handle and moves no bytes, so it is a plain
 * message (ipc_call()).
 */
static const struct ukern_completion calls[] = {
    {"pipe", create_begin, create_complete, UKERN_NOTHING_TO_CANCEL},
    {"read", read_begin, ukern_complete_read, UKERN_NOTHING_TO_CANCEL},
    {"write", write_begin, ukern_complete_write, UKERN_NOTHING_TO_CANCEL},
    {"close", close_begin, ukern_complete_status, UKERN_NOTHING_TO_CANCEL},
    {"dup", dup_begin, dup_complete, UKERN_NOTHING_TO_CANCEL},
};

/* Called by the kernel once, before the first task runs. After it has returned, the table is
 * sealed. */
void ukern_main(void)
{
    for (uint32_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        ukern_register(STREAM_CREATE + i, &calls[i]); /* a failure stops the image with a message */
}
