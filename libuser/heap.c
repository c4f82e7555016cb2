/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sbrk() for the C library's malloc: one run of addresses, mapped from its low end as it grows. The
 * chunks grow with the heap, so that a small task pays little and a large heap needs few mappings;
 * when the quota has no room for a chunk, just what is needed is tried.
 */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>
#include <ukern/error.h>
#include <ukern/memory.h>

/* Far above where mappings without a hint go (they start at 64 GiB). */
#define HEAP_BASE UINT64_C(0x4000000000)
#define HEAP_MAX  (UINT64_C(64) << 30)
#define CHUNK_MIN (UINT64_C(16) * 1024)
#define CHUNK_MAX (UINT64_C(1024) * 1024)

static uint64_t mapped; /* bytes from HEAP_BASE on */
static uint64_t used;

static uint64_t page_up(uint64_t n)
{
    return (n + UKERN_PAGE_SIZE - 1) & ~(UKERN_PAGE_SIZE - 1);
}

static int map_more(uint64_t n)
{
    int status = mem_map_at(n, (void *)(uintptr_t)(HEAP_BASE + mapped));

    if (status >= 0)
        mapped += n;
    return status;
}

static int grow(uint64_t need)
{
    uint64_t chunk = page_up(mapped / 4);

    if (chunk < CHUNK_MIN)
        chunk = CHUNK_MIN;
    if (chunk > CHUNK_MAX)
        chunk = CHUNK_MAX;
    need = page_up(need);
    if (chunk > need && map_more(chunk) >= 0)
        return UKERN_OK;
    return map_more(need);
}

void *sbrk(ptrdiff_t change)
{
    uint64_t old = used;
    int status;

    if (change < 0) {
        if ((uint64_t)-change > used) {
            errno = EINVAL;
            return (void *)-1;
        }
        used -= (uint64_t)-change;
        return (void *)(uintptr_t)(HEAP_BASE + old);
    }
    if ((uint64_t)change > HEAP_MAX - used) {
        errno = ENOMEM;
        return (void *)-1;
    }
    if (used + (uint64_t)change > mapped) {
        status = grow(used + (uint64_t)change - mapped);
        if (status < 0) {
            errno = ukern_errno(status);
            return (void *)-1;
        }
    }
    used += (uint64_t)change;
    return (void *)(uintptr_t)(HEAP_BASE + old);
}
