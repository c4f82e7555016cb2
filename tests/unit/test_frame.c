/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "unit.h"

#define FRAMES     (UNIT_RAM / PAGE_SIZE)
#define FRAME(p)   (((p)-SIM_RAM_BASE) / PAGE_SIZE)
#define FIRST_FREE (SIM_RAM_BASE + UNIT_BOOT)

static uint8_t owned[FRAMES]; /* the model: which frames are handed out */

/* Take a block in the model; it must have been free, inside the RAM and aligned. */
static void take(paddr_t p, unsigned order)
{
    uint64_t size = PAGE_SIZE << order;
    assert_true(p >= SIM_RAM_BASE && p - SIM_RAM_BASE <= UNIT_RAM - size);
    assert_int_equal(p & (size - 1), 0);
    for (uint64_t i = 0; i < size / PAGE_SIZE; i++) {
        assert_int_equal(owned[FRAME(p) + i], 0);
        owned[FRAME(p) + i] = 1;
    }
}

static void give(paddr_t p, unsigned order)
{
    memset(&owned[FRAME(p)], 0, UINT64_C(1) << order);
    frame_free(&account_root, p, order);
}

/* How many blocks of each order can be had, largest first: tells how well free frames are joined.
 */
static void measure(unsigned counts[FRAME_ORDER_MAX + 1])
{
    static struct {
        paddr_t p;
        unsigned order;
    } got[FRAMES];
    size_t n = 0;
    for (int order = FRAME_ORDER_MAX; order >= 0; order--) {
        counts[order] = 0;
        for (paddr_t p; (p = frame_take((unsigned)order)); n++, counts[order]++) {
            got[n].p = p;
            got[n].order = (unsigned)order;
        }
    }
    assert_int_equal(frame_free_count(), 0);
    while (n-- > 0)
        frame_give(got[n].p, got[n].order);
}

static void test_start(void **state)
{
    (void)state;
    uint64_t handed_in = (UNIT_RAM - UNIT_BOOT) / PAGE_SIZE;
    uint64_t own = handed_in - frame_total_count();
    assert_in_range(own, 1, handed_in / 8 / PAGE_SIZE + 2); /* a bit for each frame, and a header */
    assert_int_equal(frame_free_count(), frame_total_count());
    assert_int_equal(account_root.limit, frame_total_count() * PAGE_SIZE);
    assert_int_equal(account_root.used, 0);
}

static void test_every_order(void **state)
{
    (void)state;
    uint64_t before = frame_free_count();
    for (unsigned order = 0; order <= 13; order++) {
        paddr_t p = frame_alloc(&account_root, order);
        assert_int_not_equal(p, 0);
        take(p, order);
        assert_int_equal(account_root.used, PAGE_SIZE << order);
        assert_int_equal(frame_free_count(), before - (UINT64_C(1) << order));
        give(p, order);
        assert_int_equal(account_root.used, 0);
    }
}

static void test_order_too_large(void **state)
{
    (void)state;
    static const unsigned orders[] = {14, 18, 19, 31, 32, 63, 64, 0x7fffffff, 0xffffffff};
    for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++)
        assert_int_equal(frame_alloc(&account_root, orders[i]), 0);
    assert_int_equal(account_root.used, 0);
}

static void test_quota(void **state)
{
    (void)state;
    struct account *a = account_create(&account_root, 4 * PAGE_SIZE);
    paddr_t p[3];
    assert_int_equal(frame_alloc(a, 2), 0);
    for (int i = 0; i < 3; i++)
        assert_int_not_equal(p[i] = frame_alloc(a, 0), 0);
    assert_int_equal(frame_alloc(a, 0), 0);
    assert_int_equal(frame_alloc_zero(a), 0);
    assert_int_equal(a->used, 4 * PAGE_SIZE);
    for (int i = 0; i < 3; i++)
        frame_free(a, p[i], 0);
    assert_int_equal(a->used, PAGE_SIZE);
    account_close(a);
}

static void test_zeroed(void **state)
{
    (void)state;
    static const char zero[PAGE_SIZE];
    for (int i = 0; i < 8; i++) {
        paddr_t p = frame_alloc_zero(&account_root);
        assert_memory_equal(arch_phys_to_virt(p), zero, PAGE_SIZE);
        memset(arch_phys_to_virt(p), 0xff, PAGE_SIZE);
        frame_free(&account_root, p, 0);
    }
}

static void test_fail_after(void **state)
{
    (void)state;
    frame_fail_after = 3;
    paddr_t p = frame_alloc(&account_root, 0), q = frame_alloc_zero(&account_root);
    assert_true(p && q);
    assert_int_equal(frame_alloc(&account_root, 0), 0);
    assert_int_equal(account_root.used, 2 * PAGE_SIZE);
    paddr_t r = frame_alloc(&account_root, 0);
    assert_int_not_equal(r, 0);
    frame_free(&account_root, p, 0);
    frame_free(&account_root, q, 0);
    frame_free(&account_root, r, 0);
}

/* Every frame can be had, and once all are back in any order, the same large blocks are there
 * again. */
static void test_exhaust_and_join(void **state)
{
    (void)state;
    static paddr_t all[FRAMES];
    unsigned before[FRAME_ORDER_MAX + 1], after[FRAME_ORDER_MAX + 1];
    measure(before);
    memset(owned, 0, sizeof(owned));
    size_t n = 0;
    for (paddr_t p; (p = frame_alloc(&account_root, 0)); all[n++] = p)
        take(p, 0);
    assert_int_equal(n, frame_total_count());
    assert_int_equal(frame_free_count(), 0);
    for (size_t left = n; left > 0; left--) {
        size_t i = unit_below(left);
        give(all[i], 0);
        all[i] = all[left - 1];
    }
    measure(after);
    assert_memory_equal(before, after, sizeof(before));
}

static void test_random_against_model(void **state)
{
    (void)state;
    enum { SLOTS = 600, STEPS = 200000 };
    static struct {
        paddr_t p;
        unsigned order;
    } slot[SLOTS];
    unsigned before[FRAME_ORDER_MAX + 1], after[FRAME_ORDER_MAX + 1];
    uint64_t held = 0, refused = 0;
    measure(before);
    memset(owned, 0, sizeof(owned));
    memset(slot, 0, sizeof(slot));
    for (int step = 0; step < STEPS; step++) {
        size_t i = unit_below(SLOTS);
        if (slot[i].p) {
            give(slot[i].p, slot[i].order);
            held -= UINT64_C(1) << slot[i].order;
            slot[i].p = 0;
        } else {
            unsigned order = (unsigned)__builtin_ctzll(unit_random() | 1 << 10);
            frame_fail_after = unit_below(16) ? 0 : 1;
            bool inject = frame_fail_after != 0;
            slot[i].order = order;
            slot[i].p = frame_alloc(&account_root, order);
            frame_fail_after = 0;
            refused += !slot[i].p;
            assert_false(inject && slot[i].p);
            if (slot[i].p) {
                take(slot[i].p, order);
                held += UINT64_C(1) << order;
            }
        }
        assert_int_equal(frame_free_count(), frame_total_count() - held);
        assert_int_equal(account_root.used, held * PAGE_SIZE);
    }
    assert_true(refused > 100);
    for (size_t i = 0; i < SLOTS; i++)
        if (slot[i].p)
            give(slot[i].p, slot[i].order);
    measure(after);
    assert_memory_equal(before, after, sizeof(before));
}

/* Ranges at odd places, next to each other: blocks never reach over the seam. */
static void test_more_ranges(void **state)
{
    (void)state;
    static const uint64_t seam[] = {3, 80, 81, 82, 300, 1024};
    paddr_t all[1024];
    uint64_t total = frame_total_count();
    frame_add(SIM_RAM_BASE, SIM_RAM_BASE);                             /* empty: nothing */
    frame_add(SIM_RAM_BASE + PAGE_SIZE, SIM_RAM_BASE + 2 * PAGE_SIZE); /* too small */
    assert_int_equal(frame_total_count(), total);
    for (size_t i = 0; i + 1 < sizeof(seam) / sizeof(*seam); i++)
        frame_add(SIM_RAM_BASE + seam[i] * PAGE_SIZE, SIM_RAM_BASE + seam[i + 1] * PAGE_SIZE);
    /* Each range gives a page for its bitmap; those of one page are ignored. */
    assert_int_equal(frame_total_count(), total + (77 - 1) + (218 - 1) + (724 - 1));
    assert_int_equal(account_root.limit, frame_total_count() * PAGE_SIZE);

    unsigned before[FRAME_ORDER_MAX + 1], after[FRAME_ORDER_MAX + 1];
    measure(before);
    memset(owned, 0, sizeof(owned));
    size_t n = 0;
    while (n < 1024 && (all[n] = frame_alloc(&account_root, 0)))
        take(all[n++], 0);
    while (n-- > 0)
        give(all[n], 0);
    measure(after);
    assert_memory_equal(before, after, sizeof(before));
    unit_rebase();
}

static void free_outside(void *arg)
{
    frame_give(*(paddr_t *)arg, 0);
}

static void free_unaligned(void *arg)
{
    frame_give(*(paddr_t *)arg, 12);
}

static void free_beyond_order(void *arg)
{
    frame_give(*(paddr_t *)arg, FRAME_ORDER_MAX + 1);
}

static void add_unaligned(void *arg)
{
    frame_add(*(paddr_t *)arg + 1, *(paddr_t *)arg + PAGE_SIZE);
}

static void add_reversed(void *arg)
{
    frame_add(*(paddr_t *)arg, *(paddr_t *)arg - PAGE_SIZE);
}

static void test_misuse_panics(void **state)
{
    (void)state;
    paddr_t none = 0, outside = SIM_RAM_BASE + UNIT_RAM, bitmap = FIRST_FREE;
    paddr_t inside = FIRST_FREE + (UINT64_C(8) << 20) + PAGE_SIZE;
    assert_panics(free_outside, &none, "frame.c");
    assert_panics(free_outside, &outside, "frame.c");
    assert_panics(free_outside, &bitmap, "frame.c");
    assert_panics(free_unaligned, &inside, "frame.c");
    assert_panics(free_beyond_order, &inside, "frame.c");
    assert_panics(add_unaligned, &inside, "frame.c");
    assert_panics(add_reversed, &inside, "frame.c");
}

static const struct CMUnitTest tests[] = {
    UNIT(test_start),
    UNIT(test_every_order),
    UNIT(test_order_too_large),
    UNIT(test_quota),
    UNIT(test_zeroed),
    UNIT(test_fail_after),
    UNIT(test_exhaust_and_join),
    UNIT(test_random_against_model),
    UNIT(test_more_ranges),
    UNIT(test_misuse_panics),
};

UNIT_MAIN(tests)
