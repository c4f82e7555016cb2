/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  A VirtIO network device behind the memory-mapped transport (VirtIO 1.2, sections 4.2 and 5.1):
 *  what it is, what it can, and how it is started, reset and stopped. Pure C over an access
 *  function, so that a test can be the device.
 */
#ifndef NETDEV_VIRTIO_H
#define NETDEV_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#include "virtqueue.h"

/** Registers of the transport, offsets in bytes. */
enum virtio_register {
    VIRTIO_MAGIC = 0x000,
    VIRTIO_VERSION = 0x004,
    VIRTIO_DEVICE_ID = 0x008,
    VIRTIO_DEVICE_FEATURES = 0x010,
    VIRTIO_DEVICE_FEATURES_SEL = 0x014,
    VIRTIO_DRIVER_FEATURES = 0x020,
    VIRTIO_DRIVER_FEATURES_SEL = 0x024,
    VIRTIO_QUEUE_SEL = 0x030,
    VIRTIO_QUEUE_NUM_MAX = 0x034,
    VIRTIO_QUEUE_NUM = 0x038,
    VIRTIO_QUEUE_READY = 0x044,
    VIRTIO_QUEUE_NOTIFY = 0x050,
    VIRTIO_INTERRUPT_STATUS = 0x060,
    VIRTIO_INTERRUPT_ACK = 0x064,
    VIRTIO_STATUS = 0x070,
    VIRTIO_QUEUE_DESC = 0x080, /**< low word; the high one follows */
    VIRTIO_QUEUE_DRIVER = 0x090,
    VIRTIO_QUEUE_DEVICE = 0x0a0,
    VIRTIO_QUEUE_RESET = 0x0c0,
    VIRTIO_CONFIG_GENERATION = 0x0fc,
    VIRTIO_CONFIG = 0x100,
};

#define VIRTIO_MAGIC_VALUE 0x74726976u /* "virt" */
#define VIRTIO_SLOT_SIZE   0x200u      /* registers and configuration of one device */

/** Bits of VIRTIO_STATUS. */
enum virtio_status {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
    VIRTIO_NEEDS_RESET = 64,
    VIRTIO_FAILED = 128,
};

/** Features that this driver knows, by bit number. */
enum virtio_feature {
    VIRTIO_NET_CSUM = 0,
    VIRTIO_NET_GUEST_CSUM = 1,
    VIRTIO_NET_MTU = 3,
    VIRTIO_NET_MAC = 5,
    VIRTIO_NET_GUEST_TSO4 = 7,
    VIRTIO_NET_GUEST_TSO6 = 8,
    VIRTIO_NET_HOST_TSO4 = 11,
    VIRTIO_NET_HOST_TSO6 = 12,
    VIRTIO_NET_MRG_RXBUF = 15,
    VIRTIO_NET_STATUS = 16,
    VIRTIO_EVENT_IDX = 29,
    VIRTIO_VERSION_1 = 32,
    VIRTIO_RING_RESET = 40,
};

/** Bits of VIRTIO_INTERRUPT_STATUS. */
enum { VIRTIO_INTERRUPT_USED = 1, VIRTIO_INTERRUPT_CONFIG = 2 };

/** Queues of a network device. */
enum { VIRTIO_RX = 0, VIRTIO_TX = 1, VIRTIO_QUEUES = 2 };

/** Configuration space: at, bytes. */
enum { VIRTIO_NET_CONFIG_MAC = 0, VIRTIO_NET_CONFIG_STATUS = 6, VIRTIO_NET_CONFIG_MTU = 10 };

/** In front of each frame. */
struct virtio_net_header {
    uint8_t flags;    /* VIRTIO_NET_NEEDS_CSUM, VIRTIO_NET_DATA_VALID */
    uint8_t gso_type; /* VIRTIO_NET_GSO_... */
    uint16_t header_length, gso_size, csum_start, csum_offset;
    uint16_t buffers; /* received: how many buffers the frame takes */
};
enum { VIRTIO_NET_NEEDS_CSUM = 1, VIRTIO_NET_DATA_VALID = 2 };
enum {
    VIRTIO_NET_GSO_NONE = 0,
    VIRTIO_NET_GSO_TCP4 = 1,
    VIRTIO_NET_GSO_TCP6 = 4,
    VIRTIO_NET_GSO_ECN = 0x80
};

/** Access to the registers: at 32 bits, or 8 for the configuration space. */
struct virtio_access {
    uint32_t (*read)(void *context, unsigned offset);
    void (*write)(void *context, unsigned offset, uint32_t value);
    uint8_t (*read8)(void *context, unsigned offset);
    void *context;
};

struct virtio {
    struct virtio_access access;
    uint64_t features; /**< that both have */
    uint8_t mac[6];
    uint16_t mtu;
    bool link;
    const char *problem; /**< why the last call failed, a sentence */
    struct virtqueue queue[VIRTIO_QUEUES];
    void *queue_memory[VIRTIO_QUEUES]; /**< vq_bytes(VQ_MAX) each, aligned to 16 */
    uint64_t queue_bus[VIRTIO_QUEUES];
};

static inline bool virtio_has(const struct virtio *v, enum virtio_feature bit)
{
    return v->features >> bit & 1;
}

/**
 * Look at the registers: is a modern network device there? UKERN_OK; UKERN_ENOENT: none;
 * UKERN_ENOSYS: only a legacy one; v->problem says it.
 */
int virtio_probe(struct virtio *v);

/**
 * Reset the device, negotiate, read its address and MTU, set the queues up empty, and let it run.
 * access, queue_memory and queue_bus are set.
 * @return UKERN_OK; UKERN_EIO: it does not do what it must, v->problem says what; then it is
 * stopped (if it heeds that).
 */
int virtio_start(struct virtio *v);

/** Reset the device: it uses no memory any more. false: it does not answer. */
bool virtio_stop(struct virtio *v);

/** Reset one queue alone and set it up empty, if the device can. false: it cannot, reset all. */
bool virtio_restart_queue(struct virtio *v, unsigned queue);

/** Read the link's state again after an interrupt of VIRTIO_INTERRUPT_CONFIG. */
void virtio_read_link(struct virtio *v);

/** Has the device vanished, or does it ask for a reset? v->problem, or NULL. */
const char *virtio_trouble(struct virtio *v);

/** Tell the device of new entries. */
void virtio_kick(struct virtio *v, unsigned queue);

#endif
