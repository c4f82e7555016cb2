/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arping [-c COUNT] [-s SOURCE] ADDRESS: who has this IPv4 address, and how fast does he answer? A
 * simple client of netdev: it needs no TCP/IP. SOURCE is the address to answer to (10.0.2.15).
 */
#include <stdlib.h>
#include <unistd.h>

#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/task.h>

#include "frame.h"
#include "netdev/net_client.h"
#include "number.h"

#define SECOND UINT64_C(1000000000)

static ukern_handle net;

static int fail(const char *what, int64_t error)
{
    fprintf(stderr, "arping: %s: %s\n", what, ukern_strerror((int)error));
    return 1;
}

/* Wait for the answer: its time in nanoseconds, or an error. */
static int64_t await(const uint8_t target[4], uint64_t start, uint8_t from[6])
{
    uint8_t frame[64];
    int64_t n;

    for (;;) {
        n = net_recv(net, frame, sizeof frame, start + SECOND);
        if (n < 0)
            return n;
        if (n < ARP_FRAME || frame_word(frame + 20) != ARP_REPLY ||
            memcmp(frame + 28, target, 4) != 0)
            continue;
        memcpy(from, frame + 22, 6);
        return (int64_t)(clock_now() - start);
    }
}

static int ask(const uint8_t target[4], const uint8_t source[4], const char *name)
{
    uint8_t frame[ARP_FRAME], from[6];
    struct net_info info;
    uint64_t start;
    int64_t n = net_info(net, &info);

    if (n != UKERN_OK)
        return fail("net_info", n);
    frame_arp_request(frame, info.mac, source, target);
    start = clock_now();
    n = net_send(net, frame, sizeof frame);
    if (n < 0)
        return fail("net_send", n);
    n = await(target, start, from);
    if (n == UKERN_ETIMEDOUT)
        printf("no answer from %s\n", name);
    else if (n < 0)
        return fail("net_recv", n);
    if (n < 0)
        return 1;
    printf("%s is at ", name);
    frame_print_mac(from);
    printf(", %llu us\n", (unsigned long long)n / 1000);
    return 0;
}

int main(int argc, char **argv)
{
    uint8_t target[4], source[4] = {10, 0, 2, 15};
    unsigned long count = 1;
    int option, error, failed = 0;

    while ((option = getopt(argc, argv, "c:s:")) != -1) {
        if (option == '?' || (option == 'c' && !parse_number(optarg, UINT32_MAX, &count)) ||
            (option == 's' && !frame_parse_ip(optarg, source)))
            argc = 0;
    }
    if (optind + 1 != argc || !frame_parse_ip(argv[optind], target)) {
        fprintf(stderr, "usage: arping [-c COUNT] [-s SOURCE] ADDRESS, as 10.0.2.2\n");
        return 2;
    }
    /* Programs of a shell share its badge, but each is a client of its own. */
    net = net_dup(task_handle("net"), UKERN_FOREVER);
    error = net < 0 ? net : net_filter(net, NET_FILTER_TYPE, TYPE_ARP);
    if (error != UKERN_OK)
        return fail("net", error);
    for (unsigned long i = 0; i < count; i++)
        failed |= ask(target, source, argv[optind]);
    return failed;
}
