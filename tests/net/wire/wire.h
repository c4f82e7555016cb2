/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  A host on the guest's wire, made of raw frames: for tests of what no ordinary peer would send.
 *  The wire is a pair of unix datagram sockets (QEMU's -netdev dgram).
 */
#ifndef WIRE_H
#define WIRE_H

#include "frame.h"

/** What happens to frames, in thousandths. */
struct faults {
    unsigned lost, doubled, late;
};

/** Say what is wrong, and end. */
__attribute__((noreturn, format(printf, 1, 2))) void wrong(const char *format, ...);
uint64_t now(void);

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
