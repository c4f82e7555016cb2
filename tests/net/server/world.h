/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  netserv as a program of the host: its own sources and lwIP's, with a kernel, a wire and a clock
 *  made here, under the sanitizers. Tests are its clients (world_call()) and its peers
 *  (world_frame()); nothing happens by itself.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukern/server.h>

#include "../../../examples/net/netserv/socket_abi.h"

#define WORLD_CALLS 64u  /* that may wait at one time */
#define WORLD_DATA  8192 /* bytes of a caller's buffer */

/** A client's call. */
struct call {
    uint64_t token; /**< 0: free */
    bool done;
    int label;              /**< of the reply: 0 or more, or an error */
    struct ukern_msg reply; /**< its words; a socket in w[5] is a badge here */
    size_t length;          /**< bytes of data that were moved */
    uint8_t data[WORLD_DATA];
};

/** Start it; once in a process. The machine is 10.0.2.15, its peer 10.0.2.2. */
void world_begin(void);

/**
 * Call netserv.
 * @param badge  of the client's handle: 1 is the port `socket`, others are sockets.
 * @param data   bytes that the call may take; they are copied; may be NULL.
 * @return the call, done or waiting; the caller's until world_end_call().
 */
struct call *world_call(uint64_t badge, int label, const uint64_t w[6], const void *data,
                        size_t length);
/** The caller has seen the answer, or dies while it waits: netserv is told. */
void world_end_call(struct call *c);
/** The caller dies, and netserv has not been told yet. */
void world_lose_call(struct call *c);
/** The next replies are refused by the kernel with this error, as for a full table of handles. */
void world_refuse(int error, unsigned times);
/** The shared memory that a reply has brought, as long as netserv has it; NULL: it is none. */
uint8_t *world_memory(uint64_t shm);
/** All handles of this socket are gone. */
void world_close(uint64_t badge);

/** A frame comes, and others with it: netserv looks at them with the next world_frame(). */
void world_frame_first(const uint8_t *frame, size_t n);
/** A frame comes. */
void world_frame(const uint8_t *frame, size_t n);
/** The next frame that netserv has sent; 0: none. */
size_t world_sent(uint8_t *frame, size_t room);
/** When netserv wants to run again at the latest. */
uint64_t world_deadline(void);
/** Time passes, in steps in which timers run. */
void world_wait(unsigned milliseconds);

/** Sockets that clients have, all kinds. */
unsigned world_sockets(void);
/** Everything is closed and time passes: then nothing may be left over. NULL, or what is. */
const char *world_settle(void);

#endif
