/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/image.c: The boot archive is hostile. */
#include <stdlib.h>
#include <string.h>
#include "../sim/image.h"
#include "archive.h"
#include "unit.h"

static char bytes[8192];
static struct image made;

static void make(void)
{
    memset(bytes, 0, sizeof bytes);
    made = (struct image){.to = bytes};
    image_add(&made, "one", "1", 1);
    image_add(&made, "empty", "", 0);
    image_add(&made, "./two", "twotwo", 6);
    image_add(&made, "three/four", "34", 2);
    image_end(&made);
}

/* In memory of exactly that size, so that a read beyond is seen. */
static int find(const char *name, size_t size, uint64_t *offset, uint64_t *n)
{
    char *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    int e = archive_find(copy, size, name, offset, n);
    free(copy);
    return e;
}

static void expect(const char *name, const char *text)
{
    uint64_t offset, n;
    assert_int_equal(find(name, made.size, &offset, &n), UKERN_OK);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(bytes + offset, text, n);
}

static void test_find(void **state)
{
    (void)state;
    uint64_t offset, n;
    make();
    expect("one", "1");
    expect("empty", "");
    expect("two", "twotwo");
    expect("three/four", "34");
    assert_int_equal(find("tw", made.size, &offset, &n), UKERN_ENOENT);
    assert_int_equal(find("twoo", made.size, &offset, &n), UKERN_ENOENT);
    assert_int_equal(find("", made.size, &offset, &n), UKERN_ENOENT);
    assert_int_equal(find("TRAILER!!!", made.size, &offset, &n), UKERN_ENOENT);
}

/* Cut off anywhere: found, not there, or malformed, and never a byte beyond the end. */
static void test_truncated(void **state)
{
    (void)state;
    uint64_t offset, n;
    make();
    for (size_t size = 0; size < made.size; size++) {
        int e = find("three/four", size, &offset, &n);
        assert_true(e == UKERN_OK || e == UKERN_ENOENT || e == UKERN_EINVAL);
        if (e == UKERN_OK)
            assert_true(offset <= size && n <= size - offset);
    }
    assert_int_equal(find("one", 100, &offset, &n), UKERN_ENOENT); /* no room for a member */
    assert_int_equal(find("one", 112, &offset, &n), UKERN_EINVAL);
}

static void damage(size_t at, const char *text)
{
    make();
    memcpy(bytes + at, text, strlen(text));
}

static void test_malformed(void **state)
{
    (void)state;
    uint64_t offset, n;
    struct {
        size_t at;
        const char *text;
    } bad[] = {
        {0, "070702"},    /* another format */
        {0, "\xc7\x71"},  /* binary */
        {54, "ffffffff"}, /* larger than the archive */
        {54, "0000100x"}, /* no number */
        {94, "00000000"}, /* no name */
        {94, "ffffffff"}, /* a name beyond the end */
        {94, "00000003"}, /* a name that does not end */
        {54, "7fffffff"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        damage(bad[i].at, bad[i].text);
        assert_int_equal(find("two", made.size, &offset, &n), UKERN_EINVAL);
    }
    damage(54, "00000001"); /* as it was: found */
    assert_int_equal(find("two", made.size, &offset, &n), UKERN_OK);
    damage(54, "0000000A"); /* upper case, too; the next header is not where it should be */
    assert_int_equal(find("two", made.size, &offset, &n), UKERN_EINVAL);
}

static void test_random_damage(void **state)
{
    (void)state;
    uint64_t offset, n;
    for (unsigned round = 0; round < 20000; round++) {
        make();
        for (unsigned k = 0; k <= unit_below(4); k++)
            bytes[unit_below(made.size)] =
                unit_below(2) ? "0123456789abcdefABCDEF"[unit_below(22)] : (char)unit_random();
        if (find("two", made.size, &offset, &n) == UKERN_OK)
            assert_true(offset <= made.size && n <= made.size - offset);
    }
}

static const struct CMUnitTest tests[] = {
    UNIT(test_find),
    UNIT(test_truncated),
    UNIT(test_malformed),
    UNIT(test_random_damage),
};

UNIT_MAIN(tests)
