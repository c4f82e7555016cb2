/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * httpd [PORT]: a small web server. It serves the files below www/ of the archive; what the machine does, on
 * /status (a page) and /status.json; and on /stream/BYTES so many bytes to measure with. HTTP/1.1
 * with GET and HEAD, and ranges; connections stay open. One loop serves all connections, by turns
 * (socket_turn()): a small answer leaves with the call that waits for what comes next. A large
 * file is sent from where it lies in the archive.
 *
 * A connection is a place that others want: one that does nothing is ended, after a while, or
 * as soon as all places are taken.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/ipc.h>
#include <ukern/irq.h>

#include "../socket.h"
#include "answer.h"

#define CLIENTS  220
#define ROOM     4096 /* for what comes together with the end of a request */
#define SECOND   UINT64_C(1000000000)
#define PATIENCE (60 * SECOND) /* between requests, and until one is whole */
#define DEAF     (30 * SECOND) /* without progress of an answer: the peer takes none */
#define STALL    (2 * SECOND)  /* without progress: others may have the place */
#define PROGRESS 16384         /* bytes */
#define LOOK     SECOND        /* how often connections are looked at */

struct client {
    int fd;
    char request[REQUEST_MAX + ROOM + 1];
    size_t have;
    struct answer answer;
    bool busy;      /* with an answer */
    bool blocked;   /* and there is no room for it: watched for that */
    bool served;    /* one at least */
    uint64_t since; /* it waits for its peer */
    size_t mark;    /* what of the answer was sent then */
};

static int set, listener;
static struct socket_desk desk;
static struct client *clients[SOCKET_MEMBERS_MAX];
static unsigned count;
static bool full;    /* nobody else is let in */
static uint64_t now; /* when the last turn ended */

static void drop(unsigned member)
{
    struct client *c = clients[member];

    handle_close(c->fd); /* the only handle: the connection ends, as soon as netserv hears of it */
    answer_end(&c->answer);
    free(c);
    clients[member] = NULL;
    count--;
    if (full)
        socket_watch(listener, POLLIN, 0);
    full = false;
}

static uint64_t waits(const struct client *c)
{
    return now - c->since;
}

static bool between_requests(const struct client *c)
{
    return c->served && !c->busy && c->have == 0;
}

static bool overdue(const struct client *c)
{
    return waits(c) > (c->busy ? DEAF : PATIENCE);
}

/* Who has to go first: one between requests, then one that has begun none or sent half of one, then
 * one that does not take its answer. 0: none of them. */
static unsigned rank(const struct client *c)
{
    if (c->busy)
        return waits(c) > STALL ? 1 : 0;
    return between_requests(c) ? 3 : 2;
}

/* End the connection that has waited the longest of those that have to go first. */
static bool make_room(void)
{
    unsigned first = 0, its_rank = 0;

    for (unsigned i = 0; i < SOCKET_MEMBERS_MAX; i++) {
        unsigned r = clients[i] != NULL ? rank(clients[i]) : 0;

        if (r > its_rank || (r > 0 && r == its_rank && clients[i]->since < clients[first]->since)) {
            first = i;
            its_rank = r;
        }
    }
    if (its_rank > 0)
        drop(first);
    return its_rank > 0;
}

static void look(void)
{
    for (unsigned i = 0; i < SOCKET_MEMBERS_MAX; i++)
        if (clients[i] != NULL && overdue(clients[i]))
            drop(i);
    if (full)
        make_room();
}

static void begin(struct client *c)
{
    c->busy = answer_begin(&c->answer, c->request, &c->have, count);
    if (c->busy) {
        c->since = now;
        c->mark = 0;
    }
}

static void sent(struct client *c, size_t n)
{
    c->answer.sent += n;
    if (c->answer.sent - c->mark >= PROGRESS) {
        c->mark = c->answer.sent;
        c->since = now;
    }
}

static void watch(struct client *c)
{
    if (c->busy != c->blocked)
        socket_watch(c->fd, c->busy ? POLLOUT : POLLIN, 0);
    c->blocked = c->busy;
}

/* Send as much as goes now, and answer what else has come. */
static void go_on(unsigned member)
{
    struct client *c = clients[member];
    const char *from;

    while (c->busy) {
        size_t n = answer_next(&c->answer, &from);
        ssize_t done = n > 0 ? send(c->fd, from, n, MSG_DONTWAIT) : 0;

        if (done < 0 && errno == EAGAIN)
            break;
        if (done < 0 || (n == 0 && c->answer.last)) {
            drop(member);
            return;
        }
        sent(c, (size_t)done);
        if (n == 0) {
            answer_end(&c->answer);
            c->served = true;
            c->since = now;
            begin(c);
        }
    }
    watch(c);
}

/* Lay an answer out to be sent with the next turn. false: it is too large; or other requests are there
 * already, which the turn might bring more of. */
static bool lay_out(struct socket_turn *t, unsigned member)
{
    struct answer *a = &clients[member]->answer;
    size_t n = a->head_size + a->body_size;

    if (n > SOCKET_DESK_ROOM || clients[member]->have > 0 || (a->body == NULL && a->body_size > 0))
        return false;
    memcpy(desk.out, a->head, a->head_size);
    if (a->body_size > 0)
        memcpy(desk.out + a->head_size, a->body, a->body_size);
    t->send = true;
    t->to = member;
    t->data = desk.out;
    t->size = n;
    return true;
}

/* Something has come, or there is room again. */
static void serve(struct socket_turn *t)
{
    struct client *c = clients[t->from];

    if (c == NULL)
        return; /* ended already */
    if ((t->events & POLLHUP) || ((t->events & POLLIN) && t->received == 0)) {
        drop(t->from);
        return;
    }
    if (t->events & POLLIN) {
        if (c->have == 0)
            c->since = now;
        memcpy(c->request + c->have, desk.in, t->received);
        c->have += t->received;
        c->request[c->have] = 0;
        begin(c);
        if (c->busy && lay_out(t, t->from))
            return;
    }
    go_on(t->from);
}

static void greet(const struct socket_turn *t)
{
    struct client *c = calloc(1, sizeof *c);

    if (c == NULL) {
        handle_close(t->accepted);
        return;
    }
    c->fd = t->accepted;
    c->since = now;
    clients[t->from] = c;
    if (++count < CLIENTS || make_room())
        return;
    full = true;
    socket_watch(listener, 0, 0); /* the others wait until one has gone */
}

static void run(void)
{
    struct socket_turn t = {0};
    uint64_t next_look = 0;

    for (;;) {
        bool sending = t.send;

        t.now = sending && clients[t.to]->answer.last; /* to end it, not to wait for others */
        t.until = count > 0 ? next_look : 0;
        if (socket_turn(set, &desk, &t) < 0)
            return;
        now = clock_now();
        if (sending && t.sent < 0) {
            drop(t.to);
        } else if (sending) {
            sent(clients[t.to], (size_t)t.sent);
            go_on(t.to);
        }
        if (now >= next_look) {
            look();
            next_look = now + LOOK;
        }
        if (t.accepted >= 0)
            greet(&t);
        else if (t.events != 0)
            serve(&t);
    }
}

int main(int argc, char **argv)
{
    unsigned long port = argc > 1 ? strtoul(argv[1], NULL, 10) : 80;
    struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    int on = 1;

    if (port < 1 || port > 0xffff || argc > 2) {
        fprintf(stderr, "usage: httpd [PORT]\n");
        return 2;
    }
    if (!answer_init()) {
        fprintf(stderr, "httpd: no archive was granted: httpd.uses := archive\n");
        return 1;
    }
    set = socket_set();
    listener = socket_in(set, AF_INET6, SOCK_STREAM, 0);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(listener, (struct sockaddr *)&here, sizeof here) < 0 || listen(listener, 64) < 0 ||
        setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        socket_watch(listener, POLLIN, 0) < 0 || socket_most(listener, ROOM) < 0 ||
        socket_desk(set, &desk) < 0) {
        fprintf(stderr, "httpd: port %lu: %s\n", port, socket_error());
        return 1;
    }
    run();
    fprintf(stderr, "httpd: %s\n", socket_error());
    return 1;
}
