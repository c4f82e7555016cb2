/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The network device with its buffers: frames in, frames out, and a fresh start when the device
 *  misbehaves. Pure C; virtio.h is below, area.h and the server above.
 *
 *  A buffer of the pool is free, posted (the device has it), or held by those who received its
 *  frame: it is posted again when the last of them has released it, so nobody's frame is
 *  overwritten while he reads.
 */
#ifndef NETDEV_NIC_H
#define NETDEV_NIC_H

#include "net.h"
#include "virtio.h"

#define NIC_BUFFERS_MAX 4096u /* of the pool */
#define NIC_PIECES      36u   /* most buffers of a received frame: 64 KiB and a little */
/* Where the device writes in a buffer: its header of 12 bytes, then the frame. So the IP header
 * stands on a multiple of 4. */
#define NIC_SHIFT       2u

/** A received frame; the members of net_desc that are not offset, length and id count in piece[0].
 */
struct nic_frame {
    unsigned pieces;
    uint32_t length; /**< of all pieces, bytes */
    struct net_desc piece[NIC_PIECES];
};

/** A frame that was given to the device. */
struct nic_sent {
    void *owner;
    uint32_t id;
    uint16_t descriptors;
    uint32_t bytes;
};

struct nic {
    struct virtio virtio;
    uint8_t *pool;
    uint64_t pool_bus;
    unsigned buffers;                 /**< at most NIC_BUFFERS_MAX */
    struct virtio_net_header *header; /**< VQ_MAX of them, for the device */
    uint64_t header_bus;
    bool running;
    struct net_info
        count; /**< figures; only the counters of frames, kicks and resets are kept here */

    /* Private. */
    unsigned free;
    uint16_t free_buffer[NIC_BUFFERS_MAX];
    uint16_t holders[NIC_BUFFERS_MAX];
    struct nic_sent sent[VQ_MAX];
};

/**
 * Start the device, also again: whatever it had is taken back. virtio.access, .queue_memory,
 * .queue_bus, pool, pool_bus, buffers, header and header_bus are set.
 * @param lost     told of each frame that was on its way; may be NULL the first time.
 * @return UKERN_OK, or as virtio_start().
 */
int nic_start(struct nic *n, void (*lost)(const struct nic_sent *sent));

/** What is wrong with the device, or NULL. */
const char *nic_trouble(struct nic *n);

/**
 * Repair what is wrong: one queue alone if the device can, else all.
 * @return as nic_start().
 */
int nic_repair(struct nic *n, void (*lost)(const struct nic_sent *sent));

/** What it can do for frames: enum net_can. */
uint32_t nic_can(const struct nic *n);

/** The next frame; the caller holds each buffer once. false: none. */
bool nic_receive(struct nic *n, struct nic_frame *frame);

/** One more holder of a buffer; one less. */
void nic_hold(struct nic *n, uint32_t buffer);
void nic_release(struct nic *n, uint32_t buffer);

/** May this frame be sent? UKERN_OK or UKERN_EINVAL. d: its first descriptor; length: of all. */
int nic_check(const struct nic *n, const struct net_desc *d, uint32_t length);

/** Is there room for a frame of so many descriptors? */
bool nic_has_room(const struct nic *n, unsigned descriptors);

/** Send a frame that nic_check() liked and that there is room for. */
void nic_send(struct nic *n, const struct net_desc *d, const struct vq_segment *segment,
              unsigned count, const struct nic_sent *sent);

/** The next frame that has left. false: none. */
bool nic_reap(struct nic *n, struct nic_sent *sent);

/** Give the device free buffers, and tell it of all that is new. */
void nic_push(struct nic *n);

/** Interrupts off. */
void nic_mute(struct nic *n);

/** Interrupt for received frames, and for frames that have left if wanted. true: something is there
 * already. */
bool nic_listen(struct nic *n, bool sent);

#endif
