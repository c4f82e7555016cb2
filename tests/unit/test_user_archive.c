/* SPDX-License-Identifier: BSD-2-Clause */
/* libuser/archive.c: what is right, and archives that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ukern/abi/errors.h>
#include <ukern/archive.h>

#define REGULAR   0100644
#define DIRECTORY 040755

static char image[4096];
static size_t used;

static void pad(void)
{
    while (used % 4)
        image[used++] = 0;
}

static void add_sized(unsigned mode, const char *name, size_t name_size, const void *data,
                      size_t size)
{
    used += (size_t)sprintf(image + used,
                            "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zx%08X", 1u,
                            mode, 0u, 0u, 1u, 0u, size, 0u, 0u, 0u, 0u, name_size, 0u);
    memcpy(image + used, name, name_size);
    used += name_size;
    pad();
    memcpy(image + used, data, size);
    used += size;
    pad();
}

static void add(unsigned mode, const char *name, const char *data)
{
    add_sized(mode, name, strlen(name) + 1, data, strlen(data));
}

static int begin(void **state)
{
    (void)state;
    memset(image, 0, sizeof(image));
    used = 0;
    return 0;
}

/* Walk a copy whose end is watched by the address sanitizer. Files seen, or the error. */
static int walk(const char *archive, size_t size)
{
    char *exact = malloc(size ? size : 1);
    struct archive_file file;
    size_t cursor = 0;
    int status, files = 0;

    memcpy(exact, archive, size);
    while ((status = archive_next(exact, size, &cursor, &file)) == 1) {
        volatile char sum = 0;

        for (size_t i = 0; i < file.size; i++)
            sum += ((const char *)file.data)[i];
        assert_true(strlen(file.name) < size);
        assert_ptr_equal(file.data, exact + file.offset);
        files++;
    }
    free(exact);
    return status < 0 ? status : files;
}

static void test_files(void **state)
{
    struct archive_file file;
    size_t cursor = 0;

    (void)state;
    add(DIRECTORY, ".", "");
    add(REGULAR, "./init", "abcde");
    add(REGULAR, "doc/README.md", "");
    add(0, "TRAILER!!!", "");
    used += 512;
    assert_int_equal(archive_next(image, used, &cursor, &file), 1);
    assert_string_equal(file.name, "init");
    assert_int_equal(file.size, 5);
    assert_memory_equal(file.data, "abcde", 5);
    assert_int_equal(archive_next(image, used, &cursor, &file), 1);
    assert_string_equal(file.name, "doc/README.md");
    assert_int_equal(file.size, 0);
    assert_int_equal(archive_next(image, used, &cursor, &file), 0);
    assert_int_equal(archive_next(image, used, &cursor, &file), 0);
}

static void test_find(void **state)
{
    struct archive_file file;

    (void)state;
    add(DIRECTORY, "sub", "");
    add(REGULAR, "one", "first");
    add(REGULAR, "one", "second");
    add(0, "TRAILER!!!", "");
    assert_int_equal(archive_find(image, used, "/one", &file), UKERN_OK);
    assert_memory_equal(file.data, "first", 5);
    assert_int_equal(archive_find(image, used, "./one", &file), UKERN_OK);
    assert_int_equal(archive_find(image, used, "sub", &file), UKERN_ENOENT);
    assert_int_equal(archive_find(image, used, "on", &file), UKERN_ENOENT);
    assert_int_equal(archive_find(image, used, "", &file), UKERN_ENOENT);
}

static void test_no_trailer(void **state)
{
    (void)state;
    add(REGULAR, "a", "xyz");
    assert_int_equal(walk(image, used), 1);
    assert_int_equal(walk(image, used - 1), 1); /* only the padding is missing */
    assert_int_equal(walk(image, used - 2), UKERN_EINVAL);
    assert_int_equal(walk(image, 0), 0);
}

static void test_bad_fields(void **state)
{
    static const struct {
        size_t at;
        const char *text;
    } lies[] = {
        {0, "070707"},    {54, "ffffffff"}, {54, "0000000g"}, {94, "ffffffff"},
        {94, "00000000"}, {94, "00000003"}, {94, " 0000002"}, {14, "-0000001"},
    };
    char copy[sizeof(image)];

    (void)state;
    add(REGULAR, "ab", "data");
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        memcpy(copy, image, used);
        memcpy(copy + lies[i].at, lies[i].text, strlen(lies[i].text));
        if (i == 5) { /* a name that runs to its true NUL is right */
            assert_int_equal(walk(copy, used), 1);
            continue;
        }
        assert_int_equal(walk(copy, used), UKERN_EINVAL);
    }
    add_sized(REGULAR, "xyz", 3, "", 0); /* no NUL */
    assert_int_equal(walk(image, used), UKERN_EINVAL);
}

static void test_every_cut(void **state)
{
    (void)state;
    add(REGULAR, "first", "some data");
    add(REGULAR, "second", "some more data");
    for (size_t n = 0; n < used; n++)
        walk(image, n);
}

static void test_every_flip(void **state)
{
    (void)state;
    add(REGULAR, "first", "some data");
    add(REGULAR, "second", "some more data");
    add(0, "TRAILER!!!", "");
    for (size_t i = 0; i < used; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            image[i] ^= (char)(1u << bit);
            walk(image, used);
            image[i] ^= (char)(1u << bit);
        }
    }
}

static void test_bad_cursor(void **state)
{
    struct archive_file file;
    size_t cursor = used + 1;

    (void)state;
    assert_int_equal(archive_next(image, used, &cursor, &file), UKERN_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_files, begin),
        cmocka_unit_test_setup(test_find, begin),
        cmocka_unit_test_setup(test_no_trailer, begin),
        cmocka_unit_test_setup(test_bad_fields, begin),
        cmocka_unit_test_setup(test_every_cut, begin),
        cmocka_unit_test_setup(test_every_flip, begin),
        cmocka_unit_test_setup(test_bad_cursor, begin),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
