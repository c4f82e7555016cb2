/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vector registers to and from a context (x0). The rest of the kernel uses none. A message may be in
 * x1 to x7.
 */
#include "layout.h"

    .arch   armv8-a

    .macro  all_vectors op
    \op     q0, q1, [x0, #0]
    \op     q2, q3, [x0, #32]
    \op     q4, q5, [x0, #64]
    \op     q6, q7, [x0, #96]
    \op     q8, q9, [x0, #128]
    \op     q10, q11, [x0, #160]
    \op     q12, q13, [x0, #192]
    \op     q14, q15, [x0, #224]
    \op     q16, q17, [x0, #256]
    \op     q18, q19, [x0, #288]
    \op     q20, q21, [x0, #320]
    \op     q22, q23, [x0, #352]
    \op     q24, q25, [x0, #384]
    \op     q26, q27, [x0, #416]
    \op     q28, q29, [x0, #448]
    \op     q30, q31, [x0, #480]
    .endm

    .section .text.fpu, "ax"
    .global fpu_save
fpu_save:
    add     x0, x0, #CTX_FPU
    all_vectors stp
    mrs     x9, fpcr
    mrs     x10, fpsr
    str     x9, [x0, #CTX_FPCR - CTX_FPU]
    str     x10, [x0, #CTX_FPCR - CTX_FPU + 8]
    ret

    .global fpu_load
fpu_load:
    add     x0, x0, #CTX_FPU
    ldr     x9, [x0, #CTX_FPCR - CTX_FPU]
    ldr     x10, [x0, #CTX_FPCR - CTX_FPU + 8]
    msr     fpcr, x9
    msr     fpsr, x10
    all_vectors ldp
    ret
