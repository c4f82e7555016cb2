/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Sockets for programs, under their POSIX names: TCP, UDP and raw ICMP over IPv4 and IPv6. It can
 *  be included under its usual names, too (-Iinclude): sys/socket.h, netinet/in.h, arpa/inet.h,
 *  netdb.h. A socket is a file descriptor: read(), write(), close(), dup() and poll() work on it. A
 *  task needs the port `socket` (NAME.uses := socket). Errors are in errno; socket_error() says the
 *  last in words.
 *
 *  @code
 *  int s = socket(AF_INET, SOCK_STREAM, 0);
 *  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(80)};
 *
 *  inet_pton(AF_INET, "10.0.2.2", &to.sin_addr);
 *  if (s < 0 || connect(s, (struct sockaddr *)&to, sizeof to) < 0)
 *      fprintf(stderr, "%s\n", socket_error());
 *  @endcode
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef uint32_t socklen_t;
typedef uint16_t in_port_t;
typedef uint32_t in_addr_t;
typedef uint16_t sa_family_t;

#define AF_UNSPEC 0
#define AF_INET   2
#define AF_INET6  10 /**< such a socket speaks to IPv4, too, as ::ffff:a.b.c.d */
#define PF_INET   AF_INET
#define PF_INET6  AF_INET6

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3 /**< with IPPROTO_ICMP */
#define IPPROTO_ICMP   1
#define IPPROTO_TCP    6
#define IPPROTO_UDP    17
#define IPPROTO_ICMPV6 58

#define MSG_DONTWAIT 0x40 /**< EAGAIN instead of waiting */

#define SHUT_RD   0
#define SHUT_WR   1
#define SHUT_RDWR 2

#define SOL_SOCKET   1
#define SO_REUSEADDR 2
#define SO_BROADCAST 6
#define SO_KEEPALIVE 9
#define TCP_NODELAY  1 /**< of level IPPROTO_TCP */

#define INADDR_ANY       ((in_addr_t)0)
#define INADDR_LOOPBACK  ((in_addr_t)0x7f000001)
#define INET_ADDRSTRLEN  16
#define INET6_ADDRSTRLEN 46
#define SOMAXCONN        128

struct in_addr {
    in_addr_t s_addr; /**< network order */
};

struct sockaddr {
    sa_family_t sa_family;
    char sa_data[14];
};

struct sockaddr_in {
    sa_family_t sin_family;
    in_port_t sin_port; /**< network order */
    struct in_addr sin_addr;
    char sin_zero[8];
};

struct in6_addr {
    uint8_t s6_addr[16];
};

struct sockaddr_in6 {
    sa_family_t sin6_family;
    in_port_t sin6_port; /**< network order */
    uint32_t sin6_flowinfo;
    struct in6_addr sin6_addr;
    uint32_t sin6_scope_id;
};

/** Room for either. */
struct sockaddr_storage {
    sa_family_t ss_family;
    char ss_data[30];
};

#define IN6ADDR_ANY_INIT                                                                           \
    {                                                                                              \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define AI_PASSIVE     1 /**< without a host: to bind, not to connect */
#define AI_NUMERICHOST 4 /**< ask no name server */

struct addrinfo {
    int ai_flags, ai_family, ai_socktype, ai_protocol;
    socklen_t ai_addrlen;
    struct sockaddr *ai_addr;
    char *ai_canonname; /**< always NULL here */
    struct addrinfo *ai_next;
};

enum eai { EAI_NONAME = -2, EAI_AGAIN = -3, EAI_SERVICE = -8, EAI_MEMORY = -10, EAI_SYSTEM = -11 };

static inline uint16_t htons(uint16_t n)
{
    return __builtin_bswap16(n);
}

static inline uint16_t ntohs(uint16_t n)
{
    return __builtin_bswap16(n);
}

static inline uint32_t htonl(uint32_t n)
{
    return __builtin_bswap32(n);
}

static inline uint32_t ntohl(uint32_t n)
{
    return __builtin_bswap32(n);
}

/** ENOENT: the task was not given `socket`; ENOBUFS: all are in use; EAFNOSUPPORT. */
int socket(int family, int type, int protocol);
/** EADDRINUSE: another has that port. */
int bind(int s, const struct sockaddr *address, socklen_t size);
int listen(int s, int backlog);
int accept(int s, struct sockaddr *peer, socklen_t *size);
/** accept() that fails with EAGAIN instead of waiting. */
int accept_now(int s, struct sockaddr *peer, socklen_t *size);
/** ECONNREFUSED: nobody listens there; ETIMEDOUT; EHOSTUNREACH: no way leads there. */
int connect(int s, const struct sockaddr *address, socklen_t size);
/** EINVAL: other flags than MSG_DONTWAIT, also for those below. */
/** connect() that does not wait: POLLOUT tells that it is done, POLLHUP that it has failed. */
int connect_now(int s, const struct sockaddr *address, socklen_t size);
ssize_t send(int s, const void *data, size_t n, int flags);
ssize_t recv(int s, void *data, size_t n, int flags);
/** EMSGSIZE: longer than a datagram can be; EACCES: to all, without SO_BROADCAST. */
ssize_t sendto(int s, const void *data, size_t n, int flags, const struct sockaddr *to,
               socklen_t size);
ssize_t recvfrom(int s, void *data, size_t n, int flags, struct sockaddr *from, socklen_t *size);
/** recvfrom() until an absolute time, nanoseconds since boot: ETIMEDOUT. */
ssize_t recvfrom_until(int s, void *data, size_t n, struct sockaddr *from, socklen_t *size,
                       uint64_t deadline);
int shutdown(int s, int how);
int setsockopt(int s, int level, int option, const void *value, socklen_t size);
int getsockname(int s, struct sockaddr *address, socklen_t *size);
int getpeername(int s, struct sockaddr *address, socklen_t *size);

/** @name Many sockets at once, with one call instead of poll()'s one for each
 * A server makes a set, its listeners by socket_in(), and asks socket_wait() what is ready.
 * Connections that a listener of a set accepts belong to that set, too.
 * @{ */
/** A new set; close() ends it, its members live on. */
int socket_set(void);
/** socket() as a member of a set. */
int socket_in(int set, int family, int type, int protocol);
/** What socket_wait() shall tell of a member: POLLIN, POLLOUT, both or 0, and `data` with it. */
int socket_watch(int s, int events, uint32_t data);
/** What is ready: POLLIN, POLLOUT, POLLHUP. */
struct socket_ready {
    uint32_t data;
    uint32_t events;
};
#define SOCKET_READY_MAX 6 /**< of one answer; the others are told next time */
/** Wait until at least one member is ready. How many; -1: netserv has died. */
int socket_wait(int set, struct socket_ready ready[SOCKET_READY_MAX]);

/** Memory that a set's owner shares with netserv, for socket_turn(). */
struct socket_desk {
    unsigned char *out; /**< to lay out what is to be sent, SOCKET_DESK_ROOM bytes */
    unsigned char
        *in; /**< where what was received lies, until the next turn; may be sent from, too */
};
#define SOCKET_DESK_ROOM   65536
#define SOCKET_DESK_IN_MAX 262144
/** Members of a set have numbers below this, each as long as its socket lives. */
#define SOCKET_MEMBERS_MAX 256

/** What a turn sends, and what came. */
struct socket_turn {
    /** @name Before: what to send first
     * @{ */
    bool send; /**< anything? It is set to false. */
    bool now;  /**< do not wait if nothing has come */
    uint64_t
        until;   /**< nor longer than until then, nanoseconds since boot; 0: it does not matter */
    unsigned to; /**< the member; a stream, or one for datagrams */
    const void *data; /**< in the desk */
    size_t size;      /**< bytes */
    /** @} */
    /** @name After
     * @{ */
    ssize_t sent;    /**< bytes; -1: socket_error() tells why. If fewer than `size`, nothing else is
                        told this time: wait for POLLOUT */
    unsigned events; /**< POLLIN, POLLOUT, POLLHUP; 0: nothing has come */
    uint32_t what;   /**< what socket_watch() was told for this member */
    unsigned from;   /**< the member */
    size_t received; /**< POLLIN: bytes, in desk.in; 0 of a stream: its end */
    int accepted;    /**< of a listener: the new connection, which `from` is; else -1 */
    /** @} */
    /** Datagrams: to whom, then from whom; so to answer it is left as it is. A new connection: of
     * whom. */
    struct {
        uint64_t w[3];
    } peer;
};

/** Begin to take turns. The desk is gone when the set is closed. 0; -1: no memory, too many sets have a desk (one
 * program: 20), or not a set. */
int socket_desk(int set, struct socket_desk *desk);
/** How much of a stream a turn brings at most, the rest comes with the next: 1 to SOCKET_DESK_IN_MAX bytes,
 * SOCKET_DESK_ROOM unless said. Connections that a listener accepts have the same. 0; -1: EINVAL. */
int socket_most(int s, size_t bytes);
/**
 * Send, then wait for the next of the members and take in what it received: one call for what are
 * three else, and so the quickest way to serve. A connection that it accepts is watched for POLLIN, with
 * its listener's `what`. 0; -1: netserv has died.
 */
int socket_turn(int set, const struct socket_desk *desk, struct socket_turn *turn);
/** @} */

/** Addresses of a host, IPv4's first: as they are written, or asked of the name server.
 * service: a number or NULL. hints: family, flags and socktype count. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **result);
void freeaddrinfo(struct addrinfo *list);
const char *gai_strerror(int error);

/** 1; 0: not an address. */
int inet_pton(int family, const char *text, void *to);
const char *inet_ntop(int family, const void *from, char *text, socklen_t size);

/** What went wrong last, as a sentence. */
const char *socket_error(void);

#endif
