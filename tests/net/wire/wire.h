/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  A host on the guest's wire, made of raw frames: for tests of what no ordinary peer would send.
 *  The wire is a pair of unix datagram sockets (QEMU's -netdev dgram).
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX   9200u
#define IP_OFFSET   14u
#define DATA_OFFSET (IP_OFFSET + 20u) /**< of what IPv4 carries */
#define PROTO_ICMP  1
#define PROTO_TCP   6
#define PROTO_UDP   17
#define GUEST_IP    0x0a00020fu /**< 10.0.2.15 */
#define OUR_IP      0x0a000202u /**< 10.0.2.2, the guest's gateway */
#define MILLISECOND UINT64_C(1000000)
#define SECOND      UINT64_C(1000000000)

extern const uint8_t guest_mac[6], our_mac[6];

/** What happens to frames, in thousandths. */
struct faults {
    unsigned lost, doubled, late;
};

/** Say what is wrong, and end. */
__attribute__((noreturn, format(printf, 1, 2))) void wrong(const char *format, ...);
void random_seed(uint64_t seed);
uint32_t random32(void);
/** True so many times of a thousand. */
bool chance(unsigned thousandths);
uint64_t now(void);

void put16(uint8_t *to, unsigned value);
void put32(uint8_t *to, uint32_t value);
unsigned get16(const uint8_t *from);
uint32_t get32(const uint8_t *from);
/** The Internet checksum of these bytes, with `sum` to begin with. */
uint16_t wire_sum(const uint8_t *data, size_t n, uint32_t sum);
/** The part of it that TCP and UDP take from the IP header. */
uint32_t pseudo_header(const uint8_t *frame, size_t n);

void wire_open(const char *ours, const char *guests);
/** Now, as it is. */
void wire_put(const uint8_t *frame, size_t n);
/** With faults: it may be lost, come twice or late. */
void wire_send(const struct faults *f, const uint8_t *frame, size_t n);
/** Let late frames out whose time has come. */
void wire_tick(void);
/** The next frame, waiting until `deadline` at most; 0: none. ARP requests are answered on the way.
 */
size_t wire_take(uint8_t *frame, uint64_t deadline);
/** Ethernet and IPv4 headers for so many bytes of data; returns the frame's length. */
size_t ip_frame(uint8_t *frame, unsigned protocol, size_t data);

/** Is the guest there? Pings, again and again, for so many seconds. */
bool ping(unsigned seconds);

/** One transfer: `out` is sent, what comes back goes to `in`, until the guest ends the connection.
 */
struct transfer {
    const char *name;
    uint16_t port;
    const uint8_t *out;
    size_t out_size;
    uint8_t *in;
    size_t in_room, in_size; /**< more than its room: an error */
    struct faults faults;
    bool chop;         /**< segments of any size, overlapping, in any order */
    bool half;         /**< end our direction as soon as all is sent */
    unsigned deaf;     /**< seconds for which nothing is heard after that; */
    unsigned deaf_fin; /**< or only no end of the guest's direction, after the first */
};

/** Do them all at once. Fails when there is no progress for five minutes. */
void transfer_all(struct transfer *t, unsigned count);

/** Be a router that announces a name server by IPv6, and that one, until it was asked for addresses of
 * both families; so many seconds at most. */
void name_server(unsigned seconds);

/** @name flood.c
 * @{ */
void flood_arp(unsigned count);
void flood_icmp(unsigned count);
/** One request that bears this number, of some length. */
void echo_request(uint32_t number);
void flood_syn(unsigned count);
void flood_random(unsigned count);
/** @} */

#endif
