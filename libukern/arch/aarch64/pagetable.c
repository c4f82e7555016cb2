/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables of tasks: three levels of 512 entries, 4 KiB pages. Tables are added as pages are
 * entered and freed only with the address space, so that the TLB never has to forget more than
 * last-level entries.
 */
#include "arch.h"
#include "aspace.h"
#include "frame.h"
#include "kmap.h"
#include "machine.h"

#define FLUSH_PAGES_MAX 64 /* beyond: all of the ASID */
#define FREE_STEP       16 /* tables that one arch_aspace_free() frees, about */

#define TTBR_ASID_SHIFT 48

static uint64_t *entry_table(uint64_t entry)
{
    return arch_phys_to_virt(entry & PTE_ADDRESS);
}

static uint64_t *root_table(const struct arch_aspace *as)
{
    return entry_table(as->ttbr);
}

static unsigned level_index(uint64_t address, unsigned shift)
{
    return (address >> shift) % TABLE_ENTRIES;
}

int arch_aspace_init(struct arch_aspace *as, struct account *a)
{
    paddr_t root = frame_alloc_zero(a);

    if (!root)
        return UKERN_ENOMEM;
    *as = (struct arch_aspace){.ttbr = root};
    return UKERN_OK;
}

/* The table below an entry, made if it is not there. NULL: no memory. */
static uint64_t *table_below(uint64_t *entry, struct account *a)
{
    if (!*entry) {
        paddr_t table = frame_alloc_zero(a);
        if (!table)
            return NULL;
        barrier_stores();
        *entry = table | PTE_TABLE | PTE_VALID;
    }
    return entry_table(*entry);
}

static uint64_t page_attributes(unsigned prot, unsigned flavour)
{
    uint64_t bits = PTE_VALID | PTE_TABLE | PTE_USER | PTE_ACCESSED | PTE_NOGLOBAL | PTE_PXN;

    ASSERT((prot & (UKERN_PROT_WRITE | UKERN_PROT_EXEC)) != (UKERN_PROT_WRITE | UKERN_PROT_EXEC));
    if (!(prot & UKERN_PROT_WRITE))
        bits |= PTE_READONLY;
    if (!(prot & UKERN_PROT_EXEC))
        bits |= PTE_UXN;
    if (flavour == UKERN_SHM_DEVICE)
        return bits | PTE_DEVICE;
    return bits | PTE_INNER | (flavour == UKERN_SHM_DMA ? PTE_UNCACHED : PTE_NORMAL);
}

int arch_aspace_map(struct arch_aspace *as, struct account *a, uint64_t address, paddr_t frame,
                    unsigned prot, unsigned flavour)
{
    uint64_t *table = table_below(&root_table(as)[level_index(address, LEVEL1_SHIFT)], a);

    if (table)
        table = table_below(&table[level_index(address, LEVEL2_SHIFT)], a);
    if (!table)
        return UKERN_ENOMEM;
    /* The kernel zeroed it through the cache; the task will look past the cache. */
    if (flavour == UKERN_SHM_DMA)
        cache_clean_invalidate(arch_phys_to_virt(frame), PAGE_SIZE);
    table[level_index(address, PAGE_SHIFT)] = frame | page_attributes(prot, flavour);
    barrier_stores();
    return UKERN_OK;
}

void arch_aspace_unmap(struct arch_aspace *as, uint64_t address, uint64_t pages)
{
    uint64_t at = address, end = address + pages * PAGE_SIZE;

    while (at < end) {
        uint64_t gib_end = min_u64((at | ((UINT64_C(1) << LEVEL1_SHIFT) - 1)) + 1, end);
        uint64_t block_end = min_u64((at | ((UINT64_C(1) << LEVEL2_SHIFT) - 1)) + 1, end);
        uint64_t entry = root_table(as)[level_index(at, LEVEL1_SHIFT)];

        if (!entry) {
            at = gib_end;
            continue;
        }
        entry = entry_table(entry)[level_index(at, LEVEL2_SHIFT)];
        if (entry) {
            uint64_t *table = entry_table(entry);
            for (uint64_t page = at; page < block_end; page += PAGE_SIZE)
                table[level_index(page, PAGE_SHIFT)] = 0;
        }
        at = block_end;
    }
}

void arch_aspace_flush(struct arch_aspace *as, uint64_t address, uint64_t pages)
{
    uint64_t asid = as->ttbr >> TTBR_ASID_SHIFT << TTBR_ASID_SHIFT;

    barrier_stores();
    /* Without an ASID of this generation it has nothing in the TLB. */
    if (!arch_asid_current(as))
        return;
    if (pages > FLUSH_PAGES_MAX) {
        __asm__ volatile("tlbi aside1is, %0" : : "r"(asid) : "memory");
    } else {
        for (uint64_t i = 0; i < pages; i++)
            __asm__ volatile("tlbi vale1is, %0"
                             :
                             : "r"(asid | ((address >> PAGE_SHIFT) + i))
                             : "memory");
    }
    __asm__ volatile("dsb ish" : : : "memory");
}

void *arch_aspace_user(const struct arch_aspace *as, uint64_t address, unsigned prot)
{
    /* What must be zero in the entry: not normal memory, not writable, not executable. */
    uint64_t deny = PTE_MEMORY;
    uint64_t entry;

    if (unlikely(address >= ARCH_USER_END))
        return NULL;
    if (prot & UKERN_PROT_WRITE)
        deny |= PTE_READONLY;
    if (prot & UKERN_PROT_EXEC)
        deny |= PTE_UXN;
    entry = root_table(as)[address >> LEVEL1_SHIFT];
    if (unlikely(!entry))
        return NULL;
    entry = entry_table(entry)[level_index(address, LEVEL2_SHIFT)];
    if (unlikely(!entry))
        return NULL;
    entry = entry_table(entry)[level_index(address, PAGE_SHIFT)];
    if (unlikely((entry & (deny | PTE_VALID)) != PTE_VALID))
        return NULL;
    return (char *)arch_phys_to_virt(entry & PTE_ADDRESS) + (address & (PAGE_SIZE - 1));
}

/* The first entry from `from` on that is not empty; TABLE_ENTRIES: none. Looks at eight at a time.
 */
static unsigned next_entry(const uint64_t *table, unsigned from)
{
    unsigned i = from;

    for (; i % 8 && i < TABLE_ENTRIES; i++)
        if (table[i])
            return i;
    for (; i < TABLE_ENTRIES; i += 8) {
        const uint64_t *t = table + i;
        if (t[0] | t[1] | t[2] | t[3] | t[4] | t[5] | t[6] | t[7])
            break;
    }
    for (; i < TABLE_ENTRIES; i++)
        if (table[i])
            break;
    return i;
}

/* Free the tables below a level 2 table, up to FREE_STEP in all; false: some are left. */
static bool free_level2(uint64_t *table, struct account *a, unsigned *freed)
{
    for (unsigned i = next_entry(table, 0); i < TABLE_ENTRIES; i = next_entry(table, i + 1)) {
        if (*freed == FREE_STEP)
            return false;
        frame_free(a, table[i] & PTE_ADDRESS, 0);
        table[i] = 0;
        ++*freed;
    }
    return true;
}

bool arch_aspace_free(struct arch_aspace *as, struct account *a)
{
    uint64_t *root = root_table(as);
    unsigned freed = 0;

    if (!as->ttbr)
        return false;
    /* The walker must not look at tables that are given back. */
    if (SYSREG_READ(ttbr0_el1) == as->ttbr)
        arch_empty_aspace();
    for (; (as->freed = next_entry(root, as->freed)) < TABLE_ENTRIES; as->freed++) {
        uint64_t entry = root[as->freed];
        if (freed)
            return true;
        if (!free_level2(entry_table(entry), a, &freed))
            return true;
        frame_free(a, entry & PTE_ADDRESS, 0);
        root[as->freed] = 0;
        freed++;
    }
    frame_free(a, as->ttbr & PTE_ADDRESS, 0);
    as->ttbr = 0;
    return false;
}
