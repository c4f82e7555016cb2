/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What the unit tests of the core share. Each runs on one simulated machine (arch/sim); after each
 *  test the free frames, the objects and what is charged must be what they were before it.
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "frame.h"
#include "sim.h"
#include "slab.h"

#define UNIT_RAM  (UINT64_C(64) << 20) /* bytes of the machine */
#define UNIT_BOOT (UINT64_C(4) << 20)  /* of these, not the allocator's */

int unit_before(void **state);
int unit_after(void **state);

/* A test that leaves nothing behind. */
#define UNIT(f) cmocka_unit_test_setup_teardown(f, unit_before, unit_after)

/* Run them on a new machine, with TAP output; main() returns the result. */
#define UNIT_MAIN(tests)                                                                           \
    int main(void)                                                                                 \
    {                                                                                              \
        unit_machine();                                                                            \
        return cmocka_run_group_tests(tests, NULL, NULL);                                          \
    }
void unit_machine(void);
/* What is there now is what must be there after the test. */
void unit_rebase(void);

/* The same sequence in each test. */
uint64_t unit_random(void);
/* 0 to n - 1. */
uint64_t unit_below(uint64_t n);

/* The text of the panic that f(arg) ends with; "" if it returns. */
const char *unit_panic(void (*f)(void *), void *arg);
#define assert_panics(f, arg, text)                                                                \
    do {                                                                                           \
        if (!strstr(unit_panic((f), (arg)), (text)))                                               \
            fail_msg("%s did not panic with \"%s\"", #f, (text));                                  \
    } while (0)

#endif
