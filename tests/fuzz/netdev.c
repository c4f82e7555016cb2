/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All of netdev but its registers, against a device and clients that do anything: bytes of the input
 * choose requests, what is written into rings, deaths, refusals of the kernel, and what the device
 * says. Every buffer is held exactly as often as somebody has it; after each input all clients end
 * and the device is reset, and nothing may be left over.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/task.h>

#include "../../examples/net/netdev/driver.h"

/* It says much about such a device. */
static int say_nothing(const char *format, ...)
{
    (void)format;
    return 0;
}
#define printf say_nothing
#define fflush(stream)
int netdev_main(int argc, char **argv);
#define main netdev_main
#include "../../examples/net/netdev/driver.c"
#include "../../examples/net/netdev/main.c"
#undef main
#undef printf
#undef fflush

#include "fuzz.h"
#include "device.h"

#define BUFFERS 1100u
#define AREAS   2u
#define AREA    (64u * 1024)
#define QUEUES  (256u * 1024)
#define BADGES  40u
#define PORT    1
#define IRQ     2
#define SHM     10 /* dma0, dma1 ...; info_shm is the last */
#define SHMS    (3u + AREAS)
#define HANDLES 64u
#define FIRST   100 /* of the handles that are counted */

/* ---- The kernel. ---- */

static struct {
    uint8_t *bytes;
    size_t size;
} shm[SHMS];
static unsigned shms;
static struct {
    bool open;
    uint64_t badge; /* minted by netdev; 0: a client's port */
} handles[HANDLES];
static uint64_t now = 1000000000, token = 1;
static bool waiting[256]; /* by token */
static int refusal;
static struct server server;

uint64_t clock_now(void)
{
    return now;
}

ukern_handle task_handle(const char *name)
{
    return strcmp(name, "virtio-net-irq") == 0 ? IRQ : PORT;
}

static ukern_handle make_shm(size_t size)
{
    MUST(shms < SHMS && posix_memalign((void **)&shm[shms].bytes, 4096, size) == 0);
    memset(shm[shms].bytes, 0, size);
    shm[shms].size = size;
    return SHM + (ukern_handle)shms++;
}

ukern_handle shm_create(size_t size, unsigned flavour)
{
    (void)flavour;
    return make_shm(size);
}

ukern_handle driver_memory(unsigned i, struct shm_facts *facts, char **memory)
{
    if (i >= 2 + AREAS)
        return UKERN_ENOENT;
    *facts = (struct shm_facts){.size = shm[i].size, .bus_address = (uintptr_t)shm[i].bytes};
    *memory = (char *)shm[i].bytes;
    return SHM + (ukern_handle)i;
}

int shm_map(ukern_handle h, uint64_t offset, size_t size, unsigned protection, void *hint,
            void **address)
{
    (void)offset, (void)size, (void)protection, (void)hint;
    *address = shm[h - SHM].bytes;
    return UKERN_OK;
}

int shm_revoke(ukern_handle h)
{
    MUST(h >= SHM + 2 && h < SHM + 2 + (int)AREAS);
    return UKERN_OK;
}

int notify(ukern_handle port, uint64_t bits)
{
    (void)bits;
    MUST(port == PORT || (port >= FIRST && handles[port - FIRST].open));
    return UKERN_OK;
}

int irq_bind(ukern_handle irq, ukern_handle port, uint64_t bits)
{
    (void)irq, (void)port, (void)bits;
    return UKERN_OK;
}

int irq_ack(ukern_handle irq)
{
    MUST(irq == IRQ);
    return UKERN_OK;
}

static ukern_handle open_handle(uint64_t badge)
{
    for (unsigned i = 0; i < HANDLES; i++)
        if (!handles[i].open) {
            handles[i].open = true;
            handles[i].badge = badge;
            return FIRST + (ukern_handle)i;
        }
    return UKERN_ETABLE;
}

ukern_handle handle_mint(ukern_handle port, uint32_t rights, uint64_t badge)
{
    (void)port, (void)rights;
    return open_handle(badge);
}

static uint64_t orphan; /* a badge whose last handle netdev itself has closed */

int handle_close(ukern_handle h)
{
    MUST(h >= FIRST && h < FIRST + (int)HANDLES && handles[h - FIRST].open);
    handles[h - FIRST].open = false;
    orphan = handles[h - FIRST].badge;
    return UKERN_OK;
}

ukern_handle request_take(struct request *r, unsigned i)
{
    if (!(r->untaken >> i & 1))
        return UKERN_ENOENT;
    r->untaken &= ~(1u << i);
    return open_handle(0);
}

int server_run(struct server *s)
{
    server = *s;
    return UKERN_EIO;
}

static void check_segment(uint64_t h, uint64_t offset, uint64_t length)
{
    if (length == 0)
        return;
    MUST(h >= SHM && h < SHM + shms);
    MUST(offset <= shm[h - SHM].size && length <= shm[h - SHM].size - offset);
}

int server_reply(uint64_t to, const struct ukern_msg *m)
{
    int error = refusal;

    MUST(to != 0 && to < token);
    if (!waiting[to % 256])
        return UKERN_ESTALE;
    refusal = UKERN_OK;
    waiting[to % 256] = error != UKERN_OK && error != UKERN_ESTALE;
    if (error != UKERN_OK)
        return error;
    if (UKERN_TAG_LABEL(m->tag) == 0 && UKERN_TAG_HANDLES(m->tag) == 0 && m->w[0] != 0) {
        MUST(m->w[0] == m->w[3] + m->w[5]);
        check_segment(m->w[1], m->w[2], m->w[3]);
        check_segment(m->w[1], m->w[4], m->w[5]);
    }
    return UKERN_OK;
}

/* ---- The device. ---- */

int driver_registers(struct driver *d)
{
    device_begin(&d->nic);
    return UKERN_OK;
}

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
    if (shms == 0) {
        make_shm(QUEUES);
        make_shm(BUFFERS * NET_BUFFER_SIZE);
        for (unsigned i = 0; i < AREAS; i++)
            make_shm(AREA);
        netdev_main(0, NULL);
        for (unsigned i = 0; i < 4; i++)
            badges[i] = 1 + i;
        MUST(netdev.slots == AREAS && netdev.driver.nic.running);
    }
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
