/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  TCP segment by segment: what tests of the bytes on the wire have in common, on top of talk.h. The peer's own bytes are zero.
 */
#ifndef STREAM_H
#define STREAM_H

#include "talk.h"

#define MSS   1460u
#define SCALE 2u /**< TCP_RCV_SCALE: what windows of netserv's are shifted by */

enum { OPTION_END, OPTION_NOP, OPTION_MSS, OPTION_SCALE, OPTION_SACK_OK, OPTION_SACK };

/** A segment that came. */
struct hearing {
    unsigned flags;
    uint32_t seq, ack;
    size_t window; /**< as it is written there */
    size_t n;      /**< bytes */
    const uint8_t *option, *option_end;
};

/** Zeroes, to be sent. */
extern uint8_t payload[70000];
/** Of a SYN: all that netserv knows. */
extern const uint8_t all_options[12];

/** Around each test: somebody listens at port 80; settled(). */
int begin(void **state);

/** A segment of n zeroes. */
void say(const struct flow *p, unsigned flags, uint32_t seq, size_t n, const uint8_t *options,
         size_t options_size);
/** n bytes at this distance from what has been sent in order. */
void data(const struct flow *p, size_t distance, size_t n);
/** The next segment that came for this flow. false: none. */
bool hear(const struct flow *p, struct hearing *h);
/** The last of those that came; it must be one. */
struct hearing last(const struct flow *p);
/** None came. */
bool silent(const struct flow *p);
/** The option of that kind, or NULL. They must be well formed. */
const uint8_t *option(const struct hearing *h, unsigned kind);
/** The window that it tells of, bytes. */
size_t window(const struct flow *p, const struct hearing *h);
/** Open a connection from this port with these options in its SYN; what the SYN of the answer said. */
struct hearing dial_with(struct flow *p, uint16_t port, const uint8_t *options, size_t size);
/** The socket of the next connection. */
uint64_t accept_now(void);
/** The same with all options, accepted. */
uint64_t open_all(struct flow *p, uint16_t port);
/** Read n bytes. */
void read_some(uint64_t s, size_t n);

#endif
