/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  netserv's interface to the network (netserv/link.c) with lwIP, for a target that plays what is
 *  below it. Include it once, after fuzz.h; nothing is printed.
 */
#ifndef FUZZ_LINK_H
#define FUZZ_LINK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ukern/error.h>
#include <ukern/ipc.h>
#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/task.h>

#include "../../examples/net/netdev/driver.h"
#include "../net/wire/frame.h"

static inline int say_nothing(const void *to, ...)
{
    (void)to;
    return 0;
}
#define printf  say_nothing
#define fprintf say_nothing
#include "../../examples/net/netserv/link.c"

#define LINK_PORT 1

static uint64_t link_clock = UINT64_C(1000000000);

uint64_t clock_now(void)
{
    return link_clock;
}

static inline void link_begin(void)
{
    struct link_config c = {0};

    IP4_ADDR(&c.address, 10, 0, 2, 15);
    IP4_ADDR(&c.mask, 255, 255, 255, 0);
    IP4_ADDR(&c.gateway, 10, 0, 2, 2);
    link_init(LINK_PORT, &c);
}

/* A frame that netserv answers, mostly; its length. */
static inline size_t link_frame(uint8_t *f)
{
    static const uint8_t arp[] = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1};
    unsigned what = byte();
    uint8_t *at = f + 34;
    size_t length;

    memset(f, 0, 128);
    switch (what % 4) {
    case 0: /* who has 10.0.2.15? */
        memset(f, 0xff, 6);
        memcpy(f + 6, our_mac, 6);
        memcpy(f + 12, arp, sizeof arp);
        memcpy(f + 22, our_mac, 6);
        put32(f + 28, OUR_IP);
        put32(f + 38, 0x0a00020f);
        length = 60;
        break;
    case 1: /* an echo request */
        length = ip_frame(f, 1, 64);
        at[0] = 8;
        put16(at + 2, frame_sum(at, 64, 0));
        break;
    case 2: /* SYN to where nobody listens */
        length = ip_frame(f, 6, 20);
        put16(at, 1000 + what);
        put16(at + 2, 99);
        at[12] = 0x50;
        at[13] = 2;
        put16(at + 16, frame_sum(at, 20, pseudo_header(f, 20)));
        break;
    default:
        length = ip_frame(f, 17, 20);
        put16(at + 2, 99);
        put16(at + 4, 20);
        break;
    }
    for (unsigned n = what / 4 % 4; n == 3 && byte() % 4 != 0;)
        f[byte() % length] = (uint8_t)byte();
    return length;
}

#endif
