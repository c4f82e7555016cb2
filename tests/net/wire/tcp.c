/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP as a test needs it: sequence numbers count from 0, everything sent is remembered, everything
 * received is marked byte by byte, and what comes twice must be the same both times.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define FIN       1u
#define SYN       2u
#define RST       4u
#define ACK       16u
#define MSS       1460u
#define WINDOW    40000u /* of ours, times two: window scaling */
#define IN_FLIGHT (32u * 1024)
#define RTO_MIN   (60 * MILLISECOND)
#define RTO_MAX   SECOND
#define HEADER    20u
#define OPTIONS   12u /* of a SYN */
/* A guest waits long before it tries the sixth time. */
#define PATIENCE  (300 * SECOND)

struct conn {
    struct transfer *t;
    uint16_t port;
    uint32_t iss, irs;
    uint8_t *got;       /* which bytes of t->in */
    size_t acked, sent; /* of t->out; the FIN counts as one byte more */
    size_t room;        /* that the guest offers, from `acked` on */
    unsigned scale, same_acks;
    bool open, ended, over; /* its FIN was seen; and all before it */
    size_t end;             /* where */
    uint64_t resend, rto, progress;
    uint64_t hears, hears_fin; /* from then on */
};

static struct conn *conns;
static unsigned conn_count;

static void segment(struct conn *c, unsigned flags, size_t at, size_t n)
{
    uint8_t frame[DATA_OFFSET + HEADER + OPTIONS + MSS], *tcp = frame + DATA_OFFSET;
    size_t header = HEADER + (flags & SYN ? OPTIONS : 0), length;
    uint32_t seq = c->iss + (flags & SYN ? 0 : 1 + (uint32_t)at);

    length = ip_frame(frame, PROTO_TCP, header + n);
    memset(tcp, 0, header);
    put16(tcp, c->port);
    put16(tcp + 2, c->t->port);
    put32(tcp + 4, seq);
    put32(tcp + 8, flags & ACK ? c->irs + 1 + (uint32_t)c->t->in_size + c->over : 0);
    tcp[12] = (uint8_t)(header / 4 << 4);
    tcp[13] = (uint8_t)flags;
    put16(tcp + 14, WINDOW);
    if (flags & SYN) /* MSS; window scale 1; SACK permitted */
        memcpy(tcp + HEADER, (uint8_t[]){2, 4, MSS >> 8, MSS & 0xff, 1, 3, 3, 1, 1, 1, 4, 2},
               OPTIONS);
    if (n > 0)
        memcpy(tcp + header, c->t->out + at, n);
    put16(tcp + 16, frame_sum(tcp, header + n, pseudo_header(frame, header + n)));
    wire_send(&c->t->faults, frame, length);
}

/* All but the FIN. */
static void send_data(struct conn *c, size_t at, size_t n)
{
    segment(c, ACK, at, n);
    if (c->sent < at + n)
        c->sent = at + n;
}

/* Nobody has a connection with that number. */
static void reset(const struct conn *c, uint32_t seq)
{
    uint8_t frame[DATA_OFFSET + HEADER] = {0}, *tcp = frame + DATA_OFFSET;

    ip_frame(frame, PROTO_TCP, HEADER);
    put16(tcp, c->port);
    put16(tcp + 2, c->t->port);
    put32(tcp + 4, seq);
    tcp[12] = HEADER / 4 << 4;
    tcp[13] = RST;
    put16(tcp + 16, frame_sum(tcp, HEADER, pseudo_header(frame, HEADER)));
    wire_put(frame, sizeof frame);
}

static bool may_end(const struct conn *c)
{
    return c->t->half || c->over;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* What the guest has room for; in chopped pieces, some of them a second time and from the middle of
 * others. */
static void push(struct conn *c)
{
    size_t limit = smaller(c->t->out_size, c->acked + smaller(c->room, IN_FLIGHT));

    while (c->sent < limit) {
        size_t most = c->t->chop ? 1 + random32() % MSS : MSS;

        send_data(c, c->sent, smaller(most, limit - c->sent));
        if (c->t->chop && chance(400)) {
            size_t from = c->acked > 700 ? c->acked - 700 : 0;
            size_t at = from + random32() % (c->sent - from);

            send_data(c, at, smaller(most, c->sent - at));
        }
    }
    if (c->sent == c->t->out_size && may_end(c)) {
        segment(c, FIN | ACK, c->sent, 0);
        c->sent++;
    }
}

static void again(struct conn *c)
{
    size_t n = smaller(smaller(c->sent, c->t->out_size) - smaller(c->acked, c->t->out_size), MSS);

    if (!c->open)
        segment(c, SYN, 0, 0);
    else if (n > 0)
        segment(c, ACK, c->acked, n);
    else if (c->acked < c->sent)
        segment(c, FIN | ACK, c->acked, 0);
    else if (c->acked < c->t->out_size)
        send_data(c, c->acked, 1); /* into a closed window */
}

static void begin(struct conn *c, struct transfer *t)
{
    c->t = t;
    t->in_size = 0;
    /* Not the seed: the last connection of that port may linger. */
    c->port = (uint16_t)(20000 + (now() / 1000 + conn_count * 1009) % 40000);
    c->iss = (uint32_t)now();
    c->got = calloc(1, t->in_room + 1);
    c->rto = 500 * MILLISECOND;
    c->progress = now();
    c->resend = now() + c->rto;
    if (c->got == NULL)
        wrong("no memory");
    segment(c, SYN, 0, 0);
}

static void take_ack(struct conn *c, const uint8_t *tcp, bool pure)
{
    size_t n = get32(tcp + 8) - c->iss - 1 - (uint32_t)c->acked;

    c->room = (size_t)get16(tcp + 14) << c->scale;
    if (n == 0) {
        if (pure && c->acked < c->sent && ++c->same_acks == 3)
            again(c);
        return;
    }
    if (n > 0x7fffffff)
        return; /* an old one */
    if (n > c->sent - c->acked)
        wrong("%s: the guest acknowledges %zu bytes of %zu", c->t->name, n, c->sent - c->acked);
    c->acked += n;
    c->same_acks = 0;
    c->rto = RTO_MIN;
    c->progress = now();
    c->resend = now() + c->rto;
}

static void take_data(struct conn *c, size_t at, const uint8_t *data, size_t n, bool fin)
{
    struct transfer *t = c->t;

    if (at > UINT32_MAX / 2) { /* before the first byte: a probe */
        segment(c, ACK, c->sent, 0);
        return;
    }
    if (fin && c->hears_fin == 0)
        c->hears_fin = now() + t->deaf_fin * SECOND;
    fin = fin && now() >= c->hears_fin;
    if (at > t->in_room || n > t->in_room - at)
        wrong("%s: more than %zu bytes came", t->name, t->in_room);
    if (fin && c->ended && c->end != at + n)
        wrong("%s: it ends twice, at different places", t->name);
    for (size_t i = 0; i < n; i++) {
        if (c->got[at + i] && t->in[at + i] != data[i])
            wrong("%s: byte %zu was another the first time", t->name, at + i);
        c->got[at + i] = 1;
    }
    memcpy(t->in + at, data, n);
    c->ended |= fin;
    c->end = fin ? at + n : c->end;
    while (t->in_size < t->in_room && c->got[t->in_size]) {
        t->in_size++;
        c->progress = now();
    }
    c->over = c->ended && c->end == t->in_size;
    segment(c, ACK, c->sent, 0);
}

static void take_options(struct conn *c, const uint8_t *o, size_t n)
{
    for (size_t i = 0; i < n && o[i] != 0; i += o[i] == 1 ? 1 : o[i + 1]) {
        if (o[i] == 1)
            continue;
        if (i + 1 >= n || o[i + 1] < 2)
            wrong("%s: the guest's options are malformed", c->t->name);
        if (o[i] == 3)
            c->scale = o[i + 2];
    }
}

static void take(struct conn *c, const uint8_t *frame, size_t n)
{
    const uint8_t *tcp = frame + DATA_OFFSET;
    size_t length = get16(frame + IP_OFFSET + 2), header;
    unsigned flags = tcp[13];

    header = (size_t)(tcp[12] >> 4) * 4;
    if (IP_OFFSET + length > n || header < HEADER || 20 + header > length)
        wrong("%s: the guest sends a malformed segment", c->t->name);
    length -= 20;
    if (frame_sum(tcp, length, pseudo_header(frame, length)) != 0)
        wrong("%s: a wrong checksum from the guest", c->t->name);
    if (flags & RST) {
        if (!c->open)
            return; /* its port was in use; SYN comes again */
        if (!c->over || c->acked < c->t->out_size)
            wrong("%s: the guest has broken it off, after %zu and %zu bytes", c->t->name, c->acked,
                  c->t->in_size);
        c->acked = c->sent = c->t->out_size + 1;
        return;
    }
    if (flags & SYN) {
        if (get32(tcp + 8) != c->iss + 1) { /* meant for another of this port */
            reset(c, get32(tcp + 8));
            return;
        }
        if (!c->open) {
            c->irs = get32(tcp + 4);
            take_options(c, tcp + HEADER, header - HEADER);
            c->open = true;
            c->rto = RTO_MIN;
            c->room = get16(tcp + 14);
        }
        segment(c, ACK, c->sent, 0);
    } else if (c->open) {
        size_t data = length - header;

        take_ack(c, tcp, data == 0);
        if (data > 0 || (flags & FIN))
            take_data(c, get32(tcp + 4) - c->irs - 1, tcp + header, data, flags & FIN);
    }
    if (c->open)
        push(c);
}

static bool done(const struct conn *c)
{
    return c->over && c->acked == c->t->out_size + 1;
}

static void timers(void)
{
    for (struct conn *c = conns; c < conns + conn_count; c++) {
        if (done(c))
            continue;
        if (now() - c->progress > PATIENCE)
            wrong("%s: no progress after %zu bytes sent and %zu received", c->t->name, c->acked,
                  c->t->in_size);
        if (now() < c->resend)
            continue;
        again(c);
        c->rto = c->rto * 2 < RTO_MAX ? c->rto * 2 : RTO_MAX;
        c->resend = now() + c->rto;
    }
}

static bool hears(struct conn *c)
{
    if (c->hears == 0 && c->acked == c->t->out_size + 1)
        c->hears = now() + c->t->deaf * SECOND;
    return now() >= c->hears;
}

static void dispatch(const struct transfer *t, const uint8_t *frame, size_t n)
{
    (void)t;
    if (n < DATA_OFFSET + HEADER || get16(frame + 12) != 0x0800 || frame[IP_OFFSET] != 0x45 ||
        frame[IP_OFFSET + 9] != PROTO_TCP)
        return;
    for (struct conn *c = conns; c < conns + conn_count; c++)
        if (get16(frame + DATA_OFFSET + 2) == c->port && get16(frame + DATA_OFFSET) == c->t->port &&
            hears(c) && !chance(c->t->faults.lost)) {
            take(c, frame, n);
            if (chance(c->t->faults.doubled))
                take(c, frame, n);
        }
}

void transfer_all(struct transfer *t, unsigned count)
{
    static uint8_t frame[FRAME_MAX];
    unsigned left = count;
    uint64_t linger = 0;
    size_t n;

    conns = calloc(count, sizeof *conns);
    if (conns == NULL)
        wrong("no memory");
    for (conn_count = 0; conn_count < count; conn_count++)
        begin(&conns[conn_count], &t[conn_count]);
    /* The guest's last FIN may come again, if our last acknowledgement was lost. */
    while (left > 0 || now() < linger) {
        n = wire_take(frame, now() + 5 * MILLISECOND);
        if (n > 0)
            dispatch(t, frame, n);
        timers();
        left = 0;
        for (unsigned i = 0; i < count; i++)
            left += !done(&conns[i]);
        if (left > 0)
            linger = now() + SECOND / 2;
    }
    for (unsigned i = 0; i < count; i++)
        free(conns[i].got);
    free(conns);
    conn_count = 0;
}
