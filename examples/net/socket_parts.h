/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  What socket.c and name.c have in common. */
#ifndef NET_SOCKET_PARTS_H
#define NET_SOCKET_PARTS_H

#include "netserv/socket_abi.h"

/** A result as POSIX has it: errno is set; socket_error() tells it. */
int64_t socket_done(int64_t result);
/** A socket, or an error. server: `socket`, or a set. */
int socket_create(int server, enum socket_type type, int family);

#endif
