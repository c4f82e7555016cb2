/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum's sum, eight bytes at a time. */
#include <lwip/arch.h>
#include <string.h>

uint16_t checksum(const void *data, int length)
{
    const uint8_t *p = data;
    uint64_t sum = 0, word;

    for (; length >= 8; length -= 8, p += 8) {
        memcpy(&word, p, 8);
        sum += word;
        sum += sum < word; /* the carry comes round */
    }
    word = 0;
    memcpy(&word, p, (size_t)length); /* little endian: what is missing counts as zero */
    sum += word;
    sum += sum < word;
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
