/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What every module of the kernel may use: assertions, small helpers, memory functions.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukern/abi/types.h>
#include <ukern/ukern.h>

typedef uint64_t paddr_t; /* a physical address */

#define PAGE_SIZE  UKERN_PAGE_SIZE
#define PAGE_SHIFT 12

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* An invariant of the kernel; stays in release builds. */
#define ASSERT(x)                                                                                  \
    do {                                                                                           \
        if (unlikely(!(x)))                                                                        \
            ukern_panic("%s:%d: %s does not hold", __FILE_NAME__, __LINE__, #x);                   \
    } while (0)

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}
static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Round up to pages; the caller has checked that it does not wrap. */
static inline uint64_t page_up(uint64_t n)
{
    return (n + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}
static inline uint64_t page_down(uint64_t n)
{
    return n & ~(PAGE_SIZE - 1);
}

/* Is [start, start + length) inside [low, high)? Without overflow. */
static inline bool range_inside(uint64_t start, uint64_t length, uint64_t low, uint64_t high)
{
    return start >= low && start <= high && length <= high - start;
}

/* Results of a system call: x0, x1, and no more. One by one: the compiler would call memset(). */
static inline void sysregs_set(struct ukern_sysregs *r, uint64_t x0, uint64_t x1)
{
    r->x[0] = x0;
    r->x[1] = x1;
    r->x[2] = 0;
    r->x[3] = 0;
    r->x[4] = 0;
    r->x[5] = 0;
    r->x[6] = 0;
    r->x[7] = 0;
    r->deadline_or_badge = 0;
    r->token = 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

#endif
