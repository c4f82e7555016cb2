/* SPDX-License-Identifier: BSD-2-Clause */
/* netdev's device and its memory: from dma2 on, one area for each bulk client. */
#include <ukern/error.h>
#include <ukern/task.h>

#include "netdev.h"

#define BUFFERS_MIN (2 * VQ_MAX + CLIENTS_MAX * CLIENT_QUEUE)

static void lost(const struct nic_sent *sent)
{
    sent_done(sent, UKERN_EIO);
}

static void tell_areas(void)
{
    const struct nic *n = &netdev.driver.nic;

    for (unsigned i = 0; i < netdev.slots; i++) {
        struct slot *s = &netdev.slot[i];

        if (s->client == NULL)
            continue;
        s->area.shared->link = n->running && n->virtio.link;
        s->area.shared->resets = (uint32_t)n->count.resets;
        notify(s->port, s->bits);
    }
}

struct netdev netdev = {
    .driver = {.name = "netdev",
               .sizes = "256K 4M 1M, and a further size for each further bulk client",
               .lost = lost,
               .changed = tell_areas}};

static int lay_out_areas(void)
{
    struct shm_facts facts;

    while (netdev.slots < AREAS_MAX) {
        struct slot *s = &netdev.slot[netdev.slots];

        s->shm = driver_memory(2 + netdev.slots, &facts, &s->memory);
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
        netdev.share =
            (netdev.driver.nic.buffers - VQ_MAX - CLIENTS_MAX * CLIENT_QUEUE) / netdev.slots;
    return UKERN_OK;
}

int device_open(void)
{
    int error;

    netdev.port = task_handle("port");
    error = driver_open(&netdev.driver, netdev.port, BIT_INTERRUPT, SEND_BUFFERS * NET_BUFFER_SIZE,
                        BUFFERS_MIN);
    if (error != UKERN_OK)
        return error;
    for (unsigned i = 0; i < SEND_BUFFERS; i++)
        netdev.send_free[netdev.send_count++] = (uint8_t)i;
    error = lay_out_areas();
    if (error != UKERN_OK)
        driver_bad_memory(&netdev.driver, error);
    return error;
}
