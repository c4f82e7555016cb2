/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only program of the Linux that is measured beside ours: it loads the modules of the network,
 * sets the address, and serves what echod serves: echo (7, TCP and UDP), discard (9) and chargen
 * (19). A process for each, which waits in plain blocking calls: the quickest way there is. It
 * needs no C library.
 */
#include <stddef.h>
#include <stdint.h>

enum {
    IOCTL = 29,
    MKNODAT = 33,
    CLOSE = 57,
    READ = 63,
    WRITE = 64,
    EXIT = 93,
    OPENAT = 56,
    SOCKET = 198,
    BIND = 200,
    LISTEN = 201,
    ACCEPT = 202,
    SENDTO = 206,
    RECVFROM = 207,
    SETSOCKOPT = 208,
    CLONE = 220,
    FINIT_MODULE = 273,
    NANOSLEEP = 101,
};
enum { AF_INET = 2, SOCK_STREAM = 1, SOCK_DGRAM = 2, AT_CWD = -100, CHILD_SIGNAL = 17 };
enum { SIOCSIFFLAGS = 0x8914, SIOCSIFADDR = 0x8916, SIOCSIFNETMASK = 0x891c, IF_UP_RUNNING = 0x41 };

struct address {
    uint16_t family, port;
    uint32_t ip;
    uint64_t zero;
};

static char buffer[65536];

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = e,
                     x5 __asm__("x5") = f;

    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}

static size_t length(const char *text)
{
    size_t n = 0;

    while (text[n] != 0)
        n++;
    return n;
}

static void say(const char *text)
{
    call(WRITE, 1, (long)text, (long)length(text), 0, 0, 0);
}

static _Noreturn void die(const char *what)
{
    say("linux: ");
    say(what);
    say(" failed\n");
    for (;;)
        call(NANOSLEEP, (long)&(long[2]){1000, 0}, 0, 0, 0, 0, 0);
}

static long check(long result, const char *what)
{
    if (result < 0)
        die(what);
    return result;
}

static void load(const char *file)
{
    long fd = check(call(OPENAT, AT_CWD, (long)file, 0, 0, 0, 0), file);

    check(call(FINIT_MODULE, fd, (long)"", 0, 0, 0, 0), file);
    call(CLOSE, fd, 0, 0, 0, 0, 0);
}

static long request(long s, long what, const char *name, uint32_t ip)
{
    struct {
        char name[16];
        union {
            struct address address;
            int16_t flags;
            char room[24];
        };
    } r = {.address = {.family = AF_INET, .ip = ip}};

    for (size_t i = 0; name[i] != 0; i++)
        r.name[i] = name[i];
    if (what == SIOCSIFFLAGS)
        r.flags = IF_UP_RUNNING;
    return call(IOCTL, s, what, (long)&r, 0, 0, 0);
}

/* The device may need a moment to appear. */
static void set_address(const char *name, uint32_t ip, uint32_t mask)
{
    long s = check(call(SOCKET, AF_INET, SOCK_DGRAM, 0, 0, 0, 0), "socket");

    for (int i = 0; request(s, SIOCSIFADDR, name, ip) < 0; i++) {
        if (i == 1000)
            die(name);
        call(NANOSLEEP, (long)&(long[2]){0, 10000000}, 0, 0, 0, 0, 0);
    }
    check(request(s, SIOCSIFNETMASK, name, mask), "the mask");
    check(request(s, SIOCSIFFLAGS, name, 0), "up");
    call(CLOSE, s, 0, 0, 0, 0, 0);
}

static long open_port(int type, uint16_t port)
{
    struct address here = {.family = AF_INET, .port = (uint16_t)(port << 8 | port >> 8)};
    long s = check(call(SOCKET, AF_INET, type, 0, 0, 0, 0), "socket");

    check(call(BIND, s, (long)&here, 16, 0, 0, 0), "bind");
    if (type == SOCK_STREAM)
        check(call(LISTEN, s, 128, 0, 0, 0, 0), "listen");
    return s;
}

static void udp_echo(void)
{
    long s = open_port(SOCK_DGRAM, 7);

    for (;;) {
        struct address from;
        uint32_t size = sizeof from;
        long n = call(RECVFROM, s, (long)buffer, sizeof buffer, 0, (long)&from, (long)&size);

        if (n >= 0)
            call(SENDTO, s, (long)buffer, n, 0, (long)&from, size);
    }
}

/* false: the connection has ended. */
static int serve(long s, uint16_t port)
{
    long n = port == 19 ? (long)sizeof buffer : call(READ, s, (long)buffer, sizeof buffer, 0, 0, 0),
         sent = 0, step;

    while (port != 9 && sent < n &&
           (step = call(WRITE, s, (long)buffer + sent, n - sent, 0, 0, 0)) > 0)
        sent += step;
    return n > 0 && (port == 9 || sent == n);
}

static void tcp_service(uint16_t port)
{
    long listener = open_port(SOCK_STREAM, port), s;
    int on = 1;

    for (;;) {
        s = call(ACCEPT, listener, 0, 0, 0, 0, 0);
        if (s < 0)
            continue;
        call(SETSOCKOPT, s, 6, 1, (long)&on, sizeof on, 0); /* TCP_NODELAY */
        while (serve(s, port))
            continue;
        call(CLOSE, s, 0, 0, 0, 0, 0);
    }
}

static int child(void)
{
    return check(call(CLONE, CHILD_SIGNAL, 0, 0, 0, 0, 0), "clone") == 0;
}

void begin(void);
void begin(void)
{
    /* A write to a connection that is broken: an error, no signal. */
    call(134 /* rt_sigaction */, 13, (long)&(long[4]){1, 0, 0, 0}, 0, 8, 0, 0);
    load("virtio_mmio.ko");
    load("failover.ko");
    load("net_failover.ko");
    load("virtio_net.ko");
    set_address("lo", 0x0100007f, 0x000000ff);
    set_address("eth0", 0x0f02000a, 0x00ffffff);
    if (child())
        udp_echo();
    if (child())
        tcp_service(9);
    if (child())
        tcp_service(19);
    say("linux: ready\n");
    tcp_service(7);
}

__asm__(".globl _start\n_start: mov x29, xzr\n mov x30, xzr\n b begin\n");
