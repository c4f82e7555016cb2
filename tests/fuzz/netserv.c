/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netserv against a client and a peer that do anything: bytes of the input choose requests, their
 * words, deaths, frames and refusals of the kernel. After each input all is closed, and nothing may
 * be left over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/error.h>
#include <ukern/stream.h>

#include "../net/server/world.h"
#include "../net/wire/frame.h"
#include "fuzz.h"

#define SLOTS  8u
#define FIN    1u
#define SYN    2u
#define HEADER 20u

static uint64_t slot[SLOTS]; /* badges of sockets; 0: none */
static struct call *waiting[SLOTS];

/* What is on the edge of something, mostly. */
static uint64_t word(void)
{
    static const uint64_t words[] = {0,
                                     1,
                                     2,
                                     3,
                                     64,
                                     4096,
                                     1460,
                                     65507,
                                     65508,
                                     128 * 1024,
                                     UINT32_MAX,
                                     UINT64_MAX,
                                     1u << 31,
                                     UINT64_MAX - 4095,
                                     UINT64_C(1) << 63,
                                     6};
    unsigned b = byte();

    return b < 192 ? words[b % 16] : b << 8 | byte();
}

static unsigned label(void)
{
    static const int16_t labels[] = {
        STREAM_READ,    STREAM_WRITE,    STREAM_POLL,   STREAM_DUP,    STREAM_CONTROL,
        SOCKET_SENDTO,  SOCKET_RECVFROM, SOCKET_BIND,   SOCKET_LISTEN, SOCKET_ACCEPT,
        SOCKET_CONNECT, SOCKET_SHUTDOWN, SOCKET_OPTION, SOCKET_NAME,   SOCKET_ERROR,
        SOCKET_WATCH,   SOCKET_WAIT,     SOCKET_STATUS, SOCKET_CREATE, STREAM_CLOSE,
        SOCKET_TURN,    SOCKET_TURN,     SOCKET_TURN,   SOCKET_TURN,   SOCKET_DESK_OPEN};

    return (unsigned)labels[byte() % (sizeof labels / sizeof labels[0])];
}

static unsigned port(void)
{
    static const uint16_t ports[] = {80, 7, 53, 1000, 0, 0xffff};
    unsigned b = byte();

    return b < 240 ? ports[b % 3] : ports[b % 6];
}

static uint32_t address(void)
{
    static const uint32_t addresses[] = {OUR_IP,     GUEST_IP,   0x7f000001, 0,
                                         0xffffffff, 0x0a0002ff, 0xe0000001, 0x08080808};

    return addresses[byte() % 8];
}

/* Who has an answer looks at it; a socket that it brings goes to a free place, or is closed. */
static void collect(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        struct call *c = waiting[i];
        uint64_t badge = 0;
        unsigned place = i;

        if (c == NULL || !c->done)
            continue;
        if (UKERN_TAG_HANDLES(c->reply.tag) == 1 && world_memory(c->reply.w[5]) == NULL)
            badge = c->reply.w[5];
        world_end_call(c);
        waiting[i] = NULL;
        if (badge == 0)
            continue;
        for (unsigned k = 0; k < SLOTS && slot[place] != 0; k++)
            place = k;
        if (slot[place] != 0 && slot[place] != badge)
            world_close(slot[place]);
        slot[place] = badge;
    }
}

static void request(void)
{
    unsigned i = byte() % SLOTS;
    int what = (int)label();
    uint64_t w[6] = {0};
    static const uint8_t data[WORLD_DATA] = "example.org";

    if (waiting[i] != NULL)
        return;
    if (slot[i] == 0)
        what = SOCKET_CREATE;
    if (what == SOCKET_CREATE) {
        w[0] = byte() % 6;
        w[1] = byte() % 4 * 2;
    } else if (what == SOCKET_BIND || what == SOCKET_CONNECT || what == SOCKET_SENDTO) {
        struct socket_address a = {.family = byte() % 8 ? 4 : 6, .port = (uint16_t)port()};

        put32(a.ip, address());
        memcpy(&w[what == SOCKET_SENDTO ? 2 : 0], &a, sizeof a);
        if (what == SOCKET_SENDTO)
            w[0] = word();
    } else if (what == SOCKET_TURN) {
        struct socket_address a = {.family = 4, .port = (uint16_t)port()};

        put32(a.ip, address());
        w[0] = byte() % 10 | (uint64_t)(byte() % 4) << 32;
        w[1] = (uint32_t)word() | word() << 32;
        memcpy(&w[2], &a, sizeof a);
        w[5] = byte() % 4 == 0 ? word() << 24 : 0;
    } else {
        for (unsigned k = 0; k < 3; k++)
            w[k] = word();
        if (what == SOCKET_OPTION)
            w[0] %= SOCKET_MOST + 1u;
        if (what == STREAM_READ || what == STREAM_WRITE || what == SOCKET_RECVFROM)
            w[1] = byte() % 8 < 7 ? byte() % 2 : w[1];
    }
    waiting[i] = world_call(what == SOCKET_CREATE && byte() % 2 == 0 ? 1 : slot[i], what, w, data,
                            sizeof data);
}

/* ---- Frames. ---- */

static uint8_t frame[FRAME_MAX];
static struct {
    uint16_t from, to;
    uint32_t seq, ack;
} last; /* what netserv has said last to a port of ours */

static void listen_to_it(void)
{
    static uint8_t in[FRAME_MAX];
    size_t n;

    while ((n = world_sent(in, sizeof in)) > 0) {
        const uint8_t *t = in + DATA_OFFSET;

        if (n < DATA_OFFSET + HEADER || get16(in + 12) != 0x0800 || in[IP_OFFSET + 9] != PROTO_TCP)
            continue;
        last.from = (uint16_t)get16(t + 2);
        last.to = (uint16_t)get16(t);
        last.seq = get32(t + 8);
        last.ack = get32(t + 4) + get16(in + IP_OFFSET + 2) - 20 - (t[12] >> 4) * 4u +
                   ((t[13] & (SYN | FIN)) != 0);
    }
}

static void tcp(void)
{
    static const uint16_t sizes[] = {0, 0, 1, 100, 1460, 1460, 536, 3};
    uint8_t *t = frame + DATA_OFFSET;
    unsigned flags = byte(), options = byte() % 8 == 0 ? byte() % 11 : 0, n = sizes[byte() % 8],
             how = byte();
    size_t header = HEADER + options * 4, length = ip_frame(frame, PROTO_TCP, header + n);

    memset(t, 0, header + n);
    listen_to_it();
    if (flags == SYN) {
        put16(t, 2000 + byte() % 8);
        put16(t + 2, port());
        put32(t + 4, 1000);
    } else {
        put16(t, last.from);
        put16(t + 2, last.to);
        put32(t + 4, last.seq + (how & 1 ? (uint32_t)(int8_t)byte() * (how & 2 ? 1460 : 1) : 0));
        put32(t + 8, last.ack + (how & 4 ? (uint32_t)(int8_t)byte() : 0));
    }
    t[12] = (uint8_t)(header / 4 << 4);
    t[13] = (uint8_t)(how & 8 ? flags : flags & SYN ? flags : flags | 16);
    put16(t + 14, how & 16 ? byte() : 60000);
    for (size_t i = HEADER; i < header; i++)
        t[i] = (uint8_t)byte();
    put16(t + 16, frame_sum(t, header + n, pseudo_header(frame, header + n)));
    world_frame(frame, length);
}

static void udp(void)
{
    uint8_t *u = frame + DATA_OFFSET;
    unsigned n = byte() * 5;
    size_t length = ip_frame(frame, PROTO_UDP, 8 + n);

    memset(u, 0, 8 + n);
    put16(u, port());
    put16(u + 2, port());
    put16(u + 4, 8 + n);
    for (unsigned i = 8; i < 40 && i < 8 + n; i++)
        u[i] = (uint8_t)byte();
    if (byte() % 4 == 0) { /* a piece of one */
        put16(frame + IP_OFFSET + 4, byte() % 3);
        put16(frame + IP_OFFSET + 6, (byte() % 2) << 13 | byte());
        put16(frame + IP_OFFSET + 10, 0);
        put16(frame + IP_OFFSET + 10, frame_sum(frame + IP_OFFSET, 20, 0));
    }
    world_frame(frame, length);
}

/* Whatever the input says, behind the right addresses. */
static void anything(void)
{
    unsigned n = byte(), type = byte();
    size_t at = 14;

    memcpy(frame, guest_mac, 6);
    memcpy(frame + 6, our_mac, 6);
    put16(frame + 12, type % 3 == 0 ? 0x0800 : type % 3 == 1 ? 0x86dd : 0x0806);
    if (type & 128)
        at = ip_frame(frame, byte(), n);
    for (unsigned i = 0; i < n; i++)
        frame[at + i] = (uint8_t)byte();
    if (type == 128 + 64 + 1 && n > 4) {
        put16(frame + at + 2, 0);
        put16(frame + at + 2, frame_sum(frame + at, n, 0));
    }
    world_frame(frame, at + n);
}

static void step(void)
{
    static const int errors[] = {UKERN_ESTALE, UKERN_EFAULT, UKERN_ETABLE};
    unsigned what = byte(), i;

    switch (what % 16) {
    case 0:
        i = byte() % SLOTS;
        if (slot[i] != 0)
            world_close(slot[i]);
        slot[i] = 0;
        break;
    case 1:
        i = byte() % SLOTS;
        if (waiting[i] != NULL)
            (byte() % 4 == 0 ? world_lose_call : world_end_call)(waiting[i]);
        waiting[i] = NULL;
        break;
    case 2:
        world_refuse(errors[byte() % 3], 1 + byte() % 2);
        break;
    case 3:
        world_wait(byte() * 40);
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        tcp();
        break;
    case 8:
        udp();
        break;
    case 9:
        anything();
        break;
    default:
        request();
        break;
    }
    collect();
}

static void ask(uint64_t badge, int what, uint64_t w0, uint64_t w1, uint64_t w2)
{
    waiting[0] = world_call(badge, what, (uint64_t[6]){w0, w1, w2}, NULL, 0);
    MUST(waiting[0]->label >= 0);
    collect();
}

/* A listener and a datagram socket to begin with, maybe of a set that takes turns; and an ARP request:
 * so each side finds the other. */
static void begin(bool turns)
{
    static const uint8_t arp[] = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1};
    uint64_t maker = 1;

    if (turns) {
        ask(1, SOCKET_CREATE, SOCKET_TYPE_SET, 0, 0);
        maker = slot[6] = slot[0];
        slot[0] = 0;
        ask(maker, SOCKET_DESK_OPEN, 0, 0, 0);
    }
    ask(maker, SOCKET_CREATE, SOCKET_TYPE_TCP, 4, 0);
    ask(slot[0], SOCKET_BIND, 80u << 16 | 4, 0, 0);
    ask(slot[0], SOCKET_LISTEN, 8, 0, 0);
    if (turns)
        ask(slot[0], SOCKET_WATCH, STREAM_IN, 80, 0);
    slot[7] = slot[0];
    slot[0] = 0;
    ask(maker, SOCKET_CREATE, SOCKET_TYPE_UDP, 4, 0);
    ask(slot[0], SOCKET_BIND, 7u << 16 | 4, 0, 0);
    if (turns)
        ask(slot[0], SOCKET_WATCH, STREAM_IN, 7, 0);
    memset(frame, 0, 60);
    memset(frame, 0xff, 6);
    memcpy(frame + 6, our_mac, 6);
    memcpy(frame + 12, arp, sizeof arp);
    memcpy(frame + 22, our_mac, 6);
    put32(frame + 28, OUR_IP);
    put32(frame + 38, GUEST_IP);
    world_frame(frame, 60);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;
    const char *left;

    if (!begun)
        world_begin();
    begun = true;
    fuzz_begin(data, size);
    begin(byte() % 4 != 0);
    while (fuzz_at < fuzz_end)
        step();
    memset(slot, 0, sizeof slot);
    memset(waiting, 0, sizeof waiting);
    left = world_settle();
    if (left != NULL) {
        fprintf(stderr, "fuzz: %s\n", left);
        abort();
    }
    return 0;
}
