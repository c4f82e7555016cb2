/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP sockets. What the peer sends is copied from lwIP's buffers into the ring rx, from where the
 * kernel copies it to readers; the window that the peer sees is what is free in the ring. What a
 * client writes the kernel copies into the ring tx, and lwIP sends it from there, without a copy:
 * the bytes leave the ring when the peer has acknowledged them.
 */
#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>
#include <lwip/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "sock.h"

#define ORPHAN_PATIENCE 60000 /* milliseconds for which a peer may take nothing of what is left */
#define FIN_TRIES       8     /* some minutes */
#define POLL_TICKS      4     /* of half a second */

static bool deliver(void *context, struct pipe *p, enum pipe_side side, struct waiter *w,
                    int64_t result, const struct segment segment[2])
{
    struct sock *s = context;
    uint64_t base = side == PIPE_READ_END ? 0 : RX_RING;
    struct ukern_msg reply = {0};
    int error;

    (void)p;
    if (result < 0)
        reply.tag = UKERN_TAG(result, 0);
    else if (result > 0)
        reply =
            (struct ukern_msg){0,
                               {(uint64_t)result, (uint64_t)s->rings->shm, base + segment[0].offset,
                                segment[0].length, base + segment[1].offset, segment[1].length}};
    error = server_reply(w->token, &reply);
    if (error != UKERN_OK && error != UKERN_ESTALE)
        sock_answer(w->token, UKERN_EIO);
    sock_waited(w);
    if (error != UKERN_OK)
        return false;
    return true;
}

/* lwIP forgets a connection that both sides have closed 2 * TCP_MSL after it last heard of it (its state
 * LAST_ACK), though our FIN, or bytes before it, may have been lost until then: hold it off while it
 * has not been sent that often. */
static void keep_trying(struct tcp_pcb *pcb)
{
    if (pcb->state == LAST_ACK && pcb->nrtx < FIN_TRIES)
        pcb->tmr = tcp_ticks;
}

static err_t on_poll_alone(void *arg, struct tcp_pcb *pcb)
{
    (void)arg;
    keep_trying(pcb);
    return ERR_OK;
}

/* Hand over to lwIP what it has not seen of the ring, as far as it takes it. */
static void push(struct sock *s)
{
    struct tcp_pcb *pcb = s->tcp;

    if (pcb == NULL)
        return;
    while (s->queued < s->tx.used) {
        uint64_t at = (s->tx.start + s->queued) % TX_RING;
        uint64_t n = s->tx.used - s->queued;
        bool more;

        if (n > TX_RING - at)
            n = TX_RING - at;
        if (n > tcp_sndbuf(pcb))
            n = tcp_sndbuf(pcb);
        if (n > 0xffff)
            n = 0xffff;
        more = s->queued + n < s->tx.used;
        if (n == 0 || tcp_write(pcb, s->rings->bytes + RX_RING + at, (uint16_t)n,
                                more ? TCP_WRITE_FLAG_MORE : 0) != ERR_OK)
            break;
        s->queued += n;
    }
    if (s->fin_due && s->queued == s->tx.used)
        s->fin_due = tcp_shutdown(pcb, 0, 1) != ERR_OK;
    tcp_output(pcb);
}

static void detach(struct sock *s)
{
    struct tcp_pcb *pcb = s->tcp;

    s->tcp = NULL;
    if (pcb == NULL)
        return;
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, on_poll_alone, POLL_TICKS);
    tcp_setprio(pcb, TCP_PRIO_MIN); /* lwIP ends it first if it needs room */
}

/* Its client has closed it and all has been handed over: end the connection, too. */
static void finish(struct sock *s)
{
    if (s->badge != 0 || s->listener != NULL)
        return;
    if (s->tcp != NULL && s->closing && s->queued == s->tx.used) {
        /* tcp_close() says RST instead of FIN where the window tells of unread bytes. */
        if (s->rx.used > 0 && s->tcp->rcv_wnd > 0)
            s->tcp->rcv_wnd--;
        if (tcp_close(s->tcp) != ERR_OK)
            return; /* no memory for the FIN: at the next call */
        s->closing = false;
    }
    if (s->tcp == NULL || (!s->closing && s->tx.used == 0)) {
        detach(s);
        sock_free(s);
    }
}

/* Tell the peer of room in the ring. Where the window is smaller than the ring, as the peer does not
 * scale it, it is opened before a reader has taken the bytes: so it does not narrow with each
 * segment, to be widened soon after. */
static void open_window(struct sock *s)
{
    uint64_t room = s->rx.size - s->rx.used, n = s->hidden;

    if (s->tcp == NULL || room <= s->tcp->rcv_wnd)
        return;
    if (n > room - s->tcp->rcv_wnd)
        n = room - s->tcp->rcv_wnd;
    s->hidden -= n;
    for (; n > 0xffff; n -= 0xffff)
        tcp_recved(s->tcp, 0xffff);
    if (n > 0)
        tcp_recved(s->tcp, (uint16_t)n);
}

static bool waits(const struct pipe *p, enum pipe_side side)
{
    return p->waiting[side].head != NULL;
}

/* Bytes have come, or their end: let readers go on. */
static void settle_readers(struct sock *s)
{
    if (!waits(&s->rx, PIPE_READ_END))
        return;
    if (s->error == 0 || s->rx.used > 0)
        pipe_serve(&s->rx, deliver, s);
    if (s->error != 0 && s->rx.used == 0)
        sock_fail(s, PIPE_READ_END, s->error);
    open_window(s);
}

/* There is room, or no connection any more: let writers go on, and what they wrote. */
static void settle_writers(struct sock *s)
{
    if (s->error != 0) {
        sock_fail(s, PIPE_WRITE_END, s->error);
    } else if (s->connected) {
        if (waits(&s->tx, PIPE_WRITE_END))
            pipe_serve(&s->tx, deliver, s);
        if (s->queued < s->tx.used || s->fin_due)
            push(s);
    }
}

static void settle(struct sock *s)
{
    settle_readers(s);
    settle_writers(s);
    sock_changed(s);
}

/* To whom waits for them, or into the ring. false: there is no room. */
static bool take_bytes(struct sock *s, const struct pbuf *p)
{
    uint8_t *desk = s->rx.used == 0 ? set_bring(s, p->tot_len, NULL) : NULL;
    struct segment segment[2];

    if (desk != NULL) {
        pbuf_copy_partial(p, desk, p->tot_len, 0);
        return true;
    }
    if (p->tot_len > s->rx.size - s->rx.used)
        return false;
    pipe_room(&s->rx, p->tot_len, segment);
    pbuf_copy_partial(p, s->rings->bytes + segment[0].offset, (uint16_t)segment[0].length, 0);
    pbuf_copy_partial(p, s->rings->bytes + segment[1].offset, (uint16_t)segment[1].length,
                      (uint16_t)segment[0].length);
    pipe_put(&s->rx, p->tot_len);
    return true;
}

static err_t on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct sock *s = arg;

    (void)err;
    if (p == NULL) {
        s->rx.ends[PIPE_WRITE_END] = 0;
    } else {
        if (!take_bytes(s, p))
            return ERR_MEM; /* lwIP keeps it and asks again */
        s->hidden += p->tot_len;
        open_window(s); /* before a reader is served: the acknowledgement is on its way then */
        /* A large segment is not of a dialogue, whose answer would carry the acknowledgement: its sender
         * may wait for it, as one that has just begun does. */
        if (p->tot_len > pcb->mss / 2)
            tcp_ack_now(pcb);
        pbuf_free(p);
    }
    settle_readers(s);
    sock_changed(s);
    return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, uint16_t n)
{
    struct sock *s = arg;

    (void)pcb;
    pipe_take(&s->tx, n);
    s->taken = sys_now();
    s->queued -= n;
    settle_writers(s);
    sock_changed(s);
    finish(s);
    return ERR_OK;
}

/* The connection is no more; lwIP has freed the pcb. */
static void on_error(void *arg, err_t err)
{
    struct sock *s = arg;

    s->tcp = NULL;
    s->error = error_of(err);
    if (!s->connected && s->error == SOCKET_ERESET)
        s->error = SOCKET_EREFUSED;
    if (s->connecting != 0)
        sock_answer(s->connecting, s->error);
    s->connecting = 0;
    if (s->listener != NULL)
        return; /* whoever accepts it sees */
    settle(s);
    finish(s);
}

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
    struct sock *s = arg;

    keep_trying(pcb);
    if (s->orphan && sys_now() - s->taken > ORPHAN_PATIENCE) {
        stream_abort(s); /* it may answer for ever, and never let us end */
        return ERR_ABRT;
    }
    push(s);
    finish(s);
    return ERR_OK;
}

void stream_attach(struct sock *s, struct tcp_pcb *pcb)
{
    s->tcp = pcb;
    pipe_init(&s->rx, RX_RING);
    pipe_init(&s->tx, TX_RING);
    tcp_arg(pcb, s);
    tcp_recv(pcb, on_receive);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_poll(pcb, on_poll, POLL_TICKS);
}

int stream_open(struct sock *s)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(address_type(s));

    if (pcb == NULL)
        return SOCKET_ENOBUFS;
    stream_attach(s, pcb);
    return UKERN_OK;
}

int stream_bind(struct sock *s, const ip_addr_t *ip, uint16_t port)
{
    int err = s->tcp == NULL ? ERR_CLSD : s->bound ? ERR_VAL : tcp_bind(s->tcp, ip, port);

    s->bound |= err == ERR_OK;
    return error_of(err);
}

void stream_abort(struct sock *s)
{
    struct tcp_pcb *pcb = s->tcp;

    detach(s);
    if (pcb != NULL)
        tcp_abort(pcb);
    sock_free(s);
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct sock *s = arg;

    (void)pcb;
    (void)err; /* always ERR_OK; failures go to on_error() */
    s->connected = true;
    if (s->connecting != 0)
        sock_answer(s->connecting, UKERN_OK);
    s->connecting = 0;
    settle(s);
    return ERR_OK;
}

int stream_connect(struct sock *s, struct request *r, const ip_addr_t *ip, uint16_t port)
{
    int error;
    err_t err;

    if (s->error != 0)
        return s->error;
    if (s->connected || s->connecting != 0)
        return SOCKET_EISCONN;
    error = sock_way(ip);
    if (error != UKERN_OK)
        return error;
    if (s->rings == NULL)
        s->rings = rings_take();
    if (s->rings == NULL)
        return SOCKET_ENOBUFS;
    err = tcp_connect(s->tcp, ip, port, on_connected);
    if (err != ERR_OK)
        return error_of(err);
    if (r->msg.w[3] & STREAM_NONBLOCK)
        return SERVER_REPLY;
    s->connecting = r->token;
    return SERVER_LATER;
}

/* Both directions: an error at once, or wait in line and see whose turn it is. */
static int transfer(struct sock *s, struct request *r, enum pipe_side side)
{
    uint64_t flags = r->msg.w[1];
    struct pipe *p = side == PIPE_READ_END ? &s->rx : &s->tx;
    int64_t n = UKERN_EAGAIN;
    int error;

    if (flags & ~(uint64_t)STREAM_NONBLOCK)
        return UKERN_EINVAL;
    if (s->error != 0 && (side == PIPE_WRITE_END || s->rx.used == 0))
        return s->error;
    if (!s->connected)
        return SOCKET_ENOTCONN;
    if (flags & STREAM_NONBLOCK) {
        if (p->waiting[side].head == NULL)
            n = side == PIPE_READ_END ? pipe_read_offer(p, r->msg.w[0])
                                      : pipe_write_offer(p, r->msg.w[0], false);
        if (n < 0)
            return (int)n;
        if (n > 0)
            r->msg.w[0] = (uint64_t)n; /* what goes now; all of it would wait for more room */
    }
    error = sock_wait(s, side, r, false);
    if (error < 0)
        return error;
    settle(s);
    return SERVER_LATER;
}

int stream_read(struct sock *s, struct request *r)
{
    return transfer(s, r, PIPE_READ_END);
}

int stream_write(struct sock *s, struct request *r)
{
    return transfer(s, r, PIPE_WRITE_END);
}

/* These places of a ring. Seldom are there two: it wraps. */
static void fill(uint8_t *ring, const struct segment segment[2], const uint8_t *bytes)
{
    memcpy(ring + segment[0].offset, bytes, segment[0].length);
    if (segment[1].length > 0)
        memcpy(ring + segment[1].offset, bytes + segment[0].length, segment[1].length);
}

int64_t stream_put(struct sock *s, const void *data, uint64_t n)
{
    struct segment segment[2];
    int64_t taken;

    if (s->error != 0)
        return s->error;
    if (!s->connected)
        return SOCKET_ENOTCONN;
    if (s->tx.waiting[PIPE_WRITE_END].head != NULL)
        return 0;
    taken = pipe_write_offer(&s->tx, n, false);
    if (taken <= 0)
        return taken == UKERN_EAGAIN ? 0 : taken;
    pipe_room(&s->tx, (uint64_t)taken, segment);
    fill(s->rings->bytes + RX_RING, segment, data);
    pipe_put(&s->tx, (uint64_t)taken);
    push(s);
    return taken;
}

uint64_t stream_peek(const struct sock *s, void *data, uint64_t n)
{
    int64_t have = pipe_read_offer(&s->rx, n);
    struct segment segment[2];
    uint8_t *bytes = data;

    if (have <= 0)
        return 0;
    pipe_oldest(&s->rx, (uint64_t)have, segment);
    memcpy(bytes, s->rings->bytes + segment[0].offset, segment[0].length);
    memcpy(bytes + segment[0].length, s->rings->bytes + segment[1].offset, segment[1].length);
    return (uint64_t)have;
}

void stream_taken(struct sock *s, uint64_t n)
{
    pipe_take(&s->rx, n);
    open_window(s);
}

void stream_untaken(struct sock *s, const uint8_t *bytes, uint64_t n)
{
    struct tcp_pcb *pcb = s->tcp;
    struct segment segment[2];

    if (n > s->rx.size - s->rx.used) {
        detach(s);
        if (pcb != NULL)
            tcp_abort(pcb);
        pipe_take(&s->rx, s->rx.used);
        s->error = SOCKET_ERESET;
    } else {
        pipe_untake(&s->rx, n);
        pipe_oldest(&s->rx, n, segment);
        fill(s->rings->bytes, segment, bytes);
    }
    settle(s);
}

int stream_shutdown(struct sock *s, unsigned how)
{
    if (s->tcp == NULL || !s->connected)
        return SOCKET_ENOTCONN;
    if (how & SOCKET_SHUT_READ) {
        s->rx.ends[PIPE_WRITE_END] = 0;
        settle(s);
    }
    if ((how & SOCKET_SHUT_WRITE) && s->tx.ends[PIPE_READ_END] != 0) {
        s->tx.ends[PIPE_READ_END] = 0; /* further writes fail */
        s->fin_due = true;
        settle(s);
    }
    return UKERN_OK;
}

void stream_close(struct sock *s)
{
    if (s->kind == SOCK_LISTENER) {
        listener_close(s);
        return;
    }
    if (s->tcp == NULL || !s->connected) {
        stream_abort(s);
        return;
    }
    s->closing = true;
    s->orphan = true;
    s->taken = sys_now();
    push(s);
    finish(s);
}
