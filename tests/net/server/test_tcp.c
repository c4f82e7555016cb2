/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What netserv's TCP puts on the wire, segment by segment: options, selective acknowledgements, windows, and that large
 * segments are acknowledged before any time has passed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ukern/stream.h>

#include "../wire/wire.h"
#include "world.h"

#define SERVER 1u /* the badge of `socket` itself */
#define FIN    1u
#define SYN    2u
#define RST    4u
#define PSH    8u
#define ACK    16u
#define HEADER 20u
#define MSS    1460u
#define SCALE  2u /* TCP_RCV_SCALE: what windows of ours are shifted by */

enum { OPTION_END, OPTION_NOP, OPTION_MSS, OPTION_SCALE, OPTION_SACK_OK, OPTION_SACK };

/* A connection, from the peer's side. */
struct peer {
    uint16_t port;
    uint32_t seq, ack; /* of the next byte of each side */
    bool scaled;
};

/* A segment that came. */
struct heard {
    unsigned flags;
    uint32_t seq, ack;
    size_t window; /* as it is written there */
    size_t n;      /* bytes */
    const uint8_t *option, *option_end;
};

static uint8_t payload[70000];

static void segment(const struct peer *p, unsigned flags, uint32_t seq, size_t n,
                    const uint8_t *options, size_t options_size)
{
    static uint8_t frame[FRAME_MAX];
    uint8_t *t = frame + DATA_OFFSET;
    size_t header = HEADER + options_size, length = ip_frame(frame, PROTO_TCP, header + n);

    memset(t, 0, HEADER);
    put16(t, p->port);
    put16(t + 2, 80);
    put32(t + 4, seq);
    put32(t + 8, p->ack);
    t[12] = (uint8_t)(header / 4 << 4);
    t[13] = (uint8_t)flags;
    put16(t + 14, 60000);
    memcpy(t + HEADER, options, options_size);
    memcpy(t + header, payload, n);
    put16(t + 16, wire_sum(t, header + n, pseudo_header(frame, header + n)));
    world_frame(frame, length);
}

/* n bytes at this distance from what has been sent in order. */
static void data(const struct peer *p, size_t distance, size_t n)
{
    segment(p, ACK | PSH, p->seq + (uint32_t)distance, n, payload, 0);
}

static bool hear(const struct peer *p, struct heard *h)
{
    static uint8_t in[FRAME_MAX];
    const uint8_t *t = in + DATA_OFFSET;
    size_t n;

    while ((n = world_sent(in, sizeof in)) > 0) {
        size_t header = (t[12] >> 4) * 4u;

        if (get16(in + 12) != 0x0800 || in[IP_OFFSET + 9] != PROTO_TCP || get16(t + 2) != p->port)
            continue;
        *h = (struct heard){.flags = t[13],
                            .seq = get32(t + 4),
                            .ack = get32(t + 8),
                            .window = get16(t + 14),
                            .n = get16(in + IP_OFFSET + 2) - 20u - header,
                            .option = t + HEADER,
                            .option_end = t + header};
        return true;
    }
    return false;
}

/* The last of those that came; it must be one. */
static struct heard last(const struct peer *p)
{
    struct heard h, next;

    assert_true(hear(p, &h));
    while (hear(p, &next))
        h = next;
    return h;
}

static bool silent(const struct peer *p)
{
    struct heard h;

    return !hear(p, &h);
}

/* The option of that kind, or NULL. They must be well formed. */
static const uint8_t *option(const struct heard *h, unsigned kind)
{
    const uint8_t *found = NULL;

    for (const uint8_t *o = h->option; o < h->option_end && *o != OPTION_END;) {
        if (*o == OPTION_NOP) {
            o++;
            continue;
        }
        assert_true(o + 1 < h->option_end && o[1] >= 2 && o + o[1] <= h->option_end);
        if (*o == kind)
            found = o;
        o += o[1];
    }
    return found;
}

static size_t window(const struct peer *p, const struct heard *h)
{
    return p->scaled ? h->window << SCALE : h->window;
}

static void arp(void)
{
    static const uint8_t request[] = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1};
    uint8_t frame[60] = {0}, in[64];

    memset(frame, 0xff, 6);
    memcpy(frame + 6, our_mac, 6);
    memcpy(frame + 12, request, sizeof request);
    memcpy(frame + 22, our_mac, 6);
    put32(frame + 28, OUR_IP);
    put32(frame + 38, GUEST_IP);
    world_frame(frame, 60);
    while (world_sent(in, sizeof in) > 0)
        continue;
}

static uint64_t call(uint64_t badge, int label, const uint64_t w[6])
{
    struct call *c = world_call(badge, label, w, NULL, 0);
    uint64_t result = c->reply.w[5];

    assert_true(c->done);
    assert_true(c->label >= 0);
    world_end_call(c);
    return result;
}

static uint64_t listener;

/* Open a connection from this port with these options in its SYN; what the SYN of the answer said. */
static struct heard dial(struct peer *p, uint16_t port, const uint8_t *options, size_t size)
{
    struct heard h;

    *p = (struct peer){.port = port, .seq = 1000};
    segment(p, SYN, p->seq++, 0, options, size);
    assert_true(hear(p, &h));
    assert_int_equal(h.flags, SYN | ACK);
    assert_int_equal(h.ack, p->seq);
    p->ack = h.seq + 1;
    segment(p, ACK, p->seq, 0, payload, 0);
    assert_true(silent(p));
    return h;
}

static const uint8_t all_options[] = {OPTION_MSS,     4, MSS >> 8, MSS & 0xff, OPTION_NOP,
                                      OPTION_SCALE,   3, 7,        OPTION_NOP, OPTION_NOP,
                                      OPTION_SACK_OK, 2};

static uint64_t accepted(void)
{
    return call(listener, SOCKET_ACCEPT, (uint64_t[6]){STREAM_NONBLOCK});
}

static uint64_t open_all(struct peer *p, uint16_t port)
{
    (void)dial(p, port, all_options, sizeof all_options);
    p->scaled = true;
    return accepted();
}

static void read_some(uint64_t s, size_t n)
{
    while (n > 0) {
        struct call *c =
            world_call(s, STREAM_READ, (uint64_t[6]){n < WORLD_DATA ? n : WORLD_DATA}, NULL, 0);

        assert_true(c->done && c->length > 0);
        n -= c->length;
        world_end_call(c);
    }
}

static int begin(void **state)
{
    struct socket_address a = {.family = 4, .port = 80};
    uint64_t w[6] = {0};

    (void)state;
    arp();
    memcpy(w, &a, sizeof a);
    listener = call(SERVER, SOCKET_CREATE, (uint64_t[6]){SOCKET_TYPE_TCP, 4});
    call(listener, SOCKET_BIND, w);
    call(listener, SOCKET_LISTEN, (uint64_t[6]){64});
    return 0;
}

static int end(void **state)
{
    const char *left = world_settle();

    (void)state;
    if (left != NULL)
        print_error("%s\n", left);
    return left != NULL;
}

/* ---- Options. ---- */

static void test_options(void **state)
{
    (void)state;
    struct peer p;
    struct heard h = dial(&p, 2000, all_options, sizeof all_options);
    const uint8_t *o;

    o = option(&h, OPTION_MSS);
    assert_non_null(o);
    assert_int_equal(get16(o + 2), MSS);
    o = option(&h, OPTION_SCALE);
    assert_non_null(o);
    assert_int_equal(o[2], SCALE);
    assert_non_null(option(&h, OPTION_SACK_OK));
}

/* Who does not speak of them is not spoken to of them. */
static void test_no_options(void **state)
{
    (void)state;
    struct peer p;
    struct heard h = dial(&p, 2001, payload, 0);

    assert_null(option(&h, OPTION_SCALE));
    assert_null(option(&h, OPTION_SACK_OK));
    (void)accepted();
    data(&p, 10000, MSS); /* not the next */
    h = last(&p);
    assert_int_equal(h.ack, p.seq);
    assert_null(option(&h, OPTION_SACK));
}

/* ---- Connections that only begin. ---- */

/* Hundreds of them do not keep out one that goes on, nor one that has not been accepted yet. */
static void test_half_open(void **state)
{
    (void)state;
    struct peer waiting, p = {0};

    (void)dial(&waiting, 3000, all_options, sizeof all_options);
    for (unsigned i = 0; i < 600; i++) {
        p = (struct peer){.port = (uint16_t)(3001 + i), .seq = 1000 + i};
        segment(&p, SYN, p.seq, 0, payload, 0);
        if (i % 50 == 49)
            (void)dial(&p, (uint16_t)(5000 + i), all_options, sizeof all_options);
    }
    for (unsigned i = 0; i < 13; i++)
        (void)accepted();
    data(&waiting, 0, 10);
    segment(&waiting, RST, waiting.seq + 10, 0, payload, 0);
}

/* Who sees some first numbers cannot tell the next one; between the same two it grows. */
static void test_first_numbers(void **state)
{
    (void)state;
    uint32_t first, before = 0;
    struct peer p;
    unsigned near = 0;

    for (uint16_t i = 0; i < 20; i++) {
        (void)dial(&p, (uint16_t)(4000 + i), payload, 0);
        near += p.ack - before + 1000000 < 2000000;
        before = p.ack;
        segment(&p, RST, p.seq, 0, payload, 0);
        (void)accepted();
    }
    assert_true(near <= 1);
    (void)dial(&p, 4100, payload, 0);
    first = p.ack;
    segment(&p, RST, p.seq, 0, payload, 0);
    (void)accepted();
    world_wait(1000);
    (void)dial(&p, 4100, payload, 0);
    assert_in_range(p.ack - first, 250000, 260000);
    segment(&p, RST, p.seq, 0, payload, 0);
    (void)accepted();
}

/* ---- Selective acknowledgements. ---- */

/* Does it name exactly the segments of this distance and length? */
static bool named(const struct heard *h, const struct peer *p, unsigned count, const size_t at[])
{
    const uint8_t *o = option(h, OPTION_SACK);
    unsigned found = 0;

    if (count == 0 || o == NULL)
        return count == 0 && o == NULL;
    for (unsigned i = 0; i < count; i++)
        for (const uint8_t *b = o + 2; b < o + o[1]; b += 8)
            found += get32(b) == p->seq + at[i] && get32(b + 4) == p->seq + at[i] + 1000;
    return found == count && o[1] == 2 + 8 * count;
}

static void test_what_came_is_named(void **state)
{
    (void)state;
    static const size_t beyond[] = {5000, 2000};
    struct peer p;
    struct heard h;
    uint64_t s = open_all(&p, 2002);

    data(&p, 0, 1000);
    p.seq += 1000;
    assert_true(named(&(struct heard){.option = NULL}, &p, 0, NULL));
    h = last(&p);
    assert_int_equal(h.ack, p.seq);
    assert_true(named(&h, &p, 0, NULL));
    data(&p, 2000, 1000);
    h = last(&p);
    assert_int_equal(h.ack, p.seq);
    assert_true(named(&h, &p, 1, beyond + 1));
    data(&p, 5000, 1000);
    h = last(&p);
    assert_int_equal(h.ack, p.seq);
    assert_true(named(&h, &p, 2, beyond));
    /* The first gap is filled: the rest is still named. */
    data(&p, 0, 1000);
    data(&p, 1000, 1000);
    h = last(&p);
    assert_int_equal(h.ack, p.seq + 3000);
    assert_true(named(&h, &p, 1, beyond));
    data(&p, 3000, 1000);
    data(&p, 4000, 1000);
    h = last(&p);
    assert_int_equal(h.ack, p.seq + 6000);
    assert_true(named(&h, &p, 0, NULL));
    read_some(s, 7000);
}

/* ---- Windows and acknowledgements. ---- */

/* A sender in slow start, or one whose buffer is small, waits for the acknowledgement of what it has sent: it comes with no
 * time passing. */
static void test_large_segments_are_acknowledged_at_once(void **state)
{
    (void)state;
    struct peer p;
    struct heard h;
    uint64_t s = open_all(&p, 2003);

    for (unsigned i = 0; i < 50; i++) {
        data(&p, 0, MSS);
        p.seq += MSS;
        h = last(&p);
        assert_int_equal(h.ack, p.seq);
    }
    read_some(s, 50 * MSS);
}

/* Of a dialogue the answer carries it; without one it comes with the next tick. */
static void test_small_segments_wait_for_an_answer(void **state)
{
    (void)state;
    struct peer p;
    struct heard h;
    uint64_t s = open_all(&p, 2004);
    struct call *c;

    data(&p, 0, 5);
    p.seq += 5;
    assert_true(silent(&p));
    c = world_call(s, STREAM_WRITE, (uint64_t[6]){3}, "yes", 3);
    world_end_call(c);
    h = last(&p);
    assert_int_equal(h.n, 3);
    assert_int_equal(h.ack, p.seq);
    p.ack += 3;
    segment(&p, ACK, p.seq, 0, payload, 0);
    assert_true(silent(&p));
    data(&p, 0, 5);
    p.seq += 5;
    assert_true(silent(&p));
    world_wait(300);
    h = last(&p);
    assert_int_equal(h.ack, p.seq);
}

/* The ring is larger than the window: a reader that is a little late does not close it. */
static void fill(struct peer *p, size_t n)
{
    for (; n > 0; n -= 1000) {
        data(p, 0, 1000);
        p->seq += 1000;
    }
}

static void test_window_stays_open(void **state)
{
    (void)state;
    struct peer p, small;
    struct heard h;
    uint64_t s = open_all(&p, 2005);

    fill(&p, 100000);
    h = last(&p);
    assert_int_equal(h.ack, p.seq);
    assert_true(window(&p, &h) >= 120000);
    /* Nobody reads: it closes, when the ring is full and not before. */
    fill(&p, 100000);
    h = last(&p);
    assert_int_equal(h.ack, p.seq);
    assert_in_range(window(&p, &h), 50000, 256 * 1024 - 200000);
    /* Somebody reads: that is said without being asked for. */
    read_some(s, 190000);
    h = last(&p);
    assert_true(window(&p, &h) >= 120000);
    /* A peer that does not scale has all of the 64 KiB all the time. */
    (void)dial(&small, 2006, payload, 0);
    (void)accepted();
    fill(&small, 100000);
    h = last(&small);
    assert_int_equal(h.ack, small.seq);
    assert_true(window(&small, &h) >= 60000);
}

/* What is sent: whole segments, as many as the peer's window takes, and the last one is pushed. */
static void test_what_is_sent(void **state)
{
    (void)state;
    struct peer p;
    struct heard h = {0};
    uint64_t s = open_all(&p, 2007);
    size_t sent = 0, segments = 0;

    /* More than the first flight: nothing of it waits for a reader's call, only for acknowledgements. */
    for (unsigned i = 0; i < 16; i++)
        world_end_call(world_call(s, STREAM_WRITE, (uint64_t[6]){8192}, payload, 8192));
    for (unsigned rounds = 0; sent < 16 * 8192; rounds++) {
        assert_true(rounds < 100);
        while (hear(&p, &h)) {
            assert_int_equal(h.seq, p.ack);
            assert_true(h.n <= MSS);
            p.ack += (uint32_t)h.n;
            sent += h.n;
            segments += h.n > 0;
        }
        segment(&p, ACK, p.seq, 0, payload, 0);
    }
    assert_int_equal(sent, 16 * 8192);
    assert_true(h.flags & PSH);
    assert_true(segments <= 16 * 8192 / MSS + 16);
}

/* A segment that is lost is sent again when three acknowledgements say so, without waiting. */
static void test_lost_segments_come_again(void **state)
{
    (void)state;
    struct peer p;
    struct heard h, first = {0};
    uint64_t s = open_all(&p, 2008);
    unsigned count = 0;

    for (unsigned i = 0; i < 4; i++)
        world_end_call(world_call(s, STREAM_WRITE, (uint64_t[6]){8192}, payload, 8192));
    for (; hear(&p, &h); count++)
        if (count == 0)
            first = h;
    assert_true(count >= 2); /* a first flight of several */
    for (unsigned i = 0; i < 3; i++)
        segment(&p, ACK, p.seq, 0, payload, 0);
    assert_true(hear(&p, &h));
    assert_int_equal(h.seq, first.seq);
    assert_int_equal(h.n, first.n);
}

/* How often a segment with a FIN came within that time. */
static unsigned fins(const struct peer *p, unsigned seconds)
{
    unsigned count = 0;
    struct heard h;

    while (seconds-- > 0) {
        world_wait(1000);
        while (hear(p, &h))
            count += (h.flags & FIN) != 0;
    }
    return count;
}

/* Both sides have ended it: our last bytes and our FIN are sent as long as they may be lost, and not for ever. */
static void test_the_end_comes_again(void **state)
{
    (void)state;
    struct peer heard = {0}, deaf = {0};
    uint64_t s = open_all(&heard, 2010), t;

    world_end_call(world_call(s, STREAM_WRITE, (uint64_t[6]){1000}, payload, 1000));
    segment(&heard, ACK | FIN, heard.seq++, 0, payload, 0);
    world_close(s);
    assert_true(fins(&heard, 25) >= 4);
    assert_int_equal(fins(&heard, 20), 1); /* 2 * TCP_MSL have passed */
    heard.ack += 1001;
    segment(&heard, ACK, heard.seq, 0, payload, 0);
    assert_int_equal(fins(&heard, 600), 0);
    arp(); /* who has been forgotten meanwhile */
    t = open_all(&deaf, 2011);
    segment(&deaf, ACK | FIN, deaf.seq++, 0, payload, 0);
    world_close(t);
    assert_in_range(fins(&deaf, 600), 6, 10);
    assert_int_equal(fins(&deaf, 600), 0);
}

/* A peer that has been silent for two hours is asked; one that does not answer then is given up. */
static void test_keepalive(void **state)
{
    (void)state;
    struct peer p;
    struct heard h;
    uint64_t s = open_all(&p, 2009);
    struct call *c = world_call(s, STREAM_READ, (uint64_t[6]){10}, NULL, 10);

    world_wait(7300 * 1000);
    assert_true(silent(&p)); /* nobody has wished it */
    arp();                   /* who has been forgotten meanwhile */
    call(s, SOCKET_OPTION, (uint64_t[6]){SOCKET_KEEPALIVE, 1});
    world_wait(1000);
    h = last(&p);
    assert_int_equal(h.seq, p.ack - 1);
    segment(&p, ACK, p.seq, 0, payload, 0);
    world_wait(7000 * 1000);
    assert_false(c->done);
    assert_true(silent(&p));
    world_wait(1000 * 1000);
    assert_true(c->done);
    assert_int_equal(c->label, SOCKET_ETIMEDOUT);
    world_end_call(c);
}

int main(void)
{
#define SERVED(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        SERVED(test_options),
        SERVED(test_no_options),
        SERVED(test_half_open),
        SERVED(test_first_numbers),
        SERVED(test_what_came_is_named),
        SERVED(test_large_segments_are_acknowledged_at_once),
        SERVED(test_small_segments_wait_for_an_answer),
        SERVED(test_window_stays_open),
        SERVED(test_what_is_sent),
        SERVED(test_lost_segments_come_again),
        SERVED(test_the_end_comes_again),
        SERVED(test_keepalive),
    };

    world_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
