/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What netserv offers: sockets. A socket is a handle, and so a file descriptor; it speaks the byte
 *  stream protocol (ukern/stream.h), so read(), write(), close() and poll() work on it. The
 *  requests below are the rest. Programs use socket.h, which makes POSIX's functions of them.
 *
 *  SOCKET_SENDTO and SOCKET_RECVFROM are system calls (kernel/socket_calls.c), as they move bytes;
 *  the others are messages. Addresses travel as three words: see socket_address.
 *
 *  Names are resolved by a socket, too: write a host's name to one of type SOCKET_TYPE_NAME, then
 *  read its address, a struct socket_address, or an error.
 */
#ifndef NETSERV_SOCKET_ABI_H
#define NETSERV_SOCKET_ABI_H

#include <stdint.h>
#include <ukern/abi/types.h>

/** x0 = socket, x1 = buffer, x2 = bytes, x3 = flags, x4 = struct socket_address or 0 (the connected
 * one). x0 = bytes. The server gets w0 = bytes, w1 = flags, w2 to w4 = address. */
#define SOCKET_SENDTO   320
/** x0 = socket, x1 = buffer, x2 = bytes, x3 = flags, x4 = struct socket_address to fill, or 0, x5 =
 * deadline. x0 = bytes of one datagram; what does not fit is lost. The server replies w0 = bytes,
 * w1 = shm, w2 = offset, w3 to w5 = address. */
#define SOCKET_RECVFROM 321

#define SOCKET_CREATE 322 /**< w0 = enum socket_type, w1 = 4 (or 0) or 6; reply w5 = the socket */
#define SOCKET_BIND   323 /**< w0 to w2 = address; its port 0: any free one */
#define SOCKET_LISTEN 324 /**< w0 = backlog */
#define SOCKET_ACCEPT 325 /**< w0 = flags; reply w5 = a socket, w0 to w2 = its peer */
#define SOCKET_CONNECT                                                                             \
    326 /**< w0 to w2 = address, w3 = flags; the reply comes when it is done, or at once if STREAM_NONBLOCK: then STREAM_OUT tells it, or STREAM_HANGUP that it failed */
#define SOCKET_SHUTDOWN 327 /**< w0 = enum socket_shutdown */
#define SOCKET_OPTION   328 /**< w0 = enum socket_option, w1 = value */
#define SOCKET_NAME     329 /**< w0 = 0: own address, 1: the peer's; reply w0 to w2 */
#define SOCKET_ERROR    330 /**< reply: label = what the socket failed with, or 0 */
#define SOCKET_STATUS                                                                              \
    331 /**< on `socket` itself; reply w0 to w2 = the machine's address, w3 = mask,                \
         w4 = gateway, w5 = name server (IPv4, network order) */

/** @name Sets
 * A set waits for many sockets at once. A socket belongs to the set by which it was created:
 * SOCKET_CREATE is sent to the set instead of `socket`; accepted connections belong to the set of
 * their listener.
 * @{ */
#define SOCKET_WATCH                                                                               \
    332 /**< to a member: w0 = STREAM_IN, STREAM_OUT, both or 0, w1 = 32 bits to tell */
/** To a set: w0 = flags; the reply comes when something is ready: label = how many, w0 to w5 = each
 * its 32 bits << 32 and what is ready: STREAM_IN, STREAM_OUT, STREAM_HANGUP. */
#define SOCKET_WAIT      333
/** To a set: the memory that it shares with its client, made at the first request: SOCKET_DESK bytes, of which
 * those from SOCKET_DESK_IN on are for what is received. It is taken back
 * at the end of the set. There are 24, 20 for one client at most. Reply: w5 = shm. */
#define SOCKET_DESK_OPEN 334
/** To a set: a turn of a server. First send w1 >> 32 bytes from (uint32_t)w1 in the desk to the
 * member (uint32_t)w0, with SOCKET_TURN_SEND in w0 >> 32 (8 bits), and to the address w2 to w4 if it sends
 * datagrams; then wait for the next event, if not STREAM_NONBLOCK. w5 = when to answer at the latest, nanoseconds since boot, or 0. Reply: label =
 * bytes sent, or an error; if they are less than asked, that is all. (uint32_t)w0 = the 32 bits told by SOCKET_WATCH,
 * w0 >> 32 = what is ready, or 0: nothing, (uint32_t)w1 = the member. What was received lies at
 * SOCKET_DESK_IN: w1 >> 32 bytes (a stream: 0: its end), w2 to w4 = from whom, if a datagram. If a
 * listener was ready the member is the new connection, w5 = the socket, w2 to w4 = its peer; it is
 * watched for STREAM_IN with its listener's 32 bits. */
#define SOCKET_TURN      335
#define SOCKET_TURN_SEND 2u
/* As much comes in as a peer may send at once: a copy, and many a turn, are saved then. */
#define SOCKET_DESK_OUT  0x10000u
#define SOCKET_DESK_IN   SOCKET_DESK_OUT
#define SOCKET_DESK_MOST 0x40000u
#define SOCKET_DESK      (SOCKET_DESK_OUT + SOCKET_DESK_MOST)
/** Members are numbers below this, each as long as its socket lives. */
#define SOCKET_MEMBERS   256u
/** @} */

/** Kinds of sockets. */
enum socket_type {
    SOCKET_TYPE_TCP = 1,
    SOCKET_TYPE_UDP,
    SOCKET_TYPE_ICMP, /**< messages of ICMP, or of ICMPv6 (whose checksum netserv fills in);
                         received ones come with their IP header */
    SOCKET_TYPE_NAME, /**< resolves a name */
    SOCKET_TYPE_SET,  /**< see SOCKET_WAIT */
};

enum socket_shutdown { SOCKET_SHUT_READ = 1, SOCKET_SHUT_WRITE = 2 };

enum socket_option {
    SOCKET_NODELAY = 1, /**< send small pieces at once */
    SOCKET_KEEPALIVE,   /**< probe a silent peer */
    SOCKET_REUSE,       /**< bind to an address whose old connections still linger */
    SOCKET_BROADCAST,   /**< send to broadcast addresses */
    SOCKET_MOST, /**< bytes of a stream that a turn brings, 1 to SOCKET_DESK_MOST; SOCKET_DESK_OUT
                    unless set; connections have their listener's */
};

/** Errors beyond those of errors.def. The kernel passes them on as they are. */
enum socket_error {
    SOCKET_EREFUSED = -70,   /**< nobody listens there */
    SOCKET_ETIMEDOUT = -71,  /**< the peer does not answer */
    SOCKET_ERESET = -72,     /**< the peer broke the connection off */
    SOCKET_EUNREACH = -73,   /**< no way leads there */
    SOCKET_EINUSE = -74,     /**< the address or port is in use */
    SOCKET_ENOTCONN = -75,   /**< not connected */
    SOCKET_EISCONN = -76,    /**< connected already */
    SOCKET_ENETDOWN = -77,   /**< there is no network device, or no address yet */
    SOCKET_ENOBUFS = -78,    /**< all buffers or sockets are in use */
    SOCKET_EMSGSIZE = -79,   /**< too long for one datagram */
    SOCKET_ENONAME = -80,    /**< there is no host of that name */
    SOCKET_EAGAINNAME = -81, /**< the name server does not answer */
    SOCKET_EGONE = -82,      /**< it was an earlier netserv's */
    SOCKET_EBROADCAST = -83, /**< to all, without SOCKET_BROADCAST */
    SOCKET_EMANYNAMES = -84, /**< too many names are asked for at once, by this client or by all */
};

/* A socket made for IPv6 speaks to IPv4, too, whose addresses it knows as ::ffff:a.b.c.d. */
/** An address: in memory so, in messages as three words in this layout. */
struct socket_address {
    uint16_t family; /**< 4 or 6; 0: none */
    uint16_t port;   /**< host order */
    uint32_t reserved;
    uint8_t ip[16]; /**< network order; IPv4: the first four */
};

_Static_assert(sizeof(struct socket_address) == 3 * sizeof(uint64_t), "three words of a message");

#endif
