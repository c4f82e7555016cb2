/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings stand in a tree by address. The free space behind each, as far as automatic placement
 * may use it, stands in a second tree by size: the smallest gap that fits is found without a
 * search. The gap before the first mapping belongs to `front`.
 */
#include "aspace.h"
#include "slab.h"

#define MAP_STEP (STEP_PAGES * 8) /* page table entries in one bounded step */

_Static_assert(sizeof(struct mapping) <= 128, "a mapping fits its slab class");

static uint64_t mapping_start(const struct mapping *m)
{
    return m->node.key;
}

static uint64_t mapping_end(const struct mapping *m)
{
    return m->node.key + ((uint64_t)m->pages << PAGE_SHIFT);
}

/* Address where automatic placement may use the gap of m (NULL: front). */
static uint64_t gap_start(const struct mapping *m)
{
    return m ? max_u64(mapping_end(m), USER_AUTO) : USER_AUTO;
}

/* Enter the gap between m (NULL: front) and the next mapping, at `end`. */
static void gap_set(struct aspace *as, struct mapping *m, uint64_t end)
{
    struct tree_node *gap = m ? &m->gap : &as->front;
    if (gap->linked)
        tree_remove(&as->gaps, gap);
    uint64_t start = gap_start(m);
    if (end > start)
        tree_insert(&as->gaps, gap, (end - start) >> PAGE_SHIFT);
}

static struct mapping *mapping_before(const struct aspace *as, uint64_t address)
{
    return (struct mapping *)tree_floor(&as->mappings, address);
}

/* Where the first mapping at or after address starts. */
static uint64_t next_start(const struct aspace *as, uint64_t address)
{
    struct tree_node *next = tree_ceil(&as->mappings, address);
    return next ? next->key : USER_HIGH;
}

/* The smallest gap with room for the pages and a guard page on each side. 0: none. */
static uint64_t place(const struct aspace *as, uint64_t pages)
{
    struct tree_node *gap = tree_ceil(&as->gaps, pages + 2);
    if (!gap)
        return 0;
    const struct mapping *m = NULL;
    if (gap != &as->front)
        m = (struct mapping *)((char *)gap - offsetof(struct mapping, gap));
    return gap_start(m) + PAGE_SIZE;
}

static bool overlaps(const struct aspace *as, uint64_t address, uint64_t pages)
{
    uint64_t end = address + (pages << PAGE_SHIFT);
    const struct mapping *m = mapping_before(as, end - 1);
    return m && mapping_end(m) > address;
}

static bool prot_allowed(const struct shm *s, unsigned prot)
{
    if (!(prot & UKERN_PROT_READ) ||
        (prot & ~(unsigned)(UKERN_PROT_READ | UKERN_PROT_WRITE | UKERN_PROT_EXEC)))
        return false;
    if (prot & UKERN_PROT_EXEC)
        return s->flavour == UKERN_SHM_NORMAL && !(prot & UKERN_PROT_WRITE);
    return !(prot & UKERN_PROT_WRITE) || s->flavour != UKERN_SHM_BOOT;
}

int aspace_init(struct aspace *as, struct account *a)
{
    memset(as, 0, sizeof(*as));
    as->account = a;
    int e = arch_aspace_init(&as->arch, a);
    if (e == UKERN_OK)
        gap_set(as, NULL, USER_HIGH);
    return e;
}

/* In and out of the list of its shm. */
static void list_link(struct mapping *m)
{
    struct shm *s = m->shm;
    m->shm_next = s->mappings;
    if (m->shm_next)
        m->shm_next->shm_link = &m->shm_next;
    m->shm_link = &s->mappings;
    s->mappings = m;
}

static void list_unlink(struct mapping *m)
{
    *m->shm_link = m->shm_next;
    if (m->shm_next)
        m->shm_next->shm_link = m->shm_link;
}

static void mapping_link(struct aspace *as, struct mapping *m, uint64_t address)
{
    struct mapping *before = mapping_before(as, address);
    uint64_t next = next_start(as, address);
    tree_insert(&as->mappings, &m->node, address);
    gap_set(as, before, address);
    gap_set(as, m, next);
    list_link(m);
}

static void mapping_unlink(struct aspace *as, struct mapping *m)
{
    uint64_t address = mapping_start(m);
    tree_remove(&as->mappings, &m->node);
    if (m->gap.linked)
        tree_remove(&as->gaps, &m->gap);
    gap_set(as, mapping_before(as, address), next_start(as, address));
    list_unlink(m);
}

int aspace_map(struct aspace *as, struct shm *s, uint64_t address, uint64_t first, uint64_t pages,
               unsigned prot, struct mapping **out)
{
    if (s->dead)
        return UKERN_EREVOKED;
    if (s->busy)
        return UKERN_EBUSY;
    if (pages == 0 || !range_inside(first, pages, 0, s->pages) || !prot_allowed(s, prot) ||
        pages > USER_HIGH >> PAGE_SHIFT || first > UINT32_MAX)
        return UKERN_EINVAL;
    if (address) {
        if ((address & (PAGE_SIZE - 1)) ||
            !range_inside(address, pages << PAGE_SHIFT, USER_LOW, USER_HIGH))
            return UKERN_EINVAL;
        if (overlaps(as, address, pages))
            return UKERN_EEXIST;
    } else if (!(address = place(as, pages))) {
        return UKERN_ENOMEM;
    }
    struct mapping *m = slab_alloc(as->account, sizeof(*m));
    if (!m)
        return UKERN_ENOMEM;
    m->aspace = as;
    m->shm = s;
    m->first = (uint32_t)first;
    m->pages = (uint32_t)pages;
    m->prot = (uint8_t)prot;
    m->state = MAPPING_FILLING;
    shm_ref(s);
    mapping_link(as, m, address);
    *out = m;
    return UKERN_OK;
}

/* One page: it is filled, and drained, in one step. */
static void spare_drop(struct shm *spare)
{
    shm_put(spare);
    shm_drain(spare);
}

int aspace_spare(struct mapping *m)
{
    struct shm *spare = shm_new(m->aspace->account, 1);

    if (!spare)
        return UKERN_ENOMEM;
    if (shm_fill(spare)) {
        spare_drop(spare);
        return UKERN_ENOMEM;
    }
    m->spare = spare;
    return UKERN_OK;
}

int aspace_map_step(struct mapping *m)
{
    struct aspace *as = m->aspace;
    if (m->state == MAPPING_LIVE)
        return 0;
    if (m->state == MAPPING_REMOVING || m->shm->dead)
        return UKERN_EREVOKED;
    /* Entering an uncached page cleans the cache of it, which takes as long as zeroing it. */
    uint64_t step = m->shm->flavour == UKERN_SHM_DMA ? STEP_PAGES : MAP_STEP;
    uint64_t end = min_u64(m->pages, m->done + step);
    for (; m->done < end; m->done++) {
        int e = arch_aspace_map(&as->arch, as->account,
                                mapping_start(m) + ((uint64_t)m->done << PAGE_SHIFT),
                                shm_frame(m->shm, m->first + m->done), m->prot, m->shm->flavour);
        if (e)
            return e;
    }
    if (m->done < m->pages)
        return 1;
    m->state = MAPPING_LIVE;
    return 0;
}

int aspace_unmap_step(struct mapping *m, struct shm **orphan)
{
    struct aspace *as = m->aspace;
    struct shm *s = m->shm;
    *orphan = NULL;
    if (m->state == MAPPING_REPLACING)
        m->done = m->pages;
    m->state = MAPPING_REMOVING;
    uint64_t n = min_u64(m->done, MAP_STEP);
    if (n > 0) {
        uint64_t address = mapping_start(m) + ((m->done - n) << PAGE_SHIFT);
        arch_aspace_unmap(&as->arch, address, n);
        arch_aspace_flush(&as->arch, address, n);
        m->done -= (uint32_t)n;
        if (m->done > 0)
            return 1;
    }
    mapping_unlink(as, m);
    if (m->spare)
        spare_drop(m->spare);
    slab_free(as->account, m, sizeof(*m));
    if (shm_put(s))
        *orphan = s;
    return 0;
}

int aspace_revoke_step(struct mapping *m, struct shm **orphan)
{
    struct aspace *as = m->aspace;
    struct shm *s = m->shm;
    if (!m->spare || m->state == MAPPING_FILLING || m->state == MAPPING_REMOVING)
        return aspace_unmap_step(m, orphan);
    *orphan = NULL;
    m->state = MAPPING_REPLACING;
    uint64_t n = min_u64(m->done, STEP_PAGES);
    m->done -= (uint32_t)n;
    uint64_t address = mapping_start(m) + ((uint64_t)m->done << PAGE_SHIFT);
    arch_aspace_unmap(&as->arch, address, n);
    arch_aspace_flush(&as->arch, address, n);
    for (uint64_t i = 0; i < n; i++) {
        int e = arch_aspace_map(&as->arch, as->account, address + (i << PAGE_SHIFT),
                                shm_frame(m->spare, 0), m->prot, m->spare->flavour);
        ASSERT(e == UKERN_OK); /* the tables are there */
    }
    if (m->done > 0)
        return 1;
    list_unlink(m);
    m->shm = m->spare;
    m->spare = NULL;
    list_link(m);
    m->replaced = true;
    m->first = 0;
    m->done = m->pages;
    m->state = MAPPING_LIVE;
    m->worker = NULL;
    if (shm_put(s))
        *orphan = s;
    return 0;
}

struct mapping *aspace_find(const struct aspace *as, uint64_t address)
{
    struct mapping *m = mapping_before(as, address);
    return m && address < mapping_end(m) ? m : NULL;
}

struct mapping *aspace_any(const struct aspace *as)
{
    return (struct mapping *)as->mappings.root;
}

int aspace_free_step(struct aspace *as)
{
    ASSERT(!as->mappings.root);
    return arch_aspace_free(&as->arch, as->account) ? 1 : 0;
}

void *aspace_user(const struct aspace *as, uint64_t address, unsigned prot)
{
    return arch_aspace_user(&as->arch, address, prot);
}

/* The two pieces of a user range of at most a page. */
struct pieces {
    void *at[2];
    size_t n[2];
};

/* All pages are looked up before anything is copied. */
static int pieces_find(const struct aspace *as, uint64_t address, size_t n, unsigned prot,
                       struct pieces *p)
{
    ASSERT(n <= PAGE_SIZE);
    if (!range_inside(address, n, USER_LOW, USER_HIGH))
        return UKERN_EFAULT;
    p->n[0] = min_u64(n, PAGE_SIZE - (address & (PAGE_SIZE - 1)));
    p->n[1] = n - p->n[0];
    p->at[0] = aspace_user(as, address, prot);
    p->at[1] = p->n[1] ? aspace_user(as, address + p->n[0], prot) : p->at[0];
    return p->at[0] && p->at[1] ? UKERN_OK : UKERN_EFAULT;
}

int aspace_copy_in(const struct aspace *as, void *to, uint64_t from, size_t n)
{
    struct pieces p;
    if (n == 0)
        return UKERN_OK;
    int e = pieces_find(as, from, n, UKERN_PROT_READ, &p);
    if (e)
        return e;
    memcpy(to, p.at[0], p.n[0]);
    memcpy((char *)to + p.n[0], p.at[1], p.n[1]);
    return UKERN_OK;
}

int aspace_copy_out(const struct aspace *as, uint64_t to, const void *from, size_t n)
{
    struct pieces p;
    if (n == 0)
        return UKERN_OK;
    int e = pieces_find(as, to, n, UKERN_PROT_WRITE, &p);
    if (e)
        return e;
    memmove(p.at[0], from, p.n[0]); /* task_read: both may be the same memory */
    memmove(p.at[1], (const char *)from + p.n[0], p.n[1]);
    return UKERN_OK;
}
