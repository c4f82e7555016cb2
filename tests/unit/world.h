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

static struct {
    uint64_t frames, objects, used;
} world_base;

static inline int world_before(void **state)
{
    unit_before(state);
    world_base.frames = frame_free_count();
    world_base.objects = slab_count() - (world_init->ghost != NULL);
    world_base.used = world_init->account->used;
    return 0;
}

/* Nothing may be left behind but page tables of init, and its ghost. */
static inline int world_after(void **state)
{
    (void)state;
    frame_fail_after = 0;
    world_end();
    world_check();
    uint64_t grown = (world_init->account->used - world_base.used) >> PAGE_SHIFT;
    if (frame_free_count() + grown >= world_base.frames &&
        slab_count() - (world_init->ghost != NULL) == world_base.objects)
        return 0;
    print_error("left behind: %ld frames, %ld objects; init has grown by %ld pages\n",
                (long)(world_base.frames - frame_free_count()),
                (long)(slab_count() - (world_init->ghost != NULL) - world_base.objects),
                (long)grown);
    return -1;
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
