/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Pairs of sockets within the machine, and what the tests of several files have in common.
 */
#ifndef CALLS_SOCKETS_H
#define CALLS_SOCKETS_H

#include "pipetest.h"
#include "socket.h"

/** An address of this machine, of either family. */
struct sockaddr_in6 here(int family, uint16_t port);
socklen_t size_of(int family);
/** A listener at this port. */
int listens(int family, uint16_t port);
/** Connect to it and accept that: fds[0] has connected, fds[1] was accepted. */
void connected(int family, uint16_t port, int fds[2]);
/** The result of a call, or minus errno. */
#define DONE(x) done((x))
long done(long result);
/** A test: getaddrinfo(). */
void addresses(void);

#endif
