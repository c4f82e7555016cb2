/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server: it takes turns (socket_turn()) among all who send to it. A test has a place; when all
 * are taken, a new test gets that of one that is over or silent.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <ukern/ipc.h>
#include <ukern/irq.h>

#include "../socket.h"
#include "iperf.h"

#define PLACES    32
#define SILENT    (5 * SECOND) /* so long: others may have the place */
#define FIRST_MAX 1000 /* numbers of a test's first datagram: others before it may be lost */

/* What the set tells of a member. */
enum { STREAMS, DATAGRAMS };

struct place {
    enum { FREE, STREAM, DATAGRAM, OVER } kind; /* OVER: a datagram test that was reported */
    int fd;                                     /* of a stream */
    uint64_t peer[3];
    uint64_t start, active, bytes;
    struct iperf_count count;
};

static int set;
static struct socket_desk desk;
static struct place places[PLACES];
static struct place *of_member[SOCKET_MEMBERS_MAX];
static uint64_t now;

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
    if (p->kind == STREAM) {
        report("from", name_of(p->peer), p->bytes, now - p->start, "\n");
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
    if ((p->kind == STREAM || p->kind == DATAGRAM) && now - p->active < SILENT)
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

static void take_stream(const struct socket_turn *t)
{
    struct place *p = of_member[t->from];

    if (p == NULL)
        return; /* ended already */
    p->active = now;
    p->bytes += t->received;
    if (t->received == 0)
        end(p);
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
    size_t head = sizeof(struct iperf_datagram), n;

    memcpy(desk.out, desk.in, head);
    n = iperf_report(&p->count, desk.out);
    if (t->received < n)
        return;
    t->send = true;
    t->to = t->from;
    t->data = desk.out;
    t->size = n;
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
    int s = socket_in(set, AF_INET6, type, 0);

    if (s < 0 || bind(s, (struct sockaddr *)&here, sizeof here) < 0 ||
        (type == SOCK_STREAM && listen(s, 16) < 0) || socket_watch(s, POLLIN, what) < 0) {
        fprintf(stderr, "iperf: port %u: %s\n", port, socket_error());
        return -1;
    }
    return 0;
}

int serve(uint16_t port)
{
    struct socket_turn t = {0};

    set = socket_set();
    if (open_port(SOCK_STREAM, port, STREAMS) < 0 || open_port(SOCK_DGRAM, port, DATAGRAMS) < 0)
        return 1;
    if (socket_desk(set, &desk) < 0) {
        fprintf(stderr, "iperf: %s\n", socket_error());
        return 1;
    }
    while (socket_turn(set, &desk, &t) == 0) {
        now = clock_now();
        if (t.events == 0)
            continue; /* an answer that could not go: the client asks again */
        if (t.accepted >= 0)
            greet(&t);
        else if (t.what == DATAGRAMS)
            take_datagram(&t);
        else
            take_stream(&t);
    }
    fprintf(stderr, "iperf: %s\n", socket_error());
    return 1;
}
