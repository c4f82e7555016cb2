/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipeserv: pipes as a task. usage: pipeserv [-r RING_SIZE]
 *
 * It speaks the byte stream protocol (ukern/stream.h). pipe.h has the rules, ends.h says who is
 * who, transfer.h moves the bytes; here requests and events meet them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/stream.h>
#include <ukern/task.h>

#include "transfer.h"

#define RING_DEFAULT (64 * 1024)
#define RING_MAX     (UINT64_C(1) << 30)
#define END_RIGHTS   (UKERN_R_CALL | UKERN_R_TRANSFER)

/* How long the console may take for an announcement. Nanoseconds. */
#define ANNOUNCE_TIME 1000000000u

static uint64_t ring_size = RING_DEFAULT;
static bool has_console;

/* A client's handle for a new end, or an error. */
static ukern_handle open_end(struct server *s, struct channel *c, enum pipe_side side)
{
    struct end *e = end_create(c, side);
    ukern_handle h;

    if (e == NULL)
        return UKERN_ENOMEM;
    h = handle_mint(s->port, END_RIGHTS, e->badge);
    if (h < 0) {
        c->pipe.ends[side]--;
        end_free(e);
    }
    return h;
}

static void close_end(struct end *e)
{
    struct channel *c = e->channel;
    enum pipe_side side = e->side;
    uint64_t badge = e->badge;
    struct waiter *w;

    end_free(e);
    while ((w = pipe_forget_badge(&c->pipe, side, badge)) != NULL)
        transfer_refuse(c, side, w, UKERN_ECANCELED);
    watch_close(&c->watch[side], badge);
    c->pipe.ends[side]--;
    if (c->pipe.ends[PIPE_READ_END] == 0 && c->pipe.ends[PIPE_WRITE_END] == 0)
        channel_free(c);
    else if (c->pipe.ends[side] == 0)
        transfer_changed(c);
}

/* The handle that a reply word names was never delivered, or must not be. */
static void withdraw(uint64_t word)
{
    ukern_handle h = (ukern_handle)(uint32_t)word;
    uint64_t badge;
    struct end *e;

    if (handle_info(h, NULL, &badge) < 0)
        return;
    e = end_find(badge);
    if (e != NULL)
        close_end(e);
    handle_close(h);
}

/* Sizes are whole pages; 0 means the default. 0 as the result: too large. */
static uint64_t round_size(uint64_t size)
{
    if (size == 0)
        size = ring_size;
    if (size > RING_MAX)
        return 0;
    if (size < PIPE_BUF)
        size = PIPE_BUF;
    return (size + UKERN_PAGE_SIZE - 1) & ~(UKERN_PAGE_SIZE - 1);
}

/*
 * Tell the console of a new pipe. Clients ask for it, so it must not hold this server up: a console
 * that has no room now does not show it, and one that does not answer is not asked again.
 */
static void announce(void)
{
    static const char text[] = "[pipeserv] PIPE_CREATE\n";
    struct ukern_msg msg = {UKERN_TAG(STREAM_WRITE_INLINE, 0), {sizeof text - 1, STREAM_NONBLOCK}};

    _Static_assert(sizeof text - 1 <= STREAM_INLINE_MAX, "one message");
    memcpy(&msg.w[2], text, sizeof text - 1);
    if (has_console &&
        ipc_call_until(STDOUT_FILENO, &msg, clock_now() + ANNOUNCE_TIME) == UKERN_ETIMEDOUT)
        has_console = false;
}

static int do_create(struct server *s, struct request *r)
{
    uint64_t size = round_size(r->msg.w[1]);
    struct channel *c;
    ukern_handle reader, writer;

    if (r->token == 0)
        return SERVER_LATER; /* it would not get the handles */
    if (size == 0 || (r->msg.w[0] & ~(uint64_t)STREAM_ANNOUNCE))
        return UKERN_EINVAL;
    c = channel_create(size);
    if (c == NULL)
        return UKERN_ENOMEM;
    reader = open_end(s, c, PIPE_READ_END);
    if (reader < 0) {
        channel_free(c);
        return reader;
    }
    writer = open_end(s, c, PIPE_WRITE_END);
    if (writer < 0) {
        withdraw((uint64_t)reader);
        return writer;
    }
    if (r->msg.w[0] & STREAM_ANNOUNCE)
        announce();
    r->reply.tag = UKERN_TAG(0, 2);
    r->reply.w[4] = UKERN_SEND_HANDLE(reader, 0) | UKERN_SEND_MOVE;
    r->reply.w[5] = UKERN_SEND_HANDLE(writer, 0) | UKERN_SEND_MOVE;
    return SERVER_REPLY;
}

static int do_dup(struct server *s, struct request *r)
{
    struct end *e = end_find(r->badge);
    ukern_handle h;

    if (r->token == 0)
        return SERVER_LATER;
    if (e == NULL)
        return UKERN_EIO;
    h = open_end(s, e->channel, e->side);
    if (h < 0)
        return h;
    r->reply.tag = UKERN_TAG(0, 1);
    r->reply.w[5] = UKERN_SEND_HANDLE(h, 0) | UKERN_SEND_MOVE;
    return SERVER_REPLY;
}

static int do_close(struct server *s, struct request *r)
{
    struct end *e = end_find(r->badge);

    (void)s;
    if (e == NULL)
        return UKERN_EIO;
    close_end(e);
    return SERVER_REPLY;
}

static int do_poll(struct server *s, struct request *r)
{
    struct end *e = end_find(r->badge);

    (void)s;
    if (e == NULL)
        return UKERN_EIO;
    return watch_poll(&e->channel->watch[e->side], r, pipe_ready(&e->channel->pipe, e->side));
}

static int do_control(struct server *s, struct request *r)
{
    (void)s;
    return r->msg.w[0] == STREAM_IS_TERMINAL ? SERVER_REPLY : UKERN_ENOSYS;
}

/* The last handle of an end is gone: closed, or its holder has died. */
static void hangup(struct server *s, uint64_t badge)
{
    struct end *e = end_find(badge);

    (void)s;
    if (e != NULL)
        close_end(e);
}

/* A caller that waited has been killed or gave up. */
static void cancelled(struct server *s, uint64_t badge, uint64_t token)
{
    struct end *e = end_find(badge);
    struct channel *c;

    (void)s;
    if (e == NULL)
        return;
    c = e->channel;
    channel_release(c, pipe_forget_token(&c->pipe, e->side, token));
    transfer_changed(c); /* it may have been the one that held others up */
}

/* What transfer() booked, or handles made for the caller, did not arrive. */
static void undelivered(struct server *s, struct request *r, int error)
{
    struct end *e = end_find(r->badge);
    int32_t label = UKERN_TAG_LABEL(r->reply.tag);

    (void)s;
    (void)error;
    if (label < 0)
        return;
    if (r->label == STREAM_CREATE)
        withdraw(r->reply.w[4]);
    if (r->label == STREAM_CREATE || r->label == STREAM_DUP)
        withdraw(r->reply.w[5]);
    if (e == NULL)
        return;
    transfer_undo(e->channel, r);
}

static const struct server_handler handlers[] = {
    {STREAM_READ, transfer_read},
    {STREAM_WRITE, transfer_write},
    {STREAM_READ_INLINE, transfer_read_inline},
    {STREAM_WRITE_INLINE, transfer_write_inline},
    {STREAM_CREATE, do_create},
    {STREAM_CLOSE, do_close},
    {STREAM_DUP, do_dup},
    {STREAM_POLL, do_poll},
    {STREAM_CONTROL, do_control},
    {0, NULL},
};

int main(int argc, char **argv)
{
    struct server s = {
        .port = task_handle("port"),
        .handlers = handlers,
        .hangup = hangup,
        .cancelled = cancelled,
        .undelivered = undelivered,
    };
    int error;

    if (argc == 3 && strcmp(argv[1], "-r") == 0)
        ring_size = strtoull(argv[2], NULL, 0);
    if ((argc != 1 && argc != 3) || round_size(ring_size) == 0 || ring_size == 0) {
        fprintf(stderr, "usage: pipeserv [-r RING_SIZE], in bytes, at most %llu\n",
                (unsigned long long)RING_MAX);
        return 2;
    }
    has_console = fcntl(STDOUT_FILENO, F_GETFD) == 0;
    error = server_run(&s);
    fprintf(stderr, "pipeserv: cannot serve: %s\n", ukern_strerror(error));
    return 1;
}
