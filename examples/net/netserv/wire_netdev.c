/* SPDX-License-Identifier: BSD-2-Clause */
/* As a bulk client of netdev. */
#include <string.h>
#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/task.h>

#include "../netdev/net_client.h"
#include "wire.h"

#define SLOTS    NET_SLOTS
#define PATIENCE UINT64_C(5000000000) /* nanoseconds until netdev has answered when it is opened */

static struct net net;
static ukern_handle server = -1; /* netdev's, with a badge of our own */
static uint64_t badge;           /* of netdev's handle of our port */
static uint16_t free_slot[SLOTS];
static unsigned free_slots;
static bool sent[SLOTS]; /* netdev has it: what it says of others is no news */

int wire_open(ukern_handle port, struct net_info *info)
{
    uint64_t deadline = clock_now() + PATIENCE;
    int error;

    net_close(&net);
    if (server >= 0)
        handle_close(server);
    /* A badge of its own ends with this task: the next netserv finds its place free. */
    server = net_dup(task_handle("net"), deadline);
    if (server < 0)
        return server;
    badge = badge == 0 ? WIRE_BADGE : badge + 1;
    error = net_open(&net, server, port, WIRE_BITS, badge, NET_FILTER_OWN, 0, deadline);
    if (error != UKERN_OK)
        return error;
    error = net_info_until(net.server, info, deadline);
    if (error != UKERN_OK) {
        net_close(&net);
        return error;
    }
    free_slots = 0;
    memset(sent, 0, sizeof sent);
    for (uint16_t i = 0; i < SLOTS && (i + 1) * (size_t)WIRE_FRAME <= net.data_size; i++)
        free_slot[free_slots++] = i;
    return UKERN_OK;
}

const char *wire_strerror(int error)
{
    return error == UKERN_ENOENT ? "no driver provides `net`" : ukern_strerror(error);
}

void wire_close(void)
{
    net_close(&net);
}

bool wire_is_open(void)
{
    return net.area != NULL;
}

bool wire_broken(void)
{
    return net.area != NULL && !net_alive(&net);
}

bool wire_link(void)
{
    return __atomic_load_n(&net.area->link, __ATOMIC_RELAXED) != 0;
}

void wire_woken(void) {}

static void reap(void)
{
    struct net_done done;

    while (net_done(&net, &done))
        if (done.id < SLOTS && sent[done.id]) {
            sent[done.id] = false;
            free_slot[free_slots++] = (uint16_t)done.id;
        }
}

/* netdev does not wake us before may_sleep(). */
void wire_awake(void)
{
    reap();
}

bool wire_receive(struct net_desc *part, const uint8_t **data)
{
    if (!net_receive(&net, part))
        return false;
    *data = part->offset <= net.pool_size && part->length <= net.pool_size - part->offset
                ? net.pool + part->offset
                : NULL;
    return true;
}

void wire_give_back(uint32_t id)
{
    net_return(&net, id);
}

uint8_t *wire_room(void)
{
    if (net.area == NULL)
        return NULL;
    if (free_slots == 0)
        reap();
    return free_slots == 0 || net_room(&net) == 0
               ? NULL
               : net.data + free_slot[free_slots - 1] * WIRE_FRAME;
}

void wire_send(uint32_t length)
{
    struct net_desc d = {.length = length, .id = free_slot[--free_slots]};

    d.offset = d.id * WIRE_FRAME;
    sent[d.id] = true;
    net_transmit(&net, &d, 1);
}

void wire_flush(void)
{
    net_flush(&net);
}

bool wire_may_sleep(bool for_room)
{
    /* Not before a netdev that lies is dropped. */
    return net_may_sleep(&net, for_room ? NET_WAKE_RX | NET_WAKE_DONE : NET_WAKE_RX) &&
           net_alive(&net);
}

bool wire_hangup(uint64_t gone)
{
    return net.area != NULL && gone == badge;
}

uint64_t wire_deadline(void)
{
    return UKERN_FOREVER;
}
