/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  The system calls of netdev's simple clients, for ukern_main(). */
#ifndef NET_CALLS_H
#define NET_CALLS_H

/** Register NET_SEND, NET_RECV and NET_INFO. A failure stops the boot with a message. */
void net_calls_register(void);

#endif
