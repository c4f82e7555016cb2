/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP sockets that listen: connections that come wait in line until they are accepted. */
#include <lwip/tcp.h>

#include "sock.h"

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct sock *listener = arg, *s;

    if (err != ERR_OK || pcb == NULL)
        return ERR_VAL;
    s = sock_create(SOCK_TCP, listener->owner, true);
    if (s == NULL)
        return ERR_MEM; /* lwIP breaks the connection off */
    s->rings = rings_take();
    if (s->rings == NULL) {
        sock_free(s);
        return ERR_MEM;
    }
    stream_attach(s, pcb);
    s->connected = true;
    s->v6 = listener->v6;
    s->listener = listener;
    s->most = listener->most;
    if (listener->no_delay)
        tcp_nagle_disable(pcb);
    if (listener->first == NULL)
        listener->first = s;
    else
        listener->last->next = s;
    listener->last = s;
    tcp_backlog_delayed(pcb);
    serve_accepts(listener);
    sock_changed(listener);
    return ERR_OK;
}

int stream_listen(struct sock *s, unsigned backlog)
{
    struct tcp_pcb *pcb;
    err_t err;

    if (s->kind == SOCK_LISTENER)
        return UKERN_OK;
    if (s->tcp == NULL || s->connected || s->connecting != 0 || !s->bound)
        return UKERN_EINVAL;
    if (backlog < 1 || backlog > 255)
        backlog = backlog < 1 ? 1 : 255;
    pcb = tcp_listen_with_backlog_and_err(s->tcp, (uint8_t)backlog, &err);
    if (pcb == NULL)
        return error_of(err);
    s->tcp = pcb;
    s->kind = SOCK_LISTENER;
    tcp_arg(pcb, s);
    tcp_accept(pcb, on_accept);
    return UKERN_OK;
}

struct sock *stream_accept(struct sock *s)
{
    struct sock *taken = s->first;

    if (taken == NULL)
        return NULL;
    s->first = taken->next;
    taken->next = NULL;
    taken->listener = NULL;
    if (taken->tcp != NULL)
        tcp_backlog_accepted(taken->tcp);
    return taken;
}

void listener_close(struct sock *s)
{
    struct sock *waiting;

    while ((waiting = stream_accept(s)) != NULL)
        stream_abort(waiting);
    tcp_arg(s->tcp, NULL);
    tcp_close(s->tcp); /* of a listener it cannot fail */
    s->tcp = NULL;
    sock_free(s);
}
