/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "shm.h"
#include "unit.h"

static const char zero[PAGE_SIZE];

/* Fill to the end: the number of steps, or the error. */
static int fill(struct shm *s)
{
    int steps = 0, r;
    do {
        r = shm_fill(s);
        steps++;
    } while (r > 0);
    return r < 0 ? r : steps;
}

/* Drain to the end; each step frees a bounded number of frames. */
static void drain(struct shm *s)
{
    int r;
    do {
        uint64_t before = frame_free_count();
        r = shm_drain(s);
        /* pages, their leaf, the top; or one DMA block, freed as a whole */
        assert_true(r == 0 || frame_free_count() - before <= STEP_PAGES + 2);
    } while (r > 0);
}

static void drop(struct shm *s)
{
    assert_true(shm_put(s));
    drain(s);
}

static uint64_t steps_for(uint64_t pages)
{
    return (pages + STEP_PAGES - 1) / STEP_PAGES;
}

static void test_normal(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 15, 16, 17, 63, 64, 65, 511, 512, 513, 1024, 1025, 3000};
    for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
        uint64_t pages = sizes[k];
        struct shm *s = shm_new(&account_root, pages);
        assert_non_null(s);
        assert_true(s->busy && !s->dead && s->refs == 1 && s->pages == pages);
        assert_int_equal(s->flavour, UKERN_SHM_NORMAL);
        assert_int_equal(shm_frame(s, 0), 0); /* not there yet */
        assert_int_equal(fill(s), steps_for(pages));
        assert_false(s->busy);
        for (uint64_t i = 0; i < pages; i++) {
            char *p = arch_phys_to_virt(shm_frame(s, i));
            assert_memory_equal(p, zero, PAGE_SIZE); /* also: no frame comes twice */
            memset(p, 0x77, PAGE_SIZE);
        }
        drop(s);
        assert_int_equal(account_root.used, 0);
    }
}

static void test_charged_for_all(void **state)
{
    (void)state;
    struct account *a = account_create(&account_root, UINT64_C(1) << 24);
    struct shm *s = shm_new(a, 64);
    fill(s);
    assert_int_equal(a->used, 65 * PAGE_SIZE); /* its objects stand beside the account */
    drop(s);
    s = shm_new(a, 1000);
    fill(s);
    assert_int_equal(a->used, 1004 * PAGE_SIZE);
    drop(s);
    assert_int_equal(a->used, PAGE_SIZE);
    account_close(a);
}

static void test_impossible_sizes(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {
        0, SHM_PAGES_MAX + 1, UINT64_C(1) << 32, UINT64_C(1) << 52, UINT64_MAX / 8, UINT64_MAX};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        assert_null(shm_new(&account_root, sizes[i]));
        assert_null(shm_new_dma(&account_root, sizes[i]));
        if (i != 1 && i != 2) /* a device may be that large */
            assert_null(shm_new_fixed(&account_root, SIM_DEVICE_BASE, sizes[i], UKERN_SHM_DEVICE));
    }
    assert_null(shm_new_dma(&account_root, UINT64_C(1) << 17)); /* more than there is */
    assert_null(shm_new_fixed(&account_root, -PAGE_SIZE, 1, UKERN_SHM_DEVICE)); /* would wrap */
}

/* Every allocation on the way fails once; each time all is given back. */
static void test_no_frame_at_any_point(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {20, 600};
    for (size_t k = 0; k < 2; k++) {
        uint64_t before = frame_free_count(), failures = 0;
        for (uint64_t n = 1;; n++) {
            frame_fail_after = n;
            struct shm *s = shm_new(&account_root, sizes[k]);
            int r = s ? fill(s) : UKERN_ENOMEM;
            bool failed = frame_fail_after == 0;
            frame_fail_after = 0;
            if (failed) {
                assert_int_equal(r, UKERN_ENOMEM);
                failures++;
            } else {
                assert_int_equal(r, steps_for(sizes[k]));
            }
            if (s) {
                assert_int_equal(s->busy, failed);
                assert_int_equal(shm_frame(s, 0) == 0, failed);
                drop(s);
            }
            assert_int_equal(frame_free_count(), before);
            assert_int_equal(account_root.used, 0);
            if (!failed)
                break;
        }
        assert_true(failures >= sizes[k]);
    }
}

static void test_quota_at_any_point(void **state)
{
    (void)state;
    bool complete = false;
    for (uint64_t limit = PAGE_SIZE; !complete; limit += 160) {
        struct account *a = account_create(&account_root, limit);
        struct shm *s = shm_new(a, 70);
        int r = s ? fill(s) : UKERN_ENOMEM;
        complete = r > 0;
        assert_true(complete || r == UKERN_ENOMEM);
        if (s)
            drop(s);
        assert_int_equal(a->used, PAGE_SIZE);
        account_close(a);
    }
}

static void test_dma(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 3, 4, 5, 16, 17, 100, 1000};
    for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
        uint64_t pages = sizes[k], block = 1;
        while (block < pages)
            block *= 2;
        struct shm *s = shm_new_dma(&account_root, pages);
        assert_non_null(s);
        assert_true(s->busy && s->phys && s->pages == pages);
        assert_int_equal(account_root.used, (block + 1) * PAGE_SIZE);
        assert_int_equal(s->phys % (block * PAGE_SIZE), 0);
        assert_int_equal(shm_frame(s, 0), 0);
        assert_int_equal(fill(s), steps_for(pages));
        for (uint64_t i = 0; i < pages; i++) {
            assert_int_equal(shm_frame(s, i), s->phys + i * PAGE_SIZE);
            assert_memory_equal(arch_phys_to_virt(shm_frame(s, i)), zero, PAGE_SIZE);
        }
        memset(arch_phys_to_virt(s->phys), 0x55, pages * PAGE_SIZE);
        drop(s);
        assert_int_equal(account_root.used, 0);
    }
}

static void test_dma_without_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 2; n++) { /* the struct's slab, then the block */
        frame_fail_after = n;
        assert_null(shm_new_dma(&account_root, 4));
        assert_int_equal(account_root.used, 0);
    }
    struct account *a = account_create(&account_root, 8 * PAGE_SIZE);
    assert_null(shm_new_dma(a, 5)); /* is rounded up to 8 */
    struct shm *s = shm_new_dma(a, 4);
    assert_non_null(s);
    drop(s); /* before it was filled */
    account_close(a);
}

static void test_fixed(void **state)
{
    (void)state;
    struct shm *d = shm_new_fixed(&account_root, SIM_DEVICE_BASE, 3, UKERN_SHM_DEVICE);
    struct shm *b = shm_new_fixed(&account_root, SIM_RAM_BASE, 2, UKERN_SHM_BOOT);
    assert_true(d && b && !d->busy && !b->busy);
    assert_int_equal(shm_frame(d, 2), SIM_DEVICE_BASE + 2 * PAGE_SIZE);
    assert_int_equal(shm_frame(b, 1), SIM_RAM_BASE + PAGE_SIZE);
    assert_int_equal(account_root.used, PAGE_SIZE);
    uint64_t before = frame_free_count();
    drop(d);
    assert_int_equal(frame_free_count(), before); /* the memory is not the allocator's */
    drop(b);
    frame_fail_after = 1;
    assert_null(shm_new_fixed(&account_root, SIM_DEVICE_BASE, 1, UKERN_SHM_DEVICE));
}

static void test_references(void **state)
{
    (void)state;
    struct shm *s = shm_new(&account_root, 3);
    fill(s);
    shm_ref(s);
    shm_ref(s);
    assert_int_equal(s->refs, 3);
    assert_false(shm_put(s));
    assert_false(shm_put(s));
    assert_int_not_equal(shm_frame(s, 2), 0);
    drop(s);
}

/* Destroyed while handles remain: the frames go now, the object with its last reference. */
static void test_destroy(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 40, 64, 65, 600};
    uint64_t before = frame_free_count();
    for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
        struct shm *s = shm_new(&account_root, sizes[k]);
        fill(s);
        shm_ref(s);
        s->dead = true;
        assert_int_equal(shm_frame(s, 0), 0);
        drain(s);
        assert_int_equal(account_root.used, PAGE_SIZE);
        assert_int_equal(frame_free_count(), before - 1); /* the slab of the struct */
        assert_true(s->dead && !s->busy && s->done == 0);
        assert_int_equal(shm_frame(s, sizes[k] - 1), 0);
        assert_int_equal(shm_drain(s), 0); /* again: nothing */
        assert_false(shm_put(s));
        drop(s);
    }
    struct shm *d = shm_new_dma(&account_root, 8);
    fill(d);
    drain(d);
    assert_int_equal(account_root.used, PAGE_SIZE);
    assert_int_equal(shm_frame(d, 0), 0);
    drop(d);
}

/* The last reference goes while another step of destroying is still to come. */
static void test_put_during_drain(void **state)
{
    (void)state;
    struct shm *s = shm_new(&account_root, 100);
    fill(s);
    assert_int_equal(shm_drain(s), 1);
    drop(s);
}

static void test_outlives_its_account_holder(void **state)
{
    (void)state;
    struct account *a = account_create(&account_root, UINT64_C(1) << 20);
    struct shm *s = shm_new(a, 100);
    fill(s);
    account_close(a);
    assert_int_not_equal(shm_frame(s, 99), 0);
    drop(s); /* frees the account too */
    assert_int_equal(account_root.used, 0);
}

static void put_again(void *arg)
{
    struct shm s = {.refs = 0};
    (void)arg;
    shm_put(&s);
}

static void ref_dead(void *arg)
{
    struct shm s = {.refs = 0};
    (void)arg;
    shm_ref(&s);
}

static void ref_too_often(void *arg)
{
    struct shm s = {.refs = UINT32_MAX};
    (void)arg;
    shm_ref(&s);
}

static void fill_filled(void *arg)
{
    shm_fill(arg);
}

static void frame_beyond(void *arg)
{
    shm_frame(arg, 2);
}

static void drain_mapped(void *arg)
{
    struct shm s = {.mappings = arg};
    shm_drain(&s);
}

static void normal_fixed(void *arg)
{
    (void)arg;
    shm_new_fixed(&account_root, SIM_RAM_BASE, 1, UKERN_SHM_NORMAL);
}

static void test_misuse_panics(void **state)
{
    (void)state;
    struct shm *s = shm_new(&account_root, 2);
    fill(s);
    assert_panics(put_again, NULL, "shm.c");
    assert_panics(ref_dead, NULL, "shm.c");
    assert_panics(ref_too_often, NULL, "shm.c");
    assert_panics(fill_filled, s, "shm.c");
    assert_panics(frame_beyond, s, "shm.c");
    assert_panics(drain_mapped, s, "shm.c");
    assert_panics(normal_fixed, NULL, "shm.c");
    drop(s);
}

static const struct CMUnitTest tests[] = {
    UNIT(test_normal),
    UNIT(test_charged_for_all),
    UNIT(test_impossible_sizes),
    UNIT(test_no_frame_at_any_point),
    UNIT(test_quota_at_any_point),
    UNIT(test_dma),
    UNIT(test_dma_without_memory),
    UNIT(test_fixed),
    UNIT(test_references),
    UNIT(test_destroy),
    UNIT(test_put_during_drain),
    UNIT(test_outlives_its_account_holder),
    UNIT(test_misuse_panics),
};

UNIT_MAIN(tests)
