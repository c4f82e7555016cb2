/* SPDX-License-Identifier: BSD-2-Clause */
/* libukern/arch/aarch64/asid.c: each ASID once in a generation, never 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../libukern/arch/aarch64/asid.h"

static void test_first(void **state)
{
    struct asid_pool p;
    bool flush = true;

    (void)state;
    asid_init(&p, 8);
    assert_int_equal(asid_take(&p, &flush), 1);
    assert_false(flush);
    assert_int_equal(asid_take(&p, &flush), 2);
    assert_int_equal(p.generation, 1); /* not 0, which says: has none */
}

/* Several generations: all values but 0, in each exactly once, and one flush where a generation
 * begins. */
static void generations(unsigned bits)
{
    static bool taken[1 << 16];
    struct asid_pool p;
    unsigned n = 1u << bits;

    asid_init(&p, bits);
    for (uint64_t generation = 1; generation <= 3; generation++) {
        for (unsigned i = 0; i < n; i++)
            taken[i] = false;
        for (unsigned i = 1; i < n; i++) {
            bool flush;
            uint32_t asid = asid_take(&p, &flush);
            assert_in_range(asid, 1, n - 1);
            assert_false(taken[asid]);
            taken[asid] = true;
            assert_int_equal(p.generation, generation);
            assert_int_equal(flush, generation > 1 && i == 1);
        }
    }
}

static void test_8_bits(void **state)
{
    (void)state;
    generations(8);
}

static void test_16_bits(void **state)
{
    (void)state;
    generations(16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first),
        cmocka_unit_test(test_8_bits),
        cmocka_unit_test(test_16_bits),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("asid", tests, NULL, NULL);
}
