/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The client's side of net.h. Nothing here waits but what has a deadline, and net_filter(); nothing allocates.
 */
#ifndef NETDEV_NET_CLIENT_H
#define NETDEV_NET_CLIENT_H

#include <ukern/ipc.h>
#include <ukern/memory.h>
#include <ukern/syscall.h>

#include "net.h"

/* ---- Simple clients. ---- */

#ifdef __aarch64__

/**
 * Send one frame, headers and all, without its checksum (FCS).
 * @return `size`; UKERN_EINVAL: shorter than NET_FRAME_MIN or longer than the MTU allows;
 * UKERN_EAGAIN: all transmit buffers are full (a short while later there is room); UKERN_EIO: the
 * device does not work; UKERN_EPEER: netdev died.
 */
static inline int64_t net_send(ukern_handle net, const void *frame, size_t size)
{
    return ukern_trap4(NET_SEND, (uint64_t)net, (uint64_t)frame, size, 0, NULL);
}

/**
 * Receive one frame. netdev keeps the last few frames for a client from its first NET_RECV or
 * NET_FILTER on.
 * @param deadline  absolute; 0: only look.
 * @return bytes of the frame (what does not fit into `size` is lost); UKERN_EAGAIN: deadline was 0
 * and there is none; UKERN_ETIMEDOUT; UKERN_EIO; UKERN_EPEER.
 */
static inline int64_t net_recv(ukern_handle net, void *frame, size_t size, uint64_t deadline)
{
    return ukern_trap4(NET_RECV, (uint64_t)net, (uint64_t)frame, size, deadline, NULL);
}

/** Facts and figures, waiting until an absolute time if netdev is busy. UKERN_OK; UKERN_ETIMEDOUT
 * or another error. */
static inline int net_info_until(ukern_handle net, struct net_info *info, uint64_t deadline)
{
    int64_t n = ukern_trap4(NET_INFO, (uint64_t)net, (uint64_t)info, sizeof *info, deadline, NULL);

    return n == (int64_t)sizeof *info ? UKERN_OK : n < 0 ? (int)n : UKERN_ENOSYS;
}

/** Facts and figures. UKERN_OK or an error. */
static inline int net_info(ukern_handle net, struct net_info *info)
{
    return net_info_until(net, info, UKERN_FOREVER);
}

#else /* a test's own */
int net_info_until(ukern_handle net, struct net_info *info, uint64_t deadline);
#endif

/* Handles that a reply has brought and that nobody wants. */
static inline void net_drop(const struct ukern_msg *m)
{
    for (unsigned i = 0; i < UKERN_TAG_HANDLES(m->tag); i++)
        handle_close((ukern_handle)m->w[5 - i]);
}

/** Choose which frames to receive. UKERN_OK; UKERN_EINVAL; UKERN_EPEER. */
static inline int net_filter(ukern_handle net, enum net_filter filter, uint16_t type)
{
    struct ukern_msg m = {UKERN_TAG(NET_FILTER, 0), {filter, type}};
    int error = ipc_call(net, &m);

    if (error < 0)
        return error;
    net_drop(&m);
    return UKERN_TAG_LABEL(m.tag);
}

/** Another client's handle, for who got his from somebody else and would share a badge. Waits until an absolute time,
 * as while netdev is started again. Handle or an error; if `net` is one, that. */
static inline ukern_handle net_dup(ukern_handle net, uint64_t deadline)
{
    struct ukern_msg m = {UKERN_TAG(NET_DUP, 0), {0}};
    int error;

    if (net < 0)
        return net; /* task_handle() did not find it */
    error = ipc_call_until(net, &m, deadline);
    if (error < 0)
        return error;
    error = UKERN_TAG_LABEL(m.tag);
    if (error >= 0 && UKERN_TAG_HANDLES(m.tag) == 1)
        return (ukern_handle)m.w[5];
    net_drop(&m);
    return error < 0 ? error : UKERN_EPROTO;
}

/* ---- Bulk clients. ---- */

/** A bulk client. data, data_size, pool, pool_size and area->link, ->dropped are for the user. */
struct net {
    ukern_handle server;                       /* borrowed */
    uint64_t server_bits;                      /* wake netdev */
    struct net_area *area;                     /* NULL: not open */
    uint8_t *data;                             /* frames to send are laid out here */
    size_t data_size;                          /* bytes */
    const uint8_t *pool;                       /* received frames lie here */
    size_t pool_size;                          /* bytes */
    uint32_t tx_made, tx_published, tx_credit; /* descriptors */
    uint32_t returned_made, returned_published;
    uint32_t rx_taken, done_taken;
    bool lied; /* netdev, about how much it has produced */
};

/** What net_may_sleep() shall be woken for; link changes always do. */
enum net_wake {
    NET_WAKE_RX = 1,   /**< a frame has come */
    NET_WAKE_DONE = 2, /**< frames that were sent are done */
};

/** Give it up. A net that is not open may be closed. */
static inline void net_close(struct net *n)
{
    struct ukern_msg m = {UKERN_TAG(NET_CLOSE, 0), {0}};

    if (n->area == NULL)
        return;
    shm_unmap(n->area);
    shm_unmap((void *)(uintptr_t)n->pool);
    n->area = NULL;
    if (ipc_call_until(n->server, &m, 0) == UKERN_OK) /* else it learns otherwise, or is dead */
        net_drop(&m);
}

/**
 * Become a bulk client.
 * @param server  handle of `net`, as task_handle() gave it; must stay.
 * @param port    the caller's own port (UKERN_R_MINT): woken with `bits`; it hears a hangup of
 * `badge` when netdev dies or cuts the client off.
 * @param deadline  absolute: until then it waits, as while netdev is started again.
 * @return UKERN_OK; UKERN_EEXIST: this handle's badge is a bulk client already; UKERN_EBUSY: too
 * many; UKERN_EINVAL: filter; UKERN_EIO: the device does not work; UKERN_ENOMEM; UKERN_EPEER;
 * UKERN_ENOENT: no network was granted; UKERN_EPROTO: that is no netdev; UKERN_ETIMEDOUT.
 */
static inline int net_open(struct net *n, ukern_handle server, ukern_handle port, uint64_t bits,
                           uint64_t badge, enum net_filter filter, uint16_t type, uint64_t deadline)
{
    struct ukern_msg m = {UKERN_TAG(NET_OPEN, 1), {bits, filter, type}};
    void *area = NULL, *pool = NULL;
    struct shm_facts area_facts, pool_facts;
    ukern_handle h;
    int error;

    *n = (struct net){.server = server};
    if (server < 0)
        return server; /* task_handle() did not find it */
    h = handle_mint(port, UKERN_R_NOTIFY | UKERN_R_TRANSFER, badge);
    if (h < 0)
        return h;
    m.w[5] = UKERN_SEND_HANDLE(h, UKERN_R_NOTIFY) | UKERN_SEND_MOVE;
    error = ipc_call_until(server, &m, deadline);
    if (error < 0) {
        handle_close(h);
        return error;
    }
    if (UKERN_TAG_LABEL(m.tag) < 0 || UKERN_TAG_HANDLES(m.tag) != 2) {
        net_drop(&m);
        return UKERN_TAG_LABEL(m.tag) < 0 ? UKERN_TAG_LABEL(m.tag) : UKERN_EPROTO;
    }
    /* How large they are the kernel knows. */
    error = shm_info((ukern_handle)m.w[4], &area_facts);
    if (error == UKERN_OK)
        error = shm_info((ukern_handle)m.w[5], &pool_facts);
    if (error == UKERN_OK && area_facts.size <= NET_DATA_OFFSET)
        error = UKERN_EPROTO;
    if (error == UKERN_OK)
        error = shm_map((ukern_handle)m.w[4], 0, 0,
                        UKERN_PROT_READ | UKERN_PROT_WRITE | UKERN_PROT_STAY, NULL, &area);
    if (error == UKERN_OK)
        error = shm_map((ukern_handle)m.w[5], 0, 0, UKERN_PROT_READ | UKERN_PROT_STAY, NULL, &pool);
    handle_close((ukern_handle)m.w[4]); /* the mappings keep them */
    handle_close((ukern_handle)m.w[5]);
    if (error != UKERN_OK) {
        if (area != NULL)
            shm_unmap(area);
        m = (struct ukern_msg){UKERN_TAG(NET_CLOSE, 0), {0}};
        if (ipc_call_until(server, &m, deadline) == UKERN_OK)
            net_drop(&m);
        return error;
    }
    n->server_bits = m.w[0];
    n->area = area;
    n->data = (uint8_t *)area + NET_DATA_OFFSET;
    n->data_size = area_facts.size - NET_DATA_OFFSET;
    n->pool = pool;
    n->pool_size = pool_facts.size;
    n->tx_credit = NET_SLOTS;
    return UKERN_OK;
}

/** How many descriptors net_transmit() takes now. */
static inline uint32_t net_room(const struct net *n)
{
    return n->tx_credit;
}

/**
 * Queue one frame of `count` descriptors (1 to NET_CHAIN_MAX); NET_MORE is set here. netdev sees it
 * after net_flush(). Its memory is netdev's until net_done() gives it back.
 * @return UKERN_OK; UKERN_EAGAIN: not so much room, see net_room().
 */
static inline int net_transmit(struct net *n, const struct net_desc *desc, uint32_t count)
{
    if (count > n->tx_credit)
        return UKERN_EAGAIN;
    for (uint32_t i = 0; i < count; i++) {
        struct net_desc *slot = &n->area->tx_slot[n->tx_made++ % NET_SLOTS];

        *slot = desc[i];
        slot->flags = (uint16_t)((desc[i].flags & ~NET_MORE) | (i + 1 < count ? NET_MORE : 0));
    }
    n->tx_credit -= count;
    return UKERN_OK;
}

/* What the other side writes is read once: it may be another thing the next time. */
static inline void net_copy(void *to, const void *from, size_t size)
{
    __builtin_memcpy(to, from, size);
    __asm__ volatile("" ::: "memory");
}

/** Is it still served? If not, netdev has cut it off or lies: close it, then open it again. The area and the
 * pool stay mapped until then, whatever netdev does. */
static inline bool net_alive(const struct net *n)
{
    return !n->lied && __atomic_load_n(&n->area->alive, __ATOMIC_RELAXED) == NET_ALIVE;
}

/* Has netdev produced more than was taken? Not more than a ring can hold. */
static inline bool net_has(struct net *n, const struct net_ring *ring, uint32_t taken)
{
    uint32_t more = __atomic_load_n(&ring->produced, __ATOMIC_ACQUIRE) - taken;

    n->lied |= more > NET_SLOTS;
    return more - 1 < NET_SLOTS;
}

/** The next frame that is done; false: none. */
static inline bool net_done(struct net *n, struct net_done *done)
{
    if (!net_has(n, &n->area->done, n->done_taken))
        return false;
    net_copy(done, &n->area->done_slot[n->done_taken++ % NET_SLOTS], sizeof *done);
    n->tx_credit += done->descriptors;
    if (n->tx_credit > NET_SLOTS)
        n->tx_credit = NET_SLOTS;
    return true;
}

/** The next descriptor that was received (whose flags say NET_MORE if the frame goes on in the next
 * one, which is then there, too); false: none. */
static inline bool net_receive(struct net *n, struct net_desc *desc)
{
    if (!net_has(n, &n->area->rx, n->rx_taken))
        return false;
    net_copy(desc, &n->area->rx_slot[n->rx_taken++ % NET_SLOTS], sizeof *desc);
    return true;
}

/** Give one buffer back, once for each descriptor received. netdev sees it after net_flush(). */
static inline void net_return(struct net *n, uint32_t id)
{
    n->area->returned_slot[n->returned_made++ % NET_SLOTS] = id;
}

/* Publish one ring; does the other side want to be woken? */
static inline bool net_publish(struct net_ring *ring, uint32_t *published, uint32_t made)
{
    uint32_t old = *published;

    if (old == made)
        return false;
    __atomic_store_n(&ring->produced, made, __ATOMIC_RELEASE);
    *published = made;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return net_passes(old, made, __atomic_load_n(&ring->wake_at, __ATOMIC_RELAXED));
}

/** Let netdev see what was queued and given back; one system call at most, none if it is awake. */
static inline void net_flush(struct net *n)
{
    bool wake = net_publish(&n->area->tx, &n->tx_published, n->tx_made);

    wake |= net_publish(&n->area->returned, &n->returned_published, n->returned_made);
    if (wake)
        notify(n->server, n->server_bits);
}

/**
 * About to sleep: ask to be woken.
 * @param what  bits of enum net_wake. NET_WAKE_DONE costs interrupts: ask for it only when out of
 * room.
 * @return false: there is something already, do not sleep.
 */
static inline bool net_may_sleep(struct net *n, unsigned what)
{
    struct net_area *a = n->area;

    __atomic_store_n(&a->rx.wake_at, what & NET_WAKE_RX ? n->rx_taken : n->rx_taken - 1,
                     __ATOMIC_RELAXED);
    __atomic_store_n(&a->done.wake_at, what & NET_WAKE_DONE ? n->done_taken : n->done_taken - 1,
                     __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if ((what & NET_WAKE_RX) && __atomic_load_n(&a->rx.produced, __ATOMIC_RELAXED) != n->rx_taken)
        return false;
    if (!(what & NET_WAKE_DONE))
        return true;
    if (__atomic_load_n(&a->done.produced, __ATOMIC_RELAXED) != n->done_taken)
        return false;
    notify(n->server, n->server_bits); /* it shall let the device tell it when frames have left */
    return true;
}

#endif
