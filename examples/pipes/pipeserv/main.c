/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipeserv: pipes as a task. usage: pipeserv [-r RING_SIZE]
 *
 * It speaks the byte stream protocol (ukern/stream.h). By pending calls the kernel copies between a
 * caller and a pipe's ring in shared memory; this server only says where. By messages it copies up
 * to 32 bytes itself. pipe.h has the rules, ends.h says who is who; here requests and events meet
 * them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ukern/error.h>
#include <ukern/memory.h>
#include <ukern/stream.h>
#include <ukern/task.h>

#include "ends.h"

#define RING_DEFAULT (64 * 1024)
#define RING_MAX     (UINT64_C(1) << 30)
#define END_RIGHTS   (UKERN_R_CALL | UKERN_R_TRANSFER)

static uint64_t ring_size = RING_DEFAULT;

/* Copy between a message's words and the ring. */
static void copy_words(struct channel *c, enum pipe_side side, uint64_t *words,
                       const struct segment segment[2])
{
    char *data = (char *)words;

    for (int i = 0; i < 2; i++) {
        char *ring = c->bytes + segment[i].offset;

        if (side == PIPE_READ_END)
            memcpy(data, ring, segment[i].length);
        else
            memcpy(ring, data, segment[i].length);
        data += segment[i].length;
    }
}

/*
 * The reply to a read or write that may go on with n bytes, or that failed with n. data: NULL for a
 * pending call; else the message's four words, with what is written or for what is read.
 */
static void fill_reply(struct channel *c, enum pipe_side side, int64_t n,
                       const struct segment segment[2], uint64_t *data, struct ukern_msg *reply)
{
    if (n < 0) {
        reply->tag = UKERN_TAG(n, 0);
    } else if (data != NULL) {
        reply->tag = UKERN_TAG(n, 0);
        copy_words(c, side, side == PIPE_READ_END ? &reply->w[2] : data, segment);
    } else {
        reply->tag = UKERN_TAG(0, 0);
        reply->w[0] = (uint64_t)n;
        reply->w[1] = (uint64_t)c->shm;
        reply->w[2] = segment[0].offset;
        reply->w[3] = segment[0].length;
        reply->w[4] = segment[1].offset;
        reply->w[5] = segment[1].length;
    }
}

/* Answer; false: it reached nobody. */
static bool answer(struct channel *c, uint64_t token, enum pipe_side side, int64_t n,
                   const struct segment segment[2], uint64_t *data)
{
    struct ukern_msg reply = {0};
    int error;

    fill_reply(c, side, n, segment, data, &reply);
    error = server_reply(token, &reply);
    if (error == UKERN_OK)
        return true;
    if (error != UKERN_ESTALE) {
        /* The caller's memory was not what it must be; it may still be waiting. */
        reply = (struct ukern_msg){.tag = UKERN_TAG(UKERN_EIO, 0)};
        server_reply(token, &reply);
    }
    return false;
}

static bool deliver(void *context, struct pipe *p, enum pipe_side side, struct waiter *w,
                    int64_t result, const struct segment segment[2])
{
    bool delivered =
        answer(context, w->token, side, result, segment, w->by_message ? w->data : NULL);

    (void)p;
    free(w);
    return delivered;
}

/* Bytes, room or ends have changed: let those who waited for it go on. */
static void changed(struct channel *c)
{
    pipe_serve(&c->pipe, deliver, c);
    for (int side = 0; side < 2; side++)
        if (c->watch[side] != NULL)
            watch_wake(&c->watch[side], pipe_ready(&c->pipe, side));
}

static void book(struct pipe *p, enum pipe_side side, uint64_t n)
{
    if (side == PIPE_READ_END)
        pipe_take(p, n);
    else
        pipe_put(p, n);
}

static int wait_for_turn(struct channel *c, enum pipe_side side, const struct request *r,
                         bool by_message)
{
    struct waiter *w = malloc(sizeof *w);

    if (w == NULL)
        return UKERN_ENOMEM;
    *w = (struct waiter){.token = r->token,
                         .badge = r->badge,
                         .length = r->msg.w[0],
                         .by_message = by_message,
                         .data = {r->msg.w[2], r->msg.w[3], r->msg.w[4], r->msg.w[5]}};
    pipe_wait(&c->pipe, side, w);
    return SERVER_LATER;
}

/* A read or write: now, or when its turn comes. */
static int transfer(struct request *r, enum pipe_side side, bool by_message)
{
    uint64_t length = r->msg.w[0], flags = r->msg.w[1];
    uint64_t *data = by_message ? &r->msg.w[2] : NULL;
    bool patient = !(flags & STREAM_NONBLOCK);
    struct end *e = end_find(r->badge);
    struct segment segment[2];
    struct channel *c;
    struct pipe *p;
    int64_t n = UKERN_EAGAIN;

    if (r->token == 0)
        return SERVER_LATER; /* it would not get the bytes */
    if (e == NULL)
        return UKERN_EIO; /* of a pipeserv that is no more */
    if (e->side != side || (flags & ~(uint64_t)STREAM_NONBLOCK))
        return UKERN_EINVAL;
    c = e->channel;
    p = &c->pipe;
    if (by_message && channel_bytes(c) == NULL)
        return UKERN_ENOMEM;

    if (p->waiting[side].head == NULL)
        n = side == PIPE_READ_END ? pipe_read_offer(p, length)
                                  : pipe_write_offer(p, length, patient);
    if (n == UKERN_EAGAIN)
        return patient ? wait_for_turn(c, side, r, by_message) : UKERN_EAGAIN;
    if (n < 0)
        return (int)n;
    if (side == PIPE_READ_END)
        pipe_oldest(p, (uint64_t)n, segment);
    else
        pipe_room(p, (uint64_t)n, segment);

    if (p->waiting[!side].head == NULL && c->watch[!side] == NULL) {
        /* Nobody depends on it yet: book, and reply with the next receive; see undelivered(). */
        fill_reply(c, side, n, segment, data, &r->reply);
        book(p, side, (uint64_t)n);
        return SERVER_REPLY;
    }
    if (answer(c, r->token, side, n, segment, data)) {
        book(p, side, (uint64_t)n);
        changed(c);
    }
    return SERVER_LATER;
}

static int do_read(struct server *s, struct request *r)
{
    (void)s;
    return transfer(r, PIPE_READ_END, false);
}

static int do_write(struct server *s, struct request *r)
{
    (void)s;
    return transfer(r, PIPE_WRITE_END, false);
}

static int do_read_inline(struct server *s, struct request *r)
{
    (void)s;
    return r->msg.w[0] > STREAM_INLINE_MAX ? UKERN_EINVAL : transfer(r, PIPE_READ_END, true);
}

static int do_write_inline(struct server *s, struct request *r)
{
    (void)s;
    return r->msg.w[0] > STREAM_INLINE_MAX ? UKERN_EINVAL : transfer(r, PIPE_WRITE_END, true);
}

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
    static const struct segment nothing[2];
    struct channel *c = e->channel;
    enum pipe_side side = e->side;
    uint64_t badge = e->badge;
    struct waiter *w;

    end_free(e);
    while ((w = pipe_forget_badge(&c->pipe, side, badge)) != NULL)
        deliver(c, &c->pipe, side, w, UKERN_ECANCELED, nothing);
    watch_close(&c->watch[side], badge);
    c->pipe.ends[side]--;
    if (c->pipe.ends[PIPE_READ_END] == 0 && c->pipe.ends[PIPE_WRITE_END] == 0)
        channel_free(c);
    else if (c->pipe.ends[side] == 0)
        changed(c);
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
    if (r->msg.w[0] & STREAM_ANNOUNCE) {
        printf("[pipeserv] PIPE_CREATE\n");
        fflush(stdout);
    }
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
    free(pipe_forget_token(&c->pipe, e->side, token));
    changed(c); /* it may have been the one that held others up */
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
    if (r->label == STREAM_READ)
        pipe_untake(&e->channel->pipe, r->reply.w[0]);
    else if (r->label == STREAM_READ_INLINE)
        pipe_untake(&e->channel->pipe, (uint64_t)label);
    else if (r->label == STREAM_WRITE)
        pipe_unput(&e->channel->pipe, r->reply.w[0]);
    else if (r->label == STREAM_WRITE_INLINE)
        pipe_unput(&e->channel->pipe, (uint64_t)label);
}

static const struct server_handler handlers[] = {
    {STREAM_READ, do_read},
    {STREAM_WRITE, do_write},
    {STREAM_READ_INLINE, do_read_inline},
    {STREAM_WRITE_INLINE, do_write_inline},
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
    error = server_run(&s);
    fprintf(stderr, "pipeserv: cannot serve: %s\n", ukern_strerror(error));
    return 1;
}
