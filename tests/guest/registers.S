/* SPDX-License-Identifier: BSD-2-Clause */
/* What C cannot say: system calls and faults with every register known. See registers.h. */
#include "registers.h"

    .macro  function name
    .text
    .balign 4
    .globl  \name
    .type   \name, %function
\name:
    hint    #34                             // bti c
    .endm

    .macro  save
    stp     x29, x30, [sp, #-112]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    .endm

    .macro  restore
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #112
    .endm

    // x0 = PATTERN + 0 ... x30 = PATTERN + 30, from `first` on.
    .macro  pattern first
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    .if     \n >= \first
    mov     x\n, #PATTERN + \n
    .endif
    .endr
    .endm

    // All registers to the buffer whose address stands at [sp, #96].
    .macro  store_all
    str     x0, [sp, #104]
    ldr     x0, [sp, #96]
    stp     x1, x2, [x0, #8]
    stp     x3, x4, [x0, #24]
    stp     x5, x6, [x0, #40]
    stp     x7, x8, [x0, #56]
    stp     x9, x10, [x0, #72]
    stp     x11, x12, [x0, #88]
    stp     x13, x14, [x0, #104]
    stp     x15, x16, [x0, #120]
    stp     x17, x18, [x0, #136]
    stp     x19, x20, [x0, #152]
    stp     x21, x22, [x0, #168]
    stp     x23, x24, [x0, #184]
    stp     x25, x26, [x0, #200]
    stp     x27, x28, [x0, #216]
    stp     x29, x30, [x0, #232]
    ldr     x1, [sp, #104]
    str     x1, [x0]
    .endm

// void registers_call(uint64_t number, const uint64_t in[11], uint64_t out[31])
function registers_call
    save
    str     x2, [sp, #96]
    mov     x9, x0
    mov     x8, x1
    pattern 11
    ldp     x0, x1, [x8]
    ldp     x2, x3, [x8, #16]
    ldp     x4, x5, [x8, #32]
    ldp     x6, x7, [x8, #48]
    ldr     x10, [x8, #72]
    ldr     x11, [x8, #64]
    mov     x8, x9
    mov     x9, x11
    mov     x11, #PATTERN + 11
    svc     #0
    store_all
    restore
    ret

// void registers_read(uint64_t address, uint64_t out[31]): x0 = *x1
function registers_read
    save
    str     x1, [sp, #96]
    mov     x1, x0
    mov     x0, #PATTERN
    pattern 2
    .globl  registers_read_at
registers_read_at:
    ldr     x0, [x1]
    store_all
    restore
    ret

// uint64_t registers_spin(uint64_t until): all registers known while CNTVCT_EL0 goes up to `until`; how many differ then.
function registers_spin
    save
    str     x0, [sp, #96]
    pattern 2
1:  mrs     x0, cntvct_el0
    ldr     x1, [sp, #96]
    cmp     x0, x1
    b.lo    1b
    mov     x0, xzr
    .irp    n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    mov     x1, #PATTERN + \n
    cmp     x\n, x1
    cinc    x0, x0, ne
    .endr
    restore
    ret

// _Noreturn void crash_KIND(void): all registers known, then the instruction at crash_KIND_at.
    .macro  crash name, instruction:vararg
function crash_\name
    pattern 0
    .globl  crash_\name\()_at
crash_\name\()_at:
    \instruction
    b       .
    .endm

crash   read, ldr x0, [x1]
crash   write, str x0, [x1]
crash   exec, br x16
crash   align, ldxr x0, [x1]
crash   illegal, udf #7
crash   break, brk #9

// void fpu_fill(uint64_t seed), uint64_t fpu_differs(uint64_t seed): q0 to q31, FPCR, FPSR
function fpu_fill
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    add     x1, x0, #\n
    fmov    d\n, x1
    mvn     x1, x1
    fmov    v\n\().d[1], x1
    .endr
    lsl     x1, x0, #22
    and     x1, x1, #0xc00000               // rounding mode
    msr     fpcr, x1
    and     x1, x0, #0x1f
    msr     fpsr, x1
    ret

function fpu_differs
    mov     x2, x0
    mov     x0, xzr
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    add     x1, x2, #\n
    fmov    x3, d\n
    cmp     x1, x3
    cinc    x0, x0, ne
    mvn     x1, x1
    fmov    x3, v\n\().d[1]
    cmp     x1, x3
    cinc    x0, x0, ne
    .endr
    lsl     x1, x2, #22
    and     x1, x1, #0xc00000
    mrs     x3, fpcr
    cmp     x1, x3
    cinc    x0, x0, ne
    and     x1, x2, #0x1f
    mrs     x3, fpsr
    cmp     x1, x3
    cinc    x0, x0, ne
    ret

// A program of its own, without a C library: ends with 0 if it was born with clean registers.
    .section .rodata.born_clean, "a"
    .balign 16
    .globl  born_clean, born_clean_end
born_clean:
    mrs     x2, nzcv                        // x2 is looked at below, with the others
    .irp    n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    orr     x2, x2, x\n
    .endr
    mov     x0, #1
    cbnz    x2, 1f
    mrs     x2, tpidr_el0
    mov     x0, #2
    cbnz    x2, 1f
    mrs     x2, fpcr
    mrs     x3, fpsr
    orr     x2, x2, x3
    mov     x0, #3
    cbnz    x2, 1f
    .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    orr     v0.16b, v0.16b, v\n\().16b
    .endr
    fmov    x2, d0
    fmov    x3, v0.d[1]
    orr     x2, x2, x3
    mov     x0, #4
    cbnz    x2, 1f
    mov     x0, #5
    mov     x2, sp
    tst     x2, #15
    b.ne    1f
    mov     x0, #0
1:  mov     x8, #28                         // task_exit
    svc     #0
    b       .
born_clean_end:

// const struct forbidden forbidden[]: instructions that a task may not run
    .macro  forbid instruction:vararg
    .text
    .balign 4
9:  hint    #34
    \instruction
    ret
    .section .rodata.forbidden_text, "aS", %progbits
8:  .string "\instruction"
    .section .data.rel.ro.forbidden, "aw"
    .xword  8b, 9b
    .endm

    .section .data.rel.ro.forbidden, "aw"
    .balign 8
    .globl  forbidden, forbidden_end
forbidden:
forbid  mrs x0, currentel
forbid  mrs x0, sctlr_el1
forbid  mrs x0, ttbr0_el1
forbid  mrs x0, tpidr_el1
forbid  mrs x0, esr_el1
forbid  mrs x0, midr_el1
forbid  mrs x0, id_aa64isar0_el1
forbid  mrs x0, cntp_ctl_el0
forbid  mrs x0, cntv_cval_el0
forbid  mrs x0, pmccntr_el0
forbid  mrs x0, daif
forbid  mrs x0, hcr_el2
forbid  mrs x0, scr_el3
forbid  msr ttbr0_el1, xzr
forbid  msr ttbr1_el1, xzr
forbid  msr sctlr_el1, xzr
forbid  msr vbar_el1, xzr
forbid  msr tcr_el1, xzr
forbid  msr mair_el1, xzr
forbid  msr sp_el0, xzr
forbid  msr elr_el1, xzr
forbid  msr spsr_el1, xzr
forbid  msr tpidr_el1, xzr
forbid  msr tpidrro_el0, xzr
forbid  msr cntv_ctl_el0, xzr
forbid  msr cntv_tval_el0, xzr
forbid  msr cntkctl_el1, xzr
forbid  msr contextidr_el1, xzr
forbid  msr cpacr_el1, xzr
forbid  msr mdscr_el1, xzr
forbid  msr oslar_el1, xzr
forbid  msr pmcr_el0, xzr
forbid  msr daifset, #15
forbid  msr daifclr, #15
forbid  msr spsel, #1
forbid  eret
forbid  hvc #0
forbid  smc #0
forbid  hlt #0xf000
forbid  wfi
forbid  drps
forbid  tlbi vmalle1
forbid  tlbi vaae1is, x0
forbid  ic iallu
forbid  ic ialluis
forbid  dc isw, x0
forbid  dc csw, x0
forbid  dc cisw, x0
forbid  dc ivac, x0
forbid  at s1e1r, x0
forbid  at s1e0w, x0
forbid  udf #0
    .section .data.rel.ro.forbidden, "aw"
forbidden_end:

    .section .note.GNU-stack, "", %progbits
