/* SPDX-License-Identifier: BSD-2-Clause */
/* netserv with clients and peers that behave as the test says, to the byte and to the moment: connections, and errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ukern/irq.h>

#include "talk.h"

#include <lwip/netif.h>
#include <lwip/pbuf.h>

static void test_bytes_both_ways(void **state)
{
    (void)state;
    uint64_t l = listener(80), s;
    struct call *waiting = accept_later(l), *c;
    struct flow f;
    const uint8_t *data;

    assert_false(waiting->done);
    f = dial(2000, 80);
    s = accepted(waiting);
    c = world_call(s, STREAM_READ, (uint64_t[6]){100}, NULL, 100);
    assert_false(c->done);
    segment(&f, ACK | PSH, f.seq, "hello", 5);
    f.seq += 5;
    assert_true(c->done);
    assert_int_equal(c->length, 5);
    assert_memory_equal(c->data, "hello", 5);
    world_end_call(c);
    c = world_call(s, STREAM_WRITE, (uint64_t[6]){3}, "yes", 3);
    assert_true(c->done);
    world_end_call(c);
    assert_int_equal(heard(&f, PSH, &data), 3);
    assert_memory_equal(data, "yes", 3);
    segment(&f, ACK, f.seq, "", 0);
}

/* Who does not want to wait is told how much fits, whatever the peer takes. */
static void test_write_without_waiting(void **state)
{
    (void)state;
    uint64_t l = listener(80), s, total = 0;
    struct flow f = dial(2000, 80);
    struct call *c;
    int last = 0;

    s = accepted(accept_later(l));
    while (last == 0) {
        c = world_call(s, STREAM_WRITE, (uint64_t[6]){50000, DONTWAIT}, "", 1);
        assert_true(c->done);
        last = c->label;
        total += c->length;
        world_end_call(c);
    }
    assert_int_equal(last, UKERN_EAGAIN);
    assert_true(total > 100000);
    segment(&f, RST | ACK, f.seq, "", 0);
}

/* A connection that is made while its client does something else: how it ends is told later. */
static void test_connect_without_waiting(void **state)
{
    (void)state;
    uint64_t w[6] = {[3] = DONTWAIT};
    struct flow f;

    for (unsigned refused = 0; refused < 2; refused++) {
        uint64_t s = make(SOCKET_TYPE_TCP, 4);
        struct call *c;

        f = (struct flow){.port = 7000, .to = 5555, .seq = 1000};
        assert_int_equal(at_now(s, SOCKET_BIND, 0, f.to), 0);
        address(w, OUR_IP, f.port);
        c = world_call(s, SOCKET_CONNECT, w, NULL, 0);
        assert_true(c->done);
        assert_int_equal(c->label, 0);
        world_end_call(c);
        assert_int_equal(ask(s, STREAM_READ, 1, DONTWAIT), SOCKET_ENOTCONN);
        assert_int_equal(heard(&f, SYN, NULL), 0);
        segment(&f, refused ? RST | ACK : SYN | ACK, f.seq++, "", 0);
        assert_int_equal(ask(s, SOCKET_ERROR, 0, 0), refused ? SOCKET_EREFUSED : 0);
        assert_int_equal(ask(s, STREAM_READ, 1, DONTWAIT),
                         refused ? SOCKET_EREFUSED : UKERN_EAGAIN);
        if (!refused)
            segment(&f, RST | ACK, f.seq, "", 0);
        world_close(s);
    }
}

/* Who waited in accept() is dead, but netserv has not been told when a connection comes: that stays
 * in the queue, whole, and goes to the next caller. */
static void test_accept_by_a_dead_caller(void **state)
{
    (void)state;
    uint64_t l = listener(80), s;
    struct flow f;

    world_lose_call(accept_later(l));
    f = dial(2001, 80);
    segment(&f, ACK | PSH, f.seq, "early", 5);
    assert_int_equal(heard(&f, RST, NULL), -1);
    s = accepted(accept_later(l));
    assert_int_equal(ask(s, STREAM_READ, 100, DONTWAIT), 0);
    segment(&f, RST | ACK, f.seq + 5, "", 0);
}

/* The same when the kernel cannot give the caller a handle: he is told, and the next one gets it. */
static void test_accept_by_a_full_table(void **state)
{
    (void)state;
    uint64_t l = listener(80);
    struct call *c = accept_later(l);
    struct flow f;

    world_refuse(UKERN_ETABLE, 1);
    f = dial(2002, 80);
    assert_true(c->done);
    assert_int_equal(c->label, UKERN_ENOMEM);
    world_end_call(c);
    assert_int_equal(heard(&f, RST, NULL), -1);
    world_close(accepted(accept_later(l)));
}

/* To the IPv6 address of the machine itself. */
static int send_short(uint64_t s, size_t n)
{
    struct socket_address a = {.family = 6, .ip = {[15] = 1}};
    uint64_t w[6] = {n};
    struct call *c;
    int result;

    memcpy(&w[2], &a, sizeof a);
    c = world_call(s, SOCKET_SENDTO, w, "abcdefgh", 8);
    result = c->label;
    assert_true(c->done);
    world_end_call(c);
    return result;
}

static void test_names_of_errors(void **state)
{
    (void)state;
    uint64_t icmp = make(SOCKET_TYPE_ICMP, 6), a = make(SOCKET_TYPE_TCP, 4),
             b = make(SOCKET_TYPE_TCP, 4), u = make(SOCKET_TYPE_UDP, 4), l = listener(80),
             six = make(SOCKET_TYPE_TCP, 6);
    struct call *c;
    struct flow f = {.port = 80, .seq = 5000};

    assert_int_equal(at_now(a, SOCKET_BIND, 0, 80), SOCKET_EINUSE);
    assert_int_equal(ask(a, SOCKET_LISTEN, 1, 0), UKERN_EINVAL);
    assert_int_equal(ask(a, STREAM_READ, 1, 0), SOCKET_ENOTCONN);
    assert_int_equal(ask(a, STREAM_WRITE, 1, 0), SOCKET_ENOTCONN);
    assert_int_equal(ask(a, SOCKET_SHUTDOWN, 3, 0), SOCKET_ENOTCONN);
    assert_int_equal(ask(a, SOCKET_NAME, 1, 0), SOCKET_ENOTCONN);
    assert_int_equal(ask(a, SOCKET_ACCEPT, 0, 0), UKERN_EINVAL);
    assert_int_equal(ask(a, SOCKET_WAIT, 0, 0), UKERN_EINVAL);
    assert_int_equal(ask(a, SOCKET_WATCH, 1, 0), UKERN_EINVAL);
    assert_int_equal(ask(l, STREAM_READ, 1, 0), SOCKET_ENOTCONN);
    assert_int_equal(ask(l, SOCKET_ACCEPT, DONTWAIT, 0), UKERN_EAGAIN);
    assert_int_equal(ask(u, SOCKET_SENDTO, 65508, 0), SOCKET_ENOTCONN);
    assert_int_equal(ask(u, SOCKET_LISTEN, 1, 0), UKERN_EINVAL);
    assert_int_equal(at_now(six, SOCKET_CONNECT, OUR_IP, 80), UKERN_EINVAL);
    assert_int_equal(at_now(icmp, SOCKET_CONNECT, OUR_IP, 0), UKERN_EINVAL);
    assert_int_equal(send_short(icmp, 3), UKERN_EINVAL); /* no room for its checksum */
    assert_int_equal(ask(77 << 16, STREAM_READ, 1, 0), SOCKET_EGONE);
    assert_int_equal(ask(a, 999, 1, 0), UKERN_ENOSYS);
    assert_int_equal(at_now(u, SOCKET_CONNECT, OUR_IP, 9), 0);
    assert_int_equal(ask(u, STREAM_WRITE, 65508, 0), SOCKET_EMSGSIZE);

    c = at(a, SOCKET_CONNECT, OUR_IP, 80);
    assert_false(c->done);
    assert_int_equal(at_now(a, SOCKET_CONNECT, OUR_IP, 80), SOCKET_EISCONN);
    /* Its SYN says where it comes from. */
    uint8_t in[FRAME_MAX];

    while (world_sent(in, sizeof in) > 0)
        if (in[IP_OFFSET + 9] == PROTO_TCP) {
            f.to = (uint16_t)get16(in + DATA_OFFSET);
            f.ack = get32(in + DATA_OFFSET + 4) + 1;
        }
    segment(&f, RST | ACK, 0, "", 0);
    assert_true(c->done);
    assert_int_equal(c->label, SOCKET_EREFUSED);
    world_end_call(c);
    assert_int_equal(ask(a, STREAM_READ, 1, 0), SOCKET_EREFUSED);

    c = at(b, SOCKET_CONNECT, OUR_IP, 81);
    world_wait(60000);
    assert_true(c->done);
    assert_int_equal(c->label, SOCKET_ETIMEDOUT);
    world_end_call(c);
}

static void test_all_sockets_in_use(void **state)
{
    (void)state;
    unsigned count = 0;
    uint64_t last = 0, s;

    while ((s = make(SOCKET_TYPE_SET, 0)) != 0) {
        last = s;
        count++;
    }
    /* One client cannot have them all: others find some. */
    assert_int_equal(count, 240);
    assert_int_equal(ask(last, SOCKET_CREATE, SOCKET_TYPE_UDP, 4), SOCKET_ENOBUFS);
    for (count = 0; (s = make_for(2, SOCKET_TYPE_SET, 0)) != 0; count++)
        continue;
    assert_int_equal(count, 16);
    assert_int_equal(ask(SERVER, SOCKET_CREATE, SOCKET_TYPE_TCP, 4), SOCKET_ENOBUFS);
    /* Nor by a handle of a socket that it has closed, as if that were another client. */
    assert_int_equal(ask(last, STREAM_CLOSE, 0, 0), 0);
    assert_int_equal(ask(last, SOCKET_CREATE, SOCKET_TYPE_UDP, 4), SOCKET_EGONE);
    assert_int_not_equal(make(SOCKET_TYPE_TCP, 4), 0);
    assert_int_equal(ask(SERVER, SOCKET_CREATE, SOCKET_TYPE_UDP, 4), SOCKET_ENOBUFS);
}

static void test_closed_while_others_wait(void **state)
{
    (void)state;
    uint64_t l = listener(80), s, set = make(SOCKET_TYPE_SET, 0);
    struct call *a = accept_later(l), *w, *r;
    struct flow f;

    w = world_call(set, SOCKET_WAIT, (uint64_t[6]){0}, NULL, 0);
    f = dial(2003, 80);
    s = accepted(a);
    a = accept_later(l);
    r = world_call(s, STREAM_READ, (uint64_t[6]){10}, NULL, 10);
    world_close(l);
    world_close(set);
    world_close(s);
    assert_int_equal(a->label, UKERN_ECANCELED);
    assert_int_equal(w->label, UKERN_ECANCELED);
    assert_int_equal(r->label, UKERN_ECANCELED);
    world_end_call(a);
    world_end_call(w);
    world_end_call(r);
    segment(&f, RST | ACK, f.seq, "", 0);
}

/* A link-local peer is on the device's link, for sockets that are bound to no address, too. */
static void test_link_local_peer(void **state)
{
    (void)state;
    struct socket_address a = {.family = 6, .port = 9, .ip = {0xfe, 0x80, [15] = 1}};
    uint64_t s = make(SOCKET_TYPE_UDP, 6), w[6] = {1};
    struct call *c;

    memcpy(w + 2, &a, sizeof a);
    c = world_call(s, SOCKET_SENDTO, w, "x", 1);
    assert_true(c->done);
    assert_int_equal(c->label, 0);
    world_end_call(c);
}

static void test_checksum(void **state)
{
    (void)state;
    static uint8_t bytes[3000];

    random_seed(1);
    for (unsigned i = 0; i < 20000; i++) {
        size_t from = random32() % 64, n = i < 200 ? i % 100 : random32() % 2900;
        uint32_t sum = 0;

        for (size_t k = 0; k < n + 64 && k < sizeof bytes; k++)
            bytes[k] = chance(300) ? 0xff : (uint8_t)random32();
        for (size_t k = 0; k < n; k++)
            sum += (uint32_t)bytes[from + k] << (k % 2 ? 8 : 0);
        while (sum >> 16)
            sum = (sum & 0xffff) + (sum >> 16);
        assert_int_equal(checksum(bytes + from, (int)n) % 0xffff, sum % 0xffff);
    }
}

int main(void)
{
#define SERVED(f) cmocka_unit_test_setup_teardown(f, ready, settled)
    const struct CMUnitTest tests[] = {
        SERVED(test_bytes_both_ways),         SERVED(test_write_without_waiting),
        SERVED(test_connect_without_waiting), SERVED(test_accept_by_a_dead_caller),
        SERVED(test_accept_by_a_full_table),  SERVED(test_names_of_errors),
        SERVED(test_all_sockets_in_use),      SERVED(test_closed_while_others_wait),
        SERVED(test_link_local_peer),         cmocka_unit_test(test_checksum),
    };

    world_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
