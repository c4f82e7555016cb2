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

#define LISTENERS 3
#define UDP_ECHO  LISTENERS
#define FIRST     (LISTENERS + 1) /* client's place */

struct client {
    enum service service;
    size_t have, sent; /* of its buffer: echo */
    char *buffer;
};

static struct pollfd fds[FIRST + CLIENTS];
static struct client clients[FIRST + CLIENTS];
static nfds_t count = FIRST;
static char piece[PIECE];

static int open_port(int type, uint16_t port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    int s = socket(AF_INET, type, 0);

    if (s < 0 || bind(s, (struct sockaddr *)&here, sizeof here) < 0 ||
        (type == SOCK_STREAM && listen(s, 16) < 0)) {
        fprintf(stderr, "echod: port %u: %s\n", port, socket_error());
        exit(1);
    }
    return s;
}

static void greet(enum service service)
{
    int on = 1, s;

    while ((s = accept_now(fds[service].fd, NULL, NULL)) >= 0) {
        struct client *c = &clients[count];

        if (count == FIRST + CLIENTS) {
            close(s); /* too many */
            continue;
        }
        *c = (struct client){.service = service};
        setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        fds[count++] = (struct pollfd){.fd = s, .events = service == CHARGEN ? POLLOUT : POLLIN};
    }
}

static void echo_datagrams(void)
{
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t n;

    while ((n = recvfrom(fds[UDP_ECHO].fd, piece, sizeof piece, MSG_DONTWAIT,
                         (struct sockaddr *)&from, &size)) >= 0)
        sendto(fds[UDP_ECHO].fd, piece, (size_t)n, 0, (struct sockaddr *)&from, size);
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
static bool echo(struct pollfd *p, struct client *c)
{
    ssize_t n, sent;

    if (c->buffer == NULL) {
        n = recv(p->fd, piece, sizeof piece, MSG_DONTWAIT);
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        sent = send(p->fd, piece, (size_t)n, MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN)
            return false;
        if (sent < 0)
            sent = 0;
        if (sent < n && !keep(c, piece + sent, (size_t)(n - sent)))
            return false;
    } else {
        sent = send(p->fd, c->buffer + c->sent, c->have - c->sent, MSG_DONTWAIT);
        if (sent < 0)
            return errno == EAGAIN;
        c->sent += (size_t)sent;
        if (c->sent == c->have) {
            free(c->buffer);
            c->buffer = NULL;
        }
    }
    p->events = c->buffer == NULL ? POLLIN : POLLOUT;
    return true;
}

static bool discard(const struct pollfd *p)
{
    ssize_t n;

    while ((n = recv(p->fd, piece, sizeof piece, MSG_DONTWAIT)) > 0)
        continue;
    return n < 0 && errno == EAGAIN;
}

static bool generate(const struct pollfd *p)
{
    ssize_t n;

    while ((n = send(p->fd, piece, sizeof piece, MSG_DONTWAIT)) > 0)
        continue;
    return n < 0 && errno == EAGAIN;
}

static bool serve(nfds_t i)
{
    switch (clients[i].service) {
    case ECHO:
        return echo(&fds[i], &clients[i]);
    case DISCARD:
        return discard(&fds[i]);
    default:
        return generate(&fds[i]);
    }
}

int main(void)
{
    for (unsigned i = 0; i < LISTENERS; i++)
        fds[i] = (struct pollfd){.fd = open_port(SOCK_STREAM, ports[i]), .events = POLLIN};
    fds[UDP_ECHO] = (struct pollfd){.fd = open_port(SOCK_DGRAM, ports[ECHO]), .events = POLLIN};
    while (poll(fds, count, -1) >= 0) {
        for (nfds_t i = count; i-- > FIRST;)
            if (fds[i].revents != 0 && !serve(i)) {
                close(fds[i].fd);
                free(clients[i].buffer);
                fds[i] = fds[--count];
                clients[i] = clients[count];
            }
        if (fds[UDP_ECHO].revents & POLLIN)
            echo_datagrams();
        for (unsigned i = 0; i < LISTENERS; i++) {
            if (fds[i].revents & POLLIN)
                greet((enum service)i);
            if (fds[i].revents & (POLLERR | POLLNVAL)) {
                fprintf(stderr, "echod: netserv is gone\n");
                return 1;
            }
        }
    }
    fprintf(stderr, "echod: poll: out of memory\n");
    return 1;
}
