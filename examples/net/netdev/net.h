/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What netdev offers: Ethernet frames, sent and received. One port, `net`, two ways to use it.
 *
 *  **Simple**: three system calls (kernel/net_calls.c), each of which moves one frame with one copy
 *  by the kernel: net_send(), net_recv(), net_info() below.
 *
 *  **Bulk**: net_open() gives a client two pieces of memory that the device itself reads and
 *  writes, so that no frame is copied at all:
 *
 *  @verbatim
 *    area   the client's own, written by both     pool   shared by all bulk clients, read-only
 *    ┌───────────────────────────────┐            ┌──────────┬──────────┬──────────┬───
 *    │ struct net_area: four rings   │            │ buffer 0 │ buffer 1 │ buffer 2 │ ...
 *    ├───────────────────────────────┤            └──────────┴──────────┴──────────┴───
 *    │ data: the client lays out its │              NET_BUFFER_SIZE bytes each; a received
 *    │ frames here, as it likes      │              frame lies in one, a large one in several
 *    └───────────────────────────────┘
 *
 *      TX      client -> netdev    struct net_desc: send this part of `data`
 *      DONE    netdev -> client    struct net_done: that frame's memory is yours again
 *      RX      netdev -> client    struct net_desc: a frame lies in this part of `pool`
 *      RETURN  client -> netdev    number of a buffer that the client has finished with
 *  @endverbatim
 *
 *  Each ring has NET_SLOTS entries; entry i stands at i % NET_SLOTS. Its producer alone writes
 *  `produced`, which counts entries for ever, modulo 2^32. No index of the consumer is needed: at
 *  most NET_SLOTS descriptors may be on their way (TX minus DONE), and a client never holds more
 *  than NET_SLOTS buffers (RX minus RETURN), so that no ring can overflow. A full client's further
 *  frames are dropped and counted in net_area.dropped; others do not suffer.
 *
 *  **Sleep.** A consumer about to sleep writes its position to `wake_at`, then looks at `produced`
 *  once more. A producer that moves `produced` past `wake_at` notifies the consumer: once, as the
 *  consumer does not touch `wake_at` while it is awake. So two busy sides exchange frames without a
 *  system call. A notification is a hint and may come for nothing.
 *
 *  **Trust.** netdev reads each shared word once, checks it, and believes nothing: a client that
 *  sends descriptors outside of `data`, returns a buffer that it does not hold, or moves an index
 *  by more than NET_SLOTS is cut off: its area is revoked (net_open() maps it with UKERN_PROT_STAY, so
 *  that a touch of it is no fault) and its calls fail with UKERN_EIO. A client need not believe netdev either:
 *  net_alive() tells when netdev has taken the area back or moves an index so. Filters choose, they do not protect: whoever may call `net` may see
 *  every frame on the wire.
 *
 *  **Restart.** If netdev dies, the client's port hears a hangup with the badge given to
 *  net_open(), as netdev's handle of that port is gone. The old memory stays mapped, but nobody
 *  reads it any more: net_close() and net_open() again; the call waits until the next netdev serves.
 *  Frames that were on their way are lost, as on any wire. Simple calls that waited fail with
 *  UKERN_EPEER; repeat them.
 *
 *  The functions for clients are in net_client.h.
 *
 *  @code
 *  struct net net;
 *  struct net_desc frame;
 *
 *  error = net_open(&net, task_handle("net"), port, WAKE_BIT, NETDEV_BADGE, NET_FILTER_OWN, 0, UKERN_FOREVER);
 *  for (;;) {
 *      while (net_receive(&net, &frame)) {            // one descriptor a frame, unless NET_MORE
 *          use(net.pool + frame.offset, frame.length);
 *          net_return(&net, frame.id);                // now or much later
 *      }
 *      while (net_done(&net, &done))
 *          free_slot(done.id);
 *      ... lay a frame out at net.data + offset ...
 *      net_transmit(&net, &(struct net_desc){.offset = offset, .length = n, .id = slot}, 1);
 *      net_flush(&net);                               // tells netdev of all of the above
 *      if (net_may_sleep(&net, NET_WAKE_RX))
 *          ipc_recv(port, &event, deadline);          // WAKE_BIT, or a hangup of NETDEV_BADGE
 *  }
 *  @endcode
 */
#ifndef NETDEV_NET_H
#define NETDEV_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukern/abi/types.h>

/** @name Requests
 * By system call, through the extension: x0 = handle of `net`, x1 = buffer, x2 = bytes, x3 =
 * deadline. The server gets {label, w0 = bytes, w1 = NET_POLL or 0} and replies as
 * ukern_begin_read() tells.
 * @{ */
#define NET_SEND 300 /**< x0 = bytes sent, or an error */
#define NET_RECV 301 /**< x0 = bytes of the frame, or an error */
#define NET_INFO 302 /**< x0 = bytes of struct net_info that were copied */
/** @} */

/** @name Requests by message (ipc_call())
 * @{ */
/**
 * Become a bulk client: w0 = bits to notify the client with, w1 = enum net_filter, w2 = EtherType,
 * w5 = handle of a port with UKERN_R_NOTIFY. Reply: w0 = bits to notify netdev with,
 * w1 = bytes of the area, w2 = bytes of the pool, w4 = area (read, write), w5 = pool (read).
 * UKERN_EINVAL; UKERN_EBUSY: all areas are in use, or all but one by clients that have their
 * handles from one task; UKERN_EEXIST: this client has one already;
 * UKERN_EIO: the device does not work.
 */
#define NET_OPEN   303
#define NET_FILTER 304 /**< w0 = enum net_filter, w1 = EtherType; simple and bulk. UKERN_EINVAL */
#define NET_DUP                                                                                    \
    306 /**< reply: w5 = a handle of `net` with a badge of its own: another client; UKERN_EBUSY: too many */
#define NET_CLOSE 305 /**< give the area up; frames on their way may be lost */
/** @} */

#define NET_POLL 1 /**< flag of NET_RECV: UKERN_EAGAIN instead of waiting */

/** Which frames a client receives. */
enum net_filter {
    NET_FILTER_OWN,  /**< to the device's address, broadcast and multicast; a client's first */
    NET_FILTER_ALL,  /**< everything on the wire */
    NET_FILTER_TYPE, /**< only this EtherType, to whomever */
};

#define NET_SLOTS       256u  /**< entries of each ring; a power of two */
#define NET_BUFFER_SIZE 2048u /**< of the pool */
#define NET_FRAME_MIN   14u   /**< an Ethernet header */
#define NET_FRAME_MAX                                                                              \
    65550u /**< with segmentation by the device; else MTU + 14 (18 with a VLAN tag) */
#define NET_CHAIN_MAX 20u         /**< most descriptors of one frame to send */
#define NET_AREA_MAX  (64u << 20) /**< bytes of an area */

/** Flags of a descriptor. */
enum net_desc_flags {
    NET_MORE = 1, /**< the frame goes on in the next descriptor */
    /** The checksum is unfinished: it is that of the pseudo header, at csum_start + csum_offset,
     * and covers everything from csum_start on. To send: needs NET_CAN_CSUM; received: the frame
     * comes from a neighbour on the same machine, and is as good as checked. */
    NET_CSUM_PARTIAL = 2,
    NET_CSUM_GOOD = 4, /**< received: the device has checked TCP's or UDP's checksum */
    NET_GSO_TCP4 = 8,  /**< to be cut into segments of gso_size bytes (or received so); with
                          NET_CSUM_PARTIAL */
    NET_GSO_TCP6 = 16, /**< the same for IPv6 */
};

/** What NET_INFO tells in `can`. */
enum net_can {
    NET_CAN_CSUM = 1,      /**< takes NET_CSUM_PARTIAL */
    NET_CAN_TSO4 = 2,      /**< takes NET_GSO_TCP4 */
    NET_CAN_TSO6 = 4,      /**< takes NET_GSO_TCP6 */
    NET_GIVES_PARTIAL = 8, /**< received frames may be NET_CSUM_PARTIAL or NET_CSUM_GOOD */
    NET_GIVES_GSO = 16,    /**< received frames may be larger than the MTU, in several buffers */
};

/** A piece of a frame. Offload members count in the first descriptor of a frame. */
struct net_desc {
    uint32_t offset; /**< TX: in data; RX: in the pool */
    uint32_t length; /**< bytes; not 0 */
    uint32_t id;    /**< TX: any number, comes back in net_done; RX: the buffer, for net_return() */
    uint16_t flags; /**< enum net_desc_flags */
    uint16_t gso_size;
    uint16_t header_length; /**< NET_GSO: of all headers of the frame, bytes */
    uint16_t csum_start, csum_offset;
    uint16_t reserved;
};

/** A frame has left, or will not. */
struct net_done {
    uint32_t id;          /**< of the frame's first descriptor */
    uint16_t descriptors; /**< how many it had */
    int16_t status;       /**< UKERN_OK; UKERN_EINVAL: longer than the MTU allows, too short, or an
                             offload that the device has not; UKERN_EIO: lost in a reset */
};

/** A ring's counters, a cache line each as different sides write them. */
struct net_ring {
    _Alignas(64) uint32_t produced; /**< by its producer */
    _Alignas(64) uint32_t wake_at;  /**< by its consumer */
};

/** The head of an area; `data` follows at NET_DATA_OFFSET. */
struct net_area {
    struct net_ring tx, done, rx, returned;
    _Alignas(64) uint64_t dropped; /**< by netdev: frames that this client was too slow for */
    uint32_t link;                 /**< by netdev: 1: up. A change is notified */
    uint32_t resets;               /**< by netdev: how often the device had to be reset */
    uint32_t alive; /**< NET_ALIVE: it is the client's; not so if it was taken back */
    _Alignas(64) struct net_desc tx_slot[NET_SLOTS];
    struct net_desc rx_slot[NET_SLOTS];
    struct net_done done_slot[NET_SLOTS];
    uint32_t returned_slot[NET_SLOTS];
};

#define NET_ALIVE 0x6e657464u

/** Where an area's data begins, bytes. */
#define NET_DATA_OFFSET                                                                            \
    ((sizeof(struct net_area) + UKERN_PAGE_SIZE - 1) & ~(size_t)(UKERN_PAGE_SIZE - 1))

/** What NET_INFO tells; counts are since netdev started. */
struct net_info {
    uint8_t mac[6];
    uint16_t mtu;  /**< bytes of payload of a frame */
    uint32_t link; /**< 1: up */
    uint32_t can;  /**< enum net_can */
    uint64_t rx_frames, rx_bytes, tx_frames, tx_bytes;
    uint64_t rx_dropped; /**< nobody could take them, or for lack of buffers */
    uint64_t rx_bad; /**< malformed: shorter than an Ethernet header, or the device's header lies */
    uint64_t tx_refused; /**< see net_done.status */
    uint64_t interrupts, kicks, wakes;
    uint64_t resets, link_changes, cut_off;
    uint64_t my_dropped; /**< the caller's own: it was too slow */
    uint32_t clients, bulk_clients;
};

/** Does a move of a ring from `old` to `now` pass the point where its consumer wants to be woken?
 */
static inline bool net_passes(uint32_t old, uint32_t now, uint32_t wake_at)
{
    return now - wake_at - 1 < now - old;
}

#endif
