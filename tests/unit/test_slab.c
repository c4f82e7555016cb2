/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "unit.h"

static const size_t classes[] = {32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1344, 2048};
#define CLASSES (sizeof(classes) / sizeof(*classes))

static bool is_zero(const void *p, size_t n)
{
    const char *c = p;
    while (n > 0 && *c == 0)
        c++, n--;
    return n == 0;
}

static void test_class_sizes(void **state)
{
    (void)state;
    for (size_t size = 0, i = 0; size <= SLAB_MAX; size++) {
        if (size > classes[i])
            i++;
        assert_int_equal(slab_class_size(size), classes[i]);
    }
}

static void test_charge_count_and_alignment(void **state)
{
    (void)state;
    for (size_t i = 0; i < CLASSES; i++) {
        uint64_t objects = slab_count();
        size_t size = classes[i] - 7;
        void *p = slab_alloc(&account_root, size);
        assert_non_null(p);
        assert_int_equal(account_root.used, classes[i]);
        assert_int_equal(slab_count(), objects + 1);
        assert_int_equal((uintptr_t)p % 32, 0);
        if (classes[i] % 64 == 0)
            assert_int_equal((uintptr_t)p % 64, 0);
        slab_free(&account_root, p, size);
        assert_int_equal(account_root.used, 0);
    }
}

/* Objects that come again are zero, whatever their last user and the frame's last user wrote. */
static void test_zeroed(void **state)
{
    (void)state;
    enum { N = 300 };
    void *p[N];
    for (size_t i = 0; i < CLASSES; i++) {
        for (int round = 0; round < 3; round++) {
            for (int j = 0; j < N; j++) {
                p[j] = slab_alloc(&account_root, classes[i]);
                assert_true(p[j] && is_zero(p[j], classes[i]));
                memset(p[j], 0xee, classes[i]);
            }
            for (int j = 0; j < N; j++)
                slab_free(&account_root, p[(j * 7) % N], classes[i]);
        }
    }
}

static void test_frames_come_and_go(void **state)
{
    (void)state;
    static void *p[2000];
    uint64_t before = frame_free_count();
    for (size_t i = 0; i < CLASSES; i++) {
        uint64_t most = 0;
        size_t n = 0;
        /* Fill exactly 8 slabs. */
        unsigned order = classes[i] == 2048 ? 2 : 0;
        size_t each = ((PAGE_SIZE << order) - 64) / classes[i];
        for (; n < each * 8; n++)
            p[n] = slab_alloc(&account_root, classes[i]);
        most = before - frame_free_count();
        assert_int_equal(most, UINT64_C(8) << order);
        while (n > 0) {
            n--;
            slab_free(&account_root, p[n], classes[i]);
            size_t slabs = (n + each - 1) / each;
            assert_int_equal(before - frame_free_count(), slabs << order);
        }
    }
}

static void test_quota(void **state)
{
    (void)state;
    struct account *a = account_create(&account_root, 100);
    uint64_t objects = slab_count();
    assert_null(slab_alloc(a, 97));
    void *p = slab_alloc(a, 64), *q = slab_alloc(a, 1);
    assert_true(p && q);
    assert_int_equal(a->used, 96);
    assert_null(slab_alloc(a, 1));
    assert_int_equal(slab_count(), objects + 2);
    slab_free(a, p, 64);
    slab_free(a, q, 1);
    assert_int_equal(a->used, 0);
    account_close(a);
}

static void test_no_frame(void **state)
{
    (void)state;
    frame_fail_after = 1;
    assert_null(slab_alloc(&account_root, 512));
    assert_int_equal(account_root.used, 0);
    void *p = slab_alloc(&account_root, 512); /* the failure came once */
    frame_fail_after = 1;
    void *q = slab_alloc(&account_root, 512); /* needs no frame */
    assert_true(p && q);
    assert_int_equal(frame_fail_after, 1);
    frame_fail_after = 0;
    slab_free(&account_root, p, 512);
    slab_free(&account_root, q, 512);
}

static void test_free_nothing(void **state)
{
    (void)state;
    slab_free(&account_root, NULL, 64);
    assert_int_equal(account_root.used, 0);
}

/* Each object is filled with its own byte and must keep it until it is freed. */
static void test_random_against_model(void **state)
{
    (void)state;
    enum { SLOTS = 1500, STEPS = 150000 };
    static struct {
        unsigned char *p;
        size_t size;
        unsigned char byte;
    } slot[SLOTS];
    uint64_t used = 0, live = 0, objects = slab_count();
    memset(slot, 0, sizeof(slot));
    for (int step = 0; step < STEPS + SLOTS; step++) {
        size_t i = step < STEPS ? unit_below(SLOTS) : (size_t)(step - STEPS);
        if (slot[i].p) {
            for (size_t j = 0; j < slot[i].size; j++)
                assert_int_equal(slot[i].p[j], slot[i].byte);
            slab_free(&account_root, slot[i].p, slot[i].size);
            used -= slab_class_size(slot[i].size);
            live--;
            slot[i].p = NULL;
        } else if (step < STEPS) {
            slot[i].size = unit_below(SLAB_MAX) + 1;
            slot[i].byte = (unsigned char)unit_random();
            frame_fail_after = unit_below(8) ? 0 : 1;
            slot[i].p = slab_alloc(&account_root, slot[i].size);
            frame_fail_after = 0;
            if (slot[i].p) {
                assert_true(is_zero(slot[i].p, slot[i].size));
                memset(slot[i].p, slot[i].byte, slot[i].size);
                used += slab_class_size(slot[i].size);
                live++;
            }
        }
        assert_int_equal(account_root.used, used);
        assert_int_equal(slab_count(), objects + live);
    }
}

static void alloc_too_large(void *arg)
{
    *(void **)arg = slab_alloc(&account_root, SLAB_MAX + 1);
}

static void free_middle(void *arg)
{
    slab_release((char *)arg + 8, 64);
}

static void free_header(void *arg)
{
    slab_release((char *)arg - ((uintptr_t)arg & (PAGE_SIZE - 1)), 64);
}

static void free_never_given(void *arg)
{
    slab_release((char *)arg + 5 * 64, 64);
}

static void free_again(void *arg)
{
    slab_release(arg, 64);
}

static void test_misuse_panics(void **state)
{
    (void)state;
    void *none;
    assert_panics(alloc_too_large, &none, "slab.c");
    void *p = slab_alloc(&account_root, 64), *q = slab_alloc(&account_root, 64);
    assert_panics(free_middle, p, "slab.c");
    assert_panics(free_header, p, "slab.c");
    assert_panics(free_never_given, q, "slab.c");
    slab_free(&account_root, p, 64);
    assert_panics(free_again, p, "slab.c");
    slab_free(&account_root, q, 64);
}

static const struct CMUnitTest tests[] = {
    UNIT(test_class_sizes),   UNIT(test_charge_count_and_alignment),
    UNIT(test_zeroed),        UNIT(test_frames_come_and_go),
    UNIT(test_quota),         UNIT(test_no_frame),
    UNIT(test_free_nothing),  UNIT(test_random_against_model),
    UNIT(test_misuse_panics),
};

UNIT_MAIN(tests)
