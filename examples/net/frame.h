/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  What the small programs share: addresses as text, ARP. */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TYPE_ARP    0x0806
#define ARP_FRAME   42 /* bytes of an ARP frame for IPv4 */
#define ARP_REQUEST 1
#define ARP_REPLY   2

/** A 16-bit number as frames have it. */
static inline unsigned frame_word(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/** "192.0.2.1"; false: it is not an IPv4 address. */
static inline bool frame_parse_ip(const char *text, uint8_t ip[4])
{
    unsigned n[4];
    char rest;

    if (sscanf(text, "%u.%u.%u.%u%c", &n[0], &n[1], &n[2], &n[3], &rest) != 4)
        return false;
    for (int i = 0; i < 4; i++) {
        if (n[i] > 255)
            return false;
        ip[i] = (uint8_t)n[i];
    }
    return true;
}

/** Print an Ethernet address. */
static inline void frame_print_mac(const uint8_t mac[6])
{
    printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

/** An ARP request, "who has `target`?", from a station that may not have an IP address yet. */
static inline void frame_arp_request(uint8_t frame[ARP_FRAME], const uint8_t mac[6],
                                     const uint8_t own[4], const uint8_t target[4])
{
    static const uint8_t head[] = {TYPE_ARP >> 8, TYPE_ARP & 0xff, 0, 1, 8, 0, 6, 4, 0,
                                   ARP_REQUEST};

    memset(frame, 0xff, 6);
    memcpy(frame + 6, mac, 6);
    memcpy(frame + 12, head, sizeof head);
    memcpy(frame + 22, mac, 6);
    memcpy(frame + 28, own, 4);
    memset(frame + 32, 0, 6);
    memcpy(frame + 38, target, 4);
}

#endif
