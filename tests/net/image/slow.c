/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that wants every frame and fetches none: netdev must tell it what it has lost, and
 * nobody else must suffer. */
#include <stdio.h>

#include <netdev/net_client.h>
#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/task.h>

int main(void)
{
    ukern_handle net = task_handle("net");
    struct net_info info = {0};
    uint8_t frame[64];
    int64_t n = net_filter(net, NET_FILTER_ALL, 0);

    while (n >= 0 && info.my_dropped < 100) {
        clock_sleep(20000000);
        n = net_info(net, &info);
    }
    printf("slow: %s after %s\n", ukern_strerror((int)n),
           info.my_dropped >= 100 ? "100 lost frames" : "none");
    for (n = 0; net_recv(net, frame, sizeof frame, 0) > 0; n++)
        continue;
    printf("slow: %lld frames were kept\n", (long long)n);
    n = net_recv(net, frame, 0, UKERN_FOREVER);
    printf("slow: a buffer of nothing: %s\n", ukern_error_name((int)n));
    n = net_send(net, frame, 13);
    printf("slow: a frame of 13 bytes: %s\n", ukern_error_name((int)n));
    n = net_filter(net, NET_FILTER_TYPE + 1, 0);
    printf("slow: another filter: %s\n", ukern_error_name((int)n));
    n = net_filter(net, NET_FILTER_TYPE, 0x1234);
    n = net_recv(net, frame, sizeof frame, clock_now() + 1000000);
    printf("slow: a deadline: %s\n", ukern_error_name((int)n));
    return 0;
}
