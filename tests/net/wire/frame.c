/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame.h"

#include <string.h>

const uint8_t guest_mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56}, our_mac[6] = {2, 0, 0, 0, 0, 1};
static uint64_t seed;

void random_seed(uint64_t value)
{
    seed = value;
}

uint32_t random32(void)
{
    uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32);
}

bool chance(unsigned thousandths)
{
    return random32() % 1000 < thousandths;
}

void put16(uint8_t *to, unsigned value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

void put32(uint8_t *to, uint32_t value)
{
    put16(to, value >> 16);
    put16(to + 2, value & 0xffff);
}

unsigned get16(const uint8_t *from)
{
    return (unsigned)from[0] << 8 | from[1];
}

uint32_t get32(const uint8_t *from)
{
    return (uint32_t)get16(from) << 16 | get16(from + 2);
}

uint16_t frame_sum(const uint8_t *data, size_t n, uint32_t sum)
{
    for (; n > 1; n -= 2, data += 2)
        sum += get16(data);
    if (n == 1)
        sum += (uint32_t)data[0] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

uint32_t pseudo_header(const uint8_t *frame, size_t n)
{
    const uint8_t *ip = frame + IP_OFFSET;

    return get16(ip + 12) + get16(ip + 14) + get16(ip + 16) + get16(ip + 18) + ip[9] + (uint32_t)n;
}

size_t ip_frame(uint8_t *frame, unsigned protocol, size_t data)
{
    static uint16_t id;
    uint8_t *ip = frame + IP_OFFSET;

    memcpy(frame, guest_mac, 6);
    memcpy(frame + 6, our_mac, 6);
    put16(frame + 12, 0x0800);
    memset(ip, 0, 20);
    ip[0] = 0x45;
    put16(ip + 2, (unsigned)(20 + data));
    put16(ip + 4, id++);
    ip[8] = 64;
    ip[9] = (uint8_t)protocol;
    put32(ip + 12, OUR_IP);
    put32(ip + 16, GUEST_IP);
    put16(ip + 10, frame_sum(ip, 20, 0));
    return DATA_OFFSET + data;
}
