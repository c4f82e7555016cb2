/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What tests of netserv have in common: calls of clients, and a peer on its wire. Whatever must be so is asserted.
 */
#ifndef TALK_H
#define TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukern/stream.h>

#include "../wire/frame.h"
#include "world.h"

#define SERVER   1u /**< the badge of `socket` itself */
#define FIN      1u
#define SYN      2u
#define RST      4u
#define PSH      8u
#define ACK      16u
#define HEADER   20u /**< of TCP, without options */
#define DONTWAIT STREAM_NONBLOCK

/** @name Around each test
 * @{ */
/** netserv knows its peer. */
int ready(void **state);
/** Nothing is left over. */
int settled(void **state);
/** @} */

/** @name Clients
 * @{ */
/** A call that ends at once: its label. */
int ask(uint64_t badge, int label, uint64_t w0, uint64_t w1);
/** A socket of this client, or of SERVER; 0: there is none. */
uint64_t make_for(uint64_t client, enum socket_type type, int family);
uint64_t make(enum socket_type type, int family);
/** An IPv4 address, as the words of a call. */
void address(uint64_t w[3], uint32_t ip, uint16_t port);
/** A call with that address; and its label, if it ends at once. */
struct call *at(uint64_t badge, int label, uint32_t ip, uint16_t port);
int at_now(uint64_t badge, int label, uint32_t ip, uint16_t port);
/** A TCP socket that listens. */
uint64_t listener(uint16_t port);
/** A call of accept() that may wait; its socket, when it has ended. */
struct call *accept_later(uint64_t s);
uint64_t accepted(struct call *c);
/** @} */

/** @name The peer
 * @{ */
/** A connection from the peer's side: its port and netserv's, the next byte of each side. */
struct flow {
    uint16_t port, to;
    uint32_t seq, ack;
    bool scaled; /**< netserv's windows are */
};

/** The frame that is laid out. */
extern uint8_t frame[FRAME_MAX];

/** Lay a segment out; the frame's length. */
size_t lay_out_with(const struct flow *f, unsigned flags, uint32_t seq, const uint8_t *options,
                    size_t options_size, const void *data, size_t n);
size_t lay_out(const struct flow *f, unsigned flags, uint32_t seq, const void *data, size_t n);
/** A segment comes to netserv. */
void segment(const struct flow *f, unsigned flags, uint32_t seq, const void *data, size_t n);
/** The next TCP segment for this flow that has any of these flags; the payload's length. */
int heard(struct flow *f, unsigned flags, const uint8_t **data);
/** Ask netserv for its Ethernet address, so that it knows the peer's. */
void greet(void);
/** Open a connection. */
struct flow dial(uint16_t from, uint16_t to);
/** Does netserv answer a ping? */
bool pings(void);
/** A datagram of n bytes comes. */
void datagram_from(uint32_t source, uint16_t to, size_t n);
void datagram(uint16_t to, size_t n);
/** @} */

#endif
