/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What lwIP's files ask of netserv, or tell it: see backlog.c and names.h.
 */
#ifndef NETSERV_HOOKS_H
#define NETSERV_HOOKS_H

#include <lwip/ip_addr.h>

#include "names.h"

/** The first sequence number of a connection between these. */
u32_t backlog_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                  u16_t remote_port);
#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port)                                  \
    backlog_isn(local, local_port, remote, remote_port)

/** Is this segment worth a look? A number that is half of all numbers away from the one that is due lies before as well
 *  as behind it. With one byte of data lwIP would take both for granted, and end in an assertion. */
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, ...)                                               \
    ((pcb)->state > SYN_SENT && (pcb)->rcv_nxt - (header)->seqno == 0x80000000u ? ERR_VAL : ERR_OK)

#endif
