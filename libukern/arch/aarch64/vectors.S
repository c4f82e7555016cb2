/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry and exit. While a task runs, sp_el1 points to the trap area at the top of the kernel stack;
 * so does it again when the entry point in core/entry.h has returned. A system call is to the
 * compiler a function call: x0 to x18 need no saving, and C keeps x19 to x29, so that they are
 * saved only when another task runs next. For everything else all registers are saved.
 */
#include "layout.h"
#include "sysreg.h"

    .macro  save_callee_saved context
    stp     x19, x20, [\context, #CTX_X(19)]
    stp     x21, x22, [\context, #CTX_X(21)]
    stp     x23, x24, [\context, #CTX_X(23)]
    stp     x25, x26, [\context, #CTX_X(25)]
    stp     x27, x28, [\context, #CTX_X(27)]
    stp     x29, x30, [\context, #CTX_X(29)]
    .endm

    .macro  restore_callee_saved context
    ldp     x19, x20, [\context, #CTX_X(19)]
    ldp     x21, x22, [\context, #CTX_X(21)]
    ldp     x23, x24, [\context, #CTX_X(23)]
    ldp     x25, x26, [\context, #CTX_X(25)]
    ldp     x27, x28, [\context, #CTX_X(27)]
    ldp     x29, x30, [\context, #CTX_X(29)]
    .endm

    .macro  save_state context
    mrs     x2, sp_el0
    mrs     x3, elr_el1
    mrs     x4, spsr_el1
    stp     x2, x3, [\context, #CTX_SP]
    str     x4, [\context, #CTX_PSTATE]
    .endm

    .macro  restore_state context
    ldp     x2, x3, [\context, #CTX_SP]
    ldr     x4, [\context, #CTX_PSTATE]
    msr     sp_el0, x2
    msr     elr_el1, x3
    msr     spsr_el1, x4
    .endm

    // Save everything in the current task's context; x0 and x1 are in the trap area already.
    .macro  save_all
    mrs     x0, tpidr_el1
    ldr     x0, [x0, #CPU_CURRENT]
    stp     x2, x3, [x0, #CTX_X(2)]
    stp     x4, x5, [x0, #CTX_X(4)]
    stp     x6, x7, [x0, #CTX_X(6)]
    stp     x8, x9, [x0, #CTX_X(8)]
    stp     x10, x11, [x0, #CTX_X(10)]
    stp     x12, x13, [x0, #CTX_X(12)]
    stp     x14, x15, [x0, #CTX_X(14)]
    stp     x16, x17, [x0, #CTX_X(16)]
    str     x18, [x0, #CTX_X(18)]
    save_callee_saved x0
    ldp     x2, x3, [sp, #SYSREGS_X(0)]
    stp     x2, x3, [x0, #CTX_X(0)]
    save_state x0
    .endm

    // An exception that must not happen: tell which.
    .macro  bug number
    msr     tpidrro_el0, x0
    mov     x0, #\number
    b       kernel_bug
    .endm

    // Nothing of the kernel or of another task may stay in the registers that no result uses.
    .macro  load_results from
    mov     x8, xzr
    mov     x11, xzr
    mov     x12, xzr
    mov     x13, xzr
    mov     x14, xzr
    mov     x15, xzr
    mov     x16, xzr
    mov     x17, xzr
    mov     x18, xzr
    ldp     x9, x10, [\from, #SYSREGS_X9]
    ldp     x6, x7, [\from, #SYSREGS_X(6)]
    ldp     x4, x5, [\from, #SYSREGS_X(4)]
    ldp     x2, x3, [\from, #SYSREGS_X(2)]
    ldp     x0, x1, [\from, #SYSREGS_X(0)]
    .endm

    // Nothing is guessed past the return.
    .macro  return_to_user
    eret
    dsb     nsh
    isb
    .endm

    .macro  slot
    .balign 128
    .endm

    .section .text.vectors, "ax"
    .balign 2048
    .global vectors
vectors:
    bug     VECTOR_SP0
    slot
    bug     VECTOR_SP0
    slot
    bug     VECTOR_SP0
    slot
    bug     VECTOR_SP0

    slot    // the kernel's own exceptions
    bug     VECTOR_SYNC
    slot
    bug     VECTOR_IRQ
    slot
    bug     VECTOR_FIQ
    slot
    bug     VECTOR_SERROR

    slot    // a task's synchronous exceptions: system calls first
    stp     x0, x1, [sp, #SYSREGS_X(0)]
    mrs     x0, esr_el1
    lsr     x0, x0, #26
    cmp     x0, #EC_SVC64
    b.ne    fault
    stp     x2, x3, [sp, #SYSREGS_X(2)]
    stp     x4, x5, [sp, #SYSREGS_X(4)]
    stp     x6, x7, [sp, #SYSREGS_X(6)]
    stp     x9, x10, [sp, #SYSREGS_X9]
    str     x30, [sp, #TRAP_LR]
    mrs     x0, tpidr_el1
    mov     x1, sp
    cmp     x8, #SYS_IPC_CALL       // the two that count every instruction
    b.eq    short_call
    cmp     x8, #SYS_IPC_REPLY_RECV
    b.eq    short_reply_recv
    mov     x2, x8
    bl      kernel_syscall
    b       after_call
    slot    // interrupt from a task
    stp     x0, x1, [sp, #SYSREGS_X(0)]
    b       interrupt
    slot
    bug     VECTOR_FIQ_EL0
    slot    // SError while a task ran
    stp     x0, x1, [sp, #SYSREGS_X(0)]
    b       fault

    slot    // AArch32 tasks do not exist
    bug     VECTOR_LOWER32
    slot
    bug     VECTOR_LOWER32
    slot
    bug     VECTOR_LOWER32
    slot
    bug     VECTOR_LOWER32
    slot

fault:
    save_all
    mrs     x0, esr_el1
    mrs     x1, far_el1
    bl      trap_from_task
    b       exit_to_user

interrupt:
    save_all
    bl      kernel_interrupt
    b       exit_to_user

short_call:
    bl      ipc_fast_call
    b       after_call
short_reply_recv:
    bl      ipc_fast_reply_recv

    // struct way: x0, whose turn it is; x1, whom to save. Results are in the trap area.
after_call:
    ldr     x30, [sp, #TRAP_LR]
    cbz     x1, same_task
    save_callee_saved x1
    save_state x1
    cbz     x0, resume
    restore_state x0
    restore_callee_saved x0
same_task:                          // C has kept its other registers
    load_results sp
    return_to_user

resume:
    bl      kernel_resume

    // x0: result registers, or NULL to restore everything.
    .global exit_to_user
exit_to_user:
    cbz     x0, exit_full
    mrs     x1, tpidr_el1
    ldr     x1, [x1, #CPU_CURRENT]
    restore_state x1
    restore_callee_saved x1
    load_results x0
    return_to_user

exit_full:
    mrs     x1, tpidr_el1
    ldr     x1, [x1, #CPU_CURRENT]
    restore_state x1
    restore_callee_saved x1
    ldp     x18, x19, [x1, #CTX_X(18)]
    ldp     x16, x17, [x1, #CTX_X(16)]
    ldp     x14, x15, [x1, #CTX_X(14)]
    ldp     x12, x13, [x1, #CTX_X(12)]
    ldp     x10, x11, [x1, #CTX_X(10)]
    ldp     x8, x9, [x1, #CTX_X(8)]
    ldp     x6, x7, [x1, #CTX_X(6)]
    ldp     x4, x5, [x1, #CTX_X(4)]
    ldp     x2, x3, [x1, #CTX_X(2)]
    ldp     x0, x1, [x1, #CTX_X(0)]
    return_to_user

    // The kernel's own exception. x0: vector; the old x0 is in tpidrro_el0. The stack may be the
    // reason, so all goes to a static struct ukern_regs and the emergency stack.
kernel_bug:
    msr     tpidr_el0, x0           // nobody returns to a task any more
    adrp    x0, trap_regs
    add     x0, x0, :lo12:trap_regs
    stp     x1, x2, [x0, #CTX_X(1)]
    stp     x3, x4, [x0, #CTX_X(3)]
    stp     x5, x6, [x0, #CTX_X(5)]
    stp     x7, x8, [x0, #CTX_X(7)]
    stp     x9, x10, [x0, #CTX_X(9)]
    stp     x11, x12, [x0, #CTX_X(11)]
    stp     x13, x14, [x0, #CTX_X(13)]
    stp     x15, x16, [x0, #CTX_X(15)]
    stp     x17, x18, [x0, #CTX_X(17)]
    save_callee_saved x0
    mrs     x1, tpidrro_el0
    str     x1, [x0]
    mov     x2, sp
    mrs     x3, elr_el1
    mrs     x4, spsr_el1
    stp     x2, x3, [x0, #CTX_SP]
    str     x4, [x0, #CTX_PSTATE]
    adrp    x2, __emergency_top
    mov     sp, x2
    mrs     x1, tpidr_el0
    mrs     x2, esr_el1
    mrs     x3, far_el1
    b       trap_from_kernel
