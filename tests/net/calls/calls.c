/* SPDX-License-Identifier: BSD-2-Clause */
/* What the calls of sockets do while everybody lives. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ukern/irq.h>

#include "sockets.h"

static char data[65536], got[65536];
static const int families[] = {AF_INET, AF_INET6};

#define BOTH(family)                                                                               \
    for (int family##_ = 0, family; family##_ < 2 && ((family = families[family##_]), true);       \
         family##_++)

long done(long result)
{
    return result < 0 ? -errno : result;
}

socklen_t size_of(int family)
{
    return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

struct sockaddr_in6 here(int family, uint16_t port)
{
    struct sockaddr_in6 a = {.sin6_family = (sa_family_t)family, .sin6_port = htons(port)};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

    a.sin6_addr.s6_addr[15] = 1;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (family == AF_INET)
        memcpy(&a, &in, sizeof in);
    return a;
}

static int try_bind(int s, int family, uint16_t port)
{
    struct sockaddr_in6 a = here(family, port);

    return bind(s, (struct sockaddr *)&a, size_of(family));
}

static int try_connect(int s, int family, uint16_t port)
{
    struct sockaddr_in6 a = here(family, port);

    return connect(s, (struct sockaddr *)&a, size_of(family));
}

int listens(int family, uint16_t port)
{
    int s = socket(family, SOCK_STREAM, 0);

    EQUAL(DONE(try_bind(s, family, port)), 0);
    EQUAL(DONE(listen(s, 8)), 0);
    return s;
}

void connected(int family, uint16_t port, int fds[2])
{
    int l = listens(family, port);

    fds[0] = socket(family, SOCK_STREAM, 0);
    EQUAL(DONE(try_connect(fds[0], family, port)), 0);
    fds[1] = accept(l, NULL, NULL);
    CHECK(fds[1] > 2);
    EQUAL(close(l), 0);
}

static void drop(const int fds[2])
{
    EQUAL(close(fds[0]), 0);
    EQUAL(close(fds[1]), 0);
}

static void bytes_go_both_ways(void)
{
    int fds[2];

    BOTH(family)
    {
        connected(family, 1000, fds);
        EQUAL(do_write(fds[0], "question", 8), 8);
        EQUAL(do_read(fds[1], got, sizeof got), 8);
        EQUAL(memcmp(got, "question", 8), 0);
        EQUAL(DONE(send(fds[1], "answer", 6, 0)), 6);
        EQUAL(DONE(recv(fds[0], got, 3, 0)), 3);
        EQUAL(do_read(fds[0], got + 3, 10), 3);
        EQUAL(memcmp(got, "answer", 6), 0);
        EQUAL(do_write(fds[0], "", 0), 0);
        EQUAL(DONE(recv(fds[0], got, 1, MSG_DONTWAIT)), -EAGAIN);
        EQUAL(do_write(fds[1], "last", 4), 4);
        EQUAL(close(fds[1]), 0);
        EQUAL(do_read(fds[0], got, 10), 4);
        EQUAL(do_read(fds[0], got, 10), 0);
        EQUAL(do_read(fds[0], got, 10), 0);
        EQUAL(close(fds[0]), 0);
        EQUAL(do_read(fds[0], got, 1), -EBADF);
    }
}

/* Programs that know nothing of sockets have them as standard input and output, between pipes. */
static void programs_read_and_write_them(void)
{
    int fds[2], in[2], out[2];
    ukern_handle writer, sender, receiver, reader;

    EQUAL(pipe(in), 0);
    EQUAL(pipe(out), 0);
    connected(AF_INET, 1001, fds);
    writer = play("writer", -1, in[1], 'x', 1000, 1000);
    sender = play("copy", in[0], fds[0], 0, 0, 0);
    receiver = play("copy", fds[1], out[1], 0, 0, 0);
    reader = play("reader", out[0], -1, 10000000, 0, 0);
    drop(in);
    drop(out);
    drop(fds);
    EQUAL(ended(writer), 0);
    EQUAL(ended(sender), 0);
    EQUAL(ended(receiver), 0);
    EQUAL(ended(reader), 1000000 % 251);
}

static void name_of(int (*call)(int, struct sockaddr *, socklen_t *), int s, int family, long port)
{
    struct sockaddr_in6 a = {0}, wanted = here(family, 0);
    socklen_t size = sizeof a;

    EQUAL(DONE(call(s, (struct sockaddr *)&a, &size)), 0);
    EQUAL(size, size_of(family));
    EQUAL(a.sin6_family, family);
    if (port != 0)
        EQUAL(ntohs(a.sin6_port), port);
    a.sin6_port = 0;
    EQUAL(memcmp(&a, &wanted, size_of(family)), 0);
}

static void names(void)
{
    BOTH(family)
    {
        struct sockaddr_in6 from = {0};
        socklen_t size = 8;
        int l = listens(family, 1002), s = socket(family, SOCK_STREAM, 0), c;

        EQUAL(DONE(getpeername(s, (struct sockaddr *)&from, &size)), -ENOTCONN);
        EQUAL(DONE(try_connect(s, family, 1002)), 0);
        memset(&from, 0x55, sizeof from);
        c = accept(l, (struct sockaddr *)&from, &size);
        CHECK(c > 2);
        EQUAL(size, size_of(family)); /* what there was room for, and no more */
        EQUAL(from.sin6_family, family);
        EQUAL(((uint8_t *)&from)[8], 0x55);
        name_of(getsockname, l, family, 1002);
        name_of(getpeername, s, family, 1002);
        name_of(getsockname, c, family, 1002);
        name_of(getsockname, s, family, ntohs(from.sin6_port));
        name_of(getpeername, c, family, ntohs(from.sin6_port));
        close(l);
        close(s);
        close(c);
    }
}

static int events(int s, int wanted, int timeout)
{
    struct pollfd p = {s, (short)wanted, 0};
    int n = poll(&p, 1, timeout);

    EQUAL(n, p.revents != 0);
    return p.revents;
}

/* Both rings full, so that nothing more goes. */
static long fill(int s)
{
    long total = 0, n;

    do {
        while ((n = DONE(send(s, data, sizeof data, MSG_DONTWAIT))) > 0)
            total += n;
        clock_sleep(20000000);
    } while (events(s, POLLOUT, 0) & POLLOUT);
    EQUAL(n, -EAGAIN);
    return total;
}

static void poll_tells(void)
{
    int l = listens(AF_INET, 1003), s = socket(AF_INET, SOCK_STREAM, 0), c;
    long total, n;

    EQUAL(events(l, POLLIN, 0), 0);
    EQUAL(DONE(try_connect(s, AF_INET, 1003)), 0);
    EQUAL(events(l, POLLIN, 5000), POLLIN);
    c = accept(l, NULL, NULL);
    EQUAL(events(l, POLLIN, 0), 0);
    EQUAL(events(c, POLLIN | POLLOUT, 0), POLLOUT);
    EQUAL(events(c, POLLIN, 30), 0); /* in vain */
    EQUAL(do_write(s, "x", 1), 1);
    EQUAL(events(c, POLLIN, 5000), POLLIN);
    EQUAL(do_read(c, got, 9), 1);
    EQUAL(events(c, POLLIN, 0), 0);
    total = fill(s);
    CHECK(total >= 128 * 1024);
    for (long i = 0; i < total; i += n) {
        EQUAL(events(c, POLLIN, 5000), POLLIN);
        n = do_read(c, got, sizeof got);
        CHECK(n > 0);
        if (n <= 0)
            break;
    }
    EQUAL(events(s, POLLOUT, 5000), POLLOUT);
    close(s);
    CHECK(events(c, POLLIN, 5000) & POLLIN); /* the end can be read */
    EQUAL(do_read(c, got, 1), 0);
    close(c);
    close(l);
    EQUAL(events(c, POLLIN, 0), POLLNVAL);
}

/* One poll() for a pipe, a stream and a datagram socket: it wakes for each. */
static void poll_of_many(void)
{
    int fds[2], tube[2], u = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in6 to = here(AF_INET, 1004);
    struct pollfd p[3];

    connected(AF_INET6, 1004, fds);
    EQUAL(pipe(tube), 0);
    EQUAL(DONE(try_bind(u, AF_INET, 1004)), 0);
    for (int i = 0; i < 3; i++) {
        int from[3] = {tube[0], fds[1], u};
        ukern_handle late;

        for (int k = 0; k < 3; k++)
            p[k] = (struct pollfd){from[k], POLLIN, 0};
        EQUAL(poll(p, 3, 0), 0);
        if (i == 2) {
            EQUAL(DONE(sendto(u, "u", 1, 0, (struct sockaddr *)&to, size_of(AF_INET))), 1);
            late = -1;
        } else {
            late = play("writer", -1, i == 0 ? tube[1] : fds[0], 'y', 1, 1);
        }
        EQUAL(poll(p, 3, 10000), 1);
        for (int k = 0; k < 3; k++)
            EQUAL(p[k].revents, k == i ? POLLIN : 0);
        EQUAL(do_read(from[i], got, 1), 1);
        if (late >= 0)
            EQUAL(ended(late), 0);
    }
    drop(fds);
    drop(tube);
    close(u);
}

static void shutdown_ends_one_direction(void)
{
    int fds[2];

    BOTH(family)
    {
        connected(family, 1005, fds);
        EQUAL(DONE(shutdown(fds[0], 3)), -EINVAL);
        EQUAL(do_write(fds[0], "end", 3), 3);
        EQUAL(DONE(shutdown(fds[0], SHUT_WR)), 0);
        EQUAL(do_write(fds[0], "x", 1), -EPIPE);
        EQUAL(do_read(fds[1], got, 9), 3);
        EQUAL(do_read(fds[1], got, 9), 0);
        EQUAL(do_write(fds[1], "but this", 8), 8);
        EQUAL(do_read(fds[0], got, 9), 8);
        EQUAL(DONE(shutdown(fds[0], SHUT_RD)), 0);
        EQUAL(do_read(fds[0], got, 9), 0);
        drop(fds);
    }
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    EQUAL(DONE(shutdown(fds[0], SHUT_RDWR)), -ENOTCONN);
    close(fds[0]);
}

static long set(int s, int level, int option, int value)
{
    return DONE(setsockopt(s, level, option, &value, sizeof value));
}

static void options(void)
{
    int s = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0), v, on = 1;
    struct sockaddr_in6 a = here(AF_INET, 1006);
    struct sockaddr_in all = {.sin_family = AF_INET, .sin_port = htons(1006)};

    for (int value = 1; value >= 0; value--) {
        EQUAL(set(s, IPPROTO_TCP, TCP_NODELAY, value), 0);
        EQUAL(set(s, SOL_SOCKET, SO_KEEPALIVE, value), 0);
        EQUAL(set(s, SOL_SOCKET, SO_REUSEADDR, value), 0);
    }
    EQUAL(set(s, SOL_SOCKET, 77, 1), -EINVAL);
    EQUAL(set(u, IPPROTO_TCP, TCP_NODELAY, 1), -EINVAL);
    EQUAL(DONE(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, 1)), -EINVAL);
    EQUAL(DONE(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, NULL, 4)), -EINVAL);
    /* To all: only who has asked for it. */
    all.sin_addr.s_addr = 0xffffffff;
    EQUAL(DONE(sendto(u, "x", 1, 0, (struct sockaddr *)&all, sizeof all)), -EACCES);
    EQUAL(set(u, SOL_SOCKET, SO_BROADCAST, 1), 0);
    EQUAL(DONE(sendto(u, "x", 1, 0, (struct sockaddr *)&all, sizeof all)), 1);
    /* One port for two: only if both say so. */
    v = socket(AF_INET, SOCK_DGRAM, 0);
    EQUAL(DONE(bind(u, (struct sockaddr *)&a, size_of(AF_INET))), 0);
    EQUAL(DONE(bind(v, (struct sockaddr *)&a, size_of(AF_INET))), -EADDRINUSE);
    close(s);
    close(u);
    close(v);
}

static void datagrams(void)
{
    BOTH(family)
    {
        int a = socket(family, SOCK_DGRAM, 0), b = socket(family, SOCK_DGRAM, 0);
        struct sockaddr_in6 to = here(family, 1007), from;
        socklen_t size = sizeof from;

        EQUAL(do_write(a, "x", 1), -ENOTCONN);
        EQUAL(DONE(try_bind(b, family, 1007)), 0);
        EQUAL(DONE(recvfrom(b, got, 9, MSG_DONTWAIT, NULL, NULL)), -EAGAIN);
        EQUAL(DONE(recvfrom_until(b, got, 9, NULL, NULL, clock_now() + 1000000)), -ETIMEDOUT);
        EQUAL(DONE(sendto(a, "hello", 5, 0, (struct sockaddr *)&to, size_of(family))), 5);
        EQUAL(DONE(sendto(a, "", 0, 0, (struct sockaddr *)&to, size_of(family))), 0);
        EQUAL(DONE(recvfrom(b, got, 2, 0, (struct sockaddr *)&from, &size)),
              2); /* the rest is lost */
        EQUAL(size, size_of(family));
        EQUAL(DONE(recvfrom(b, got, 9, 0, NULL, NULL)), 0);
        EQUAL(DONE(sendto(b, "back", 4, 0, (struct sockaddr *)&from, size)), 4);
        EQUAL(do_read(a, got, 9), 4);
        EQUAL(DONE(connect(a, (struct sockaddr *)&to, size_of(family))), 0);
        EQUAL(do_write(a, "named", 5), 5);
        EQUAL(do_read(b, got, 9), 5);
        EQUAL(do_write(a, data, 65508), -EMSGSIZE);
        EQUAL(do_write(a, data, 8000), 8000); /* in fragments */
        EQUAL(do_read(b, got, sizeof got), 8000);
        close(a);
        close(b);
    }
}

static void dup_keeps_it_open(void)
{
    int fds[2], twin;

    connected(AF_INET, 1008, fds);
    twin = dup(fds[0]);
    CHECK(twin > 2 && twin != fds[0]);
    EQUAL(close(fds[0]), 0);
    EQUAL(do_write(twin, "twin", 4), 4);
    EQUAL(do_read(fds[1], got, 9), 4);
    EQUAL(DONE(recv(fds[1], got, 9, MSG_DONTWAIT)), -EAGAIN);
    EQUAL(close(twin), 0);
    EQUAL(do_read(fds[1], got, 9), 0);
    close(fds[1]);
}

static void errors(void)
{
    int s = socket(AF_INET, SOCK_STREAM, 0), l = listens(AF_INET, 1009), t;
    struct sockaddr_in6 a = here(AF_INET, 1009);

    EQUAL(DONE(socket(1, SOCK_STREAM, 0)), -EAFNOSUPPORT);
    EQUAL(DONE(socket(AF_INET, 9, 0)), -EINVAL);
    EQUAL(DONE(socket(AF_INET, SOCK_RAW, IPPROTO_TCP)), -EINVAL);
    EQUAL(DONE(try_bind(s, AF_INET, 1009)), -EADDRINUSE);
    EQUAL(strcmp(socket_error(), "that port is in use by another"), 0);
    EQUAL(DONE(try_connect(s, AF_INET, 999)), -ECONNREFUSED);
    EQUAL(strcmp(socket_error(), "connection refused: nobody listens there"), 0);
    EQUAL(do_read(l, got, 1), -ENOTCONN);
    EQUAL(DONE(accept_now(l, NULL, NULL)), -EAGAIN);
    EQUAL(DONE(accept_now(0, NULL, NULL)) < 0, true); /* the console is none */
    EQUAL(DONE(connect(s, (struct sockaddr *)&a, 3)), -EINVAL);
    EQUAL(DONE(connect(s, NULL, 0)), -EINVAL);
    t = socket(AF_INET, SOCK_STREAM, 0);
    EQUAL(do_write(t, "x", 1), -ENOTCONN);
    EQUAL(DONE(try_connect(t, AF_INET, 1009)), 0);
    EQUAL(DONE(try_connect(t, AF_INET, 1009)), -EISCONN);
    EQUAL(DONE(send(t, "x", 1, 0x1000)), -EINVAL); /* flags that there are not */
    EQUAL(DONE(recv(t, got, 1, 2)), -EINVAL);
    close(s);
    close(l);
    close(t);
}

/* As many as there are; then it is said, and who closes one can have one. */
static void all_in_use(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    static int all[SOCKET_MEMBERS_MAX];

    for (unsigned i = 0; i < 2; i++) {
        int n = 0;

        while (n < SOCKET_MEMBERS_MAX && (all[n] = socket(AF_INET, types[i], 0)) >= 0)
            n++;
        EQUAL(n < SOCKET_MEMBERS_MAX ? errno : 0, ENOBUFS);
        CHECK(strcmp(socket_error(), "all sockets or buffers of netserv are in use") == 0);
        CHECK(n > 40);
        close(all[--n]);
        CHECK((all[n++] = socket(AF_INET, types[i], 0)) >= 0);
        while (n > 0)
            close(all[--n]);
    }
}

/* What a person reads. */
static void sentences(void)
{
    int one = socket(AF_INET, SOCK_STREAM, 0), two = socket(AF_INET, SOCK_STREAM, 0);

    EQUAL(DONE(try_bind(one, AF_INET, 1011)), 0);
    EQUAL(DONE(try_bind(two, AF_INET, 1011)), -EADDRINUSE);
    CHECK(strcmp(socket_error(), "that port is in use by another") == 0);
    EQUAL(DONE(try_connect(two, AF_INET, 998)), -ECONNREFUSED);
    CHECK(strcmp(socket_error(), "connection refused: nobody listens there") == 0);
    close(one);
    close(two);
}

const struct test case_tests[] = {
    {"bytes go both ways, by read(), write(), send(), recv()", bytes_go_both_ways},
    {"a pipeline of programs goes through a socket", programs_read_and_write_them},
    {"getsockname() and getpeername()", names},
    {"poll() of a listener and of connections", poll_tells},
    {"poll() of a pipe, a stream and datagrams at once", poll_of_many},
    {"shutdown() ends one direction", shutdown_ends_one_direction},
    {"setsockopt()", options},
    {"datagrams", datagrams},
    {"dup()", dup_keeps_it_open},
    {"errors have their numbers", errors},
    {"all sockets in use is said, and passes", all_in_use},
    {"errors are sentences", sentences},
    {"getaddrinfo()", addresses},
    {NULL, NULL},
};
