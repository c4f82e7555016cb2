/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How connections begin. Numbers that nobody can guess who does not see the answers (RFC 6528); and peers that say SYN and
 * nothing more: each takes a place of the listener's backlog for twenty seconds, so that a few dozen of them would keep
 * everybody out. When three quarters of the places are taken, the oldest of those that have not said anything else go. An
 * honest peer needs one round trip.
 */
#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>

#include "hooks.h"
#include "sock.h"

static bool begun; /* a connection, since backlog_shed() */

static uint64_t stir(uint64_t state, uint64_t word)
{
    uint64_t z = (state ^ word) + UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t stir_address(uint64_t state, const ip_addr_t *ip)
{
    if (IP_IS_V4(ip))
        return stir(state, ip4_addr_get_u32(ip_2_ip4(ip)));
    for (unsigned i = 0; i < 4; i++)
        state = stir(state, ip_2_ip6(ip)->addr[i]);
    return state;
}

/* A number for these four, which grows by one every four microseconds: so a new connection between the same two is not taken
 * for the old one. */
u32_t backlog_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                  u16_t remote_port)
{
    static uint64_t secret;
    uint64_t state;

    begun = true;
    if (secret == 0)
        secret = (uint64_t)LWIP_RAND() << 32 | LWIP_RAND() | 1;
    state = stir(secret, (uint64_t)local_port << 16 | remote_port);
    state = stir_address(stir_address(state, local), remote);
    return (u32_t)(state >> 32) + sys_now() * 250;
}

static struct tcp_pcb *oldest_half_open(const struct tcp_pcb_listen *l)
{
    struct tcp_pcb *oldest = NULL;

    for (struct tcp_pcb *p = tcp_active_pcbs; p != NULL; p = p->next)
        if (p->state == SYN_RCVD && p->listener == l &&
            (oldest == NULL || tcp_ticks - p->tmr >= tcp_ticks - oldest->tmr))
            oldest = p;
    return oldest;
}

void backlog_shed(void)
{
    struct tcp_pcb *p;

    if (!begun)
        return;
    begun = false;
    for (struct tcp_pcb_listen *l = tcp_listen_pcbs.listen_pcbs; l != NULL; l = l->next)
        while (l->accepts_pending > l->backlog - l->backlog / 4 &&
               (p = oldest_half_open(l)) != NULL)
            tcp_abandon(p, 0);
}
