/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  A VirtIO network device that the input plays: it answers registers, and writes whatever it likes
 *  into the queues and the buffers, between any two steps of its driver. Include it once, after
 *  fuzz.h.
 */
#ifndef FUZZ_DEVICE_H
#define FUZZ_DEVICE_H

#include <stdbool.h>
#include <string.h>

#include "../../examples/net/netdev/nic.h"
#include "fuzz.h"

static struct nic *device_nic; /* of its driver */
static struct {
    uint32_t status, sel, lies; /* lies: how many registers are read wrongly from now on */
    unsigned rarity; /* it misbehaves in one of so many steps that allow it; 0: in each */
    bool ready[VIRTIO_QUEUES];
    bool interrupt, honest; /* honest: it obeys, but says nothing by itself */
    bool down;              /* its link */
    uint16_t used[VIRTIO_QUEUES], seen[VIRTIO_QUEUES];
} device;

static uint32_t device_read(void *context, unsigned offset)
{
    (void)context;
    if (device.lies > 0) {
        device.lies--;
        return four();
    }
    switch (offset) {
    case VIRTIO_MAGIC:
        return VIRTIO_MAGIC_VALUE;
    case VIRTIO_VERSION:
        return 2;
    case VIRTIO_DEVICE_ID:
        return 1;
    case VIRTIO_DEVICE_FEATURES:
        return UINT32_MAX;
    case VIRTIO_QUEUE_NUM_MAX:
        return 1024;
    case VIRTIO_QUEUE_READY:
        return device.ready[device.sel];
    case VIRTIO_STATUS:
        return device.status;
    case VIRTIO_INTERRUPT_STATUS:
        return VIRTIO_INTERRUPT_USED | (device.interrupt ? VIRTIO_INTERRUPT_CONFIG : 0u);
    default:
        return 0;
    }
}

static void device_reset_queue(unsigned q)
{
    device.ready[q] = false;
    device.used[q] = device.seen[q] = 0;
}

static void device_write(void *context, unsigned offset, uint32_t value)
{
    (void)context;
    if (offset == VIRTIO_STATUS)
        device.status = value;
    if (offset == VIRTIO_STATUS && value == 0)
        for (unsigned q = 0; q < VIRTIO_QUEUES; q++)
            device_reset_queue(q);
    if (offset == VIRTIO_QUEUE_SEL)
        device.sel = value % VIRTIO_QUEUES;
    if (offset == VIRTIO_QUEUE_RESET)
        device_reset_queue(device.sel);
    if (offset == VIRTIO_QUEUE_READY)
        device.ready[device.sel] = value != 0;
}

static uint8_t device_config(void *context, unsigned offset)
{
    static const uint8_t config[12] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 0, 1, 0, 0xdc, 0x05};

    (void)context;
    if (offset == VIRTIO_CONFIG + VIRTIO_NET_CONFIG_STATUS)
        return !device.down;
    return config[(offset - VIRTIO_CONFIG) % sizeof config];
}

static inline void device_begin(struct nic *n)
{
    memset(&device, 0, sizeof device);
    device_nic = n;
    n->virtio.access = (struct virtio_access){device_read, device_write, device_config, NULL};
}

/* A used entry, whatever it says. */
static void device_use(unsigned q, uint32_t id, uint32_t length)
{
    struct virtqueue *v = &device_nic->virtio.queue[q];

    if (v->size == 0)
        return;
    v->used->ring[device.used[q] % v->size] = (struct vq_used_entry){id, length};
    v->used->index = ++device.used[q];
}

/* By the rules, but for what is said of the frame. */
static void device_use_next(unsigned q)
{
    struct virtqueue *v = &device_nic->virtio.queue[q];
    uint32_t head;

    if (v->size == 0 || v->avail->index == device.seen[q])
        return;
    head = v->avail->ring[device.seen[q]++ % v->size];
    if (q == VIRTIO_RX) {
        uint8_t *header =
            device_nic->pool +
            (size_t)(v->slot[head % VQ_MAX].cookie % device_nic->buffers) * NET_BUFFER_SIZE +
            NIC_SHIFT;
        unsigned what = byte();

        memset(header, 0, sizeof(struct virtio_net_header));
        for (unsigned i = 0; (what & 3) == 3 && i < 10; i++)
            header[i] = (uint8_t)byte();
        header[10] = (uint8_t)(what & 4 ? byte() : 1);
        header[12] = 0xff; /* to all, mostly */
        for (unsigned i = 12; (what & 16) && i < 26; i++)
            header[i] = (uint8_t)byte();
        device_use(q, head, what & 8 ? byte() * 17 : 12 + 14 + byte());
    } else {
        device_use(q, head, byte());
    }
}

static void device_scribble(unsigned q)
{
    uint8_t *memory = device_nic->virtio.queue_memory[q];

    for (unsigned n = 1 + byte() % 4; n > 0; n--)
        memory[four() % vq_bytes(VQ_MAX)] = (uint8_t)byte();
}

/* One thing that a device may do. */
static inline void device_step(void)
{
    unsigned what = byte() % 8;

    if (what < 3 && device.rarity > 1 && byte() % device.rarity != 0)
        what = 7;
    switch (what) {
    case 0:
        device_use(byte() % VIRTIO_QUEUES, four(), four());
        break;
    case 1:
        device_scribble(byte() % VIRTIO_QUEUES);
        break;
    case 2:
        device.status |= byte() & VIRTIO_NEEDS_RESET;
        device.interrupt = byte() & 1;
        device.lies = byte() % 8 == 0 ? byte() % 16 : 0;
        break;
    case 3:
    case 4:
        device_use_next(VIRTIO_TX);
        break;
    default:
        device_use_next(VIRTIO_RX);
        break;
    }
}

#endif
