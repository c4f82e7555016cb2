/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server: it takes turns (socket_turn()) among all who send to it. A test has a place; when all
 * are taken, a new test gets that of one that is over or silent. Of a test by TCP the other direction has
 * a place, too, if its client wants one: a connection back to it. A client that wants both directions is
 * such a server for itself.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/ipc.h>
#include <ukern/irq.h>

#include "../socket.h"
#include "iperf.h"

#define PLACES    32
#define SILENT    (5 * SECOND) /* so long: others may have the place */
#define HUNDREDTH (SECOND / 100)
#define FIRST_MAX 1000 /* numbers of a test's first datagram: others before it may be lost */

/* What the set tells of a member; of a connection back to a client: its place, too. */
enum { STREAMS, DATAGRAMS, BACK };

struct place {
    /* RETURN: a connection back; OVER: a datagram test that was reported */
    enum { FREE, STREAM, RETURN, DATAGRAM, OVER } kind;
    int fd; /* of a stream */
    uint64_t peer[3];
    uint64_t start, active, bytes;
    struct iperf_count count;
    struct iperf_test test; /* the other direction, */
    bool both;              /* if that is wanted, and not done yet */
};

static int set;
static struct socket_desk desk;
static struct place places[PLACES];
static struct place *of_member[SOCKET_MEMBERS_MAX];
static uint64_t now;
static unsigned streams_ended, returns_ended;

/* IPv4's addresses as people write them. */
static const char *name_of(const uint64_t peer[3])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static char text[INET6_ADDRSTRLEN];
    uint8_t ip[16];
    bool four;

    memcpy(ip, peer + 1, sizeof ip);
    four = memcmp(ip, mapped, sizeof mapped) == 0;
    inet_ntop(four ? AF_INET : AF_INET6, ip + (four ? sizeof mapped : 0), text, sizeof text);
    return text;
}

static void end(struct place *p)
{
    if (p->kind == STREAM || p->kind == RETURN) {
        report(p->kind == STREAM ? "from" : "to", name_of(p->peer), p->bytes, now - p->start, "\n");
        *(p->kind == STREAM ? &streams_ended : &returns_ended) += 1;
        handle_close(p->fd);
        for (unsigned i = 0; i < SOCKET_MEMBERS_MAX; i++)
            if (of_member[i] == p)
                of_member[i] = NULL;
        p->kind = FREE;
    } else if (p->kind == DATAGRAM) {
        report("from", name_of(p->peer), p->count.bytes, p->count.last - p->count.first, "");
        report_count(&p->count);
        p->kind = OVER;
    }
}

/* A place for a new test; NULL: all are busy. */
static struct place *find_place(const uint64_t peer[3])
{
    struct place *p = places;

    for (unsigned i = 1; i < PLACES && p->kind != FREE; i++)
        if (places[i].kind == FREE || places[i].active < p->active)
            p = &places[i];
    if (p->kind != FREE && p->kind != OVER && now - p->active < SILENT)
        return NULL;
    end(p);
    memset(p, 0, sizeof *p);
    memcpy(p->peer, peer, sizeof p->peer);
    p->start = p->active = now;
    return p;
}

static void greet(const struct socket_turn *t)
{
    struct place *p = find_place(t->peer.w);

    if (p == NULL) {
        handle_close(t->accepted); /* too many */
        return;
    }
    p->kind = STREAM;
    p->fd = t->accepted;
    of_member[t->from] = p;
}

/* A connection to this peer, to send to it as much as the test says. false: socket_error() tells why. */
static bool send_to(const uint64_t peer[3], const struct iperf_test *test, uint16_t port)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct place *p = find_place(peer);

    if (p == NULL)
        return false; /* too many */
    p->test = *test;
    memcpy(&to.sin6_addr, peer + 1, sizeof to.sin6_addr);
    p->fd = socket_in(set, AF_INET6, SOCK_STREAM, 0);
    if (p->fd < 0)
        return false;
    if (connect_now(p->fd, (struct sockaddr *)&to, sizeof to) < 0 ||
        socket_watch(p->fd, POLLOUT, BACK + (uint32_t)(p - places)) < 0) {
        handle_close(p->fd);
        return false;
    }
    p->kind = RETURN;
    return true;
}

/* To the client of a test, for as long as it has asked for. */
static void send_back(struct place *p)
{
    struct iperf_test test = p->test;

    p->both = false;
    test.flags = 0; /* not back and forth for ever */
    send_to(p->peer, &test, (uint16_t)test.port);
}

static void take_stream(const struct socket_turn *t)
{
    struct place *p = of_member[t->from];

    if (p == NULL)
        return; /* ended already */
    p->active = now;
    if (p->bytes == 0)
        p->both = iperf_parse_test(&p->test, desk.in, t->received);
    p->bytes += t->received;
    if (p->both && ((p->test.flags & IPERF_NOW) || t->received == 0))
        send_back(p);
    if (t->received == 0)
        end(p);
}

/* How much is still to be sent. */
static size_t left_of(const struct place *p)
{
    uint64_t left = SOCKET_DESK_ROOM, passed = now - p->start;

    if (p->test.amount < 0)
        return passed / HUNDREDTH < (uint64_t) - (int64_t)p->test.amount ? left : 0;
    if ((uint64_t)p->test.amount - p->bytes < left)
        left = (uint64_t)p->test.amount - p->bytes;
    return left;
}

/* There is room for more to be sent, or the client has ended the connection. */
static void go_back(struct socket_turn *t, struct place *p)
{
    if (p->kind != RETURN)
        return;
    if (p->bytes == 0)
        p->start = now;
    p->active = now;
    t->size = left_of(p);
    if (!(t->events & POLLOUT) || (t->events & POLLHUP)) {
        if ((t->events & POLLHUP) && p->bytes == 0)
            fprintf(stderr, "iperf: no connection to %s\n", name_of(p->peer));
        if ((t->events & POLLHUP) || t->received == 0)
            end(p);
    } else if (t->size == 0) {
        shutdown(p->fd, SHUT_WR);
        socket_watch(p->fd, POLLIN, t->what); /* until it has all */
    } else {
        t->send = true;
        t->to = t->from;
        t->data = desk.out; /* zeros, but for what the test is at the begin of it */
        memset(desk.out, 0, sizeof p->test);
        if (p->bytes == 0 && p->test.flags != 0)
            iperf_lay_out_test(&p->test, desk.out);
    }
}

static struct place *place_of(const uint64_t peer[3])
{
    for (unsigned i = 0; i < PLACES; i++)
        if ((places[i].kind == DATAGRAM || places[i].kind == OVER) &&
            memcmp(places[i].peer, peer, sizeof places[i].peer) == 0)
            return &places[i];
    return NULL;
}

/* The answer goes back to where the datagram came from. It is no longer than that was: nobody can
 * have us send more to another than they send themselves. */
static void answer(struct socket_turn *t, const struct place *p)
{
    if (t->received < IPERF_REPORT_SIZE)
        return;
    t->size = iperf_report(&p->count, desk.in); /* behind the head that is there */
    t->send = true;
    t->to = t->from;
    t->data = desk.in;
}

static void take_datagram(struct socket_turn *t)
{
    struct place *p = place_of(t->peer.w);
    int32_t number = iperf_number(desk.in, t->received);

    if (!iperf_is_one(desk.in, t->received))
        return;
    if (number > 0 && (p == NULL || p->kind == OVER)) {
        if (number > FIRST_MAX)
            return;
        if (p != NULL)
            p->kind = FREE;
        p = find_place(t->peer.w);
        if (p == NULL)
            return;
        p->kind = DATAGRAM;
        p->count.first = now;
    }
    if (p == NULL)
        return; /* the end of a test that nobody knows */
    p->active = now;
    if (p->kind == OVER || !iperf_take(&p->count, desk.in, t->received, now)) {
        end(p);
        answer(t, p);
    }
}

static int open_port(int type, uint16_t port, uint32_t what)
{
    struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int s = socket_in(set, AF_INET6, type, 0), on = 1;

    if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(s, (struct sockaddr *)&here, sizeof here) < 0 ||
        (type == SOCK_STREAM && (listen(s, 16) < 0 || socket_most(s, SOCKET_DESK_IN_MAX) < 0)) ||
        socket_watch(s, POLLIN, what) < 0) {
        fprintf(stderr, "iperf: port %u: %s\n", port, socket_error());
        return -1;
    }
    return 0;
}

/* Take turns; for ever, or until a test in both directions is over. */
static int run(bool both)
{
    struct place *sending = NULL;
    struct socket_turn t = {0};

    while (!both || streams_ended == 0 || returns_ended == 0) {
        t.until = both && returns_ended > 0 ? clock_now() + SILENT : 0;
        if (socket_turn(set, &desk, &t) < 0) {
            fprintf(stderr, "iperf: %s\n", socket_error());
            return 1;
        }
        now = clock_now();
        if (sending != NULL && t.sent > 0)
            sending->bytes += (uint64_t)t.sent;
        sending = NULL;
        if (t.events == 0 && t.until > 0 && now >= t.until) {
            fprintf(stderr, "iperf: nothing comes from the server: can it reach our port?\n");
            return 1;
        }
        if (t.events == 0)
            continue; /* an answer that could not go: the client asks again */
        if (t.accepted >= 0)
            greet(&t);
        else if (t.what >= BACK)
            go_back(&t, &places[t.what - BACK]);
        else if (t.what == DATAGRAMS)
            take_datagram(&t);
        else
            take_stream(&t);
        if (t.send && t.what >= BACK)
            sending = &places[t.what - BACK];
    }
    return 0;
}

static bool begin(uint16_t port)
{
    set = socket_set();
    now = clock_now();
    if (open_port(SOCK_STREAM, port, STREAMS) < 0)
        return false;
    if (socket_desk(set, &desk) == 0)
        return true;
    fprintf(stderr, "iperf: %s\n", socket_error());
    return false;
}

int serve(uint16_t port)
{
    return begin(port) && open_port(SOCK_DGRAM, port, DATAGRAMS) == 0 ? run(false) : 1;
}

int send_both(const struct task *t, bool at_once, uint16_t port)
{
    struct addrinfo *to;
    uint64_t peer[3] = {0};
    uint8_t *ip = (uint8_t *)(peer + 1);
    struct iperf_test test = {
        .flags = IPERF_BOTH | (at_once ? IPERF_NOW : 0),
        .streams = 1,
        .port = port,
        .amount = t->bytes < INT32_MAX ? (int32_t)t->bytes
                                       : -(int32_t)(t->nanoseconds / HUNDREDTH % INT32_MAX),
    };
    int error = getaddrinfo(t->host, t->port, NULL, &to);

    if (error != 0) {
        fprintf(stderr, "iperf: %s: %s\n", t->host, gai_strerror(error));
        return 1;
    }
    if (to->ai_family == AF_INET) {
        ip[10] = ip[11] = 0xff;
        memcpy(ip + 12, &((struct sockaddr_in *)to->ai_addr)->sin_addr, 4);
    } else {
        memcpy(ip, &((struct sockaddr_in6 *)to->ai_addr)->sin6_addr, 16);
    }
    freeaddrinfo(to);
    if (!begin(port))
        return 1;
    if (!send_to(peer, &test, (uint16_t)strtoul(t->port, NULL, 10))) {
        fprintf(stderr, "iperf: %s port %s: %s\n", t->host, t->port, socket_error());
        return 1;
    }
    return run(true);
}
