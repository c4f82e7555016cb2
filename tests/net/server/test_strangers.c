/* SPDX-License-Identifier: BSD-2-Clause */
/* What strangers on the wire make netserv keep, and what they can take from others by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "talk.h"

#include <lwip/netif.h>
#include <lwip/pbuf.h>

#include "../../../examples/net/netserv/train.h"

static unsigned answers(struct flow *f)
{
    unsigned n = 0;

    while (heard(f, ACK, NULL) >= 0)
        n++;
    return n;
}

/* Segments of one connection that come together are one for lwIP, and acknowledged once; of what is
 * between them, nothing is lost, joined or believed that should not be. */
static void test_train(void **state)
{
    (void)state;
    static uint8_t data[1200], got[60000];
    uint64_t l = listener(80), s;
    struct flow f = dial(2100, 80), other = dial(2101, 80);
    struct call *c;
    size_t n, have = 0;

    s = accepted(accept_later(l));
    world_close(accepted(accept_later(l)));
    (void)answers(&f);
    for (unsigned i = 0; i < 20; i++) {
        for (size_t k = 0; k < sizeof data; k++)
            data[k] = (uint8_t)(i * 7 + k);
        n = lay_out(&f, ACK, f.seq + i * 1200, data, sizeof data);
        if (i == 5) { /* its checksum says that it is damaged: it must come again */
            frame[n - 1] ^= 1;
            world_frame_first(frame, n);
            frame[n - 1] ^= 1;
        }
        if (i == 9) /* twice */
            world_frame_first(frame, n);
        if (i == 12) {            /* another's, in between */
            struct flow twin = f; /* but for the port */

            twin.port = other.port;
            n = lay_out(&twin, ACK, f.seq + i * 1200, got, sizeof data);
            world_frame_first(frame, n);
            n = lay_out(&f, ACK, f.seq + i * 1200, data, sizeof data);
        }
        if (i == 19)
            world_frame(frame, n);
        else
            world_frame_first(frame, n);
    }
    /* Without trains there were 20 segments to acknowledge: 10 answers. */
    assert_true(answers(&f) <= 6);
    while (have < 24000) {
        c = world_call(s, STREAM_READ, (uint64_t[6]){8000}, NULL, 8000);
        assert_true(c->done && c->length > 0);
        memcpy(got + have, c->data, c->length);
        have += c->length;
        world_end_call(c);
    }
    assert_int_equal(have, 24000);
    for (size_t k = 0; k < have; k++)
        assert_int_equal(got[k], (uint8_t)(k / 1200 * 7 + k % 1200));
    segment(&f, RST | ACK, f.seq + 24000, "", 0);
    segment(&other, RST | ACK, other.seq, "", 0);
    assert_int_equal(train_spare(), TRAIN_CELLS);
}

static uint64_t listening;

/* What lwIP gets: a train is one. */
static netif_input_fn lwip_input;
static unsigned inputs;

static err_t count_input(struct pbuf *p, struct netif *n)
{
    inputs++;
    return lwip_input(p, n);
}

static size_t payload; /* of each segment */
static bool joined;

/* What reaches the client of two segments, of which the second has one bit of its headers turned and checksums that are
 * right all the same: how many bytes, and a sum of which.
 * `joined`: lwIP got both as one. */
static uint64_t reaches(unsigned bit, bool together)
{
    static uint16_t port = 3000;
    static const uint8_t bytes[600] = {[299] = 1, [300] = 2, [599] = 3};
    struct flow f = dial(port++, 80);
    uint64_t s = accepted(accept_later(listening));
    uint8_t *t = frame + DATA_OFFSET;
    size_t n = lay_out(&f, ACK, f.seq, bytes + 300 - payload, payload), length;
    uint64_t sum = 0;
    struct call *c;

    inputs = 0;
    if (together)
        world_frame_first(frame, n);
    else
        world_frame(frame, n);
    n = lay_out(&f, ACK | PSH, f.seq + (uint32_t)payload, bytes + 300, payload);
    frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
    put16(frame + IP_OFFSET + 10, 0);
    put16(frame + IP_OFFSET + 10, frame_sum(frame + IP_OFFSET, 20, 0));
    length = get16(frame + IP_OFFSET + 2) - 20u;
    length = length < n - DATA_OFFSET ? length : n - DATA_OFFSET;
    put16(t + 16, 0);
    put16(t + 16, frame_sum(t, length, pseudo_header(frame, length)));
    world_frame(frame, n);
    c = world_call(s, STREAM_READ, (uint64_t[6]){1000, DONTWAIT}, NULL, 1000);
    assert_true(c->done);
    n = c->label < 0 ? 0 : c->length;
    joined = together && inputs == 1 && n > payload;
    for (size_t i = 0; i < n; i++)
        sum += (i + 1) * c->data[i];
    world_end_call(c);
    segment(&f, RST | ACK, f.seq + (uint32_t)n, "", 0);
    world_close(s);
    return n << 32 | sum;
}

/* May a segment go with a train if it differs from the first one in that bit? */
static bool may_differ(unsigned bit)
{
    switch (bit / 8) {
    case IP_OFFSET + 2: /* length, */
    case IP_OFFSET + 3:
    case IP_OFFSET + 4: /* identification */
    case IP_OFFSET + 5:
    case IP_OFFSET + 10: /* and checksum of the packet */
    case IP_OFFSET + 11:
    case DATA_OFFSET + 16: /* checksum of the segment; what would be urgent if a flag said so */
    case DATA_OFFSET + 17:
    case DATA_OFFSET + 18:
    case DATA_OFFSET + 19:
        return true;
    case IP_OFFSET + 6: /* may it be cut to pieces? */
        return bit % 8 >= 6;
    case DATA_OFFSET + 13:
        return 1u << bit % 8 == PSH;
    default:
        return false;
    }
}

/* Nothing goes with a train that would not have gone alone, or that says what the first does not. */
static void none_but_alike(size_t size)
{
    payload = size;
    for (unsigned bit = 0; bit < (DATA_OFFSET + HEADER) * 8; bit++) {
        uint64_t together = reaches(bit, true);

        if (joined && !may_differ(bit))
            fail_msg("bit %u of byte %u of the headers is lost", bit % 8, bit / 8);
        if (together != reaches(bit, false))
            fail_msg("bit %u of byte %u of the headers makes a difference", bit % 8, bit / 8);
    }
    /* A bit of the checksum itself, which is set right: both arrive, as one. */
    assert_int_equal(reaches((DATA_OFFSET + 16) * 8, true) >> 32, 2 * size);
    assert_true(joined);
}

static void test_no_other_on_the_train(void **state)
{
    (void)state;

    listening = listener(80);
    lwip_input = netif_list->input;
    netif_list->input = count_input;
    none_but_alike(300);
    none_but_alike(1); /* too short to be compared in words */
    netif_list->input = lwip_input;
    world_close(listening);
}

/* A number may lie before the one that is due as well as behind it: that is neither. */
static void test_half_of_all_numbers_away(void **state)
{
    (void)state;
    uint64_t l = listener(80), s;
    struct flow f = dial(2200, 80);
    struct call *c;

    s = accepted(accept_later(l));
    segment(&f, ACK | PSH, f.seq + 0x80000000u, "x", 1);
    segment(&f, ACK | FIN, f.seq + 0x80000000u, "", 0);
    segment(&f, ACK | PSH, f.seq, "on", 2);
    c = world_call(s, STREAM_READ, (uint64_t[6]){1000, DONTWAIT}, NULL, 1000);
    assert_true(c->done);
    assert_int_equal(c->length, 2);
    assert_memory_equal(c->data, "on", 2);
    world_end_call(c);
    segment(&f, RST | ACK, f.seq + 2, "", 0);
    world_close(s);
    world_close(l);
}

/* The peer has heard nothing new, and has no room. */

static void no_room(const struct flow *f)
{
    uint8_t *t = frame + DATA_OFFSET;
    size_t length = lay_out(f, ACK, f->seq, "", 0);

    put16(t + 14, 0);
    put16(t + 16, 0);
    put16(t + 16, frame_sum(t, HEADER, pseudo_header(frame, HEADER)));
    world_frame(frame, length);
}

/* A connection of which its client has nothing any more, while its peer takes nothing. */
static struct flow orphan(uint64_t l, uint16_t port)
{
    static const uint8_t data[8000];
    struct flow f = dial(port, 80);
    uint64_t s = accepted(accept_later(l));
    struct call *c = world_call(s, STREAM_WRITE, (uint64_t[6]){sizeof data}, data, sizeof data);

    assert_int_equal(c->label, 0);
    world_end_call(c);
    no_room(&f);
    world_close(s);
    return f;
}

/* A peer that takes nothing cannot keep a socket for ever after its client has gone. */
static void test_orphan(void **state)
{
    (void)state;
    uint64_t l = listener(80);
    unsigned before = world_sockets();
    struct flow f = orphan(l, 3100);

    for (unsigned i = 0; i < 20; i++) {
        world_wait(2000);
        no_room(&f);
        assert_int_equal(world_sockets(), before + 1);
    }
    for (unsigned i = 0; i < 20; i++) {
        world_wait(2000);
        no_room(&f);
    }
    assert_int_equal(world_sockets(), before);
}

/* Nor can many peers of that kind have all sockets: for a new connection an old one of them goes. */
static void test_orphans_make_room(void **state)
{
    (void)state;
    uint64_t l = listener(80);

    for (uint16_t i = 0; i < 2 * SOCKET_MEMBERS; i++)
        orphan(l, (uint16_t)(4000 + i));
    assert_in_range(world_sockets(), SOCKET_MEMBERS / 2, SOCKET_MEMBERS);
}

/* Segments that are kept because one before them is missing: some of them go when others need the
 * memory. Then a transfer with a gap still arrives. */
static void test_gaps_do_not_make_deaf(void **state)
{
    (void)state;
    static const uint8_t data[1000];
    uint64_t l = listener(80);
    struct flow flows[20], f;

    for (uint16_t i = 0; i < 20; i++) {
        flows[i] = dial((uint16_t)(3000 + i), 80);
        for (unsigned k = 1; k < 60; k++)
            segment(&flows[i], ACK, flows[i].seq + k * 1000, data, sizeof data);
        while (heard(&flows[i], ACK, NULL) >= 0)
            continue;
    }
    assert_true(pings());
    f = dial(2999, 80);
    for (unsigned i = 0; i < 21; i++) {
        uint64_t s = accepted(accept_later(l));

        world_close(s);
    }
    for (uint16_t i = 0; i < 20; i++)
        segment(&flows[i], RST, flows[i].seq, "", 0);
    segment(&f, RST, f.seq, "", 0);
}

/* Clients that do not read their datagrams keep neither lwIP nor those who do from theirs. */
static void test_unread_datagrams(void **state)
{
    (void)state;
    uint64_t hog[40], reader;
    struct call *c;

    for (uint16_t i = 0; i < 40; i++) {
        hog[i] = make(SOCKET_TYPE_UDP, 4);
        assert_int_equal(at_now(hog[i], SOCKET_BIND, 0, (uint16_t)(5000 + i)), 0);
        for (unsigned k = 0; k < 100; k++)
            datagram((uint16_t)(5000 + i), 1000);
    }
    assert_true(train_spare() > 100);
    assert_true(pings());
    reader = make(SOCKET_TYPE_UDP, 4);
    assert_int_equal(at_now(reader, SOCKET_BIND, 0, 4999), 0);
    for (unsigned k = 0; k < 10; k++) {
        datagram(4999, 100 + k);
        c = world_call(reader, STREAM_READ, (uint64_t[6]){2000}, NULL, 2000);
        assert_true(c->done);
        assert_int_equal(c->length, 100 + k);
        world_end_call(c);
    }
    (void)listener(80);
    (void)dial(2998, 80);
}

#define MOST 64u

/* However small they are: for one socket so many are kept, the oldest. */
static void test_unread_small_datagrams(void **state)
{
    (void)state;
    uint64_t s = make(SOCKET_TYPE_UDP, 4);
    struct call *c;

    assert_int_equal(at_now(s, SOCKET_BIND, 0, 5000), 0);
    for (unsigned k = 0; k < MOST + 10; k++)
        datagram(5000, 1 + k);
    for (unsigned k = 0; k <= MOST; k++) {
        c = world_call(s, STREAM_READ, (uint64_t[6]){2000, DONTWAIT}, NULL, 2000);
        assert_true(c->done);
        if (k < MOST)
            assert_int_equal(c->length, 1 + k);
        else
            assert_true(c->label < 0); /* nothing is there */
        world_end_call(c);
    }
    world_close(s);
}

/* What says that it comes from ourselves would be answered to ourselves, by an echo for ever. */
static void test_forged_sources(void **state)
{
    (void)state;
    uint64_t s = make(SOCKET_TYPE_UDP, 4);
    struct call *c;

    assert_int_equal(at_now(s, SOCKET_BIND, 0, 5000), 0);
    datagram_from(GUEST_IP, 5000, 10);
    datagram_from(0x7f000001, 5000, 11);
    datagram_from(0x7fffffff, 5000, 12);
    datagram(5000, 13);
    c = world_call(s, STREAM_READ, (uint64_t[6]){2000}, NULL, 2000);
    assert_true(c->done);
    assert_int_equal(c->length, 13);
    world_end_call(c);
}

int main(void)
{
#define SERVED(f) cmocka_unit_test_setup_teardown(f, ready, settled)
    const struct CMUnitTest tests[] = {
        SERVED(test_train),
        SERVED(test_no_other_on_the_train),
        SERVED(test_half_of_all_numbers_away),
        SERVED(test_gaps_do_not_make_deaf),
        SERVED(test_orphan),
        SERVED(test_orphans_make_room),
        SERVED(test_unread_datagrams),
        SERVED(test_unread_small_datagrams),
        SERVED(test_forged_sources),
    };

    world_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
