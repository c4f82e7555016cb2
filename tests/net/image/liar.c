/* SPDX-License-Identifier: BSD-2-Clause */
/* A bulk client that lies about its rings, in a different way each time: it must be cut off. */
#include <stdio.h>

#include <netdev/net_client.h>
#include <ukern/error.h>
#include <ukern/task.h>

#define WAKE  1u
#define BADGE 7u

static struct net net;

static void lie(unsigned how)
{
    struct net_area *a = net.area;

    switch (how) {
    case 0:
        a->tx.produced = 1000;
        break;
    case 1:
        a->tx_slot[0] = (struct net_desc){.offset = 0xffffff00, .length = 0x1000};
        a->tx.produced = 1;
        break;
    default:
        a->returned_slot[0] = 5;
        a->returned.produced = 1;
        break;
    }
    notify(net.server, net.server_bits);
}

int main(void)
{
    ukern_handle port = port_create(), server;
    static const uint8_t frame[60];
    struct ukern_event event;
    int error;

    for (unsigned how = 0; how < 3; how++) {
        server = net_dup(task_handle("net"), UKERN_FOREVER);
        error = net_open(&net, server, port, WAKE, BADGE, NET_FILTER_OWN, 0, UKERN_FOREVER);
        if (error == UKERN_OK) {
            lie(how);
            do
                error = ipc_recv(port, &event, UKERN_FOREVER);
            while (error == UKERN_EV_NOTIFY);
        }
        printf("liar: %u: %s, then %s\n", how,
               error == UKERN_EV_HANGUP ? "cut off" : ukern_error_name(error),
               ukern_error_name((int)net_send(server, frame, sizeof frame)));
        net_close(&net);
        handle_close(server);
    }
    return 0;
}
