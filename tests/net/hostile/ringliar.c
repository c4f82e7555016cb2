/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bulk client of netdev that writes into its rings whatever it likes, and says to netdev whatever
 * it likes. When it is cut off, it begins anew; a touch of the memory that it had is its end.
 */
#include <string.h>

#include <netdev/net_client.h>
#include <ukern/irq.h>

#include "liar.h"

#define WAKE 1u

static ukern_handle port, server = -1, spare;
static struct net net;
static uint32_t rarity =
    1; /* of lies while this area is open: so some get far before they are cut off */
static uint64_t badge = 7; /* of this life of the area */

static uint64_t soon(void)
{
    return clock_now() + 200000;
}

static void open_net(void)
{
    net_close(&net);
    rarity = 1 + below(2) * below(8) + below(2) * below(60);
    if (server >= 0)
        handle_close(server);
    server = net_dup(task_handle("net"), UKERN_FOREVER);
    if (net_open(&net, server, port, WAKE, ++badge, (enum net_filter)below(3), (uint16_t)random32(),
                 UKERN_FOREVER) == UKERN_OK)
        tally->opened++;
}

/* ---- The rings. ---- */

static bool lies(void)
{
    return below(rarity) == 0;
}

static struct net_desc descriptor(void)
{
    struct net_desc d = {.offset = lies() ? (uint32_t)evil() : below(1u << 19),
                         .length = lies() ? (uint32_t)evil() : 14 + below(1500),
                         .id = random32()};

    if (lies())
        d.flags = (uint16_t)random32();
    if (below(4) == 0) {
        d.gso_size = (uint16_t)evil();
        d.header_length = (uint16_t)evil();
        d.csum_start = (uint16_t)evil();
        d.csum_offset = (uint16_t)evil();
    }
    return d;
}

/* In line, as a client should, but for what the descriptors say. */
static void send_some(unsigned count)
{
    struct net_area *a = net.area;

    while (count-- > 0)
        a->tx_slot[net.tx_made++ % NET_SLOTS] = descriptor();
    a->tx.produced = net.tx_published = net.tx_made;
}

static void return_one(uint32_t buffer)
{
    struct net_area *a = net.area;

    a->returned_slot[net.returned_made++ % NET_SLOTS] = buffer;
    a->returned.produced = net.returned_made;
}

static void take_some(bool give_back)
{
    struct net_desc d;

    while (net_receive(&net, &d))
        if (give_back)
            net_return(&net, d.id);
    net_flush(&net);
}

static void honest_frame(void)
{
    static const uint8_t head[NET_FRAME_MIN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,
                                                0,    0,    0,    0,    9,    0x88, 0xb5};
    struct net_done done;

    memcpy(net.data, head, sizeof head);
    net_transmit(&net, &(struct net_desc){.offset = 0, .length = 60, .id = 1}, 1);
    net_flush(&net);
    while (net_done(&net, &done))
        continue;
}

static void scribble(void)
{
    uint32_t *words = (uint32_t *)(void *)net.area;

    /* The head mostly, where the indices are. */
    words[below(below(2) ? 160 : sizeof *net.area / 4)] = (uint32_t)evil();
}

static void touch(void)
{
    switch (below(12)) {
    case 0:
    case 1:
    case 2:
        send_some(1 + below(8));
        break;
    case 3:
        send_some(1 + below(lies() ? 300 : 20));
        break;
    case 4:
        if (lies())
            net.area->tx.produced = (uint32_t)evil();
        break;
    case 5:
        if (lies())
            net.area->returned.produced = (uint32_t)evil();
        break;
    case 6:
        if (lies())
            return_one(below(2) ? below(2048) : (uint32_t)evil());
        break;
    case 7:
        if (lies())
            scribble();
        break;
    case 8:
        take_some(true);
        break;
    case 9:
        take_some(false);
        break;
    case 10:
        net_may_sleep(&net, below(4));
        break;
    default:
        honest_frame();
        break;
    }
}

/* ---- Messages. ---- */

static ukern_handle some_handle(void)
{
    const ukern_handle handles[] = {server, spare, task_handle("net"), 1, -1, 12345};

    return handles[below(6)];
}

static void close_all(const struct ukern_msg *m)
{
    for (unsigned i = 0; i < UKERN_TAG_HANDLES(m->tag); i++)
        handle_close((ukern_handle)(uint32_t)m->w[5 - i]);
}

static void say(void)
{
    static const int labels[] = {NET_SEND, NET_RECV, NET_INFO, NET_FILTER,
                                 NET_DUP,  NET_OPEN, 307,      0};
    int label = below(8) ? labels[below(8)] : (int)random32();
    struct ukern_msg m = {UKERN_TAG(label, 0), {0}};
    unsigned handles = below(3);

    for (unsigned i = 0; i < UKERN_MSG_WORDS; i++)
        m.w[i] = evil();
    if (below(2) == 0) {
        m.tag = UKERN_TAG(label, handles);
        for (unsigned i = 0; i < handles; i++)
            m.w[5 - i] = UKERN_SEND_HANDLE(some_handle(), below(2) ? 0 : random32() & UKERN_R_ALL);
    }
    if (label == NET_OPEN && net.area != NULL)
        return; /* its answer would be memory that nobody here knows */
    if (below(8) == 0)
        ipc_send(server, &m, soon());
    else if (ipc_call_until(server, &m, soon()) == UKERN_OK)
        close_all(&m);
}

static void call(void)
{
    static uint8_t frame[2100];
    uint8_t *data = below(3) ? frame : (uint8_t *)(uintptr_t)evil();
    size_t n = below(3) ? below(sizeof frame) : evil();

    switch (below(3)) {
    case 0:
        net_send(server, data, n);
        break;
    case 1:
        net_recv(server, data, n, below(2) ? 0 : soon());
        break;
    default:
        ukern_trap4(NET_INFO, (uint64_t)server, (uint64_t)(uintptr_t)data, n, soon(), NULL);
        break;
    }
}

/* ---- */

static void hear(void)
{
    struct ukern_event event;

    while (true) {
        int what = ipc_recv(port, &event, 0);

        if (what < 0)
            return;
        if (what != UKERN_EV_HANGUP || event.badge != badge || net.area == NULL)
            continue;
        tally->cut_off++;
        open_net();
    }
}

int main(int argc, char **argv)
{
    if (!liar_begin(argc, argv))
        return 2;
    port = port_create();
    spare = handle_mint(port, UKERN_R_CALL | UKERN_R_NOTIFY | UKERN_R_TRANSFER, 99);
    open_net();
    while (tally->steps < tally->goal) {
        uint32_t what = below(16);

        tally->steps++;
        hear();
        if (what == 0 || net.area == NULL)
            open_net();
        else if (what == 1)
            notify(server, below(2) ? net.server_bits : evil());
        else if (what < 5)
            say();
        else if (what < 7)
            call();
        else if (net.area != NULL)
            touch();
        if (what == 8 && net.area != NULL)
            notify(server, net.server_bits);
    }
    return 0;
}
