/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio.h"

#include <string.h>

#include <ukern/abi/errors.h>

#define PATIENCE     100000u /* reads of a register before a device counts as stuck */
#define MTU          1500u
#define MTU_MIN      68u
#define BIT(n)       (UINT64_C(1) << (n))
#define LINK_UP      1u
#define CONFIG_TRIES 16

static uint32_t get(const struct virtio *v, unsigned offset)
{
    return v->access.read(v->access.context, offset);
}

static void put(const struct virtio *v, unsigned offset, uint32_t value)
{
    v->access.write(v->access.context, offset, value);
}

static int fail(struct virtio *v, int error, const char *problem)
{
    v->problem = problem;
    return error;
}

int virtio_probe(struct virtio *v)
{
    uint32_t version = get(v, VIRTIO_VERSION);

    if (get(v, VIRTIO_MAGIC) != VIRTIO_MAGIC_VALUE || get(v, VIRTIO_DEVICE_ID) != 1)
        return fail(v, UKERN_ENOENT, "there is no VirtIO network device");
    if (version == 1)
        return fail(v, UKERN_ENOSYS,
                    "the device speaks legacy VirtIO only: start QEMU with "
                    "-global virtio-mmio.force-legacy=false");
    if (version != 2)
        return fail(v, UKERN_ENOSYS, "the device speaks an unknown version of virtio-mmio");
    return UKERN_OK;
}

bool virtio_stop(struct virtio *v)
{
    put(v, VIRTIO_STATUS, 0);
    for (unsigned i = 0; i < PATIENCE; i++)
        if (get(v, VIRTIO_STATUS) == 0)
            return true;
    v->problem = "the device does not come out of its reset";
    return false;
}

/* ---- Features. ---- */

static uint64_t offered(const struct virtio *v)
{
    uint64_t low, high;

    put(v, VIRTIO_DEVICE_FEATURES_SEL, 0);
    low = get(v, VIRTIO_DEVICE_FEATURES);
    put(v, VIRTIO_DEVICE_FEATURES_SEL, 1);
    high = get(v, VIRTIO_DEVICE_FEATURES);
    return low | high << 32;
}

/* What to accept of what is offered. */
static uint64_t choose(uint64_t f)
{
    f &= BIT(VIRTIO_NET_CSUM) | BIT(VIRTIO_NET_GUEST_CSUM) | BIT(VIRTIO_NET_MTU) |
         BIT(VIRTIO_NET_MAC) | BIT(VIRTIO_NET_GUEST_TSO4) | BIT(VIRTIO_NET_GUEST_TSO6) |
         BIT(VIRTIO_NET_HOST_TSO4) | BIT(VIRTIO_NET_HOST_TSO6) | BIT(VIRTIO_NET_MRG_RXBUF) |
         BIT(VIRTIO_NET_STATUS) | BIT(VIRTIO_EVENT_IDX) | BIT(VIRTIO_VERSION_1) |
         BIT(VIRTIO_RING_RESET);
    if (!(f & BIT(VIRTIO_NET_CSUM)))
        f &= ~(BIT(VIRTIO_NET_HOST_TSO4) | BIT(VIRTIO_NET_HOST_TSO6));
    /* What is larger than a buffer must come in several. */
    if (!(f & BIT(VIRTIO_NET_GUEST_CSUM)) || !(f & BIT(VIRTIO_NET_MRG_RXBUF)))
        f &= ~(BIT(VIRTIO_NET_GUEST_TSO4) | BIT(VIRTIO_NET_GUEST_TSO6));
    if (!(f & BIT(VIRTIO_NET_MRG_RXBUF)))
        f &= ~BIT(VIRTIO_NET_MTU); /* it might be more than a buffer holds */
    return f;
}

static int negotiate(struct virtio *v)
{
    v->features = choose(offered(v));
    if (!virtio_has(v, VIRTIO_VERSION_1))
        return fail(v, UKERN_EIO, "the device does not offer VirtIO 1");
    put(v, VIRTIO_DRIVER_FEATURES_SEL, 0);
    put(v, VIRTIO_DRIVER_FEATURES, (uint32_t)v->features);
    put(v, VIRTIO_DRIVER_FEATURES_SEL, 1);
    put(v, VIRTIO_DRIVER_FEATURES, (uint32_t)(v->features >> 32));
    put(v, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
    if (!(get(v, VIRTIO_STATUS) & VIRTIO_FEATURES_OK))
        return fail(v, UKERN_EIO, "the device does not accept the features that it offered");
    return UKERN_OK;
}

/* ---- Configuration. ---- */

/* Bytes of the configuration space that belong together: read until it does not change meanwhile.
 */
static bool read_config(struct virtio *v, unsigned at, void *to, unsigned n)
{
    uint8_t *bytes = to;

    for (unsigned i = 0; i < CONFIG_TRIES; i++) {
        uint32_t generation = get(v, VIRTIO_CONFIG_GENERATION);

        for (unsigned k = 0; k < n; k++)
            bytes[k] = v->access.read8(v->access.context, VIRTIO_CONFIG + at + k);
        if (get(v, VIRTIO_CONFIG_GENERATION) == generation)
            return true;
    }
    v->problem = "the device's configuration never stands still";
    return false;
}

static int read_facts(struct virtio *v)
{
    /* Of nobody in particular: locally administered. */
    static const uint8_t own_mac[6] = {0x02, 0x75, 0x6b, 0x65, 0x72, 0x6e};
    static const uint8_t no_mac[6];
    uint8_t two[2];

    memcpy(v->mac, own_mac, sizeof v->mac);
    if (virtio_has(v, VIRTIO_NET_MAC)) {
        if (!read_config(v, VIRTIO_NET_CONFIG_MAC, v->mac, sizeof v->mac))
            return UKERN_EIO;
        if ((v->mac[0] & 1) || memcmp(v->mac, no_mac, sizeof no_mac) == 0)
            return fail(v, UKERN_EIO, "the device's address is not that of one station");
    }
    v->mtu = MTU;
    if (virtio_has(v, VIRTIO_NET_MTU)) {
        if (!read_config(v, VIRTIO_NET_CONFIG_MTU, two, sizeof two))
            return UKERN_EIO;
        v->mtu = (uint16_t)(two[0] | two[1] << 8);
        if (v->mtu < MTU_MIN)
            return fail(v, UKERN_EIO, "the device's MTU is less than 68 bytes");
    }
    v->link = true;
    virtio_read_link(v);
    return UKERN_OK;
}

void virtio_read_link(struct virtio *v)
{
    uint8_t two[2];

    if (virtio_has(v, VIRTIO_NET_STATUS) &&
        read_config(v, VIRTIO_NET_CONFIG_STATUS, two, sizeof two))
        v->link = (two[0] & LINK_UP) != 0;
}

/* ---- Queues. ---- */

static void put_address(const struct virtio *v, unsigned offset, uint64_t bus)
{
    put(v, offset, (uint32_t)bus);
    put(v, offset + 4, (uint32_t)(bus >> 32));
}

/* The queue is selected and not ready. */
static int set_up_queue(struct virtio *v, unsigned n)
{
    struct virtqueue *q = &v->queue[n];
    uint32_t most = get(v, VIRTIO_QUEUE_NUM_MAX);
    unsigned size = VQ_MAX;

    while (size > most)
        size /= 2;
    if (size < 2)
        return fail(v, UKERN_EIO, "the device has no queue for frames");
    vq_init(q, size, v->queue_memory[n], v->queue_bus[n], virtio_has(v, VIRTIO_EVENT_IDX));
    put(v, VIRTIO_QUEUE_NUM, size);
    put_address(v, VIRTIO_QUEUE_DESC, q->bus);
    put_address(v, VIRTIO_QUEUE_DRIVER, q->bus + q->avail_offset);
    put_address(v, VIRTIO_QUEUE_DEVICE, q->bus + q->used_offset);
    put(v, VIRTIO_QUEUE_READY, 1);
    if (get(v, VIRTIO_QUEUE_READY) != 1)
        return fail(v, UKERN_EIO, "the device does not take the memory for its queue");
    return UKERN_OK;
}

static int set_up_queues(struct virtio *v)
{
    int error = UKERN_OK;

    for (unsigned n = 0; n < VIRTIO_QUEUES && error == UKERN_OK; n++) {
        put(v, VIRTIO_QUEUE_SEL, n);
        if (get(v, VIRTIO_QUEUE_READY) != 0)
            return fail(v, UKERN_EIO, "the device's queue is in use after a reset");
        error = set_up_queue(v, n);
    }
    return error;
}

bool virtio_restart_queue(struct virtio *v, unsigned queue)
{
    unsigned tries = 0;

    if (!virtio_has(v, VIRTIO_RING_RESET))
        return false;
    put(v, VIRTIO_QUEUE_SEL, queue);
    put(v, VIRTIO_QUEUE_RESET, 1);
    while (get(v, VIRTIO_QUEUE_RESET) != 0)
        if (tries++ == PATIENCE)
            return false;
    /* A transport that does not know the register reads as 0, too; but its queue stays ready. */
    return get(v, VIRTIO_QUEUE_READY) == 0 && set_up_queue(v, queue) == UKERN_OK;
}

/* ---- The device. ---- */

int virtio_start(struct virtio *v)
{
    int error;

    v->problem = NULL;
    for (unsigned n = 0; n < VIRTIO_QUEUES; n++)
        v->queue[n].broken = "the device is not running";
    error = virtio_probe(v);
    if (error == UKERN_OK && !virtio_stop(v))
        error = UKERN_EIO;
    if (error != UKERN_OK)
        return error;
    put(v, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE);
    put(v, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    error = negotiate(v);
    if (error == UKERN_OK)
        error = read_facts(v);
    if (error == UKERN_OK)
        error = set_up_queues(v);
    if (error == UKERN_OK) {
        put(v, VIRTIO_STATUS,
            VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
        if (virtio_trouble(v) == NULL)
            return UKERN_OK;
        error = UKERN_EIO;
    }
    put(v, VIRTIO_STATUS, VIRTIO_FAILED);
    put(v, VIRTIO_STATUS, 0);
    return error;
}

const char *virtio_trouble(struct virtio *v)
{
    if (get(v, VIRTIO_MAGIC) != VIRTIO_MAGIC_VALUE || get(v, VIRTIO_DEVICE_ID) != 1)
        return v->problem = "the device is gone";
    if (get(v, VIRTIO_STATUS) & VIRTIO_NEEDS_RESET)
        return v->problem = "the device asks for a reset";
    if (!(get(v, VIRTIO_STATUS) & VIRTIO_DRIVER_OK))
        return v->problem = "the device has stopped";
    return NULL;
}

void virtio_kick(struct virtio *v, unsigned queue)
{
    put(v, VIRTIO_QUEUE_NOTIFY, queue);
}
