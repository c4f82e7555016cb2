/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum's sum: of words of eight bytes, whose halves are added apart, so that nothing is carried
 * out, and folded at the end (RFC 1071, section 2: they may be added in any order, and in words of any size).
 */
#include <lwip/arch.h>
#include <string.h>

/* A word of so many bytes, wherever it lies. */
#define LOAD(type, p)                                                                              \
    ({                                                                                             \
        type word_;                                                                                \
        memcpy(&word_, p, sizeof word_);                                                           \
        word_;                                                                                     \
    })

uint16_t checksum(const void *data, int length)
{
    const uint8_t *p = data;
    uint64_t low = 0, high = 0, word;

    for (; length >= 64; length -= 64, p += 64)
#pragma GCC unroll 8
        for (int i = 0; i < 64; i += 8) {
            word = LOAD(uint64_t, p + i);
            low += (uint32_t)word;
            high += word >> 32;
            /* One after the other: the compiler's trees take more. */
            __asm__("" : "+r"(low), "+r"(high));
        }
    for (; length >= 8; length -= 8, p += 8) {
        word = LOAD(uint64_t, p);
        low += (uint32_t)word;
        high += word >> 32;
    }
    if (length & 4) {
        low += LOAD(uint32_t, p);
        p += 4;
    }
    if (length & 2) {
        low += LOAD(uint16_t, p);
        p += 2;
    }
    if (length & 1)
        low += *p; /* little endian: the byte that is missing counts as zero */
    word = low + high;
    while (word >> 16 != 0)
        word = (word & 0xffff) + (word >> 16);
    return (uint16_t)word;
}
