/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks each of two networks who the gateway is, again and again, and says what each driver has and how
 * many answers came. */
#include <stdio.h>
#include <string.h>

#include <frame.h>
#include <netdev/net_client.h>
#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/task.h>

#define SECOND UINT64_C(1000000000)
#define ROUNDS 20u

static const uint8_t gateway[4] = {10, 0, 2, 2}, us[4] = {10, 0, 2, 15};

/* One answer; of others is waited for the next. */
static int64_t ask(ukern_handle net, const uint8_t mac[6])
{
    uint64_t until = clock_now() + 2 * SECOND;
    uint8_t frame[ARP_FRAME] = {0};
    int64_t n;

    frame_arp_request(frame, mac, us, gateway);
    n = net_send(net, frame, sizeof frame);
    while (n >= 0) {
        n = net_recv(net, frame, sizeof frame, until);
        if (n >= ARP_FRAME && memcmp(frame, mac, 6) == 0 && memcmp(frame + 28, gateway, 4) == 0)
            return n;
    }
    return n;
}

static void use(const char *name)
{
    ukern_handle net = task_handle(name);
    struct net_info info = {0};
    int64_t n = net_filter(net, NET_FILTER_TYPE, 0x0806);
    unsigned answers = 0;

    for (unsigned i = 0; i < 50 && n == UKERN_OK && !info.link; i++) {
        n = net_info(net, &info);
        clock_sleep(SECOND / 50);
    }
    printf("probe: %s is ", name);
    frame_print_mac(info.mac);
    for (; answers < ROUNDS && n >= 0; answers++)
        n = ask(net, info.mac);
    printf(", %u answers: %s\n", answers, ukern_strerror(n < 0 ? (int)n : 0));
    fflush(stdout);
}

int main(void)
{
    use("net-left");
    use("net-right");
    use("net-left");
    return 0;
}
