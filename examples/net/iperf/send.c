/* SPDX-License-Identifier: BSD-2-Clause */
/* The client: by TCP as fast as it goes, by UDP at the rate that was asked for. */
#include <stdio.h>
#include <string.h>
#include <ukern/irq.h>
#include <unistd.h>

#include "../socket.h"
#include "iperf.h"

#define PIECE    65536
#define DATAGRAM 1470 /* bytes: a frame of Ethernet */
#define ASKS     10   /* for the report, */
#define PATIENCE (SECOND / 4)

static char piece[PIECE]; /* zeros: as a header they ask for nothing */
static char answer[DATAGRAM];

/* A socket that is connected to the server, or -1. */
static int dial(const struct task *t, int type)
{
    struct addrinfo *to;
    int error = getaddrinfo(t->host, t->port, NULL, &to), s;

    if (error != 0) {
        fprintf(stderr, "iperf: %s: %s\n", t->host, gai_strerror(error));
        return -1;
    }
    s = socket(to->ai_family, type, 0);
    error = s < 0 ? -1 : connect(s, to->ai_addr, to->ai_addrlen);
    freeaddrinfo(to);
    if (error < 0)
        fprintf(stderr, "iperf: %s port %s: %s\n", t->host, t->port, socket_error());
    return error < 0 ? -1 : s;
}

int send_stream(const struct task *t)
{
    uint64_t start, sent = 0;
    int s = dial(t, SOCK_STREAM);
    ssize_t n = 0;

    if (s < 0)
        return 1;
    start = clock_now();
    while (sent < t->bytes && clock_now() - start < t->nanoseconds) {
        n = send(s, piece, t->bytes - sent < PIECE ? (size_t)(t->bytes - sent) : PIECE, 0);
        if (n < 0)
            break;
        sent += (uint64_t)n;
    }
    if (n < 0)
        fprintf(stderr, "iperf: %s\n", socket_error());
    shutdown(s, SHUT_WR);
    while (recv(s, piece, sizeof piece, 0) > 0)
        continue; /* until all has arrived */
    report("to", t->host, sent, clock_now() - start, "\n");
    close(s);
    return n < 0;
}

/* Say that the test is over, until the server answers. */
static bool ask_for_report(int s, int32_t number, struct iperf_count *seen)
{
    ssize_t n;

    for (int i = 0; i < ASKS; i++, number++) {
        uint64_t until = clock_now() + PATIENCE;

        iperf_number_it(piece, -number, clock_now());
        send(s, piece, DATAGRAM, 0);
        while ((n = recvfrom_until(s, answer, sizeof answer, NULL, NULL, until)) >= 0)
            if (iperf_parse_report(seen, answer, (size_t)n))
                return true;
    }
    return false;
}

int send_datagrams(const struct task *t)
{
    uint64_t gap = DATAGRAM * 8 * SECOND / t->rate, start, due, sent = 0;
    int s = dial(t, SOCK_DGRAM);
    struct iperf_count seen;
    int32_t number = 0;

    if (s < 0)
        return 1;
    for (start = due = clock_now();
         sent < t->bytes && due - start < t->nanoseconds && number < INT32_MAX - ASKS; due += gap) {
        while (clock_now() < due) /* nothing should come: it is a sleep */
            recvfrom_until(s, answer, sizeof answer, NULL, NULL, due);
        iperf_number_it(piece, ++number, clock_now());
        if (send(s, piece, DATAGRAM, 0) >= 0)
            sent += DATAGRAM; /* else it is lost: the server counts */
    }
    report("to", t->host, sent, clock_now() - start, "\n");
    if (!ask_for_report(s, number + 1, &seen)) {
        fprintf(stderr,
                "iperf: %s does not report what it has seen: does `iperf -s -u` run there?\n",
                t->host);
        close(s);
        return 1;
    }
    report("seen by", t->host, seen.bytes, seen.last, "");
    report_count(&seen);
    close(s);
    return 0;
}
