/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Normal memory: `done` counts the frames that are there, from page 0. A leaf of the two-level
 * table exists exactly while it holds a frame, so filling can stop and draining can start at any
 * page.
 */
#include "shm.h"
#include "frame.h"
#include "slab.h"
#include "arch.h"

#define LEAF_SHIFT 9
#define LEAF_PAGES (UINT64_C(1) << LEAF_SHIFT) /* frame addresses in one page */

static bool is_normal(const struct shm *s)
{
    return s->flavour == UKERN_SHM_NORMAL;
}

static bool is_small(const struct shm *s)
{
    return s->pages <= SHM_SMALL;
}

/* The smallest order whose block holds so many pages; above FRAME_ORDER_MAX if there is none. */
static unsigned order_of(uint64_t pages)
{
    unsigned order = 0;
    while (order <= FRAME_ORDER_MAX && (UINT64_C(1) << order) < pages)
        order++;
    return order;
}

static struct shm *shm_make(struct account *a, uint64_t pages, uint32_t flavour)
{
    struct shm *s = slab_alloc(a, sizeof(*s));
    if (!s)
        return NULL;
    s->refs = 1;
    s->flavour = flavour;
    s->pages = pages;
    s->account = a;
    return s;
}

struct shm *shm_new(struct account *a, uint64_t pages)
{
    if (pages == 0 || pages > SHM_PAGES_MAX)
        return NULL;
    struct shm *s = shm_make(a, pages, UKERN_SHM_NORMAL);
    if (!s)
        return NULL;
    s->busy = true;
    if (is_small(s)) {
        s->small = slab_alloc(a, pages * sizeof(*s->small));
    } else {
        paddr_t top = frame_alloc_zero(a);
        s->top = top ? arch_phys_to_virt(top) : NULL;
    }
    if (!s->small && !s->top) {
        slab_free(a, s, sizeof(*s));
        return NULL;
    }
    return s;
}

struct shm *shm_new_dma(struct account *a, uint64_t pages)
{
    unsigned order = order_of(pages);
    if (pages == 0 || order > FRAME_ORDER_MAX)
        return NULL;
    struct shm *s = shm_make(a, pages, UKERN_SHM_DMA);
    if (!s)
        return NULL;
    s->busy = true;
    s->phys = frame_alloc(a, order);
    if (!s->phys) {
        slab_free(a, s, sizeof(*s));
        return NULL;
    }
    return s;
}

struct shm *shm_new_fixed(struct account *a, paddr_t base, uint64_t pages, uint32_t flavour)
{
    ASSERT(flavour == UKERN_SHM_DEVICE || flavour == UKERN_SHM_BOOT);
    ASSERT((base & (PAGE_SIZE - 1)) == 0);
    if (pages == 0 || pages > (UINT64_MAX - base) >> PAGE_SHIFT)
        return NULL;
    struct shm *s = shm_make(a, pages, flavour);
    if (s)
        s->phys = base;
    return s;
}

/* Where the frame address of page i stands; its leaf exists. */
static uint64_t *slot_of(const struct shm *s, uint64_t i)
{
    return is_small(s) ? &s->small[i] : &s->top[i >> LEAF_SHIFT][i & (LEAF_PAGES - 1)];
}

static bool first_of_leaf(const struct shm *s, uint64_t i)
{
    return !is_small(s) && (i & (LEAF_PAGES - 1)) == 0;
}

static void leaf_free(struct shm *s, uint64_t i)
{
    frame_free(s->account, arch_virt_to_phys(s->top[i >> LEAF_SHIFT]), 0);
    s->top[i >> LEAF_SHIFT] = NULL;
}

static int fill_page(struct shm *s, uint64_t i)
{
    if (first_of_leaf(s, i)) {
        paddr_t leaf = frame_alloc(s->account, 0); /* entries from `done` on are never read */
        if (!leaf)
            return UKERN_ENOMEM;
        s->top[i >> LEAF_SHIFT] = arch_phys_to_virt(leaf);
    }
    paddr_t frame = frame_alloc_zero(s->account);
    if (!frame) {
        if (first_of_leaf(s, i))
            leaf_free(s, i);
        return UKERN_ENOMEM;
    }
    *slot_of(s, i) = frame;
    return UKERN_OK;
}

int shm_fill(struct shm *s)
{
    ASSERT(s->busy && !s->dead);
    uint64_t end = min_u64(s->pages, s->done + STEP_PAGES);
    for (; s->done < end; s->done++) {
        if (is_normal(s)) {
            int e = fill_page(s, s->done);
            if (e)
                return e;
        } else {
            arch_page_zero(arch_phys_to_virt(s->phys + (s->done << PAGE_SHIFT)));
        }
    }
    if (s->done < s->pages)
        return 1;
    s->busy = false;
    return 0;
}

void shm_ref(struct shm *s)
{
    ASSERT(s->refs > 0 && s->refs < UINT32_MAX);
    s->refs++;
}

bool shm_put(struct shm *s)
{
    ASSERT(s->refs > 0);
    if (--s->refs > 0)
        return false;
    ASSERT(!s->mappings);
    return true;
}

static void drain_normal(struct shm *s)
{
    for (unsigned n = 0; s->done > 0 && n < STEP_PAGES; n++) {
        uint64_t i = --s->done;
        frame_free(s->account, *slot_of(s, i), 0);
        if (first_of_leaf(s, i))
            leaf_free(s, i);
    }
    if (s->done > 0)
        return;
    if (s->top)
        frame_free(s->account, arch_virt_to_phys(s->top), 0);
    slab_free(s->account, s->small, s->pages * sizeof(*s->small));
    s->top = NULL;
    s->small = NULL;
}

int shm_drain(struct shm *s)
{
    ASSERT(!s->mappings);
    s->dead = true;
    s->busy = false;
    if (is_normal(s)) {
        if (s->top || s->small)
            drain_normal(s);
        if (s->done > 0)
            return 1;
    } else if (s->flavour == UKERN_SHM_DMA && s->phys) {
        frame_free(s->account, s->phys, order_of(s->pages));
    }
    s->phys = 0;
    s->done = 0;
    if (s->refs == 0)
        slab_free(s->account, s, sizeof(*s));
    return 0;
}

paddr_t shm_frame(const struct shm *s, uint64_t i)
{
    ASSERT(i < s->pages);
    if (unlikely(s->busy || s->dead))
        return 0;
    return is_normal(s) ? *slot_of(s, i) : s->phys + (i << PAGE_SHIFT);
}
