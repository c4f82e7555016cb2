/* SPDX-License-Identifier: BSD-2-Clause */
/* The lookup of ukern/abi/symtab.h: right answers, and no step outside a table of any content. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ukern/abi/symtab.h>

#define BASE    UINT64_C(0xffffffc000000000)
#define STRINGS "first\0second\0a.c\0dir/b.c"

/* Two functions with a gap between them; the second has no line from offset 0x30 on. */
static const uint32_t words[] = {
    UKERN_SYMTAB_MAGIC,
    2,
    3,
    2,
    sizeof(STRINGS),
    (uint32_t)BASE,
    (uint32_t)(BASE >> 32),
    /* functions */
    0,
    0x10,
    0,
    0x20,
    0x20,
    6,
    /* lines */
    0,
    0 << 20 | 10,
    0x20,
    1 << 20 | 77,
    0x30,
    0,
    /* files */
    13,
    17,
};
#define TABLE_SIZE (sizeof(words) + sizeof(STRINGS))

/* A copy that ends where the table does, so that ASan sees a read beyond it; at an odd address. */
static unsigned char *table(unsigned char **block, size_t size)
{
    unsigned char all[TABLE_SIZE];

    memcpy(all, words, sizeof(words));
    memcpy(all + sizeof(words), STRINGS, sizeof(STRINGS));
    *block = malloc(size + 1);
    memcpy(*block + 1, all, size);
    return *block + 1;
}

static void finds_function_file_and_line(void **state)
{
    unsigned char *block, *t = table(&block, TABLE_SIZE);
    struct ukern_symbol s;

    (void)state;
    assert_true(ukern_symtab_find(t, TABLE_SIZE, BASE + 0xc, &s));
    assert_string_equal(s.function, "first");
    assert_string_equal(s.file, "a.c");
    assert_int_equal(s.line, 10);
    assert_int_equal(s.offset, 0xc);
    assert_true(ukern_symtab_find(t, TABLE_SIZE, BASE + 0x24, &s));
    assert_string_equal(s.function, "second");
    assert_string_equal(s.file, "dir/b.c");
    assert_int_equal(s.line, 77);
    assert_int_equal(s.offset, 4);
    free(block);
}

static void knows_what_it_does_not_know(void **state)
{
    unsigned char *block, *t = table(&block, TABLE_SIZE);
    struct ukern_symbol s = {.function = "untouched"};

    (void)state;
    assert_true(ukern_symtab_find(t, TABLE_SIZE, BASE + 0x34, &s));
    assert_null(s.file);
    assert_int_equal(s.line, 0);
    s.function = "untouched";
    assert_false(ukern_symtab_find(t, TABLE_SIZE, BASE + 0x10, &s)); /* between the two */
    assert_false(ukern_symtab_find(t, TABLE_SIZE, BASE + 0x40, &s));
    assert_false(ukern_symtab_find(t, TABLE_SIZE, BASE - 1, &s));
    assert_false(ukern_symtab_find(t, TABLE_SIZE, 0, &s));
    assert_false(ukern_symtab_find(t, TABLE_SIZE, UINT64_MAX, &s));
    assert_string_equal(s.function, "untouched");
    free(block);
}

static void refuses_every_truncated_table(void **state)
{
    struct ukern_symbol s;

    (void)state;
    assert_false(ukern_symtab_find(NULL, 100, BASE, &s));
    for (size_t size = 0; size < TABLE_SIZE; size++) {
        unsigned char *block, *t = table(&block, size);

        assert_false(ukern_symtab_find(t, size, BASE, &s));
        free(block);
    }
}

/* Whatever stands in a table, the lookup reads inside it and its names end there. */
static void survives_any_content(void **state)
{
    static const uint32_t extreme[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
    struct ukern_symbol s;
    unsigned found = 0;

    (void)state;
    srand(1);
    for (unsigned round = 0; round < 100000; round++) {
        unsigned char *block, *t = table(&block, TABLE_SIZE);

        for (unsigned i = 0; i < 1 + round % 3; i++) {
            size_t at = 4 * ((size_t)rand() % (sizeof(words) / 4));

            if (rand() % 2)
                memcpy(t + at, &extreme[(size_t)rand() % 7], 4);
            else
                t[(size_t)rand() % TABLE_SIZE] = (unsigned char)rand();
        }
        if (ukern_symtab_find(t, TABLE_SIZE, BASE + (uint64_t)(rand() % 0x48), &s)) {
            found++;
            assert_in_range(strlen(s.function), 0, TABLE_SIZE);
            if (s.file)
                assert_in_range(strlen(s.file), 0, TABLE_SIZE);
        }
        free(block);
    }
    assert_in_range(found, 10000, 99000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_function_file_and_line),
        cmocka_unit_test(knows_what_it_does_not_know),
        cmocka_unit_test(refuses_every_truncated_table),
        cmocka_unit_test(survives_any_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
