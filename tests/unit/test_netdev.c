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
    for (uint64_t badge = 1; badge < 5; badge++)
        server.hangup(&server, badge);
    device.status = 0;
    nic_start(&netdev.driver.nic, netdev.driver.lost);
    turn();
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        assert_false(clients[i].used);
    return 0;
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

int main(void)
{
#define RUN(f) cmocka_unit_test_setup_teardown(f, ready, ended)
    const struct CMUnitTest tests[] = {
        RUN(test_transmit_is_fair),
        RUN(test_transmit_is_fair_by_bytes),
        RUN(test_a_slow_one_loses_its_own),
        RUN(test_a_simple_one_that_does_not_fetch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
