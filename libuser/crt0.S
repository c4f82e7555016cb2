/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a task begins: x0 = address of its argument block, x1 = size, sp = top of its stack. There
 * is one thread, so the thread-local variables are used where they were loaded (task.ld). The
 * thread pointer is where the linker thinks it is: the offset that it gives to the first of them,
 * below that one's place.
 */
#include <ukern/abi/version.h>

    .section .tdata.crt0, "awT", %progbits
    .balign 16
first_local:
    .xword  0

    .text
    .globl _start
    .type _start, %function
_start:
    hint    #34                             // bti c
    adrp    x2, __tls_base
    add     x2, x2, #:lo12:__tls_base
    movz    x3, #:tprel_g1:first_local
    movk    x3, #:tprel_g0_nc:first_local
    sub     x2, x2, x3
    msr     tpidr_el0, x2
    mov     x29, xzr                        // the end of every backtrace
    mov     x30, xzr
    b       ukern_start
    .size _start, . - _start

    // Which ABI this program speaks: the kernel refuses one that it does not.
    .section .note.ukern, "a", %note
    .balign 4
    .word   6, 4, UKERN_NOTE_ABI            // sizes of owner and content; type
    .asciz  "ukern"
    .balign 4
    .word   UKERN_ABI

    .section .note.GNU-stack, "", %progbits // the stack holds data
