/* SPDX-License-Identifier: BSD-2-Clause */
#include "sock.h"

#include "link.h"

#include <lwip/err.h>
#include <lwip/netif.h>
#include <stdlib.h>
#include <string.h>
#include <ukern/irq.h>
#include <ukern/memory.h>

/* A badge is a serial number above an index into the table; the first serial number comes from the
 * clock, so that a restarted server begins above its forerunner. */
#define INDEX_BITS    16
#define CLOCK_STEP    1024
#define HANDLE_RIGHTS (UKERN_R_TRANSFER | UKERN_R_CALL)

static struct sock *table[SOCK_MAX];
static unsigned used;
static uint64_t serial;
static struct rings *spare;

void sock_name(struct sock *s)
{
    unsigned i = 0;

    while (table[i] != s)
        i++;
    if (serial == 0)
        serial = clock_now() / CLOCK_STEP + (UINT64_C(1) << 16);
    s->badge = serial++ << INDEX_BITS | i;
}

/* One client cannot have them all. */
static bool has_its_share(uint64_t owner)
{
    unsigned n = 0;

    for (unsigned i = 0; i < SOCK_MAX; i++)
        n += table[i] != NULL && table[i]->owner == owner;
    return n >= SOCK_SHARE;
}

static bool is_room(uint64_t owner)
{
    return used < SOCK_SHARE || (used < SOCK_MAX && !has_its_share(owner));
}

/* An orphan of this owner, or if all are in use of anyone: its end makes room. NULL: there is none. */
static struct sock *oldest_orphan(uint64_t owner)
{
    struct sock *oldest = NULL;

    for (unsigned i = 0; i < SOCK_MAX; i++) {
        struct sock *s = table[i];

        if (s != NULL && s->orphan && (used == SOCK_MAX || s->owner == owner) &&
            (oldest == NULL || (int32_t)(s->taken - oldest->taken) < 0))
            oldest = s;
    }
    return oldest;
}

struct sock *sock_create(enum sock_kind kind, uint64_t owner, bool nameless)
{
    if (!is_room(owner)) {
        struct sock *s = oldest_orphan(owner);

        if (s == NULL)
            return NULL;
        stream_abort(s);
        if (!is_room(owner))
            return NULL;
    }
    for (unsigned i = 0; i < SOCK_MAX; i++) {
        if (table[i] != NULL)
            continue;
        table[i] = calloc(1, sizeof *table[i]);
        if (table[i] == NULL)
            return NULL;
        used++;
        table[i]->kind = kind;
        table[i]->most = SOCKET_DESK_OUT;
        table[i]->owner = owner;
        if (!nameless)
            sock_name(table[i]);
        return table[i];
    }
    return NULL;
}

struct sock *sock_find(uint64_t badge)
{
    unsigned i = (unsigned)(badge & ((1u << INDEX_BITS) - 1));

    if (badge == 0 || i >= SOCK_MAX || table[i] == NULL || table[i]->badge != badge)
        return NULL;
    return table[i];
}

struct sock *sock_at(uint64_t index)
{
    return index < SOCK_MAX ? table[index] : NULL;
}

uint64_t sock_index(const struct sock *s)
{
    return s->badge & ((1u << INDEX_BITS) - 1);
}

void sock_free(struct sock *s)
{
    for (unsigned i = 0; i < SOCK_MAX; i++)
        if (table[i] == s) {
            table[i] = NULL;
            used--;
        }
    if (s->rings != NULL)
        rings_give(s->rings);
    free(s);
}

unsigned sock_count(void)
{
    return used;
}

ukern_handle sock_handle(ukern_handle port, const struct sock *s)
{
    return handle_mint(port, HANDLE_RIGHTS, s->badge);
}

struct rings *rings_take(void)
{
    struct rings *r = spare;
    void *bytes;

    if (r != NULL) {
        spare = r->next;
        return r;
    }
    r = malloc(sizeof *r);
    if (r == NULL)
        return NULL;
    r->shm = shm_create(RINGS_SIZE, UKERN_SHM_NORMAL);
    if (r->shm < 0) {
        free(r);
        return NULL;
    }
    if (shm_map(r->shm, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &bytes) != UKERN_OK) {
        handle_close(r->shm);
        free(r);
        return NULL;
    }
    r->bytes = bytes;
    return r;
}

void rings_give(struct rings *r)
{
    r->next = spare;
    spare = r;
}

void sock_answer(uint64_t token, int label)
{
    struct ukern_msg reply = {.tag = UKERN_TAG(label, 0)};

    server_reply(token, &reply);
}

/* They are kept: there is one for nearly each request. */
static struct waiter *spare_waiters;

void sock_waited(struct waiter *w)
{
    if (w == NULL)
        return;
    w->next = spare_waiters;
    spare_waiters = w;
}

void sock_fail(struct sock *s, enum pipe_side side, int error)
{
    struct pipe *p = side == PIPE_READ_END ? &s->rx : &s->tx;
    struct waiter *w;

    while ((w = p->waiting[side].head) != NULL) {
        pipe_forget_token(p, side, w->token);
        sock_answer(w->token, error);
        sock_waited(w);
    }
}

int sock_wait(struct sock *s, enum pipe_side side, const struct request *r, bool by_message)
{
    struct waiter *w = spare_waiters;

    if (w != NULL)
        spare_waiters = w->next;
    else if ((w = malloc(sizeof *w)) == NULL)
        return UKERN_ENOMEM;
    w->token = r->token; /* data[] is pipeserv's */
    w->badge = r->badge;
    w->length = r->msg.w[0];
    w->by_message = by_message;
    pipe_wait(side == PIPE_READ_END ? &s->rx : &s->tx, side, w);
    return SERVER_LATER;
}

unsigned sock_ready(const struct sock *s)
{
    unsigned ready = 0;

    switch (s->kind) {
    case SOCK_SET:
        return 0;
    case SOCK_LISTENER:
        return s->first != NULL ? STREAM_IN : 0;
    case SOCK_TCP:
        if (s->error != 0)
            return STREAM_IN | STREAM_OUT | STREAM_HANGUP;
        if (!s->connected)
            return 0;
        ready = pipe_ready(&s->rx, PIPE_READ_END) & STREAM_IN;
        if (s->tx.size - s->tx.used >= PIPE_BUF)
            ready |= STREAM_OUT;
        return ready;
    case SOCK_UDP:
    case SOCK_ICMP:
    case SOCK_NAME:
        return STREAM_OUT | (s->head != NULL || s->error != 0 ? STREAM_IN : 0);
    }
    return 0;
}

void sock_changed(struct sock *s)
{
    if (s->watch != NULL)
        watch_wake(&s->watch, sock_ready(s));
    if (s->wanted != 0)
        set_changed(s);
}

/* IPv4's addresses among those of IPv6. */
static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool address_in(const struct sock *s, const uint64_t w[3], ip_addr_t *ip, uint16_t *port)
{
    static const uint8_t any[16];
    struct socket_address a;
    uint8_t *four = a.ip;

    memcpy(&a, w, sizeof a);
    *port = a.port;
    if (a.family != (s->v6 ? 6 : 4))
        return false;
    if (s->v6 && memcmp(a.ip, any, sizeof any) == 0) {
        *ip = *IP_ANY_TYPE;
        return true;
    }
    if (s->v6 && memcmp(a.ip, mapped, sizeof mapped) != 0) {
        ip_addr_set_zero_ip6(ip);
        memcpy(ip_2_ip6(ip)->addr, a.ip, sizeof a.ip);
        ip6_addr_assign_zone(ip_2_ip6(ip), IP6_UNKNOWN, netif_default);
        return true;
    }
    if (s->v6)
        four += sizeof mapped;
    IP_ADDR4(ip, four[0], four[1], four[2], four[3]);
    return true;
}

void address_out(const struct sock *s, const ip_addr_t *ip, uint16_t port, uint64_t w[3])
{
    struct socket_address a = {.family = s->v6 ? 6 : 4, .port = port};

    if (IP_IS_V6_VAL(*ip)) {
        memcpy(a.ip, ip_2_ip6(ip)->addr, sizeof a.ip);
    } else if (!s->v6) {
        memcpy(a.ip, &ip_2_ip4(ip)->addr, 4);
    } else if (!IP_IS_ANY_TYPE_VAL(*ip)) {
        memcpy(a.ip, mapped, sizeof mapped);
        memcpy(a.ip + sizeof mapped, &ip_2_ip4(ip)->addr, 4);
    }
    memcpy(w, &a, sizeof a);
}

int error_of(int err)
{
    switch (err) {
    case ERR_OK:
        return UKERN_OK;
    case ERR_MEM:
    case ERR_BUF:
        return SOCKET_ENOBUFS;
    case ERR_TIMEOUT:
    case ERR_ABRT:
        return SOCKET_ETIMEDOUT;
    case ERR_RTE:
        return link_ready() ? SOCKET_EUNREACH : SOCKET_ENETDOWN;
    case ERR_USE:
        return SOCKET_EINUSE;
    case ERR_ISCONN:
    case ERR_ALREADY:
        return SOCKET_EISCONN;
    case ERR_CONN:
        return SOCKET_ENOTCONN;
    case ERR_IF:
        return SOCKET_ENETDOWN;
    case ERR_RST:
    case ERR_CLSD:
        return SOCKET_ERESET;
    case ERR_VAL:
    case ERR_ARG:
        return UKERN_EINVAL;
    default:
        return UKERN_EIO;
    }
}
