/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum's sum: halves of words of eight bytes, whose carries are folded in at the
 * end.
 */
#include <lwip/arch.h>
#include <string.h>

#define HALF UINT64_C(0xffffffff)

static uint64_t load(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

static uint64_t halves(uint64_t word)
{
    return (word & HALF) + (word >> 32);
}

/* No carry is lost below 2^32 words, far more than a packet has. */
uint16_t checksum(const void *data, int length)
{
    const uint8_t *p = data;
    uint64_t sum = 0, word = 0;

    for (; length >= 32; length -= 32, p += 32)
        sum += halves(load(p)) + halves(load(p + 8)) + halves(load(p + 16)) + halves(load(p + 24));
    for (; length >= 8; length -= 8, p += 8)
        sum += halves(load(p));
    memcpy(&word, p, (size_t)length); /* little endian: what is missing counts as zero */
    sum += halves(word);
    sum = halves(sum);
    sum = halves(sum);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
