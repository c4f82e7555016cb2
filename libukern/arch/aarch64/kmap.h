/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Page table entries, the kernel half of the address space, and what the linker script names.
 */
#ifndef ARCH_AARCH64_KMAP_H
#define ARCH_AARCH64_KMAP_H

#define PTE_VALID    (UINT64_C(1) << 0)
#define PTE_TABLE    (UINT64_C(1) << 1) /* a table, not a block; in level 3 always set */
#define PTE_MEMORY   (UINT64_C(7) << 2)
#define PTE_NORMAL   (UINT64_C(0) << 2) /* index in MAIR_EL1 */
#define PTE_UNCACHED (UINT64_C(1) << 2)
#define PTE_DEVICE   (UINT64_C(2) << 2)
#define PTE_USER     (UINT64_C(1) << 6)
#define PTE_READONLY (UINT64_C(1) << 7)
#define PTE_INNER    (UINT64_C(3) << 8)
#define PTE_ACCESSED (UINT64_C(1) << 10)
#define PTE_NOGLOBAL (UINT64_C(1) << 11)
#define PTE_GUARDED  (UINT64_C(1) << 50) /* BTI */
#define PTE_PXN      (UINT64_C(1) << 53)
#define PTE_UXN      (UINT64_C(1) << 54)
#define PTE_ADDRESS  UINT64_C(0x0000fffffffff000)

/* Normal write-back, normal uncached, device-nGnRnE. */
#define EARLY_MAIR 0x0044ff

#define TABLE_ENTRIES 512
#define LEVEL1_SHIFT  30
#define LEVEL2_SHIFT  21

#ifndef __ASSEMBLER__
#include "core.h"

#define KERNEL_PAGE   (PTE_VALID | PTE_NORMAL | PTE_INNER | PTE_ACCESSED | PTE_UXN)
#define KERNEL_TEXT   (KERNEL_PAGE | PTE_READONLY)
#define KERNEL_RODATA (KERNEL_PAGE | PTE_READONLY | PTE_PXN)
#define KERNEL_DATA   (KERNEL_PAGE | PTE_PXN)
#define KERNEL_DEVICE (PTE_VALID | PTE_DEVICE | PTE_ACCESSED | PTE_UXN | PTE_PXN)

extern char ukern_head[], __text_end[], __rodata_end[], __data_start[], __bss_start[], __bss_end[];
extern char __emergency_bottom[], __emergency_top[], __stack_bottom[], __stack_top[];
extern char __archive_start[], __archive_end[], __tables_start[], __tables_end[];

/* Bytes between two of them; they lie in one image, whatever C thinks. */
static inline uint64_t kmap_bytes(const char *from, const char *to)
{
    return (uint64_t)to - (uint64_t)from;
}

/* Before anything below: where the image was loaded. */
void kmap_init(paddr_t load);
/* Map RAM into the linear map, page aligned; what is mapped stays as it is (the kernel's text
 * read-only). false: beyond the linear map, or no table left. */
bool kmap_ram(paddr_t start, paddr_t end, bool readonly);
/* Registers of a device for the kernel's own use; NULL as above. */
volatile void *kmap_device(paddr_t base, uint64_t size);
/* The part of the image and its tables that is in use: not for the frame allocator. */
paddr_t kmap_image_start(void);
paddr_t kmap_image_end(void);
paddr_t kmap_image_phys(const void *symbol);

/* early.c, called by head.S with the MMU off. */
void early_tables(paddr_t load, uint64_t *tables);
uint64_t early_tcr(void);
uint64_t early_sctlr(void);

#endif
#endif
