/* SPDX-License-Identifier: BSD-2-Clause */
/* Is there a way to an address? lwIP finds out when it sends, and then tells nobody. */
#include <lwip/ip.h>
#include <lwip/netif.h>
#include <lwip/priv/nd6_priv.h>

#include "sock.h"

static bool same_prefix(const ip6_addr_t *a, const ip6_addr_t *b)
{
    return a->addr[0] == b->addr[0] && a->addr[1] == b->addr[1];
}

/* On the link, or by a router that has announced itself. */
static bool way6(const struct netif *n, const ip6_addr_t *to)
{
    if (ip6_addr_islinklocal(to) || ip6_addr_ismulticast(to) || ip6_addr_isloopback(to))
        return true;
    for (unsigned i = 0; i < LWIP_ND6_NUM_ROUTERS; i++)
        if (default_router_list[i].neighbor_entry != NULL)
            return true;
    for (unsigned i = 0; i < LWIP_ND6_NUM_PREFIXES; i++)
        if (prefix_list[i].netif == n && same_prefix(&prefix_list[i].prefix, to))
            return true;
    for (int8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(n, i)) && same_prefix(netif_ip6_addr(n, i), to))
            return true;
    return false;
}

static bool way4(const struct netif *n, const ip4_addr_t *to)
{
    return n != netif_default || ip4_addr_ismulticast(to) || ip4_addr_isbroadcast(to, n) ||
           ip4_addr_netcmp(to, netif_ip4_addr(n), netif_ip4_netmask(n)) ||
           !ip4_addr_isany_val(*netif_ip4_gw(n));
}

int sock_way(const ip_addr_t *to)
{
    bool six = IP_IS_V6_VAL(*to);
    const struct netif *n = ip_route(six ? IP6_ADDR_ANY : IP4_ADDR_ANY, to);

    if (n == NULL || !(six ? way6(n, ip_2_ip6(to)) : way4(n, ip_2_ip4(to))))
        return error_of(ERR_RTE);
    return UKERN_OK;
}
