/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic.h"

#include <string.h>

#define HEADER ((uint32_t)sizeof(struct virtio_net_header))
#define VLAN   4u

_Static_assert(sizeof(struct virtio_net_header) == 12, "as VirtIO 1 has it");

static struct virtqueue *queue(struct nic *n, unsigned i)
{
    return &n->virtio.queue[i];
}

/* ---- Start, trouble, repair. ---- */

/* Buffers that nobody holds are free; the device has none. */
static void collect_buffers(struct nic *n)
{
    n->free = 0;
    for (unsigned i = n->buffers; i-- > 0;)
        if (n->holders[i] == 0)
            n->free_buffer[n->free++] = (uint16_t)i;
}

static void lose_frames(struct nic *n, void (*lost)(const struct nic_sent *sent))
{
    for (unsigned i = 0; i < VQ_MAX; i++) {
        if (n->sent[i].descriptors != 0 && lost != NULL)
            lost(&n->sent[i]);
        n->sent[i].descriptors = 0;
    }
}

int nic_start(struct nic *n, void (*lost)(const struct nic_sent *sent))
{
    int error = virtio_start(&n->virtio);

    n->running = error == UKERN_OK;
    lose_frames(n, lost);
    collect_buffers(n);
    if (n->running)
        nic_push(n);
    return error;
}

const char *nic_trouble(struct nic *n)
{
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        if (queue(n, i)->broken != NULL)
            return queue(n, i)->broken;
    return NULL;
}

int nic_repair(struct nic *n, void (*lost)(const struct nic_sent *sent))
{
    bool rx = queue(n, VIRTIO_RX)->broken != NULL, tx = queue(n, VIRTIO_TX)->broken != NULL;

    n->count.resets++;
    if (n->running && rx != tx && virtio_trouble(&n->virtio) == NULL &&
        virtio_restart_queue(&n->virtio, rx ? VIRTIO_RX : VIRTIO_TX)) {
        if (tx)
            lose_frames(n, lost);
        else
            collect_buffers(n);
        nic_push(n);
        return UKERN_OK;
    }
    return nic_start(n, lost);
}

uint32_t nic_can(const struct nic *n)
{
    const struct virtio *v = &n->virtio;

    return (virtio_has(v, VIRTIO_NET_CSUM) ? NET_CAN_CSUM : 0) |
           (virtio_has(v, VIRTIO_NET_HOST_TSO4) ? NET_CAN_TSO4 : 0) |
           (virtio_has(v, VIRTIO_NET_HOST_TSO6) ? NET_CAN_TSO6 : 0) |
           (virtio_has(v, VIRTIO_NET_GUEST_CSUM) ? NET_GIVES_PARTIAL : 0) |
           (virtio_has(v, VIRTIO_NET_GUEST_TSO4) || virtio_has(v, VIRTIO_NET_GUEST_TSO6)
                ? NET_GIVES_GSO
                : 0);
}

/* ---- Receiving. ---- */

void nic_hold(struct nic *n, uint32_t buffer)
{
    n->holders[buffer]++;
}

void nic_release(struct nic *n, uint32_t buffer)
{
    if (--n->holders[buffer] == 0)
        n->free_buffer[n->free++] = (uint16_t)buffer;
}

static void drop(struct nic *n, const struct nic_frame *f)
{
    n->count.rx_bad++;
    for (unsigned i = 0; i < f->pieces; i++)
        nic_release(n, f->piece[i].id);
}

static uint32_t frame_max(const struct nic *n)
{
    return n->virtio.mtu + NET_FRAME_MIN + VLAN;
}

/* What the device's header says about the frame; false: it contradicts itself. */
static bool read_header(const struct nic *n, const struct virtio_net_header *h, struct nic_frame *f)
{
    struct net_desc *d = &f->piece[0];
    unsigned gso = h->gso_type & ~(unsigned)VIRTIO_NET_GSO_ECN;
    bool partial = h->flags & VIRTIO_NET_NEEDS_CSUM;

    if (virtio_has(&n->virtio, VIRTIO_NET_GUEST_CSUM)) {
        if (partial && ((uint32_t)h->csum_start + h->csum_offset + 2 > f->length))
            return false;
        d->flags |= partial ? NET_CSUM_PARTIAL : 0;
        d->flags |= h->flags & VIRTIO_NET_DATA_VALID ? NET_CSUM_GOOD : 0;
        d->csum_start = h->csum_start;
        d->csum_offset = h->csum_offset;
    }
    if (gso == VIRTIO_NET_GSO_NONE)
        return f->length <= NET_FRAME_MAX;
    if (!(gso == VIRTIO_NET_GSO_TCP4 && virtio_has(&n->virtio, VIRTIO_NET_GUEST_TSO4)) &&
        !(gso == VIRTIO_NET_GSO_TCP6 && virtio_has(&n->virtio, VIRTIO_NET_GUEST_TSO6)))
        return false;
    d->flags |= gso == VIRTIO_NET_GSO_TCP4 ? NET_GSO_TCP4 : NET_GSO_TCP6;
    d->gso_size = h->gso_size;
    d->header_length = h->header_length;
    return h->gso_size != 0 && f->length <= NET_FRAME_MAX;
}

/* The next buffer of a frame; false: there is none. `skip`: bytes before the frame's. */
static bool take_piece(struct nic *n, struct nic_frame *f, uint32_t skip)
{
    struct net_desc *d = &f->piece[f->pieces];
    uint32_t buffer, length;

    if (!vq_take(queue(n, VIRTIO_RX), &buffer, &length))
        return false;
    n->holders[buffer] = 1;
    *d = (struct net_desc){.id = buffer};
    d->offset = buffer * NET_BUFFER_SIZE + NIC_SHIFT + skip;
    d->length = length < skip ? 0 : length - skip;
    f->length += d->length;
    f->pieces++;
    return true;
}

static bool take_frame(struct nic *n, struct nic_frame *f, struct virtio_net_header *h)
{
    unsigned count = 1;

    f->pieces = 0;
    f->length = 0;
    if (!take_piece(n, f, HEADER))
        return false;
    memcpy(h, n->pool + f->piece[0].offset - HEADER, sizeof *h);
    __asm__ volatile("" ::: "memory"); /* read once: clients cannot write it, but the device can */
    if (virtio_has(&n->virtio, VIRTIO_NET_MRG_RXBUF))
        count = h->buffers;
    if (count == 0 || count > NIC_PIECES)
        queue(n, VIRTIO_RX)->broken = "a received frame claims an impossible number of buffers";
    while (f->pieces < count && take_piece(n, f, 0))
        continue;
    if (f->pieces == count)
        return true;
    if (queue(n, VIRTIO_RX)->broken == NULL)
        queue(n, VIRTIO_RX)->broken = "a received frame has fewer buffers than it claims";
    drop(n, f);
    return false;
}

static bool has_empty_piece(const struct nic_frame *f)
{
    for (unsigned i = 0; i < f->pieces; i++)
        if (f->piece[i].length == 0)
            return true;
    return false;
}

bool nic_receive(struct nic *n, struct nic_frame *f)
{
    struct virtio_net_header h;

    while (take_frame(n, f, &h)) {
        if (f->piece[0].length >= NET_FRAME_MIN && !has_empty_piece(f) && read_header(n, &h, f)) {
            n->count.rx_frames++;
            n->count.rx_bytes += f->length;
            for (unsigned i = 0; i + 1 < f->pieces; i++)
                f->piece[i].flags |= NET_MORE;
            return true;
        }
        drop(n, f);
    }
    return false;
}

/* ---- Sending. ---- */

int nic_check(const struct nic *n, const struct net_desc *d, uint32_t length)
{
    uint32_t can = nic_can(n);
    unsigned gso = d->flags & (NET_GSO_TCP4 | NET_GSO_TCP6);

    if (length < NET_FRAME_MIN || length > (gso ? NET_FRAME_MAX : frame_max(n)))
        return UKERN_EINVAL;
    if (d->flags & NET_CSUM_PARTIAL) {
        if (!(can & NET_CAN_CSUM) || (uint32_t)d->csum_start + d->csum_offset + 2 > length)
            return UKERN_EINVAL;
    }
    if (gso == 0)
        return UKERN_OK;
    if (gso == (NET_GSO_TCP4 | NET_GSO_TCP6) || !(d->flags & NET_CSUM_PARTIAL) ||
        !(can & (gso == NET_GSO_TCP4 ? NET_CAN_TSO4 : NET_CAN_TSO6)) || d->gso_size == 0 ||
        d->gso_size > n->virtio.mtu || d->header_length <= d->csum_start ||
        d->header_length >= length)
        return UKERN_EINVAL;
    return UKERN_OK;
}

bool nic_has_room(const struct nic *n, unsigned descriptors)
{
    const struct virtqueue *q = &n->virtio.queue[VIRTIO_TX];

    return n->running && q->broken == NULL && q->free >= descriptors + 1;
}

void nic_send(struct nic *n, const struct net_desc *d, const struct vq_segment *segment,
              unsigned count, const struct nic_sent *sent)
{
    struct virtqueue *q = queue(n, VIRTIO_TX);
    unsigned head = vq_next_head(q);
    struct vq_segment all[NET_CHAIN_MAX + 1];
    struct virtio_net_header h = {0};

    if (d->flags & NET_CSUM_PARTIAL) {
        h.flags = VIRTIO_NET_NEEDS_CSUM;
        h.csum_start = d->csum_start;
        h.csum_offset = d->csum_offset;
    }
    if (d->flags & (NET_GSO_TCP4 | NET_GSO_TCP6)) {
        h.gso_type = d->flags & NET_GSO_TCP4 ? VIRTIO_NET_GSO_TCP4 : VIRTIO_NET_GSO_TCP6;
        h.gso_size = d->gso_size;
        h.header_length = d->header_length;
    }
    n->header[head] = h;
    all[0] = (struct vq_segment){n->header_bus + head * HEADER, HEADER};
    memcpy(&all[1], segment, count * sizeof *segment);
    n->sent[head] = *sent;
    n->count.tx_frames++;
    n->count.tx_bytes += sent->bytes;
    vq_add(q, all, count + 1, false, head);
}

bool nic_reap(struct nic *n, struct nic_sent *sent)
{
    uint32_t head, length;

    if (!vq_take(queue(n, VIRTIO_TX), &head, &length))
        return false;
    *sent = n->sent[head];
    n->sent[head].descriptors = 0;
    return true;
}

/* ---- Telling, being told. ---- */

void nic_push(struct nic *n)
{
    struct virtqueue *rx = queue(n, VIRTIO_RX);

    while (n->free > 0 && rx->free > 0 && rx->broken == NULL) {
        uint32_t buffer = n->free_buffer[--n->free];
        struct vq_segment s = {n->pool_bus + (uint64_t)buffer * NET_BUFFER_SIZE + NIC_SHIFT,
                               NET_BUFFER_SIZE - NIC_SHIFT};

        vq_add(rx, &s, 1, true, buffer);
    }
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++) {
        if (vq_publish(queue(n, i))) {
            virtio_kick(&n->virtio, i);
            n->count.kicks++;
        }
    }
}

void nic_mute(struct nic *n)
{
    if (!n->running)
        return;
    vq_mute(queue(n, VIRTIO_RX));
    vq_mute(queue(n, VIRTIO_TX));
}

bool nic_listen(struct nic *n, bool sent)
{
    struct virtqueue *tx = queue(n, VIRTIO_TX);
    bool ready = n->running && vq_listen(queue(n, VIRTIO_RX), 1);

    /* Half of them at once: fewer interrupts, and the device does not run dry. */
    if (n->running && sent && tx->in_flight > 0)
        ready |= vq_listen(tx, (tx->in_flight + 1) / 2);
    return ready;
}
