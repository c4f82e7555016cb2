/* SPDX-License-Identifier: BSD-2-Clause */
/* Names: netserv asks a name server that answers, lies, or says nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ukern/stream.h>

#include "../wire/frame.h"
#include "talk.h"

#include <lwip/dns.h>

#define DNS        53u
#define UDP_HEADER 8u
#define DNS_HEADER 12u
#define TYPE_A     1u
#define TYPE_CNAME 5u
#define TYPE_AAAA  28u

/* A question as it came to the name server. */
struct question {
    unsigned port, id, type;
    size_t size; /* of all of it, */
    uint8_t bytes[512];
};

/* The next one, if one has been sent. */
static bool asked(struct question *q)
{
    uint8_t in[FRAME_MAX], *u = in + DATA_OFFSET, *d = u + UDP_HEADER;
    size_t n, at = DNS_HEADER;

    do
        n = world_sent(in, sizeof in);
    while (n > 0 &&
           (get16(in + 12) != 0x0800 || in[IP_OFFSET + 9] != PROTO_UDP || get16(u + 2) != DNS));
    if (n == 0)
        return false;
    *q = (struct question){.port = get16(u), .id = get16(d), .size = get16(u + 4) - UDP_HEADER};
    assert_true(q->size > DNS_HEADER && q->size <= sizeof q->bytes);
    assert_int_equal(get16(d + 4), 1);
    memcpy(q->bytes, d, q->size);
    while (d[at] != 0)
        at += 1u + d[at];
    q->type = get16(d + at + 1);
    return true;
}

/* From that host. */
static void reply(uint32_t host, const struct question *q, const uint8_t *bytes, size_t n)
{
    uint8_t *u = frame + DATA_OFFSET, *ip = frame + IP_OFFSET;
    size_t length = ip_frame(frame, PROTO_UDP, UDP_HEADER + n);

    put32(ip + 12, host);
    put16(ip + 10, 0);
    put16(ip + 10, frame_sum(ip, 20, 0));
    put16(u, DNS);
    put16(u + 2, q->port);
    put16(u + 4, (unsigned)(UDP_HEADER + n));
    put16(u + 6, 0);
    memcpy(u + UDP_HEADER, bytes, n);
    world_frame(frame, length);
}

/* An answer to it, to be sent: the question again, then `count` records, which follow. */
static size_t begin_answer(const struct question *q, uint8_t *to, unsigned code, unsigned count)
{
    memcpy(to, q->bytes, q->size);
    put16(to + 2, 0x8180 | code);
    put16(to + 6, count);
    return q->size;
}

static size_t record(uint8_t *to, size_t at, unsigned type, const void *data, size_t n)
{
    put16(to + at, 0xc000 | DNS_HEADER); /* the name that was asked for */
    put16(to + at + 2, type);
    put16(to + at + 4, 1);
    put32(to + at + 6, 60);
    put16(to + at + 10, (unsigned)n);
    memcpy(to + at + 12, data, n);
    return at + 12 + n;
}

static const uint8_t four[] = {10, 9, 8, 7}, six[16] = {0xfd, [15] = 9};

static void answer_well(const struct question *q)
{
    uint8_t to[600];
    size_t n = begin_answer(q, to, 0, 1);

    n = q->type == TYPE_A ? record(to, n, TYPE_A, four, 4) : record(to, n, TYPE_AAAA, six, 16);
    reply(OUR_IP, q, to, n);
}

static uint64_t resolver_of(uint64_t client, int family)
{
    struct call *c = world_call(client, SOCKET_CREATE,
                                (uint64_t[6]){SOCKET_TYPE_NAME, (uint64_t)family}, NULL, 0);
    uint64_t badge = c->reply.w[5];

    assert_int_equal(c->label, 0);
    world_end_call(c);
    return badge;
}

static uint64_t resolver(int family)
{
    return resolver_of(SERVER, family);
}

/* Ask for a name; who waits for the answer. */
static struct call *look_up(uint64_t s, const char *name)
{
    struct call *c = world_call(s, STREAM_WRITE, (uint64_t[6]){strlen(name)}, name, strlen(name));

    assert_true(c->done);
    assert_int_equal(c->label, 0);
    world_end_call(c);
    return world_call(s, STREAM_READ, (uint64_t[6]){sizeof(struct socket_address)}, NULL, 0);
}

static void found(struct call *c, unsigned family, const uint8_t *ip)
{
    struct socket_address a;

    assert_true(c->done);
    assert_int_equal(c->label, 0);
    assert_int_equal(c->length, sizeof a);
    memcpy(&a, c->data, sizeof a);
    assert_int_equal(a.family, family);
    assert_memory_equal(a.ip, ip, family == 4 ? 4 : 16);
    world_end_call(c);
}

static void failed(struct call *c, int error)
{
    assert_true(c->done);
    assert_int_equal(c->label, error);
    world_end_call(c);
}

static int begin(void **state)
{
    ip_addr_t server;

    (void)state;
    IP_ADDR4(&server, 10, 0, 2, 2);
    dns_setserver(0, &server);
    greet();
    return 0;
}

static void test_both_families(void **state)
{
    (void)state;
    struct question q;
    struct call *c = look_up(resolver(4), "four.example");

    assert_false(c->done);
    assert_true(asked(&q));
    assert_int_equal(q.type, TYPE_A);
    assert_memory_equal(q.bytes + DNS_HEADER, "\4four\7example", 14);
    answer_well(&q);
    found(c, 4, four);
    c = look_up(resolver(6), "six.example");
    assert_true(asked(&q));
    assert_int_equal(q.type, TYPE_AAAA);
    answer_well(&q);
    found(c, 6, six);
    /* What is known is not asked again, as long as it holds; a dot at the end is no difference. */
    found(look_up(resolver(4), "four.example."), 4, four);
    assert_false(asked(&q));
    world_wait(61000);
    c = look_up(resolver(4), "four.example");
    assert_true(asked(&q));
    answer_well(&q);
    found(c, 4, four);
}

static void test_by_another_name(void **state)
{
    (void)state;
    static const uint8_t other[] = "\5other\7example";
    struct question q;
    struct call *c = look_up(resolver(4), "alias.example");
    uint8_t to[600];
    size_t n;

    assert_true(asked(&q));
    n = begin_answer(&q, to, 0, 2);
    n = record(to, n, TYPE_CNAME, other, sizeof other);
    n = record(to, n, TYPE_A, four, 4);
    reply(OUR_IP, &q, to, n);
    found(c, 4, four);
}

static void test_no_such_name(void **state)
{
    (void)state;
    struct question q;
    struct call *c = look_up(resolver(4), "none.example");
    uint8_t to[600];

    assert_true(asked(&q));
    reply(OUR_IP, &q, to, begin_answer(&q, to, 3, 0));
    failed(c, SOCKET_ENONAME);
    /* There, but without an address of this family. */
    c = look_up(resolver(6), "half.example");
    assert_true(asked(&q));
    reply(OUR_IP, &q, to, begin_answer(&q, to, 0, 0));
    failed(c, SOCKET_ENONAME);
}

static void test_silence(void **state)
{
    (void)state;
    struct question q;
    struct call *c = look_up(resolver(4), "silent.example");
    unsigned times = 0;

    for (unsigned i = 0; i < 30 && !c->done; i++) {
        world_wait(1000);
        while (asked(&q))
            times++;
    }
    failed(c, SOCKET_EAGAINNAME);
    assert_in_range(times, 3, 6);
}

/* Names that cannot be are asked of nobody. */
static void test_names_that_cannot_be(void **state)
{
    (void)state;
    static const char *const names[] = {
        "a..b", ".", ".a", "a123456789012345678901234567890123456789012345678901234567890123.org"};
    struct question q;

    for (unsigned i = 0; i < 4; i++) {
        failed(look_up(resolver(4), names[i]), SOCKET_ENONAME);
        assert_false(asked(&q));
    }
}

/* What does not come from the server, or answers another question, changes nothing. */
static void test_others_who_answer(void **state)
{
    (void)state;
    static const uint8_t wrong[] = {6, 6, 6, 6};
    struct question q, other;
    struct call *c = look_up(resolver(4), "true.example");
    uint8_t to[600];
    size_t n;

    assert_true(asked(&q));
    n = record(to, begin_answer(&q, to, 0, 1), TYPE_A, wrong, 4);
    reply(0x0a000207, &q, to, n);
    for (unsigned i = 1; i < 100; i++) {
        put16(to, q.id + i);
        reply(OUR_IP, &q, to, n);
    }
    put16(to, q.id);
    for (unsigned i = 1; i < 5; i++) { /* a port near its own */
        other = q;
        other.port += i;
        reply(OUR_IP, &other, to, n);
    }
    to[DNS_HEADER + 1] ^= 1; /* another name */
    reply(OUR_IP, &q, to, n);
    to[DNS_HEADER + 1] ^= 1;
    to[2] &= 0x7f; /* a question */
    reply(OUR_IP, &q, to, n);
    assert_false(c->done);
    answer_well(&q);
    found(c, 4, four);
}

/* Cut anywhere, with lengths and pointers that lead nowhere or in a circle. */
static void test_malformed_answers(void **state)
{
    (void)state;
    struct question q;
    uint64_t s = resolver(4);
    struct call *c = look_up(s, "shape.example");
    uint8_t to[700], bad[700];
    char name[32];
    size_t n;

    assert_true(asked(&q));
    n = record(to, begin_answer(&q, to, 0, 1), TYPE_A, four, 4);
    random_seed(7);
    for (unsigned i = 0; i < 20000; i++) {
        size_t cut = chance(300) ? random32() % n : n;

        memcpy(bad, to, n);
        for (unsigned k = random32() % 4; k > 0; k--)
            bad[2 + random32() % (n - 2)] = (uint8_t)random32();
        if (chance(200)) /* to itself, or to one that leads back */
            put16(bad + q.size, 0xc000 | (unsigned)q.size);
        reply(OUR_IP, &q, bad, cut);
        if (c->done) { /* one that is an answer after all */
            world_end_call(c);
            snprintf(name, sizeof name, "shape%u.example", i);
            c = look_up(s, name);
            assert_true(asked(&q));
            n = record(to, begin_answer(&q, to, 0, 1), TYPE_A, four, 4);
        }
    }
    world_end_call(c);
}

/* Who does not wait for the answer leaves nothing; and there is an end to how much is asked at once, by one
 * client before it is by all. */
static void test_many(void **state)
{
    (void)state;
    struct question q[32], more;
    struct call *c[32];
    uint64_t s[32];
    char name[32];
    unsigned n = 0;

    for (unsigned i = 0; i < 32; i++) {
        unsigned most = i < 16 ? 12 : 16;

        snprintf(name, sizeof name, "many%u.example", i);
        s[i] = resolver_of(i < 16 ? SERVER : SERVER + 1, 4);
        c[i] = look_up(s[i], name);
        if (n == most) {
            failed(c[i], SOCKET_EMANYNAMES);
            continue;
        }
        assert_true(asked(&q[n]));
        c[n++] = c[i];
    }
    assert_int_equal(n, 16);
    for (unsigned i = 0; i < 4; i++) {
        world_end_call(c[i]);
        world_close(s[i]);
    }
    /* Who has closed a socket still has its name asked for. */
    failed(look_up(resolver(4), "closed.example"), SOCKET_EMANYNAMES);
    for (unsigned i = 0; i < 16; i++)
        answer_well(&q[i]);
    for (unsigned i = 4; i < 16; i++)
        found(c[i], 4, four);
    c[0] = look_up(s[16], "later.example");
    assert_true(asked(&more));
    answer_well(&more);
    found(c[0], 4, four);
}

int main(void)
{
#define SERVED(f) cmocka_unit_test_setup_teardown(f, begin, settled)
    const struct CMUnitTest tests[] = {
        SERVED(test_both_families),        SERVED(test_by_another_name),
        SERVED(test_no_such_name),         SERVED(test_silence),
        SERVED(test_names_that_cannot_be), SERVED(test_others_who_answer),
        SERVED(test_malformed_answers),    SERVED(test_many),
    };

    world_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
