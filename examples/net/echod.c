/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod: the small services that people test networks with. Echo (port 7, TCP and UDP) sends back
 * what comes, discard (9) forgets it, chargen (19) sends for ever. No client can hold up another:
 * what cannot go now waits in the client's own buffer.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "socket.h"

#define CLIENTS 64
#define PIECE   65536

enum service { ECHO, DISCARD, CHARGEN };

static const uint16_t ports[] = {[ECHO] = 7, [DISCARD] = 9, [CHARGEN] = 19};

#define LISTENERS      3
/* What the set tells: a client's place, or these. */
#define UDP_ECHO       0x10000u
#define FIRST_LISTENER 0x10001u

struct client {
    enum service service;
    size_t have, sent; /* of its buffer: echo */
    char *buffer;
};

struct place {
    int fd; /* -1: free */
    struct client client;
};

static int set, listener[LISTENERS], udp;
static struct place places[CLIENTS];
static char piece[PIECE];

static int open_port(int type, uint16_t port, uint32_t data)
{
    struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int s = socket_in(set, AF_INET6, type, 0);

    if (s < 0 || bind(s, (struct sockaddr *)&here, sizeof here) < 0 ||
        (type == SOCK_STREAM && listen(s, 64) < 0) || socket_watch(s, POLLIN, data) < 0) {
        fprintf(stderr, "echod: port %u: %s\n", port, socket_error());
        exit(1);
    }
    return s;
}

static void greet(enum service service)
{
    int on = 1, s;

    while ((s = accept_now(listener[service], NULL, NULL)) >= 0) {
        uint32_t i = 0;

        while (i < CLIENTS && places[i].fd >= 0)
            i++;
        if (i == CLIENTS) {
            close(s); /* too many */
            continue;
        }
        places[i] = (struct place){s, {.service = service}};
        setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        socket_watch(s, service == CHARGEN ? POLLOUT : POLLIN, i);
    }
}

static void echo_datagrams(void)
{
    struct sockaddr_storage from;
    socklen_t size = sizeof from;
    ssize_t n;

    while ((n = recvfrom(udp, piece, sizeof piece, MSG_DONTWAIT, (struct sockaddr *)&from,
                         &size)) >= 0)
        sendto(udp, piece, (size_t)n, 0, (struct sockaddr *)&from, size);
}

/* What was not sent at once is kept. false: no memory. */
static bool keep(struct client *c, const char *rest, size_t n)
{
    c->buffer = malloc(n);
    if (c->buffer == NULL)
        return false;
    memcpy(c->buffer, rest, n);
    c->have = n;
    c->sent = 0;
    return true;
}

/* Each of these: false: the connection has ended. */
static bool echo(int fd, uint32_t place)
{
    struct client *c = &places[place].client;
    ssize_t n, sent;

    if (c->buffer == NULL) {
        n = recv(fd, piece, sizeof piece, MSG_DONTWAIT);
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        sent = send(fd, piece, (size_t)n, MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN)
            return false;
        if (sent < 0)
            sent = 0;
        if (sent < n && !keep(c, piece + sent, (size_t)(n - sent)))
            return false;
        if (sent < n)
            socket_watch(fd, POLLOUT, place);
    } else {
        sent = send(fd, c->buffer + c->sent, c->have - c->sent, MSG_DONTWAIT);
        if (sent < 0)
            return errno == EAGAIN;
        c->sent += (size_t)sent;
        if (c->sent == c->have) {
            free(c->buffer);
            c->buffer = NULL;
            socket_watch(fd, POLLIN, place);
        }
    }
    return true;
}

static bool discard(int fd)
{
    ssize_t n;

    while ((n = recv(fd, piece, sizeof piece, MSG_DONTWAIT)) > 0)
        continue;
    return n < 0 && errno == EAGAIN;
}

static bool generate(int fd)
{
    ssize_t n;

    while ((n = send(fd, piece, sizeof piece, MSG_DONTWAIT)) > 0)
        continue;
    return n < 0 && errno == EAGAIN;
}

static bool serve(uint32_t place)
{
    int fd = places[place].fd;

    switch (places[place].client.service) {
    case ECHO:
        return echo(fd, place);
    case DISCARD:
        return discard(fd);
    default:
        return generate(fd);
    }
}

static void ready(uint32_t what)
{
    if (what == UDP_ECHO) {
        echo_datagrams();
    } else if (what >= FIRST_LISTENER) {
        greet((enum service)(what - FIRST_LISTENER));
    } else if (what < CLIENTS && places[what].fd >= 0 && !serve(what)) {
        close(places[what].fd);
        free(places[what].client.buffer);
        places[what].fd = -1;
    }
}

int main(void)
{
    struct socket_ready list[SOCKET_READY_MAX];
    int n;

    for (unsigned i = 0; i < CLIENTS; i++)
        places[i].fd = -1;
    set = socket_set();
    for (unsigned i = 0; i < LISTENERS; i++)
        listener[i] = open_port(SOCK_STREAM, ports[i], FIRST_LISTENER + i);
    udp = open_port(SOCK_DGRAM, ports[ECHO], UDP_ECHO);
    while ((n = socket_wait(set, list)) >= 0)
        for (int i = 0; i < n; i++)
            ready(list[i].data);
    fprintf(stderr, "echod: %s\n", socket_error());
    return 1;
}
