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
#include "../wire/frame.h"

#include <lwip/dns.h>
#include <lwip/netif.h>

#include "../../../examples/net/netserv/names.h"

#define MANY   100000u /* far more than one run may take in */
#define A_TURN 1000u   /* more than one run needs to take in */
#define GONE   7       /* badge of the wire's handle */

static uint64_t clock_ns = UINT64_C(1000000000);
static bool open, broken, full; /* full: it takes no frame */
static bool for_room;           /* it was asked to tell when it takes one again */
static unsigned opened;
static unsigned waiting, part_flags; /* parts that come, and what each says */
static unsigned taken, given_back, sleeps;
/* What each is: a frame that is nobody's, of no known type, if not said otherwise. */
static uint8_t frame[FRAME_MAX] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
static uint32_t frame_size = 60;

/* ---- The kernel. ---- */

uint64_t clock_now(void)
{
    return clock_ns;
}

/* ---- The wire. ---- */

int wire_open(ukern_handle port, struct net_info *info)
{
    (void)port;
    *info = (struct net_info){.mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56}, .mtu = 1500};
    open = true;
    broken = false;
    opened++;
    return UKERN_OK;
}

const char *wire_strerror(int error)
{
    return ukern_strerror(error);
}

void wire_close(void)
{
    open = false;
}

bool wire_is_open(void)
{
    return open;
}

bool wire_broken(void)
{
    return open && broken;
}

bool wire_link(void)
{
    return open;
}

void wire_woken(void) {}
void wire_awake(void) {}
void wire_flush(void) {}

bool wire_receive(struct net_desc *part, const uint8_t **data)
{
    if (waiting == 0)
        return false;
    waiting--;
    taken++;
    *part = (struct net_desc){.length = frame_size, .flags = (uint16_t)part_flags};
    *data = frame;
    return true;
}

void wire_give_back(uint32_t id)
{
    (void)id;
    given_back++;
}

static uint8_t sent[WIRE_FRAME];

uint8_t *wire_room(void)
{
    return full || !open ? NULL : sent;
}

/* What DHCPv6's servers are asked last: its number, and by whom. */
static uint8_t asked[3], asker[16];

void wire_send(uint32_t length)
{
    const uint8_t *f = sent, *udp = f + IP_OFFSET + 40;

    if (length > IP_OFFSET + 40 + 12 && get16(f + 12) == 0x86dd && f[IP_OFFSET + 6] == PROTO_UDP &&
        get16(udp + 2) == 547) {
        memcpy(asked, udp + 9, sizeof asked);
        memcpy(asker, f + IP_OFFSET + 8, sizeof asker);
    }
}

bool wire_may_sleep(bool room)
{
    for_room = room;
    sleeps++;
    return waiting == 0;
}

bool wire_hangup(uint64_t badge)
{
    return badge == GONE;
}

uint64_t wire_deadline(void)
{
    return UKERN_FOREVER;
}

/* ---- Tests. ---- */

static void come(unsigned parts, unsigned flags)
{
    waiting = parts;
    part_flags = flags;
    taken = given_back = sleeps = 0;
    if (parts > 0)
        link_woken(WIRE_BITS);
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

/* Who was not woken does not look: nothing has come. But he does when a timer is due. */
static void test_not_woken(void **state)
{
    (void)state;
    come(0, 0);
    link_run();
    come(1, 0);
    link_run();
    assert_int_equal(taken, 1);
    waiting = 1;
    sleeps = 0;
    link_run();
    assert_int_equal(taken, 1);
    assert_int_equal(sleeps, 0);
    clock_ns += 60 * SECOND;
    link_run();
    assert_int_equal(taken, 2);
    assert_true(sleeps > 0);
}

/* But he does who has a frame that has found no room: he asks to be woken when there is some. */
static void test_no_room(void **state)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, 60, PBUF_RAM);

    (void)state;
    come(0, 0);
    link_run();
    full = true;
    assert_int_equal(netif_default->linkoutput(netif_default, p), ERR_MEM);
    pbuf_free(p);
    link_run();
    assert_true(sleeps > 0 && for_room);
    full = false;
    link_woken(WIRE_BITS);
    link_run();
    assert_false(for_room);
}

/* And another wire has not been told to wake us. */
static void test_another_wire(void **state)
{
    unsigned before = opened;

    (void)state;
    come(0, 0);
    link_run();
    sleeps = 0;
    link_hangup(GONE);
    assert_int_equal(opened, before + 1);
    link_run();
    assert_true(sleeps > 0);
}

/* A wire that is of no use any more is closed at once, and opened again in a second. */
static void test_broken_wire(void **state)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, 60, PBUF_RAM);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        unsigned before = opened;

        come(MANY, 0);
        broken = true;
        link_run();
        assert_false(open);
        assert_int_equal(netif_default->linkoutput(netif_default, p), ERR_IF);
        assert_int_equal(given_back, taken);
        clock_ns += SECOND / 2;
        link_run();
        assert_false(open);
        clock_ns += SECOND;
        link_run();
        assert_true(open);
        assert_int_equal(opened, before + 1);
        come(0, 0);
        assert_true(link_run() > clock_ns);
    }
    pbuf_free(p);
}

/* ---- Name servers by router advertisements. ---- */

#define LINK_LOCAL                                                                                 \
    {                                                                                              \
        0xfe, 0x80, [15] = 1                                                                       \
    }
#define RA_OPTIONS (IP_OFFSET + 40 + 16) /* in the frame */

static uint8_t announced_flags;

/* A packet of IPv6 with these n bytes of ICMPv6 or UDP comes, laid out behind its header. */
static void come6(const uint8_t to[16], uint8_t protocol, size_t n, size_t sum_at)
{
    static const uint8_t from[16] = LINK_LOCAL;
    uint8_t *ip = frame + IP_OFFSET, *data = ip + 40;
    uint32_t sum = protocol + (uint32_t)n;

    memcpy(frame, (uint8_t[14]){0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 1, 0x86, 0xdd}, 14);
    if (to[0] == 0xff)
        memcpy(frame, (uint8_t[]){0x33, 0x33, 0, 0, 0, 1}, 6);
    memset(ip, 0, 8);
    ip[0] = 0x60;
    put16(ip + 4, (unsigned)n);
    ip[6] = protocol;
    ip[7] = 255;
    memcpy(ip + 8, from, 16);
    memcpy(ip + 24, to, 16);
    for (unsigned i = 8; i < 40; i += 2)
        sum += get16(ip + i);
    put16(data + sum_at, 0);
    put16(data + sum_at, frame_sum(data, n, sum));
    frame_size = (uint32_t)(IP_OFFSET + 40 + n);
    come(1, 0);
    link_run();
    assert_int_equal(given_back, 1);
}

/* A router's announcement with these options comes. */
static void announce(const void *options, size_t n)
{
    static const uint8_t to[16] = {0xff, 2, [15] = 1};
    uint8_t *ra = frame + IP_OFFSET + 40;

    memset(ra, 0, 16);
    ra[0] = 134;
    ra[5] = announced_flags;
    put16(ra + 6, 1800);
    memcpy(frame + RA_OPTIONS, options, n);
    come6(to, 58, 16 + n, 2);
}

/* A server for so many seconds; its option says that it is so many eights of bytes long. */
static void announce_server(const uint8_t ip[16], uint32_t seconds, unsigned eights)
{
    uint8_t option[24] = {25, (uint8_t)eights};

    put32(option + 4, seconds);
    memcpy(option + 8, ip, 16);
    announce(option, sizeof option);
}

/* The resolver asks these: IPv4's by its last byte, IPv6's by its last plus 100. */
static void asks(unsigned first, unsigned second, unsigned third)
{
    const unsigned want[] = {first, second, third, 0};

    for (uint8_t i = 0; i < 4; i++) {
        const ip_addr_t *a = dns_getserver(i);
        const uint8_t *bytes = (const uint8_t *)ip_2_ip6(a)->addr;

        assert_int_equal(ip_addr_isany(a) ? 0
                         : IP_IS_V6(a)    ? 100u + bytes[15]
                                          : ip4_addr4(ip_2_ip4(a)),
                         want[i]);
    }
}

static const uint8_t server[16] = {0x20, 1, 0xd, 0xb8, [15] = 53};

static void forget(void)
{
    while (!ip_addr_isany(dns_getserver(0)))
        names_set(0, NULL);
}

/* Whoever comes first: IPv4's server is the first that is asked. */
static void test_name_servers(void **state)
{
    (void)state;
    ip_addr_t four = IPADDR4_INIT_BYTES(10, 0, 2, 3);
    uint8_t two[40] = {25, 5, [7] = 60};

    asks(0, 0, 0);
    announce_server(server, 60, 3);
    asks(153, 0, 0);
    names_set(0, &four);
    asks(3, 153, 0);
    assert_int_equal(names_first4(), ip4_addr_get_u32(ip_2_ip4(&four)));
    announce_server(server, 0, 3); /* it is none any more */
    asks(3, 0, 0);
    memcpy(two + 8, server, 16);
    memcpy(two + 24, server, 16);
    two[39] = 54;
    announce(two, sizeof two);
    asks(3, 153, 154);
    forget();
    asks(0, 0, 0);
    assert_int_equal(names_first4(), 0);
}

static void test_hostile_name_servers(void **state)
{
    (void)state;
    static const uint8_t not [][16] = {
        {0}, {[15] = 1}, {0xff, 2, [15] = 0xfb}, {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 3}};
    ip_addr_t four = IPADDR4_INIT_BYTES(10, 0, 2, 3);
    uint8_t many[24 * 50];

    names_set(0, &four);
    for (unsigned i = 0; i < sizeof not / sizeof not [0]; i++)
        announce_server(not [i], 60, 3);
    for (unsigned eights = 0; eights < 256; eights++)
        if (eights != 3)
            announce_server(server, 60, eights);
    asks(3, 0, 0);
    for (unsigned i = 0; i < sizeof many; i += 24) {
        memcpy(many + i, (uint8_t[8]){25, 3, [7] = 60}, 8);
        memcpy(many + i + 8, server, 16);
        many[i + 23] = (uint8_t)(i / 24 + 1);
    }
    announce(many, sizeof many);
    asks(3, 101, 102);
    forget();
}

/* Cut off anywhere. */
static void test_name_servers_in_pieces(void **state)
{
    (void)state;
    uint8_t option[24] = {25, 3, [7] = 60};

    memcpy(option + 8, server, 16);
    for (size_t n = 0; n < sizeof option; n++)
        announce(option, n);
    asks(0, 0, 0);
    announce(option, sizeof option);
    asks(153, 0, 0);
    forget();
}

static void wait_seconds(unsigned n)
{
    for (unsigned i = 0; i < 4 * n; i++) {
        clock_ns += SECOND / 4;
        link_run();
    }
}

/* What a server of DHCPv6 says: n bytes of this option, which says that it has so many. */
static void reply(const void *bytes, size_t n, unsigned length)
{
    uint8_t *udp = frame + IP_OFFSET + 40, *message = udp + 8;
    size_t size = 8 + 4 + 4 + n;

    put16(udp, 547);
    put16(udp + 2, 546);
    put16(udp + 4, (unsigned)size);
    message[0] = 7;
    memcpy(message + 1, asked, sizeof asked);
    put16(message + 4, 23);
    put16(message + 6, length);
    memcpy(message + 8, bytes, n);
    come6(asker, PROTO_UDP, size, 6);
}

/* DHCPv6, where the router says that it is there for the asking. */
static void test_dhcp6(void **state)
{
    (void)state;
    static const uint8_t multicast[16] = {0xff, 2, [15] = 0xfb}, none[3];

    come(0, 0);
    wait_seconds(5); /* the machine's address is its own by now */
    announced_flags = 0x40;
    announce("", 0);
    assert_memory_not_equal(asked, none, sizeof none);
    for (unsigned length = 0; length < 200; length++)
        if (length != 16)
            reply(server, 16, length);
    asks(0, 0, 0);
    for (unsigned i = 0; i < 3; i++) { /* whatever was accepted, it goes on asking when told so */
        announce("", 0);
        wait_seconds(2);
    }
    reply(multicast, 16, 16);
    asks(0, 0, 0);
    announced_flags = 0;
    announce("", 0);
    announced_flags = 0x40;
    announce("", 0);
    wait_seconds(2);
    reply(server, 16, 16);
    asks(153, 0, 0);
    announced_flags = 0;
    forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_endless_frame),
        cmocka_unit_test(test_not_woken),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_another_wire),
        cmocka_unit_test(test_broken_wire),
        cmocka_unit_test(test_name_servers),
        cmocka_unit_test(test_hostile_name_servers),
        cmocka_unit_test(test_name_servers_in_pieces),
        cmocka_unit_test(test_dhcp6),
    };
    const struct link_config config = {.dhcp = true, .patience = 5};

    link_init(1, &config);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
