/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bulk client that sends each frame of EtherType 88b5 back, and does what frames of type 88b6 say
 * in their first byte: I: answer with struct net_info; K: kill netdev; X: end, and with it the
 * system. When netdev dies it goes on with the next one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netdev/net_client.h>
#include <ukern/error.h>
#include <ukern/task.h>

#define WAKE    1u
#define BADGE   1u
#define ECHO    0x88b5
#define COMMAND 0x88b6
#define ROOM    1536u
#define SLOTS   128u

static ukern_handle port;
static struct net net;
static uint32_t free_slot[SLOTS], free_count;

static void check(const char *what, int64_t result)
{
    if (result >= 0)
        return;
    printf("echo: %s: %s\n", what, ukern_strerror((int)result));
    exit(1);
}

static void open_net(void)
{
    check("net_open",
          net_open(&net, task_handle("net"), port, WAKE, BADGE, NET_FILTER_ALL, 0, UKERN_FOREVER));
    for (free_count = 0; free_count < SLOTS; free_count++)
        free_slot[free_count] = free_count;
    printf("echo: ready\n");
    fflush(stdout);
}

static void kill_netdev(void)
{
    struct ukern_task_info info = {0};
    ukern_handle system = task_handle("system"), task;

    while (task_info(system, info.id, &info) == UKERN_OK && strcmp(info.name, "netdev") != 0)
        info.id++;
    task = task_open(system, info.id, UKERN_R_KILL);
    check("task_open", task);
    check("task_kill", task_kill(task, 9));
    handle_close(task);
}

/* Wait for frames, or for room. */
static void rest(unsigned what)
{
    struct ukern_event event;

    net_flush(&net);
    if (net_may_sleep(&net, what) && ipc_recv(port, &event, UKERN_FOREVER) == UKERN_EV_HANGUP) {
        net_close(&net);
        open_net();
    }
}

static void collect(void)
{
    struct net_done done;

    while (net_done(&net, &done)) {
        check("sending", done.status);
        free_slot[free_count++] = done.id;
    }
}

static void send_back(const uint8_t *to, const void *data, uint32_t length, unsigned type)
{
    uint32_t slot;
    uint8_t *f;

    collect();
    while (free_count == 0) {
        rest(NET_WAKE_DONE);
        collect();
    }
    slot = free_slot[--free_count];
    f = net.data + slot * ROOM;
    memcpy(f, to, 6);
    memset(f + 6, 2, 6);
    f[12] = (uint8_t)(type >> 8);
    f[13] = (uint8_t)type;
    memcpy(f + 14, data, length);
    check("net_transmit",
          net_transmit(&net,
                       &(struct net_desc){.offset = slot * ROOM, .length = length + 14, .id = slot},
                       1));
}

static void command(const uint8_t *f)
{
    struct net_info info;

    if (f[14] == 'X')
        exit(0);
    if (f[14] == 'K')
        kill_netdev();
    if (f[14] == 'I') {
        check("net_info", net_info(task_handle("net"), &info));
        send_back(f + 6, &info, sizeof info, COMMAND);
    }
}

static void handle(const struct net_desc *d)
{
    const uint8_t *f = net.pool + d->offset;
    unsigned type;

    if (d->length < 15 || d->length > ROOM || (d->flags & NET_MORE))
        return;
    type = (unsigned)f[12] << 8 | f[13];
    if (type == ECHO && d->length <= 1514)
        send_back(f + 6, f + 14, d->length - 14, ECHO);
    if (type == COMMAND)
        command(f);
}

int main(void)
{
    struct net_desc d;
    bool inside = false;

    port = port_create();
    check("port_create", port);
    open_net();
    for (;;) {
        while (net_receive(&net, &d)) {
            if (!inside)
                handle(&d);
            inside = d.flags & NET_MORE;
            net_return(&net, d.id);
        }
        collect();
        rest(NET_WAKE_RX);
    }
}
