/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include <string.h>

int netserv_main(int argc, char **argv);
#define main netserv_main
#include "../../../examples/net/netserv/main.c"
#undef main

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <lwip/nd6.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <ukern/irq.h>
#include <ukern/memory.h>

#include "../../../examples/net/netserv/train.h"

#define HANDLES    1024u
#define SHMS       512u
#define FRAMES     1024u
#define FRAME_ROOM 2048u
#define STEP       250u /* milliseconds */

static struct call calls[WORLD_CALLS];
static uint64_t next_token = 1000;

/* Handles that clients or netserv itself have; by number. */
static struct handle {
    uint64_t badge; /* 0: free */
} handles[HANDLES];

static struct shm {
    uint8_t *bytes;
    size_t size;
    bool kept; /* by a client, until it is destroyed */
} shms[SHMS];
static unsigned shm_count = 1;

static struct netif nif;
static uint64_t clock_ns = UINT64_C(1000000000);
static int refuse_error;
static unsigned refuse_times;

static struct {
    size_t size;
    uint8_t bytes[FRAME_ROOM];
} sent[FRAMES];
static unsigned sent_first, sent_count;

static void wrong(const char *what)
{
    fprintf(stderr, "world: %s\n", what);
    abort();
}

/* ---- The kernel. ---- */

uint64_t clock_now(void)
{
    return clock_ns;
}

ukern_handle task_handle(const char *name)
{
    (void)name;
    return 1;
}

int notify(ukern_handle port, uint64_t bits)
{
    (void)port;
    (void)bits;
    return UKERN_OK;
}

ukern_handle handle_mint(ukern_handle port, uint32_t rights, uint64_t badge)
{
    (void)port;
    (void)rights;
    for (unsigned i = 1; i < HANDLES; i++)
        if (handles[i].badge == 0) {
            handles[i].badge = badge;
            return (ukern_handle)i;
        }
    return UKERN_ETABLE;
}

static unsigned count_handles(uint64_t badge)
{
    unsigned n = 0;

    for (unsigned i = 1; i < HANDLES; i++)
        n += handles[i].badge == badge;
    return n;
}

/* Hangups come when netserv receives again, not while it closes a handle. */
static uint64_t hangups[HANDLES];
static unsigned hangup_count;

static bool is_shm(ukern_handle h)
{
    return h >= (ukern_handle)HANDLES && h < (ukern_handle)(HANDLES + shm_count);
}

int handle_close(ukern_handle h)
{
    uint64_t badge;

    if (is_shm(h))
        return UKERN_OK;
    if (h <= 0 || h >= (ukern_handle)HANDLES || handles[h].badge == 0)
        wrong("netserv closes a handle that it does not have");
    badge = handles[h].badge;
    handles[h].badge = 0;
    if (count_handles(badge) == 0)
        hangups[hangup_count++ % HANDLES] = badge;
    return UKERN_OK;
}

ukern_handle shm_create(size_t size, unsigned flavour)
{
    unsigned i = 1;

    (void)flavour;
    while (i < shm_count && (shms[i].bytes != NULL || shms[i].kept))
        i++;
    if (i == SHMS)
        return UKERN_ENOMEM;
    shm_count += i == shm_count;
    shms[i] = (struct shm){calloc(1, size), size, false};
    return (ukern_handle)(HANDLES + i);
}

int shm_map(ukern_handle shm, uint64_t offset, size_t size, unsigned protection, void *at,
            void **address)
{
    (void)offset, (void)size, (void)protection, (void)at;
    *address = shms[(unsigned)shm - HANDLES].bytes;
    return UKERN_OK;
}

/* Freed, so that the sanitizer meets who uses it afterwards. */
int shm_unmap(void *address)
{
    for (unsigned i = 0; i < shm_count; i++)
        if (shms[i].bytes == address) {
            free(shms[i].bytes);
            shms[i].bytes = NULL;
            return UKERN_OK;
        }
    wrong("netserv unmaps what is not mapped");
    return UKERN_EINVAL;
}

int shm_destroy(ukern_handle shm)
{
    if (!is_shm(shm))
        wrong("netserv destroys what is no shared memory");
    shms[shm - (ukern_handle)HANDLES].kept = false;
    return UKERN_OK;
}

uint8_t *world_memory(uint64_t shm)
{
    ukern_handle h = (ukern_handle)(uint32_t)shm; /* above it are the rights */

    return is_shm(h) ? shms[h - HANDLES].bytes : NULL;
}

ukern_handle request_take(struct request *r, unsigned i)
{
    (void)r;
    (void)i;
    return handle_mint(1, 0, UINT64_C(1) << 62); /* a client's port */
}

int server_run(struct server *s)
{
    (void)s;
    return UKERN_EIO;
}

static uint8_t *memory(uint64_t shm, uint64_t offset, uint64_t length)
{
    const struct shm *m;

    if (length == 0)
        return NULL;
    if (shm <= HANDLES || shm >= HANDLES + shm_count)
        wrong("a reply names no shared memory");
    m = &shms[shm - HANDLES];
    if (offset > m->size || length > m->size - offset)
        wrong("a reply names bytes outside of the shared memory");
    return m->bytes + offset;
}

/* As the completions of read, write, sendto and recvfrom do it. */
static void move(struct call *c, int label, const struct ukern_msg *m, size_t wanted)
{
    bool writing = label == STREAM_WRITE || label == SOCKET_SENDTO;
    const uint64_t segment[4] = {m->w[2], label == SOCKET_RECVFROM ? m->w[0] : m->w[3], m->w[4],
                                 label == SOCKET_RECVFROM ? 0 : m->w[5]};
    size_t at = 0;

    if (m->w[0] > wanted || (label != SOCKET_RECVFROM && segment[1] + segment[3] > wanted))
        wrong("a reply claims more bytes than were asked for");
    for (unsigned i = 0; i < 4; i += 2) {
        uint8_t *bytes = memory(m->w[1], segment[i], segment[i + 1]);

        for (uint64_t k = 0; k < segment[i + 1]; k++, at++) {
            uint8_t *mine = &c->data[at % WORLD_DATA];

            *(writing ? &bytes[k] : mine) = *(writing ? mine : &bytes[k]);
        }
    }
    c->length = at;
}

/* What a call is for is in its reply until it is answered: label and bytes. */
int server_reply(uint64_t token, const struct ukern_msg *msg)
{
    struct call *c = NULL;
    int label = UKERN_TAG_LABEL(msg->tag);

    for (unsigned i = 0; i < WORLD_CALLS; i++)
        if (token != 0 && calls[i].token == token && !calls[i].done)
            c = &calls[i];
    if (c == NULL)
        return UKERN_ESTALE;
    if (refuse_times > 0) {
        refuse_times--;
        if (refuse_error == UKERN_ESTALE)
            c->done = true;
        return refuse_error;
    }
    int asked = c->label;

    c->done = true;
    c->label = label;
    if (label == 0 && (asked == STREAM_READ || asked == STREAM_WRITE || asked == SOCKET_SENDTO ||
                       asked == SOCKET_RECVFROM))
        move(c, asked, msg, c->length);
    else
        c->length = 0;
    c->reply = *msg;
    if (UKERN_TAG_HANDLES(msg->tag) == 1) {
        ukern_handle h = (ukern_handle)(uint32_t)msg->w[5];

        if (is_shm(h)) {
            shms[h - (ukern_handle)HANDLES].kept = true;
            return UKERN_OK;
        }
        if (h <= 0 || h >= (ukern_handle)HANDLES || handles[h].badge == 0)
            wrong("a reply brings a handle that netserv does not have");
        c->reply.w[5] = handles[h].badge;
    }
    return UKERN_OK;
}

static struct request last; /* its reply */

static void send_last(void)
{
    while (last.token != 0) {
        struct request r = last;
        int error = server_reply(r.token, &r.reply);

        last.token = 0;
        if (error != UKERN_OK)
            undelivered(&server, &r, error);
        if (error != UKERN_OK && error != UKERN_ESTALE)
            server_reply(r.token, &(struct ukern_msg){.tag = UKERN_TAG(UKERN_EIO, 0)});
    }
}

void server_reply_last(struct server *s, uint64_t token, const struct ukern_msg *msg)
{
    (void)s;
    send_last();
    last = (struct request){.token = token, .reply = *msg};
}

/* ---- The wire, and time. ---- */

static err_t output(struct netif *n, struct pbuf *p)
{
    (void)n;
    if (p->tot_len > FRAME_ROOM)
        wrong("a frame is too long");
    if (sent_count == FRAMES) {
        sent_first++;
        sent_count--;
    }
    unsigned i = (sent_first + sent_count++) % FRAMES;

    sent[i].size = p->tot_len;
    pbuf_copy_partial(p, sent[i].bytes, p->tot_len, 0);
    return ERR_OK;
}

static err_t setup(struct netif *n)
{
    n->name[0] = 'e';
    n->name[1] = 'n';
    n->mtu = 1500;
    n->hwaddr_len = 6;
    memcpy(n->hwaddr, "\x52\x54\x00\x12\x34\x56", 6);
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6 |
               NETIF_FLAG_LINK_UP;
    n->output = etharp_output;
    n->output_ip6 = ethip6_output;
    n->linkoutput = output;
    return ERR_OK;
}

uint32_t sys_now(void)
{
    return (uint32_t)(clock_ns / 1000000);
}

uint32_t link_random(void)
{
    static uint32_t state = 1;

    state = state * 1664525 + 1013904223;
    return state >> 4 | state << 28;
}

bool link_ready(void)
{
    return true;
}

void link_init(ukern_handle of, const struct link_config *c)
{
    (void)of;
    (void)c;
}

void link_hangup(uint64_t gone)
{
    (void)gone;
}

void link_woken(uint64_t bits)
{
    (void)bits;
}

/* The last that work() does: the next is the receive, with which this leaves. */
void link_flush(void)
{
    send_last();
}

uint64_t link_now(void)
{
    return clock_ns;
}

uint64_t link_run(void)
{
    train_end();
    sys_check_timeouts();
    netif_poll_all();
    return UKERN_FOREVER;
}

size_t world_sent(uint8_t *frame, size_t room)
{
    size_t n;

    if (sent_count == 0)
        return 0;
    n = sent[sent_first % FRAMES].size;
    if (n > room)
        n = room;
    memcpy(frame, sent[sent_first % FRAMES].bytes, n);
    sent_first++;
    sent_count--;
    return n;
}

static void deliver_hangups(void)
{
    for (unsigned done = 0; done < hangup_count; done++)
        hangup(&server, hangups[done % HANDLES]);
    hangup_count = 0;
}

#define AT_ONCE 64u
static uint8_t *on_loan[AT_ONCE]; /* until the train has passed */
static unsigned loans;

void world_frame_first(const uint8_t *frame, size_t n)
{
    /* In memory of its own, so that the sanitizer sees who looks at it later. */
    uint8_t *own = malloc(n + 1);

    if (loans == AT_ONCE)
        wrong("too many frames at once");
    on_loan[loans++] = own;
    struct train_piece piece[TRAIN_PIECES];
    unsigned count = 0;

    memcpy(own, frame, n);
    for (size_t at = 0; at < n && count < TRAIN_PIECES; at += TRAIN_PIECE)
        piece[count++] =
            (struct train_piece){own + at, (uint32_t)(n - at < TRAIN_PIECE ? n - at : TRAIN_PIECE)};
    if (count > 0)
        train_frame(piece, count, false);
}

void world_frame(const uint8_t *frame, size_t n)
{
    world_frame_first(frame, n);
    notified(&server, 1); /* ends the train */
    while (loans > 0)
        free(on_loan[--loans]);
    deliver_hangups();
}

uint64_t world_deadline(void)
{
    return server.deadline;
}

void world_wait(unsigned milliseconds)
{
    while (milliseconds > 0) {
        unsigned step = milliseconds < STEP ? milliseconds : STEP;

        clock_ns += step * UINT64_C(1000000);
        milliseconds -= step;
        work(&server);
    }
    deliver_hangups();
}

/* ---- Clients. ---- */

static struct call *new_call(void)
{
    for (unsigned i = 0; i < WORLD_CALLS; i++)
        if (calls[i].token == 0) {
            calls[i] = (struct call){.token = next_token++};
            return &calls[i];
        }
    return NULL;
}

struct call *world_call(uint64_t badge, int label, const uint64_t w[6], const void *data,
                        size_t length)
{
    struct call *c = new_call();
    struct request r = {.label = label, .badge = badge};
    int result;

    if (c == NULL)
        return NULL;
    memcpy(r.msg.w, w, sizeof r.msg.w);
    r.token = c->token;
    c->label = label;
    c->length = w[0]; /* of a transfer */
    if (data != NULL)
        memcpy(c->data, data, length < WORLD_DATA ? length : WORLD_DATA);
    result = handle(&server, &r);
    if (result != SERVER_LATER) {
        int error;

        if (result < 0)
            r.reply = (struct ukern_msg){.tag = UKERN_TAG(result, 0)};
        error = server_reply(c->token, &r.reply);
        if (error != UKERN_OK) {
            if (result == SERVER_REPLY)
                undelivered(&server, &r, error);
            if (error != UKERN_ESTALE)
                server_reply(c->token, &(struct ukern_msg){.tag = UKERN_TAG(UKERN_EIO, 0)});
        }
    }
    deliver_hangups();
    return c;
}

void world_end_call(struct call *c)
{
    uint64_t token = c->token;

    c->token = 0;
    if (!c->done)
        cancelled(&server, 0, token);
    if (!c->done)
        for (unsigned i = 1; i < HANDLES; i++)
            if (handles[i].badge != 0)
                cancelled(&server, handles[i].badge, token);
}

void world_lose_call(struct call *c)
{
    c->token = 0;
}

void world_refuse(int error, unsigned times)
{
    refuse_error = error;
    refuse_times = times;
}

void world_close(uint64_t badge)
{
    bool any = false;

    for (unsigned i = 1; i < HANDLES; i++)
        if (handles[i].badge == badge) {
            handles[i].badge = 0;
            any = true;
        }
    if (any)
        hangup(&server, badge);
    deliver_hangups();
}

unsigned world_sockets(void)
{
    return sock_count();
}

/* lwIP has some of its own. */
static unsigned own_udp;

static unsigned count_udp(void)
{
    unsigned n = 0;

    for (const struct udp_pcb *p = udp_pcbs; p != NULL; p = p->next)
        n++;
    return n;
}

const char *world_settle(void)
{
    refuse_times = 0;
    for (unsigned i = 0; i < WORLD_CALLS; i++)
        if (calls[i].token != 0)
            world_end_call(&calls[i]);
    for (unsigned i = 1; i < HANDLES; i++)
        if (handles[i].badge != 0)
            world_close(handles[i].badge);
    /* Peers that say nothing are given up at once; then TIME_WAIT, ARP and reassembly pass. */
    while (tcp_active_pcbs != NULL)
        tcp_abort(tcp_active_pcbs);
    world_wait(90000);
    sent_count = 0;
    return sock_count() > 0              ? "a socket is left over"
           : tcp_active_pcbs != NULL     ? "a connection is left over"
           : tcp_tw_pcbs != NULL         ? "an ended connection is left over"
           : tcp_bound_pcbs != NULL      ? "a bound pcb is left over"
           : count_udp() != own_udp      ? "a UDP pcb is left over"
           : train_spare() < TRAIN_CELLS ? "a buffer is left over"
                                         : NULL;
}

void world_begin(void)
{
    ip4_addr_t address, mask, gateway;

    if (datagram_init() != UKERN_OK)
        wrong("no memory");
    port = 1;
    lwip_init();
    IP4_ADDR(&address, 10, 0, 2, 15);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 10, 0, 2, 2);
    netif_add(&nif, &address, &mask, &gateway, NULL, setup, netif_input);
    netif_set_default(&nif);
    netif_create_ip6_linklocal_address(&nif, 1);
    netif_set_up(&nif);
    train_init(&nif);
    own_udp = count_udp();
    world_wait(3000); /* its own announcements; IPv6 addresses become valid */
    sent_count = 0;
}
