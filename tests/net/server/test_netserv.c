/* SPDX-License-Identifier: BSD-2-Clause */
/* netserv with clients and peers that behave as the test says, to the byte and to the moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ukern/irq.h>
#include <ukern/stream.h>

#include "../wire/wire.h"
#include "world.h"

#include <lwip/netif.h>
#include <lwip/pbuf.h>

#include "../../../examples/net/netserv/train.h"

#define SERVER   1u /* the badge of `socket` itself */
#define FIN      1u
#define SYN      2u
#define RST      4u
#define PSH      8u
#define ACK      16u
#define HEADER   20u
#define ANYWAY   (UKERN_EAGAIN)
#define DONTWAIT STREAM_NONBLOCK

/* ---- Clients. ---- */

/* A call that ends at once: its label. */
static int ask(uint64_t badge, int label, uint64_t w0, uint64_t w1)
{
    struct call *c = world_call(badge, label, (uint64_t[6]){w0, w1}, NULL, 0);
    int result;

    assert_true(c->done);
    result = c->label;
    world_end_call(c);
    return result;
}

static uint64_t make_for(uint64_t client, enum socket_type type, int family)
{
    struct call *c =
        world_call(client, SOCKET_CREATE, (uint64_t[6]){type, (uint64_t)family}, NULL, 0);
    uint64_t badge = c->label < 0 ? 0 : c->reply.w[5];

    assert_true(c->done);
    world_end_call(c);
    return badge;
}

static uint64_t make(enum socket_type type, int family)
{
    return make_for(SERVER, type, family);
}

static void address(uint64_t w[3], uint32_t ip, uint16_t port)
{
    struct socket_address a = {.family = 4, .port = port};

    put32(a.ip, ip);
    memcpy(w, &a, sizeof a);
}

static struct call *at(uint64_t badge, int label, uint32_t ip, uint16_t port)
{
    uint64_t w[6] = {0};

    address(w, ip, port);
    return world_call(badge, label, w, NULL, 0);
}

static int at_now(uint64_t badge, int label, uint32_t ip, uint16_t port)
{
    struct call *c = at(badge, label, ip, port);
    int result = c->label;

    assert_true(c->done);
    world_end_call(c);
    return result;
}

static uint64_t listener(uint16_t port)
{
    uint64_t s = make(SOCKET_TYPE_TCP, 4);

    assert_int_equal(at_now(s, SOCKET_BIND, 0, port), 0);
    assert_int_equal(ask(s, SOCKET_LISTEN, 64, 0), 0);
    return s;
}

static uint64_t accepted(struct call *c)
{
    uint64_t badge = c->reply.w[5];

    assert_true(c->done);
    assert_int_equal(c->label, 0);
    world_end_call(c);
    return badge;
}

static struct call *accept_later(uint64_t s)
{
    return world_call(s, SOCKET_ACCEPT, (uint64_t[6]){0}, NULL, 0);
}

/* ---- The peer. ---- */

static uint8_t frame[FRAME_MAX];

struct flow {
    uint16_t port, to;
    uint32_t seq, ack;
};

/* The frame of a segment; its length. */
static size_t lay_out(const struct flow *f, unsigned flags, uint32_t seq, const void *data,
                      size_t n)
{
    uint8_t *t = frame + DATA_OFFSET;
    size_t length = ip_frame(frame, PROTO_TCP, HEADER + n);

    memset(t, 0, HEADER);
    put16(t, f->port);
    put16(t + 2, f->to);
    put32(t + 4, seq);
    put32(t + 8, f->ack);
    t[12] = HEADER / 4 << 4;
    t[13] = (uint8_t)flags;
    put16(t + 14, 60000);
    memcpy(t + HEADER, data, n);
    put16(t + 16, wire_sum(t, HEADER + n, pseudo_header(frame, HEADER + n)));
    return length;
}

static void segment(const struct flow *f, unsigned flags, uint32_t seq, const void *data, size_t n)
{
    size_t length = lay_out(f, flags, seq, data, n);

    world_frame(frame, length);
}

/* The next TCP segment for this flow that has any of these flags; the payload's length. */
static int heard(struct flow *f, unsigned flags, const uint8_t **data)
{
    static uint8_t in[FRAME_MAX];
    size_t n;

    while ((n = world_sent(in, sizeof in)) > 0) {
        const uint8_t *t = in + DATA_OFFSET;

        if (get16(in + 12) != 0x0800 || in[IP_OFFSET + 9] != PROTO_TCP || get16(t + 2) != f->port ||
            get16(t) != f->to || !(t[13] & flags))
            continue;
        n = get16(in + IP_OFFSET + 2) - 20u - (t[12] >> 4) * 4u;
        f->ack = get32(t + 4) + (uint32_t)n + ((t[13] & (SYN | FIN)) != 0);
        if (data != NULL)
            *data = t + (t[12] >> 4) * 4;
        return (int)n;
    }
    return -1;
}

static void greet(void)
{
    static const uint8_t request[] = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1};
    uint8_t in[64];

    memset(frame, 0, 60);
    memset(frame, 0xff, 6);
    memcpy(frame + 6, our_mac, 6);
    memcpy(frame + 12, request, sizeof request);
    memcpy(frame + 22, our_mac, 6);
    put32(frame + 28, OUR_IP);
    put32(frame + 38, GUEST_IP);
    world_frame(frame, 60);
    while (world_sent(in, sizeof in) > 0)
        continue;
}

static struct flow dial(uint16_t from, uint16_t to)
{
    struct flow f = {from, to, 1000, 0};

    segment(&f, SYN, f.seq++, "", 0);
    assert_int_equal(heard(&f, SYN, NULL), 0);
    segment(&f, ACK, f.seq, "", 0);
    return f;
}

static bool pings(void)
{
    uint8_t *icmp = frame + DATA_OFFSET, in[FRAME_MAX];

    memset(icmp, 0, 64);
    icmp[0] = 8;
    put16(icmp + 2, wire_sum(icmp, 64, 0));
    world_frame(frame, ip_frame(frame, PROTO_ICMP, 64));
    while (world_sent(in, sizeof in) > 0)
        if (in[IP_OFFSET + 9] == PROTO_ICMP && in[DATA_OFFSET] == 0)
            return true;
    return false;
}

static void datagram_from(uint32_t source, uint16_t to, size_t n)
{
    uint8_t *u = frame + DATA_OFFSET, *ip = frame + IP_OFFSET;
    size_t length = ip_frame(frame, PROTO_UDP, 8 + n);

    put32(ip + 12, source);
    put16(ip + 10, 0);
    put16(ip + 10, wire_sum(ip, 20, 0));

    memset(u, 0x33, 8 + n);
    put16(u, 4000);
    put16(u + 2, to);
    put16(u + 4, (unsigned)(8 + n));
    put16(u + 6, 0);
    world_frame(frame, length);
}

static void datagram(uint16_t to, size_t n)
{
    datagram_from(OUR_IP, to, n);
}

static int settled(void **state)
{
    const char *left = world_settle();

    (void)state;
    if (left != NULL)
        print_error("%s\n", left);
    return left != NULL;
}

static int ready(void **state)
{
    (void)state;
    greet();
    return 0;
}

/* ---- Connections. ---- */

static void test_bytes_both_ways(void **state)
{
    (void)state;
    uint64_t l = listener(80), s;
    struct call *waiting = accept_later(l), *c;
    struct flow f;
    const uint8_t *data;

    assert_false(waiting->done);
    f = dial(2000, 80);
    s = accepted(waiting);
    c = world_call(s, STREAM_READ, (uint64_t[6]){100}, NULL, 100);
    assert_false(c->done);
    segment(&f, ACK | PSH, f.seq, "hello", 5);
    f.seq += 5;
    assert_true(c->done);
    assert_int_equal(c->length, 5);
    assert_memory_equal(c->data, "hello", 5);
    world_end_call(c);
    c = world_call(s, STREAM_WRITE, (uint64_t[6]){3}, "yes", 3);
    assert_true(c->done);
    world_end_call(c);
    assert_int_equal(heard(&f, PSH, &data), 3);
    assert_memory_equal(data, "yes", 3);
    segment(&f, ACK, f.seq, "", 0);
}

/* Who does not want to wait is told how much fits, whatever the peer takes. */
static void test_write_without_waiting(void **state)
{
    (void)state;
    uint64_t l = listener(80), s, total = 0;
    struct flow f = dial(2000, 80);
    struct call *c;
    int last = 0;

    s = accepted(accept_later(l));
    while (last == 0) {
        c = world_call(s, STREAM_WRITE, (uint64_t[6]){50000, DONTWAIT}, "", 1);
        assert_true(c->done);
        last = c->label;
        total += c->length;
        world_end_call(c);
    }
    assert_int_equal(last, UKERN_EAGAIN);
    assert_true(total > 100000);
    segment(&f, RST | ACK, f.seq, "", 0);
}

/* A connection that is made while its client does something else: how it ends is told later. */
static void test_connect_without_waiting(void **state)
{
    (void)state;
    uint64_t w[6] = {[3] = DONTWAIT};
    struct flow f;

    for (unsigned refused = 0; refused < 2; refused++) {
        uint64_t s = make(SOCKET_TYPE_TCP, 4);
        struct call *c;

        f = (struct flow){7000, 5555, 1000, 0};
        assert_int_equal(at_now(s, SOCKET_BIND, 0, f.to), 0);
        address(w, OUR_IP, f.port);
        c = world_call(s, SOCKET_CONNECT, w, NULL, 0);
        assert_true(c->done);
        assert_int_equal(c->label, 0);
        world_end_call(c);
        assert_int_equal(ask(s, STREAM_READ, 1, DONTWAIT), SOCKET_ENOTCONN);
        assert_int_equal(heard(&f, SYN, NULL), 0);
        segment(&f, refused ? RST | ACK : SYN | ACK, f.seq++, "", 0);
        assert_int_equal(ask(s, SOCKET_ERROR, 0, 0), refused ? SOCKET_EREFUSED : 0);
        assert_int_equal(ask(s, STREAM_READ, 1, DONTWAIT),
                         refused ? SOCKET_EREFUSED : UKERN_EAGAIN);
        if (!refused)
            segment(&f, RST | ACK, f.seq, "", 0);
        world_close(s);
    }
}

/* Who waited in accept() is dead, but netserv has not been told when a connection comes: that stays
 * in the queue, whole, and goes to the next caller. */
static void test_accept_by_a_dead_caller(void **state)
{
    (void)state;
    uint64_t l = listener(80), s;
    struct flow f;

    world_lose_call(accept_later(l));
    f = dial(2001, 80);
    segment(&f, ACK | PSH, f.seq, "early", 5);
    assert_int_equal(heard(&f, RST, NULL), -1);
    s = accepted(accept_later(l));
    assert_int_equal(ask(s, STREAM_READ, 100, DONTWAIT), 0);
    segment(&f, RST | ACK, f.seq + 5, "", 0);
}

/* The same when the kernel cannot give the caller a handle: he is told, and the next one gets it. */
static void test_accept_by_a_full_table(void **state)
{
    (void)state;
    uint64_t l = listener(80);
    struct call *c = accept_later(l);
    struct flow f;

    world_refuse(UKERN_ETABLE, 1);
    f = dial(2002, 80);
    assert_true(c->done);
    assert_int_equal(c->label, UKERN_ENOMEM);
    world_end_call(c);
    assert_int_equal(heard(&f, RST, NULL), -1);
    world_close(accepted(accept_later(l)));
}

/* To the IPv6 address of the machine itself. */
static int send_short(uint64_t s, size_t n)
{
    struct socket_address a = {.family = 6, .ip = {[15] = 1}};
    uint64_t w[6] = {n};
    struct call *c;
    int result;

    memcpy(&w[2], &a, sizeof a);
    c = world_call(s, SOCKET_SENDTO, w, "abcdefgh", 8);
    result = c->label;
    assert_true(c->done);
    world_end_call(c);
    return result;
}

static void test_names_of_errors(void **state)
{
    (void)state;
    uint64_t icmp = make(SOCKET_TYPE_ICMP, 6), a = make(SOCKET_TYPE_TCP, 4),
             b = make(SOCKET_TYPE_TCP, 4), u = make(SOCKET_TYPE_UDP, 4), l = listener(80),
             six = make(SOCKET_TYPE_TCP, 6);
    struct call *c;
    struct flow f = {80, 0, 5000, 0};

    assert_int_equal(at_now(a, SOCKET_BIND, 0, 80), SOCKET_EINUSE);
    assert_int_equal(ask(a, SOCKET_LISTEN, 1, 0), UKERN_EINVAL);
    assert_int_equal(ask(a, STREAM_READ, 1, 0), SOCKET_ENOTCONN);
    assert_int_equal(ask(a, STREAM_WRITE, 1, 0), SOCKET_ENOTCONN);
    assert_int_equal(ask(a, SOCKET_SHUTDOWN, 3, 0), SOCKET_ENOTCONN);
    assert_int_equal(ask(a, SOCKET_NAME, 1, 0), SOCKET_ENOTCONN);
    assert_int_equal(ask(a, SOCKET_ACCEPT, 0, 0), UKERN_EINVAL);
    assert_int_equal(ask(a, SOCKET_WAIT, 0, 0), UKERN_EINVAL);
    assert_int_equal(ask(a, SOCKET_WATCH, 1, 0), UKERN_EINVAL);
    assert_int_equal(ask(l, STREAM_READ, 1, 0), SOCKET_ENOTCONN);
    assert_int_equal(ask(l, SOCKET_ACCEPT, DONTWAIT, 0), UKERN_EAGAIN);
    assert_int_equal(ask(u, SOCKET_SENDTO, 65508, 0), SOCKET_ENOTCONN);
    assert_int_equal(ask(u, SOCKET_LISTEN, 1, 0), UKERN_EINVAL);
    assert_int_equal(at_now(six, SOCKET_CONNECT, OUR_IP, 80), UKERN_EINVAL);
    assert_int_equal(at_now(icmp, SOCKET_CONNECT, OUR_IP, 0), UKERN_EINVAL);
    assert_int_equal(send_short(icmp, 3), UKERN_EINVAL); /* no room for its checksum */
    assert_int_equal(ask(77 << 16, STREAM_READ, 1, 0), SOCKET_EGONE);
    assert_int_equal(ask(a, 999, 1, 0), UKERN_ENOSYS);
    assert_int_equal(at_now(u, SOCKET_CONNECT, OUR_IP, 9), 0);
    assert_int_equal(ask(u, STREAM_WRITE, 65508, 0), SOCKET_EMSGSIZE);

    c = at(a, SOCKET_CONNECT, OUR_IP, 80);
    assert_false(c->done);
    assert_int_equal(at_now(a, SOCKET_CONNECT, OUR_IP, 80), SOCKET_EISCONN);
    /* Its SYN says where it comes from. */
    uint8_t in[FRAME_MAX];

    while (world_sent(in, sizeof in) > 0)
        if (in[IP_OFFSET + 9] == PROTO_TCP) {
            f.to = (uint16_t)get16(in + DATA_OFFSET);
            f.ack = get32(in + DATA_OFFSET + 4) + 1;
        }
    segment(&f, RST | ACK, 0, "", 0);
    assert_true(c->done);
    assert_int_equal(c->label, SOCKET_EREFUSED);
    world_end_call(c);
    assert_int_equal(ask(a, STREAM_READ, 1, 0), SOCKET_EREFUSED);

    c = at(b, SOCKET_CONNECT, OUR_IP, 81);
    world_wait(60000);
    assert_true(c->done);
    assert_int_equal(c->label, SOCKET_ETIMEDOUT);
    world_end_call(c);
}

static void test_all_sockets_in_use(void **state)
{
    (void)state;
    unsigned count = 0;
    uint64_t last = 0, s;

    while ((s = make(SOCKET_TYPE_SET, 0)) != 0) {
        last = s;
        count++;
    }
    /* One client cannot have them all: others find some. */
    assert_int_equal(count, 240);
    assert_int_equal(ask(last, SOCKET_CREATE, SOCKET_TYPE_UDP, 4), SOCKET_ENOBUFS);
    for (count = 0; (s = make_for(2, SOCKET_TYPE_SET, 0)) != 0; count++)
        continue;
    assert_int_equal(count, 16);
    assert_int_equal(ask(SERVER, SOCKET_CREATE, SOCKET_TYPE_TCP, 4), SOCKET_ENOBUFS);
    /* Nor by a handle of a socket that it has closed, as if that were another client. */
    assert_int_equal(ask(last, STREAM_CLOSE, 0, 0), 0);
    assert_int_equal(ask(last, SOCKET_CREATE, SOCKET_TYPE_UDP, 4), SOCKET_EGONE);
    assert_int_not_equal(make(SOCKET_TYPE_TCP, 4), 0);
    assert_int_equal(ask(SERVER, SOCKET_CREATE, SOCKET_TYPE_UDP, 4), SOCKET_ENOBUFS);
}

static void test_closed_while_others_wait(void **state)
{
    (void)state;
    uint64_t l = listener(80), s, set = make(SOCKET_TYPE_SET, 0);
    struct call *a = accept_later(l), *w, *r;
    struct flow f;

    w = world_call(set, SOCKET_WAIT, (uint64_t[6]){0}, NULL, 0);
    f = dial(2003, 80);
    s = accepted(a);
    a = accept_later(l);
    r = world_call(s, STREAM_READ, (uint64_t[6]){10}, NULL, 10);
    world_close(l);
    world_close(set);
    world_close(s);
    assert_int_equal(a->label, UKERN_ECANCELED);
    assert_int_equal(w->label, UKERN_ECANCELED);
    assert_int_equal(r->label, UKERN_ECANCELED);
    world_end_call(a);
    world_end_call(w);
    world_end_call(r);
    segment(&f, RST | ACK, f.seq, "", 0);
}

/* ---- Trains. ---- */

static unsigned answers(struct flow *f)
{
    unsigned n = 0;

    while (heard(f, ACK, NULL) >= 0)
        n++;
    return n;
}

/* Segments of one connection that come together are one for lwIP, and acknowledged once; of what is
 * between them, nothing is lost, joined or believed that should not be. */
static void test_train(void **state)
{
    (void)state;
    static uint8_t data[1200], got[60000];
    uint64_t l = listener(80), s;
    struct flow f = dial(2100, 80), other = dial(2101, 80);
    struct call *c;
    size_t n, have = 0;

    s = accepted(accept_later(l));
    world_close(accepted(accept_later(l)));
    (void)answers(&f);
    for (unsigned i = 0; i < 20; i++) {
        for (size_t k = 0; k < sizeof data; k++)
            data[k] = (uint8_t)(i * 7 + k);
        n = lay_out(&f, ACK, f.seq + i * 1200, data, sizeof data);
        if (i == 5) { /* its checksum says that it is damaged: it must come again */
            frame[n - 1] ^= 1;
            world_frame_first(frame, n);
            frame[n - 1] ^= 1;
        }
        if (i == 9) /* twice */
            world_frame_first(frame, n);
        if (i == 12) {            /* another's, in between */
            struct flow twin = f; /* but for the port */

            twin.port = other.port;
            n = lay_out(&twin, ACK, f.seq + i * 1200, got, sizeof data);
            world_frame_first(frame, n);
            n = lay_out(&f, ACK, f.seq + i * 1200, data, sizeof data);
        }
        if (i == 19)
            world_frame(frame, n);
        else
            world_frame_first(frame, n);
    }
    /* Without trains there were 20 segments to acknowledge: 10 answers. */
    assert_true(answers(&f) <= 6);
    while (have < 24000) {
        c = world_call(s, STREAM_READ, (uint64_t[6]){8000}, NULL, 8000);
        assert_true(c->done && c->length > 0);
        memcpy(got + have, c->data, c->length);
        have += c->length;
        world_end_call(c);
    }
    assert_int_equal(have, 24000);
    for (size_t k = 0; k < have; k++)
        assert_int_equal(got[k], (uint8_t)(k / 1200 * 7 + k % 1200));
    segment(&f, RST | ACK, f.seq + 24000, "", 0);
    segment(&other, RST | ACK, other.seq, "", 0);
    assert_int_equal(train_spare(), TRAIN_CELLS);
}

/* ---- Memory that strangers decide about. ---- */

/* The peer has heard nothing new, and has no room. */
static void no_room(const struct flow *f)
{
    uint8_t *t = frame + DATA_OFFSET;
    size_t length = lay_out(f, ACK, f->seq, "", 0);

    put16(t + 14, 0);
    put16(t + 16, 0);
    put16(t + 16, wire_sum(t, HEADER, pseudo_header(frame, HEADER)));
    world_frame(frame, length);
}

/* A connection of which its client has nothing any more, while its peer takes nothing. */
static struct flow orphan(uint64_t l, uint16_t port)
{
    static const uint8_t data[8000];
    struct flow f = dial(port, 80);
    uint64_t s = accepted(accept_later(l));
    struct call *c = world_call(s, STREAM_WRITE, (uint64_t[6]){sizeof data}, data, sizeof data);

    assert_int_equal(c->label, 0);
    world_end_call(c);
    no_room(&f);
    world_close(s);
    return f;
}

/* A peer that takes nothing cannot keep a socket for ever after its client has gone. */
static void test_orphan(void **state)
{
    (void)state;
    uint64_t l = listener(80);
    unsigned before = world_sockets();
    struct flow f = orphan(l, 3100);

    for (unsigned i = 0; i < 20; i++) {
        world_wait(2000);
        no_room(&f);
        assert_int_equal(world_sockets(), before + 1);
    }
    for (unsigned i = 0; i < 20; i++) {
        world_wait(2000);
        no_room(&f);
    }
    assert_int_equal(world_sockets(), before);
}

/* Nor can many peers of that kind have all sockets: for a new connection an old one of them goes. */
static void test_orphans_make_room(void **state)
{
    (void)state;
    uint64_t l = listener(80);

    for (uint16_t i = 0; i < 2 * SOCKET_MEMBERS; i++)
        orphan(l, (uint16_t)(4000 + i));
    assert_in_range(world_sockets(), SOCKET_MEMBERS / 2, SOCKET_MEMBERS);
}

/* Segments that are kept because one before them is missing: some of them go when others need the
 * memory. Then a transfer with a gap still arrives. */
static void test_gaps_do_not_make_deaf(void **state)
{
    (void)state;
    static const uint8_t data[1000];
    uint64_t l = listener(80);
    struct flow flows[20], f;

    for (uint16_t i = 0; i < 20; i++) {
        flows[i] = dial((uint16_t)(3000 + i), 80);
        for (unsigned k = 1; k < 60; k++)
            segment(&flows[i], ACK, flows[i].seq + k * 1000, data, sizeof data);
        while (heard(&flows[i], ACK, NULL) >= 0)
            continue;
    }
    assert_true(pings());
    f = dial(2999, 80);
    for (unsigned i = 0; i < 21; i++) {
        uint64_t s = accepted(accept_later(l));

        world_close(s);
    }
    for (uint16_t i = 0; i < 20; i++)
        segment(&flows[i], RST, flows[i].seq, "", 0);
    segment(&f, RST, f.seq, "", 0);
}

/* Clients that do not read their datagrams keep neither lwIP nor those who do from theirs. */
static void test_unread_datagrams(void **state)
{
    (void)state;
    uint64_t hog[40], reader;
    struct call *c;

    for (uint16_t i = 0; i < 40; i++) {
        hog[i] = make(SOCKET_TYPE_UDP, 4);
        assert_int_equal(at_now(hog[i], SOCKET_BIND, 0, (uint16_t)(5000 + i)), 0);
        for (unsigned k = 0; k < 100; k++)
            datagram((uint16_t)(5000 + i), 1000);
    }
    assert_true(train_spare() > 100);
    assert_true(pings());
    reader = make(SOCKET_TYPE_UDP, 4);
    assert_int_equal(at_now(reader, SOCKET_BIND, 0, 4999), 0);
    for (unsigned k = 0; k < 10; k++) {
        datagram(4999, 100 + k);
        c = world_call(reader, STREAM_READ, (uint64_t[6]){2000}, NULL, 2000);
        assert_true(c->done);
        assert_int_equal(c->length, 100 + k);
        world_end_call(c);
    }
    (void)listener(80);
    (void)dial(2998, 80);
}

/* What says that it comes from ourselves would be answered to ourselves, by an echo for ever. */
static void test_forged_sources(void **state)
{
    (void)state;
    uint64_t s = make(SOCKET_TYPE_UDP, 4);
    struct call *c;

    assert_int_equal(at_now(s, SOCKET_BIND, 0, 5000), 0);
    datagram_from(GUEST_IP, 5000, 10);
    datagram_from(0x7f000001, 5000, 11);
    datagram_from(0x7fffffff, 5000, 12);
    datagram(5000, 13);
    c = world_call(s, STREAM_READ, (uint64_t[6]){2000}, NULL, 2000);
    assert_true(c->done);
    assert_int_equal(c->length, 13);
    world_end_call(c);
}

/* ---- Sets. ---- */

static void test_set_is_fair(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), s[10];
    unsigned told[10] = {0};
    struct call *c;

    for (uint16_t i = 0; i < 10; i++) {
        c = world_call(set, SOCKET_CREATE, (uint64_t[6]){SOCKET_TYPE_UDP, 4}, NULL, 0);
        s[i] = c->reply.w[5];
        world_end_call(c);
        assert_int_equal(at_now(s[i], SOCKET_BIND, 0, (uint16_t)(6000 + i)), 0);
        assert_int_equal(ask(s[i], SOCKET_WATCH, STREAM_IN, i), 0);
    }
    assert_int_equal(ask(set, SOCKET_WAIT, DONTWAIT, 0), 0);
    c = world_call(set, SOCKET_WAIT, (uint64_t[6]){0}, NULL, 0);
    assert_false(c->done);
    datagram(6004, 10);
    assert_true(c->done);
    assert_int_equal(c->label, 1);
    assert_int_equal(c->reply.w[0], (uint64_t)4 << 32 | STREAM_IN);
    world_end_call(c);
    for (uint16_t i = 0; i < 10; i++)
        datagram((uint16_t)(6000 + i), 10);
    /* Six at a time, and none again before the others. */
    for (unsigned round = 0; round < 5; round++) {
        c = world_call(set, SOCKET_WAIT, (uint64_t[6]){0}, NULL, 0);
        assert_int_equal(c->label, 6);
        for (unsigned i = 0; i < 6; i++)
            told[c->reply.w[i] >> 32]++;
        world_end_call(c);
    }
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(told[i], 3);
    /* One that is watched no more, one that is gone. */
    assert_int_equal(ask(s[0], SOCKET_WATCH, 0, 0), 0);
    world_close(s[1]);
    for (unsigned round = 0; round < 4; round++) {
        c = world_call(set, SOCKET_WAIT, (uint64_t[6]){0}, NULL, 0);
        for (int i = 0; i < c->label; i++)
            assert_true(c->reply.w[i] >> 32 > 1);
        world_end_call(c);
    }
    assert_int_equal(ask(s[2], SOCKET_WATCH, 16, 0), UKERN_EINVAL);
    assert_int_equal(ask(s[2], SOCKET_WATCH, STREAM_IN, UINT64_C(1) << 32), UKERN_EINVAL);
    assert_int_equal(ask(set, SOCKET_WAIT, 8, 0), UKERN_EINVAL);
}

/* A link-local peer is on the device's link, for sockets that are bound to no address, too. */
static void test_link_local_peer(void **state)
{
    (void)state;
    struct socket_address a = {.family = 6, .port = 9, .ip = {0xfe, 0x80, [15] = 1}};
    uint64_t s = make(SOCKET_TYPE_UDP, 6), w[6] = {1};
    struct call *c;

    memcpy(w + 2, &a, sizeof a);
    c = world_call(s, SOCKET_SENDTO, w, "x", 1);
    assert_true(c->done);
    assert_int_equal(c->label, 0);
    world_end_call(c);
}

/* ---- Turns. ---- */

static uint64_t member(uint64_t set, enum socket_type type, uint16_t port, uint32_t data)
{
    struct call *c = world_call(set, SOCKET_CREATE, (uint64_t[6]){type, 4}, NULL, 0);
    uint64_t s = c->reply.w[5];

    world_end_call(c);
    assert_int_equal(at_now(s, SOCKET_BIND, 0, port), 0);
    if (type == SOCKET_TYPE_TCP)
        assert_int_equal(ask(s, SOCKET_LISTEN, 64, 0), 0);
    assert_int_equal(ask(s, SOCKET_WATCH, STREAM_IN, data), 0);
    return s;
}

static uint8_t *desk_of(uint64_t set)
{
    struct call *c = world_call(set, SOCKET_DESK_OPEN, (uint64_t[6]){0}, NULL, 0);
    uint8_t *desk = world_memory(c->reply.w[5]);

    assert_non_null(desk);
    world_end_call(c);
    return desk;
}

static struct call *turn(uint64_t set, uint64_t flags, uint64_t to, uint64_t at, uint64_t n)
{
    return world_call(set, SOCKET_TURN, (uint64_t[6]){to | flags << 32, at | n << 32}, NULL, 0);
}

/* What the turn has told: its member. */
static uint64_t told(struct call *c, int sent, uint64_t data, unsigned events, uint64_t received)
{
    uint64_t from = (uint32_t)c->reply.w[1];

    assert_true(c->done);
    assert_int_equal(c->label, sent);
    assert_int_equal(c->reply.w[0], data | (uint64_t)events << 32);
    assert_int_equal(c->reply.w[1] >> 32, received);
    world_end_call(c);
    return from;
}

#define SEND SOCKET_TURN_SEND

static void test_turns(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), from;
    uint8_t *desk = desk_of(set);
    struct call *c = turn(set, 0, 0, 0, 0);
    const uint8_t *data;
    struct flow f;

    member(set, SOCKET_TYPE_TCP, 80, 7);
    assert_ptr_equal(desk_of(set), desk);
    assert_false(c->done);
    f = dial(2100, 80);
    assert_true(c->reply.w[5] != 0); /* the connection */
    from = told(c, 0, 7, STREAM_IN, 0);
    c = turn(set, 0, 0, 0, 0);
    segment(&f, ACK | PSH, f.seq, "hello", 5);
    f.seq += 5;
    assert_memory_equal(desk + SOCKET_DESK_IN, "hello", 5);
    assert_int_equal(told(c, 0, 7, STREAM_IN, 5), from);
    c = turn(set, SEND, from, SOCKET_DESK_IN + 1, 4);
    assert_false(c->done);
    assert_int_equal(heard(&f, PSH, &data), 4);
    assert_memory_equal(data, "ello", 4);
    segment(&f, ACK | FIN, f.seq++, "", 0);
    assert_int_equal(told(c, 4, 7, STREAM_IN, 0), from);
    segment(&f, RST | ACK, f.seq, "", 0);
}

/* More than fits is cut, and said; the caller waits for room by itself. */
static void test_turn_of_too_much(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), from;
    struct call *c;
    struct flow f;
    int sent = 0;

    desk_of(set);
    member(set, SOCKET_TYPE_TCP, 80, 7);
    f = dial(2101, 80);
    from = told(turn(set, 0, 0, 0, 0), 0, 7, STREAM_IN, 0);
    for (unsigned i = 0; i < 2; i++) {
        c = turn(set, SEND | DONTWAIT, from, 0, SOCKET_DESK_HALF);
        assert_int_equal(c->label, SOCKET_DESK_HALF);
        world_end_call(c);
    }
    c = turn(set, SEND, from, 1, SOCKET_DESK_HALF);
    sent = c->label;
    assert_true(sent >= 0 && sent < (int)SOCKET_DESK_HALF);
    told(c, sent, 0, 0, 0);
    segment(&f, RST | ACK, f.seq, "", 0);
}

static void test_turns_of_datagrams(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), from;
    uint64_t w[6] = {0};
    uint8_t *desk = desk_of(set), in[FRAME_MAX];
    struct call *c;
    size_t n;

    member(set, SOCKET_TYPE_UDP, 6000, 1);
    c = turn(set, 0, 0, 0, 0);
    assert_false(c->done);
    datagram(6000, 10);
    assert_int_equal(desk[SOCKET_DESK_IN + 9], 0x33);
    memcpy(w, c->reply.w, sizeof w);
    from = told(c, 0, 1, STREAM_IN, 10);
    /* Back to where it came from: the reply's address is the request's. */
    w[0] = from | (uint64_t)(SEND | DONTWAIT) << 32;
    w[1] = SOCKET_DESK_IN | (uint64_t)10 << 32;
    c = world_call(set, SOCKET_TURN, w, NULL, 0);
    told(c, 10, 0, 0, 0);
    while ((n = world_sent(in, sizeof in)) > 0 && in[IP_OFFSET + 9] != PROTO_UDP)
        continue;
    assert_true(n >= DATA_OFFSET + 18);
    assert_int_equal(get16(in + DATA_OFFSET), 6000);
    assert_int_equal(get16(in + DATA_OFFSET + 2), 4000);
    assert_int_equal(in[DATA_OFFSET + 8], 0x33);
}

/* Whoever was to be told is dead: the next one is told, of the same bytes. */
static void test_turn_of_a_dead_caller(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), from;
    struct flow f;

    desk_of(set);
    member(set, SOCKET_TYPE_TCP, 80, 7);
    world_lose_call(turn(set, 0, 0, 0, 0));
    f = dial(2102, 80);
    from = told(turn(set, 0, 0, 0, 0), 0, 7, STREAM_IN, 0);
    world_lose_call(turn(set, 0, 0, 0, 0));
    segment(&f, ACK | PSH, f.seq, "hello", 5);
    assert_int_equal(told(turn(set, DONTWAIT, 0, 0, 0), 0, 7, STREAM_IN, 5), from);
    told(turn(set, DONTWAIT, 0, 0, 0), 0, 0, 0, 0);
    segment(&f, RST | ACK, f.seq + 5, "", 0);
}

/* Who wants no more than so many bytes gets the rest later. */
static void test_turn_of_a_few_bytes(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), from;
    uint8_t *desk = desk_of(set);
    struct flow f;

    member(set, SOCKET_TYPE_TCP, 80, 7);
    f = dial(2103, 80);
    from = told(turn(set, 0, 0, 0, 0), 0, 7, STREAM_IN, 0);
    segment(&f, ACK | PSH, f.seq, "hello", 5);
    assert_int_equal(told(turn(set, 3u << 8, 0, 0, 0), 0, 7, STREAM_IN, 3), from);
    assert_memory_equal(desk + SOCKET_DESK_IN, "hel", 3);
    assert_int_equal(told(turn(set, 3u << 8, 0, 0, 0), 0, 7, STREAM_IN, 2), from);
    assert_memory_equal(desk + SOCKET_DESK_IN, "lo", 2);
    segment(&f, RST | ACK, f.seq + 5, "", 0);
}

/* Who waits until a time is answered then, if nothing has come; and what comes later is not lost. */
static void test_turn_until(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), other = make(SOCKET_TYPE_SET, 0);
    uint64_t w[6] = {[5] = clock_now() + 3000 * MILLISECOND};
    struct call *c, *patient;

    desk_of(set);
    desk_of(other);
    member(set, SOCKET_TYPE_UDP, 6000, 1);
    patient = turn(other, 0, 0, 0, 0);
    c = world_call(set, SOCKET_TURN, w, NULL, 0);
    world_wait(2500);
    assert_false(c->done);
    world_wait(1000);
    told(c, 0, 0, 0, 0);
    assert_false(patient->done);
    world_end_call(patient);
    c = world_call(set, SOCKET_TURN, w, NULL, 0); /* the time is over already */
    told(c, 0, 0, 0, 0);
    w[5] = clock_now() + 3000 * MILLISECOND;
    c = world_call(set, SOCKET_TURN, w, NULL, 0);
    datagram(6000, 10);
    told(c, 0, 1, STREAM_IN, 10);
    c = turn(set, 0, 0, 0, 0); /* without a time: that of the last is over */
    world_wait(5000);
    assert_false(c->done);
    world_end_call(c);
    /* The same set may be waited for in the other way meanwhile. */
    w[5] = clock_now() + 3000 * MILLISECOND;
    world_end_call(world_call(set, SOCKET_TURN, w, NULL, 0));
    c = world_call(set, SOCKET_WAIT, (uint64_t[6]){0}, NULL, 0);
    world_wait(5000);
    assert_false(c->done);
    assert_true(world_deadline() > clock_now());
    world_end_call(c);
    w[5] = clock_now() + 3000 * MILLISECOND;
    world_end_call(world_call(set, SOCKET_TURN, w, NULL, 0));
    world_close(set); /* nobody is left who could be answered */
    world_wait(5000);
}

static void test_turns_that_lie(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), other = make(SOCKET_TYPE_SET, 0);
    uint64_t u = make(SOCKET_TYPE_UDP, 4);

    told(turn(set, DONTWAIT, 0, 0, 0), UKERN_EINVAL, 0, 0, 0); /* no desk */
    assert_int_equal(ask(u, SOCKET_DESK_OPEN, 0, 0), UKERN_EINVAL);
    told(turn(u, DONTWAIT, 0, 0, 0), UKERN_EINVAL, 0, 0, 0);
    desk_of(set);
    desk_of(other);
    told(turn(set, 4, 0, 0, 0), UKERN_EINVAL, 0, 0, 0);
    for (uint64_t i = 0; i < SOCKET_MEMBERS + 2; i++) /* none is its own */
        told(turn(set, SEND, i, 0, 1), SOCKET_ENOTCONN, 0, 0, 0);
    told(turn(set, SEND, UINT32_MAX, 0, 1), SOCKET_ENOTCONN, 0, 0, 0);
    member(set, SOCKET_TYPE_UDP, 6000, 1);
    datagram(6000, 10);
    uint64_t from = told(turn(set, 0, 0, 0, 0), 0, 1, STREAM_IN, 10);
    told(turn(other, SEND, from, 0, 1), SOCKET_ENOTCONN, 0, 0, 0);
    told(turn(set, SEND, from, SOCKET_DESK, 1), UKERN_EINVAL, 0, 0, 0);
    told(turn(set, SEND, from, 1, SOCKET_DESK), UKERN_EINVAL, 0, 0, 0);
    told(turn(set, SEND, from, UINT32_MAX, 1), UKERN_EINVAL, 0, 0, 0);
    told(turn(set, SEND, from, 0, UINT32_MAX), UKERN_EINVAL, 0, 0, 0);
    told(turn(set, SEND, from, 0, 1), SOCKET_ENOTCONN, 0, 0, 0); /* to nobody */
}

/* ---- The checksum. ---- */

static void test_checksum(void **state)
{
    (void)state;
    static uint8_t bytes[3000];

    random_seed(1);
    for (unsigned i = 0; i < 20000; i++) {
        size_t from = random32() % 64, n = i < 200 ? i % 100 : random32() % 2900;
        uint32_t sum = 0;

        for (size_t k = 0; k < n + 64 && k < sizeof bytes; k++)
            bytes[k] = chance(300) ? 0xff : (uint8_t)random32();
        for (size_t k = 0; k < n; k++)
            sum += (uint32_t)bytes[from + k] << (k % 2 ? 8 : 0);
        while (sum >> 16)
            sum = (sum & 0xffff) + (sum >> 16);
        assert_int_equal(checksum(bytes + from, (int)n) % 0xffff, sum % 0xffff);
    }
}

int main(void)
{
#define SERVED(f) cmocka_unit_test_setup_teardown(f, ready, settled)
    const struct CMUnitTest tests[] = {
        SERVED(test_bytes_both_ways),
        SERVED(test_write_without_waiting),
        SERVED(test_connect_without_waiting),
        SERVED(test_accept_by_a_dead_caller),
        SERVED(test_accept_by_a_full_table),
        SERVED(test_names_of_errors),
        SERVED(test_all_sockets_in_use),
        SERVED(test_closed_while_others_wait),
        SERVED(test_train),
        SERVED(test_gaps_do_not_make_deaf),
        SERVED(test_orphan),
        SERVED(test_orphans_make_room),
        SERVED(test_unread_datagrams),
        SERVED(test_forged_sources),
        SERVED(test_set_is_fair),
        SERVED(test_link_local_peer),
        SERVED(test_turns),
        SERVED(test_turn_of_too_much),
        SERVED(test_turns_of_datagrams),
        SERVED(test_turn_of_a_dead_caller),
        SERVED(test_turn_of_a_few_bytes),
        SERVED(test_turn_until),
        SERVED(test_turns_that_lie),
        cmocka_unit_test(test_checksum),
    };

    world_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
