/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  lwIP's network interface over the wire (wire.h), and lwIP's clock. */
#ifndef NETSERV_LINK_H
#define NETSERV_LINK_H

#include <lwip/ip_addr.h>
#include <stdbool.h>
#include <stdint.h>
#include <ukern/abi/types.h>

#define LINK_BADGE (UINT64_C(1) << 63) /**< from here on: of the wire's handles of our port */

/** How the machine gets its address. */
struct link_config {
    bool dhcp;                              /**< ask for one */
    unsigned patience;                      /**< seconds before the static one is used */
    ip4_addr_t address, mask, gateway, dns; /**< address 0: none */
};

/** Start. Without a device it is looked for again each second. */
void link_init(ukern_handle port, const struct link_config *config);
/** Take in what has come, run timers, let out what is to go. Returns when to come back at the
 * latest, if nothing wakes us before. */
uint64_t link_run(void);
/** The time as link_run() saw it last, nanoseconds since boot. */
uint64_t link_now(void);
/** Let out what was sent since link_run(). */
void link_flush(void);
/** These notification bits have come; link_run() is due. */
void link_woken(uint64_t bits);
/** Is there a device whose link is up, and an address? */
bool link_ready(void);
/** A handle with this badge, LINK_BADGE or above, is gone: wait for the next netdev, if it was its.
 */
void link_hangup(uint64_t gone);

#endif
