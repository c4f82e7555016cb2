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
    mrs     x11, sp_el0
    mrs     x12, elr_el1
    mrs     x13, spsr_el1
    mrs     x14, tpidr_el0
    stp     x11, x12, [\context, #CTX_SP]
    stp     x13, x14, [\context, #CTX_PSTATE]
    .endm

    .macro  restore_state context
    ldp     x11, x12, [\context, #CTX_SP]
    ldp     x13, x14, [\context, #CTX_PSTATE]
    msr     sp_el0, x11
    msr     elr_el1, x12
    msr     spsr_el1, x13
    msr     tpidr_el0, x14
    .endm

    .macro  this_cpu register
    mrs     \register, tpidr_el1
    .endm

    .macro  current_task register
    mrs     \register, tpidr_el1
    ldr     \register, [\register, #CPU_CURRENT]
    .endm

    // Save everything in the current task's context; x16 is in the trap area already.
    .macro  save_all
    current_task x16
    stp     x0, x1, [x16, #CTX_X(0)]
    stp     x2, x3, [x16, #CTX_X(2)]
    stp     x4, x5, [x16, #CTX_X(4)]
    stp     x6, x7, [x16, #CTX_X(6)]
    stp     x8, x9, [x16, #CTX_X(8)]
    stp     x10, x11, [x16, #CTX_X(10)]
    stp     x12, x13, [x16, #CTX_X(12)]
    stp     x14, x15, [x16, #CTX_X(14)]
    stp     x17, x18, [x16, #CTX_X(17)]
    save_callee_saved x16
    ldr     x0, [sp]
    str     x0, [x16, #CTX_X(16)]
    save_state x16
    .endm

    // An exception that must not happen: tell which.
    .macro  bug number
    msr     tpidrro_el0, x0
    mov     x0, #\number
    b       kernel_bug
    .endm

    // Nothing of the kernel or of another task may stay in the registers that no result uses.
    .macro  scrub
    ldp     x11, x12, [sp, #TRAP_ZERO]
    ldp     x13, x14, [sp, #TRAP_ZERO]
    ldp     x15, x16, [sp, #TRAP_ZERO]
    ldp     x17, x18, [sp, #TRAP_ZERO]
    mov     x8, xzr
    .endm

    .macro  store_arguments
    stp     x0, x1, [sp, #SYSREGS_X(0)]
    stp     x2, x3, [sp, #SYSREGS_X(2)]
    stp     x4, x5, [sp, #SYSREGS_X(4)]
    stp     x6, x7, [sp, #SYSREGS_X(6)]
    stp     x9, x10, [sp, #SYSREGS_X9]
    stp     x30, x8, [sp, #TRAP_LR]
    .endm

    .macro  load_results from
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

    // A debugger goes back no further: what called is a task.
    .cfi_sections .debug_frame
    .section .text.vectors, "ax"
    .balign 2048
    .global vectors
vectors:
    .cfi_startproc
    .cfi_undefined x30
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
    str     x16, [sp]
    mrs     x16, esr_el1
    lsr     x16, x16, #26
    cmp     x16, #EC_SVC64
    b.ne    fault
#if !defined(UKERN_MEASURE) && !defined(UKERN_TRACE)
    cmp     x8, #SYS_IPC_CALL       // the two that count every instruction
    b.eq    short_call
    cmp     x8, #SYS_IPC_REPLY_RECV
    b.eq    short_reply_recv
    store_arguments
general_call:
    cmp     x8, #SYS_CALLS
    b.hs    any_call
    adrp    x2, kernel_handlers
    add     x2, x2, #:lo12:kernel_handlers
    ldr     x2, [x2, x8, lsl #3]
    current_task x0
    mov     x1, sp
    blr     x2
    b       handled
#else
    store_arguments
    b       any_call
#endif
    slot    // interrupt from a task
    str     x16, [sp]
    b       interrupt
    slot
    bug     VECTOR_FIQ_EL0
    slot    // SError while a task ran
    str     x16, [sp]
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

#if !defined(UKERN_MEASURE) && !defined(UKERN_TRACE)
    // The short ways of ipc_call and ipc_reply_recv: x1 to x7 stay where they are. x17, this CPU, and
    // x18, the task that leaves, are not touched by that C code (build.mk). The trap area holds the
    // arguments that are beyond x7.
short_call:
    this_cpu x17
    ldr     x18, [x17, #CPU_CURRENT]
    save_callee_saved x18
    save_state x18
    stp     x9, x0, [sp]
    bl      ipc_fast_call
    cbz     x0, long_call
    ldr     x10, [x18, #TASK_TOKEN]
    ldr     x9, [x18, #TASK_BADGE]
    restore_state x0
    restore_callee_saved x0
    mov     x0, xzr                 // UKERN_EV_MESSAGE
    scrub
    return_to_user

short_reply_recv:
    this_cpu x17
    ldr     x18, [x17, #CPU_CURRENT]
    save_callee_saved x18
    save_state x18
    stp     x9, x10, [sp]
    str     x0, [sp, #16]
    bl      ipc_fast_reply_recv
    cbz     x0, long_reply_recv
    restore_state x0
    restore_callee_saved x0
    mov     x0, xzr                 // UKERN_OK
    ldp     x9, x10, [sp, #TRAP_ZERO]
    scrub
    return_to_user

long_call:
    ldp     x9, x0, [sp]
    mov     x10, xzr
    mov     x8, #SYS_IPC_CALL
    ldr     x30, [x18, #CTX_X(30)]
    store_arguments
    b       general_call

long_reply_recv:
    ldp     x9, x10, [sp]
    ldr     x0, [sp, #16]
    mov     x8, #SYS_IPC_REPLY_RECV
    ldr     x30, [x18, #CTX_X(30)]
    store_arguments
    this_cpu x0
    mov     x1, sp
    bl      ipc_long_reply_recv
    cbnz    x1, saved
    ldr     x30, [sp, #TRAP_LR]
    b       same_task

    // The handler's status is the result, and the task goes on, unless the upper two bits differ
    // (operation.h) or the scheduler is to be asked.
handled:
    this_cpu x2
    eor     x1, x0, x0, lsl #1
    tbnz    x1, #63, 1f
    ldrb    w1, [x2, #CPU_RESCHED]
    cbnz    w1, 1f
    ldr     x30, [sp, #TRAP_LR]
    ldp     x9, x10, [sp, #SYSREGS_X9]
    ldp     x6, x7, [sp, #SYSREGS_X(6)]
    ldp     x4, x5, [sp, #SYSREGS_X(4)]
    ldp     x2, x3, [sp, #SYSREGS_X(2)]
    ldr     x1, [sp, #SYSREGS_X(1)]
    scrub
    return_to_user
1:  mov     x3, x0
    tbz     x0, #63, 2f
    ldp     x0, x1, [x2, #CPU_CURRENT]
    cmp     w3, #SYS_SWITCHED_LOW
    b.eq    after_call              // to the current task, from cpu.left
    mov     x1, x0
    mov     x0, xzr
    cmp     w3, #SYS_BLOCK_LOW
    b.eq    after_call              // from the current task, to whom kernel_resume() says
2:  this_cpu x0
    mov     x1, sp
    ldr     x2, [sp, #TRAP_NUMBER]
    bl      kernel_status
    b       after_call
#endif

any_call:
    this_cpu x0
    mov     x1, sp
    mov     x2, x8
#if !defined(UKERN_MEASURE) && !defined(UKERN_TRACE)
    bl      pending_call
#else
    bl      kernel_syscall
#endif

    // struct way: x0, whose turn it is; x1, whom to save. Results are in the trap area.
after_call:
    ldr     x30, [sp, #TRAP_LR]
    cbz     x1, same_task
    save_callee_saved x1
    save_state x1
saved:
    cbz     x0, resume
    restore_state x0
    restore_callee_saved x0
same_task:                          // C has kept its other registers
    load_results sp
    scrub
    return_to_user

resume:
    bl      kernel_resume

    // x0: result registers, or NULL to restore everything.
    .global exit_to_user
exit_to_user:
    cbz     x0, exit_full
    current_task x1
    restore_state x1
    restore_callee_saved x1
    load_results x0
    scrub
    return_to_user

exit_full:
    current_task x1
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
    .cfi_endproc
