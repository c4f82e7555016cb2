/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The movement of frames. One turn does all that can be done, in batches: clients are woken, the
 * device is told and interrupts are let in only at its end.
 */
#include <string.h>

#include <ukern/irq.h>
#include <ukern/memory.h>

#include "netdev.h"

#define SECOND  UINT64_C(1000000000)
#define ROUNDS  8     /* of one turn; then requests have theirs */
#define BATCH   256u  /* frames received in a round */
#define QUANTUM 4096u /* bytes that a client may send before the next one's turn */
#define PASSES                                                                                     \
    64 /* of such turns in a round: who sends without end does not keep us from receiving */

static bool starved; /* frames wait for room in the device's queue */

/* ---- Bulk clients come and go. ---- */

static void release_buffer(void *context, uint32_t buffer)
{
    (void)context;
    nic_release(&netdev.driver.nic, buffer);
}

void slot_release(struct slot *s)
{
    s->client->slot = NULL;
    s->client = NULL;
    area_release(&s->area, release_buffer, NULL);
    shm_revoke(s->shm); /* it may still be mapped, by whomever */
    if (s->port >= 0)
        handle_close(s->port);
    s->port = -1;
}

struct slot *slot_find(uint64_t root)
{
    unsigned same = 0;

    for (unsigned i = 0; i < netdev.slots; i++)
        same += netdev.slot[i].client != NULL && netdev.slot[i].client->root == root;
    if (netdev.slots > 1 && same + 1 >= netdev.slots)
        return NULL;
    for (unsigned i = 0; i < netdev.slots; i++) {
        struct slot *s = &netdev.slot[i];

        if (s->client != NULL || s->area.in_flight > 0)
            continue;
        if (s->dirty)
            memset(s->memory, 0, s->size); /* frames of another */
        s->dirty = true;
        return s;
    }
    return NULL;
}

/* Who is cut off may come again at once, under another badge: so no more than a line a second. */
static void say_cut_off(const char *why)
{
    static uint64_t next;
    static unsigned unsaid;
    uint64_t now = clock_now();

    if (now < next) {
        unsaid++;
        return;
    }
    if (unsaid == 0)
        driver_say(&netdev.driver, "a client is cut off: %s", why);
    else
        driver_say(&netdev.driver, "a client is cut off: %s (and %u before it, unsaid)", why,
                   unsaid);
    next = now + SECOND;
    unsaid = 0;
}

void cut_off(struct client *c, const char *why)
{
    netdev.cut_off++;
    c->cut = why;
    say_cut_off(why);
    if (c->slot != NULL)
        slot_release(c->slot);
}

static void check_lie(struct slot *s)
{
    if (s->client != NULL && s->area.lie != NULL)
        cut_off(s->client, s->area.lie);
}

/* ---- Sending. ---- */

void sent_done(const struct nic_sent *sent, int status)
{
    struct slot *s = sent->owner;

    if (s == NULL) {
        netdev.send_free[netdev.send_count++] = (uint8_t)sent->id;
        return;
    }
    s->area.in_flight--;
    if (s->client != NULL)
        area_done(&s->area, sent->id, sent->descriptors, status);
}

static bool reap(void)
{
    struct nic_sent sent;
    bool any = false;

    while (nic_reap(&netdev.driver.nic, &sent)) {
        sent_done(&sent, UKERN_OK);
        any = true;
    }
    return any;
}

static void send_frame(struct slot *s, const struct net_desc *desc, unsigned count, uint32_t length)
{
    struct nic *n = &netdev.driver.nic;
    struct nic_sent sent = {s, desc->id, (uint16_t)count, length};
    struct vq_segment segment[NET_CHAIN_MAX];
    int error = n->running ? nic_check(n, desc, length) : UKERN_EIO;

    area_take(&s->area, count);
    if (error != UKERN_OK) {
        n->count.tx_refused++;
        area_done(&s->area, desc->id, count, error);
        return;
    }
    for (unsigned i = 0; i < count; i++)
        segment[i] = (struct vq_segment){s->area.data_bus + desc[i].offset, desc[i].length};
    s->area.in_flight++;
    nic_send(n, desc, segment, count, &sent);
}

/* One client's share of a round. true: it has more. */
static bool send_some(struct slot *s)
{
    struct net_desc desc[NET_CHAIN_MAX];
    uint32_t length;
    unsigned count;

    s->credit += QUANTUM;
    while (area_peek(&s->area, desc, &count, &length)) {
        if (length > s->credit && length <= NET_FRAME_MAX)
            return true;
        if (netdev.driver.nic.running && !nic_has_room(&netdev.driver.nic, count)) {
            s->credit = 0;
            starved = true;
            return false;
        }
        s->credit -= length <= s->credit ? length : s->credit;
        send_frame(s, desc, count, length);
    }
    s->credit = 0;
    return false;
}

/* true: there is more. */
static bool transmit(void)
{
    static unsigned first; /* who begins changes */
    bool more = true;

    starved = false;
    first++;
    for (unsigned pass = 0; more && !starved && pass < PASSES; pass++) {
        more = false;
        for (unsigned i = 0; i < netdev.slots; i++) {
            struct slot *s = &netdev.slot[(first + i) % netdev.slots];

            if (s->client != NULL)
                more |= send_some(s);
            check_lie(s);
        }
    }
    return more && !starved;
}

/* ---- Receiving. ---- */

static bool give(struct slot *s, const struct nic_frame *f)
{
    if (f->pieces > s->area.share - s->area.held)
        area_collect(&s->area, release_buffer, NULL); /* it may have made room just now */
    if (!area_give(&s->area, f))
        return false;
    for (unsigned i = 0; i < f->pieces; i++)
        nic_hold(&netdev.driver.nic, f->piece[i].id);
    return true;
}

static void deliver(const struct nic_frame *f)
{
    struct nic *n = &netdev.driver.nic;
    uint8_t header[NET_FRAME_MIN];
    bool wanted = false, taken = false;

    memcpy(header, n->pool + f->piece[0].offset, sizeof header);
    for (unsigned i = 0; i < clients_end; i++) {
        struct client *c = &clients[i];

        if (!c->used || !client_wants(c, header, n->virtio.mac))
            continue;
        wanted = true;
        if (c->slot != NULL) {
            taken |= give(c->slot, f);
        } else if (client_enqueue(c, n, f)) {
            taken = true;
            serve_waiter(c);
        }
    }
    n->count.rx_dropped += wanted && !taken;
}

/* true: there may be more. */
static bool receive(void)
{
    struct nic_frame f;
    unsigned count = 0;

    while (count < BATCH && nic_receive(&netdev.driver.nic, &f)) {
        deliver(&f);
        for (unsigned i = 0; i < f.pieces; i++)
            nic_release(&netdev.driver.nic, f.piece[i].id);
        count++;
    }
    return count == BATCH;
}

/* ---- One turn. ---- */

static void publish(void)
{
    for (unsigned i = 0; i < netdev.slots; i++) {
        struct slot *s = &netdev.slot[i];

        if (s->client != NULL && area_publish(&s->area)) {
            netdev.wakes++;
            notify(s->port, s->bits);
        }
    }
}

/* Ask to be woken. true: there is something to do already. */
static bool arm(void)
{
    bool ready = false, wait_for_sent = starved || netdev.send_count == 0;

    for (unsigned i = 0; i < netdev.slots; i++) {
        struct slot *s = &netdev.slot[i];

        if (s->client == NULL)
            continue;
        ready |= area_arm(&s->area) && !starved;
        wait_for_sent |= area_wants_done(&s->area);
    }
    return nic_listen(&netdev.driver.nic, wait_for_sent) || ready;
}

void turn(void)
{
    bool more = true;

    nic_mute(&netdev.driver.nic);
    driver_reaped(&netdev.driver, reap());
    for (unsigned round = 0; round < ROUNDS && more; round++) {
        reap();
        for (unsigned i = 0; i < netdev.slots; i++) {
            if (netdev.slot[i].client != NULL)
                area_collect(&netdev.slot[i].area, release_buffer, NULL);
            check_lie(&netdev.slot[i]);
        }
        more = receive();
        more |= transmit();
        if (netdev.driver.nic.running)
            nic_push(&netdev.driver.nic);
        more |= driver_check(
            &netdev.driver); /* its queue of frames to send has room now, and will not say so */
        publish();
        more |= arm();
    }
    if (more)
        notify(netdev.port, BIT_AGAIN);
}
