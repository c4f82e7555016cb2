/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iperf: how fast is the network? It understands iperf of version 2 on the other side.
 *
 *   iperf -s [-p PORT]                                    take what others send, for ever
 *   iperf -c HOST [-p PORT] [-t SECONDS | -n MIB]         send by TCP, for so long, or so much
 *   iperf -c HOST -d | -r [-L PORT] ...                   both directions, at once or one after the other;
 *                                                         the server sends to that port of ours (5002)
 *   iperf -c HOST -u [-b RATE] ...                        by UDP, so many bits a second (1M)
 *
 * By UDP it is one direction at a time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../number.h"
#include "iperf.h"

#define RATE_MAX UINT64_C(100000000000)

static int usage(void)
{
    fprintf(stderr, "usage: iperf -s [-p PORT]\n"
                    "       iperf -c HOST [-p PORT] [-u [-b RATE] | -d | -r [-L PORT]] [-t SECONDS "
                    "| -n MIB]\n");
    return 2;
}

/* 300, 64k, 10M, 1G; 0: that is none. */
static uint64_t parse_rate(const char *text)
{
    static const char units[] = "kmg";
    char *end;
    double value = strtod(text, &end);
    const char *unit = *end != 0 ? strchr(units, *end | 0x20) : NULL;

    if (*end != 0 && (unit == NULL || end[1] != 0))
        return 0;
    for (const char *u = units; unit != NULL && u <= unit; u++)
        value *= 1000;
    return value >= 1 && value <= (double)RATE_MAX ? (uint64_t)value : 0;
}

int main(int argc, char **argv)
{
    struct task t = {
        .port = "5001", .bytes = UINT64_MAX, .nanoseconds = 10 * SECOND, .rate = 1000000};
    bool server = false, udp = false;
    unsigned long back = 5002, port = 0, n;
    int both = 0, option;

    while ((option = getopt(argc, argv, "sc:p:t:n:ub:drL:")) != -1) {
        switch (option) {
        case 's':
            server = true;
            break;
        case 'c':
            t.host = optarg;
            break;
        case 'p':
            t.port = optarg;
            break;
        case 't':
            if (!parse_number(optarg, 1000000, &n))
                return usage();
            t.nanoseconds = n * SECOND;
            break;
        case 'n':
            if (!parse_number(optarg, UINT32_MAX, &n))
                return usage();
            t.bytes = n << 20;
            t.nanoseconds = UINT64_MAX;
            break;
        case 'u':
            udp = true;
            break;
        case 'd':
        case 'r':
            both = option;
            break;
        case 'L':
            if (!parse_number(optarg, 65535, &back))
                return usage();
            break;
        case 'b':
            t.rate = parse_rate(optarg);
            break;
        default:
            return usage();
        }
    }
    if (optind != argc || server == (t.host != NULL) || t.rate == 0 ||
        !parse_number(t.port, 65535, &port) ||
        (both && (udp || server || (t.bytes != UINT64_MAX && t.bytes > INT32_MAX))))
        return usage();
    if (server)
        return serve((uint16_t)port);
    if (both)
        return send_both(&t, both == 'd', (uint16_t)back);
    return udp ? send_datagrams(&t) : send_stream(&t);
}
