/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of sockets, and turns: one call that sends and waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ukern/irq.h>

#include "talk.h"

#include <lwip/pbuf.h>

static void test_set_is_fair(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), s[10];
    unsigned told[10] = {0};
    struct call *c;

    for (uint16_t i = 0; i < 10; i++) {
        c = world_call(set, SOCKET_CREATE, (uint64_t[6]){SOCKET_TYPE_UDP, 4}, NULL, 0);
        s[i] = c->reply.w[5];
        world_end_call(c);
        assert_int_equal(at_now(s[i], SOCKET_BIND, 0, (uint16_t)(6000 + i)), 0);
        assert_int_equal(ask(s[i], SOCKET_WATCH, STREAM_IN, i), 0);
    }
    assert_int_equal(ask(set, SOCKET_WAIT, DONTWAIT, 0), 0);
    c = world_call(set, SOCKET_WAIT, (uint64_t[6]){0}, NULL, 0);
    assert_false(c->done);
    datagram(6004, 10);
    assert_true(c->done);
    assert_int_equal(c->label, 1);
    assert_int_equal(c->reply.w[0], (uint64_t)4 << 32 | STREAM_IN);
    world_end_call(c);
    for (uint16_t i = 0; i < 10; i++)
        datagram((uint16_t)(6000 + i), 10);
    /* Six at a time, and none again before the others. */
    for (unsigned round = 0; round < 5; round++) {
        c = world_call(set, SOCKET_WAIT, (uint64_t[6]){0}, NULL, 0);
        assert_int_equal(c->label, 6);
        for (unsigned i = 0; i < 6; i++)
            told[c->reply.w[i] >> 32]++;
        world_end_call(c);
    }
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(told[i], 3);
    /* One that is watched no more, one that is gone. */
    assert_int_equal(ask(s[0], SOCKET_WATCH, 0, 0), 0);
    world_close(s[1]);
    for (unsigned round = 0; round < 4; round++) {
        c = world_call(set, SOCKET_WAIT, (uint64_t[6]){0}, NULL, 0);
        for (int i = 0; i < c->label; i++)
            assert_true(c->reply.w[i] >> 32 > 1);
        world_end_call(c);
    }
    assert_int_equal(ask(s[2], SOCKET_WATCH, 16, 0), UKERN_EINVAL);
    assert_int_equal(ask(s[2], SOCKET_WATCH, STREAM_IN, UINT64_C(1) << 32), UKERN_EINVAL);
    assert_int_equal(ask(set, SOCKET_WAIT, 8, 0), UKERN_EINVAL);
}

static uint64_t member(uint64_t set, enum socket_type type, uint16_t port, uint32_t data)
{
    struct call *c = world_call(set, SOCKET_CREATE, (uint64_t[6]){type, 4}, NULL, 0);
    uint64_t s = c->reply.w[5];

    world_end_call(c);
    assert_int_equal(at_now(s, SOCKET_BIND, 0, port), 0);
    if (type == SOCKET_TYPE_TCP)
        assert_int_equal(ask(s, SOCKET_LISTEN, 64, 0), 0);
    assert_int_equal(ask(s, SOCKET_WATCH, STREAM_IN, data), 0);
    return s;
}

static uint8_t *desk_of(uint64_t set)
{
    struct call *c = world_call(set, SOCKET_DESK_OPEN, (uint64_t[6]){0}, NULL, 0);
    uint8_t *desk = world_memory(c->reply.w[5]);

    assert_non_null(desk);
    world_end_call(c);
    return desk;
}

static struct call *turn(uint64_t set, uint64_t flags, uint64_t to, uint64_t at, uint64_t n)
{
    return world_call(set, SOCKET_TURN, (uint64_t[6]){to | flags << 32, at | n << 32}, NULL, 0);
}

/* What the turn has told: its member. */
static uint64_t told(struct call *c, int sent, uint64_t data, unsigned events, uint64_t received)
{
    uint64_t from = (uint32_t)c->reply.w[1];

    assert_true(c->done);
    assert_int_equal(c->label, sent);
    assert_int_equal(c->reply.w[0], data | (uint64_t)events << 32);
    assert_int_equal(c->reply.w[1] >> 32, received);
    world_end_call(c);
    return from;
}

#define SEND SOCKET_TURN_SEND

static void test_turns(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), from;
    uint8_t *desk = desk_of(set);
    struct call *c = turn(set, 0, 0, 0, 0);
    const uint8_t *data;
    struct flow f;

    member(set, SOCKET_TYPE_TCP, 80, 7);
    assert_ptr_equal(desk_of(set), desk);
    assert_false(c->done);
    f = dial(2100, 80);
    assert_true(c->reply.w[5] != 0); /* the connection */
    from = told(c, 0, 7, STREAM_IN, 0);
    c = turn(set, 0, 0, 0, 0);
    segment(&f, ACK | PSH, f.seq, "hello", 5);
    f.seq += 5;
    assert_memory_equal(desk + SOCKET_DESK_IN, "hello", 5);
    assert_int_equal(told(c, 0, 7, STREAM_IN, 5), from);
    c = turn(set, SEND, from, SOCKET_DESK_IN + 1, 4);
    assert_false(c->done);
    assert_int_equal(heard(&f, PSH, &data), 4);
    assert_memory_equal(data, "ello", 4);
    segment(&f, ACK | FIN, f.seq++, "", 0);
    assert_int_equal(told(c, 4, 7, STREAM_IN, 0), from);
    segment(&f, RST | ACK, f.seq, "", 0);
}

/* More than fits is cut, and said; the caller waits for room by itself. */
static void test_turn_of_too_much(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), from;
    struct call *c;
    struct flow f;
    int sent = 0;

    desk_of(set);
    member(set, SOCKET_TYPE_TCP, 80, 7);
    f = dial(2101, 80);
    from = told(turn(set, 0, 0, 0, 0), 0, 7, STREAM_IN, 0);
    for (unsigned i = 0; i < 2; i++) {
        c = turn(set, SEND | DONTWAIT, from, 0, SOCKET_DESK_OUT);
        assert_int_equal(c->label, SOCKET_DESK_OUT);
        world_end_call(c);
    }
    c = turn(set, SEND, from, 1, SOCKET_DESK_OUT);
    sent = c->label;
    assert_true(sent >= 0 && sent < (int)SOCKET_DESK_OUT);
    told(c, sent, 0, 0, 0);
    segment(&f, RST | ACK, f.seq, "", 0);
}

static void test_turns_of_datagrams(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), from;
    uint64_t w[6] = {0};
    uint8_t *desk = desk_of(set), in[FRAME_MAX];
    struct call *c;
    size_t n;

    member(set, SOCKET_TYPE_UDP, 6000, 1);
    c = turn(set, 0, 0, 0, 0);
    assert_false(c->done);
    datagram(6000, 10);
    assert_int_equal(desk[SOCKET_DESK_IN + 9], 0x33);
    memcpy(w, c->reply.w, sizeof w);
    from = told(c, 0, 1, STREAM_IN, 10);
    /* Back to where it came from: the reply's address is the request's. */
    w[0] = from | (uint64_t)(SEND | DONTWAIT) << 32;
    w[1] = SOCKET_DESK_IN | (uint64_t)10 << 32;
    c = world_call(set, SOCKET_TURN, w, NULL, 0);
    told(c, 10, 0, 0, 0);
    while ((n = world_sent(in, sizeof in)) > 0 && in[IP_OFFSET + 9] != PROTO_UDP)
        continue;
    assert_true(n >= DATA_OFFSET + 18);
    assert_int_equal(get16(in + DATA_OFFSET), 6000);
    assert_int_equal(get16(in + DATA_OFFSET + 2), 4000);
    assert_int_equal(in[DATA_OFFSET + 8], 0x33);
}

/* No buffer is free for what is to be sent: who sends is told, and loses nothing but that. */
static void test_all_buffers_in_use(void **state)
{
    (void)state;
    static const enum socket_type types[] = {SOCKET_TYPE_UDP, SOCKET_TYPE_ICMP};
    uint64_t set = make(SOCKET_TYPE_SET, 0), from, s[2];
    struct pbuf *all = NULL, *p;
    uint64_t w[6] = {0};
    struct call *c;

    desk_of(set);
    member(set, SOCKET_TYPE_UDP, 6000, 1);
    datagram(6000, 10);
    from = told(turn(set, 0, 0, 0, 0), 0, 1, STREAM_IN, 10);
    for (unsigned i = 0; i < 2; i++) {
        s[i] = make(types[i], 4);
        assert_int_equal(at_now(s[i], SOCKET_CONNECT, OUR_IP, 7000), 0);
    }
    for (uint16_t size = 60000; size > 0; size /= 2)
        while ((p = pbuf_alloc(PBUF_RAW, size, PBUF_RAM)) != NULL) {
            p->next = all; /* not a chain: just where they are */
            all = p;
        }
    w[0] = 100;
    for (unsigned i = 0; i < 2; i++) {
        c = world_call(s[i], STREAM_WRITE, w, "", 1);
        assert_true(c->done);
        assert_int_equal(c->label, SOCKET_ENOBUFS);
        world_end_call(c);
        assert_int_equal(ask(s[i], SOCKET_ERROR, 0, 0), 0);
    }
    address(&w[2], OUR_IP, 4000);
    w[0] = from | (uint64_t)(SEND | DONTWAIT) << 32;
    w[1] = (uint64_t)100 << 32;
    told(world_call(set, SOCKET_TURN, w, NULL, 0), SOCKET_ENOBUFS, 0, 0, 0);
    while ((p = all) != NULL) {
        all = p->next;
        p->next = NULL;
        pbuf_free(p);
    }
    told(world_call(set, SOCKET_TURN, w, NULL, 0), 100, 0, 0, 0);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(ask(s[i], STREAM_WRITE, 100, 0), 0);
}

/* Whoever was to be told is dead: the next one is told, of the same bytes. */
static void test_turn_of_a_dead_caller(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), from;
    uint8_t *desk = desk_of(set);
    struct call *c;
    struct flow f;

    member(set, SOCKET_TYPE_TCP, 80, 7);
    world_lose_call(turn(set, 0, 0, 0, 0));
    f = dial(2102, 80);
    from = told(turn(set, 0, 0, 0, 0), 0, 7, STREAM_IN, 0);
    world_lose_call(turn(set, 0, 0, 0, 0));
    segment(&f, ACK | PSH, f.seq, "hello", 5);
    assert_int_equal(told(turn(set, DONTWAIT, 0, 0, 0), 0, 7, STREAM_IN, 5), from);
    told(turn(set, DONTWAIT, 0, 0, 0), 0, 0, 0, 0);
    /* At once, if it waits; and what came later comes later. */
    world_lose_call(turn(set, 0, 0, 0, 0));
    c = turn(set, 0, 0, 0, 0);
    segment(&f, ACK | PSH, f.seq + 5, "HELLO", 5);
    assert_true(c->done);
    assert_int_equal(told(c, 0, 7, STREAM_IN, 5), from);
    assert_memory_equal(desk + SOCKET_DESK_IN, "HELLO", 5);
    world_lose_call(turn(set, 0, 0, 0, 0));
    segment(&f, ACK | PSH, f.seq + 10, "one", 3);
    segment(&f, ACK | PSH, f.seq + 13, "two", 3);
    assert_int_equal(told(turn(set, 0, 0, 0, 0), 0, 7, STREAM_IN, 6), from);
    assert_memory_equal(desk + SOCKET_DESK_IN, "onetwo", 6);
    segment(&f, RST | ACK, f.seq + 16, "", 0);
}

/* Two wait for one desk, and the first is dead: its bytes are not those that were laid there for the next. */
static void test_desk_of_two_callers(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), listener, from;
    uint8_t *desk = desk_of(set);
    struct call *c;
    struct flow f;

    listener = member(set, SOCKET_TYPE_TCP, 80, 7);
    assert_int_equal(ask(listener, SOCKET_OPTION, SOCKET_MOST, 3), UKERN_OK);
    f = dial(2104, 80);
    from = told(turn(set, 0, 0, 0, 0), 0, 7, STREAM_IN, 0);
    world_lose_call(turn(set, 0, 0, 0, 0));
    c = turn(set, 0, 0, 0, 0);
    segment(&f, ACK | PSH, f.seq, "hello", 5);
    assert_int_equal(told(c, 0, 7, STREAM_IN, 3), from);
    assert_memory_equal(desk + SOCKET_DESK_IN, "hel", 3);
    assert_int_equal(told(turn(set, DONTWAIT, 0, 0, 0), 0, 7, STREAM_IN, 2), from);
    assert_memory_equal(desk + SOCKET_DESK_IN, "lo", 2);
    told(turn(set, DONTWAIT, 0, 0, 0), 0, 0, 0, 0);
    segment(&f, RST | ACK, f.seq + 5, "", 0);
}

static void test_datagram_of_a_dead_caller(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), from;
    uint8_t *desk = desk_of(set);
    struct call *c;

    member(set, SOCKET_TYPE_UDP, 6000, 1);
    world_lose_call(turn(set, 0, 0, 0, 0));
    datagram(6000, 10);
    datagram(6000, 20);
    memset(desk + SOCKET_DESK_IN, 0, 30);
    c = turn(set, 0, 0, 0, 0);
    assert_int_equal(c->reply.w[2] & 0xffff, 4);
    from = told(c, 0, 1, STREAM_IN, 10);
    assert_int_not_equal(desk[SOCKET_DESK_IN + 9], 0);
    assert_int_equal(told(turn(set, 0, 0, 0, 0), 0, 1, STREAM_IN, 20), from);
    world_lose_call(turn(set, 0, 0, 0, 0));
    c = turn(set, 0, 0, 0, 0);
    datagram(6000, 11);
    assert_true(c->done);
    assert_int_equal(told(c, 0, 1, STREAM_IN, 11), from);
    told(turn(set, DONTWAIT, 0, 0, 0), 0, 0, 0, 0);
}

/* Who reads a member otherwise comes first; and a member that is not watched waits. */
static void test_bytes_for_others_than_who_turns(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), udp;
    struct call *reader, *c;
    uint8_t *desk = desk_of(set);

    udp = member(set, SOCKET_TYPE_UDP, 6000, 1);
    c = turn(set, 0, 0, 0, 0);
    reader = world_call(udp, STREAM_READ, (uint64_t[6]){100}, NULL, 0);
    memset(desk + SOCKET_DESK_IN, 0, 10);
    datagram(6000, 10);
    assert_true(reader->done && !c->done);
    assert_int_equal(reader->length, 10);
    assert_int_equal(desk[SOCKET_DESK_IN + 9], 0);
    world_end_call(reader);
    assert_int_equal(ask(udp, SOCKET_WATCH, 0, 1), 0);
    datagram(6000, 12);
    assert_false(c->done);
    assert_int_equal(ask(udp, SOCKET_WATCH, STREAM_IN, 1), 0);
    assert_true(c->done);
    told(c, 0, 1, STREAM_IN, 12);
}

/* Who wants no more than so many bytes gets the rest later. */
static void test_turn_of_a_few_bytes(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), listener, from;
    uint8_t *desk = desk_of(set);
    struct call *c;
    struct flow f;

    listener = member(set, SOCKET_TYPE_TCP, 80, 7);
    assert_int_equal(ask(listener, SOCKET_OPTION, SOCKET_MOST, 0), UKERN_EINVAL);
    assert_int_equal(ask(listener, SOCKET_OPTION, SOCKET_MOST, SOCKET_DESK_MOST + 1), UKERN_EINVAL);
    assert_int_equal(ask(listener, SOCKET_OPTION, SOCKET_MOST, 3), UKERN_OK);
    f = dial(2103, 80);
    from = told(turn(set, 0, 0, 0, 0), 0, 7, STREAM_IN, 0);
    segment(&f, ACK | PSH, f.seq, "hello", 5);
    assert_int_equal(told(turn(set, 0, 0, 0, 0), 0, 7, STREAM_IN, 3), from);
    assert_memory_equal(desk + SOCKET_DESK_IN, "hel", 3);
    assert_int_equal(told(turn(set, 0, 0, 0, 0), 0, 7, STREAM_IN, 2), from);
    assert_memory_equal(desk + SOCKET_DESK_IN, "lo", 2);
    c = turn(set, 0, 0, 0, 0); /* also who waits for them */
    segment(&f, ACK | PSH, f.seq + 5, "HELLO", 5);
    assert_int_equal(told(c, 0, 7, STREAM_IN, 3), from);
    assert_memory_equal(desk + SOCKET_DESK_IN, "HEL", 3);
    assert_int_equal(told(turn(set, 0, 0, 0, 0), 0, 7, STREAM_IN, 2), from);
    assert_memory_equal(desk + SOCKET_DESK_IN, "LO", 2);
    segment(&f, RST | ACK, f.seq + 10, "", 0);
}

/* What comes in pieces fills the desk no further than its client wants, and what others sent meanwhile lies
 * elsewhere. */
static void test_pieces_for_who_waits(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), listener, a, b, who;
    uint8_t *desk = desk_of(set);
    struct flow f, g;
    struct call *c;

    listener = member(set, SOCKET_TYPE_TCP, 80, 7);
    assert_int_equal(ask(listener, SOCKET_OPTION, SOCKET_MOST, 8), UKERN_OK);
    f = dial(2104, 80);
    a = told(turn(set, 0, 0, 0, 0), 0, 7, STREAM_IN, 0);
    g = dial(2105, 80);
    b = told(turn(set, 0, 0, 0, 0), 0, 7, STREAM_IN, 0);
    c = turn(set, 0, 0, 0, 0);
    world_frame_first(frame, lay_out(&f, ACK | PSH, f.seq, "hello", 5));
    world_frame_first(frame, lay_out(&g, ACK | PSH, g.seq, "yes", 3));
    world_frame(frame, lay_out(&f, ACK | PSH, f.seq + 5, "again", 5));
    assert_int_equal(told(c, 0, 7, STREAM_IN, 5), a);
    assert_memory_equal(desk + SOCKET_DESK_IN, "hello", 5);
    for (unsigned i = 0, seen = 0; i < 2; i++) {
        c = turn(set, 0, 0, 0, 0);
        who = (uint32_t)c->reply.w[1];
        told(c, 0, 7, STREAM_IN, who == a ? 5 : 3);
        assert_memory_equal(desk + SOCKET_DESK_IN, who == a ? "again" : "yes", who == a ? 5 : 3);
        seen |= who == a ? 1u : who == b ? 2u : 4u;
        assert_true(i == 0 || seen == 3);
    }
    /* Two datagrams are two. */
    member(set, SOCKET_TYPE_UDP, 6000, 9);
    datagram(6000, 10);
    told(turn(set, 0, 0, 0, 0), 0, 9, STREAM_IN, 10);
    c = turn(set, 0, 0, 0, 0);
    world_frame_first(frame, DATA_OFFSET + 8 + 10); /* the same again, twice */
    world_frame(frame, DATA_OFFSET + 8 + 10);
    told(c, 0, 9, STREAM_IN, 10);
    told(turn(set, 0, 0, 0, 0), 0, 9, STREAM_IN, 10);
    segment(&f, RST | ACK, f.seq + 10, "", 0);
    segment(&g, RST | ACK, g.seq + 3, "", 0);
}

/* Who waits until a time is answered then, if nothing has come; and what comes later is not lost. */
static void test_turn_until(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), other = make(SOCKET_TYPE_SET, 0);
    uint64_t w[6] = {[5] = clock_now() + 3000 * MILLISECOND};
    struct call *c, *patient;

    desk_of(set);
    desk_of(other);
    member(set, SOCKET_TYPE_UDP, 6000, 1);
    patient = turn(other, 0, 0, 0, 0);
    c = world_call(set, SOCKET_TURN, w, NULL, 0);
    world_wait(2500);
    assert_false(c->done);
    world_wait(1000);
    told(c, 0, 0, 0, 0);
    assert_false(patient->done);
    world_end_call(patient);
    c = world_call(set, SOCKET_TURN, w, NULL, 0); /* the time is over already */
    told(c, 0, 0, 0, 0);
    w[5] = clock_now() + 3000 * MILLISECOND;
    c = world_call(set, SOCKET_TURN, w, NULL, 0);
    datagram(6000, 10);
    told(c, 0, 1, STREAM_IN, 10);
    c = turn(set, 0, 0, 0, 0); /* without a time: that of the last is over */
    world_wait(5000);
    assert_false(c->done);
    world_end_call(c);
    /* The same set may be waited for in the other way meanwhile. */
    w[5] = clock_now() + 3000 * MILLISECOND;
    world_end_call(world_call(set, SOCKET_TURN, w, NULL, 0));
    c = world_call(set, SOCKET_WAIT, (uint64_t[6]){0}, NULL, 0);
    world_wait(5000);
    assert_false(c->done);
    assert_true(world_deadline() > clock_now());
    world_end_call(c);
    w[5] = clock_now() + 3000 * MILLISECOND;
    world_end_call(world_call(set, SOCKET_TURN, w, NULL, 0));
    world_close(set); /* nobody is left who could be answered */
    world_wait(5000);
}

/* Nobody gets netserv's memory by many desks, nor keeps it when their sets are gone. */
static void test_desks_of_one_client(void **state)
{
    (void)state;
    uint64_t set[64];
    struct call *c;
    unsigned n = 0;
    int error;

    for (unsigned i = 0; i < 600; i++) {
        set[0] = make(SOCKET_TYPE_SET, 0);
        desk_of(set[0]);
        world_close(set[0]);
    }
    do {
        set[n] = make(SOCKET_TYPE_SET, 0);
        c = world_call(set[n++], SOCKET_DESK_OPEN, (uint64_t[6]){0}, NULL, 0);
        error = c->label;
        world_end_call(c);
    } while (error == UKERN_OK && n < 64);
    assert_int_equal(error, SOCKET_ENOBUFS);
    assert_int_equal(n, 21);
    desk_of(set[0]); /* the one that it has */
    c = world_call(2, SOCKET_CREATE, (uint64_t[6]){SOCKET_TYPE_SET}, NULL, 0);
    desk_of(c->reply.w[5]); /* another client's */
    world_end_call(c);
    world_close(set[1]);
    desk_of(set[n - 1]);
}

static void test_turns_that_lie(void **state)
{
    (void)state;
    uint64_t set = make(SOCKET_TYPE_SET, 0), other = make(SOCKET_TYPE_SET, 0);
    uint64_t u = make(SOCKET_TYPE_UDP, 4);

    told(turn(set, DONTWAIT, 0, 0, 0), UKERN_EINVAL, 0, 0, 0); /* no desk */
    assert_int_equal(ask(u, SOCKET_DESK_OPEN, 0, 0), UKERN_EINVAL);
    told(turn(u, DONTWAIT, 0, 0, 0), UKERN_EINVAL, 0, 0, 0);
    desk_of(set);
    desk_of(other);
    told(turn(set, 4, 0, 0, 0), UKERN_EINVAL, 0, 0, 0);
    for (uint64_t i = 0; i < SOCKET_MEMBERS + 2; i++) /* none is its own */
        told(turn(set, SEND, i, 0, 1), SOCKET_ENOTCONN, 0, 0, 0);
    told(turn(set, SEND, UINT32_MAX, 0, 1), SOCKET_ENOTCONN, 0, 0, 0);
    member(set, SOCKET_TYPE_UDP, 6000, 1);
    datagram(6000, 10);
    uint64_t from = told(turn(set, 0, 0, 0, 0), 0, 1, STREAM_IN, 10);
    told(turn(other, SEND, from, 0, 1), SOCKET_ENOTCONN, 0, 0, 0);
    told(turn(set, SEND, from, SOCKET_DESK, 1), UKERN_EINVAL, 0, 0, 0);
    told(turn(set, SEND, from, 1, SOCKET_DESK), UKERN_EINVAL, 0, 0, 0);
    told(turn(set, SEND, from, UINT32_MAX, 1), UKERN_EINVAL, 0, 0, 0);
    told(turn(set, SEND, from, 0, UINT32_MAX), UKERN_EINVAL, 0, 0, 0);
    told(turn(set, SEND, from, 0, 1), SOCKET_ENOTCONN, 0, 0, 0); /* to nobody */
}

int main(void)
{
#define SERVED(f) cmocka_unit_test_setup_teardown(f, ready, settled)
    const struct CMUnitTest tests[] = {
        SERVED(test_set_is_fair),
        SERVED(test_turns),
        SERVED(test_turn_of_too_much),
        SERVED(test_turns_of_datagrams),
        SERVED(test_all_buffers_in_use),
        SERVED(test_turn_of_a_dead_caller),
        SERVED(test_desk_of_two_callers),
        SERVED(test_datagram_of_a_dead_caller),
        SERVED(test_bytes_for_others_than_who_turns),
        SERVED(test_turn_of_a_few_bytes),
        SERVED(test_pieces_for_who_waits),
        SERVED(test_turn_until),
        SERVED(test_desks_of_one_client),
        SERVED(test_turns_that_lie),
    };

    world_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
