/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Which name servers are asked: those of IPv4 (by DHCP or as configured) first, then, if none of them
 *  answers, those of IPv6 (by router advertisements or DHCPv6). lwIP's files that hear of servers
 *  include this (LWIP_HOOK_FILENAME), and say it here instead of to its resolver, where each would take
 *  the first places for its own.
 */
#ifndef NETSERV_NAMES_H
#define NETSERV_NAMES_H

#include <lwip/dns.h>
#include <lwip/ip_addr.h>
#include <stdint.h>

#define NAMES_SERVERS 2u /**< of each family; DNS_MAX_SERVERS is both */

/**
 * A server of its family. One that cannot be a server's address is left out.
 * @param place   among those of its family; others are left out.
 * @param server  NULL: the one in this place of lwIP's resolver is none any more.
 */
void names_set(uint8_t place, const ip_addr_t *server);
/** The first of IPv4's; 0: there is none. */
uint32_t names_first4(void);

#define dns_setserver names_set

#endif
