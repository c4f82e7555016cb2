/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  A split virtqueue (VirtIO 1.2, section 2.7), driver's side. Pure C over memory that the device
 *  writes, too, and that is therefore never believed: what is in flight is kept in private memory,
 *  and each used entry is checked against it. A queue whose device lied is broken until it is set
 *  up again, and says why.
 */
#ifndef NETDEV_VIRTQUEUE_H
#define NETDEV_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VQ_MAX 256u /* entries of a queue; a power of two */

/** A piece of memory for the device. */
struct vq_segment {
    uint64_t bus; /**< address as the device sees it */
    uint32_t length;
};

/** The three shared parts, as the specification lays them out. */
struct vq_desc {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};
struct vq_avail {
    uint16_t flags, index;
    uint16_t ring[]; /* then: used_event */
};
struct vq_used {
    uint16_t flags, index;
    struct vq_used_entry {
        uint32_t id, length;
    } ring[]; /* then: avail_event */
};

/** What we keep of a descriptor, together: a chain's are those of its head. */
struct vq_slot {
    uint16_t next;     /**< in the chain or the free list */
    uint16_t count;    /**< descriptors of the chain in flight that begins here, else 0 */
    uint32_t capacity; /**< bytes that the device may write */
    uint32_t cookie;
};

struct virtqueue {
    unsigned size;
    bool event_idx;
    const char *broken; /**< NULL, or what the device did wrong */
    struct vq_desc *desc;
    struct vq_avail *avail;
    struct vq_used *used;
    uint64_t bus; /**< of desc */
    size_t avail_offset, used_offset;

    /* Ours alone. */
    unsigned free; /**< descriptors that are free */
    unsigned free_head;
    unsigned in_flight;                /**< chains that the device has */
    uint16_t avail_next, avail_kicked; /* counts: added; added at the last kick */
    uint16_t used_next;                /* count: taken */
    struct vq_slot slot[VQ_MAX];
};

/** Shared memory that a queue of `size` entries needs, bytes. */
size_t vq_bytes(unsigned size);

/**
 * Set an empty queue up in zeroed or old memory.
 * @param size    a power of two, 2 to VQ_MAX.
 * @param memory  vq_bytes(size), aligned to 16; bus: its address for the device.
 */
void vq_init(struct virtqueue *q, unsigned size, void *memory, uint64_t bus, bool event_idx);

/** The head that the next vq_add() will use; only if q->free > 0. */
static inline unsigned vq_next_head(const struct virtqueue *q)
{
    return q->free_head;
}

/**
 * Give the device a chain.
 * @param writable  the device writes it (all of it), else it reads it.
 * @return false: not so many descriptors are free, or the queue is broken.
 */
bool vq_add(struct virtqueue *q, const struct vq_segment *segment, unsigned count, bool writable,
            uint32_t cookie);

/** Let the device see what was added. true: it wants to be told (write the queue's number to
 * QueueNotify). */
bool vq_publish(struct virtqueue *q);

/** Are there used entries to take? */
bool vq_pending(const struct virtqueue *q);

/**
 * Take the next chain that the device has finished with.
 * @param[out] length  bytes that it wrote, at most what it was given.
 * @return false: there is none, or q->broken.
 */
bool vq_take(struct virtqueue *q, uint32_t *cookie, uint32_t *length);

/** Do not interrupt. */
void vq_mute(struct virtqueue *q);

/**
 * Interrupt when `after` more chains (at least 1) are used.
 * @return true: that many are used already, there may be no interrupt.
 */
bool vq_listen(struct virtqueue *q, unsigned after);

#endif
