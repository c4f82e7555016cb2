/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All of netdev but its registers, against a device and clients that do anything: bytes of the input
 * choose requests, what is written into rings, deaths, refusals of the kernel, and what the device
 * says. Every buffer is held exactly as often as somebody has it; after each input all clients end
 * and the device is reset, and nothing may be left over.
 */
#include "netdev_world.h"

#define BADGES 40u

/* ---- Clients. ---- */

static uint64_t badges[BADGES]; /* the first four from init, others by NET_DUP; 0: none */

static void hang_up(uint64_t badge)
{
    orphan = 0;
    server.hangup(&server, badge);
}

static void keep(uint64_t badge)
{
    for (unsigned i = 4; i < BADGES; i++)
        if (badges[i] == 0) {
            badges[i] = badge;
            return;
        }
    hang_up(badge);
}

/* The request has a good answer: what came of it. */
static void answered(const struct request *r)
{
    if (r->label == NET_DUP) {
        ukern_handle h = (ukern_handle)(uint32_t)r->reply.w[5];

        MUST(handles[h - FIRST].open);
        handles[h - FIRST].open = false; /* moved */
        keep(handles[h - FIRST].badge);
    }
    if (r->label == NET_OPEN)
        MUST(r->reply.w[1] == AREA && r->reply.w[2] == BUFFERS * NET_BUFFER_SIZE);
}

static void request(void)
{
    static const int labels[] = {NET_SEND, NET_RECV,   NET_INFO,  NET_OPEN,
                                 NET_OPEN, NET_FILTER, NET_CLOSE, NET_DUP};
    static const uint64_t words[] = {0, 1, 2, 3, 13, 60, 1514, 2048, 2049, UINT32_MAX, UINT64_MAX};
    struct request r = {.label = labels[byte() % 8], .badge = badges[byte() % BADGES]};
    const struct server_handler *h = server.handlers;
    int result;

    if (r.badge == 0)
        r.badge = badges[0];
    for (unsigned i = 0; i < 3; i++)
        r.msg.w[i] = words[byte() % (sizeof words / sizeof words[0])];
    r.untaken = byte() & 1;
    r.msg.tag = UKERN_TAG(r.label, r.untaken);
    if (byte() % 16 != 0) {
        r.token = token++;
        waiting[r.token % 256] = true;
    }
    while (h->label != r.label)
        h++;
    result = h->handle(&server, &r);
    if (result == SERVER_LATER || r.token == 0)
        return;
    if (result < 0)
        r.reply = (struct ukern_msg){.tag = UKERN_TAG(result, 0)};
    result = server_reply(r.token, &r.reply);
    if (UKERN_TAG_LABEL(r.reply.tag) < 0)
        return;
    if (result == UKERN_OK)
        answered(&r);
    else
        server.undelivered(&server, &r, result);
    if (orphan != 0)
        hang_up(orphan);
}

static struct slot *some_slot(void)
{
    struct slot *s = &netdev.slot[byte() % AREAS];

    return s->client != NULL ? s : NULL; /* what was taken back nobody can write */
}

/* Some inputs are mostly honest, and get far. */
static unsigned rarity;

static bool lies(void)
{
    return byte() % rarity == 0;
}

static void scribble(void)
{
    const struct slot *s = some_slot();
    uint32_t at = four() % AREA;

    for (unsigned n = 1 + byte() % 4; s != NULL && lies() && n > 0 && at < AREA; n--, at++)
        s->memory[at] = (char)byte();
}

/* As a client does, with a number that may be wrong. */
static void produce(void)
{
    const struct slot *s = some_slot();
    unsigned what = lies() ? byte() : byte() & 1;
    struct net_area *a;

    if (s == NULL)
        return;
    a = (struct net_area *)(void *)s->memory;
    if (what & 1) {
        a->tx_slot[a->tx.produced % NET_SLOTS] =
            (struct net_desc){.offset = (what & 14) == 14 ? four() : byte() * 16,
                              .length = (what & 14) == 12 ? four() : 14 + byte(),
                              .id = byte(),
                              .flags = (what & 224) == 224 ? (uint16_t)byte() : 0};
        a->tx.produced += (what & 28) == 28 ? byte() : 1;
    } else {
        uint32_t taken = s->area.returned_taken, given = s->area.rx_published;

        a->returned_slot[a->returned.produced % NET_SLOTS] =
            (what & 6) == 6 || taken == given ? byte() : a->rx_slot[taken % NET_SLOTS].id;
        a->returned.produced += (what & 24) == 24 ? byte() : 1;
    }
}

static void end_client(unsigned i)
{
    if (badges[i] == 0)
        return;
    hang_up(badges[i]);
    if (i >= 4)
        badges[i] = 0;
}

/* ---- What must be true. ---- */

/* Nobody has all places, by whatever number of handles. */
static void check_shares(void)
{
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        unsigned places = 0, areas = 0;

        for (unsigned k = 0; k < CLIENTS_MAX; k++)
            if (clients[i].used && clients[k].used && clients[k].root == clients[i].root) {
                places++;
                areas += clients[k].slot != NULL;
            }
        MUST(places <= CLIENTS_MINE && areas < AREAS);
        MUST(!clients[i].used || clients[i].root <= BADGE_FIRST);
    }
}

/* A buffer is held once by each area and each queue that has it. */
static void check(void)
{
    static uint16_t holders[BUFFERS];
    const struct nic *n = &netdev.driver.nic;
    unsigned held = 0;

    memset(holders, 0, sizeof holders);
    for (unsigned i = 0; i < netdev.slots; i++) {
        const struct slot *s = &netdev.slot[i];
        unsigned count = 0;

        for (unsigned b = 0; b < BUFFERS; b++)
            if (s->area.hold[b / 64] >> b % 64 & 1) {
                holders[b]++;
                count++;
            }
        MUST(count == s->area.held && count <= netdev.share);
        MUST(s->client == NULL || s->client->slot == s);
        MUST((s->port >= 0) <= (s->client != NULL));
    }
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        const struct client *c = &clients[i];

        MUST(c->used || c->count == 0);
        for (unsigned k = 0; k < c->count; k++)
            for (unsigned p = 0; p < c->queue[(c->head + k) % CLIENT_QUEUE].pieces; p++)
                holders[c->queue[(c->head + k) % CLIENT_QUEUE].piece[p].id]++;
    }
    check_shares();
    for (unsigned b = 0; b < BUFFERS; b++) {
        MUST(holders[b] == n->holders[b]);
        held += holders[b] > 0;
    }
    if (n->running && nic_trouble(&netdev.driver.nic) == NULL)
        MUST(n->free + held + n->virtio.queue[VIRTIO_RX].in_flight == BUFFERS);
    MUST(netdev.send_count <= SEND_BUFFERS);
}

/* The device has what areas and simple clients have given to it. */
static void check_sent(void)
{
    const struct nic *n = &netdev.driver.nic;
    unsigned sent[AREAS] = {0}, simple = 0;

    for (unsigned i = 0; i < VQ_MAX; i++) {
        const struct slot *s = n->sent[i].owner;

        if (n->sent[i].descriptors != 0 && s != NULL)
            sent[s - netdev.slot]++;
        else if (n->sent[i].descriptors != 0)
            simple++;
    }
    MUST(simple + netdev.send_count == SEND_BUFFERS);
    for (unsigned i = 0; i < netdev.slots; i++)
        MUST(sent[i] == netdev.slot[i].area.in_flight);
}

static void step(void)
{
    static const int refusals[] = {UKERN_ESTALE, UKERN_EFAULT, UKERN_ETABLE};

    switch (byte() % 16) {
    case 0:
        end_client(byte() % BADGES);
        break;
    case 1:
        refusal = refusals[byte() % 3];
        break;
    case 2:
        scribble();
        break;
    case 3:
    case 4:
    case 5:
        produce();
        break;
    case 6:
    case 7:
    case 8:
        device_step();
        break;
    case 9:
    case 10:
        for (unsigned n = byte() % 32; n > 24; n--)
            for (unsigned i = 0; i < 8; i++)
                device_use_next(VIRTIO_RX);
        server.notified(&server, byte() % 8);
        break;
    case 11:
        now += byte() * UINT64_C(20000000);
        if (server.deadline != 0 && now >= server.deadline)
            server.timeout(&server);
        break;
    case 12:
        waiting[(token - 1) % 256] = false; /* its caller dies */
        server.cancelled(&server, badges[byte() % 4], token - 1);
        break;
    default:
        request();
        break;
    }
}

/* All clients end, and the device does as it should. */
static void settle(void)
{
    const struct nic *n = &netdev.driver.nic;

    refusal = UKERN_OK;
    for (unsigned i = 0; i < BADGES; i++)
        end_client(i);
    device.lies = 0;
    device.status = 0; /* so it is reset */
    now += UINT64_C(60000000000);
    nic_start(&netdev.driver.nic, netdev.driver.lost);
    netdev.driver.retry_at = 0;
    turn();
    check();
    MUST(n->running && n->free + n->virtio.queue[VIRTIO_RX].in_flight == BUFFERS);
    MUST(netdev.send_count == SEND_BUFFERS);
    for (unsigned i = 0; i < netdev.slots; i++)
        MUST(netdev.slot[i].client == NULL && netdev.slot[i].area.in_flight == 0);
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        MUST(!clients[i].used);
    for (unsigned i = 0; i < HANDLES; i++)
        MUST(!handles[i].open);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    netdev_begin();
    for (unsigned i = 0; i < 4; i++)
        badges[i] = 1 + i;
    fuzz_begin(data, size);
    device.rarity = rarity = 1 + byte() % 64 * (byte() % 2);
    for (unsigned n = 0; fuzz_at < fuzz_end; n++) {
        step();
        if (n % 16 == 0) {
            check();
            check_sent();
        }
    }
    settle();
    return 0;
}
