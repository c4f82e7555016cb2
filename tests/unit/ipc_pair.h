/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  Unit tests of IPC: a server with a port, and a client of it. */
#ifndef TESTS_UNIT_IPC_PAIR_H
#define TESTS_UNIT_IPC_PAIR_H

#include "world.h"

#define TAG(label) UKERN_TAG(label, 0)

static struct task *server, *client;
static uint64_t port, to; /* the server's handle, the client's */

/* A server that waits for ever on its port, and a client with a badge. */
static inline void pair(void)
{
    server = world_spawn("server");
    client = world_spawn("client");
    port = (uint64_t)SYS(server, port_create);
    int64_t badge =
        SYS(server, handle_mint, port, UKERN_R_CALL | UKERN_R_NOTIFY | UKERN_R_TRANSFER, 42);
    to = (uint64_t)world_give(server, (ukern_handle)badge, client, 0);
    assert_int_equal(SYS(server, handle_close, (uint64_t)badge), UKERN_OK);
}

static inline uint64_t call(struct task *t, uint64_t h)
{
    assert_int_equal(SYS(t, ipc_call, h, TAG(5), 1, 2, 3, 4, 5, 6), WORLD_WAITS);
    return t->token;
}

#endif
