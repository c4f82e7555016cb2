/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  Frames between a host of a test's own and the guest, and numbers by chance for what is in them. */
#ifndef TEST_FRAME_H
#define TEST_FRAME_H

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

void put16(uint8_t *to, unsigned value);
void put32(uint8_t *to, uint32_t value);
unsigned get16(const uint8_t *from);
uint32_t get32(const uint8_t *from);
/** The Internet checksum of these bytes, with `sum` to begin with. */
uint16_t frame_sum(const uint8_t *data, size_t n, uint32_t sum);
/** The part of it that TCP and UDP take from the IP header. */
uint32_t pseudo_header(const uint8_t *frame, size_t n);

/** Ethernet and IPv4 headers for so many bytes of data; returns the frame's length. */
size_t ip_frame(uint8_t *frame, unsigned protocol, size_t data);

void random_seed(uint64_t seed);
uint32_t random32(void);
/** True so many times of a thousand. */
bool chance(unsigned thousandths);

#endif
