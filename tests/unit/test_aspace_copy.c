/* SPDX-License-Identifier: BSD-2-Clause */
#include "mapped.h"

static void test_copy(void **state)
{
    (void)state;
    start();
    struct shm *s = shm_full(3);
    uint64_t address = AT;
    map(s, address, 0, 3, RW);
    unsigned char out[PAGE_SIZE], in[PAGE_SIZE];
    for (int i = 0; i < 3000; i++) {
        size_t n = unit_below(PAGE_SIZE + 1);
        uint64_t to = address + unit_below(3 * PAGE_SIZE - n + 1);
        for (size_t j = 0; j < n; j++)
            out[j] = (unsigned char)unit_random();
        assert_int_equal(aspace_copy_out(&as, to, out, n), UKERN_OK);
        memset(in, 0, sizeof(in));
        assert_int_equal(aspace_copy_in(&as, in, to, n), UKERN_OK);
        assert_memory_equal(in, out, n);
    }
    shm_drop(s);
    finish();
}

static void test_copy_faults(void **state)
{
    (void)state;
    start();
    struct shm *s = shm_full(2);
    map(s, AT, 0, 1, RW);
    map(s, AT + PAGE_SIZE, 1, 1, R);
    map(s, USER_HIGH - PAGE_SIZE, 0, 1, RW);
    map(s, USER_LOW, 0, 1, RW);
    char *page = aspace_user(&as, AT, RW), buffer[PAGE_SIZE];
    memset(page, 1, PAGE_SIZE);
    memset(buffer, 2, PAGE_SIZE);
    static const uint64_t bad[] = {
        0,
        1,
        8,
        USER_LOW - 1,
        AT - 1,
        AT + PAGE_SIZE - 1,
        AT + PAGE_SIZE,
        AT + 2 * PAGE_SIZE - 1,
        AT + 2 * PAGE_SIZE,
        USER_HIGH - 1,
        USER_HIGH,
        UINT64_C(0xffffff8040000000),
        UINT64_MAX - 1,
        UINT64_MAX,
        UINT64_MAX - PAGE_SIZE + 1,
        UINT64_C(1) << 47,
        UINT64_C(1) << 63,
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(aspace_copy_out(&as, bad[i], buffer, 2), UKERN_EFAULT);
    for (size_t i = 0; i < PAGE_SIZE; i++) /* the second page was refused: nothing in the first */
        assert_int_equal(page[i], 1);
    assert_int_equal(aspace_copy_in(&as, buffer, AT + PAGE_SIZE - 1, 2), UKERN_OK);
    assert_int_equal(aspace_copy_in(&as, buffer, AT + 2 * PAGE_SIZE - 1, 1), UKERN_OK);
    memset(buffer, 2, PAGE_SIZE);
    assert_int_equal(aspace_copy_in(&as, buffer, AT + 2 * PAGE_SIZE - 1, 2), UKERN_EFAULT);
    assert_int_equal(aspace_copy_in(&as, buffer, USER_HIGH - 1, 2), UKERN_EFAULT);
    assert_int_equal(aspace_copy_in(&as, buffer, UINT64_MAX, 2), UKERN_EFAULT);
    assert_int_equal(aspace_copy_in(&as, buffer, UINT64_MAX, PAGE_SIZE), UKERN_EFAULT);
    assert_int_equal(buffer[0], 2);
    assert_int_equal(aspace_copy_in(&as, buffer, USER_HIGH - 1, 1), UKERN_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad);
         i++) { /* no length: the address is ignored */
        assert_int_equal(aspace_copy_out(&as, bad[i], buffer, 0), UKERN_OK);
        assert_int_equal(aspace_copy_in(&as, buffer, bad[i], 0), UKERN_OK);
    }
    shm_drop(s);
    finish();
}

static const struct CMUnitTest tests[] = {
    UNIT(test_copy),
    UNIT(test_copy_faults),
};

UNIT_MAIN(tests)
