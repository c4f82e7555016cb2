/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first page tables. This runs with the MMU off at the physical address, so nothing here may
 * use an absolute address (switch tables, pointers in data) or write static data; and all memory
 * behaves as device memory: aligned accesses only.
 */
#pragma GCC target("strict-align")

#include "arch.h"
#include "kmap.h"
#include "layout.h"

#define BLOCK_SIZE (UINT64_C(1) << LEVEL2_SHIFT)

static uint64_t *early_table(uint64_t *tables, unsigned index)
{
    return tables + index * TABLE_ENTRIES;
}

static uint64_t table_entry(const uint64_t *table)
{
    return (uint64_t)table | PTE_TABLE | PTE_VALID;
}

static uint64_t text_page(void)
{
    return KERNEL_TEXT | (id_field(SYSREG_READ(id_aa64pfr1_el1), 0) ? PTE_GUARDED : 0);
}

/* The first 2 MiB, page by page: at the link address, and its alias in the linear map. */
static void fill_image(paddr_t load, uint64_t *image, uint64_t *linear)
{
    uint64_t text = kmap_bytes(ukern_head, __text_end),
             rodata = kmap_bytes(ukern_head, __rodata_end);
    uint64_t emergency = kmap_bytes(ukern_head, __emergency_bottom),
             stack = kmap_bytes(ukern_head, __stack_bottom);
    uint64_t emergency_end = kmap_bytes(ukern_head, __emergency_top),
             end = kmap_bytes(ukern_head, __stack_top);
    uint64_t attributes = text_page(), guard = emergency - PAGE_SIZE;

    for (uint64_t at = 0; at < BLOCK_SIZE; at += PAGE_SIZE) {
        uint64_t page = (load + at) | PTE_TABLE, i = at >> PAGE_SHIFT;
        linear[i] = page | (at < rodata ? KERNEL_RODATA : KERNEL_DATA);
        if (at < text)
            image[i] = page | attributes;
        else if (at < rodata)
            image[i] = page | KERNEL_RODATA;
        else if (at < guard || (at >= emergency && at < emergency_end) || (at >= stack && at < end))
            image[i] = page | KERNEL_DATA;
    }
}

void early_tables(paddr_t load, uint64_t *tables)
{
    uint64_t *root = early_table(tables, EARLY_ROOT);
    uint64_t *image2 = early_table(tables, EARLY_IMAGE_L2);
    uint64_t *image3 = early_table(tables, EARLY_IMAGE_L3);
    uint64_t *linear2 = early_table(tables, EARLY_LINEAR_L2);
    uint64_t *linear3 = early_table(tables, EARLY_LINEAR_L3);
    uint64_t size = kmap_bytes(ukern_head, __tables_end);
    uint64_t gib = load >> LEVEL1_SHIFT;

    for (uint64_t *p = tables; p < early_table(tables, EARLY_TABLES); p++)
        *(volatile uint64_t *)p = 0; /* volatile: not a call of memset() */

    /* Where we are now, for the moment when the MMU goes on. Writable is never executable (WXN). */
    tables[gib] = (gib << LEVEL1_SHIFT) | KERNEL_TEXT;
    root[(IMAGE_BASE - LINEAR_BASE) >> LEVEL1_SHIFT] = table_entry(image2);
    image2[0] = table_entry(image3);
    /* The linear map of the image, its archive and its tables. EARLY_LINEAR_L2_B follows
     * EARLY_LINEAR_L2. */
    root[gib] = table_entry(linear2);
    if (((load + size - 1) >> LEVEL1_SHIFT) != gib)
        root[gib + 1] = table_entry(linear2 + TABLE_ENTRIES);
    linear2 += (load - (gib << LEVEL1_SHIFT)) >> LEVEL2_SHIFT;
    linear2[0] = table_entry(linear3);
    for (uint64_t at = BLOCK_SIZE; at < size; at += BLOCK_SIZE)
        linear2[at >> LEVEL2_SHIFT] = (load + at) | KERNEL_DATA;
    fill_image(load, image3, linear3);
}

uint64_t early_tcr(void)
{
    uint64_t mmfr0 = SYSREG_READ(id_aa64mmfr0_el1);
    uint64_t range = id_field(mmfr0, 0);
    /* 39-bit halves, 4 KiB pages, write-back inner shareable walks. */
    uint64_t tcr = 25 | (UINT64_C(25) << 16) | (UINT64_C(0x35) << 8) | (UINT64_C(0xb5) << 24);

    tcr |= (range > 5 ? 5 : range) << 32;
    if (id_field(mmfr0, 4) == 2)
        tcr |= UINT64_C(1) << 36; /* 16-bit ASIDs */
    if (id_field(SYSREG_READ(id_aa64mmfr2_el1), 60))
        tcr |= UINT64_C(1) << 56; /* E0PD1: a task cannot even time the kernel half */
    return tcr;
}

uint64_t early_sctlr(void)
{
    uint64_t isar1 = SYSREG_READ(id_aa64isar1_el1), isar2 = SYSREG_READ(id_aa64isar2_el1);
    uint64_t sctlr = SCTLR_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_SA0 | SCTLR_WXN |
                     SCTLR_DZE | SCTLR_UCT;

    if (!id_field(SYSREG_READ(id_aa64mmfr1_el1), 20))
        sctlr |= SCTLR_SPAN; /* no PAN */
    if (id_field(isar1, 4) || id_field(isar1, 8) || id_field(isar2, 12))
        sctlr |= UINT64_C(1) << 31; /* pointer authentication with key A for tasks */
    return sctlr;
}
