/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  A socket as netserv knows it, the table of all, and what its kinds have in common. A client's
 *  handle carries a badge that names a socket; badges are never used twice, not even by the next
 *  netserv.
 */
#ifndef NETSERV_SOCK_H
#define NETSERV_SOCK_H

#include <lwip/ip_addr.h>
#include <lwip/pbuf.h>
#include <ukern/server.h>
#include <ukern/stream.h>
#include <ukern/watch.h>

#undef PIPE_BUF /* of limits.h, which lwIP includes: pipe.h means its own */
#include "../../pipes/pipeserv/pipe.h"
#include "socket_abi.h"

#define SOCK_MAX     SOCKET_MEMBERS      /**< sockets, also those that only finish sending */
#define SOCK_SHARE   (SOCK_MAX - 16)     /**< of one client, and of whom it lends its `socket` */
#define RX_RING      (256 * 1024)        /**< received by a TCP socket, not read */
#define TX_RING      (128 * 1024)        /**< to be sent, or not acknowledged */
#define RINGS_SIZE   (RX_RING + TX_RING) /**< the shared memory: one, then the other */
#define DATAGRAM_MAX (65507)             /**< bytes of the largest */
#define SET_EVENTS   6                   /**< of one answer: the words of a message */
#define QUEUE_MAX    64                  /**< datagrams that wait for a reader */

/** A TCP socket's rings. They are kept for the next socket and never unmapped, as a frame that
 * waits for an ARP reply may still lead into them. */
struct rings {
    struct rings *next;
    ukern_handle shm;
    uint8_t *bytes;
};

/** A datagram that waits. */
struct datagram {
    struct datagram *next;
    struct pbuf *data;
    struct socket_address from;
};

enum sock_kind { SOCK_TCP, SOCK_LISTENER, SOCK_UDP, SOCK_ICMP, SOCK_NAME, SOCK_SET };

struct sock {
    uint64_t badge; /**< 0: its client has closed it, or has not accepted it yet */
    uint64_t owner; /**< badge of the handle of `socket` that it comes from */
    enum sock_kind kind;
    int error;           /**< what reads and writes fail with, once what was received is read */
    struct watch *watch; /**< who polls */
    struct pipe rx, tx;  /**< TCP: the rings; others: only who waits */
    uint64_t connecting; /**< token of the caller of connect(), or 0 */
    uint64_t connect_badge;
    union {
        struct tcp_pcb *tcp; /**< NULL: the connection has ended */
        struct udp_pcb *udp;
        struct raw_pcb *raw;
    };
    bool v6; /**< made for IPv6: speaks both, IPv4's addresses as ::ffff:a.b.c.d */
    bool connected;
    bool closing; /**< no more is written; close when all is sent */
    bool fin_due; /**< end our direction when all is sent */
    bool orphan;  /**< its client is gone, and what is left is not acknowledged yet */
    bool bound;
    bool no_delay; /**< a listener: so are its connections */
    /* TCP */
    struct rings *rings;
    uint64_t queued;              /**< bytes of tx that lwIP knows of */
    uint64_t hidden;              /**< received bytes that the window has not been opened by */
    uint32_t taken;               /**< an orphan: when its peer took something, milliseconds */
    struct sock *listener, *next; /**< until accepted */
    struct sock *first, *last;    /**< a listener's, to be accepted */
    /* of a set: set.c */
    struct sock *set, *set_next, *members;
    unsigned wanted; /**< what the set waits for */
    uint32_t most;   /**< SOCKET_MOST */
    uint32_t data;   /**< what it is told then */
    /* a set: turn.c */
    uint8_t *desk; /**< NULL: it has none */
    ukern_handle desk_shm;
    bool changed;
    struct sock *changed_next, *desk_next;
    uint64_t until; /**< when who waits is to be answered at the latest */
    struct brought {
        struct sock *from; /**< a member whose bytes lie on the desk already; NULL: nobody's do */
        uint64_t bytes, address[3];
    } brought;
    /* datagrams and names */
    struct datagram *head, *tail;
    unsigned count, kept; /**< datagrams; buffers that they keep */
    uint32_t asked;       /**< a name: when, milliseconds */
};

/** A new socket, with a badge unless `nameless`; if need be an orphan goes for it, whose peer has taken
 * nothing for the longest. NULL: all are in use, or all that this owner may have. */
struct sock *sock_create(enum sock_kind kind, uint64_t owner, bool nameless);
/** Give it a badge now. */
void sock_name(struct sock *s);
struct sock *sock_find(uint64_t badge);
/** Is it one that a socket has or had? Those of `socket` itself, which init gives, are smaller. */
static inline bool sock_is_badge(uint64_t badge)
{
    return badge >> 32 != 0;
}
/** By its place in the table, which it has as long as it lives; NULL: none. */
struct sock *sock_at(uint64_t index);
uint64_t sock_index(const struct sock *s);
/** Forget it; everything it had must be gone. */
void sock_free(struct sock *s);
/** How many there are. */
unsigned sock_count(void);

/** A client's handle for it, or an error. */
ukern_handle sock_handle(ukern_handle port, const struct sock *s);

/** Rings, zeroed only when new. NULL: no memory. */
struct rings *rings_take(void);
void rings_give(struct rings *r);

/** Reply with a label alone. */
void sock_answer(uint64_t token, int label);
/** Answer everybody who waits to read (PIPE_READ_END) or to write with an error. */
void sock_fail(struct sock *s, enum pipe_side side, int error);
/** Who has waited does so no more; NULL: nobody. */
void sock_waited(struct waiter *w);
/** Let them wait: SERVER_LATER, or UKERN_ENOMEM. by_message: it wants the address, too. */
int sock_wait(struct sock *s, enum pipe_side side, const struct request *r, bool by_message);
/** Wake those who poll. */
void sock_changed(struct sock *s);
/** What poll() shall see. */
unsigned sock_ready(const struct sock *s);

/** lwIP's addresses and ours, for this socket. false: not of its family. */
bool address_in(const struct sock *s, const uint64_t w[3], ip_addr_t *ip, uint16_t *port);
void address_out(const struct sock *s, const ip_addr_t *ip, uint16_t port, uint64_t w[3]);
/** The type of lwIP's addresses that it uses. */
static inline enum lwip_ip_addr_type address_type(const struct sock *s)
{
    return s->v6 ? IPADDR_TYPE_ANY : IPADDR_TYPE_V4;
}
/** Is there a way to that address? UKERN_OK; SOCKET_EUNREACH; SOCKET_ENETDOWN. */
int sock_way(const ip_addr_t *to);
/** lwIP's error as one of ours. */
int error_of(int err);

/** @name tcp.c
 * @{ */
int stream_open(struct sock *s);
/** It is this connection, which has just been made. */
void stream_attach(struct sock *s, struct tcp_pcb *pcb);
int stream_bind(struct sock *s, const ip_addr_t *ip, uint16_t port);
int stream_connect(struct sock *s, struct request *r, const ip_addr_t *ip, uint16_t port);
int stream_read(struct sock *s, struct request *r);
int stream_write(struct sock *s, struct request *r);
int stream_shutdown(struct sock *s, unsigned how);
/** Put bytes into the ring to be sent: how many, 0 to n; or an error. */
int64_t stream_put(struct sock *s, const void *data, uint64_t n);
/** Look at what was received: bytes, at most n. */
uint64_t stream_peek(const struct sock *s, void *data, uint64_t n);
/** They have been read. */
void stream_taken(struct sock *s, uint64_t n);
/** They have not been read after all: they are the next to be. The connection is broken off if more has come
 * meanwhile than goes with them into the ring. */
void stream_untaken(struct sock *s, const uint8_t *bytes, uint64_t n);
/** Its client is gone: send what is left, then end. */
void stream_close(struct sock *s);
/** A connection that was taken off could not be handed over. */
void stream_abort(struct sock *s);
/** @} */

/** @name option.c
 * @{ */
/** A socket option (socket_abi.h) becomes `value`. UKERN_OK; UKERN_EINVAL: not of its kind, or no such value; SOCKET_ENOTCONN. */
int sock_option(struct sock *s, uint64_t option, uint64_t value);
/** @} */

/** @name listener.c
 * @{ */
int stream_listen(struct sock *s, unsigned backlog);
/** The next connection that waits, taken off the queue; NULL: none. */
struct sock *stream_accept(struct sock *s);
/** Those that wait are broken off. */
void listener_close(struct sock *s);
/** @} */

/** @name backlog.c
 * @{ */
/** After frames: of connections that have only begun, the oldest make room for others. */
void backlog_shed(void);
/** @} */

/** @name datagram.c
 * @{ */
/** Make the memory that datagrams pass through. UKERN_OK or an error. */
int datagram_init(void);
int datagram_open(struct sock *s);
int datagram_bind(struct sock *s, const ip_addr_t *ip, uint16_t port);
int datagram_connect(struct sock *s, const ip_addr_t *ip, uint16_t port);
/** Answers by itself: SERVER_LATER, or an error. */
int datagram_receive(struct sock *s, struct request *r, bool with_address);
int datagram_send(struct sock *s, struct request *r, bool with_address);
/** Send one. n, or an error. */
int64_t datagram_put(struct sock *s, const void *data, uint64_t n, const uint64_t address[3]);
/** Look at the next one, of which there is one: bytes, at most n. */
uint64_t datagram_peek(const struct sock *s, void *data, uint64_t n, uint64_t address[3]);
/** It has been read. */
void datagram_taken(struct sock *s);
/** It has not been read after all: it is the next to be; lost if there is no memory. */
void datagram_untaken(struct sock *s, const uint8_t *bytes, uint64_t n, const uint64_t address[3]);
void datagram_close(struct sock *s);
/** @} */

/** @name set.c
 * @{ */
/** A socket becomes a member; no more; what it waits for. set: may be NULL. */
void set_join(struct sock *s, struct sock *set);
void set_leave(struct sock *s);
int set_watch(struct sock *s, struct request *r);
/** The next that are ready; waits until one is. */
int set_wait(struct sock *set, struct request *r);
/** The next that is ready, which goes behind the others; NULL: none. */
struct sock *set_next(struct sock *set);
/** Answer one who waits in set_wait(). false: none is ready. */
bool set_tell(struct sock *set, uint64_t token);
void set_close(struct sock *set);
/** @} */

/** @name turn.c
 * @{ */
/** Memory that the set's client shares with us. */
int set_desk(struct sock *set, struct request *r);
/** Send, then wait for what comes. */
int set_turn(struct sock *set, struct request *r);
/** A socket may have become ready: sets_serve() is due. */
void set_changed(struct sock *s);
/**
 * Room on the desk of the client who waits for what comes for s: n bytes laid there need not wait for him anywhere
 * else. NULL: there is none. Bytes of a stream come one after the other; of datagrams there is one.
 * @param address  a datagram's sender.
 */
uint8_t *set_bring(struct sock *s, uint64_t n, const uint64_t address[3]);
/** Answer those who wait for sets, once all has been taken in that there is. Returns when to come
 * back at the latest. */
uint64_t sets_serve(uint64_t now);
/** The answer to this caller has not arrived: if it was the latest of a turn, the next caller gets the bytes. */
void turn_undelivered(uint64_t token);
/** A member is about to leave its set. */
void turn_leave(const struct sock *s);
/** The set is about to end. */
void turn_close(struct sock *set);
/** @} */

/** @name main.c
 * @{ */
/** The server's loop asks for accepted sockets to be handed over. */
void serve_accepts(struct sock *listener);
/** The first connection that waits, with its peer's address in w2 to w4 and a handle in w5. UKERN_OK
 * or an error. */
int accept_offer(struct sock *listener, struct ukern_msg *reply);
/** A reply without handles that leaves when nothing more is to be done: server_reply_last(). */
void answer_last(uint64_t token, const struct ukern_msg *reply);
/** It was taken; or not, and waits on. */
void accept_settle(struct sock *listener, const struct ukern_msg *reply, bool taken);
/** @} */

#endif
