/* SPDX-License-Identifier: BSD-2-Clause */
/* libukern/board/virt/ranges.c: lists of memory ranges, against a map of bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../libukern/board/virt/devicetree.h"

enum { SPAN = 64, ROUNDS = 20000 };

static void check_sorted(const struct range_list *l)
{
    for (unsigned i = 0; i < l->count; i++) {
        assert_true(l->range[i].start < l->range[i].end);
        /* There is a gap between two: else they were one. */
        assert_true(!i || l->range[i - 1].end < l->range[i].start);
    }
}

static bool model_overlaps(const bool *map, unsigned start, unsigned end)
{
    for (unsigned i = start; i < end; i++) {
        if (map[i])
            return true;
    }
    return false;
}

/* The free parts of [0, SPAN), put together, are what the map says. */
static void check_free(const struct range_list *l, const bool *map)
{
    bool free[SPAN] = {false};
    paddr_t start = 0, end;

    while ((end = range_free_part(l, &start, SPAN))) {
        assert_true(start < end && end <= SPAN);
        for (; start < end; start++) {
            assert_false(free[start]);
            free[start] = true;
        }
    }
    for (unsigned i = 0; i < SPAN; i++)
        assert_int_equal(free[i], !map[i]);
}

static void test_model(void **state)
{
    (void)state;
    srand(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct range_list l = {.count = 0};
        bool map[SPAN] = {false};
        for (unsigned n = (unsigned)rand() % 12; n; n--) {
            unsigned start = (unsigned)rand() % SPAN, end = start + (unsigned)rand() % 9;
            end = end > SPAN ? SPAN : end;
            assert_true(range_add(&l, start, end));
            for (unsigned i = start; i < end; i++)
                map[i] = true;
        }
        check_sorted(&l);
        check_free(&l, map);
        unsigned a = (unsigned)rand() % SPAN, b = (unsigned)rand() % (SPAN + 1);
        if (a < b)
            assert_int_equal(range_overlaps(&l, a, b), model_overlaps(map, a, b));
    }
}

static void test_full(void **state)
{
    struct range_list l = {.count = 0};

    (void)state;
    for (uint64_t i = 0; i < RANGES_MAX; i++)
        assert_true(range_add(&l, i * 16, i * 16 + 8));
    assert_false(range_add(&l, 1000000, 1000001)); /* one too many: nothing changes */
    assert_int_equal(l.count, RANGES_MAX);
    assert_true(range_add(&l, 8, 16)); /* joins two */
    assert_int_equal(l.count, RANGES_MAX - 1);
    assert_true(range_add(&l, 0, UINT64_MAX)); /* swallows all */
    assert_int_equal(l.count, 1);
    assert_true(range_overlaps(&l, UINT64_MAX - 1, UINT64_MAX));
}

static void test_empty(void **state)
{
    struct range_list l = {.count = 0};
    paddr_t start = 5;

    (void)state;
    assert_true(range_add(&l, 7, 7));
    assert_true(range_add(&l, 9, 3)); /* upside down: nothing */
    assert_int_equal(l.count, 0);
    assert_int_equal(range_free_part(&l, &start, 9), 9);
    assert_int_equal(start, 5);
    start = 9;
    assert_int_equal(range_free_part(&l, &start, 9), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_empty),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}
