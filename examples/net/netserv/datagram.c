/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets whose reads and writes are whole messages: UDP, ICMP, and names to be resolved. Messages
 * wait as lwIP's buffers and pass through one piece of shared memory on their way from or to a
 * client: the copy is over when server_reply() returns.
 */
#include <ctype.h>
#include <lwip/dns.h>
#include <lwip/icmp.h>
#include <lwip/raw.h>
#include <lwip/sys.h>
#include <lwip/udp.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/memory.h>

#include "link.h"
#include "sock.h"
#include "train.h"

#define PASSAGE_SIZE (64 * 1024)
#define ICMP_HEADER  4 /* type, code, checksum */
/* lwIP does not say whether there is no such name or no answer: the latter takes longer. */
#define NO_ANSWER    4000 /* milliseconds */
#define ASKING_SHARE                                                                               \
    (DNS_MAX_REQUESTS - 4) /* names of one client, and of whom it lends its `socket` */

/* Buffers of train.c and of lwIP's heap that datagrams may keep, all together: the others are for TCP. */
#define KEPT_MAX 320u
#define CRUMB    2u /* what a socket without any may keep beyond that */

static unsigned kept;
static ukern_handle passage;
static uint8_t *passage_bytes;

int datagram_init(void)
{
    void *bytes;
    int error;

    passage = shm_create(PASSAGE_SIZE, UKERN_SHM_NORMAL);
    if (passage < 0)
        return passage;
    error = shm_map(passage, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &bytes);
    passage_bytes = bytes;
    return error;
}

/* Give one message to one reader. false: it reached nobody. */
static bool deliver(uint64_t token, uint64_t want, bool with_address, const struct datagram *d)
{
    struct ukern_msg reply = {0, {d->data->tot_len, (uint64_t)passage}};
    int error;

    if (reply.w[0] > want)
        reply.w[0] = want;
    pbuf_copy_partial(d->data, passage_bytes, (uint16_t)reply.w[0], 0);
    if (with_address)
        memcpy(&reply.w[3], &d->from, sizeof d->from);
    else
        reply.w[3] = reply.w[0];
    error = server_reply(token, &reply);
    if (error != UKERN_OK && error != UKERN_ESTALE)
        sock_answer(token, UKERN_EIO);
    return error == UKERN_OK;
}

/* Buffers that it keeps. In the heap it may be a single large one. */
static unsigned cost_of(const struct pbuf *p)
{
    return pbuf_clen(p) + p->tot_len / TRAIN_PIECE;
}

/* A socket may keep as much as it leaves to the others, so who reads finds room whatever those do who
 * do not. */
static bool may_keep(const struct sock *s, unsigned cost)
{
    return (s->count == 0 && cost <= CRUMB) ||
           (s->count < QUEUE_MAX && kept + s->kept + cost <= KEPT_MAX);
}

static void keep(struct sock *s, const struct datagram *d)
{
    unsigned cost = cost_of(d->data);

    s->count++;
    s->kept += cost;
    kept += cost;
}

static void drop_first(struct sock *s)
{
    struct datagram *d = s->head;
    unsigned cost = cost_of(d->data);

    s->head = d->next;
    s->count--;
    s->kept -= cost;
    kept -= cost;
    pbuf_free(d->data);
    free(d);
}

/* Bring readers and messages together. */
static void settle(struct sock *s)
{
    struct waiter *w;

    while (s->head != NULL && (w = s->rx.waiting[PIPE_READ_END].head) != NULL) {
        pipe_forget_token(&s->rx, PIPE_READ_END, w->token);
        if (deliver(w->token, w->length, w->by_message, s->head))
            drop_first(s);
        sock_waited(w);
    }
    if (s->head == NULL && s->error != 0) {
        sock_fail(s, PIPE_READ_END, s->error);
    }
    sock_changed(s);
}

/* A message for this socket; takes p. */
static void enqueue(struct sock *s, struct pbuf *p, const ip_addr_t *ip, uint16_t port)
{
    struct datagram *d = NULL;
    uint64_t from[3];
    uint8_t *desk;

    address_out(s, ip, port, from);
    desk = s->kind == SOCK_UDP && s->head == NULL ? set_bring(s, p->tot_len, from) : NULL;
    if (desk != NULL)
        pbuf_copy_partial(p, desk, p->tot_len, 0);
    else if (may_keep(s, cost_of(p)))
        d = malloc(sizeof *d);
    if (d == NULL) {
        pbuf_free(p);
        return;
    }
    *d = (struct datagram){.data = p};
    memcpy(&d->from, from, sizeof d->from);
    if (s->head == NULL)
        s->head = d;
    else
        s->tail->next = d;
    s->tail = d;
    keep(s, d);
    settle(s);
}

static void on_udp(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *ip,
                   uint16_t port)
{
    (void)pcb;
    enqueue(arg, p, ip, port);
}

/* Others, and lwIP itself, want to see it, too: take a copy. */
static uint8_t on_icmp(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *ip)
{
    struct pbuf *copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);

    (void)pcb;
    if (copy != NULL)
        enqueue(arg, copy, ip, 0);
    return 0;
}

int datagram_open(struct sock *s)
{
    switch (s->kind) {
    case SOCK_UDP:
        s->udp = udp_new_ip_type(address_type(s));
        if (s->udp == NULL)
            return SOCKET_ENOBUFS;
        udp_recv(s->udp, on_udp, s);
        return UKERN_OK;
    case SOCK_ICMP:
        s->raw = s->v6 ? raw_new_ip_type(IPADDR_TYPE_V6, IP6_NEXTH_ICMP6) : raw_new(IP_PROTO_ICMP);
        if (s->raw == NULL)
            return SOCKET_ENOBUFS;
        if (s->v6) { /* the sum covers the addresses, which its client does not know */
            s->raw->chksum_reqd = 1;
            s->raw->chksum_offset = 2;
        }
        raw_recv(s->raw, on_icmp, s);
        return UKERN_OK;
    default: /* a name, a set */
        return UKERN_OK;
    }
}

int datagram_bind(struct sock *s, const ip_addr_t *ip, uint16_t port)
{
    if (s->kind == SOCK_UDP)
        return error_of(udp_bind(s->udp, ip, port));
    return s->kind == SOCK_ICMP ? error_of(raw_bind(s->raw, ip)) : UKERN_EINVAL;
}

int datagram_connect(struct sock *s, const ip_addr_t *ip, uint16_t port)
{
    int error = UKERN_EINVAL;

    if (s->kind == SOCK_UDP)
        error = error_of(udp_connect(s->udp, ip, port));
    else if (s->kind == SOCK_ICMP)
        error = error_of(raw_connect(s->raw, ip));
    s->connected |= error == UKERN_OK;
    return error;
}

int datagram_receive(struct sock *s, struct request *r, bool with_address)
{
    int error;

    if (r->msg.w[1] & ~(uint64_t)STREAM_NONBLOCK)
        return UKERN_EINVAL;
    if (s->head == NULL && s->error != 0)
        return s->error;
    if ((r->msg.w[1] & STREAM_NONBLOCK) && s->head == NULL)
        return UKERN_EAGAIN;
    error = sock_wait(s, PIPE_READ_END, r, with_address);
    if (error < 0)
        return error;
    settle(s);
    return SERVER_LATER;
}

/* What the socket asked for; NULL: there is none. */
static void found(struct sock *s, const ip_addr_t *ip)
{
    struct socket_address a;
    struct pbuf *p;

    p = ip != NULL ? pbuf_alloc(PBUF_RAW, sizeof a, PBUF_RAM) : NULL;
    if (p == NULL) {
        s->error = ip != NULL                          ? SOCKET_ENOBUFS
                   : sys_now() - s->asked >= NO_ANSWER ? SOCKET_EAGAINNAME
                                                       : SOCKET_ENONAME;
        settle(s);
        return;
    }
    uint64_t w[3];
    address_out(s, ip, 0, w);
    pbuf_take(p, w, sizeof w);
    enqueue(s, p, ip, 0);
}

/* Names that lwIP asks for now. It tells of each once, also if the socket was closed meanwhile. */
static struct asking {
    bool used;
    uint64_t owner, badge;
} asking[DNS_MAX_REQUESTS];

/* NULL: there are too many, at all or of this client. */
static struct asking *begin_asking(const struct sock *s)
{
    struct asking *a = NULL;
    unsigned same = 0;

    for (unsigned i = 0; i < DNS_MAX_REQUESTS; i++) {
        same += asking[i].used && asking[i].owner == s->owner;
        if (!asking[i].used)
            a = &asking[i];
    }
    if (a == NULL || same >= ASKING_SHARE)
        return NULL;
    *a = (struct asking){true, s->owner, s->badge};
    return a;
}

static void resolved(const char *name, const ip_addr_t *ip, void *arg)
{
    struct asking *a = arg;
    struct sock *s = sock_find(a->badge);

    (void)name;
    a->used = false;
    if (s != NULL) /* else its client did not wait */
        found(s, ip);
}

/* As DNS has them: labels of 1 to 63 bytes, with dots between them. A dot at the end is left out. */
static bool good_name(char *name)
{
    size_t n = strlen(name), label;

    if (n > 1 && name[n - 1] == '.')
        name[n - 1] = 0;
    do {
        label = strcspn(name, ".");
        if (label < 1 || label > 63)
            return false;
        name += label;
    } while (*name++ != 0);
    return true;
}

/* The name lies in the passage. */
static void resolve(struct sock *s, size_t length)
{
    char name[DNS_MAX_NAME_LENGTH];
    struct asking *a;
    ip_addr_t ip;
    err_t err;

    s->error = 0;
    s->asked = sys_now();
    if (length == 0 || length >= sizeof name || memchr(passage_bytes, 0, length) != NULL) {
        s->error = SOCKET_ENONAME;
        return;
    }
    memcpy(name, passage_bytes, length);
    name[length] = 0;
    if (!good_name(name)) {
        s->error = SOCKET_ENONAME;
        return;
    }
    a = begin_asking(s);
    if (a == NULL) {
        s->error = SOCKET_EMANYNAMES;
        return;
    }
    err = dns_gethostbyname_addrtype(name, &ip, resolved, a,
                                     s->v6 ? LWIP_DNS_ADDRTYPE_IPV6 : LWIP_DNS_ADDRTYPE_IPV4);
    if (err == ERR_INPROGRESS)
        return;
    a->used = false;
    if (err == ERR_OK)
        found(s, &ip);
    else
        s->error = !link_ready()    ? SOCKET_ENETDOWN
                   : err == ERR_VAL ? SOCKET_EAGAINNAME /* none is known */
                   : err == ERR_MEM ? SOCKET_EMANYNAMES
                                    : error_of(err);
}

/* A buffer for a message of n bytes, or NULL. */
static struct pbuf *buffer(const struct sock *s, size_t n)
{
    return pbuf_alloc(s->kind == SOCK_UDP ? PBUF_TRANSPORT : PBUF_IP, (uint16_t)n, PBUF_RAM);
}

/* As many bytes as p has, in the passage or on a desk, go out in it. */
static int transmit(struct sock *s, struct pbuf *p, const uint8_t *data, const ip_addr_t *to,
                    uint16_t port)
{
    err_t err;

    pbuf_take(p, data, p->tot_len);
    if (s->kind == SOCK_ICMP && s->v6)
        pbuf_take_at(p, "\0", 2, 2); /* the sum, which is made without it */
    if (s->kind == SOCK_UDP)
        err = to != NULL ? udp_sendto(s->udp, p, to, port) : udp_send(s->udp, p);
    else
        err = to != NULL ? raw_sendto(s->raw, p, to) : raw_send(s->raw, p);
    pbuf_free(p);
    return error_of(err);
}

/* Is there a way to that address? Asked before the client's bytes are fetched, as after that
 * nothing can be said to it any more. */
static int reachable(const struct sock *s, const ip_addr_t *to)
{
    const ip_addr_t *ip = to;

    if (s->kind == SOCK_NAME)
        return UKERN_OK;
    if (ip == NULL)
        ip = s->kind == SOCK_UDP ? &s->udp->remote_ip : &s->raw->remote_ip;
    if (s->kind == SOCK_UDP && IP_IS_V4(ip) && !ip_get_option(s->udp, SOF_BROADCAST) &&
        netif_default != NULL && ip4_addr_isbroadcast(ip_2_ip4(ip), netif_default))
        return SOCKET_EBROADCAST;
    return sock_way(ip);
}

int datagram_send(struct sock *s, struct request *r, bool with_address)
{
    uint64_t n = r->msg.w[0];
    struct ukern_msg reply = {0, {n, (uint64_t)passage, 0, n}};
    struct pbuf *p = NULL;
    bool named = with_address && (r->msg.w[2] & 0xffff) != 0;
    uint16_t port = 0;
    ip_addr_t to;
    int error;

    if (r->msg.w[1] & ~(uint64_t)STREAM_NONBLOCK)
        return UKERN_EINVAL;
    if (named && !address_in(s, &r->msg.w[2], &to, &port))
        return UKERN_EINVAL;
    if (!named && !s->connected && s->kind != SOCK_NAME)
        return SOCKET_ENOTCONN;
    if (n > DATAGRAM_MAX)
        return SOCKET_EMSGSIZE;
    if (s->kind == SOCK_ICMP && n < ICMP_HEADER)
        return UKERN_EINVAL; /* lwIP would look for its checksum */
    error = reachable(s, named ? &to : NULL);
    if (error != UKERN_OK)
        return error;
    if (s->kind != SOCK_NAME && (p = buffer(s, n)) == NULL)
        return SOCKET_ENOBUFS;
    error = server_reply(r->token, &reply);
    if (error == UKERN_OK && p == NULL)
        resolve(s, n);
    else if (error == UKERN_OK)
        transmit(s, p, passage_bytes, named ? &to : NULL, port);
    else if (p != NULL)
        pbuf_free(p);
    if (error != UKERN_OK && error != UKERN_ESTALE)
        sock_answer(r->token, UKERN_EIO);
    settle(s);
    return SERVER_LATER;
}

int64_t datagram_put(struct sock *s, const void *data, uint64_t n, const uint64_t address[3])
{
    bool named = (address[0] & 0xffff) != 0;
    uint16_t port = 0;
    struct pbuf *p;
    ip_addr_t to;
    int error;

    if (named && !address_in(s, address, &to, &port))
        return UKERN_EINVAL;
    if (!named && !s->connected)
        return SOCKET_ENOTCONN;
    if (n > DATAGRAM_MAX)
        return SOCKET_EMSGSIZE;
    error = reachable(s, named ? &to : NULL);
    if (error != UKERN_OK)
        return error;
    p = buffer(s, n);
    error = p != NULL ? transmit(s, p, data, named ? &to : NULL, port) : SOCKET_ENOBUFS;
    return error == UKERN_OK ? (int64_t)n : error;
}

uint64_t datagram_peek(const struct sock *s, void *data, uint64_t n, uint64_t address[3])
{
    memcpy(address, &s->head->from, sizeof s->head->from);
    return pbuf_copy_partial(s->head->data, data, (uint16_t)(n < 0xffff ? n : 0xffff), 0);
}

void datagram_taken(struct sock *s)
{
    drop_first(s);
}

void datagram_untaken(struct sock *s, const uint8_t *bytes, uint64_t n, const uint64_t address[3])
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (uint16_t)n, PBUF_RAM);
    struct datagram *d = p != NULL && may_keep(s, cost_of(p)) ? malloc(sizeof *d) : NULL;

    if (d == NULL) {
        if (p != NULL)
            pbuf_free(p);
        return;
    }
    pbuf_take(p, bytes, (uint16_t)n);
    *d = (struct datagram){.next = s->head, .data = p};
    memcpy(&d->from, address, sizeof d->from);
    if (s->head == NULL)
        s->tail = d;
    s->head = d;
    keep(s, d);
    settle(s);
}

void datagram_close(struct sock *s)
{
    if (s->kind == SOCK_UDP && s->udp != NULL)
        udp_remove(s->udp);
    if (s->kind == SOCK_ICMP && s->raw != NULL)
        raw_remove(s->raw);
    while (s->head != NULL)
        drop_first(s);
    sock_free(s);
}
