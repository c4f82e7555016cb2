/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device and the memory that it reaches. All of that memory is made by init, which also resets
 * the device before it starts this program again: so no memory is ever freed while the device may
 * write it.
 *
 *   dma0          queues, frame headers, buffers for what simple clients send
 *   dma1          the pool of receive buffers
 *   dma2 ...      one area for each bulk client
 */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/task.h>

#include "netdev.h"

#define SECOND      UINT64_C(1000000000)
#define PAUSE_MAX   (8 * SECOND)
#define STORM       5 /* repairs in a second before the device is left alone for a while */
#define READ_WRITE  (UKERN_PROT_READ | UKERN_PROT_WRITE)
#define BUFFERS_MIN (2 * VQ_MAX + CLIENTS_MAX * CLIENT_QUEUE)

struct netdev netdev;

static volatile uint32_t *registers;

void say(const char *format, ...)
{
    char line[160];
    va_list arguments;
    int n = snprintf(line, sizeof line, "[netdev] ");

    va_start(arguments, format);
    vsnprintf(line + n, sizeof line - (size_t)n - 1, format, arguments);
    va_end(arguments);
    printf("%s\n", line);
    fflush(stdout);
}

/* ---- Registers. ---- */

static uint32_t read32(void *context, unsigned offset)
{
    (void)context;
    return registers[offset / 4];
}

static void write32(void *context, unsigned offset, uint32_t value)
{
    (void)context;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* what memory holds is seen before */
    registers[offset / 4] = value;
}

static uint8_t read8(void *context, unsigned offset)
{
    (void)context;
    return ((volatile uint8_t *)registers)[offset];
}

static int map_registers(void)
{
    struct virtio probe = {.access = {read32, write32, read8, NULL}};
    struct shm_facts facts;
    void *page;
    unsigned found = 0;
    int error = shm_info(task_handle("virtio-net"), &facts);

    if (error == UKERN_OK)
        error = shm_map(task_handle("virtio-net"), 0, 0, READ_WRITE, NULL, &page);
    if (error != UKERN_OK) {
        say("no device was granted: set netdev.devices := virtio-net");
        return error;
    }
    /* The page has eight devices, of which one is ours. */
    for (size_t at = 0; at < facts.size; at += VIRTIO_SLOT_SIZE) {
        volatile uint32_t *first = registers;

        registers = (volatile uint32_t *)((char *)page + at);
        if (virtio_probe(&probe) == UKERN_ENOENT || found++ > 0)
            registers = first;
    }
    if (found > 1)
        say("there are %u network devices in one page; only the first is driven", found);
    return found > 0 ? UKERN_OK : UKERN_ENOENT;
}

/* ---- Memory. ---- */

static ukern_handle open_dma(unsigned i, struct shm_facts *facts, char **memory)
{
    char name[8];
    void *address;
    ukern_handle h;
    int error;

    snprintf(name, sizeof name, "dma%u", i);
    h = task_handle(name);
    if (h < 0)
        return h;
    error = shm_info(h, facts);
    if (error == UKERN_OK)
        error = shm_map(h, 0, 0, READ_WRITE, NULL, &address);
    if (error != UKERN_OK)
        return error;
    *memory = address;
    return h;
}

static int lay_out_queues(void)
{
    struct nic *n = &netdev.nic;
    struct shm_facts facts;
    size_t queue = (vq_bytes(VQ_MAX) + UKERN_PAGE_SIZE - 1) & ~(size_t)(UKERN_PAGE_SIZE - 1);
    size_t at = 0;
    char *memory;

    netdev.queues = open_dma(0, &facts, &memory);
    if (netdev.queues < 0)
        return netdev.queues;
    netdev.send_offset = VIRTIO_QUEUES * queue + UKERN_PAGE_SIZE;
    if (facts.size < netdev.send_offset + SEND_BUFFERS * NET_BUFFER_SIZE)
        return UKERN_ENOMEM;
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++, at += queue) {
        n->virtio.queue_memory[i] = memory + at;
        n->virtio.queue_bus[i] = facts.bus_address + at;
    }
    n->header = (struct virtio_net_header *)(void *)(memory + at);
    n->header_bus = facts.bus_address + at;
    netdev.send_bus = facts.bus_address + netdev.send_offset;
    for (unsigned i = 0; i < SEND_BUFFERS; i++)
        netdev.send_free[netdev.send_count++] = (uint8_t)i;
    return UKERN_OK;
}

static int lay_out_pool(void)
{
    struct nic *n = &netdev.nic;
    struct shm_facts facts;
    char *memory;

    netdev.pool = open_dma(1, &facts, &memory);
    if (netdev.pool < 0)
        return netdev.pool;
    n->pool = (uint8_t *)memory;
    n->pool_bus = facts.bus_address;
    n->buffers = (unsigned)(facts.size / NET_BUFFER_SIZE);
    if (n->buffers > NIC_BUFFERS_MAX)
        n->buffers = NIC_BUFFERS_MAX;
    return n->buffers >= BUFFERS_MIN ? UKERN_OK : UKERN_ENOMEM;
}

static int lay_out_areas(void)
{
    struct shm_facts facts;

    while (netdev.slots < AREAS_MAX) {
        struct slot *s = &netdev.slot[netdev.slots];

        s->shm = open_dma(2 + netdev.slots, &facts, &s->memory);
        if (s->shm == UKERN_ENOENT)
            break;
        if (s->shm < 0)
            return s->shm;
        if (facts.size < 2 * NET_DATA_OFFSET || facts.size > NET_AREA_MAX)
            return UKERN_ENOMEM;
        s->size = facts.size;
        s->bus = facts.bus_address;
        s->port = -1;
        netdev.slots++;
    }
    /* The device's queue can always be filled, whatever clients hold. */
    if (netdev.slots > 0)
        netdev.share = (netdev.nic.buffers - VQ_MAX - CLIENTS_MAX * CLIENT_QUEUE) / netdev.slots;
    return UKERN_OK;
}

int device_open(void)
{
    int error = map_registers();

    if (error != UKERN_OK)
        return error;
    error = lay_out_queues();
    if (error == UKERN_OK)
        error = lay_out_pool();
    if (error == UKERN_OK)
        error = lay_out_areas();
    if (error != UKERN_OK) {
        say("its memory does not do (%s): set netdev.dma := 256K 4M 1M, and a further size for "
            "each "
            "further bulk client",
            ukern_strerror(error));
        return error;
    }
    netdev.port = task_handle("port");
    netdev.irq = task_handle("virtio-net-irq");
    netdev.nic.virtio.access = (struct virtio_access){read32, write32, read8, NULL};
    return irq_bind(netdev.irq, netdev.port, BIT_INTERRUPT);
}

/* ---- Its life. ---- */

static void lost(const struct nic_sent *sent)
{
    sent_done(sent, UKERN_EIO);
}

static void tell_areas(void)
{
    for (unsigned i = 0; i < netdev.slots; i++) {
        struct slot *s = &netdev.slot[i];

        if (s->client == NULL)
            continue;
        s->area.shared->link = netdev.nic.running && netdev.nic.virtio.link;
        s->area.shared->resets = (uint32_t)netdev.nic.count.resets;
        notify(s->port, s->bits);
    }
}

static void give_up_for_now(const char *why)
{
    netdev.pause = netdev.pause == 0 ? SECOND : 2 * netdev.pause;
    if (netdev.pause > PAUSE_MAX)
        netdev.pause = PAUSE_MAX;
    netdev.retry_at = clock_now() + netdev.pause;
    netdev.nic.running = false;
    virtio_stop(&netdev.nic.virtio);
    if (why != netdev.said) /* not the same each few seconds */
        say("%s; tried again in %u s, and from then on", why, (unsigned)(netdev.pause / SECOND));
    netdev.said = why;
    tell_areas();
}

static void announce(void)
{
    const struct virtio *v = &netdev.nic.virtio;

    say("%02x:%02x:%02x:%02x:%02x:%02x, MTU %u, link %s, queues of %u and %u%s%s%s%s", v->mac[0],
        v->mac[1], v->mac[2], v->mac[3], v->mac[4], v->mac[5], v->mtu, v->link ? "up" : "down",
        v->queue[VIRTIO_RX].size, v->queue[VIRTIO_TX].size,
        virtio_has(v, VIRTIO_NET_MRG_RXBUF) ? ", mergeable" : "",
        virtio_has(v, VIRTIO_EVENT_IDX) ? ", event index" : "",
        virtio_has(v, VIRTIO_NET_CSUM) ? ", checksums" : "",
        virtio_has(v, VIRTIO_NET_HOST_TSO4) ? ", segmentation" : "");
}

void device_begin(void)
{
    if (nic_start(&netdev.nic, lost) != UKERN_OK) {
        give_up_for_now(netdev.nic.virtio.problem);
        return;
    }
    netdev.retry_at = 0;
    netdev.said = NULL;
    announce();
    tell_areas();
}

void device_retry(void)
{
    if (netdev.retry_at != 0 && clock_now() >= netdev.retry_at)
        device_begin();
}

bool device_check(void)
{
    const char *why = nic_trouble(&netdev.nic);
    uint64_t now;

    if (!netdev.nic.running || why == NULL)
        return false;
    now = clock_now();
    if (now - netdev.storm_start > SECOND) {
        netdev.storm_start = now;
        netdev.storm = 0;
        netdev.pause = 0;
    }
    say("the device misbehaves: %s; it is reset", why);
    if (++netdev.storm > STORM)
        give_up_for_now("it has been reset too often");
    else if (nic_repair(&netdev.nic, lost) != UKERN_OK)
        give_up_for_now(netdev.nic.virtio.problem);
    else
        tell_areas();
    return true;
}

void device_look(void)
{
    struct virtio *v = &netdev.nic.virtio;

    if (netdev.nic.running && virtio_trouble(v) != NULL)
        v->queue[VIRTIO_RX].broken = v->queue[VIRTIO_TX].broken = v->problem;
}

void device_interrupt(void)
{
    struct virtio *v = &netdev.nic.virtio;
    uint32_t status = read32(NULL, VIRTIO_INTERRUPT_STATUS);
    bool link = v->link;

    netdev.interrupts++;
    write32(NULL, VIRTIO_INTERRUPT_ACK, status);
    irq_ack(netdev.irq);
    if (!(status & VIRTIO_INTERRUPT_CONFIG) || !netdev.nic.running)
        return;
    device_look();
    if (v->queue[VIRTIO_RX].broken != NULL)
        return; /* see device_check() */
    virtio_read_link(v);
    if (v->link == link)
        return;
    netdev.link_changes++;
    say("the link is %s", v->link ? "up" : "down");
    tell_areas();
}
