/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables of the simulation. An entry of the last level is frame | flavour << 4 | prot << 1
 * | 1. There is no TLB, but its rule is kept: a removed entry is stale until it is flushed, and
 * nothing may be mapped or freed while there are stale ones.
 */
#include "frame.h"
#include "sim.h"

#define ENTRIES       512
#define ENTRY_VALID   UINT64_C(1)
#define PROT_SHIFT    1
#define PROT_MASK     UINT64_C(7)
#define FLAVOUR_SHIFT 4
#define FLAVOUR_MASK  UINT64_C(3)
#define TABLES_A_STEP 4

static uint64_t *table_at(paddr_t frame)
{
    return arch_phys_to_virt(frame);
}

static unsigned index_of(uint64_t address, unsigned level)
{
    return (address >> (PAGE_SHIFT + 9 * (2 - level))) & (ENTRIES - 1);
}

static void check_flushed(const struct arch_aspace *as)
{
    ASSERT(as->stale_start == as->stale_end);
}

/* The last-level entry of address, or NULL if its table is not there. */
static uint64_t *entry_of(const struct arch_aspace *as, uint64_t address)
{
    if (address >= ARCH_USER_END || !as->root)
        return NULL;
    uint64_t *table = table_at(as->root);
    for (unsigned level = 0; level < 2; level++) {
        paddr_t next = table[index_of(address, level)];
        if (!next)
            return NULL;
        table = table_at(next);
    }
    return &table[index_of(address, 2)];
}

int arch_aspace_init(struct arch_aspace *as, struct account *a)
{
    *as = (struct arch_aspace){.root = frame_alloc_zero(a)};
    return as->root ? UKERN_OK : UKERN_ENOMEM;
}

int arch_aspace_map(struct arch_aspace *as, struct account *a, uint64_t address, paddr_t frame,
                    unsigned prot, unsigned flavour)
{
    check_flushed(as);
    ASSERT(address < ARCH_USER_END && ((address | frame) & (PAGE_SIZE - 1)) == 0 && frame);
    ASSERT((prot & UKERN_PROT_READ) && prot <= PROT_MASK && flavour <= FLAVOUR_MASK);
    ASSERT(!(prot & UKERN_PROT_WRITE) || !(prot & UKERN_PROT_EXEC));
    uint64_t *table = table_at(as->root);
    for (unsigned level = 0; level < 2; level++) {
        uint64_t *next = &table[index_of(address, level)];
        if (!*next && !(*next = frame_alloc_zero(a)))
            return UKERN_ENOMEM;
        table = table_at(*next);
    }
    uint64_t *entry = &table[index_of(address, 2)];
    ASSERT(!*entry);
    *entry =
        frame | (uint64_t)flavour << FLAVOUR_SHIFT | (uint64_t)prot << PROT_SHIFT | ENTRY_VALID;
    return UKERN_OK;
}

void arch_aspace_unmap(struct arch_aspace *as, uint64_t address, uint64_t pages)
{
    for (; pages > 0; pages--, address += PAGE_SIZE) {
        uint64_t *entry = entry_of(as, address);
        if (!entry || !*entry)
            continue;
        *entry = 0;
        bool none = as->stale_start == as->stale_end;
        as->stale_start = none ? address : min_u64(as->stale_start, address);
        as->stale_end = none ? address + PAGE_SIZE : max_u64(as->stale_end, address + PAGE_SIZE);
    }
}

void arch_aspace_flush(struct arch_aspace *as, uint64_t address, uint64_t pages)
{
    if (as->stale_start >= address && as->stale_end <= address + (pages << PAGE_SHIFT))
        as->stale_start = as->stale_end = 0;
}

void *arch_aspace_user(const struct arch_aspace *as, uint64_t address, unsigned prot)
{
    const uint64_t *entry = entry_of(as, address);
    if (!entry || !*entry || (prot & ~(*entry >> PROT_SHIFT & PROT_MASK)))
        return NULL;
    uint64_t flavour = *entry >> FLAVOUR_SHIFT & FLAVOUR_MASK;
    if (flavour != UKERN_SHM_NORMAL && flavour != UKERN_SHM_BOOT)
        return NULL;
    return (char *)arch_phys_to_virt(page_down(*entry)) + (address & (PAGE_SIZE - 1));
}

static void last_level_free(struct account *a, paddr_t frame)
{
    const uint64_t *table = table_at(frame);
    for (unsigned i = 0; i < ENTRIES; i++)
        ASSERT(!table[i]);
    frame_free(a, frame, 0);
}

bool arch_aspace_free(struct arch_aspace *as, struct account *a)
{
    check_flushed(as);
    if (!as->root)
        return false;
    unsigned left = TABLES_A_STEP;
    uint64_t *root = table_at(as->root);
    for (unsigned i = 0; i < ENTRIES; i++) {
        uint64_t *middle = root[i] ? table_at(root[i]) : NULL;
        for (unsigned j = 0; middle && j < ENTRIES; j++) {
            if (!middle[j])
                continue;
            if (left-- == 0)
                return true;
            last_level_free(a, middle[j]);
            middle[j] = 0;
        }
        if (middle) {
            if (left-- == 0)
                return true;
            frame_free(a, root[i], 0);
            root[i] = 0;
        }
    }
    frame_free(a, as->root, 0);
    as->root = 0;
    return false;
}
