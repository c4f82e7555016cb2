/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel half once the MMU is on: entries are only ever added, at boot, so the TLB needs no
 * care. Tables come from the few pages that the linker script keeps behind the image.
 */
#include "arch.h"
#include "kmap.h"
#include "layout.h"

static paddr_t image;       /* load address */
static paddr_t tables_next; /* first unused table */

void kmap_init(paddr_t load)
{
    image = load;
    tables_next = kmap_image_phys(__tables_start) + EARLY_TABLES * PAGE_SIZE;
}

paddr_t kmap_image_phys(const void *symbol)
{
    return image + ((uint64_t)symbol - IMAGE_BASE);
}

paddr_t kmap_image_start(void)
{
    return image;
}

paddr_t kmap_image_end(void)
{
    return tables_next;
}

static uint64_t *table_new(void)
{
    uint64_t *table = arch_phys_to_virt(tables_next);

    if (tables_next == kmap_image_phys(__tables_end))
        return NULL;
    tables_next += PAGE_SIZE;
    arch_page_zero(table);
    return table;
}

/* The table below an entry: there, or new. NULL: no table left. */
static uint64_t *table_below(uint64_t *entry)
{
    if (!(*entry & PTE_VALID)) {
        uint64_t *table = table_new();
        if (!table)
            return NULL;
        barrier_stores();
        *entry = arch_virt_to_phys(table) | PTE_TABLE | PTE_VALID;
    }
    return arch_phys_to_virt(*entry & PTE_ADDRESS);
}

static bool is_block(uint64_t entry)
{
    return (entry & (PTE_VALID | PTE_TABLE)) == PTE_VALID;
}

/*
 * Map [at, end) to `phys` with the largest entries that fit, in the table of `shift` (of one
 * entry's size). What is there stays.
 */
static bool map_level(uint64_t *table, unsigned shift, uint64_t at, uint64_t end, uint64_t phys,
                      uint64_t attributes)
{
    while (at < end) {
        uint64_t size = UINT64_C(1) << shift;
        uint64_t next = min_u64((at | (size - 1)) + 1, end);
        uint64_t *entry = &table[(at >> shift) % TABLE_ENTRIES];
        bool whole = next - at == size && !((phys | at) & (size - 1));

        if (shift == PAGE_SHIFT || (whole && !*entry)) {
            if (!*entry)
                *entry = phys | attributes | (shift == PAGE_SHIFT ? PTE_TABLE : 0);
        } else if (!is_block(*entry)) {
            uint64_t *below = table_below(entry);
            if (!below || !map_level(below, shift - 9, at, next, phys, attributes))
                return false;
        }
        phys += next - at;
        at = next;
    }
    return true;
}

static bool map_kernel(uint64_t virt, uint64_t phys, uint64_t size, uint64_t attributes)
{
    uint64_t *root =
        (uint64_t *)arch_phys_to_virt(kmap_image_phys(__tables_start)) + EARLY_ROOT * TABLE_ENTRIES;
    /* Addresses relative to the half, so that the top of it does not wrap. */
    uint64_t at = virt - LINEAR_BASE;
    bool ok = map_level(root, LEVEL1_SHIFT, at, at + size, phys, attributes);

    barrier_stores();
    barrier_isb();
    return ok;
}

bool kmap_ram(paddr_t start, paddr_t end, bool readonly)
{
    if (start > end || end > LINEAR_SIZE)
        return false;
    return map_kernel(LINEAR_BASE + start, start, end - start,
                      readonly ? KERNEL_RODATA : KERNEL_DATA);
}

volatile void *kmap_device(paddr_t base, uint64_t size)
{
    uint64_t block = UINT64_C(1) << LEVEL2_SHIFT;
    paddr_t start = base & ~(block - 1), end;

    if (base >= DEVICE_SIZE || size > DEVICE_SIZE - base)
        return NULL;
    /* Whole blocks: fewer tables, and nobody looks at device memory by itself. */
    end = (base + size + block - 1) & ~(block - 1);
    if (!map_kernel(DEVICE_BASE + start, start, end - start, KERNEL_DEVICE))
        return NULL;
    return (volatile void *)(DEVICE_BASE + base);
}
