/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Unit tests that need a whole kernel: each runs in the world of tests/sim/harness.h, which is
 *  emptied and checked after it.
 */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include <string.h>
#include "unit.h"
#include "../sim/check.h"
#include "../sim/harness.h"

static inline int world_before(void **state)
{
    return unit_before(state);
}

static inline int world_after(void **state)
{
    world_end();
    world_check();
    return unit_after(state);
}

#define WORLD(f) cmocka_unit_test_setup_teardown(f, world_before, world_after)

#define WORLD_MAIN(tests)                                                                          \
    int main(void)                                                                                 \
    {                                                                                              \
        unit_machine();                                                                            \
        world_start();                                                                             \
        return cmocka_run_group_tests(tests, NULL, NULL);                                          \
    }

#endif
