/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  The parts of iperf. */
#ifndef IPERF_H
#define IPERF_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

#define SECOND UINT64_C(1000000000)

/** What a client does. */
struct task {
    const char *host, *port;
    uint64_t bytes;       /**< to send; UINT64_MAX: no matter */
    uint64_t nanoseconds; /**< for so long */
    uint64_t rate;        /**< UDP: bits a second */
};

/** Take what others send, by TCP and UDP. Returns only on an error: 1. */
int serve(uint16_t port);
/** Send by TCP. The program's status. */
int send_stream(const struct task *t);
/** Send by TCP, and have as much sent to this port of ours; at once, or afterwards. The program's status. */
int send_both(const struct task *t, bool at_once, uint16_t port);
/** Send by UDP, and tell what the server has seen of it. The program's status. */
int send_datagrams(const struct task *t);

/** "iperf: from PEER: how much in what time", and an end for the line. */
void report(const char *way, const char *peer, uint64_t bytes, uint64_t nanoseconds,
            const char *end);
/** What a server has counted of a test by UDP, and the line's end. */
void report_count(const struct iperf_count *c);

#endif
