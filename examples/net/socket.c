/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets by the requests of netserv/socket_abi.h. */
#include "socket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/error.h>
#include <ukern/fd.h>
#include <ukern/ipc.h>
#include <ukern/memory.h>
#include <ukern/stream.h>
#include <ukern/task.h>
#include <unistd.h>

#include "socket_parts.h"

static int last_error;

static const struct known {
    int error, number;
    const char *text;
} known[] = {
    {SOCKET_EREFUSED, ECONNREFUSED, "connection refused: nobody listens there"},
    {SOCKET_ETIMEDOUT, ETIMEDOUT, "the peer does not answer"},
    {SOCKET_ERESET, ECONNRESET, "the peer broke the connection off"},
    {SOCKET_EUNREACH, EHOSTUNREACH, "no way leads to that address"},
    {SOCKET_EINUSE, EADDRINUSE, "that port is in use by another"},
    {SOCKET_ENOTCONN, ENOTCONN, "the socket is not connected"},
    {SOCKET_EISCONN, EISCONN, "the socket is connected already"},
    {SOCKET_ENETDOWN, ENETDOWN, "there is no network, or no address yet"},
    {SOCKET_ENOBUFS, ENOBUFS, "all sockets or buffers of netserv are in use"},
    {SOCKET_EMSGSIZE, EMSGSIZE, "too long for one datagram"},
    {SOCKET_ENONAME, ENOENT, "there is no host of that name"},
    {SOCKET_EAGAINNAME, EAGAIN, "the name server does not answer"},
    {SOCKET_EMANYNAMES, EBUSY, "too many names are asked for at once: try again"},
    {SOCKET_EGONE, ECONNRESET, "netserv was started anew: open the socket again"},
    {SOCKET_EBROADCAST, EACCES, "to send to all, a socket needs SO_BROADCAST"},
    {UKERN_EPEER, ECONNRESET, "netserv died: open the socket anew"},
};

static const struct known *find_known(int error)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].error == error)
            return &known[i];
    return NULL;
}

/* A result as POSIX has it. */
int64_t socket_done(int64_t result)
{
    const struct known *k;

    if (result >= 0)
        return result;
    last_error = (int)result;
    k = find_known(last_error);
    errno = k != NULL ? k->number : ukern_errno(last_error);
    return -1;
}

const char *socket_error(void)
{
    const struct known *k = find_known(last_error);

    return k != NULL ? k->text : ukern_strerror(last_error);
}

/* So that read(), write() and what reports errors by number know netserv's, too. */
int ukern_errno_own(int error)
{
    const struct known *k = find_known(error);

    return k != NULL ? k->number : EIO;
}

static int ask(int s, uint32_t label, struct ukern_msg *m)
{
    int error;

    m->tag = UKERN_TAG(label, 0);
    error = ipc_call(s, m);
    return error < 0 ? error : UKERN_TAG_LABEL(m->tag);
}

/* The handle that came with a reply; no number that a server only says is one. */
static int brought(const struct ukern_msg *m)
{
    return UKERN_TAG_HANDLES(m->tag) == 1 ? (int)m->w[5] : UKERN_EPROTO;
}

/* The same, if it is a socket. */
static int brought_socket(const struct ukern_msg *m)
{
    int s = brought(m);

    if (s >= 0)
        fd_opened(s);
    return s;
}

static int pack(const struct sockaddr *address, socklen_t size, uint64_t w[3])
{
    struct socket_address a = {0};
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    if (address == NULL || size < sizeof in)
        return UKERN_EINVAL;
    memcpy(&in, address, sizeof in);
    a.port = ntohs(in.sin_port); /* at the same place in both */
    if (in.sin_family == AF_INET) {
        a.family = 4;
        memcpy(a.ip, &in.sin_addr, sizeof in.sin_addr);
    } else if (in.sin_family == AF_INET6 && size >= sizeof in6) {
        memcpy(&in6, address, sizeof in6);
        a.family = 6;
        memcpy(a.ip, &in6.sin6_addr, sizeof in6.sin6_addr);
    } else {
        return UKERN_EINVAL;
    }
    memcpy(w, &a, sizeof a);
    return UKERN_OK;
}

static void unpack(const uint64_t w[3], struct sockaddr *address, socklen_t *size)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct socket_address a;
    socklen_t full;

    if (address == NULL || size == NULL)
        return;
    memcpy(&a, w, sizeof a);
    in.sin_port = in6.sin6_port = htons(a.port);
    memcpy(&in.sin_addr, a.ip, sizeof in.sin_addr);
    memcpy(&in6.sin6_addr, a.ip, sizeof in6.sin6_addr);
    full = a.family == 6 ? sizeof in6 : sizeof in;
    memcpy(address, a.family == 6 ? (void *)&in6 : (void *)&in, *size < full ? *size : full);
    *size = full;
}

int socket_create(int server, enum socket_type type, int family)
{
    struct ukern_msg m = {0, {type, family == AF_INET6 ? 6 : 4}};
    int error = server < 0 ? server : ask(server, SOCKET_CREATE, &m);

    return error < 0 ? error : brought_socket(&m);
}

static int open_socket(int server, int family, int type, int protocol)
{
    if (family != AF_INET && family != AF_INET6) {
        errno = EAFNOSUPPORT;
        last_error = UKERN_EINVAL;
        return -1;
    }
    switch (type) {
    case SOCK_STREAM:
        return (int)socket_done(socket_create(server, SOCKET_TYPE_TCP, family));
    case SOCK_DGRAM:
        return (int)socket_done(socket_create(server, SOCKET_TYPE_UDP, family));
    case SOCK_RAW:
        return (int)socket_done(protocol == (family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6)
                                    ? socket_create(server, SOCKET_TYPE_ICMP, family)
                                    : UKERN_EINVAL);
    default:
        return (int)socket_done(UKERN_EINVAL);
    }
}

int socket(int family, int type, int protocol)
{
    return open_socket(task_handle("socket"), family, type, protocol);
}

int socket_set(void)
{
    return (int)socket_done(socket_create(task_handle("socket"), SOCKET_TYPE_SET, AF_INET));
}

int socket_in(int set, int family, int type, int protocol)
{
    return open_socket(set, family, type, protocol);
}

int socket_watch(int s, int events, uint32_t data)
{
    struct ukern_msg m = {0};

    m.w[0] = (events & POLLIN ? STREAM_IN : 0u) | (events & POLLOUT ? STREAM_OUT : 0u);
    m.w[1] = data;
    return (int)socket_done(ask(s, SOCKET_WATCH, &m));
}

static unsigned poll_events(uint64_t ready)
{
    return (ready & STREAM_IN ? POLLIN : 0u) | (ready & STREAM_OUT ? POLLOUT : 0u) |
           (ready & STREAM_HANGUP ? POLLHUP : 0u);
}

int socket_wait(int set, struct socket_ready ready[SOCKET_READY_MAX])
{
    struct ukern_msg m = {0};
    int count = ask(set, SOCKET_WAIT, &m);

    for (int i = 0; i < count && i < SOCKET_READY_MAX; i++) {
        ready[i].data = (uint32_t)(m.w[i] >> 32);
        ready[i].events = poll_events(m.w[i]);
    }
    return (int)socket_done(count);
}

int socket_desk(int set, struct socket_desk *desk)
{
    struct ukern_msg m = {0};
    void *memory;
    int error = ask(set, SOCKET_DESK_OPEN, &m);

    if (error >= 0)
        error = brought(&m);
    if (error < 0)
        return (int)socket_done(error);
    error = shm_map((ukern_handle)m.w[5], 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &memory);
    handle_close((ukern_handle)m.w[5]); /* the mapping keeps it */
    if (error == UKERN_OK) {
        desk->out = memory;
        desk->in = desk->out + SOCKET_DESK_IN;
    }
    return (int)socket_done(error);
}

_Static_assert(SOCKET_DESK_ROOM == SOCKET_DESK_OUT && SOCKET_DESK_IN_MAX == SOCKET_DESK_MOST,
               "a desk");

int socket_most(int s, size_t bytes)
{
    struct ukern_msg m = {.w = {SOCKET_MOST, bytes}};

    return (int)socket_done(ask(s, SOCKET_OPTION, &m));
}

int socket_turn(int set, const struct socket_desk *desk, struct socket_turn *t)
{
    struct ukern_msg m = {.tag = UKERN_TAG(SOCKET_TURN, 0)};
    uint64_t flags = (t->now ? STREAM_NONBLOCK : 0u) | (t->send ? SOCKET_TURN_SEND : 0u);
    int error;

    m.w[0] = t->to | flags << 32;
    if (t->send)
        m.w[1] = (uint64_t)((const unsigned char *)t->data - desk->out) | (uint64_t)t->size << 32;
    memcpy(&m.w[2], &t->peer, sizeof t->peer);
    m.w[5] = t->until;
    error = ipc_call(set, &m);
    t->send = false;
    if (error < 0)
        return (int)socket_done(error);
    t->sent = (ssize_t)socket_done(UKERN_TAG_LABEL(m.tag));
    t->events = poll_events(m.w[0] >> 32);
    t->what = (uint32_t)m.w[0];
    t->from = (uint32_t)m.w[1];
    t->received = m.w[1] >> 32;
    t->accepted = UKERN_TAG_HANDLES(m.tag) == 1 ? brought_socket(&m) : -1;
    memcpy(&t->peer, &m.w[2], sizeof t->peer);
    return 0;
}

static int with_address(int s, uint32_t label, const struct sockaddr *address, socklen_t size)
{
    struct ukern_msg m = {0};
    int error = pack(address, size, m.w);

    return (int)socket_done(error < 0 ? error : ask(s, label, &m));
}

int bind(int s, const struct sockaddr *address, socklen_t size)
{
    return with_address(s, SOCKET_BIND, address, size);
}

int connect(int s, const struct sockaddr *address, socklen_t size)
{
    return with_address(s, SOCKET_CONNECT, address, size);
}

int connect_now(int s, const struct sockaddr *address, socklen_t size)
{
    struct ukern_msg m = {.w = {[3] = STREAM_NONBLOCK}};
    int error = pack(address, size, m.w);

    return (int)socket_done(error < 0 ? error : ask(s, SOCKET_CONNECT, &m));
}

int listen(int s, int backlog)
{
    struct ukern_msg m = {0, {backlog < 0 ? 0 : (uint64_t)backlog}};

    return (int)socket_done(ask(s, SOCKET_LISTEN, &m));
}

static int accept_flags(int s, struct sockaddr *peer, socklen_t *size, uint64_t flags)
{
    struct ukern_msg m = {0, {flags}};
    int error = ask(s, SOCKET_ACCEPT, &m);

    if (error < 0)
        return (int)socket_done(error);
    unpack(m.w, peer, size);
    return (int)socket_done(brought_socket(&m));
}

int accept(int s, struct sockaddr *peer, socklen_t *size)
{
    return accept_flags(s, peer, size, 0);
}

int accept_now(int s, struct sockaddr *peer, socklen_t *size)
{
    return accept_flags(s, peer, size, STREAM_NONBLOCK);
}

/* Netserv refuses what it does not know, and so flags that there are not here. */
static uint64_t stream_flags(int flags)
{
    return (flags & MSG_DONTWAIT ? STREAM_NONBLOCK : 0) |
           (flags & ~MSG_DONTWAIT ? ~(uint64_t)STREAM_NONBLOCK : 0);
}

ssize_t send(int s, const void *data, size_t n, int flags)
{
    return (ssize_t)socket_done(
        ukern_trap4(STREAM_WRITE, (uint64_t)s, (uint64_t)data, n, stream_flags(flags), NULL));
}

ssize_t recv(int s, void *data, size_t n, int flags)
{
    return (ssize_t)socket_done(
        ukern_trap4(STREAM_READ, (uint64_t)s, (uint64_t)data, n, stream_flags(flags), NULL));
}

static int64_t trap(uint64_t number, int s, uint64_t data, size_t n, uint64_t flags,
                    struct socket_address *address, uint64_t deadline)
{
    struct ukern_sysregs r = {
        .x = {(uint64_t)s, data, n, flags, (uint64_t)address, deadline},
    };

    return ukern_trap_all(number, &r);
}

ssize_t sendto(int s, const void *data, size_t n, int flags, const struct sockaddr *to,
               socklen_t size)
{
    struct socket_address a;
    uint64_t w[3];
    int error;

    if (to == NULL)
        return send(s, data, n, flags);
    error = pack(to, size, w);
    if (error < 0)
        return (ssize_t)socket_done(error);
    memcpy(&a, w, sizeof a);
    return (ssize_t)socket_done(
        trap(SOCKET_SENDTO, s, (uint64_t)data, n, stream_flags(flags), &a, 0));
}

static ssize_t receive(int s, void *data, size_t n, uint64_t flags, struct sockaddr *from,
                       socklen_t *size, uint64_t deadline)
{
    struct socket_address a = {0};
    uint64_t w[3];
    int64_t got = trap(SOCKET_RECVFROM, s, (uint64_t)data, n, flags, &a, deadline);

    memcpy(w, &a, sizeof w);
    if (got >= 0)
        unpack(w, from, size);
    return (ssize_t)socket_done(got);
}

ssize_t recvfrom(int s, void *data, size_t n, int flags, struct sockaddr *from, socklen_t *size)
{
    return receive(s, data, n, stream_flags(flags), from, size, UKERN_FOREVER);
}

ssize_t recvfrom_until(int s, void *data, size_t n, struct sockaddr *from, socklen_t *size,
                       uint64_t deadline)
{
    return receive(s, data, n, 0, from, size, deadline);
}

int shutdown(int s, int how)
{
    static const uint64_t ways[] = {SOCKET_SHUT_READ, SOCKET_SHUT_WRITE,
                                    SOCKET_SHUT_READ | SOCKET_SHUT_WRITE};
    struct ukern_msg m = {0};

    if (how < SHUT_RD || how > SHUT_RDWR)
        return (int)socket_done(UKERN_EINVAL);
    m.w[0] = ways[how];
    return (int)socket_done(ask(s, SOCKET_SHUTDOWN, &m));
}

int setsockopt(int s, int level, int option, const void *value, socklen_t size)
{
    struct ukern_msg m = {0};
    int on;

    if (value == NULL || size < sizeof on)
        return (int)socket_done(UKERN_EINVAL);
    memcpy(&on, value, sizeof on);
    m.w[1] = on != 0;
    if (level == IPPROTO_TCP && option == TCP_NODELAY)
        m.w[0] = SOCKET_NODELAY;
    else if (level == SOL_SOCKET && option == SO_REUSEADDR)
        m.w[0] = SOCKET_REUSE;
    else if (level == SOL_SOCKET && option == SO_KEEPALIVE)
        m.w[0] = SOCKET_KEEPALIVE;
    else if (level == SOL_SOCKET && option == SO_BROADCAST)
        m.w[0] = SOCKET_BROADCAST;
    return (int)socket_done(ask(s, SOCKET_OPTION, &m));
}

static int name(int s, struct sockaddr *address, socklen_t *size, uint64_t peer)
{
    struct ukern_msg m = {0, {peer}};
    int error = ask(s, SOCKET_NAME, &m);

    if (error >= 0)
        unpack(m.w, address, size);
    return (int)socket_done(error);
}

int getsockname(int s, struct sockaddr *address, socklen_t *size)
{
    return name(s, address, size, 0);
}

int getpeername(int s, struct sockaddr *address, socklen_t *size)
{
    return name(s, address, size, 1);
}
