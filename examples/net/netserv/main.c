/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netserv: TCP/IP for the tasks of this machine, as sockets (socket_abi.h). This file takes the
 * requests apart; after each, and whenever netdev or a timer wakes it, link_run() lets lwIP work.
 *
 *   netserv [-s] [-w SECONDS] [-a ADDRESS/BITS] [-g GATEWAY] [-d NAMESERVER]
 *
 * -s: use the address given, without DHCP; else it is used when DHCP has not answered in SECONDS.
 */
#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/netif.h>
#include <lwip/tcp.h>
#include <lwip/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/error.h>
#include <ukern/task.h>
#include <unistd.h>

#include "link.h"
#include "names.h"
#include "sock.h"

static ukern_handle port;
static struct server server;

void answer_last(uint64_t token, const struct ukern_msg *reply)
{
    server_reply_last(&server, token, reply);
}

/* A reply that brings a socket. */
static int give(struct sock *s, struct ukern_msg *reply)
{
    ukern_handle h = sock_handle(port, s);

    if (h < 0)
        return h;
    reply->tag = UKERN_TAG(0, 1);
    reply->w[5] = UKERN_SEND_HANDLE(h, 0) | UKERN_SEND_MOVE;
    return UKERN_OK;
}

static void close_sock(struct sock *s)
{
    if (s->connecting != 0)
        sock_answer(s->connecting, UKERN_ECANCELED);
    s->connecting = 0;
    sock_fail(s, PIPE_READ_END, UKERN_ECANCELED);
    sock_fail(s, PIPE_WRITE_END, UKERN_ECANCELED);
    watch_close(&s->watch, s->badge);
    set_leave(s);
    s->badge = 0;
    if (s->kind == SOCK_TCP || s->kind == SOCK_LISTENER)
        stream_close(s);
    else if (s->kind == SOCK_SET)
        set_close(s);
    else
        datagram_close(s);
}

/* from: the socket that was asked, or NULL if it was `socket` itself. */
static int do_create(struct request *r, struct sock *from)
{
    static const enum sock_kind kinds[] = {[SOCKET_TYPE_TCP] = SOCK_TCP,
                                           [SOCKET_TYPE_UDP] = SOCK_UDP,
                                           [SOCKET_TYPE_ICMP] = SOCK_ICMP,
                                           [SOCKET_TYPE_NAME] = SOCK_NAME,
                                           [SOCKET_TYPE_SET] = SOCK_SET};
    uint64_t type = r->msg.w[0], family = r->msg.w[1];
    struct sock *s;
    int error;

    if (type < SOCKET_TYPE_TCP || type > SOCKET_TYPE_SET ||
        (family != 0 && family != 4 && family != 6))
        return UKERN_EINVAL;
    s = sock_create(kinds[type], from != NULL ? from->owner : r->badge, false);
    if (s == NULL)
        return SOCKET_ENOBUFS;
    s->v6 = family == 6;
    error = s->kind == SOCK_TCP ? stream_open(s) : datagram_open(s);
    if (error != UKERN_OK) {
        sock_free(s);
        return error;
    }
    if (s->kind != SOCK_SET && from != NULL && from->kind == SOCK_SET)
        set_join(s, from);
    error = give(s, &r->reply);
    if (error != UKERN_OK)
        close_sock(s);
    return error;
}

static int do_bind(struct sock *s, struct request *r)
{
    uint16_t number;
    ip_addr_t ip;

    if (!address_in(s, &r->msg.w[0], &ip, &number))
        return UKERN_EINVAL;
    return s->kind == SOCK_TCP        ? stream_bind(s, &ip, number)
           : s->kind == SOCK_LISTENER ? UKERN_EINVAL
                                      : datagram_bind(s, &ip, number);
}

static int do_connect(struct sock *s, struct request *r)
{
    uint16_t number;
    ip_addr_t ip;

    if (!address_in(s, &r->msg.w[0], &ip, &number) || s->kind == SOCK_LISTENER)
        return UKERN_EINVAL;
    return s->kind == SOCK_TCP ? stream_connect(s, r, &ip, number)
                               : datagram_connect(s, &ip, number);
}

static void peer_name(const struct sock *s, uint64_t w[3])
{
    if (s->tcp != NULL)
        address_out(s, &s->tcp->remote_ip, s->tcp->remote_port, w);
}

int accept_offer(struct sock *listener, struct ukern_msg *reply)
{
    struct sock *s = listener->first;
    int error;

    sock_name(s);
    set_join(s, listener->set);
    peer_name(s, &reply->w[2]);
    error = give(s, reply);
    if (error != UKERN_OK) {
        s->badge = 0;
        set_leave(s);
    }
    return error;
}

/* If it was not taken it stays the first: the next caller gets it. (Nor could it be broken off: lwIP
 * may be in the middle of it.) */
void accept_settle(struct sock *listener, const struct ukern_msg *reply, bool taken)
{
    struct sock *s = listener->first;

    if (taken) {
        stream_accept(listener);
        return;
    }
    handle_close((ukern_handle)(uint32_t)reply->w[5]);
    s->badge = 0;
    set_leave(s);
}

/* Hand the first connection that waits over to this caller. */
static void accept_one(struct sock *listener, uint64_t token)
{
    struct ukern_msg reply = {0};
    int error = accept_offer(listener, &reply);

    if (error == UKERN_OK) {
        memmove(&reply.w[0], &reply.w[2], sizeof(struct socket_address));
        error = server_reply(token, &reply);
        accept_settle(listener, &reply, error == UKERN_OK);
    }
    if (error != UKERN_OK && error != UKERN_ESTALE)
        sock_answer(token, UKERN_ENOMEM);
}

void serve_accepts(struct sock *listener)
{
    struct waiter *w;

    while (listener->first != NULL && (w = listener->rx.waiting[PIPE_READ_END].head) != NULL) {
        pipe_forget_token(&listener->rx, PIPE_READ_END, w->token);
        accept_one(listener, w->token);
        sock_waited(w);
    }
}

static int do_accept(struct sock *s, struct request *r)
{
    int error;

    if (s->kind != SOCK_LISTENER)
        return UKERN_EINVAL;
    if ((r->msg.w[0] & STREAM_NONBLOCK) && s->first == NULL)
        return UKERN_EAGAIN;
    error = sock_wait(s, PIPE_READ_END, r, false);
    if (error >= 0)
        serve_accepts(s);
    return error;
}

static int do_name(struct sock *s, struct request *r)
{
    bool peer = r->msg.w[0] == 1;

    switch (s->kind) {
    case SOCK_TCP:
    case SOCK_LISTENER:
        if (s->tcp == NULL || (peer && !s->connected))
            return SOCKET_ENOTCONN;
        if (peer)
            peer_name(s, r->reply.w);
        else
            address_out(s, &s->tcp->local_ip, s->tcp->local_port, r->reply.w);
        return SERVER_REPLY;
    case SOCK_UDP:
        if (peer && !s->connected)
            return SOCKET_ENOTCONN;
        address_out(s, peer ? &s->udp->remote_ip : &s->udp->local_ip,
                    peer ? s->udp->remote_port : s->udp->local_port, r->reply.w);
        return SERVER_REPLY;
    default:
        return UKERN_EINVAL;
    }
}

static int do_status(struct request *r)
{
    struct netif *n = netif_default;
    const struct sock v4 = {0};

    if (n == NULL || ip4_addr_isany_val(*netif_ip4_addr(n)))
        return SOCKET_ENETDOWN;
    address_out(&v4, &n->ip_addr, 0, r->reply.w);
    r->reply.w[3] = ip4_addr_get_u32(netif_ip4_netmask(n));
    r->reply.w[4] = ip4_addr_get_u32(netif_ip4_gw(n));
    r->reply.w[5] = names_first4();
    return SERVER_REPLY;
}

static bool is_stream(const struct sock *s)
{
    return s->kind == SOCK_TCP;
}

static int handle_socket(struct sock *s, struct request *r)
{
    switch (r->label) {
    case STREAM_READ:
    case STREAM_WRITE:
        if (s->kind == SOCK_LISTENER || s->kind == SOCK_SET)
            return SOCKET_ENOTCONN;
        if (is_stream(s))
            return r->label == STREAM_READ ? stream_read(s, r) : stream_write(s, r);
        return r->label == STREAM_READ ? datagram_receive(s, r, false) : datagram_send(s, r, false);
    case SOCKET_SENDTO:
    case SOCKET_RECVFROM:
        if (is_stream(s) || s->kind == SOCK_LISTENER || s->kind == SOCK_SET)
            return UKERN_EINVAL;
        return r->label == SOCKET_RECVFROM ? datagram_receive(s, r, true)
                                           : datagram_send(s, r, true);
    case STREAM_POLL:
        return watch_poll(&s->watch, r, sock_ready(s));
    case STREAM_CLOSE:
        close_sock(s);
        return SERVER_REPLY;
    case STREAM_DUP:
        return give(s, &r->reply);
    case STREAM_CONTROL:
        return r->msg.w[0] == STREAM_IS_TERMINAL ? SERVER_REPLY : UKERN_ENOSYS;
    case SOCKET_BIND:
        return do_bind(s, r);
    case SOCKET_LISTEN:
        return s->kind == SOCK_TCP || s->kind == SOCK_LISTENER
                   ? stream_listen(s, (unsigned)r->msg.w[0])
                   : UKERN_EINVAL;
    case SOCKET_ACCEPT:
        return do_accept(s, r);
    case SOCKET_CONNECT:
        return do_connect(s, r);
    case SOCKET_SHUTDOWN:
        return is_stream(s) ? stream_shutdown(s, (unsigned)r->msg.w[0]) : UKERN_EINVAL;
    case SOCKET_OPTION:
        return sock_option(s, r->msg.w[0], r->msg.w[1]);
    case SOCKET_NAME:
        return do_name(s, r);
    case SOCKET_WATCH:
        return set_watch(s, r);
    case SOCKET_WAIT:
        return set_wait(s, r);
    case SOCKET_DESK_OPEN:
        return set_desk(s, r);
    case SOCKET_TURN:
        return set_turn(s, r);
    case SOCKET_ERROR:
        r->reply.tag = UKERN_TAG(s->error, 0);
        return SERVER_REPLY;
    default:
        return UKERN_ENOSYS;
    }
}

/* Whatever has happened: let lwIP work before the next wait. */
static void work(struct server *s)
{
    uint64_t next = link_run(), due = sets_serve(link_now());

    backlog_shed();
    s->deadline = next < due ? next : due;
    link_flush(); /* a reader that took bytes has opened a window */
}

static int handle(struct server *self, struct request *r)
{
    struct sock *s = sock_find(r->badge);
    int result;

    if (r->token == 0)
        result = SERVER_LATER; /* nobody would hear the answer */
    else if (s == NULL && sock_is_badge(r->badge))
        result = SOCKET_EGONE; /* nor may it make new ones, for which nobody would answer */
    else if (r->label == SOCKET_CREATE)
        result = do_create(r, s);
    else if (r->label == SOCKET_STATUS)
        result = do_status(r);
    else
        result = s == NULL ? SOCKET_EGONE : handle_socket(s, r);
    work(self);
    return result;
}

/* A new socket, or what a turn has told, did not arrive. */
static void undelivered(struct server *self, struct request *r, int error)
{
    ukern_handle h = (ukern_handle)(uint32_t)r->reply.w[5];

    (void)self;
    (void)error;
    turn_undelivered(r->token);
    if ((r->label == SOCKET_CREATE || r->label == STREAM_DUP) &&
        UKERN_TAG_HANDLES(r->reply.tag) == 1)
        handle_close(h); /* its hangup ends the socket */
}

static void hangup(struct server *self, uint64_t badge)
{
    struct sock *s = sock_find(badge);

    if (badge >= LINK_BADGE)
        link_hangup(badge);
    else if (s != NULL)
        close_sock(s);
    work(self);
}

static void cancelled(struct server *self, uint64_t badge, uint64_t token)
{
    struct sock *s = sock_find(badge);

    if (s != NULL) {
        if (s->connecting == token)
            s->connecting = 0;
        sock_waited(pipe_forget_token(&s->rx, PIPE_READ_END, token));
        sock_waited(pipe_forget_token(&s->tx, PIPE_WRITE_END, token));
    }
    work(self);
}

static void notified(struct server *self, uint64_t bits)
{
    link_woken(bits);
    work(self);
}

/* They are looked through from the first on. */
static const struct server_handler handlers[] = {
    {SOCKET_TURN, handle},
    {STREAM_READ, handle},
    {STREAM_WRITE, handle},
    {STREAM_CLOSE, handle},
    {STREAM_DUP, handle},
    {STREAM_POLL, handle},
    {STREAM_CONTROL, handle},
    {SOCKET_SENDTO, handle},
    {SOCKET_RECVFROM, handle},
    {SOCKET_CREATE, handle},
    {SOCKET_BIND, handle},
    {SOCKET_LISTEN, handle},
    {SOCKET_ACCEPT, handle},
    {SOCKET_CONNECT, handle},
    {SOCKET_SHUTDOWN, handle},
    {SOCKET_OPTION, handle},
    {SOCKET_NAME, handle},
    {SOCKET_ERROR, handle},
    {SOCKET_WATCH, handle},
    {SOCKET_WAIT, handle},
    {SOCKET_STATUS, handle},
    {SOCKET_DESK_OPEN, handle},
    {0, NULL},
};

static bool parse_prefix(char *text, struct link_config *c)
{
    char *slash = strchr(text, '/'), *end;
    unsigned long bits = 24;

    if (slash != NULL) {
        *slash = 0;
        bits = strtoul(slash + 1, &end, 10);
        if (*end != 0 || end == slash + 1)
            return false;
    }
    if (bits < 1 || bits > 32)
        return false;
    ip4_addr_set_u32(&c->mask, lwip_htonl((uint32_t)(UINT64_C(0xffffffff) << (32 - bits))));
    return ip4addr_aton(text, &c->address);
}

static bool parse(int argc, char **argv, struct link_config *c)
{
    int option;

    while ((option = getopt(argc, argv, "sw:a:g:d:")) != -1) {
        bool good = option != '?';

        if (option == 's')
            c->dhcp = false;
        else if (option == 'w')
            c->patience = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'a')
            good = parse_prefix(optarg, c);
        else if (option == 'g')
            good = ip4addr_aton(optarg, &c->gateway);
        else if (option == 'd')
            good = ip4addr_aton(optarg, &c->dns);
        if (!good)
            return false;
    }
    return optind == argc && (c->dhcp || !ip4_addr_isany_val(c->address));
}

int main(int argc, char **argv)
{
    struct link_config config = {.dhcp = true, .patience = 5};
    int error;

    server = (struct server){
        .port = task_handle("port"),
        .handlers = handlers,
        .notified = notified,
        .hangup = hangup,
        .cancelled = cancelled,
        .undelivered = undelivered,
        .timeout = work,
    };
    if (!parse(argc, argv, &config)) {
        fprintf(stderr, "usage: netserv [-s] [-w SECONDS] [-a ADDRESS/BITS] [-g GATEWAY]"
                        " [-d NAMESERVER]; -s needs -a\n");
        return 2;
    }
    port = server.port;
    error = datagram_init();
    if (error == UKERN_OK) {
        link_init(port, &config);
        work(&server);
        error = server_run(&server);
    }
    fprintf(stderr, "netserv: cannot serve: %s\n", ukern_strerror(error));
    return 1;
}
