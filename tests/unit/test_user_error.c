/* SPDX-License-Identifier: BSD-2-Clause */
/* libuser/error.c: names, sentences, errno. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <ukern/error.h>

static void test_every_error(void **state)
{
    (void)state;
#define UKERN_ERROR(name, number, giver, text)                                                     \
    assert_string_equal(ukern_error_name(-(number)), "UKERN_" #name);                              \
    assert_string_equal(ukern_strerror(UKERN_##name), text);                                       \
    assert_int_not_equal(ukern_errno(UKERN_##name), 0);
#include <ukern/abi/errors.def>
#undef UKERN_ERROR
}

static void test_any_number(void **state)
{
    static const int numbers[] = {-25, -1000, INT_MIN};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal(ukern_error_name(numbers[i]), "unknown error");
        assert_true(strlen(ukern_strerror(numbers[i])) > 0);
        assert_int_equal(ukern_errno(numbers[i]), EIO);
    }
    assert_string_equal(ukern_error_name(0), "UKERN_OK");
    assert_string_equal(ukern_error_name(INT_MAX), "UKERN_OK");
    assert_int_equal(ukern_errno(5), 0);
    assert_int_equal(ukern_errno(UKERN_EPIPE), EPIPE);
    assert_int_equal(ukern_errno(UKERN_EHANDLE), EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_error),
        cmocka_unit_test(test_any_number),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
