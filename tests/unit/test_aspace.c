/* SPDX-License-Identifier: BSD-2-Clause */
#include "mapped.h"

static void test_map_and_unmap(void **state)
{
    (void)state;
    start();
    struct shm *s = shm_full(5);
    struct mapping *m;
    assert_int_equal(aspace_map(&as, s, AT, 1, 3, RW, &m), UKERN_OK);
    assert_int_equal(m->state, MAPPING_FILLING);
    assert_int_equal(s->refs, 2);
    assert_ptr_equal(s->mappings, m);
    assert_null(aspace_user(&as, AT, R));
    assert_int_equal(map_all(m), 0);
    assert_int_equal(m->state, MAPPING_LIVE);
    assert_int_equal(aspace_map_step(m), 0); /* again: nothing */
    for (uint64_t i = 0; i < 3 * PAGE_SIZE; i += 1000) {
        char *p = aspace_user(&as, AT + i, RW);
        assert_ptr_equal(p, (char *)arch_phys_to_virt(shm_frame(s, 1 + i / PAGE_SIZE)) +
                                i % PAGE_SIZE);
    }
    assert_null(aspace_user(&as, AT - 1, R));
    assert_null(aspace_user(&as, AT + 3 * PAGE_SIZE, R));
    assert_null(aspace_user(&as, AT, RX));
    unmap_all(m);
    assert_null(aspace_user(&as, AT, R));
    assert_null(s->mappings);
    assert_int_equal(s->refs, 1);
    shm_drop(s);
    finish();
}

static void test_protection(void **state)
{
    (void)state;
    start();
    struct shm *s = shm_full(1);
    map(s, AT, 0, 1, R);
    map(s, AT + PAGE_SIZE, 0, 1, RW);
    map(s, AT + 2 * PAGE_SIZE, 0, 1, RX);
    assert_non_null(aspace_user(&as, AT, R));
    assert_null(aspace_user(&as, AT, UKERN_PROT_WRITE));
    assert_null(aspace_user(&as, AT, UKERN_PROT_EXEC));
    assert_non_null(aspace_user(&as, AT + PAGE_SIZE, UKERN_PROT_WRITE));
    assert_null(aspace_user(&as, AT + PAGE_SIZE, UKERN_PROT_EXEC));
    assert_non_null(aspace_user(&as, AT + 2 * PAGE_SIZE, RX));
    assert_null(aspace_user(&as, AT + 2 * PAGE_SIZE, RW));
    shm_drop(s);
    finish();
}

static void test_refused_arguments(void **state)
{
    (void)state;
    start();
    struct shm *s = shm_full(4);
    struct mapping *m;
    static const struct {
        uint64_t address, first, pages;
        unsigned prot;
    } bad[] = {
        {AT, 0, 0, R}, /* nothing */
        {0, 0, 0, R},
        {AT + 1, 0, 1, R}, /* unaligned */
        {AT + 2048, 0, 1, R},
        {AT, 0, 5, R}, /* beyond the object */
        {AT, 4, 1, R},
        {AT, 5, UINT64_MAX, R},
        {AT, UINT64_MAX, 1, R},
        {AT, UINT64_MAX, 2, R}, /* wraps */
        {AT, 1, UINT64_MAX, R},
        {AT, 0, UINT64_C(1) << 52, R},
        {PAGE_SIZE, 0, 1, R}, /* too low */
        {USER_LOW - PAGE_SIZE, 0, 1, R},
        {USER_LOW - PAGE_SIZE, 0, 2, R},
        {USER_HIGH, 0, 1, R}, /* too high */
        {USER_HIGH - PAGE_SIZE, 0, 2, R},
        {UINT64_C(1) << 48, 0, 1, R},
        {UINT64_C(0xffffff8000000000), 0, 1, R},
        {-PAGE_SIZE, 0, 1, R},
        {-PAGE_SIZE, 0, 4, R},
        {AT, 0, 1, 0}, /* prot */
        {AT, 0, 1, UKERN_PROT_WRITE},
        {AT, 0, 1, UKERN_PROT_EXEC},
        {AT, 0, 1, RW | RX},
        {AT, 0, 1, 8 | R},
        {AT, 0, 1, 0x80000001},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(
            aspace_map(&as, s, bad[i].address, bad[i].first, bad[i].pages, bad[i].prot, &m),
            UKERN_EINVAL);
    assert_int_equal(s->refs, 1);
    assert_null(s->mappings);
    assert_null(aspace_any(&as));
    unmap_all(map(s, USER_LOW, 0, 4, R)); /* the ends themselves are right */
    unmap_all(map(s, USER_HIGH - 4 * PAGE_SIZE, 0, 4, R));
    shm_drop(s);
    finish();
}

static void test_flavours(void **state)
{
    (void)state;
    start();
    struct mapping *m;
    struct shm *device = shm_new_fixed(&account_root, SIM_DEVICE_BASE, 1, UKERN_SHM_DEVICE);
    struct shm *boot = shm_new_fixed(&account_root, SIM_RAM_BASE, 1, UKERN_SHM_BOOT);
    struct shm *dma = shm_new_dma(&account_root, 1);
    shm_fill(dma);
    assert_int_equal(aspace_map(&as, device, AT, 0, 1, RX, &m), UKERN_EINVAL);
    assert_int_equal(aspace_map(&as, boot, AT, 0, 1, RX, &m), UKERN_EINVAL);
    assert_int_equal(aspace_map(&as, boot, AT, 0, 1, RW, &m), UKERN_EINVAL);
    assert_int_equal(aspace_map(&as, dma, AT, 0, 1, RX, &m), UKERN_EINVAL);
    /* The kernel copies from and to plain memory only. */
    map(device, AT, 0, 1, RW);
    assert_null(aspace_user(&as, AT, R));
    map(dma, AT + PAGE_SIZE, 0, 1, RW);
    assert_null(aspace_user(&as, AT + PAGE_SIZE, R));
    map(boot, AT + 2 * PAGE_SIZE, 0, 1, R);
    assert_ptr_equal(aspace_user(&as, AT + 2 * PAGE_SIZE, R), arch_phys_to_virt(SIM_RAM_BASE));
    shm_drop(device);
    shm_drop(boot);
    shm_drop(dma);
    finish();
}

static void test_overlap(void **state)
{
    (void)state;
    start();
    struct shm *s = shm_full(8);
    struct mapping *m;
    map(s, AT + 4 * PAGE_SIZE, 0, 4, R);
    for (uint64_t from = 0; from <= 10; from++) {
        for (uint64_t pages = 1; pages <= 8; pages++) {
            bool free = from + pages <= 4 || from >= 8;
            int r = aspace_map(&as, s, AT + from * PAGE_SIZE, 0, pages, R, &m);
            assert_int_equal(r, free ? UKERN_OK : UKERN_EEXIST);
            if (free)
                unmap_all(m);
        }
    }
    shm_drop(s);
    finish();
}

static void test_busy_and_dead(void **state)
{
    (void)state;
    start();
    struct mapping *m;
    struct shm *s = shm_new(&account_root, 2);
    assert_int_equal(aspace_map(&as, s, AT, 0, 1, R, &m), UKERN_EBUSY);
    shm_fill(s);
    m = map(s, AT, 0, 1, R);
    struct mapping *half;
    assert_int_equal(aspace_map(&as, s, AT + PAGE_SIZE, 0, 2, R, &half), UKERN_OK);
    s->dead = true;
    assert_int_equal(aspace_map(&as, s, AT + 4 * PAGE_SIZE, 0, 1, R, &half), UKERN_EREVOKED);
    half = aspace_find(&as, AT + PAGE_SIZE);
    assert_int_equal(aspace_map_step(half), UKERN_EREVOKED);
    unmap_all(half);
    unmap_all(m);
    shm_drop(s);
    finish();
}

static void test_map_step_of_a_removed_one(void **state)
{
    (void)state;
    start();
    struct shm *s = shm_full(1200), *orphan;
    struct mapping *m = map(s, AT, 0, 1200, R);
    assert_int_equal(aspace_unmap_step(m, &orphan), 1);
    assert_int_equal(aspace_map_step(m), UKERN_EREVOKED);
    unmap_all(m);
    shm_drop(s);
    finish();
}

static void test_find(void **state)
{
    (void)state;
    start();
    struct shm *s = shm_full(3);
    struct mapping *low = map(s, AT, 0, 2, R), *high = map(s, AT + 3 * PAGE_SIZE, 0, 3, R);
    assert_null(aspace_find(&as, 0));
    assert_null(aspace_find(&as, AT - 1));
    assert_ptr_equal(aspace_find(&as, AT), low);
    assert_ptr_equal(aspace_find(&as, AT + 2 * PAGE_SIZE - 1), low);
    assert_null(aspace_find(&as, AT + 2 * PAGE_SIZE));
    assert_ptr_equal(aspace_find(&as, AT + 3 * PAGE_SIZE), high);
    assert_null(aspace_find(&as, AT + 6 * PAGE_SIZE));
    assert_null(aspace_find(&as, UINT64_MAX));
    assert_non_null(aspace_any(&as));
    shm_drop(s);
    finish();
    assert_null(aspace_any(&as));
}

/* Large mappings are entered and removed in bounded steps. */
static void test_steps(void **state)
{
    (void)state;
    start();
    enum { STEP = STEP_PAGES * 8, PAGES = 2 * STEP + 22 };
    struct shm *s = shm_full(PAGES), *orphan;
    struct mapping *m;
    uint64_t address = AT + 100 * PAGE_SIZE;
    assert_int_equal(aspace_map(&as, s, address, 0, PAGES, RW, &m), UKERN_OK);
    assert_int_equal(aspace_map_step(m), 1);
    assert_int_equal(m->done, STEP);
    assert_non_null(aspace_user(&as, address + (STEP - 1) * PAGE_SIZE, R));
    assert_null(aspace_user(&as, address + STEP * PAGE_SIZE, R));
    assert_int_equal(aspace_map_step(m), 1);
    assert_int_equal(aspace_map_step(m), 0);
    shm_drop(s); /* the mapping has the last reference */
    assert_int_equal(aspace_unmap_step(m, &orphan), 1);
    assert_null(orphan);
    assert_null(aspace_user(&as, address + (PAGES - 1) * PAGE_SIZE, R));
    assert_non_null(aspace_user(&as, address, R));
    assert_int_equal(aspace_unmap_step(m, &orphan), 1);
    assert_int_equal(aspace_unmap_step(m, &orphan), 0);
    assert_ptr_equal(orphan, s);
    while (shm_drain(s) > 0)
        ;
    finish();
}

/* Of DMA memory each page costs more, so a step has fewer. */
static void test_steps_of_dma(void **state)
{
    (void)state;
    start();
    struct shm *s = shm_new_dma(&account_root, 2 * STEP_PAGES + 1);
    while (shm_fill(s) > 0)
        ;
    struct mapping *m;
    assert_int_equal(aspace_map(&as, s, 0, 0, s->pages, RW, &m), UKERN_OK);
    assert_int_equal(aspace_map_step(m), 1);
    assert_int_equal(m->done, STEP_PAGES);
    assert_int_equal(aspace_map_step(m), 1);
    assert_int_equal(aspace_map_step(m), 0);
    shm_drop(s);
    finish();
}

static void test_many_mappings_of_one_object(void **state)
{
    (void)state;
    static struct aspace other;
    start();
    assert_int_equal(aspace_init(&other, &account_root), UKERN_OK);
    struct shm *s = shm_full(4), *orphan;
    struct aspace *both[] = {&as, &other};
    struct mapping *m[20];
    for (uint64_t i = 0; i < 20; i++) {
        assert_int_equal(aspace_map(both[i % 2], s, AT + i * 8 * PAGE_SIZE, i % 4, 1, RW, &m[i]),
                         UKERN_OK);
        assert_int_equal(map_all(m[i]), 0);
    }
    assert_int_equal(s->refs, 21);
    /* What one writes the other reads. */
    strcpy(aspace_user(&as, AT, RW), "shared");
    assert_string_equal(aspace_user(&as, AT + 32 * PAGE_SIZE, R), "shared");
    int n = 0;
    for (struct mapping *i = s->mappings; i; i = i->shm_next) {
        assert_ptr_equal(*i->shm_link, i);
        n++;
    }
    assert_int_equal(n, 20);
    /* The list stays whole when members go in any order. */
    for (uint64_t i = 0; i < 19; i++) {
        assert_int_equal(aspace_unmap_step(m[(i * 7) % 20], &orphan), 0);
        assert_null(orphan);
    }
    assert_ptr_equal(s->mappings, m[(19 * 7) % 20]);
    shm_drop(s);
    assert_int_equal(aspace_unmap_step(m[(19 * 7) % 20], &orphan), 0);
    assert_ptr_equal(orphan, s);
    while (shm_drain(s) > 0)
        ;
    finish();
    finish_one(&other);
}

/* Every frame that mapping takes fails once; what was made is taken back. */
static void test_no_frame_at_any_point(void **state)
{
    (void)state;
    struct shm *s = shm_full(600);
    uint64_t frames = frame_free_count(), used = account_root.used, failures = 0;
    for (uint64_t n = 1, failed = 1; failed; n++) {
        frame_fail_after = n;
        struct mapping *m = NULL;
        int r = aspace_init(&as, &account_root);
        bool initialised = r == UKERN_OK;
        if (r == UKERN_OK)
            r = aspace_map(&as, s, 510 * PAGE_SIZE, 0, 600, RW, &m);
        if (r == UKERN_OK)
            r = map_all(m);
        failed = frame_fail_after == 0;
        frame_fail_after = 0;
        assert_int_equal(r, failed ? UKERN_ENOMEM : UKERN_OK);
        failures += failed;
        if (m)
            unmap_all(m);
        if (initialised)
            finish();
        assert_int_equal(frame_free_count(), frames);
        assert_int_equal(account_root.used, used);
    }
    assert_in_range(failures, 5, 6); /* root, mapping's slab, middle, three of the last level */
    shm_drop(s);
}

static void test_quota(void **state)
{
    (void)state;
    struct shm *s = shm_full(1);
    struct account *a = account_create(&account_root, 2 * PAGE_SIZE);
    assert_int_equal(aspace_init(&as, a), UKERN_OK);
    struct mapping *m;
    assert_int_equal(aspace_map(&as, s, AT, 0, 1, R, &m), UKERN_OK);
    assert_int_equal(map_all(m), UKERN_ENOMEM); /* root is paid, two more tables are not */
    assert_int_equal(m->state, MAPPING_FILLING);
    unmap_all(m);
    uint64_t left = a->limit - a->used;
    assert_true(account_charge(a, left));
    void *full[64];
    unsigned n = 0;
    while ((full[n] = slab_alloc(a, 64)))
        n++;
    assert_int_equal(aspace_map(&as, s, AT, 0, 1, R, &m), UKERN_ENOMEM);
    while (n > 0)
        slab_free(a, full[--n], 64);
    account_uncharge(a, left);
    finish();
    assert_int_equal(a->used, PAGE_SIZE);
    struct account *poor = account_create(&account_root, PAGE_SIZE);
    assert_int_equal(aspace_init(&as, poor), UKERN_ENOMEM);
    account_close(poor);
    account_close(a);
    shm_drop(s);
}

/* Random maps and unmaps against a page-by-page model of two windows. */
static void test_random_against_model(void **state)
{
    (void)state;
    enum { WINDOW = 256, LIVE = 40 };
    start();
    struct shm *s = shm_full(24);
    uint64_t window[2] = {AT, USER_AUTO - WINDOW / 2 * PAGE_SIZE};
    static int page[2][WINDOW]; /* page of s + 1, or 0 */
    struct mapping *live[LIVE] = {0};
    memset(page, 0, sizeof(page));
    for (int step = 0; step < 4000; step++) {
        size_t i = unit_below(LIVE), w = unit_below(2);
        if (live[i]) {
            uint64_t at = live[i]->node.key, pages = live[i]->pages;
            unmap_all(live[i]);
            live[i] = NULL;
            for (w = 0; w < 2; w++)
                if (range_inside(at, pages * PAGE_SIZE, window[w], window[w] + WINDOW * PAGE_SIZE))
                    memset(&page[w][(at - window[w]) / PAGE_SIZE], 0, pages * sizeof(int));
        } else {
            uint64_t pages = 1 + unit_below(24), first = unit_below(25 - pages);
            uint64_t from = unit_below(WINDOW + 1 - pages);
            bool free = true;
            for (uint64_t j = 0; j < pages; j++)
                free &= page[w][from + j] == 0;
            int r = aspace_map(&as, s, window[w] + from * PAGE_SIZE, first, pages, RW, &live[i]);
            assert_int_equal(r, free ? UKERN_OK : UKERN_EEXIST);
            if (!free) {
                live[i] = NULL;
                continue;
            }
            assert_int_equal(map_all(live[i]), 0);
            for (uint64_t j = 0; j < pages; j++)
                page[w][from + j] = (int)(first + j) + 1;
        }
        if (step % 8)
            continue;
        for (w = 0; w < 2; w++) {
            for (uint64_t j = 0; j < WINDOW; j++) {
                const void *at = aspace_user(&as, window[w] + j * PAGE_SIZE, RW);
                const struct mapping *m = aspace_find(&as, window[w] + j * PAGE_SIZE + 7);
                int k = page[w][j];
                assert_int_equal(m != NULL, k != 0);
                assert_ptr_equal(at, k ? arch_phys_to_virt(shm_frame(s, (uint64_t)k - 1)) : NULL);
            }
        }
    }
    shm_drop(s);
    finish();
}

static void copy_too_much(void *arg)
{
    char buffer[1];
    (void)arg;
    aspace_copy_in(&as, buffer, AT, PAGE_SIZE + 1);
}

static void free_with_mappings(void *arg)
{
    (void)arg;
    aspace_free_step(&as);
}

static void test_misuse_panics(void **state)
{
    (void)state;
    start();
    struct shm *s = shm_full(1);
    map(s, AT, 0, 1, R);
    assert_panics(copy_too_much, NULL, "aspace.c");
    assert_panics(free_with_mappings, NULL, "aspace.c");
    shm_drop(s);
    finish();
}

static const struct CMUnitTest tests[] = {
    UNIT(test_map_and_unmap),
    UNIT(test_protection),
    UNIT(test_refused_arguments),
    UNIT(test_flavours),
    UNIT(test_overlap),
    UNIT(test_busy_and_dead),
    UNIT(test_map_step_of_a_removed_one),
    UNIT(test_find),
    UNIT(test_steps),
    UNIT(test_steps_of_dma),
    UNIT(test_many_mappings_of_one_object),
    UNIT(test_no_frame_at_any_point),
    UNIT(test_quota),
    UNIT(test_random_against_model),
    UNIT(test_misuse_panics),
};

UNIT_MAIN(tests)
