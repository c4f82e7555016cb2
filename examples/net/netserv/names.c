/* SPDX-License-Identifier: BSD-2-Clause */
#include "names.h"

#include <stdbool.h>

#undef dns_setserver

_Static_assert(DNS_MAX_SERVERS == 2 * NAMES_SERVERS, "the resolver has a place for each");

/* IPv4's, then IPv6's; without gaps in the resolver, which stops at the first. */
static ip_addr_t servers[DNS_MAX_SERVERS];
static uint8_t place_of[DNS_MAX_SERVERS]; /* in `servers`, of each in the resolver */

static void tell(void)
{
    uint8_t n = 0;

    for (uint8_t i = 0; i < DNS_MAX_SERVERS; i++)
        if (!ip_addr_isany_val(servers[i])) {
            place_of[n] = i;
            dns_setserver(n++, &servers[i]);
        }
    for (; n < DNS_MAX_SERVERS; n++) {
        place_of[n] = DNS_MAX_SERVERS;
        dns_setserver(n, NULL);
    }
}

static bool can_be(const ip_addr_t *a)
{
    return !ip_addr_isany(a) && !ip_addr_ismulticast(a) && !ip_addr_isloopback(a) &&
           !(IP_IS_V6(a) && ip6_addr_isipv4mappedipv6(ip_2_ip6(a)));
}

void names_set(uint8_t place, const ip_addr_t *server)
{
    if (server == NULL) {
        if (place >= DNS_MAX_SERVERS || place_of[place] >= DNS_MAX_SERVERS)
            return;
        ip_addr_set_zero(&servers[place_of[place]]);
    } else {
        if (place >= NAMES_SERVERS || !can_be(server))
            return;
        servers[IP_IS_V6(server) ? NAMES_SERVERS + place : place] = *server;
    }
    tell();
}

uint32_t names_first4(void)
{
    for (unsigned i = 0; i < NAMES_SERVERS; i++)
        if (!ip_addr_isany_val(servers[i]))
            return ip4_addr_get_u32(ip_2_ip4(&servers[i]));
    return 0;
}
