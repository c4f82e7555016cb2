/* SPDX-License-Identifier: BSD-2-Clause */
/* examples/net/netdev/[acntv]*.c examples/net/netdev/device.c libuser/error.c : who of several
 * clients sends how much, and who loses what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../fuzz/netdev_world.h"

#define FRAME 1000u

static int ask(uint64_t badge, int label, uint64_t w0, uint64_t w1)
{
    struct request r = {.label = label, .badge = badge, .token = token++};
    const struct server_handler *h = server.handlers;

    waiting[r.token % 256] = true;
    r.msg = (struct ukern_msg){UKERN_TAG(label, label == NET_OPEN), {w0, w1}};
    r.untaken = label == NET_OPEN;
    while (h->label != label)
        h++;
    return h->handle(&server, &r);
}

static struct net_area *open_area(uint64_t badge, enum net_filter filter)
{
    assert_int_equal(ask(badge, NET_OPEN, 1, filter), SERVER_REPLY);
    return client_find(badge)->slot->area.shared;
}

/* So many frames of so many bytes are to be sent. */
static void send_frames(struct net_area *a, unsigned count, uint32_t length)
{
    while (count-- > 0)
        a->tx_slot[a->tx.produced++ % NET_SLOTS] = (struct net_desc){.length = length};
}

/* How many of this client's frames the device has. */
static unsigned on_the_way(uint64_t badge)
{
    return client_find(badge)->slot->area.in_flight;
}

/* The device takes frames and says so. */
static void leave(unsigned count)
{
    fuzz_begin(NULL, 0);
    while (count-- > 0)
        device_use_next(VIRTIO_TX);
}

/* Frames to all come. */
static void come(unsigned count)
{
    fuzz_begin(NULL, 0);
    while (count-- > 0)
        device_use_next(VIRTIO_RX);
}

static int ready(void **state)
{
    (void)state;
    netdev_begin();
    return 0;
}

static int ended(void **state)
{
    (void)state;
    for (uint64_t badge = 1; badge < 8; badge++)
        server.hangup(&server, badge);
    device.status = 0;
    nic_start(&netdev.driver.nic, netdev.driver.lost);
    turn();
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        assert_false(clients[i].used);
    return 0;
}

/* Who comes again and again to be cut off does not fill the console. */
static void test_cut_off_is_said_now_and_then(void **state)
{
    unsigned before = lines_said;
    uint64_t cut = netdev.cut_off;

    (void)state;
    for (unsigned i = 0; i < 1000; i++, now += 10000000) {
        open_area(1, NET_FILTER_OWN)->tx.produced = NET_SLOTS + 1;
        turn();
        server.hangup(&server, 1);
    }
    assert_int_equal(netdev.cut_off - cut, 1000);
    assert_int_equal(lines_said - before, 10);
    assert_non_null(strstr(last_said, "a client is cut off: it sends more frames at once than"));
    assert_non_null(strstr(last_said, "(and 99 before it, unsaid)"));
    now += 1000000000;
    open_area(1, NET_FILTER_OWN)->tx.produced = NET_SLOTS + 1;
    turn();
    assert_int_equal(lines_said - before, 11);
}

/* Two that always have frames get as much of the device's queue, and of what becomes free. */
static void test_transmit_is_fair(void **state)
{
    struct net_area *one, *two;
    unsigned sent[2] = {0};

    (void)state;
    one = open_area(1, NET_FILTER_OWN);
    two = open_area(2, NET_FILTER_OWN);
    send_frames(one, 250, FRAME);
    send_frames(two, 250, FRAME);
    turn();
    assert_int_equal(on_the_way(1) + on_the_way(2), VQ_MAX / 2); /* a header and the frame each */
    assert_in_range(on_the_way(1), 56, 72);
    for (unsigned i = 0; i < 10; i++) {
        unsigned before[2] = {one->done.produced, two->done.produced};

        leave(20);
        turn();
        sent[0] += one->done.produced - before[0];
        sent[1] += two->done.produced - before[1];
        send_frames(one, one->done.produced - before[0], FRAME);
        send_frames(two, two->done.produced - before[1], FRAME);
    }
    assert_int_equal(sent[0] + sent[1], 200);
    assert_in_range(sent[0], 85, 115);
}

/* By bytes, not by frames: large ones bring no advantage. */
static void test_transmit_is_fair_by_bytes(void **state)
{
    struct net_area *small, *large;

    (void)state;
    small = open_area(1, NET_FILTER_OWN);
    large = open_area(2, NET_FILTER_OWN);
    send_frames(small, 250, 250);
    send_frames(large, 250, 1500);
    turn();
    assert_int_equal(on_the_way(1) + on_the_way(2), VQ_MAX / 2);
    assert_in_range(on_the_way(1) * 250, on_the_way(2) * 1500 / 2, on_the_way(2) * 1500 * 2);
}

/* Who gives nothing back loses its own frames, and is told how many; the other loses none. */
static void test_a_slow_one_loses_its_own(void **state)
{
    struct net_area *slow, *quick;
    unsigned share = netdev.share, frames = 3 * netdev.share;

    (void)state;
    slow = open_area(1, NET_FILTER_OWN);
    quick = open_area(2, NET_FILTER_OWN);
    for (unsigned i = 0; i < frames; i++) {
        come(1);
        turn();
        assert_int_equal(quick->rx.produced, i + 1);
        quick->returned_slot[i % NET_SLOTS] = quick->rx_slot[i % NET_SLOTS].id;
        quick->returned.produced++;
    }
    assert_int_equal(slow->rx.produced, share);
    assert_int_equal(slow->dropped, frames - share);
    assert_int_equal(quick->dropped, 0);
    assert_int_equal(netdev.driver.nic.count.rx_dropped, 0); /* somebody had each of them */
    ask(1, NET_INFO, sizeof(struct net_info), 0);
    assert_int_equal(info->my_dropped, frames - share);
    ask(2, NET_INFO, sizeof(struct net_info), 0);
    assert_int_equal(info->my_dropped, 0);
}

/* The same for who fetches frames one by one. */
static void test_a_simple_one_that_does_not_fetch(void **state)
{
    (void)state;
    assert_int_equal(ask(3, NET_FILTER, NET_FILTER_ALL, 0), UKERN_OK);
    for (unsigned i = 0; i < CLIENT_QUEUE + 5; i++) {
        come(1);
        turn();
    }
    ask(3, NET_INFO, sizeof(struct net_info), 0);
    assert_int_equal(info->my_dropped, 5);
}

/* Frames in two pieces hold two buffers each, of which a client has so many. */
static void test_a_simple_one_holds_so_many_buffers(void **state)
{
    struct client *c = client_get(3);
    struct nic *n = &netdev.driver.nic;
    const struct nic_frame f = {.pieces = 2, .piece = {{.id = 0}, {.id = 1}}};

    (void)state;
    n->holders[0]++; /* ours, too */
    n->holders[1]++;
    for (unsigned i = 0; i < CLIENT_QUEUE / 2; i++)
        assert_true(client_enqueue(c, n, &f));
    assert_false(client_enqueue(c, n, &f));
    assert_int_equal(c->dropped, 1);
    client_dequeue(c, n);
    assert_true(client_enqueue(c, n, &f));
    assert_false(client_enqueue(c, n, &f));
    while (c->count > 0)
        client_dequeue(c, n);
    assert_int_equal(c->held, 0);
    assert_int_equal(--n->holders[0], 0);
    assert_int_equal(--n->holders[1], 0);
}

/* Nothing is kept for who was cut off, though it has asked for frames. */
static void test_who_is_cut_off_gets_nothing(void **state)
{
    struct net_area *a = open_area(1, NET_FILTER_ALL);

    (void)state;
    assert_int_equal(ask(1, NET_FILTER, NET_FILTER_ALL, 0), UKERN_OK);
    a->tx.produced = NET_SLOTS + 1;
    turn();
    assert_non_null(client_find(1)->cut);
    come(1);
    turn();
    assert_int_equal(client_find(1)->count, 0);
}

/* A frame of this type comes, to this station. */

static void come_to(const uint8_t mac[6], uint16_t type)
{
    uint8_t input[16] = {16, [13] = (uint8_t)(type >> 8), [14] = (uint8_t)type, [15] = 46};

    memcpy(input + 1, mac, 6);
    fuzz_begin(input, sizeof input);
    device_use_next(VIRTIO_RX);
    turn();
}

/* Frames that a client has, of either kind. */
static unsigned got(uint64_t badge)
{
    const struct client *c = client_find(badge);

    return c->slot != NULL ? c->slot->area.shared->rx.produced : c->count;
}

#define ARP  0x0806
#define IPV4 0x0800
#define IPV6 0x86dd

/* Clients 1 to 3 are bulk, 4 to 6 simple; of each kind one has each filter. The seventh has asked for no frames. */
static void test_filters(void **state)
{
    static const enum net_filter filter[] = {NET_FILTER_OWN, NET_FILTER_ALL, NET_FILTER_TYPE};
    static const struct {
        uint8_t mac[6];
        uint16_t type;
        bool wanted[3];
    } frame[] = {
        {{0x52, 0x54, 0, 0x12, 0x34, 0x56}, IPV4, {true, true, false}},
        {{0x52, 0x54, 0, 0x12, 0x34, 0x56}, ARP, {true, true, true}},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, ARP, {true, true, true}},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, IPV4, {true, true, false}},
        {{0x33, 0x33, 0, 0, 0, 1}, IPV6, {true, true, false}},
        {{0x52, 0x54, 0, 0x12, 0x34, 0x57}, IPV4, {false, true, false}},
        {{0x50, 0x54, 0, 0x12, 0x34, 0x56}, IPV4, {false, true, false}},
        {{0x02, 0, 0, 0, 0, 1}, ARP, {false, true, true}},
        {{0x02, 0, 0, 0, 0, 1}, ARP << 8 & 0xffff, {false, true, false}},
        {{0x02, 0, 0, 0, 0, 1}, ARP + 1, {false, true, false}},
        {{0x02, 0, 0, 0, 0, 1}, ARP - 0x100, {false, true, false}},
    };
    const uint64_t dropped = netdev.driver.nic.count.rx_dropped;

    (void)state;
    for (uint64_t badge = 1; badge <= 6; badge++) {
        if (badge <= 3)
            open_area(badge, NET_FILTER_OWN);
        assert_int_equal(ask(badge, NET_FILTER, filter[(badge - 1) % 3], ARP), UKERN_OK);
    }
    assert_non_null(client_get(7));
    for (unsigned i = 0; i < sizeof frame / sizeof frame[0]; i++) {
        unsigned before[7];

        for (uint64_t badge = 1; badge <= 6; badge++)
            before[badge] = got(badge);
        come_to(frame[i].mac, frame[i].type);
        for (uint64_t badge = 1; badge <= 6; badge++)
            assert_int_equal(got(badge) - before[badge], frame[i].wanted[(badge - 1) % 3]);
        assert_int_equal(got(7), 0);
    }
    assert_int_equal(netdev.driver.nic.count.rx_dropped, dropped);
}

/* A frame that nobody wants is not lost; a filter that there is not changes nothing; what passed an old one goes. */
static void test_a_filter_changes(void **state)
{
    static const uint8_t other[6] = {0x02, [5] = 1}, all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const uint64_t dropped = netdev.driver.nic.count.rx_dropped;

    (void)state;
    assert_int_equal(ask(1, NET_FILTER, NET_FILTER_TYPE, ARP), UKERN_OK);
    come_to(other, IPV4);
    assert_int_equal(got(1), 0);
    assert_int_equal(netdev.driver.nic.count.rx_dropped, dropped);
    come_to(other, ARP);
    assert_int_equal(got(1), 1);
    assert_int_equal(ask(1, NET_FILTER, NET_FILTER_TYPE + 1, 0), UKERN_EINVAL);
    assert_int_equal(ask(1, NET_FILTER, NET_FILTER_TYPE, 0x10000 + IPV4), UKERN_EINVAL);
    assert_int_equal(got(1), 0);
    come_to(other, IPV4);
    assert_int_equal(got(1), 0);
    come_to(other, ARP);
    assert_int_equal(got(1), 1);
    assert_int_equal(ask(1, NET_FILTER, NET_FILTER_OWN, 0), UKERN_OK);
    come_to(other, ARP);
    assert_int_equal(got(1), 0);
    come_to(all, IPV4);
    assert_int_equal(got(1), 1);
}

/* The link has changed, and a frame is there at each interrupt: whoever sends them does not keep us from seeing it. */
static void test_the_link_changes_among_frames(void **state)
{
    struct net_area *a = open_area(1, NET_FILTER_OWN);

    (void)state;
    for (unsigned change = 0; change < 2; change++) {
        device.interrupt = true;
        device.down = change == 0;
        for (unsigned i = 0; i < 100; i++) {
            come(1);
            server.notified(&server, BIT_INTERRUPT);
        }
        assert_int_equal(a->link, !device.down);
    }
    device.interrupt = false;
}

int main(void)
{
#define RUN(f) cmocka_unit_test_setup_teardown(f, ready, ended)
    const struct CMUnitTest tests[] = {
        RUN(test_cut_off_is_said_now_and_then),
        RUN(test_transmit_is_fair),
        RUN(test_transmit_is_fair_by_bytes),
        RUN(test_a_slow_one_loses_its_own),
        RUN(test_a_simple_one_that_does_not_fetch),
        RUN(test_a_simple_one_holds_so_many_buffers),
        RUN(test_who_is_cut_off_gets_nothing),
        RUN(test_the_link_changes_among_frames),
        RUN(test_filters),
        RUN(test_a_filter_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
