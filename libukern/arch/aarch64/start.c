/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From head.S to the core: the MMU is on, .bss is zero, the vectors are set.
 */
#include "arch.h"
#include "entry.h"
#include "kmap.h"
#include "machine.h"
#include "start.h"

static struct cpu boot_cpu;

/* The identity map has done its work: from here on its table is the empty address space. */
static void drop_identity(uint64_t *table)
{
    for (unsigned i = 0; i < TABLE_ENTRIES; i++)
        table[i] = 0;
    barrier_stores();
    __asm__ volatile("tlbi vmalle1\n\tdsb nsh\n\tisb" : : : "memory");
}

const struct ukern_sysregs *arch_start(paddr_t dtb, paddr_t load, unsigned exception_level)
{
    static struct boot_info info;
    paddr_t identity;

    SYSREG_WRITE(tpidr_el1, (uint64_t)&boot_cpu);
    kmap_init(load);
    cpu_init();
    identity = kmap_image_phys(__tables_start);
    drop_identity(arch_phys_to_virt(identity));
    context_init(identity);
    counter_init();
    info.kernel_text = kmap_bytes(ukern_head, __rodata_end);
    info.kernel_data = kmap_bytes(__data_start, __bss_end) +
                       kmap_bytes(__stack_bottom, __stack_top) +
                       kmap_bytes(__emergency_bottom, __emergency_top);
    board_boot(dtb, exception_level, &info);
    return kernel_main(&info);
}
