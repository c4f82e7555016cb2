/* SPDX-License-Identifier: BSD-2-Clause */
/* examples/net/netdev/area.c : both sides of the rings between netdev and a bulk client, and liars.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../examples/net/netdev/area.h"
#include "../../examples/net/netdev/net_client.h"

#define SIZE    (256 * 1024)
#define BUS     UINT64_C(0x50000000)
#define BUFFERS 1024u

struct world {
    struct area area;
    struct net net; /* the client */
    void *memory;
    unsigned releases;
    bool held[BUFFERS]; /* by the client, as a model has it */
};

static unsigned notifications;

int notify(ukern_handle port, uint64_t bits)
{
    (void)port;
    (void)bits;
    notifications++;
    return UKERN_OK;
}

static struct world *begin(unsigned share)
{
    struct world *w = test_calloc(1, sizeof *w);

    assert_int_equal(posix_memalign(&w->memory, 4096, SIZE), 0);
    memset(w->memory, 0, SIZE);
    area_init(&w->area, w->memory, SIZE, BUS, BUFFERS, share);
    w->net = (struct net){.area = w->memory,
                          .data = (uint8_t *)w->memory + NET_DATA_OFFSET,
                          .data_size = SIZE - NET_DATA_OFFSET,
                          .tx_credit = NET_SLOTS};
    notifications = 0;
    return w;
}

static void end(struct world *w)
{
    free(w->memory);
    test_free(w);
}

static void release(void *context, uint32_t buffer)
{
    struct world *w = context;

    assert_true(w->held[buffer]);
    w->held[buffer] = false;
    w->releases++;
}

static bool give(struct world *w, uint32_t first, unsigned pieces)
{
    struct nic_frame f = {.pieces = pieces, .length = 100 * pieces};
    bool given;

    for (unsigned i = 0; i < pieces; i++)
        f.piece[i] = (struct net_desc){.offset = (first + i) * NET_BUFFER_SIZE,
                                       .length = 100,
                                       .id = first + i,
                                       .flags = i + 1 < pieces ? NET_MORE : 0};
    given = area_give(&w->area, &f);
    for (unsigned i = 0; given && i < pieces; i++)
        w->held[first + i] = true;
    return given;
}

static void test_send(void **state)
{
    (void)state;
    struct world *w = begin(NET_SLOTS);
    struct net_desc d[2] = {{.offset = 64, .length = 54, .id = 5},
                            {.offset = 4096, .length = 1000}};
    struct net_desc seen[NET_CHAIN_MAX];
    struct net_done done;
    uint32_t length;
    unsigned count;

    assert_int_equal(net_transmit(&w->net, d, 2), UKERN_OK);
    assert_false(area_peek(&w->area, seen, &count, &length)); /* not flushed */
    net_flush(&w->net);
    assert_int_equal(notifications, 1); /* wake_at was at the beginning */
    assert_true(area_peek(&w->area, seen, &count, &length));
    assert_int_equal(count, 2);
    assert_int_equal(length, 1054);
    assert_int_equal(seen[0].flags, NET_MORE);
    assert_int_equal(seen[1].flags, 0);
    area_take(&w->area, count);
    assert_int_equal(net_room(&w->net), NET_SLOTS - 2);
    area_done(&w->area, 5, 2, UKERN_EINVAL);
    assert_false(net_done(&w->net, &done)); /* not published */
    area_publish(&w->area);
    assert_true(net_done(&w->net, &done));
    assert_int_equal(done.id, 5);
    assert_int_equal(done.status, UKERN_EINVAL);
    assert_int_equal(net_room(&w->net), NET_SLOTS);
    end(w);
}

static void test_send_is_bounded(void **state)
{
    (void)state;
    struct world *w = begin(NET_SLOTS);
    struct net_desc d = {.length = 60}, seen[NET_CHAIN_MAX];
    unsigned count, n = 0;
    uint32_t length;

    while (net_transmit(&w->net, &d, 1) == UKERN_OK)
        n++;
    assert_int_equal(n, NET_SLOTS);
    net_flush(&w->net);
    for (n = 0; area_peek(&w->area, seen, &count, &length); n++)
        area_take(&w->area, count);
    assert_int_equal(n, NET_SLOTS);
    assert_null(w->area.lie);
    end(w);
}

static void test_wake(void **state)
{
    (void)state;
    struct world *w = begin(NET_SLOTS);
    struct net_desc d = {.length = 60}, seen[NET_CHAIN_MAX];
    unsigned count;
    uint32_t length;

    give(w, 0, 1);
    assert_false(area_publish(&w->area)); /* the client has not asked to be woken */
    assert_false(net_may_sleep(&w->net, NET_WAKE_RX));
    assert_true(net_receive(&w->net, &d));
    assert_true(net_may_sleep(&w->net, NET_WAKE_RX));
    give(w, 1, 1);
    assert_true(area_publish(&w->area));
    give(w, 2, 1);
    assert_false(area_publish(&w->area)); /* once is enough */

    d = (struct net_desc){.length = 60};
    net_transmit(&w->net, &d, 1);
    net_flush(&w->net);
    notifications = 0;
    assert_true(area_arm(&w->area)); /* there is a frame: netdev does not sleep */
    while (area_peek(&w->area, seen, &count, &length))
        area_take(&w->area, count);
    assert_false(area_arm(&w->area));
    w->area.in_flight = 1;
    assert_false(area_wants_done(&w->area));
    net_may_sleep(&w->net, NET_WAKE_DONE);
    assert_true(area_wants_done(&w->area));
    notifications = 0;
    net_transmit(&w->net, &d, 1);
    net_flush(&w->net);
    assert_int_equal(notifications, 1);
    net_transmit(&w->net, &d, 1);
    net_flush(&w->net);
    assert_int_equal(notifications, 1);
    end(w);
}

static void test_slow_client(void **state)
{
    (void)state;
    struct world *w = begin(8);
    struct net_desc d;

    for (uint32_t i = 0; i < 8; i++)
        assert_true(give(w, i, 1));
    assert_false(give(w, 8, 1));
    assert_false(give(w, 8, 3));
    area_publish(&w->area);
    assert_int_equal(w->net.area->dropped, 2);
    assert_true(net_receive(&w->net, &d));
    net_return(&w->net, d.id);
    net_flush(&w->net);
    assert_true(area_collect(&w->area, release, w));
    assert_int_equal(w->releases, 1);
    assert_false(give(w, 8, 2));
    assert_true(give(w, 8, 1));
    area_release(&w->area, release, w);
    assert_int_equal(w->releases, 9);
    assert_int_equal(w->area.held, 0);
    end(w);
}

static void check_lie(struct world *w, const char *part)
{
    struct net_desc seen[NET_CHAIN_MAX];
    unsigned count;
    uint32_t length;

    assert_false(area_peek(&w->area, seen, &count, &length));
    assert_non_null(w->area.lie);
    assert_non_null(strstr(w->area.lie, part));
    assert_false(give(w, 900, 1));
    area_release(&w->area, release, w);
    end(w);
}

static struct world *sends(struct net_desc d)
{
    struct world *w = begin(NET_SLOTS);

    w->net.area->tx_slot[0] = d;
    w->net.area->tx.produced = 1;
    return w;
}

static void test_liars_who_send(void **state)
{
    (void)state;
    const uint32_t data = SIZE - NET_DATA_OFFSET;
    struct world *w;

    check_lie(sends((struct net_desc){.length = 0}), "outside");
    check_lie(sends((struct net_desc){.offset = data, .length = 1}), "outside");
    check_lie(sends((struct net_desc){.offset = 1, .length = data}), "outside");
    check_lie(sends((struct net_desc){.offset = 0xfffffff0, .length = 0x20}), "outside");
    check_lie(sends((struct net_desc){.offset = 16, .length = 0xffffffff}), "outside");
    check_lie(sends((struct net_desc){.length = 60, .flags = NET_MORE}), "no end");

    w = begin(NET_SLOTS); /* a chain longer than any frame */
    for (unsigned i = 0; i < NET_SLOTS; i++)
        w->net.area->tx_slot[i] = (struct net_desc){.length = 60, .flags = NET_MORE};
    w->net.area->tx.produced = NET_SLOTS;
    check_lie(w, "no end");

    w = begin(NET_SLOTS);
    w->net.area->tx.produced = NET_SLOTS + 1;
    check_lie(w, "more frames");

    w = begin(NET_SLOTS);
    w->net.area->tx.produced = 0xffffffff;
    check_lie(w, "more frames");

    w = sends((struct net_desc){.length = 60});
    area_take(&w->area, 1);
    w->net.area->tx.produced = NET_SLOTS + 1; /* one is still on its way */
    check_lie(w, "more frames");
}

/* A client notices it when netdev claims more than a ring holds, or has taken the memory back. */
static void test_lies_of_netdev(void **state)
{
    (void)state;
    struct world *w = begin(NET_SLOTS);
    struct net_done done;
    struct net_desc d;

    assert_true(net_alive(&w->net));
    w->net.area->rx.produced = w->net.area->done.produced = NET_SLOTS;
    for (unsigned i = 0; i < NET_SLOTS; i++)
        assert_true(net_receive(&w->net, &d) && net_done(&w->net, &done));
    assert_false(net_receive(&w->net, &d) || net_done(&w->net, &done));
    assert_true(net_alive(&w->net));
    w->net.area->rx.produced += NET_SLOTS + 1;
    assert_false(net_receive(&w->net, &d));
    assert_false(net_alive(&w->net));
    end(w);

    w = begin(NET_SLOTS);
    w->net.area->done.produced--;
    assert_false(net_done(&w->net, &done));
    assert_false(net_alive(&w->net));
    end(w);

    w = begin(NET_SLOTS);
    memset(w->memory, 0, SIZE);
    assert_false(net_alive(&w->net));
    end(w);
}

static struct world *returns(uint32_t a, uint32_t b)
{
    struct world *w = begin(NET_SLOTS);

    give(w, 3, 2);
    w->net.area->returned_slot[0] = a;
    w->net.area->returned_slot[1] = b;
    w->net.area->returned.produced = 2;
    assert_false(area_collect(&w->area, release, w));
    return w;
}

static void test_liars_who_return(void **state)
{
    (void)state;
    struct world *w;

    check_lie(returns(3, 3), "does not hold");
    check_lie(returns(3, 5), "does not hold");
    check_lie(returns(BUFFERS, 3), "does not hold");
    check_lie(returns(0xffffffff, 3), "does not hold");

    w = begin(NET_SLOTS);
    give(w, 3, 1);
    w->net.area->returned.produced = 2;
    assert_false(area_collect(&w->area, release, w));
    check_lie(w, "more buffers");
}

static uint64_t seed = 7;

static uint32_t random32(void)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(seed >> 32);
}

/* One step of a client that means well, or writes anything anywhere. */
static void client_step(struct world *w, bool hostile)
{
    struct net_desc d = {.offset = random32() % 4096, .length = 1 + random32() % 1500};
    struct net_done done;

    if (random32() % 2)
        net_transmit(&w->net, &d, 1);
    while (net_receive(&w->net, &d))
        net_return(&w->net, d.id);
    while (net_done(&w->net, &done))
        continue;
    net_flush(&w->net);
    if (random32() % 4 == 0)
        net_may_sleep(&w->net, random32() % 4);
    if (hostile && random32() % 8 == 0)
        ((uint32_t *)w->memory)[random32() % (NET_DATA_OFFSET / 4)] = random32();
    if (hostile && random32() % 32 == 0)
        w->net.area->tx.produced += random32() % 8;
    if (hostile && random32() % 64 == 0)
        w->net.area->returned.produced += random32() % 3;
}

static void server_step(struct world *w)
{
    struct net_desc d[NET_CHAIN_MAX];
    unsigned count, first = random32() % (BUFFERS - 4), pieces = 1 + random32() % 3;
    uint32_t length, sum;

    area_collect(&w->area, release, w);
    while (area_peek(&w->area, d, &count, &length)) {
        sum = 0;
        for (unsigned i = 0; i < count; i++) {
            assert_true(d[i].offset < w->area.data_size);
            assert_true(d[i].length <= w->area.data_size - d[i].offset);
            sum += d[i].length;
        }
        assert_int_equal(sum, length);
        area_take(&w->area, count);
        area_done(&w->area, d[0].id, count, 0);
    }
    for (unsigned i = 0; i < pieces; i++)
        if (w->held[first + i])
            return;
    give(w, first, pieces);
    area_publish(&w->area);
    area_arm(&w->area);
    assert_true(w->area.held <= NET_SLOTS && w->area.on_the_way <= NET_SLOTS);
}

static void test_random(void **state)
{
    (void)state;
    unsigned liars = 0, held;

    for (unsigned run = 0; run < 2000; run++) {
        struct world *w = begin(NET_SLOTS);

        for (unsigned step = 0; step < 400 && w->area.lie == NULL; step++) {
            client_step(w, run % 4 != 0);
            server_step(w);
        }
        if (run % 4 == 0)
            assert_null(w->area.lie);
        liars += w->area.lie != NULL;
        area_release(&w->area, release, w);
        held = 0;
        for (unsigned i = 0; i < BUFFERS; i++)
            held += w->held[i];
        assert_int_equal(held, 0);
        end(w);
    }
    assert_true(liars > 800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send),
        cmocka_unit_test(test_send_is_bounded),
        cmocka_unit_test(test_wake),
        cmocka_unit_test(test_slow_client),
        cmocka_unit_test(test_liars_who_send),
        cmocka_unit_test(test_lies_of_netdev),
        cmocka_unit_test(test_liars_who_return),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
