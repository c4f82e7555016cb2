/* SPDX-License-Identifier: BSD-2-Clause */
/* How connections begin, and what comes again until they end: on the wire, segment by segment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "stream.h"

/* Hundreds of them do not keep out one that goes on, nor one that has not been accepted yet. */
static void test_half_open(void **state)
{
    (void)state;
    struct flow waiting, p = {0};

    (void)dial_with(&waiting, 3000, all_options, sizeof all_options);
    for (unsigned i = 0; i < 600; i++) {
        p = (struct flow){.to = 80, .port = (uint16_t)(3001 + i), .seq = 1000 + i};
        say(&p, SYN, p.seq, 0, payload, 0);
        if (i % 50 == 49)
            (void)dial_with(&p, (uint16_t)(5000 + i), all_options, sizeof all_options);
    }
    for (unsigned i = 0; i < 13; i++)
        (void)accept_now();
    data(&waiting, 0, 10);
    say(&waiting, RST, waiting.seq + 10, 0, payload, 0);
}

/* Who sees some first numbers cannot tell the next one; between the same two it grows. */
static void test_first_numbers(void **state)
{
    (void)state;
    uint32_t first, before = 0;
    struct flow p;
    unsigned near = 0;

    for (uint16_t i = 0; i < 20; i++) {
        (void)dial_with(&p, (uint16_t)(4000 + i), payload, 0);
        near += p.ack - before + 1000000 < 2000000;
        before = p.ack;
        say(&p, RST, p.seq, 0, payload, 0);
        (void)accept_now();
    }
    assert_true(near <= 1);
    (void)dial_with(&p, 4100, payload, 0);
    first = p.ack;
    say(&p, RST, p.seq, 0, payload, 0);
    (void)accept_now();
    world_wait(1000);
    (void)dial_with(&p, 4100, payload, 0);
    assert_in_range(p.ack - first, 250000, 260000);
    say(&p, RST, p.seq, 0, payload, 0);
    (void)accept_now();
}

/* A segment that is lost is sent again when three acknowledgements say so, without waiting. */
static void test_lost_segments_come_again(void **state)
{
    (void)state;
    struct flow p;
    struct hearing h, first = {0};
    uint64_t s = open_all(&p, 2008);
    unsigned count = 0;

    for (unsigned i = 0; i < 4; i++)
        world_end_call(world_call(s, STREAM_WRITE, (uint64_t[6]){8192}, payload, 8192));
    for (; hear(&p, &h); count++)
        if (count == 0)
            first = h;
    assert_true(count >= 2); /* a first flight of several */
    for (unsigned i = 0; i < 3; i++)
        say(&p, ACK, p.seq, 0, payload, 0);
    assert_true(hear(&p, &h));
    assert_int_equal(h.seq, first.seq);
    assert_int_equal(h.n, first.n);
}

/* How often a segment with a FIN came within that time. */
static unsigned fins(const struct flow *p, unsigned seconds)
{
    unsigned count = 0;
    struct hearing h;

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
    struct flow quick = {0}, deaf = {0};
    uint64_t s = open_all(&quick, 2010), t;

    world_end_call(world_call(s, STREAM_WRITE, (uint64_t[6]){1000}, payload, 1000));
    say(&quick, ACK | FIN, quick.seq++, 0, payload, 0);
    world_close(s);
    assert_true(fins(&quick, 25) >= 4);
    assert_int_equal(fins(&quick, 20), 1); /* 2 * TCP_MSL have passed */
    quick.ack += 1001;
    say(&quick, ACK, quick.seq, 0, payload, 0);
    assert_int_equal(fins(&quick, 600), 0);
    greet(); /* who has been forgotten meanwhile */
    t = open_all(&deaf, 2011);
    say(&deaf, ACK | FIN, deaf.seq++, 0, payload, 0);
    world_close(t);
    assert_in_range(fins(&deaf, 600), 6, 10);
    assert_int_equal(fins(&deaf, 600), 0);
}

/* A peer that has been silent for two hours is asked; one that does not answer then is given up. */
static void test_keepalive(void **state)
{
    (void)state;
    struct flow p;
    struct hearing h;
    uint64_t s = open_all(&p, 2009);
    struct call *c = world_call(s, STREAM_READ, (uint64_t[6]){10}, NULL, 10);

    world_wait(7300 * 1000);
    assert_true(silent(&p)); /* nobody has wished it */
    greet();                 /* who has been forgotten meanwhile */
    assert_int_equal(ask(s, SOCKET_OPTION, SOCKET_KEEPALIVE, 1), 0);
    world_wait(1000);
    h = last(&p);
    assert_int_equal(h.seq, p.ack - 1);
    say(&p, ACK, p.seq, 0, payload, 0);
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
#define SERVED(f) cmocka_unit_test_setup_teardown(f, begin, settled)
    const struct CMUnitTest tests[] = {
        SERVED(test_half_open),
        SERVED(test_first_numbers),
        SERVED(test_lost_segments_come_again),
        SERVED(test_the_end_comes_again),
        SERVED(test_keepalive),
    };

    world_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
