/* SPDX-License-Identifier: BSD-2-Clause */
/* netinfo: facts and figures of the network device. */
#include <inttypes.h>
#include <stdio.h>

#include <ukern/error.h>
#include <ukern/task.h>

#include "frame.h"
#include "netdev/net_client.h"

int main(void)
{
    ukern_handle net = task_handle("net");
    struct net_info i;
    int error = net < 0 ? net : net_info(net, &i);

    if (error != UKERN_OK) {
        fprintf(stderr, "netinfo: %s\n",
                net < 0 ? "there is no network: no driver provides `net`" : ukern_strerror(error));
        return 1;
    }
    printf("address      ");
    frame_print_mac(i.mac);
    printf("\nlink         %s, changed %" PRIu64 " times\n", i.link ? "up" : "down",
           i.link_changes);
    printf("MTU          %u\n", i.mtu);
    printf("offloads     %s%s%s%s%s%s\n", i.can & NET_CAN_CSUM ? "checksums " : "",
           i.can & NET_CAN_TSO4 ? "segmentation of IPv4 " : "",
           i.can & NET_CAN_TSO6 ? "segmentation of IPv6 " : "",
           i.can & NET_GIVES_PARTIAL ? "checked checksums " : "",
           i.can & NET_GIVES_GSO ? "large frames" : "", i.can == 0 ? "none" : "");
    printf("received     %" PRIu64 " frames, %" PRIu64 " bytes; %" PRIu64 " dropped, %" PRIu64
           " bad\n",
           i.rx_frames, i.rx_bytes, i.rx_dropped, i.rx_bad);
    printf("sent         %" PRIu64 " frames, %" PRIu64 " bytes; %" PRIu64 " refused\n", i.tx_frames,
           i.tx_bytes, i.tx_refused);
    printf("device       %" PRIu64 " interrupts, %" PRIu64 " kicks, %" PRIu64 " resets\n",
           i.interrupts, i.kicks, i.resets);
    printf("clients      %u, %u of them bulk; %" PRIu64 " wakes, %" PRIu64 " cut off\n", i.clients,
           i.bulk_clients, i.wakes, i.cut_off);
    return 0;
}
