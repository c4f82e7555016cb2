/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  netdev's side of the area that it shares with a bulk client (net.h). Pure C. The client writes
 *  the area at any time: each word is read once, into private memory, and checked there. What a
 *  client may do wrong with good intent is answered in its rings; what only a liar does is said in
 *  `lie`, and then nothing more is taken from it.
 */
#ifndef NETDEV_AREA_H
#define NETDEV_AREA_H

#include "net.h"
#include "nic.h"

struct area {
    struct net_area *shared;
    uint64_t data_bus;  /**< of the data, for the device */
    uint32_t data_size; /**< bytes */
    uint32_t buffers;   /**< of the pool */
    unsigned share;     /**< most buffers that it may hold, at most NET_SLOTS */
    const char *lie;    /**< NULL, or what the client did */

    unsigned on_the_way; /**< descriptors taken and not done */
    unsigned in_flight;  /**< frames that the device has */
    unsigned held;       /**< buffers */
    uint64_t dropped;
    uint32_t tx_taken, done_made, done_published, rx_made, rx_published, returned_taken;
    uint64_t hold[NIC_BUFFERS_MAX / 64];
};

/** Begin with a new client: memory of `size` bytes at `bus`, which is zeroed. */
void area_init(struct area *a, void *memory, size_t size, uint64_t bus, uint32_t buffers,
               unsigned share);

/**
 * Look at the next frame to send.
 * @param[out] desc   checked: each lies in the data.
 * @param[out] count  descriptors; *length: bytes of all.
 * @return false: there is none, or a->lie.
 */
bool area_peek(struct area *a, struct net_desc desc[NET_CHAIN_MAX], unsigned *count,
               uint32_t *length);

/** Take the frame that was looked at. */
void area_take(struct area *a, unsigned count);

/** A frame that was taken is done. */
void area_done(struct area *a, uint32_t id, unsigned count, int status);

/** Give the client a frame, whose buffers it then holds. false: it holds too many; it is counted.
 */
bool area_give(struct area *a, const struct nic_frame *f);

/** Take buffers back; `release` is told of each. false: a->lie. */
bool area_collect(struct area *a, void (*release)(void *context, uint32_t buffer), void *context);

/** The client is gone: all that it holds. */
void area_release(struct area *a, void (*release)(void *context, uint32_t buffer), void *context);

/** Let the client see what it was given. true: it wants to be woken. */
bool area_publish(struct area *a);

/** netdev is about to sleep: true: there are frames to send. */
bool area_arm(struct area *a);

/** Does the client wait for frames that are on their way to be done? */
bool area_wants_done(const struct area *a);

#endif
