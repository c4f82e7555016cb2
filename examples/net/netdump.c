/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netdump [-c COUNT] [-t TYPE]: a line for each frame that comes in, with its addresses, its type, its bytes and the
 * first 32 behind the header; for ever or COUNT times; of one EtherType (hexadecimal) only. What this machine sends is not
 * shown. A bulk client: frames are read where the device has put them.
 */
#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include <ukern/error.h>
#include <ukern/task.h>

#include "frame.h"
#include "netdev/net_client.h"
#include "number.h"

#define WAKE  1u /* notification bit */
#define BADGE 1u /* of netdev's handle of our port */

static ukern_handle port;
static struct net net;

static void print(const struct net_desc *d)
{
    const uint8_t *f = net.pool + d->offset;

    if (d->length < NET_FRAME_MIN)
        return;
    frame_print_mac(f + 6);
    printf(" > ");
    frame_print_mac(f);
    printf(" type %04x, %u bytes%s:", frame_word(f + 12), d->length,
           d->flags & NET_MORE ? " and more" : "");
    for (uint32_t i = NET_FRAME_MIN; i < d->length && i < NET_FRAME_MIN + 32; i++)
        printf(" %02x", f[i]);
    printf("\n");
}

/* Wait for something. false: netdev is gone. */
static bool wait(void)
{
    struct ukern_event event;

    if (!net_may_sleep(&net, NET_WAKE_RX))
        return true;
    return ipc_recv(port, &event, UKERN_FOREVER) != UKERN_EV_HANGUP;
}

/* As many frames as are wanted (0: no end), or until netdev is gone. */
static unsigned long dump(unsigned long want)
{
    struct net_desc d;
    unsigned long n = 0;
    bool inside = false;

    while (want == 0 || n < want) {
        if (!net_receive(&net, &d)) {
            net_flush(&net);
            if (!wait())
                break;
            continue;
        }
        if (!inside) {
            print(&d);
            n++;
        }
        inside = d.flags & NET_MORE;
        net_return(&net, d.id);
    }
    return n;
}

int main(int argc, char **argv)
{
    enum net_filter filter = NET_FILTER_ALL;
    unsigned long want = 0, type = 0, n;
    int option, error;
    ukern_handle server;
    char *end;

    while ((option = getopt(argc, argv, "c:t:")) != -1) {
        if (option == 't') {
            type = strtoul(optarg, &end, 16);
            filter = NET_FILTER_TYPE;
        }
        if (option == '?' || (option == 't' && (!isxdigit((unsigned char)*optarg) || *end != 0)) ||
            (option == 'c' && !parse_number(optarg, UINT32_MAX, &want)))
            optind = argc + 1;
    }
    if (optind != argc || type > 0xffff) {
        fprintf(stderr, "usage: netdump [-c COUNT] [-t TYPE]; TYPE is hexadecimal, as 0806\n");
        return 2;
    }
    port = port_create();
    for (;;) {
        /* Programs of a shell share its badge, but each is a client of its own. */
        server = net_dup(task_handle("net"), UKERN_FOREVER);
        error = net_open(&net, server, port, WAKE, BADGE, filter, (uint16_t)type, UKERN_FOREVER);
        if (error != UKERN_OK) {
            fprintf(stderr, "netdump: %s\n", ukern_strerror(error));
            return 1;
        }
        n = dump(want);
        if (want != 0 && n == want)
            break;
        want -= want != 0 ? n : 0;
        printf("netdump: netdev is gone; waiting for the next\n");
        net_close(&net);
        handle_close(server);
    }
    net_close(&net);
    return 0;
}
