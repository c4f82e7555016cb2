/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  How frames reach netserv and leave it. There are two ways, of which a netserv is linked with one (DRIVER in
 *  servers.mk):
 *
 *    wire_netdev.c   by netdev, a task of its own
 *    wire_device.c   netserv drives the device itself
 *
 *  The first keeps the driver's mistakes to the driver, which can be killed and started again under
 *  live connections, and lets others have their share of the device. The second saves the switches
 *  between the two for each packet.
 */
#ifndef NETSERV_WIRE_H
#define NETSERV_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <ukern/abi/types.h>

#include "../netdev/net.h"

#define WIRE_FRAME 2048u               /**< room for a frame to be sent */
#define WIRE_BITS  UINT64_C(1)         /**< of our port, by which we are woken */
#define WIRE_BADGE (UINT64_C(1) << 63) /**< from here on: badges of its handles of our port */

/** Begin, or begin again. UKERN_OK: mac, mtu of *info are set; or an error. */
int wire_open(ukern_handle port, struct net_info *info);
/** What such an error means. */
const char *wire_strerror(int error);
/** Do without it. */
void wire_close(void);
/** Is it open? */
bool wire_is_open(void);
/** Is it of no use any more? Then it is to be closed, and opened again. */
bool wire_broken(void);
/** Is the link up? */
bool wire_link(void);
/** We were woken by WIRE_BITS. */
void wire_woken(void);
/** We were woken, or asked to do something: no need to wake us for now. */
void wire_awake(void);
/**
 * The next part of a frame that has come; more follow at once if flags say NET_MORE.
 * @param[out] data  where it lies, until wire_give_back(); NULL: nothing lies there.
 * @return false: there is none.
 */
bool wire_receive(struct net_desc *part, const uint8_t **data);
/** Give a part back, by its id. */
void wire_give_back(uint32_t id);
/** Where the next frame is to be laid out, WIRE_FRAME bytes; NULL: there is no room now, or the wire is closed. */
uint8_t *wire_room(void);
/** Send what was laid out there. */
void wire_send(uint32_t length);
/** Let it leave, and take back what was given back. */
void wire_flush(void);
/**
 * About to sleep: wake us for what comes, and for room if wanted.
 * @return false: there is something already.
 */
bool wire_may_sleep(bool for_room);
/** A handle with this badge is gone. true: open it again. */
bool wire_hangup(uint64_t badge);
/** When to come back at the latest; UKERN_FOREVER: no matter. */
uint64_t wire_deadline(void);

#endif
