/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod: the small services that people test networks with. Echo (port 7, TCP and UDP) sends back
 * what comes, discard (9) forgets it, chargen (19) sends for ever. No client can hold up another:
 * what cannot go now waits in the client's own buffer; and for a new one the one goes that has done
 * nothing for the longest, if there are many. It takes turns (socket_turn()): each call
 * sends an answer and waits for what comes next.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/ipc.h>

#include "socket.h"

#define CLIENTS 200 /* at one time */

/* What the set tells of a member. */
enum service { ECHO, DISCARD, CHARGEN, UDP_ECHO };

static const uint16_t ports[] = {[ECHO] = 7, [DISCARD] = 9, [CHARGEN] = 19, [UDP_ECHO] = 7};

struct client {
    int fd;     /* -1: none */
    char *rest; /* of an echo: what could not go yet; NULL: nothing */
    size_t have, sent;
    uint64_t active; /* in which turn last */
};

static int set;
static struct socket_desk desk;
static struct client clients[SOCKET_MEMBERS_MAX];
static unsigned count;
static uint64_t turns;

static void open_port(enum service service)
{
    struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons(ports[service])};
    int type = service == UDP_ECHO ? SOCK_DGRAM : SOCK_STREAM, on = 1;
    int s = socket_in(set, AF_INET6, type, 0);

    /* So that the port is free for the next one, whatever still lingers of the connections of this. */
    if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(s, (struct sockaddr *)&here, sizeof here) < 0 ||
        (type == SOCK_STREAM &&
         (listen(s, 64) < 0 || setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)) ||
        (service == DISCARD && socket_most(s, SOCKET_DESK_IN_MAX) < 0) ||
        socket_watch(s, POLLIN, service) < 0) {
        fprintf(stderr, "echod: port %u: %s\n", ports[service], socket_error());
        exit(1);
    }
}

static void drop(unsigned member)
{
    struct client *c = &clients[member];

    handle_close(c->fd); /* the only handle: the connection ends, as soon as netserv hears of it */
    c->fd = -1;
    count--;
    free(c->rest);
    c->rest = NULL;
}

static void send_next(struct socket_turn *t, unsigned member, const void *data, size_t n)
{
    t->send = true;
    t->to = member;
    t->data = data;
    t->size = n;
}

/* What was not sent at once is kept. */
static void keep(unsigned member, const char *rest, size_t n)
{
    struct client *c = &clients[member];

    c->rest = malloc(n);
    if (c->rest == NULL) {
        drop(member);
        return;
    }
    memcpy(c->rest, rest, n);
    c->have = n;
    c->sent = 0;
    socket_watch(c->fd, POLLOUT, ECHO);
}

/* What was kept goes on. */
static void resume(struct socket_turn *t, unsigned member)
{
    struct client *c = &clients[member];

    memcpy(desk.out, c->rest + c->sent, c->have - c->sent);
    send_next(t, member, desk.out, c->have - c->sent);
}

/* The answer of this turn's beginning did not leave as a whole. */
static void unsent(const struct socket_turn *t, enum service service)
{
    struct client *c = &clients[t->to];

    if (service != ECHO || c->fd < 0) /* a datagram is lost; chargen has always more */
        return;
    if (t->sent < 0)
        drop(t->to);
    else if (c->rest != NULL)
        c->sent += (size_t)t->sent;
    else
        keep(t->to, (const char *)t->data + t->sent, t->size - (size_t)t->sent);
}

/* A stream has something. */
static void serve(struct socket_turn *t)
{
    struct client *c = &clients[t->from];
    enum service service = (enum service)t->what;
    bool ended = (t->events & POLLHUP) || ((t->events & POLLIN) && t->received == 0);

    if (c->fd < 0)
        return; /* ended already */
    c->active = ++turns;
    if (ended)
        drop(t->from);
    else if (service == CHARGEN)
        send_next(t, t->from, desk.out, SOCKET_DESK_ROOM);
    else if (service == ECHO && c->rest != NULL)
        resume(t, t->from);
    else if (service == ECHO && (t->events & POLLIN))
        send_next(t, t->from, desk.in, t->received);
}

static void drop_idlest(void)
{
    unsigned idlest = SOCKET_MEMBERS_MAX;

    for (unsigned i = 0; i < SOCKET_MEMBERS_MAX; i++)
        if (clients[i].fd >= 0 &&
            (idlest == SOCKET_MEMBERS_MAX || clients[i].active < clients[idlest].active))
            idlest = i;
    drop(idlest);
}

static void greet(const struct socket_turn *t)
{
    if (count == CLIENTS)
        drop_idlest();
    count++;
    clients[t->from] = (struct client){.fd = t->accepted, .active = ++turns};
    if (t->what == CHARGEN)
        socket_watch(t->accepted, POLLOUT, CHARGEN);
}

/* All of the rest has gone: on with what comes. */
static void all_sent(unsigned member)
{
    struct client *c = &clients[member];

    free(c->rest);
    c->rest = NULL;
    socket_watch(c->fd, POLLIN, ECHO);
}

int main(void)
{
    struct socket_turn t = {0};
    enum service service = UDP_ECHO; /* of what was sent last */

    for (unsigned i = 0; i < SOCKET_MEMBERS_MAX; i++)
        clients[i].fd = -1;
    set = socket_set();
    for (enum service s = ECHO; s <= UDP_ECHO; s++)
        open_port(s);
    if (socket_desk(set, &desk) < 0) {
        fprintf(stderr, "echod: %s\n", socket_error());
        return 1;
    }
    for (;;) {
        bool sending = t.send;

        if (socket_turn(set, &desk, &t) < 0)
            break;
        if (sending && (t.sent < 0 || (size_t)t.sent < t.size)) {
            unsent(&t, service);
            continue;
        }
        if (sending && service == ECHO && clients[t.to].rest != NULL)
            all_sent(t.to);
        if (t.events == 0)
            continue;
        service = (enum service)t.what;
        if (t.accepted >= 0)
            greet(&t);
        else if (service == UDP_ECHO)
            send_next(&t, t.from, desk.in, t.received);
        else
            serve(&t);
    }
    fprintf(stderr, "echod: %s\n", socket_error());
    return 1;
}
