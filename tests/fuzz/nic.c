/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netdev's driver against a device that the input plays: it answers registers, and writes whatever it
 * likes into the queues and the buffers, between any two steps of the driver. Whatever it does,
 * buffers are conserved, and what is said about a frame is true of it.
 */
#include <stdlib.h>
#include <string.h>

#include "../../examples/net/netdev/nic.h"
#include "fuzz.h"
#include "device.h"

#define BUFFERS 544u
#define HELD    64u

static struct nic nic;
static uint16_t held[HELD];
static uint8_t pool[BUFFERS * NET_BUFFER_SIZE];
static unsigned holds, steps;

static void lost(const struct nic_sent *sent)
{
    MUST(sent->bytes == 60 && sent->descriptors == 1);
}

/* Free, posted or held: each buffer once. */
static void check(void)
{
    static bool is_free[BUFFERS];
    unsigned count = 0;

    memset(is_free, 0, sizeof is_free);
    for (unsigned i = 0; i < nic.free; i++) {
        MUST(nic.free_buffer[i] < BUFFERS && !is_free[nic.free_buffer[i]]);
        is_free[nic.free_buffer[i]] = true;
    }
    for (unsigned i = 0; i < BUFFERS; i++) {
        MUST(!is_free[i] || nic.holders[i] == 0);
        count += nic.holders[i] > 0;
    }
    if (nic_trouble(&nic) == NULL)
        MUST(nic.free + count + nic.virtio.queue[VIRTIO_RX].in_flight == BUFFERS);
}

/* ---- The driver. ---- */

static void receive(void)
{
    struct nic_frame f;
    uint32_t sum = 0;

    if (!nic_receive(&nic, &f))
        return;
    MUST(f.pieces >= 1 && f.pieces <= NIC_PIECES);
    for (unsigned i = 0; i < f.pieces; i++) {
        const struct net_desc *d = &f.piece[i];

        MUST(d->id < BUFFERS && d->offset / NET_BUFFER_SIZE == d->id && d->length > 0);
        MUST(d->offset % NET_BUFFER_SIZE + d->length <= NET_BUFFER_SIZE);
        MUST(!(d->flags & NET_MORE) == (i + 1 == f.pieces));
        sum += d->length;
        if (holds < HELD && byte() % 4 == 0)
            held[holds++] = (uint16_t)d->id;
        else
            nic_release(&nic, d->id);
    }
    MUST(sum == f.length && f.length >= NET_FRAME_MIN && f.length <= NET_FRAME_MAX);
    if (f.piece[0].flags & NET_CSUM_PARTIAL)
        MUST((uint32_t)f.piece[0].csum_start + f.piece[0].csum_offset + 2 <= f.length);
}

static void send(void)
{
    static uint8_t bytes[60];
    struct net_desc d = {.length = 60};

    if (nic_has_room(&nic, 1))
        nic_send(&nic, &d, &(struct vq_segment){(uintptr_t)bytes, 60}, 1,
                 &(struct nic_sent){NULL, 9, 1, 60});
}

static void reap(void)
{
    struct nic_sent sent;

    while (nic_reap(&nic, &sent))
        lost(&sent);
}

static void step(void)
{
    switch (byte() % 16) {
    case 0:
    case 1:
    case 2:
        device_step();
        break;
    case 3:
        while (holds > 0)
            nic_release(&nic, held[--holds]);
        break;
    case 4:
        nic_mute(&nic);
        nic_listen(&nic, byte() & 1);
        break;
    case 5:
        reap();
        break;
    case 6:
        send();
        break;
    case 7:
        device_use_next(VIRTIO_TX);
        break;
    case 8:
        nic_push(&nic);
        break;
    case 9:
        virtio_read_link(&nic.virtio);
        break;
    case 10:
    case 11:
        receive();
        break;
    default:
        device_use_next(VIRTIO_RX);
        break;
    }
    if (nic_trouble(&nic) != NULL || !nic.running)
        nic_repair(&nic, lost);
    if (++steps % 16 == 0)
        check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&nic, 0, sizeof nic);
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++) {
        nic.virtio.queue_memory[i] = malloc(vq_bytes(VQ_MAX));
        memset(nic.virtio.queue_memory[i], 0, vq_bytes(VQ_MAX));
        nic.virtio.queue_bus[i] = (uintptr_t)nic.virtio.queue_memory[i];
    }
    nic.buffers = BUFFERS;
    nic.pool = pool;
    nic.pool_bus = (uintptr_t)nic.pool;
    nic.header = calloc(VQ_MAX, sizeof *nic.header);
    nic.header_bus = (uintptr_t)nic.header;
    device_begin(&nic);
    holds = 0;
    fuzz_begin(data, size);
    nic_start(&nic, NULL);
    while (fuzz_at < fuzz_end)
        step();
    check();
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        free(nic.virtio.queue_memory[i]);
    free(nic.header);
    return 0;
}
