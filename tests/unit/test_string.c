/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's memory and string functions, under other names, against the host's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define memcpy  kernel_memcpy
#define memmove kernel_memmove
#define memset  kernel_memset
#define memcmp  kernel_memcmp
#define strlen  kernel_strlen
#define strcmp  kernel_strcmp
void *kernel_memcpy(void *restrict to, const void *restrict from, size_t n);
void *kernel_memmove(void *to, const void *from, size_t n);
void *kernel_memset(void *to, int c, size_t n);
int kernel_memcmp(const void *a, const void *b, size_t n);
size_t kernel_strlen(const char *s);
int kernel_strcmp(const char *a, const char *b);
#include "../../libukern/core/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp

enum { SIZE = 700 };
static unsigned char a[SIZE], b[SIZE], wanted[SIZE];

static void fill(void)
{
    for (unsigned i = 0; i < SIZE; i++)
        a[i] = wanted[i] = (unsigned char)rand();
}

/* Every length up to a few blocks, at every alignment. */
static void test_copy(void **state)
{
    (void)state;
    for (size_t n = 0; n < 300; n++) {
        for (size_t shift = 0; shift < 17; shift++) {
            fill();
            memset(b, 0xee, SIZE);
            assert_ptr_equal(kernel_memcpy(b + 16 - shift / 2, a + shift, n), b + 16 - shift / 2);
            assert_memory_equal(b + 16 - shift / 2, a + shift, n);
            assert_int_equal(b[15 - shift / 2], 0xee);
            assert_int_equal(b[16 - shift / 2 + n], 0xee);
        }
    }
}

static void test_overlap(void **state)
{
    (void)state;
    for (size_t n = 0; n < 300; n += n < 64 ? 1 : 7) {
        for (int distance = -150; distance <= 150; distance++) {
            fill();
            memmove(wanted + 200 + distance, wanted + 200, n);
            assert_ptr_equal(kernel_memmove(a + 200 + distance, a + 200, n), a + 200 + distance);
            assert_memory_equal(a, wanted, SIZE);
        }
    }
}

static void test_set(void **state)
{
    (void)state;
    for (size_t n = 0; n < 300; n++) {
        for (size_t shift = 0; shift < 9; shift++) {
            fill();
            memset(wanted + shift, 0x1a5, n);
            assert_ptr_equal(kernel_memset(a + shift, 0x1a5, n), a + shift);
            assert_memory_equal(a, wanted, SIZE);
        }
    }
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void test_compare(void **state)
{
    (void)state;
    for (size_t n = 0; n < 100; n++) {
        fill();
        assert_int_equal(kernel_memcmp(a, wanted, n), 0);
        if (!n)
            continue;
        size_t at = (size_t)rand() % n;
        a[at] ^= 0x80;
        assert_int_equal(sign(kernel_memcmp(a, wanted, n)), sign(memcmp(a, wanted, n)));
        assert_int_equal(kernel_memcmp(a, wanted, at), 0);
    }
}

static void test_text(void **state)
{
    static const char *const texts[] = {"", "a", "ab", "abc", "b", "\xff", "a\xff", "abcdefgh"};
    enum { N = sizeof(texts) / sizeof(texts[0]) };

    (void)state;
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(kernel_strlen(texts[i]), strlen(texts[i]));
        for (unsigned j = 0; j < N; j++)
            assert_int_equal(sign(kernel_strcmp(texts[i], texts[j])),
                             sign(strcmp(texts[i], texts[j])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),    cmocka_unit_test(test_overlap), cmocka_unit_test(test_set),
        cmocka_unit_test(test_compare), cmocka_unit_test(test_text),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("string", tests, NULL, NULL);
}
