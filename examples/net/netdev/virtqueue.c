/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtqueue.h"

#define DESC_NEXT          1u
#define DESC_WRITE         2u
#define AVAIL_NO_INTERRUPT 1u
#define USED_NO_NOTIFY     1u

/* The device reads and writes at any time: each shared word is accessed once, by these. */
#define READ(word)         __atomic_load_n(&(word), __ATOMIC_RELAXED)
#define WRITE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELAXED)

static uint16_t *used_event(const struct virtqueue *q)
{
    return &q->avail->ring[q->size];
}

static uint16_t *avail_event(const struct virtqueue *q)
{
    return (uint16_t *)&q->used->ring[q->size];
}

static size_t used_start(unsigned size)
{
    size_t avail_end =
        size * sizeof(struct vq_desc) + sizeof(struct vq_avail) + (size + 1) * sizeof(uint16_t);

    return (avail_end + 3) & ~(size_t)3;
}

size_t vq_bytes(unsigned size)
{
    return used_start(size) + sizeof(struct vq_used) + size * sizeof(struct vq_used_entry) +
           sizeof(uint16_t);
}

void vq_init(struct virtqueue *q, unsigned size, void *memory, uint64_t bus, bool event_idx)
{
    char *base = memory;

    *q = (struct virtqueue){.size = size, .event_idx = event_idx, .bus = bus, .free = size};
    q->avail_offset = size * sizeof(struct vq_desc);
    q->used_offset = used_start(size);
    q->desc = (struct vq_desc *)(void *)base;
    q->avail = (struct vq_avail *)(void *)(base + q->avail_offset);
    q->used = (struct vq_used *)(void *)(base + q->used_offset);
    for (unsigned i = 0; i < size; i++)
        q->slot[i].next = (uint16_t)(i + 1);
    WRITE(q->avail->flags, 0);
    WRITE(q->avail->index, 0);
    WRITE(q->used->flags, 0);
    WRITE(q->used->index, 0);
    WRITE(*avail_event(q), 0);
    WRITE(*used_event(q), 0);
    vq_mute(q);
}

bool vq_add(struct virtqueue *q, const struct vq_segment *segment, unsigned count, bool writable,
            uint32_t cookie)
{
    unsigned head = q->free_head, i = head;
    uint32_t capacity = 0;

    if (q->broken != NULL || count == 0 || count > q->free)
        return false;
    for (unsigned n = 0; n < count; n++) {
        bool last = n + 1 == count;

        WRITE(q->desc[i].address, segment[n].bus);
        WRITE(q->desc[i].length, segment[n].length);
        WRITE(q->desc[i].flags, (uint16_t)((writable ? DESC_WRITE : 0) | (last ? 0 : DESC_NEXT)));
        WRITE(q->desc[i].next, last ? 0 : q->slot[i].next);
        capacity += writable ? segment[n].length : 0;
        if (last)
            q->free_head = q->slot[i].next;
        else
            i = q->slot[i].next;
    }
    q->free -= count;
    q->in_flight++;
    q->slot[head].count = (uint16_t)count;
    q->slot[head].capacity = capacity;
    q->slot[head].cookie = cookie;
    WRITE(q->avail->ring[q->avail_next % q->size], (uint16_t)head);
    q->avail_next++;
    return true;
}

bool vq_publish(struct virtqueue *q)
{
    uint16_t old = q->avail_kicked, now = q->avail_next;

    if (q->broken != NULL || now == old)
        return false;
    __atomic_store_n(&q->avail->index, now, __ATOMIC_RELEASE);
    q->avail_kicked = now;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!q->event_idx)
        return !(READ(q->used->flags) & USED_NO_NOTIFY);
    return (uint16_t)(now - READ(*avail_event(q)) - 1) < (uint16_t)(now - old);
}

bool vq_pending(const struct virtqueue *q)
{
    return q->broken == NULL && READ(q->used->index) != q->used_next;
}

static bool lie(struct virtqueue *q, const char *what)
{
    q->broken = what;
    return false;
}

/* The chain at `head` is ours again. */
static void release(struct virtqueue *q, unsigned head)
{
    unsigned last = head;

    for (unsigned n = 1; n < q->slot[head].count; n++)
        last = q->slot[last].next;
    q->slot[last].next = (uint16_t)q->free_head;
    q->free_head = head;
    q->free += q->slot[head].count;
    q->slot[head].count = 0;
    q->in_flight--;
}

bool vq_take(struct virtqueue *q, uint32_t *cookie, uint32_t *length)
{
    uint32_t id, written;
    uint16_t ready;

    if (q->broken != NULL) /* it may have no memory: a device that never started */
        return false;
    ready = (uint16_t)(__atomic_load_n(&q->used->index, __ATOMIC_ACQUIRE) - q->used_next);
    if (ready == 0)
        return false;
    if (ready > q->in_flight)
        return lie(q, "the used index went beyond what it was given");
    id = READ(q->used->ring[q->used_next % q->size].id);
    written = READ(q->used->ring[q->used_next % q->size].length);
    if (id >= q->size)
        return lie(q, "a used entry names no descriptor");
    if (q->slot[id].count == 0)
        return lie(q, "a used entry names a buffer that the device does not have");
    if (q->slot[id].capacity != 0 && written > q->slot[id].capacity)
        return lie(q, "a used entry claims more bytes than the buffer has");
    *cookie = q->slot[id].cookie;
    *length = q->slot[id].capacity != 0 ? written : 0;
    release(q, id);
    q->used_next++;
    return true;
}

void vq_mute(struct virtqueue *q)
{
    /* With event_idx the device interrupts once for each time that used_event is moved. */
    if (q->event_idx)
        WRITE(*used_event(q), (uint16_t)(q->used_next - 1));
    else
        WRITE(q->avail->flags, AVAIL_NO_INTERRUPT);
}

bool vq_listen(struct virtqueue *q, unsigned after)
{
    uint16_t used;

    if (q->event_idx)
        WRITE(*used_event(q), (uint16_t)(q->used_next + after - 1));
    else
        WRITE(q->avail->flags, 0);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    used = READ(q->used->index);
    return q->broken == NULL && (uint16_t)(used - q->used_next) >= after;
}
