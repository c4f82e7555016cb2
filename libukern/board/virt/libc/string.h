/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What libfdt wants of a C library's <string.h>. Only libfdt sees this folder.
 */
#ifndef BOARD_VIRT_STRING_H
#define BOARD_VIRT_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

static inline void *memchr(const void *s, int c, size_t n)
{
    const char *p = (const char *)s;

    for (; n; n--, p++) {
        if (*p == (char)c)
            return (void *)(size_t)p;
    }
    return NULL;
}

static inline size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n])
        n++;
    return n;
}

static inline char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++) {
        if (!*s)
            return NULL;
    }
    return (char *)(size_t)s;
}

static inline char *strrchr(const char *s, int c)
{
    const char *last = NULL;

    do {
        if (*s == (char)c)
            last = s;
    } while (*s++);
    return (char *)(size_t)last;
}

#endif
