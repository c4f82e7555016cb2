/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "unit.h"

static const size_t sizes[] = {1, 64, 65, 128, 192, 256, 300, 512, 768, 1024, 1344, 2000, 2048};
#define SIZES (sizeof(sizes) / sizeof(*sizes))

static size_t taken_by(size_t size)
{
    return (size + SLAB_UNIT - 1) / SLAB_UNIT * SLAB_UNIT;
}

static bool is_zero(const void *p, size_t n)
{
    const char *c = p;
    while (n > 0 && *c == 0)
        c++, n--;
    return n == 0;
}

static void test_charge_count_and_alignment(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        uint64_t objects = slab_count(), taken;
        void *p = slab_alloc(&account_root, sizes[i]);
        assert_non_null(p);
        assert_int_equal(account_root.used, PAGE_SIZE);
        assert_int_equal(slab_frames(&account_root, &taken), 1);
        assert_int_equal(taken, taken_by(sizes[i]));
        assert_int_equal(slab_count(), objects + 1);
        assert_int_equal((uintptr_t)p % SLAB_UNIT, 0);
        slab_free(&account_root, p, sizes[i]);
        assert_int_equal(account_root.used, 0);
    }
}

/* Objects that come again are zero, whatever their last user and the frame's last user wrote. */
static void test_zeroed(void **state)
{
    (void)state;
    enum { N = 300 };
    void *p[N];
    for (size_t i = 0; i < SIZES; i++) {
        for (int round = 0; round < 3; round++) {
            for (int j = 0; j < N; j++) {
                p[j] = slab_alloc(&account_root, sizes[i]);
                assert_true(p[j] && is_zero(p[j], taken_by(sizes[i])));
                memset(p[j], 0xee, taken_by(sizes[i]));
            }
            for (int j = 0; j < N; j++)
                slab_free(&account_root, p[(j * 7) % N], sizes[i]);
        }
    }
}

static void test_frames_come_and_go(void **state)
{
    (void)state;
    static void *p[8 * 63];
    uint64_t before = frame_free_count();
    for (size_t i = 0; i < SIZES; i++) {
        size_t n = 0, each = 63 / (taken_by(sizes[i]) / SLAB_UNIT);
        for (; n < each * 8; n++)
            p[n] = slab_alloc(&account_root, sizes[i]);
        assert_int_equal(before - frame_free_count(), 8);
        assert_int_equal(account_root.used, 8 * PAGE_SIZE);
        while (n > 0) {
            n--;
            slab_free(&account_root, p[n], sizes[i]);
            assert_int_equal(before - frame_free_count(), (n + each - 1) / each);
        }
    }
}

/* Small objects go where large ones have left room. */
static void test_room_is_used(void **state)
{
    (void)state;
    void *large = slab_alloc(&account_root, 2048), *small[31];
    for (int i = 0; i < 31; i++)
        small[i] = slab_alloc(&account_root, 64);
    assert_int_equal(account_root.used, PAGE_SIZE);
    for (int i = 0; i < 31; i += 2)
        slab_free(&account_root, small[i], 64);
    void *pair = slab_alloc(&account_root, 128); /* there are only single units */
    assert_int_equal(account_root.used, 2 * PAGE_SIZE);
    slab_free(&account_root, pair, 128);
    slab_free(&account_root, small[15], 64);
    pair = slab_alloc(&account_root, 192); /* 14 to 16 */
    assert_int_equal(account_root.used, PAGE_SIZE);
    slab_free(&account_root, pair, 192);
    for (int i = 1; i < 31; i += 2)
        if (i != 15)
            slab_free(&account_root, small[i], 64);
    slab_free(&account_root, large, 2048);
    assert_int_equal(account_root.used, 0);
}

/* Whatever is kept of many objects, the frames behind are all paid for. */
static void test_fragments_are_paid(void **state)
{
    (void)state;
    enum { LIMIT = 100 * PAGE_SIZE };
    static void *p[100 * 63];
    struct account *a = account_create(&account_root, LIMIT), *other;
    uint64_t frames = frame_free_count() + 1;
    size_t n = 0;
    while ((p[n] = slab_alloc(a, 64)))
        n++;
    for (size_t i = 0; i < n; i++)
        if (i % 63)
            slab_free(a, p[i], 64);
    assert_true(a->used > 90 * PAGE_SIZE);
    assert_int_equal((frames - frame_free_count()) * PAGE_SIZE, a->used);
    other = account_create(&account_root, LIMIT);
    void *q = slab_alloc(other, 64); /* nothing of another account's room is given away */
    assert_int_equal((uintptr_t)q / PAGE_SIZE, (uintptr_t)other / PAGE_SIZE);
    slab_free(other, q, 64);
    account_close(other);
    for (size_t i = 0; i < n; i += 63)
        slab_free(a, p[i], 64);
    assert_int_equal(a->used, PAGE_SIZE);
    account_close(a);
    assert_int_equal(account_root.used, 0);
}

static void test_quota(void **state)
{
    (void)state;
    struct account *a = account_create(&account_root, 2 * PAGE_SIZE - 1);
    uint64_t objects = slab_count(), n = 0;
    void *p = NULL, *last = NULL;
    while ((p = slab_alloc(a, 2048)))
        n++, last = p;
    assert_int_equal(n, 1); /* beside the account itself */
    assert_int_equal(a->used, PAGE_SIZE);
    assert_null(slab_alloc(a, 2048));
    assert_int_equal(slab_count(), objects + 1);
    slab_free(a, last, 2048);
    account_close(a);
}

/* The last object of a closed account takes it along, wherever it stands. */
static void test_last_object(void **state)
{
    (void)state;
    for (int far = 0; far < 2; far++) {
        struct account *a = account_create(&account_root, 3 * PAGE_SIZE);
        void *p = slab_alloc(a, 2048), *q = slab_alloc(a, 2048);
        assert_int_equal(a->used, 2 * PAGE_SIZE);
        account_close(a);
        assert_int_equal(account_root.used, 2 * PAGE_SIZE);
        slab_free(a, far ? p : q, 2048);
        assert_int_equal(account_root.used, (far ? 2 : 1) * PAGE_SIZE);
        slab_free(a, far ? q : p, 2048);
        assert_int_equal(account_root.used, 0);
    }
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
    uint64_t bytes = 0, live = 0, objects = slab_count(), taken;
    memset(slot, 0, sizeof(slot));
    for (int step = 0; step < STEPS + SLOTS; step++) {
        size_t i = step < STEPS ? unit_below(SLOTS) : (size_t)(step - STEPS);
        if (slot[i].p) {
            for (size_t j = 0; j < slot[i].size; j++)
                assert_int_equal(slot[i].p[j], slot[i].byte);
            slab_free(&account_root, slot[i].p, slot[i].size);
            bytes -= taken_by(slot[i].size);
            live--;
            slot[i].p = NULL;
        } else if (step < STEPS) {
            slot[i].size = unit_below(unit_below(4) ? 300 : SLAB_MAX) + 1;
            slot[i].byte = (unsigned char)unit_random();
            frame_fail_after = unit_below(8) ? 0 : 1;
            slot[i].p = slab_alloc(&account_root, slot[i].size);
            frame_fail_after = 0;
            if (slot[i].p) {
                assert_true(is_zero(slot[i].p, slot[i].size));
                memset(slot[i].p, slot[i].byte, slot[i].size);
                bytes += taken_by(slot[i].size);
                live++;
            }
        }
        assert_int_equal(slab_count(), objects + live);
        if (step % 64 == 0) {
            assert_int_equal(slab_frames(&account_root, &taken) * PAGE_SIZE, account_root.used);
            assert_int_equal(taken, bytes);
        }
    }
}

static void alloc_too_large(void *arg)
{
    *(void **)arg = slab_alloc(&account_root, SLAB_MAX + 1);
}

static void free_middle(void *arg)
{
    slab_free(&account_root, (char *)arg + 8, 64);
}

static void free_header(void *arg)
{
    slab_free(&account_root, (char *)arg - ((uintptr_t)arg & (PAGE_SIZE - 1)), 64);
}

static void free_never_given(void *arg)
{
    slab_free(&account_root, (char *)arg + 5 * 64, 64);
}

static void free_more(void *arg)
{
    slab_free(&account_root, arg, 3 * 64);
}

static void free_beyond(void *arg)
{
    slab_free(&account_root, (char *)((uintptr_t)arg | (PAGE_SIZE - 64)), 128);
}

static void free_from_other(void *arg)
{
    struct account other = {.limit = PAGE_SIZE};
    slab_free(&other, arg, 64);
}

static void free_again(void *arg)
{
    slab_free(&account_root, arg, 64);
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
    assert_panics(free_more, p, "slab.c");
    assert_panics(free_beyond, p, "slab.c");
    assert_panics(free_from_other, p, "slab.c");
    slab_free(&account_root, p, 64);
    assert_panics(free_again, p, "slab.c");
    slab_free(&account_root, q, 64);
}

static const struct CMUnitTest tests[] = {
    UNIT(test_charge_count_and_alignment),
    UNIT(test_zeroed),
    UNIT(test_frames_come_and_go),
    UNIT(test_room_is_used),
    UNIT(test_fragments_are_paid),
    UNIT(test_quota),
    UNIT(test_last_object),
    UNIT(test_no_frame),
    UNIT(test_free_nothing),
    UNIT(test_random_against_model),
    UNIT(test_misuse_panics),
};

UNIT_MAIN(tests)
