/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A slab is one frame of 64 units, a map of the free ones in its first unit. An object takes a run
 * of units, and finds its slab by masking its address. An account's slabs stand in lists by their
 * longest free run, so that both alloc and free take a bounded number of steps, however many slabs
 * there are.
 */
#include "slab.h"
#include "frame.h"
#include "arch.h"

#define HEADER     UINT64_C(1) /* the unit of struct slab itself */
#define WHOLE_SLAB (~HEADER)

struct slab {
    struct slab *next, *prev;
    struct account *account; /* pays for the frame */
    uint64_t free;           /* bit i: unit i is free */
    unsigned list;           /* of the account's lists, the one it stands in */
};

_Static_assert(sizeof(struct slab) <= SLAB_UNIT, "header");
_Static_assert(PAGE_SIZE == 64 * SLAB_UNIT, "a bit for each unit");

static uint64_t objects;

static unsigned units(size_t size)
{
    ASSERT(size <= SLAB_MAX);
    return size ? (unsigned)((size + SLAB_UNIT - 1) / SLAB_UNIT) : 1;
}

static uint64_t run(unsigned n)
{
    return ~UINT64_C(0) >> (64 - n);
}

/* Where in `free` runs of at least n units begin. */
static uint64_t runs(uint64_t free, unsigned n)
{
    for (unsigned have = 1, more; have < n; have += more) {
        more = have < n - have ? have : n - have;
        free &= free >> more;
    }
    return free;
}

/* List i + 1 holds slabs whose longest run has 2^i units or more, but not 2^(i + 1); list 0 the
 * full ones. */
static unsigned list_of(uint64_t free)
{
    unsigned list = 0;

    for (unsigned more = 1; free; more *= 2, list++)
        free &= free >> more;
    return list;
}

static void insert(struct slab *s, unsigned list)
{
    struct slab **head = &s->account->slabs[list];

    s->list = list;
    s->prev = NULL;
    s->next = *head;
    if (s->next)
        s->next->prev = s;
    *head = s;
}

static void withdraw(struct slab *s)
{
    if (s->next)
        s->next->prev = s->prev;
    if (s->prev)
        s->prev->next = s->next;
    else
        s->account->slabs[s->list] = s->next;
}

static void set_free(struct slab *s, uint64_t free)
{
    unsigned list = list_of(free);

    s->free = free;
    if (list == s->list)
        return;
    withdraw(s);
    insert(s, list);
}

static struct slab *slab_of(const void *p)
{
    return (struct slab *)((uintptr_t)p & ~(uintptr_t)(PAGE_SIZE - 1));
}

static struct slab *slab_at(paddr_t frame, struct account *a)
{
    struct slab *s = arch_phys_to_virt(frame);

    *s = (struct slab){.account = a, .free = WHOLE_SLAB};
    return s;
}

static struct slab *slab_grow(struct account *a)
{
    paddr_t frame = frame_alloc(a, 0);
    struct slab *s;

    if (!frame)
        return NULL;
    s = slab_at(frame, a);
    insert(s, list_of(s->free));
    return s;
}

/* One with a run of n units: in the lists where all have one, or by luck the first of the list
 * below. */
static struct slab *slab_with(struct account *a, unsigned n)
{
    unsigned sure = n == 1 ? 1 : 33 - (unsigned)__builtin_clz(n - 1);
    struct slab *s = a->slabs[sure - 1];

    if (sure > 1 && s && runs(s->free, n))
        return s;
    for (unsigned list = sure; list < SLAB_LISTS; list++)
        if (a->slabs[list])
            return a->slabs[list];
    return slab_grow(a);
}

void *slab_alloc(struct account *a, size_t size)
{
    unsigned n = units(size), first;
    struct slab *s = slab_with(a, n);

    if (!s)
        return NULL;
    first = (unsigned)__builtin_ctzll(runs(s->free, n));
    set_free(s, s->free & ~(run(n) << first));
    objects++;
    return memset((char *)s + first * SLAB_UNIT, 0, (size_t)n * SLAB_UNIT);
}

void slab_free(struct account *a, void *p, size_t size)
{
    struct slab *s = slab_of(p);
    uintptr_t offset = (uintptr_t)p & (PAGE_SIZE - 1);
    uint64_t taken;

    if (!p)
        return;
    ASSERT(offset > 0 && offset % SLAB_UNIT == 0 && s->account == a);
    ASSERT(units(size) <= 64 - offset / SLAB_UNIT);
    taken = run(units(size)) << offset / SLAB_UNIT;
    ASSERT(!(s->free & taken));
    set_free(s, s->free | taken);
    objects--;
    if (s->free == WHOLE_SLAB) {
        withdraw(s);
        frame_free(a, arch_virt_to_phys(s), 0);
    } else if (s == slab_of(a)) {
        account_uncharge(a, 0); /* may have been the last that a closed account waited for */
    }
}

uint64_t slab_count(void)
{
    return objects;
}

uint64_t slab_frames(const struct account *a, uint64_t *taken)
{
    uint64_t n = 0;

    *taken = 0;
    for (unsigned list = 0; list < SLAB_LISTS; list++)
        for (const struct slab *s = a->slabs[list]; s; s = s->next) {
            ASSERT(s->account == a && s->list == list && list_of(s->free) == list);
            n++;
            *taken += (63 - (unsigned)__builtin_popcountll(s->free)) * (uint64_t)SLAB_UNIT;
        }
    return n;
}

/* ---- Accounts. ---- */

#define ACCOUNT_UNITS ((sizeof(struct account) + SLAB_UNIT - 1) / SLAB_UNIT)
#define WITH_ACCOUNT  (WHOLE_SLAB << ACCOUNT_UNITS)

struct account *slab_new_account(void)
{
    paddr_t frame = frame_take(0);
    struct slab *s;
    struct account *a;

    if (!frame)
        return NULL;
    a = (struct account *)((char *)arch_phys_to_virt(frame) + SLAB_UNIT);
    s = slab_at(frame, a);
    s->free = WITH_ACCOUNT;
    memset(a, 0, sizeof *a);
    insert(s, list_of(s->free));
    objects++;
    return a;
}

bool slab_only_account(const struct account *a)
{
    return slab_of(a)->free == WITH_ACCOUNT;
}

void slab_free_account(struct account *a)
{
    objects--;
    frame_give(arch_virt_to_phys(slab_of(a)), 0);
}
