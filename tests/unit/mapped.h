/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  Unit tests of address spaces: one, and what is mapped there. */
#ifndef TESTS_UNIT_MAPPED_H
#define TESTS_UNIT_MAPPED_H

#include <string.h>
#include "aspace.h"
#include "unit.h"

#define R  UKERN_PROT_READ
#define RW (UKERN_PROT_READ | UKERN_PROT_WRITE)
#define RX (UKERN_PROT_READ | UKERN_PROT_EXEC)
#define AT UINT64_C(0x400000) /* somewhere below automatic placement */

static struct aspace as;

static inline struct shm *shm_full(uint64_t pages)
{
    struct shm *s = shm_new(&account_root, pages);
    assert_non_null(s);
    while (shm_fill(s) > 0)
        ;
    assert_false(s->busy);
    return s;
}

static inline void shm_drop(struct shm *s)
{
    if (shm_put(s))
        while (shm_drain(s) > 0)
            ;
}

static inline int map_all(struct mapping *m)
{
    int r;
    while ((r = aspace_map_step(m)) > 0)
        ;
    return r;
}

static inline void unmap_all(struct mapping *m)
{
    struct shm *orphan;
    while (aspace_unmap_step(m, &orphan) > 0)
        assert_null(orphan);
    while (orphan && shm_drain(orphan) > 0)
        ;
}

static inline struct mapping *map(struct shm *s, uint64_t address, uint64_t first, uint64_t pages,
                                  unsigned prot)
{
    struct mapping *m = NULL;
    assert_int_equal(aspace_map(&as, s, address, first, pages, prot, &m), UKERN_OK);
    assert_int_equal(map_all(m), 0);
    return m;
}

static inline void start(void)
{
    assert_int_equal(aspace_init(&as, &account_root), UKERN_OK);
}

static inline void finish_one(struct aspace *a)
{
    for (struct mapping *m; (m = aspace_any(a));)
        unmap_all(m);
    int steps = 0;
    while (aspace_free_step(a) > 0)
        steps++;
    assert_true(steps < 10000);
}

static inline void finish(void)
{
    finish_one(&as);
}

#endif
