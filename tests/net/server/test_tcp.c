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

#include "stream.h"

static void test_options(void **state)
{
    (void)state;
    struct flow p;
    struct hearing h = dial_with(&p, 2000, all_options, sizeof all_options);
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
    struct flow p;
    struct hearing h = dial_with(&p, 2001, payload, 0);

    assert_null(option(&h, OPTION_SCALE));
    assert_null(option(&h, OPTION_SACK_OK));
    (void)accept_now();
    data(&p, 10000, MSS); /* not the next */
    h = last(&p);
    assert_int_equal(h.ack, p.seq);
    assert_null(option(&h, OPTION_SACK));
}

/* Does it name exactly the segments of this distance and length? */
static bool named(const struct hearing *h, const struct flow *p, unsigned count, const size_t at[])
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
    struct flow p;
    struct hearing h;
    uint64_t s = open_all(&p, 2002);

    data(&p, 0, 1000);
    p.seq += 1000;
    assert_true(named(&(struct hearing){.option = NULL}, &p, 0, NULL));
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

/* A sender in slow start, or one whose buffer is small, waits for the acknowledgement of what it has sent: it comes with no
 * time passing. */
static void test_large_segments_are_acknowledged_at_once(void **state)
{
    (void)state;
    struct flow p;
    struct hearing h;
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
    struct flow p;
    struct hearing h;
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
    say(&p, ACK, p.seq, 0, payload, 0);
    assert_true(silent(&p));
    data(&p, 0, 5);
    p.seq += 5;
    assert_true(silent(&p));
    world_wait(300);
    h = last(&p);
    assert_int_equal(h.ack, p.seq);
}

/* The ring is larger than the window: a reader that is a little late does not close it. */
static void fill(struct flow *p, size_t n)
{
    for (; n > 0; n -= 1000) {
        data(p, 0, 1000);
        p->seq += 1000;
    }
}

static void test_window_stays_open(void **state)
{
    (void)state;
    struct flow p, small;
    struct hearing h;
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
    (void)dial_with(&small, 2006, payload, 0);
    (void)accept_now();
    fill(&small, 100000);
    h = last(&small);
    assert_int_equal(h.ack, small.seq);
    assert_true(window(&small, &h) >= 60000);
}

/* What is sent: whole segments, as many as the peer's window takes, and the last one is pushed. */
static void test_what_is_sent(void **state)
{
    (void)state;
    struct flow p;
    struct hearing h = {0};
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
        say(&p, ACK, p.seq, 0, payload, 0);
    }
    assert_int_equal(sent, 16 * 8192);
    assert_true(h.flags & PSH);
    assert_true(segments <= 16 * 8192 / MSS + 16);
}

int main(void)
{
#define SERVED(f) cmocka_unit_test_setup_teardown(f, begin, settled)
    const struct CMUnitTest tests[] = {
        SERVED(test_options),
        SERVED(test_no_options),
        SERVED(test_what_came_is_named),
        SERVED(test_large_segments_are_acknowledged_at_once),
        SERVED(test_small_segments_wait_for_an_answer),
        SERVED(test_window_stays_open),
        SERVED(test_what_is_sent),
    };

    world_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
