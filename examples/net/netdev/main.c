/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netdev: a driver for VirtIO network devices, as a task. net.h says what it offers.
 *
 * It has the registers, the interrupt and the memory of this one device, and nothing else of the
 * machine. With virtio-mmio that is still much: the device reads and writes wherever the driver
 * says, so a driver that is taken over can reach all memory through it. What is here believes
 * neither its device nor its clients.
 */
#include <stdio.h>
#include <string.h>

#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/task.h>

#include "netdev.h"

static ukern_handle info_shm;
static struct net_info *info;

/* ---- Simple clients. ---- */

static int status_of(const struct client *c)
{
    return !netdev.driver.nic.running || c->cut != NULL ? UKERN_EIO : UKERN_OK;
}

/* Answer with bytes in shared memory; the kernel copies them before this returns. */
static int answer(uint64_t token, ukern_handle shm, const uint64_t segment[4])
{
    struct ukern_msg reply = {
        UKERN_TAG(0, 0),
        {segment[1] + segment[3], (uint64_t)shm, segment[0], segment[1], segment[2], segment[3]}};
    int error = server_reply(token, &reply);

    if (error != UKERN_OK && error != UKERN_ESTALE) {
        reply = (struct ukern_msg){.tag = UKERN_TAG(UKERN_EIO, 0)};
        server_reply(token, &reply); /* in case that it still waits */
    }
    return error;
}

static void answer_error(uint64_t token, int error)
{
    struct ukern_msg reply = {.tag = UKERN_TAG(error, 0)};

    server_reply(token, &reply);
}

void serve_waiter(struct client *c)
{
    const struct queued *q = client_oldest(c);
    uint64_t segment[4] = {0}, left = c->wanted;
    uint64_t token = c->token;

    if (token == 0 || q == NULL)
        return;
    for (unsigned i = 0; i < q->pieces; i++) {
        segment[2 * i] = q->piece[i].offset;
        segment[2 * i + 1] = q->piece[i].length < left ? q->piece[i].length : left;
        left -= segment[2 * i + 1];
    }
    c->token = 0;
    if (answer(token, netdev.driver.pool, segment) == UKERN_OK)
        client_dequeue(c, &netdev.driver.nic);
}

static int do_recv(struct server *s, struct request *r)
{
    struct client *c = client_get(r->badge);

    (void)s;
    if (r->token == 0)
        return SERVER_LATER; /* it would not get the frame */
    if (c == NULL || c->token != 0 || c->slot != NULL)
        return UKERN_EBUSY;
    if (r->msg.w[0] == 0 || (r->msg.w[1] & ~(uint64_t)NET_POLL))
        return UKERN_EINVAL;
    if (status_of(c) != UKERN_OK && c->count == 0)
        return UKERN_EIO;
    c->listening = true;
    if (c->count == 0)
        turn(); /* it may have come just now */
    if (c->count == 0 && (r->msg.w[1] & NET_POLL))
        return UKERN_EAGAIN;
    c->token = r->token;
    c->wanted = r->msg.w[0];
    serve_waiter(c);
    return SERVER_LATER;
}

static int do_send(struct server *s, struct request *r)
{
    struct nic *n = &netdev.driver.nic;
    struct client *c = client_get(r->badge);
    struct net_desc desc = {.length = (uint32_t)r->msg.w[0]};
    uint64_t length = r->msg.w[0];
    uint8_t buffer;

    (void)s;
    if (r->token == 0)
        return SERVER_LATER;
    if (c == NULL)
        return UKERN_EBUSY;
    if (status_of(c) != UKERN_OK)
        return UKERN_EIO;
    if (length > NET_BUFFER_SIZE || nic_check(n, &desc, (uint32_t)length) != UKERN_OK) {
        n->count.tx_refused++;
        return UKERN_EINVAL;
    }
    if (netdev.send_count == 0 || !nic_has_room(n, 1))
        turn();
    if (netdev.send_count == 0 || !nic_has_room(n, 1))
        return UKERN_EAGAIN;
    buffer = netdev.send_free[--netdev.send_count];
    if (answer(r->token, netdev.driver.queues,
               (uint64_t[4]){netdev.driver.room_offset + buffer * NET_BUFFER_SIZE, length}) !=
        UKERN_OK) {
        netdev.send_free[netdev.send_count++] = buffer;
        return SERVER_LATER;
    }
    nic_send(
        n, &desc,
        &(struct vq_segment){netdev.driver.room_bus + buffer * NET_BUFFER_SIZE, (uint32_t)length},
        1, &(struct nic_sent){NULL, buffer, 1, (uint32_t)length});
    turn();
    return SERVER_LATER;
}

static void fill_info(const struct client *c)
{
    const struct nic *n = &netdev.driver.nic;

    *info = n->count;
    memcpy(info->mac, n->virtio.mac, sizeof info->mac);
    info->mtu = n->virtio.mtu;
    info->link = n->running && n->virtio.link;
    info->can = nic_can(n);
    info->interrupts = netdev.driver.interrupts;
    info->wakes = netdev.wakes;
    info->link_changes = netdev.driver.link_changes;
    info->cut_off = netdev.cut_off;
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        info->clients += clients[i].used;
    for (unsigned i = 0; i < netdev.slots; i++)
        info->bulk_clients += netdev.slot[i].client != NULL;
    if (c != NULL)
        info->my_dropped = c->slot != NULL ? c->slot->area.dropped : c->dropped;
}

static int do_info(struct server *s, struct request *r)
{
    uint64_t length = r->msg.w[0] < sizeof *info ? r->msg.w[0] : sizeof *info;

    (void)s;
    if (r->token == 0)
        return SERVER_LATER;
    fill_info(client_find(r->badge));
    answer(r->token, info_shm, (uint64_t[4]){0, length});
    return SERVER_LATER;
}

static int do_filter(struct server *s, struct request *r)
{
    struct client *c = client_get(r->badge);

    (void)s;
    if (c == NULL)
        return UKERN_EBUSY;
    if (c->cut != NULL)
        return UKERN_EIO;
    while (c->count > 0) /* what passed the old filter */
        client_dequeue(c, &netdev.driver.nic);
    c->listening = true;
    return client_filter(c, r->msg.w[0], r->msg.w[1]);
}

static int do_dup(struct server *s, struct request *r)
{
    static uint64_t badge;
    struct client *c;
    ukern_handle h;

    if (r->token == 0)
        return SERVER_LATER;
    if (badge == 0)
        badge = BADGE_FIRST + clock_now(); /* none that an earlier netdev has given */
    c = client_new(badge, client_root(r->badge));
    if (c == NULL)
        return UKERN_EBUSY;
    h = handle_mint(s->port, UKERN_R_CALL | UKERN_R_NOTIFY | UKERN_R_TRANSFER, badge++);
    if (h < 0) {
        c->used = false;
        return h;
    }
    r->reply = (struct ukern_msg){UKERN_TAG(UKERN_OK, 1), {0}};
    r->reply.w[5] = UKERN_SEND_HANDLE(h, 0) | UKERN_SEND_MOVE;
    return SERVER_REPLY;
}

/* ---- Bulk clients. ---- */

static int do_open(struct server *s, struct request *r)
{
    struct client *c = client_get(r->badge);
    struct slot *slot;
    int error;

    (void)s;
    if (r->token == 0)
        return SERVER_LATER;
    if (c == NULL)
        return UKERN_EBUSY;
    if (c->slot != NULL)
        return UKERN_EEXIST;
    if (status_of(c) != UKERN_OK)
        return UKERN_EIO;
    if (UKERN_TAG_HANDLES(r->msg.tag) != 1 || r->msg.w[0] == 0)
        return UKERN_EINVAL;
    error = client_filter(c, r->msg.w[1], r->msg.w[2]);
    if (error != UKERN_OK)
        return error;
    turn(); /* frames of the last holder of an area may have left meanwhile */
    slot = slot_find(c->root);
    if (slot == NULL)
        return UKERN_EBUSY;
    while (c->count > 0) /* what it had not fetched */
        client_dequeue(c, &netdev.driver.nic);
    slot->client = c;
    slot->port = request_take(r, 0);
    slot->bits = r->msg.w[0];
    slot->credit = 0;
    area_init(&slot->area, slot->memory, slot->size, slot->bus, netdev.driver.nic.buffers,
              netdev.share);
    slot->area.shared->link = netdev.driver.nic.virtio.link;
    slot->area.shared->resets = (uint32_t)netdev.driver.nic.count.resets;
    c->slot = slot;
    r->reply = (struct ukern_msg){UKERN_TAG(UKERN_OK, 2),
                                  {BIT_CLIENT, slot->size,
                                   (uint64_t)netdev.driver.nic.buffers * NET_BUFFER_SIZE, 0,
                                   UKERN_SEND_HANDLE(slot->shm, UKERN_R_READ | UKERN_R_WRITE),
                                   UKERN_SEND_HANDLE(netdev.driver.pool, UKERN_R_READ)}};
    return SERVER_REPLY;
}

static int do_close(struct server *s, struct request *r)
{
    struct client *c = client_find(r->badge);

    (void)s;
    if (c == NULL || c->slot == NULL)
        return UKERN_EINVAL;
    slot_release(c->slot);
    turn();
    return SERVER_REPLY;
}

/* ---- Events. ---- */

static void forget(struct client *c)
{
    if (c->token != 0)
        answer_error(c->token, UKERN_ECANCELED);
    if (c->slot != NULL)
        slot_release(c->slot);
    while (c->count > 0)
        client_dequeue(c, &netdev.driver.nic);
    c->used = false;
}

static void plan(struct server *s)
{
    s->deadline = netdev.driver.retry_at;
}

static void hangup(struct server *s, uint64_t badge)
{
    struct client *c = client_find(badge);

    if (c != NULL)
        forget(c);
    turn();
    plan(s);
}

static void cancelled(struct server *s, uint64_t badge, uint64_t token)
{
    struct client *c = client_find(badge);

    (void)s;
    if (c != NULL && c->token == token)
        c->token = 0;
}

static void undelivered(struct server *s, struct request *r, int error)
{
    struct client *c = client_find(r->badge);

    (void)s;
    (void)error;
    if (r->label == NET_DUP && UKERN_TAG_LABEL(r->reply.tag) == UKERN_OK)
        handle_close((ukern_handle)(uint32_t)r->reply.w[5]);
    if (r->label == NET_OPEN && UKERN_TAG_LABEL(r->reply.tag) == UKERN_OK && c != NULL &&
        c->slot != NULL)
        slot_release(c->slot);
}

static void notified(struct server *s, uint64_t bits)
{
    if (bits & BIT_INTERRUPT)
        driver_interrupt(&netdev.driver);
    turn();
    if (!netdev.driver.nic.running)
        for (unsigned i = 0; i < CLIENTS_MAX; i++)
            if (clients[i].used && clients[i].token != 0) {
                answer_error(clients[i].token, UKERN_EIO);
                clients[i].token = 0;
            }
    plan(s);
}

static void timeout(struct server *s)
{
    driver_retry(&netdev.driver);
    turn();
    plan(s);
}

static const struct server_handler handlers[] = {
    {NET_SEND, do_send},     {NET_RECV, do_recv},   {NET_INFO, do_info}, {NET_OPEN, do_open},
    {NET_FILTER, do_filter}, {NET_CLOSE, do_close}, {NET_DUP, do_dup},   {0, NULL},
};

int main(int argc, char **argv)
{
    struct server s = {.handlers = handlers,
                       .notified = notified,
                       .hangup = hangup,
                       .cancelled = cancelled,
                       .undelivered = undelivered,
                       .timeout = timeout};
    void *address;
    int error;

    if (argc > 0)
        netdev.driver.name = argv[0]; /* of several each has its own */
    error = device_open();
    if (error != UKERN_OK)
        return 1;
    info_shm = shm_create(UKERN_PAGE_SIZE, UKERN_SHM_NORMAL);
    if (info_shm < 0 ||
        shm_map(info_shm, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &address) < 0) {
        driver_say(&netdev.driver, "no memory: raise netdev.memory");
        return 1;
    }
    info = address;
    s.port = netdev.port;
    driver_begin(&netdev.driver);
    turn();
    plan(&s);
    error = server_run(&s);
    driver_say(&netdev.driver, "cannot serve: %s", ukern_strerror(error));
    return 1;
}
