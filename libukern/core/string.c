/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory and string functions, without vector registers: of the kernel, and of tasks too (libuser),
 * which thereby leave the FPU to those who calculate. On a host, its C library has them. The
 * compiler must not recognise these loops and call the functions that they make up.
 */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

/* Any alignment, any effective type. A pair is moved by one load and one store of two registers. */
typedef uint32_t half __attribute__((may_alias, aligned(1)));
typedef uint64_t word __attribute__((may_alias, aligned(1)));
typedef unsigned __int128 pair __attribute__((may_alias, aligned(1)));

/* Both ends, which meet or overlap: each is read before either is written. */
static inline void copy_ends(char *to, const char *from, size_t n)
{
    if (n >= 8) {
        uint64_t first = *(const word *)from, last = *(const word *)(from + n - 8);
        *(word *)to = first;
        *(word *)(to + n - 8) = last;
    } else if (n >= 4) {
        uint32_t first = *(const half *)from, last = *(const half *)(from + n - 4);
        *(half *)to = first;
        *(half *)(to + n - 4) = last;
    } else if (n) {
        char first = from[0], middle = from[n / 2], last = from[n - 1];
        to[0] = first;
        to[n / 2] = middle;
        to[n - 1] = last;
    }
}

/* Upwards: also right for overlapping memory if to is below from, as the end is read first. */
static inline void copy_up(char *to, const char *from, size_t n)
{
    pair *end;
    pair last;

    if (n < sizeof(pair)) {
        copy_ends(to, from, n);
        return;
    }
    end = (pair *)(to + n - sizeof(pair));
    last = *(const pair *)(from + n - sizeof(pair));
    for (; n >= 128; n -= 128, to += 128, from += 128) {
#pragma GCC unroll 8
        for (unsigned i = 0; i < 8; i++)
            ((pair *)to)[i] = ((const pair *)from)[i];
    }
    for (; n > sizeof(pair); n -= sizeof(pair), to += sizeof(pair), from += sizeof(pair))
        *(pair *)to = *(const pair *)from;
    *end = last;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    copy_up(to, from, n);
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    char *t = (char *)to + n;
    const char *f = (const char *)from + n;

    if ((uintptr_t)to - (uintptr_t)from >= n) {
        copy_up(to, from, n);
        return to;
    }
    for (; n >= 8; n -= 8) {
        t -= 8, f -= 8;
        *(word *)t = *(const word *)f;
    }
    while (n--)
        *--t = *--f;
    return to;
}

void *memset(void *to, int c, size_t n)
{
    uint64_t pattern = (unsigned char)c * UINT64_C(0x0101010101010101);
    pair two = (pair)pattern << 64 | pattern;
    char *t = to;

    for (; n >= 128; n -= 128, t += 128) {
#pragma GCC unroll 8
        for (unsigned i = 0; i < 8; i++)
            ((pair *)t)[i] = two;
    }
    for (; n >= 8; n -= 8, t += 8)
        *(word *)t = pattern;
    while (n--)
        *t++ = (char)c;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *p = a, *q = b;

    for (; n >= 8 && *(const word *)p == *(const word *)q; n -= 8)
        p += 8, q += 8;
    for (; n; n--, p++, q++) {
        if (*p != *q)
            return *p - *q;
    }
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}
