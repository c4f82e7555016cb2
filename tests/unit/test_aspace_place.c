/* SPDX-License-Identifier: BSD-2-Clause */
#include "mapped.h"

static void test_automatic_placement(void **state)
{
    (void)state;
    start();
    struct shm *s = shm_full(4);
    struct mapping *m[50];
    for (int i = 0; i < 50; i++) {
        m[i] = map(s, 0, 0, 1 + (uint64_t)i % 4, RW);
        uint64_t start = m[i]->node.key, end = start + m[i]->pages * PAGE_SIZE;
        assert_true(start > USER_AUTO && end < USER_HIGH);
        assert_null(aspace_find(&as, start - 1));
        assert_null(aspace_find(&as, end));
    }
    /* A hole is used again by what fits into it, with its guards. */
    uint64_t hole = m[22]->node.key;
    assert_int_equal(m[22]->pages, 3);
    unmap_all(m[22]);
    m[22] = map(s, 0, 0, 3, RW);
    assert_int_equal(m[22]->node.key, hole);
    shm_drop(s);
    finish();
}

/* Thousands of holes that are too small cost no search, and the address space can be used up to its
 * end. */
static void test_no_place(void **state)
{
    (void)state;
    start();
    uint64_t all = (USER_HIGH - USER_AUTO) / PAGE_SIZE;
    struct shm *huge = shm_new_fixed(&account_root, PAGE_SIZE, UINT64_C(1) << 33, UKERN_SHM_DEVICE);
    struct mapping *m, *n;
    assert_int_equal(aspace_map(&as, huge, 0, UINT64_C(1) << 32, 1, R, &m), UKERN_EINVAL);
    assert_int_equal(aspace_map(&as, huge, 0, UINT32_MAX, 1, R, &m), UKERN_OK);
    unmap_all(m);
    assert_int_equal(aspace_map(&as, huge, AT, 0, UINT64_C(1) << 33, R, &m), UKERN_EINVAL);
    assert_int_equal(aspace_map(&as, huge, 0, 0, all, R, &m), UKERN_ENOMEM);
    assert_int_equal(aspace_map(&as, huge, 0, 0, all - 1, R, &m), UKERN_ENOMEM);
    assert_int_equal(aspace_map(&as, huge, 0, 0, all - 2, R, &m), UKERN_OK);
    assert_int_equal(m->node.key, USER_AUTO + PAGE_SIZE);
    assert_int_equal(aspace_map(&as, huge, 0, 0, 1, R, &n), UKERN_ENOMEM);
    assert_int_equal(aspace_map(&as, huge, USER_AUTO, 0, 1, R, &n), UKERN_OK); /* exact: allowed */
    unmap_all(n);
    unmap_all(m);
    for (uint64_t i = 0; i < 3000; i++) /* holes of two pages */
        assert_int_equal(aspace_map(&as, huge, USER_AUTO + i * 3 * PAGE_SIZE, 0, 1, R, &m),
                         UKERN_OK);
    uint64_t rest = all - (2999 * 3 + 1);
    assert_int_equal(aspace_map(&as, huge, 0, 0, rest - 1, R, &m), UKERN_ENOMEM);
    assert_int_equal(aspace_map(&as, huge, 0, 0, rest - 2, R, &m), UKERN_OK);
    assert_int_equal(m->node.key, USER_AUTO + (2999 * 3 + 2) * PAGE_SIZE);
    assert_int_equal(aspace_map(&as, huge, 0, 0, 1, R, &n), UKERN_ENOMEM);
    shm_drop(huge);
    finish();
}

/* A mapping that reaches from below into the area of automatic placement, and one right above it.
 */
static void test_placement_beside_exact_ones(void **state)
{
    (void)state;
    start();
    uint64_t all = (USER_HIGH - USER_AUTO) / PAGE_SIZE;
    struct shm *d = shm_new_fixed(&account_root, PAGE_SIZE, all, UKERN_SHM_DEVICE);
    struct mapping *below, *above, *m;
    assert_int_equal(aspace_map(&as, d, USER_AUTO - 4 * PAGE_SIZE, 0, 6, R, &below), UKERN_OK);
    assert_int_equal(aspace_map(&as, d, USER_AUTO + 10 * PAGE_SIZE, 0, 1, R, &above), UKERN_OK);
    assert_int_equal(aspace_map(&as, d, 0, 0, 6, R, &m), UKERN_OK); /* just fits between */
    assert_int_equal(m->node.key, USER_AUTO + 3 * PAGE_SIZE);
    unmap_all(m);
    assert_int_equal(aspace_map(&as, d, 0, 0, 7, R, &m), UKERN_OK);
    assert_int_equal(m->node.key, USER_AUTO + 12 * PAGE_SIZE);
    unmap_all(below);
    unmap_all(above);
    unmap_all(m);
    /* With everything gone the whole area is one gap again. */
    assert_int_equal(aspace_map(&as, d, 0, 0, all - 2, R, &m), UKERN_OK);
    unmap_all(m);
    shm_drop(d);
    finish();
}

static const struct CMUnitTest tests[] = {
    UNIT(test_automatic_placement),
    UNIT(test_no_place),
    UNIT(test_placement_beside_exact_ones),
};

UNIT_MAIN(tests)
