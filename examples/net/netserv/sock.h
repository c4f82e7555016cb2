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

#define SOCK_MAX     256                 /**< sockets, also those that only finish sending */
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
    bool bound;
    /* TCP */
    struct rings *rings;
    uint64_t queued;              /**< bytes of tx that lwIP knows of */
    uint64_t hidden;              /**< received bytes that the window has not been opened by */
    struct sock *listener, *next; /**< until accepted */
    struct sock *first, *last;    /**< a listener's, to be accepted */
    /* of a set: set.c */
    struct sock *set, *set_next, *members;
    unsigned wanted; /**< what the set waits for */
    uint32_t data;   /**< what it is told then */
    /* datagrams and names */
    struct datagram *head, *tail;
    unsigned count, kept; /**< datagrams; buffers that they keep */
    uint32_t asked;       /**< a name: when, milliseconds */
};

/** A new socket, with a badge unless `nameless`. NULL: all are in use. */
struct sock *sock_create(enum sock_kind kind, bool nameless);
/** Give it a badge now. */
void sock_name(struct sock *s);
struct sock *sock_find(uint64_t badge);
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
int stream_bind(struct sock *s, const ip_addr_t *ip, uint16_t port);
int stream_listen(struct sock *s, unsigned backlog);
int stream_connect(struct sock *s, struct request *r, const ip_addr_t *ip, uint16_t port);
int stream_read(struct sock *s, struct request *r);
int stream_write(struct sock *s, struct request *r);
int stream_shutdown(struct sock *s, unsigned how);
int stream_option(struct sock *s, unsigned option, uint64_t value);
/** Its client is gone: send what is left, then end. */
void stream_close(struct sock *s);
/** The next connection that waits at a listener, taken off its queue; NULL: none. */
struct sock *stream_accept(struct sock *s);
/** A connection that was taken off could not be handed over. */
void stream_abort(struct sock *s);
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
/** A socket may have become ready. */
void set_changed(struct sock *s);
void set_close(struct sock *set);
/** @} */

/** The server's loop asks for accepted sockets to be handed over: main.c */
void serve_accepts(struct sock *listener);

#endif
