/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iperf: how fast is TCP? It understands iperf of version 2 on the other side.
 *
 *   iperf -s [-p PORT]                                 take what others send, for ever
 *   iperf -c HOST [-p PORT] [-t SECONDS | -n MIB]      send for so long, or so much
 *
 * It does TCP in one direction at a time: no -u, -d or -r.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/irq.h>
#include <unistd.h>

#include "socket.h"

#define CLIENTS  32
#define LISTENER CLIENTS
#define PIECE    65536
#define TURN     64 /* reads of one client before another's turn */
#define MIB      1048576.0
#define SECOND   1e9

struct place {
    int fd; /* -1: free */
    uint64_t start, bytes;
    char peer[INET6_ADDRSTRLEN];
};

static struct place places[CLIENTS];
static char piece[PIECE]; /* zeros: as a header they ask for nothing */

static void report(const char *what, const char *peer, uint64_t bytes, uint64_t start)
{
    double seconds = (double)(clock_now() - start) / SECOND;

    if (seconds <= 0)
        seconds = 1 / SECOND;
    printf("%s %s: %.1f MiB in %.2f s, %.1f MiB/s, %.0f Mbit/s\n", what, peer, (double)bytes / MIB,
           seconds, (double)bytes / MIB / seconds, (double)bytes * 8 / 1e6 / seconds);
    fflush(stdout);
}

/* IPv4's addresses as people write them. */
static void name_peer(const struct in6_addr *a, char text[INET6_ADDRSTRLEN])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool four = memcmp(a, mapped, sizeof mapped) == 0;

    inet_ntop(four ? AF_INET : AF_INET6, a->s6_addr + (four ? sizeof mapped : 0), text,
              INET6_ADDRSTRLEN);
}

static void greet(int listener)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    int s;

    while ((s = accept_now(listener, (struct sockaddr *)&peer, &size)) >= 0) {
        struct sockaddr_in6 in6;
        uint32_t i = 0;

        while (i < CLIENTS && places[i].fd >= 0)
            i++;
        if (i == CLIENTS) {
            close(s); /* too many */
            continue;
        }
        places[i] = (struct place){.fd = s, .start = clock_now()};
        memcpy(&in6, &peer, sizeof in6);
        name_peer(&in6.sin6_addr, places[i].peer);
        socket_watch(s, POLLIN, i);
        size = sizeof peer;
    }
}

static void take(struct place *p)
{
    ssize_t n = 1;

    for (int i = 0; i < TURN && (n = recv(p->fd, piece, sizeof piece, MSG_DONTWAIT)) > 0; i++)
        p->bytes += (uint64_t)n;
    memset(piece, 0, 128);
    if (n > 0 || (n < 0 && errno == EAGAIN))
        return;
    report("iperf: from", p->peer, p->bytes, p->start);
    close(p->fd);
    p->fd = -1;
}

static int serve(uint16_t port)
{
    struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct socket_ready ready[SOCKET_READY_MAX];
    int set = socket_set(), s = socket_in(set, AF_INET6, SOCK_STREAM, 0), n;

    for (unsigned i = 0; i < CLIENTS; i++)
        places[i].fd = -1;
    if (s < 0 || bind(s, (struct sockaddr *)&here, sizeof here) < 0 || listen(s, 16) < 0 ||
        socket_watch(s, POLLIN, LISTENER) < 0) {
        fprintf(stderr, "iperf: port %u: %s\n", port, socket_error());
        return 1;
    }
    while ((n = socket_wait(set, ready)) >= 0)
        for (int i = 0; i < n; i++) {
            if (ready[i].data == LISTENER)
                greet(s);
            else if (places[ready[i].data].fd >= 0)
                take(&places[ready[i].data]);
        }
    fprintf(stderr, "iperf: %s\n", socket_error());
    return 1;
}

static int send_all(const char *host, const char *port, uint64_t bytes, uint64_t nanoseconds)
{
    uint64_t start, sent = 0;
    struct addrinfo *to;
    int error = getaddrinfo(host, port, NULL, &to), s;
    ssize_t n = 0;

    if (error != 0) {
        fprintf(stderr, "iperf: %s: %s\n", host, gai_strerror(error));
        return 1;
    }
    s = socket(to->ai_family, SOCK_STREAM, 0);
    if (s < 0 || connect(s, to->ai_addr, to->ai_addrlen) < 0) {
        fprintf(stderr, "iperf: %s port %s: %s\n", host, port, socket_error());
        return 1;
    }
    start = clock_now();
    while (sent < bytes && clock_now() - start < nanoseconds) {
        n = send(s, piece, bytes - sent < PIECE ? (size_t)(bytes - sent) : PIECE, 0);
        if (n < 0)
            break;
        sent += (uint64_t)n;
    }
    if (n < 0)
        fprintf(stderr, "iperf: %s\n", socket_error());
    shutdown(s, SHUT_WR);
    while (recv(s, piece, sizeof piece, 0) > 0)
        continue; /* until all has arrived */
    report("iperf: to", host, sent, start);
    return n < 0;
}

int main(int argc, char **argv)
{
    const char *host = NULL, *port = "5001";
    uint64_t bytes = 0, nanoseconds = 10 * (uint64_t)SECOND;
    bool server = false;
    int option;

    while ((option = getopt(argc, argv, "sc:p:t:n:udr")) != -1) {
        if (option == 's')
            server = true;
        else if (option == 'c')
            host = optarg;
        else if (option == 'p')
            port = optarg;
        else if (option == 't')
            nanoseconds = strtoul(optarg, NULL, 10) * (uint64_t)SECOND;
        else if (option == 'n')
            bytes = strtoul(optarg, NULL, 10) << 20;
        else if (strchr("udr", option) != NULL) {
            fprintf(stderr,
                    "iperf: TCP in one direction at a time is all that it does: leave -%c out\n",
                    option);
            return 2;
        } else
            break;
    }
    if (option == -1 && optind == argc && server != (host != NULL) && atoi(port) > 0 &&
        atoi(port) < 65536)
        return server ? serve((uint16_t)atoi(port))
                      : send_all(host, port, bytes ? bytes : UINT64_MAX,
                                 bytes ? UINT64_MAX : nanoseconds);
    fprintf(stderr, "usage: iperf -s [-p PORT]\n"
                    "       iperf -c HOST [-p PORT] [-t SECONDS | -n MIB]\n");
    return 2;
}
