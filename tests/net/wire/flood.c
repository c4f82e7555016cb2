/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that nobody asked for. */
#include <string.h>

#include "wire.h"

static uint8_t frame[FRAME_MAX];

static void fill(uint8_t *to, size_t n)
{
    for (; n > 0; n--)
        *to++ = (uint8_t)random32();
}

/* Send, and take what has come: the guest must not be stopped by a wire that nobody reads. */
static void put(size_t n)
{
    static uint8_t in[FRAME_MAX];

    wire_put(frame, n);
    while (wire_take(in, 0) > 0)
        continue;
}

static uint32_t neighbour(void)
{
    uint32_t ip = 0x0a000200 | (random32() & 0xff);

    return ip == GUEST_IP || ip == OUR_IP ? 0x0a000207 : ip;
}

static size_t arp(void)
{
    static const uint8_t head[] = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0};
    bool to_all = chance(500);

    memset(frame, 0, 60);
    if (to_all)
        memset(frame, 0xff, 6);
    else
        memcpy(frame, guest_mac, 6);
    memcpy(frame + 6, our_mac, 6);
    memcpy(frame + 12, head, sizeof head);
    frame[21] = chance(500) ? 1 : 2;
    fill(frame + 22, 6);
    put32(frame + 28, neighbour());
    memcpy(frame + 32, guest_mac, 6);
    put32(frame + 38, chance(500) ? GUEST_IP : neighbour());
    return 60;
}

void flood_arp(unsigned count)
{
    while (count-- > 0)
        put(arp());
}

static size_t echo(size_t n)
{
    uint8_t *icmp = frame + DATA_OFFSET;

    memset(icmp, 0, n);
    icmp[0] = 8;
    put32(icmp + 4, random32());
    put16(icmp + 2, frame_sum(icmp, n, 0));
    return ip_frame(frame, PROTO_ICMP, n);
}

void echo_request(uint32_t number)
{
    size_t n = echo(8 + random32() % 1465);
    uint8_t *icmp = frame + DATA_OFFSET;

    put32(icmp + 4, number);
    put16(icmp + 2, 0);
    put16(icmp + 2, frame_sum(icmp, n - DATA_OFFSET, 0));
    wire_put(frame, n);
}

void flood_icmp(unsigned count)
{
    while (count-- > 0)
        put(echo(8 + random32() % 1473));
}

static void ip_sum(void)
{
    uint8_t *ip = frame + IP_OFFSET;

    put16(ip + 10, 0);
    put16(ip + 10, frame_sum(ip, 20, 0));
}

static unsigned some_port(void)
{
    static const uint16_t ports[] = {80, 80, 7, 7, 9, 19, 53, 67, 68, 5001};

    return chance(200) ? random32() & 0xffff : ports[random32() % 10];
}

static size_t udp(size_t n)
{
    uint8_t *u = frame + DATA_OFFSET;
    size_t length = ip_frame(frame, PROTO_UDP, 8 + n);

    fill(u, 8 + n);
    if (chance(500))
        put16(u, some_port());
    put16(u + 2, some_port());
    put16(u + 4, chance(900) ? (unsigned)(8 + n) : random32() & 0xffff);
    put16(u + 6, 0);
    if (chance(900))
        put16(u + 6, frame_sum(u, 8 + n, pseudo_header(frame, 8 + n)));
    return length;
}

static size_t tcp(unsigned flags, size_t options, size_t n)
{
    uint8_t *t = frame + DATA_OFFSET;
    size_t header = 20 + options * 4, length = ip_frame(frame, PROTO_TCP, header + n);

    fill(t, header + n);
    put16(t + 2, some_port());
    t[12] = (uint8_t)(chance(900) ? header / 4 << 4 : random32() & 0xf0);
    t[13] = (uint8_t)flags;
    if (chance(700)) /* options of kinds that are known */
        for (size_t i = 20; i < header; i++)
            t[i] = (uint8_t)(random32() % 11);
    put16(t + 16, 0);
    put16(t + 16, frame_sum(t, header + n, pseudo_header(frame, header + n)));
    return length;
}

void flood_syn(unsigned count)
{
    while (count-- > 0)
        put(tcp(2, 0, 0));
}

static size_t icmp(size_t n)
{
    uint8_t *i = frame + DATA_OFFSET;

    fill(i, 8 + n);
    i[0] = (uint8_t)(random32() % 20);
    if (chance(500) && n >= 28) { /* about a segment that it might have sent */
        memcpy(i + 8, (uint8_t[]){0x45, 0, 0, 40, 0, 0, 0, 0, 64, PROTO_TCP}, 10);
        put32(i + 20, GUEST_IP);
        put32(i + 24, OUR_IP);
    }
    put16(i + 2, 0);
    put16(i + 2, frame_sum(i, 8 + n, 0));
    return ip_frame(frame, PROTO_ICMP, 8 + n);
}

/* A piece of a datagram, of one of eight that never become whole but by chance. */
static size_t fragment(size_t n)
{
    size_t length = udp(n);

    put16(frame + IP_OFFSET + 4, random32() % 8);
    put16(frame + IP_OFFSET + 6, (random32() % 2) << 13 | random32() % 0x2000);
    if (chance(800))
        put16(frame + IP_OFFSET + 6, (random32() % 2) << 13 | random32() % 16);
    ip_sum();
    return length;
}

/* IPv6, for machines that speak it: neighbour discovery, echo, TCP and extension headers. */
static size_t ipv6(size_t n)
{
    static const uint8_t next[] = {58, 58, 58, 6, 17, 0, 43, 44, 60, 59};
    uint8_t *ip = frame + IP_OFFSET;

    memcpy(frame, chance(500) ? guest_mac : (uint8_t[]){0x33, 0x33, 0, 0, 0, 1}, 6);
    memcpy(frame + 6, our_mac, 6);
    put16(frame + 12, 0x86dd);
    fill(ip, 40 + n);
    ip[0] = 0x60;
    put16(ip + 4, chance(900) ? (unsigned)n : random32() & 0xffff);
    ip[6] = next[random32() % sizeof next];
    if (chance(800))
        memcpy(ip + 24, (uint8_t[]){0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 16);
    if (ip[6] == 58 && n >= 4) {
        ip[40] = (uint8_t)(128 + random32() % 10);
        ip[7] = 255;
        uint32_t sum = 58 + (uint32_t)n;

        for (unsigned i = 8; i < 40; i += 2)
            sum += get16(ip + i);
        put16(ip + 42, 0);
        put16(ip + 42, frame_sum(ip + 40, n, sum));
    }
    return IP_OFFSET + 40 + n;
}

static size_t one(void)
{
    size_t n = chance(500) ? random32() % 64 : random32() % 1400;

    switch (random32() % 8) {
    case 0:
        return arp();
    case 1:
        return udp(n);
    case 2:
        return tcp(random32() & 0xff, random32() % 11, n);
    case 3:
        return tcp(1u << random32() % 6, random32() % 11, n);
    case 4:
        return icmp(n);
    case 5:
        return fragment(n);
    case 6:
        return ipv6(n);
    default:
        n = ip_frame(frame, random32() & 0xff, n);
        fill(frame + DATA_OFFSET, n - DATA_OFFSET);
        return n;
    }
}

void flood_random(unsigned count)
{
    for (; count > 0; count--) {
        size_t n = one();

        if (chance(200)) { /* a byte of the headers is another */
            frame[12 + random32() % 40] = (uint8_t)random32();
            if (chance(500))
                ip_sum();
        }
        if (chance(100))
            n = 1 + random32() % n;
        if (chance(20)) {
            fill(frame + n, FRAME_MAX - n);
            n += random32() % (FRAME_MAX - n);
        }
        put(n);
        if (count % 10000 == 0 && !ping(60))
            wrong("the guest does not answer any more, %u frames before the end", count);
    }
}
