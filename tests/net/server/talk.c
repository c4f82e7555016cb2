/* SPDX-License-Identifier: BSD-2-Clause */
#include "talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

uint8_t frame[FRAME_MAX];

/* ---- Clients. ---- */

int ask(uint64_t badge, int label, uint64_t w0, uint64_t w1)
{
    struct call *c = world_call(badge, label, (uint64_t[6]){w0, w1}, NULL, 0);
    int result;

    assert_true(c->done);
    result = c->label;
    world_end_call(c);
    return result;
}

uint64_t make_for(uint64_t client, enum socket_type type, int family)
{
    struct call *c =
        world_call(client, SOCKET_CREATE, (uint64_t[6]){type, (uint64_t)family}, NULL, 0);
    uint64_t badge = c->label < 0 ? 0 : c->reply.w[5];

    assert_true(c->done);
    world_end_call(c);
    return badge;
}

uint64_t make(enum socket_type type, int family)
{
    return make_for(SERVER, type, family);
}

void address(uint64_t w[3], uint32_t ip, uint16_t port)
{
    struct socket_address a = {.family = 4, .port = port};

    put32(a.ip, ip);
    memcpy(w, &a, sizeof a);
}

struct call *at(uint64_t badge, int label, uint32_t ip, uint16_t port)
{
    uint64_t w[6] = {0};

    address(w, ip, port);
    return world_call(badge, label, w, NULL, 0);
}

int at_now(uint64_t badge, int label, uint32_t ip, uint16_t port)
{
    struct call *c = at(badge, label, ip, port);
    int result = c->label;

    assert_true(c->done);
    world_end_call(c);
    return result;
}

uint64_t listener(uint16_t port)
{
    uint64_t s = make(SOCKET_TYPE_TCP, 4);

    assert_int_equal(at_now(s, SOCKET_BIND, 0, port), 0);
    assert_int_equal(ask(s, SOCKET_LISTEN, 64, 0), 0);
    return s;
}

uint64_t accepted(struct call *c)
{
    uint64_t badge = c->reply.w[5];

    assert_true(c->done);
    assert_int_equal(c->label, 0);
    world_end_call(c);
    return badge;
}

struct call *accept_later(uint64_t s)
{
    return world_call(s, SOCKET_ACCEPT, (uint64_t[6]){0}, NULL, 0);
}

/* ---- The peer. ---- */

size_t lay_out_with(const struct flow *f, unsigned flags, uint32_t seq, const uint8_t *options,
                    size_t options_size, const void *data, size_t n)
{
    uint8_t *t = frame + DATA_OFFSET;
    size_t header = HEADER + options_size, length = ip_frame(frame, PROTO_TCP, header + n);

    memset(t, 0, HEADER);
    put16(t, f->port);
    put16(t + 2, f->to);
    put32(t + 4, seq);
    put32(t + 8, f->ack);
    t[12] = (uint8_t)(header / 4 << 4);
    t[13] = (uint8_t)flags;
    put16(t + 14, 60000);
    memcpy(t + HEADER, options, options_size);
    memcpy(t + header, data, n);
    put16(t + 16, frame_sum(t, header + n, pseudo_header(frame, header + n)));
    return length;
}

size_t lay_out(const struct flow *f, unsigned flags, uint32_t seq, const void *data, size_t n)
{
    return lay_out_with(f, flags, seq, (const uint8_t *)"", 0, data, n);
}

void segment(const struct flow *f, unsigned flags, uint32_t seq, const void *data, size_t n)
{
    size_t length = lay_out(f, flags, seq, data, n);

    world_frame(frame, length);
}

int heard(struct flow *f, unsigned flags, const uint8_t **data)
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

void greet(void)
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

struct flow dial(uint16_t from, uint16_t to)
{
    struct flow f = {.port = from, .to = to, .seq = 1000};

    segment(&f, SYN, f.seq++, "", 0);
    assert_int_equal(heard(&f, SYN, NULL), 0);
    segment(&f, ACK, f.seq, "", 0);
    return f;
}

bool pings(void)
{
    uint8_t *icmp = frame + DATA_OFFSET, in[FRAME_MAX];

    memset(icmp, 0, 64);
    icmp[0] = 8;
    put16(icmp + 2, frame_sum(icmp, 64, 0));
    world_frame(frame, ip_frame(frame, PROTO_ICMP, 64));
    while (world_sent(in, sizeof in) > 0)
        if (in[IP_OFFSET + 9] == PROTO_ICMP && in[DATA_OFFSET] == 0)
            return true;
    return false;
}

void datagram_from(uint32_t source, uint16_t to, size_t n)
{
    uint8_t *u = frame + DATA_OFFSET, *ip = frame + IP_OFFSET;
    size_t length = ip_frame(frame, PROTO_UDP, 8 + n);

    put32(ip + 12, source);
    put16(ip + 10, 0);
    put16(ip + 10, frame_sum(ip, 20, 0));

    memset(u, 0x33, 8 + n);
    put16(u, 4000);
    put16(u + 2, to);
    put16(u + 4, (unsigned)(8 + n));
    put16(u + 6, 0);
    world_frame(frame, length);
}

void datagram(uint16_t to, size_t n)
{
    datagram_from(OUR_IP, to, n);
}

int settled(void **state)
{
    const char *left = world_settle();

    (void)state;
    if (left != NULL)
        print_error("%s\n", left);
    return left != NULL;
}

int ready(void **state)
{
    (void)state;
    greet();
    return 0;
}
