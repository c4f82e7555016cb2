/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/task.h>

#define SECOND    UINT64_C(1000000000)
#define PAUSE_MAX (8 * SECOND)
#define STORM     5  /* repairs in a second before the device is left alone for a while */
#define SILENT    4  /* times that no frame has left, before the device is asked why */
#define UNASKED   64 /* interrupts, of which it is asked about one even if frames tell why */

void driver_say(const struct driver *d, const char *format, ...)
{
    char line[160];
    va_list arguments;
    int n = snprintf(line, sizeof line, "[%s] ", d->name);

    va_start(arguments, format);
    vsnprintf(line + n, sizeof line - (size_t)n - 1, format, arguments);
    va_end(arguments);
    printf("%s\n", line);
    fflush(stdout);
}

/* ---- Memory. ---- */

static int lay_out_queues(struct driver *d, size_t room)
{
    struct nic *n = &d->nic;
    struct shm_facts facts;
    size_t queue = (vq_bytes(VQ_MAX) + UKERN_PAGE_SIZE - 1) & ~(size_t)(UKERN_PAGE_SIZE - 1);
    size_t at = 0;
    char *memory;

    d->queues = driver_memory(0, &facts, &memory);
    if (d->queues < 0)
        return d->queues;
    d->room_offset = VIRTIO_QUEUES * queue + UKERN_PAGE_SIZE;
    if (facts.size < d->room_offset + room)
        return UKERN_ENOMEM;
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++, at += queue) {
        n->virtio.queue_memory[i] = memory + at;
        n->virtio.queue_bus[i] = facts.bus_address + at;
    }
    n->header = (struct virtio_net_header *)(void *)(memory + at);
    n->header_bus = facts.bus_address + at;
    d->room = memory + d->room_offset;
    d->room_bus = facts.bus_address + d->room_offset;
    d->room_size = facts.size - d->room_offset;
    return UKERN_OK;
}

static int lay_out_pool(struct driver *d, unsigned buffers)
{
    struct nic *n = &d->nic;
    struct shm_facts facts;
    char *memory;

    d->pool = driver_memory(1, &facts, &memory);
    if (d->pool < 0)
        return d->pool;
    n->pool = (uint8_t *)memory;
    n->pool_bus = facts.bus_address;
    n->buffers = (unsigned)(facts.size / NET_BUFFER_SIZE);
    if (n->buffers > NIC_BUFFERS_MAX)
        n->buffers = NIC_BUFFERS_MAX;
    return n->buffers >= buffers ? UKERN_OK : UKERN_ENOMEM;
}

void driver_bad_memory(const struct driver *d, int error)
{
    driver_say(d, "its memory does not do (%s): set %s.dma := %s", ukern_strerror(error), d->name,
               d->sizes);
}

int driver_open(struct driver *d, ukern_handle port, uint64_t bit, size_t room, unsigned buffers)
{
    int error = driver_registers(d);

    if (error != UKERN_OK)
        return error;
    error = lay_out_queues(d, room);
    if (error == UKERN_OK)
        error = lay_out_pool(d, buffers);
    if (error != UKERN_OK) {
        driver_bad_memory(d, error);
        return error;
    }
    return irq_bind_auto(task_handle("virtio-net-irq"), port, bit);
}

/* ---- Its life. ---- */

static void give_up_for_now(struct driver *d, const char *why)
{
    d->pause = d->pause == 0 ? SECOND : 2 * d->pause;
    if (d->pause > PAUSE_MAX)
        d->pause = PAUSE_MAX;
    d->retry_at = clock_now() + d->pause;
    d->nic.running = false;
    virtio_stop(&d->nic.virtio);
    if (why != d->said) /* not the same each few seconds */
        driver_say(d, "%s; tried again in %u s, and from then on", why,
                   (unsigned)(d->pause / SECOND));
    d->said = why;
    d->changed();
}

static void announce(const struct driver *d)
{
    const struct virtio *v = &d->nic.virtio;

    driver_say(d, "%02x:%02x:%02x:%02x:%02x:%02x, MTU %u, link %s, queues of %u and %u%s%s%s%s",
               v->mac[0], v->mac[1], v->mac[2], v->mac[3], v->mac[4], v->mac[5], v->mtu,
               v->link ? "up" : "down", v->queue[VIRTIO_RX].size, v->queue[VIRTIO_TX].size,
               virtio_has(v, VIRTIO_NET_MRG_RXBUF) ? ", mergeable" : "",
               virtio_has(v, VIRTIO_EVENT_IDX) ? ", event index" : "",
               virtio_has(v, VIRTIO_NET_CSUM) ? ", checksums" : "",
               virtio_has(v, VIRTIO_NET_HOST_TSO4) ? ", segmentation" : "");
}

void driver_begin(struct driver *d)
{
    if (nic_start(&d->nic, d->lost) != UKERN_OK) {
        give_up_for_now(d, d->nic.virtio.problem);
        return;
    }
    d->retry_at = 0;
    d->said = NULL;
    announce(d);
    d->changed();
}

void driver_retry(struct driver *d)
{
    if (d->retry_at != 0 && clock_now() >= d->retry_at)
        driver_begin(d);
}

bool driver_check(struct driver *d)
{
    const char *why = nic_trouble(&d->nic);
    uint64_t now;

    if (!d->nic.running || why == NULL)
        return false;
    now = clock_now();
    if (now - d->storm_start > SECOND) {
        d->storm_start = now;
        d->storm = 0;
        d->pause = 0;
    }
    driver_say(d, "the device misbehaves: %s; it is reset", why);
    if (++d->storm > STORM)
        give_up_for_now(d, "it has been reset too often");
    else if (nic_repair(&d->nic, d->lost) != UKERN_OK)
        give_up_for_now(d, d->nic.virtio.problem);
    else
        d->changed();
    return true;
}

/* Has the device stopped by itself? */
static void look(struct driver *d)
{
    struct virtio *v = &d->nic.virtio;

    if (d->nic.running && virtio_trouble(v) != NULL)
        v->queue[VIRTIO_RX].broken = v->queue[VIRTIO_TX].broken = v->problem;
}

void driver_reaped(struct driver *d, bool any)
{
    d->silent = any || d->nic.virtio.queue[VIRTIO_TX].in_flight == 0 ? 0 : d->silent + 1;
    if (d->silent < SILENT || clock_now() - d->looked < SECOND)
        return;
    d->silent = 0;
    d->looked = clock_now();
    look(d);
}

void driver_interrupt(struct driver *d)
{
    struct virtio *v = &d->nic.virtio;
    bool frames = d->nic.running && vq_pending(&v->queue[VIRTIO_RX]), link = v->link;
    /* Frames that have come tell why, and a register is slow to read. If the configuration has
     * changed as well, the line stays up, and interrupts again once they have been taken: until
     * there is no frame, or it is asked after all. */
    uint32_t status = frames && d->interrupts % UNASKED != 0
                          ? VIRTIO_INTERRUPT_USED
                          : v->access.read(v->access.context, VIRTIO_INTERRUPT_STATUS);

    d->interrupts++;
    v->access.write(v->access.context, VIRTIO_INTERRUPT_ACK, status);
    if (!(status & VIRTIO_INTERRUPT_CONFIG) || !d->nic.running)
        return;
    look(d);
    if (v->queue[VIRTIO_RX].broken != NULL)
        return; /* see driver_check() */
    virtio_read_link(v);
    if (v->link == link)
        return;
    d->link_changes++;
    driver_say(d, "the link is %s", v->link ? "up" : "down");
    d->changed();
}
