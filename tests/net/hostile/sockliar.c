/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client of netserv that asks for anything of any socket that it has, or had: with words, handles
 * and lengths on the edge of something, with addresses that are not its own, and in turns whose desk it
 * writes whenever it can. (Nobody else could: netserv gives the desk without the right to pass it on.)
 */
#include <string.h>

#include <netdev/net.h>
#include <netserv/socket_abi.h>
#include <ukern/ipc.h>
#include <ukern/irq.h>
#include <ukern/stream.h>
#include <ukern/syscall.h>

#include "liar.h"

#define SOCKETS 24u

static ukern_handle sock[SOCKETS]; /* -1: none */
static ukern_handle port;
static uint32_t *desk;

static uint64_t soon(void)
{
    return clock_now() + 200000;
}

static ukern_handle some_handle(void)
{
    switch (below(8)) {
    case 0:
        return task_handle("socket");
    case 1:
        return task_handle("set");
    case 2:
        return port;
    case 3:
        return (ukern_handle)evil();
    case 4:
        return task_handle("net");
    default:
        return sock[below(SOCKETS)];
    }
}

static void keep(ukern_handle h)
{
    ukern_handle *place = &sock[below(SOCKETS)];

    if (*place >= 0)
        handle_close(*place);
    *place = h;
    tally->opened++;
}

static void keep_all(const struct ukern_msg *m)
{
    for (unsigned i = 0; i < UKERN_TAG_HANDLES(m->tag); i++)
        keep((ukern_handle)(uint32_t)m->w[5 - i]);
}

static void ask(ukern_handle h, int label, const uint64_t w[6], unsigned handles)
{
    struct ukern_msg m = {UKERN_TAG(label, handles), {0}};

    memcpy(m.w, w, sizeof m.w);
    if (below(16) == 0)
        ipc_send(h, &m, soon());
    else if (ipc_call_until(h, &m, below(4) ? soon() : 0) == UKERN_OK)
        keep_all(&m);
}

static void create(void)
{
    ukern_handle from = below(3) ? task_handle("socket") : some_handle();

    ask(from, SOCKET_CREATE,
        (uint64_t[6]){below(4) ? 1 + below(5) : evil(), below(4) ? 2 * (2 + below(2)) : evil()}, 0);
}

static void address(uint64_t w[3])
{
    static const uint8_t hosts[][4] = {
        {127, 0, 0, 1}, {10, 0, 2, 2},        {10, 0, 2, 15},
        {0, 0, 0, 0},   {255, 255, 255, 255}, {224, 0, 0, 1},
    };
    struct socket_address a = {.family = below(8) ? 4 : (uint16_t)evil(),
                               .port = below(2) ? 7 + below(3) : (uint16_t)evil()};

    memcpy(a.ip, hosts[below(6)], 4);
    memcpy(w, &a, sizeof a);
}

/* What a client does, with a wrong word now and then. */
static void plausible(void)
{
    static const int labels[] = {SOCKET_BIND,     SOCKET_CONNECT, SOCKET_LISTEN, SOCKET_ACCEPT,
                                 SOCKET_SHUTDOWN, SOCKET_OPTION,  SOCKET_NAME,   SOCKET_ERROR,
                                 SOCKET_WATCH,    SOCKET_WAIT,    STREAM_CLOSE,  STREAM_DUP,
                                 STREAM_POLL};
    int label = labels[below(sizeof labels / sizeof labels[0])];
    uint64_t w[6] = {below(8), below(4)};
    unsigned handles = 0;

    if (label == SOCKET_BIND || label == SOCKET_CONNECT)
        address(w);
    if (label == SOCKET_ACCEPT || label == SOCKET_WAIT)
        w[0] = below(4) ? STREAM_NONBLOCK : evil();
    if (label == STREAM_POLL) {
        w[0] = below(4);
        w[2] = below(8) ? below(20) : evil();
        w[5] = UKERN_SEND_HANDLE(port, UKERN_R_NOTIFY);
        handles = 1;
    }
    ask(below(8) ? sock[below(SOCKETS)] : some_handle(), label, w, handles);
}

static void anything(void)
{
    static const int ranges[][2] = {
        {SOCKET_SENDTO, 20}, {STREAM_CREATE, 14}, {NET_SEND, 8}, {0, 1}};
    const int *range = ranges[below(4)];
    uint64_t w[6];
    unsigned handles = below(4) ? 0 : below(3);

    for (unsigned i = 0; i < UKERN_MSG_WORDS; i++)
        w[i] = evil();
    for (unsigned i = 0; i < handles; i++)
        w[5 - i] = UKERN_SEND_HANDLE(some_handle(), below(2) ? 0 : random32() & UKERN_R_ALL);
    ask(some_handle(), below(8) ? range[0] + (int)below((uint32_t)range[1]) : (int)random32(), w,
        handles);
}

/* The system calls that move bytes. */
static void transfer(void)
{
    static uint8_t bytes[70000];
    static const uint16_t calls[] = {STREAM_READ, STREAM_WRITE, SOCKET_SENDTO, SOCKET_RECVFROM};
    uint64_t to[3];
    struct ukern_sysregs r = {.x = {(uint64_t)(below(8) ? sock[below(SOCKETS)] : some_handle()),
                                    below(4) ? (uint64_t)bytes : evil(),
                                    below(4) ? below(sizeof bytes) : evil(),
                                    (below(8) ? 0 : evil()) | STREAM_NONBLOCK}};

    address(to);
    r.x[4] = below(4) ? (uint64_t)to : below(2) ? 0 : evil();
    r.x[5] = soon();
    for (unsigned i = 0; i < 12; i++)
        bytes[i] = (uint8_t)random32();
    ukern_trap_all(calls[below(4)], &r);
}

static void open_desk(ukern_handle set)
{
    struct ukern_msg m = {.tag = UKERN_TAG(SOCKET_DESK_OPEN, 0)};
    void *memory;

    if (ipc_call_until(set, &m, soon()) != UKERN_OK || UKERN_TAG_HANDLES(m.tag) != 1)
        return;
    if (shm_map((ukern_handle)m.w[5], 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &memory) ==
        UKERN_OK) {
        if (desk != NULL)
            shm_unmap(desk);
        desk = memory;
    }
    handle_close((ukern_handle)m.w[5]);
}

/* The set is one that all lives have in common; the desk may be of another set. */
static void turn(void)
{
    uint64_t flags = (below(8) ? SOCKET_TURN_SEND : 0u) | (below(2) ? STREAM_NONBLOCK : 0u);
    uint64_t w[6] = {(below(8) ? below(SOCKET_MEMBERS) : evil()) | flags << 32,
                     (below(4) ? below(SOCKET_DESK) : (uint32_t)evil()) |
                         (uint64_t)(below(4) ? below(70000) : (uint32_t)evil()) << 32};
    ukern_handle set = below(4) ? task_handle("set") : some_handle();

    if (below(4) == 0)
        w[0] = evil();
    address(&w[2]);
    if (desk == NULL || below(16) == 0)
        open_desk(set);
    for (unsigned i = 0; desk != NULL && i < 16; i++)
        desk[below(SOCKET_DESK / sizeof *desk)] = random32();
    ask(set, SOCKET_TURN, w, 0);
}

/* A member of the set that is connected, so that turns have something to do. */
static void join(void)
{
    struct ukern_msg m = {UKERN_TAG(SOCKET_CREATE, 0), {1 + below(2), 4}};
    struct socket_address a = {.family = 4, .port = 7, .ip = {127, 0, 0, 1}};
    uint64_t w[6] = {STREAM_IN | STREAM_OUT, random32()};
    ukern_handle h;

    if (ipc_call_until(task_handle("set"), &m, soon()) != UKERN_OK || UKERN_TAG_HANDLES(m.tag) != 1)
        return;
    h = (ukern_handle)(uint32_t)m.w[5];
    keep(h);
    ask(h, SOCKET_WATCH, w, 0);
    memcpy(w, &a, sizeof a);
    ask(h, SOCKET_CONNECT, w, 0);
}

static void step(void)
{
    switch (below(10)) {
    case 0:
    case 1:
        create();
        break;
    case 2:
    case 3:
        plausible();
        break;
    case 4:
    case 5:
        anything();
        break;
    case 6:
        transfer();
        break;
    case 7:
        join();
        break;
    case 8:
        handle_close(sock[below(SOCKETS)]); /* twice, perhaps */
        break;
    default:
        turn();
        break;
    }
}

int main(int argc, char **argv)
{
    struct ukern_event event;

    if (!liar_begin(argc, argv))
        return 2;
    for (unsigned i = 0; i < SOCKETS; i++)
        sock[i] = -1;
    port = port_create();
    while (tally->steps < tally->goal) {
        tally->steps++;
        step();
        while (ipc_recv(port, &event, 0) >= 0)
            continue;
    }
    return 0;
}
