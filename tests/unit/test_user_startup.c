/* SPDX-License-Identifier: BSD-2-Clause */
/* libuser/startup.c: what a spawner builds a task finds, and no block does harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ukern/task.h>
#include "../../libuser/startup.h"

static char block[UKERN_ARGS_MAX];

/* A block as task_spawn() makes it. */
static size_t build(void)
{
    struct startup_builder b;

    startup_begin(&b, block, sizeof(block), 5, 20);
    assert_int_equal(startup_argument(&b, "cat"), UKERN_OK);
    assert_int_equal(startup_argument(&b, ""), UKERN_OK);
    assert_int_equal(startup_argument(&b, "a file"), UKERN_OK);
    assert_int_equal(startup_handle(&b, "pipe", 16), UKERN_OK);
    assert_int_equal(startup_handle(&b, "archive", 0), UKERN_OK);
    assert_int_equal(startup_handle(&b, "x", 4294967295u), UKERN_OK);
    assert_int_equal(startup_bootargs(&b, "quiet test=1"), UKERN_OK);
    return b.used;
}

/* Parse a copy whose end is watched by the address sanitizer, and touch all that it says is there.
 */
static int parse(const void *from, size_t size)
{
    char *exact = malloc(size ? size : 1);
    struct startup s;
    const char *at;
    int status;

    memcpy(exact, from, size);
    status = startup_parse(exact, size, &s);
    at = s.arguments;
    for (uint32_t i = 0; i < s.argc; i++)
        at += strlen(at) + 1;
    assert_true(status != UKERN_OK || at == s.names);
    startup_find(&s, "pipe");
    startup_find(&s, "");
    assert_true(strlen(s.bootargs) <= size);
    free(exact);
    return status;
}

static void test_round_trip(void **state)
{
    size_t size = build();
    struct startup s;

    (void)state;
    assert_int_equal(startup_parse(block, size, &s), UKERN_OK);
    assert_int_equal(s.argc, 3);
    assert_int_equal(s.fds, 5);
    assert_int_equal(s.priority, 20);
    assert_string_equal(s.arguments, "cat");
    assert_string_equal(s.arguments + 4, "");
    assert_string_equal(s.arguments + 5, "a file");
    assert_string_equal(s.bootargs, "quiet test=1");
    assert_int_equal(startup_find(&s, "pipe"), 16);
    assert_int_equal(startup_find(&s, "archive"), 0);
    assert_int_equal(startup_find(&s, "x"), UKERN_ENOENT); /* no handle is so large */
    assert_int_equal(startup_find(&s, "pip"), UKERN_ENOENT);
    assert_int_equal(startup_find(&s, "pipe=16"), UKERN_ENOENT);
    assert_int_equal(startup_find(&s, ""), UKERN_ENOENT);
}

static void test_boot_arguments_alone(void **state)
{
    struct startup s;

    (void)state;
    assert_int_equal(startup_parse("console=none and some more words", 33, &s), UKERN_ENOENT);
    assert_int_equal(startup_parse("", 1, &s), UKERN_ENOENT);
    assert_int_equal(startup_parse(NULL, 0, &s), UKERN_ENOENT);
    assert_int_equal(s.argc, 0);
    assert_string_equal(s.bootargs, "");
    assert_int_equal(startup_find(&s, "system"), UKERN_ENOENT);
}

static void test_overflow(void **state)
{
    char small[sizeof(struct startup_header) + 8], word[] = "1234567";
    struct startup_builder b;
    struct startup s;

    (void)state;
    startup_begin(&b, small, sizeof(small), 0, 0);
    assert_int_equal(startup_argument(&b, "12345678"), UKERN_EOVERFLOW);
    assert_int_equal(startup_handle(&b, "1234", 100), UKERN_EOVERFLOW); /* nothing of it stays */
    assert_int_equal(b.used, sizeof(struct startup_header));
    assert_int_equal(startup_argument(&b, word), UKERN_OK);
    assert_int_equal(startup_bootargs(&b, ""), UKERN_EOVERFLOW);
    assert_int_equal(startup_parse(small, b.used, &s), UKERN_EINVAL); /* not finished */
}

static void test_lies(void **state)
{
    size_t size = build();
    struct startup_header h;
    struct startup s;

    (void)state;
    memcpy(&h, block, sizeof(h));
    h.argc = SPAWN_ARGS_MAX + 1;
    memcpy(block, &h, sizeof(h));
    assert_int_equal(parse(block, size), UKERN_EINVAL);
    h.argc = 3;
    h.handles = UINT32_MAX;
    memcpy(block, &h, sizeof(h));
    assert_int_equal(parse(block, size), UKERN_EINVAL);
    h.handles = 4; /* takes the boot arguments for a name */
    memcpy(block, &h, sizeof(h));
    assert_int_equal(parse(block, size), UKERN_EINVAL);
    size = build();
    block[size - 1] = 'x'; /* no end */
    assert_int_equal(startup_parse(block, size, &s), UKERN_EINVAL);
}

static void test_every_cut_and_flip(void **state)
{
    size_t size = build();

    (void)state;
    for (size_t n = 0; n < size; n++)
        assert_int_not_equal(parse(block, n), UKERN_OK);
    for (size_t i = 0; i < size * 8; i++) {
        block[i / 8] ^= (char)(1u << i % 8);
        parse(block, size);
        block[i / 8] ^= (char)(1u << i % 8);
    }
    assert_int_equal(parse(block, size), UKERN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),         cmocka_unit_test(test_boot_arguments_alone),
        cmocka_unit_test(test_overflow),           cmocka_unit_test(test_lies),
        cmocka_unit_test(test_every_cut_and_flip),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
