/* SPDX-License-Identifier: BSD-2-Clause */
/* netserv's interface to the network over a wire that is made here: what comes is up to the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/task.h>

#include "../../../examples/net/netserv/link.h"
#include "../../../examples/net/netserv/wire.h"

#define MANY   100000u /* far more than one run may take in */
#define A_TURN 1000u   /* more than one run needs to take in */

static uint64_t clock_ns = UINT64_C(1000000000);
static bool open;
static unsigned waiting, part_flags; /* parts that come, and what each says */
static unsigned taken, given_back, sleeps;

/* ---- The kernel. ---- */

uint64_t clock_now(void)
{
    return clock_ns;
}

ukern_handle task_handle(const char *name)
{
    (void)name;
    return UKERN_ENOENT; /* no device of our own: wire_netdev */
}

/* ---- The wire. ---- */

static int wire_open(ukern_handle port, struct net_info *info)
{
    (void)port;
    *info = (struct net_info){.mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56}, .mtu = 1500};
    open = true;
    return UKERN_OK;
}

static void wire_close(void)
{
    open = false;
}

static bool wire_is_open(void)
{
    return open;
}

static void nothing(void) {}

/* A frame that is nobody's: of no known type. */
static bool receive(struct net_desc *part, const uint8_t **data)
{
    static const uint8_t frame[60] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 2,
                                      0,    0,    0, 0,    1,    0x88, 0xb5};

    if (waiting == 0)
        return false;
    waiting--;
    taken++;
    *part = (struct net_desc){.length = sizeof frame, .flags = (uint16_t)part_flags};
    *data = frame;
    return true;
}

static void give_back(uint32_t id)
{
    (void)id;
    given_back++;
}

static uint8_t *room(void)
{
    static uint8_t frame[WIRE_FRAME];

    return frame;
}

static void send_frame(uint32_t length)
{
    (void)length;
}

static bool may_sleep(bool for_room)
{
    (void)for_room;
    sleeps++;
    return waiting == 0;
}

static bool hangup(uint64_t badge)
{
    (void)badge;
    return false;
}

static uint64_t deadline(void)
{
    return UKERN_FOREVER;
}

const struct wire wire_netdev = {
    .open = wire_open,
    .close = wire_close,
    .is_open = wire_is_open,
    .link = wire_is_open,
    .woken = nothing,
    .awake = nothing,
    .receive = receive,
    .give_back = give_back,
    .room = room,
    .send = send_frame,
    .flush = nothing,
    .may_sleep = may_sleep,
    .hangup = hangup,
    .deadline = deadline,
};
const struct wire wire_device; /* never chosen here */

/* ---- Tests. ---- */

static void come(unsigned parts, unsigned flags)
{
    waiting = parts;
    part_flags = flags;
    taken = given_back = sleeps = 0;
}

/* However many frames are there, requests have their turn, and the rest is taken in at once after. */
static void test_flood(void **state)
{
    (void)state;
    come(MANY, 0);
    assert_int_equal(link_run(), clock_ns);
    assert_in_range(taken, 1, A_TURN);
    assert_int_equal(given_back, taken);
    assert_int_equal(sleeps, 0);
    for (unsigned i = 0; i < MANY && waiting > 0; i++)
        link_run();
    assert_int_equal(given_back, MANY);
    assert_true(link_run() > clock_ns);
    assert_true(sleeps > 0);
}

/* Nor does a frame that never ends keep it. */
static void test_endless_frame(void **state)
{
    (void)state;
    come(MANY, NET_MORE);
    assert_int_equal(link_run(), clock_ns);
    assert_in_range(taken, 1, 40 * A_TURN);
    assert_int_equal(given_back, taken);
    come(0, 0);
    assert_true(link_run() > clock_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_endless_frame),
    };
    const struct link_config config = {.dhcp = true, .patience = 5};

    link_init(1, &config);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
