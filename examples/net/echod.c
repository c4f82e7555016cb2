/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod [PORT]: what comes by TCP or UDP goes back. Port 7 unless said otherwise.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "socket.h"

#define CLIENTS 32
#define PIECE   8192

static struct pollfd fds[2 + CLIENTS];
static nfds_t count = 2;
static char piece[65536];

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

static void greet(void)
{
    int on = 1, s = accept_now(fds[0].fd, NULL, NULL);

    if (s < 0)
        return;
    if (count == 2 + CLIENTS) {
        close(s); /* too many */
        return;
    }
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fds[count++] = (struct pollfd){.fd = s, .events = POLLIN};
}

static void echo_datagrams(void)
{
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t n;

    while ((n = recvfrom(fds[1].fd, piece, sizeof piece, MSG_DONTWAIT, (struct sockaddr *)&from,
                         &size)) >= 0)
        sendto(fds[1].fd, piece, (size_t)n, 0, (struct sockaddr *)&from, size);
}

/* false: the connection has ended. */
static int echo_bytes(int s)
{
    ssize_t n = recv(s, piece, PIECE, 0), sent = 0, step;

    while (sent < n && (step = send(s, piece + sent, (size_t)(n - sent), 0)) > 0)
        sent += step;
    return n > 0 && sent == n;
}

int main(int argc, char **argv)
{
    unsigned long port = argc > 1 ? strtoul(argv[1], NULL, 10) : 7;

    if (port < 1 || port > 0xffff || argc > 2) {
        fprintf(stderr, "usage: echod [PORT]\n");
        return 2;
    }
    fds[0] = (struct pollfd){.fd = open_port(SOCK_STREAM, (uint16_t)port), .events = POLLIN};
    fds[1] = (struct pollfd){.fd = open_port(SOCK_DGRAM, (uint16_t)port), .events = POLLIN};
    while (poll(fds, count, -1) >= 0) {
        for (nfds_t i = count; i-- > 2;)
            if (fds[i].revents != 0 && !echo_bytes(fds[i].fd)) {
                close(fds[i].fd);
                fds[i] = fds[--count];
            }
        if (fds[1].revents & POLLIN)
            echo_datagrams();
        if (fds[0].revents & POLLIN)
            greet();
        if ((fds[0].revents | fds[1].revents) & (POLLERR | POLLNVAL))
            break;
    }
    fprintf(stderr, "echod: netserv is gone\n");
    return 1;
}
