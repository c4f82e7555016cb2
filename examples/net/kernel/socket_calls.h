/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  The system calls of sockets that read() and write() cannot stand for, for ukern_main().
 */
#ifndef SOCKET_CALLS_H
#define SOCKET_CALLS_H

/** Register SOCKET_SENDTO and SOCKET_RECVFROM. A failure stops the boot with a message. */
void socket_calls_register(void);

#endif
