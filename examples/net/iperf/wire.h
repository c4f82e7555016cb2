/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What iperf of version 2 writes into its packets, in network order. Everything here comes from a
 *  stranger until it has been looked at.
 */
#ifndef IPERF_WIRE_H
#define IPERF_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The head of each datagram. A negative number: the test is over; the report is the answer. */
struct iperf_datagram {
    int32_t id;
    uint32_t seconds, microseconds; /**< when it was sent */
    uint32_t id_high;
};

/** What a client says of its test: at the begin of a TCP stream, and after each datagram's head. */
struct iperf_test {
    uint32_t flags;
    uint32_t streams;
    uint32_t port; /**< where it listens for the other direction */
    uint32_t length;
    uint32_t rate;  /**< UDP: bits a second */
    int32_t amount; /**< bytes; negative: so many hundredths of a second */
};
#define IPERF_BOTH 0x80000000u /**< the other direction, too; */
#define IPERF_NOW  0x00000001u /**< at the same time, not after this one */

/** What a server has seen of a test, after the head of the last datagram. */
struct iperf_report {
    uint32_t flags; /**< IPERF_REPORT */
    uint32_t bytes_high, bytes_low;
    uint32_t seconds, microseconds; /**< that it took */
    uint32_t lost, disordered, datagrams;
    uint32_t jitter_seconds, jitter_microseconds;
};
#define IPERF_REPORT      0x80000000u
#define IPERF_REPORT_SIZE (sizeof(struct iperf_datagram) + sizeof(struct iperf_report))

/** What a server counts of a test by UDP. */
struct iperf_count {
    uint64_t bytes, datagrams;
    uint64_t first, last; /**< when, nanoseconds */
    int32_t highest;      /**< number so far */
    uint32_t gaps, disordered;
    int64_t transit; /**< of the last, microseconds: between clocks that are not the same */
    double jitter;   /**< microseconds */
};

/** A datagram has come at this time. false: the test is over with it. */
bool iperf_take(struct iperf_count *c, const void *data, size_t n, uint64_t time);
/** Is it one of iperf's? */
bool iperf_is_one(const void *data, size_t n);
/** The number that it bears; 0: none. */
int32_t iperf_number(const void *data, size_t n);
/** Put the report behind the head of the last datagram; its length. */
size_t iperf_report(const struct iperf_count *c, void *datagram);
/** The report in such an answer. false: there is none. */
bool iperf_parse_report(struct iperf_count *c, const void *data, size_t n);
/** How many are missing. */
uint32_t iperf_lost(const struct iperf_count *c);
/** Lay out the head of a datagram. */
void iperf_number_it(void *datagram, int32_t id, uint64_t time);
/** What a client says of its test. false: nothing. */
bool iperf_parse_test(struct iperf_test *t, const void *data, size_t n);
void iperf_lay_out_test(const struct iperf_test *t, void *to);

#endif
