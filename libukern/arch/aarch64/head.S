/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot: arm64 Image header; from EL2 or EL1 with the MMU off to arch_start() at the linked address.
 *
 *   x19  device tree (physical)
 *   x20  load address of the image (2 MiB aligned by the boot protocol)
 *   x21  exception level at entry
 */
#include "kmap.h"
#include "layout.h"
#include "sysreg.h"

    .cfi_sections .debug_frame
    .section .head, "ax"
    .global ukern_head
ukern_head:
    .cfi_startproc
    .cfi_undefined x30              // nothing called it
    b       start                   // code0
    .long   0                       // code1
    .quad   0                       // offset from a 2 MiB boundary
    .quad   __image_size
    .quad   0xa                     // little endian, 4 KiB pages, anywhere in memory
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0

start:
    mov     x19, x0
    adr     x20, ukern_head
    mrs     x21, CurrentEL
    lsr     x21, x21, #2
    msr     daifset, #15

    // The registers of EL1 while the MMU is off, whatever the loader left in them.
    ldr     x0, =SCTLR_RES1 | SCTLR_SPAN
    msr     sctlr_el1, x0
    isb
    cmp     x21, #2
    b.ne    at_el1
    bl      leave_el2

at_el1:
    // Tables that the walker will read past the caches: no stale line may cover them,
    // before or after.
    adrp    x0, __tables_start
    add     x1, x0, #EARLY_TABLES * 4096
    bl      invalidate
    adrp    x0, __stack_top
    mov     sp, x0
    mov     x0, x20
    adrp    x1, __tables_start
    bl      early_tables
    adrp    x0, __tables_start
    add     x1, x0, #EARLY_TABLES * 4096
    bl      invalidate
    bl      early_tcr
    msr     tcr_el1, x0
    bl      early_sctlr

    ldr     x1, =EARLY_MAIR
    msr     mair_el1, x1
    adrp    x1, __tables_start
    msr     ttbr0_el1, x1           // EARLY_IDENTITY is the first table
    add     x1, x1, #EARLY_ROOT * 4096
    msr     ttbr1_el1, x1
    tlbi    vmalle1
    ic      iallu
    dsb     nsh
    isb
    ldr     x1, =at_link_address
    msr     sctlr_el1, x0
    isb
    br      x1

at_link_address:
    hint    #38                     // bti jc
    ldr     x0, =vectors
    msr     vbar_el1, x0
    ldr     x0, =__stack_top - TRAP_SIZE
    mov     sp, x0
    mov     x29, xzr
    ldr     x0, =__bss_start
    ldr     x1, =__bss_end
1:  stp     xzr, xzr, [x0], #16     // both are 16-byte aligned
    cmp     x0, x1
    b.lo    1b
    stp     xzr, xzr, [sp, #TRAP_ZERO]

    mov     x0, x19
    mov     x1, x20
    mov     x2, x21
    bl      arch_start
    b       exit_to_user
    .cfi_endproc

// Invalidate [x0, x1) in the data cache, to the point of coherency.
invalidate:
    mrs     x2, ctr_el0
    ubfx    x2, x2, #16, #4         // log2 of words in the smallest line
    mov     x3, #4
    lsl     x3, x3, x2
    dmb     sy
1:  dc      ivac, x0
    add     x0, x0, x3
    cmp     x0, x1
    b.lo    1b
    dsb     sy
    ret

// From EL2 to EL1, returning there. EL2 keeps nothing: no trap to it is left but HVC.
leave_el2:
    mov     x0, #(1 << 31)          // HCR: EL1 is AArch64, no VHE,
    orr     x0, x0, #(3 << 40)      // pointer authentication does not trap
    msr     hcr_el2, x0
    isb
    mov     x0, #0x33ff             // CPTR: FPU free; SVE and SME trap
    msr     cptr_el2, x0
    mov     x0, #3                  // physical counter and timer free
    msr     cnthctl_el2, x0
    msr     cntvoff_el2, xzr
    msr     hstr_el2, xzr
    msr     mdcr_el2, xzr
    msr     vttbr_el2, xzr
    mrs     x0, midr_el1
    msr     vpidr_el2, x0
    mrs     x0, mpidr_el1
    msr     vmpidr_el2, x0

    mrs     x0, id_aa64mmfr0_el1    // fine-grained traps, where they exist: none
    ubfx    x0, x0, #56, #4
    cbz     x0, 1f
    msr     s3_4_c1_c1_4, xzr       // HFGRTR_EL2
    msr     s3_4_c1_c1_5, xzr       // HFGWTR_EL2
    msr     s3_4_c1_c1_6, xzr       // HFGITR_EL2
    msr     s3_4_c3_c1_4, xzr       // HDFGRTR_EL2
    msr     s3_4_c3_c1_5, xzr       // HDFGWTR_EL2
1:  mrs     x0, id_aa64mmfr1_el1
    ubfx    x0, x0, #40, #4
    cbz     x0, 2f
    msr     s3_4_c1_c2_2, xzr       // HCRX_EL2
2:  mrs     x0, id_aa64pfr0_el1     // GICv3: EL1 may use its system registers
    ubfx    x0, x0, #24, #4
    cbz     x0, 3f
    mrs     x0, s3_4_c12_c9_5       // ICC_SRE_EL2
    orr     x0, x0, #1              // SRE
    orr     x0, x0, #8              // Enable
    msr     s3_4_c12_c9_5, x0
    isb
    msr     s3_4_c12_c11_0, xzr     // ICH_HCR_EL2
3:  mov     x0, #0x3c5              // EL1h, all masked
    msr     spsr_el2, x0
    msr     elr_el2, x30
    eret
