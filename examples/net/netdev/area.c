/* SPDX-License-Identifier: BSD-2-Clause */
#include "area.h"

#include <string.h>

#define READ(word)         __atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#define WRITE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELAXED)

void area_init(struct area *a, void *memory, size_t size, uint64_t bus, uint32_t buffers,
               unsigned share)
{
    *a = (struct area){.shared = memory,
                       .data_bus = bus + NET_DATA_OFFSET,
                       .data_size = (uint32_t)(size - NET_DATA_OFFSET),
                       .buffers = buffers,
                       .share = share < NET_SLOTS ? share : NET_SLOTS};
    /* Nobody wants to be woken yet: wake_at is behind. */
    a->shared->rx.wake_at = a->shared->done.wake_at = UINT32_MAX;
    a->shared->returned.wake_at = UINT32_MAX;
    a->shared->tx.wake_at = 0;
    a->shared->alive = NET_ALIVE;
}

static bool lie(struct area *a, const char *what)
{
    a->lie = what;
    return false;
}

/* One descriptor, as it is at this moment. */
static struct net_desc read_desc(const struct area *a, uint32_t at)
{
    struct net_desc d;

    memcpy(&d, &a->shared->tx_slot[at % NET_SLOTS], sizeof d);
    __asm__ volatile("" ::: "memory"); /* not again */
    return d;
}

bool area_peek(struct area *a, struct net_desc desc[NET_CHAIN_MAX], unsigned *count,
               uint32_t *length)
{
    uint32_t ready = READ(a->shared->tx.produced) - a->tx_taken;
    unsigned n = 0;

    if (a->lie != NULL || ready == 0)
        return false;
    if (ready > NET_SLOTS - a->on_the_way)
        return lie(a, "it sends more frames at once than there are slots");
    *length = 0;
    do {
        struct net_desc *d = &desc[n];

        if (n == ready || n == NET_CHAIN_MAX)
            return lie(a, "a frame of its has no end");
        *d = read_desc(a, a->tx_taken + n++);
        if (d->length == 0 || d->offset > a->data_size || d->length > a->data_size - d->offset)
            return lie(a, "a frame of its lies outside of its memory");
        *length += d->length; /* NET_AREA_MAX keeps the sum in 32 bits */
    } while (desc[n - 1].flags & NET_MORE);
    *count = n;
    return true;
}

void area_take(struct area *a, unsigned count)
{
    a->tx_taken += count;
    a->on_the_way += count;
}

void area_done(struct area *a, uint32_t id, unsigned count, int status)
{
    a->shared->done_slot[a->done_made++ % NET_SLOTS] =
        (struct net_done){.id = id, .descriptors = (uint16_t)count, .status = (int16_t)status};
    a->on_the_way -= count;
}

bool area_give(struct area *a, const struct nic_frame *f)
{
    if (a->lie != NULL || f->pieces > a->share - a->held) {
        WRITE(a->shared->dropped, ++a->dropped);
        return false;
    }
    for (unsigned i = 0; i < f->pieces; i++) {
        uint32_t buffer = f->piece[i].id;

        a->shared->rx_slot[a->rx_made++ % NET_SLOTS] = f->piece[i];
        a->hold[buffer / 64] |= UINT64_C(1) << buffer % 64;
    }
    a->held += f->pieces;
    return true;
}

bool area_collect(struct area *a, void (*release)(void *context, uint32_t buffer), void *context)
{
    uint32_t produced = READ(a->shared->returned.produced);

    if (a->lie != NULL)
        return false;
    if (produced - a->returned_taken > a->held)
        return lie(a, "it returns more buffers than it holds");
    while (a->returned_taken != produced) {
        uint32_t buffer = READ(a->shared->returned_slot[a->returned_taken % NET_SLOTS]);

        if (buffer >= a->buffers || !(a->hold[buffer / 64] >> buffer % 64 & 1))
            return lie(a, "it returns a buffer that it does not hold");
        a->hold[buffer / 64] &= ~(UINT64_C(1) << buffer % 64);
        a->held--;
        a->returned_taken++;
        release(context, buffer);
    }
    return true;
}

void area_release(struct area *a, void (*release)(void *context, uint32_t buffer), void *context)
{
    for (uint32_t buffer = 0; buffer < a->buffers && a->held > 0; buffer++) {
        if (!(a->hold[buffer / 64] >> buffer % 64 & 1))
            continue;
        a->hold[buffer / 64] &= ~(UINT64_C(1) << buffer % 64);
        a->held--;
        release(context, buffer);
    }
}

static bool publish(struct net_ring *ring, uint32_t *published, uint32_t made)
{
    uint32_t old = *published;

    if (old == made)
        return false;
    __atomic_store_n(&ring->produced, made, __ATOMIC_RELEASE);
    *published = made;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return net_passes(old, made, READ(ring->wake_at));
}

bool area_publish(struct area *a)
{
    bool wake = publish(&a->shared->rx, &a->rx_published, a->rx_made);

    return publish(&a->shared->done, &a->done_published, a->done_made) | wake;
}

bool area_arm(struct area *a)
{
    WRITE(a->shared->tx.wake_at, a->tx_taken);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return a->lie == NULL && READ(a->shared->tx.produced) != a->tx_taken;
}

bool area_wants_done(const struct area *a)
{
    return a->in_flight > 0 && READ(a->shared->done.wake_at) == a->done_made;
}
