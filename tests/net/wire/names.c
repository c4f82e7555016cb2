/* SPDX-License-Identifier: BSD-2-Clause */
/* A router that announces a name server by IPv6, and that server. IPv4's says nothing. */
#include <string.h>

#include "wire.h"

#define IP6_DATA    (IP_OFFSET + 40u)
#define PROTO_ICMP6 58
#define UDP_HEAD    8u
#define DNS_HEAD    12u

static const uint8_t us[16] = {0xfe, 0x80, [15] = 1}, all[16] = {0xff, 2, [15] = 1};
static const uint8_t address4[4] = {192, 0, 2, 7}, address6[16] = {0x20, 1, 0xd, 0xb8, [15] = 7};
static uint8_t frame[FRAME_MAX];

/* Headers for n bytes of this protocol, whose checksum is at this place of them; and out. */
static void put6(const uint8_t mac[6], const uint8_t to[16], uint8_t protocol, size_t n,
                 size_t sum_at)
{
    uint8_t *ip = frame + IP_OFFSET, *data = frame + IP6_DATA;
    uint32_t sum = protocol + (uint32_t)n;

    memcpy(frame, mac, 6);
    memcpy(frame + 6, our_mac, 6);
    put16(frame + 12, 0x86dd);
    memset(ip, 0, 8);
    ip[0] = 0x60;
    put16(ip + 4, (unsigned)n);
    ip[6] = protocol;
    ip[7] = 255;
    memcpy(ip + 8, us, 16);
    memcpy(ip + 24, to, 16);
    for (unsigned i = 8; i < 40; i += 2)
        sum += get16(ip + i);
    put16(data + sum_at, 0);
    put16(data + sum_at, frame_sum(data, n, sum));
    wire_put(frame, IP6_DATA + n);
}

static void announce(void)
{
    static const uint8_t to_all[6] = {0x33, 0x33, [5] = 1};
    uint8_t *ra = frame + IP6_DATA;

    memset(ra, 0, 16 + 24);
    ra[0] = 134;
    put16(ra + 6, 1800);
    ra[16] = 25; /* name servers, */
    ra[17] = 3;  /* one, */
    put32(ra + 20, 600);
    memcpy(ra + 24, us, 16);
    put6(to_all, all, PROTO_ICMP6, 16 + 24, 2);
}

/* The guest asks for our Ethernet address. */
static void answer_solicitation(const uint8_t *in)
{
    uint8_t *na = frame + IP6_DATA;

    memset(na, 0, 32);
    na[0] = 136;
    na[4] = 0x60; /* as asked for, in the place of what it knew */
    memcpy(na + 8, us, 16);
    na[24] = 2;
    na[25] = 1;
    memcpy(na + 26, our_mac, 6);
    put6(in + 6, in + IP_OFFSET + 8, PROTO_ICMP6, 32, 2);
}

/* A question of n bytes: the answer is the question and an address. Which type it was. */
static unsigned answer_question(const uint8_t *in, size_t n)
{
    const uint8_t *question = in + IP6_DATA + UDP_HEAD;
    uint8_t *udp = frame + IP6_DATA, *dns = udp + UDP_HEAD, *end = dns + n;
    unsigned type = get16(question + n - 4);
    unsigned size = type == 1 ? sizeof address4 : sizeof address6;

    memcpy(dns, question, n);
    put16(dns + 2, 0x8180);
    put16(dns + 6, 1);
    memcpy(end, (uint8_t[]){0xc0, DNS_HEAD, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, 0, (uint8_t)size},
           12);
    memcpy(end + 12, type == 1 ? address4 : address6, size);
    n += 12 + size;
    put16(udp, 53);
    put16(udp + 2, get16(in + IP6_DATA));
    put16(udp + 4, (unsigned)(UDP_HEAD + n));
    put6(in + 6, in + IP_OFFSET + 8, PROTO_UDP, UDP_HEAD + n, 6);
    return type;
}

void name_server(unsigned seconds)
{
    static uint8_t in[FRAME_MAX];
    uint64_t end = now() + seconds * SECOND, next = 0;
    bool asked[2] = {false, false};

    while (!asked[0] || !asked[1]) {
        size_t n;

        if (now() >= end)
            wrong("nobody asks our name server");
        if (now() >= next) {
            announce();
            next = now() + 2 * SECOND;
        }
        n = wire_take(in, now() + SECOND / 10);
        if (n < IP6_DATA + UDP_HEAD || get16(in + 12) != 0x86dd)
            continue;
        if (in[IP_OFFSET + 6] == PROTO_ICMP6 && in[IP6_DATA] == 135 && n >= IP6_DATA + 24 &&
            memcmp(in + IP6_DATA + 8, us, 16) == 0)
            answer_solicitation(in);
        if (in[IP_OFFSET + 6] == PROTO_UDP && get16(in + IP6_DATA + 2) == 53 &&
            memcmp(in + IP_OFFSET + 24, us, 16) == 0 &&
            get16(in + IP6_DATA + 4) > UDP_HEAD + DNS_HEAD + 4u &&
            get16(in + IP6_DATA + 4) <= n - IP6_DATA)
            asked[answer_question(in, get16(in + IP6_DATA + 4) - UDP_HEAD) == 28] = true;
    }
}
