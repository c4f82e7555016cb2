/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nc HOST PORT: what comes from standard input goes to a TCP peer, and what it answers to standard output.
 * nc -l PORT: the same with the first who connects.
 *
 * The end of the input ends our direction; nc ends when the peer has ended its own, too. It never waits for one side only:
 * a peer that answers before it has read all is heard.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "number.h"
#include "socket.h"

#define PIECE 16384

static char out[PIECE], in[PIECE];

static int complain(const char *what)
{
    fprintf(stderr, "nc: %s: %s\n", what, socket_error());
    return -1;
}

/* A connection to the first address that takes one; -1: it has been said. */
static int open_host(const char *host, const char *port)
{
    struct addrinfo *list;
    int error = getaddrinfo(host, port, NULL, &list), s = -1;

    if (error != 0) {
        fprintf(stderr, "nc: %s port %s: %s\n", host, port, gai_strerror(error));
        return -1;
    }
    for (struct addrinfo *a = list; a != NULL && s < 0; a = a->ai_next) {
        s = socket(a->ai_family, SOCK_STREAM, 0);
        if (s >= 0 && connect(s, a->ai_addr, a->ai_addrlen) == 0)
            break;
        complain(host);
        if (s >= 0)
            close(s);
        s = -1;
    }
    freeaddrinfo(list);
    return s;
}

static int take_first(const char *text)
{
    struct sockaddr_in6 here = {.sin6_family = AF_INET6};
    unsigned long port;
    int l, s;

    if (!parse_number(text, 65535, &port)) {
        fprintf(stderr, "nc: a port is a number from 1 to 65535\n");
        return -1;
    }
    here.sin6_port = htons((uint16_t)port);
    l = socket(AF_INET6, SOCK_STREAM, 0);
    if (l < 0 || bind(l, (struct sockaddr *)&here, sizeof here) < 0 || listen(l, 1) < 0)
        return complain(text);
    s = accept(l, NULL, NULL);
    if (s < 0)
        complain(text);
    close(l);
    return s;
}

static bool print(const char *data, ssize_t n)
{
    while (n > 0) {
        ssize_t step = write(STDOUT_FILENO, data, (size_t)n);

        if (step <= 0)
            return false; /* nobody reads any more */
        data += step;
        n -= step;
    }
    return true;
}

/* A conversation: what is to be sent, and which directions go on. */
struct talk {
    int s;
    size_t have, sent; /* of out */
    bool input;        /* there is more */
    bool open;         /* the peer's direction */
};

/* What the peer says. false: it has been said what is wrong. */
static bool hear(struct talk *t)
{
    ssize_t n = recv(t->s, in, sizeof in, MSG_DONTWAIT);

    t->open = n != 0;
    if (n > 0)
        return print(in, n);
    if (n < 0 && errno != EAGAIN)
        return complain("the connection") >= 0;
    return true;
}

static bool say(struct talk *t)
{
    ssize_t n = send(t->s, out + t->sent, t->have - t->sent, MSG_DONTWAIT);

    if (n < 0 && errno != EAGAIN)
        return complain("the connection") >= 0;
    t->sent += n > 0 ? (size_t)n : 0;
    if (t->sent == t->have)
        t->have = t->sent = 0;
    return true;
}

/* More input. Its end is ours; in the background there is none, and so no end. */
static void fetch(struct talk *t, bool there)
{
    ssize_t n = there ? read(STDIN_FILENO, out, sizeof out) : 0;

    t->have = n > 0 ? (size_t)n : 0;
    t->input = n > 0;
    if (there && !t->input)
        shutdown(t->s, SHUT_WR);
}

/* The exit code. A person who types is not waited for when the peer has ended. */
static int converse(int s)
{
    struct talk t = {.s = s, .input = true, .open = true};
    bool types = isatty(STDIN_FILENO);

    while (t.open || t.have > 0 || (t.input && !types)) {
        struct pollfd p[2] = {{t.input && t.have == 0 ? STDIN_FILENO : -1, POLLIN, 0}, {s, 0, 0}};

        p[1].events = (short)((t.open ? POLLIN : 0) | (t.have > 0 ? POLLOUT : 0));
        if (p[1].events == 0)
            p[1].fd = -1;
        if (poll(p, 2, -1) < 0)
            return 1;
        if (t.open && p[1].revents != 0 && !hear(&t))
            return 1;
        if (t.have > 0 && (p[1].revents & ~POLLIN) && !say(&t))
            return 1;
        if (p[0].revents != 0)
            fetch(&t, !(p[0].revents & POLLNVAL));
    }
    return 0;
}

int main(int argc, char **argv)
{
    bool listens = argc == 3 && strcmp(argv[1], "-l") == 0;
    int s;

    if (argc != 3 || (!listens && argv[1][0] == '-')) {
        fprintf(stderr, "usage: nc HOST PORT\n       nc -l PORT\n");
        return 2;
    }
    s = listens ? take_first(argv[2]) : open_host(argv[1], argv[2]);
    return s < 0 ? 1 : converse(s);
}
