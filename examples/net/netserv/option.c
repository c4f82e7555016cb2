/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of sockets. */
#include <lwip/tcp.h>
#include <lwip/udp.h>

#include "sock.h"

static uint8_t with(uint8_t options, uint8_t bit, bool on)
{
    return on ? options | bit : (uint8_t)(options & ~bit);
}

static int stream_option(struct sock *s, uint64_t option, uint64_t value)
{
    if (s->tcp == NULL)
        return SOCKET_ENOTCONN;
    switch (option) {
    case SOCKET_NODELAY:
        s->no_delay = value != 0;
        if (s->kind == SOCK_LISTENER)
            return UKERN_OK;
        if (value)
            tcp_nagle_disable(s->tcp);
        else
            tcp_nagle_enable(s->tcp);
        return UKERN_OK;
    case SOCKET_MOST:
        if (value == 0 || value > SOCKET_DESK_MOST)
            return UKERN_EINVAL;
        s->most = (uint32_t)value;
        return UKERN_OK;
    case SOCKET_KEEPALIVE:
        s->tcp->so_options = with(s->tcp->so_options, SOF_KEEPALIVE, value != 0);
        return UKERN_OK;
    case SOCKET_REUSE:
        s->tcp->so_options = with(s->tcp->so_options, SOF_REUSEADDR, value != 0);
        return UKERN_OK;
    default:
        return UKERN_EINVAL;
    }
}

static int datagram_option(struct sock *s, uint64_t option, uint64_t value)
{
    switch (option) {
    case SOCKET_BROADCAST:
        s->udp->so_options = with(s->udp->so_options, SOF_BROADCAST, value != 0);
        return UKERN_OK;
    case SOCKET_REUSE:
        s->udp->so_options = with(s->udp->so_options, SOF_REUSEADDR, value != 0);
        return UKERN_OK;
    default:
        return UKERN_EINVAL;
    }
}

int sock_option(struct sock *s, uint64_t option, uint64_t value)
{
    return s->kind == SOCK_TCP || s->kind == SOCK_LISTENER ? stream_option(s, option, value)
           : s->kind == SOCK_UDP                           ? datagram_option(s, option, value)
                                                           : UKERN_EINVAL;
}
