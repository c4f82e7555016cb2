/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netserv that drives the device itself, under a device that lies: netserv touches no memory but its
 * own, no buffer and no place of a frame is lost or had twice, and when the device behaves again, it
 * sends and receives as ever.
 */
#include "fuzz.h"
#include "link.h"
#undef STORM
#include "../../examples/net/netdev/driver.c"

#include "device.h"

#define BUFFERS 600u
#define QUEUES  (768u * 1024)

static struct driver *driver;
static uint8_t *queues, *pool;

/* ---- What init grants. ---- */

ukern_handle task_handle(const char *name)
{
    return strncmp(name, "virtio-net", 10) == 0 ? 5 : UKERN_ENOENT;
}

int irq_bind_auto(ukern_handle irq, ukern_handle port, uint64_t bits)
{
    (void)port, (void)bits;
    MUST(irq == 5);
    return UKERN_OK;
}

int driver_registers(struct driver *d)
{
    driver = d;
    device_begin(&d->nic);
    return UKERN_OK;
}

ukern_handle driver_memory(unsigned i, struct shm_facts *facts, char **memory)
{
    uint8_t **bytes = i == 0 ? &queues : &pool;

    facts->size = i == 0 ? QUEUES : BUFFERS * NET_BUFFER_SIZE;
    MUST(posix_memalign((void **)bytes, 4096, facts->size) == 0);
    memset(*bytes, 0, facts->size);
    facts->bus_address = (uintptr_t)*bytes;
    *memory = (char *)*bytes;
    return 10 + (ukern_handle)i;
}

/* ---- */

/* What is sent lies in a place of its own, and leaves by the device. */
static void check(void)
{
    static bool place[VQ_MAX];
    const struct nic *n = &driver->nic;
    unsigned held = 0;

    memset(place, 0, sizeof place);
    for (unsigned i = 0; i < VQ_MAX; i++)
        if (n->sent[i].descriptors != 0) {
            MUST(n->sent[i].id < VQ_MAX && !place[n->sent[i].id]);
            place[n->sent[i].id] = true;
        }
    for (unsigned i = 0; i < BUFFERS; i++) {
        MUST(n->holders[i] <= 1);
        held += n->holders[i];
    }
    if (n->running && nic_trouble(&driver->nic) == NULL)
        MUST(n->free + held + n->virtio.queue[VIRTIO_RX].in_flight == BUFFERS);
}

/* A frame comes, by the rules. */
static void receive(void)
{
    struct virtqueue *v = &driver->nic.virtio.queue[VIRTIO_RX];
    uint32_t head;
    uint8_t *at;

    if (v->size == 0 || v->broken != NULL || v->avail->index == device.seen[VIRTIO_RX])
        return;
    head = v->avail->ring[device.seen[VIRTIO_RX]++ % v->size] % VQ_MAX;
    at = pool + (size_t)(v->slot[head].cookie % BUFFERS) * NET_BUFFER_SIZE + NIC_SHIFT;
    memset(at, 0, 12);
    at[10] = 1;
    device_use(VIRTIO_RX, head, 12 + (uint32_t)link_frame(at + 12));
}

static void step(void)
{
    switch (byte() % 8) {
    case 0:
    case 1:
        device_step();
        break;
    case 2:
        link_clock += four() % SECOND * (1 + byte() % 3);
        link_run();
        break;
    case 3:
    case 4:
        if (byte() % 4 != 0)
            link_woken(WIRE_BITS);
        link_run();
        break;
    case 5:
        device_use_next(VIRTIO_TX);
        break;
    default:
        receive();
        break;
    }
    check();
}

/* The device behaves again: a ping is answered. */
static void settle(void)
{
    const struct nic *n = &driver->nic;
    uint64_t frames;

    fuzz_begin((const uint8_t *)"", 0);
    device.lies = 0;
    device.status = 0; /* so it is reset */
    for (unsigned i = 0; i < 20; i++) {
        link_clock += 10 * SECOND;
        link_woken(WIRE_BITS);
        link_run();
        if (!n->running || n->virtio.queue[VIRTIO_TX].in_flight > 0)
            device_use_next(VIRTIO_TX);
    }
    driver->nic.virtio.queue[VIRTIO_RX].broken = "by the test";
    driver->nic.virtio.queue[VIRTIO_TX].broken = "by the test";
    link_woken(WIRE_BITS);
    link_run();
    MUST(n->running);
    check();
    MUST(n->free + n->virtio.queue[VIRTIO_RX].in_flight == BUFFERS);
    receive(); /* who has */
    link_woken(WIRE_BITS);
    link_run();
    frames = n->count.tx_frames;
    fuzz_begin((const uint8_t *)"\1", 1);
    receive();
    link_woken(WIRE_BITS);
    link_run();
    MUST(n->count.tx_frames > frames);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_begin(data, 0);
    if (driver == NULL) {
        MUST(wire_room() == NULL); /* no driver, no memory of its queues */
        link_begin();
    }
    fuzz_begin(data, size);
    device.rarity = 1 + byte() % 64 * (byte() % 2);
    while (fuzz_at < fuzz_end)
        step();
    settle();
    return 0;
}
