/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 * How a task enters the kernel. Numbers come from abi/syscalls.def by name, and nowhere else:
 * `ukern_trap2(UKERN_SYS_notify, ...)`. The named functions of ipc.h, memory.h, task.h and irq.h
 * are what programs use; this is for them, and for the stubs of a kernel extension's calls:
 *
 * @code
 * static inline int64_t upper(ukern_handle server, char *text, size_t n)
 * {
 *     return ukern_trap4(600, (uint64_t)server, (uintptr_t)text, n, 0, NULL);
 * }
 * @endcode
 *
 * To the compiler a system call is a function call: x0 to x18, the caller-saved vector registers
 * and the flags are lost. General registers that carry no result come back zero, or, of x1 to x7,
 * x9 and x10, as they were.
 */
#ifndef UKERN_SYSCALL_H
#define UKERN_SYSCALL_H

#include <ukern/abi/types.h>

#ifdef __aarch64__

/** The few stubs that programs run in their inner loops are inline. */
#define UKERN_INLINE static inline

/** @cond internal */
#define UKERN_TRAP_LOST_VECTORS                                                                    \
    "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21",      \
        "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31"
#define UKERN_TRAP_LOST                                                                            \
    "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "cc", "memory", UKERN_TRAP_LOST_VECTORS
/** @endcond */

/** Any system call, with every register of the contract: arguments from *r, results into *r. */
static inline __attribute__((always_inline)) int64_t ukern_trap_all(uint64_t number,
                                                                    struct ukern_sysregs *r)
{
    register uint64_t x0 __asm__("x0") = r->x[0];
    register uint64_t x1 __asm__("x1") = r->x[1];
    register uint64_t x2 __asm__("x2") = r->x[2];
    register uint64_t x3 __asm__("x3") = r->x[3];
    register uint64_t x4 __asm__("x4") = r->x[4];
    register uint64_t x5 __asm__("x5") = r->x[5];
    register uint64_t x6 __asm__("x6") = r->x[6];
    register uint64_t x7 __asm__("x7") = r->x[7];
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x9 __asm__("x9") = r->deadline_or_badge;
    register uint64_t x10 __asm__("x10") = r->token;

    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
                       "+r"(x7), "+r"(x8), "+r"(x9), "+r"(x10)
                     :
                     : UKERN_TRAP_LOST);
    r->x[0] = x0;
    r->x[1] = x1;
    r->x[2] = x2;
    r->x[3] = x3;
    r->x[4] = x4;
    r->x[5] = x5;
    r->x[6] = x6;
    r->x[7] = x7;
    r->deadline_or_badge = x9;
    r->token = x10;
    return (int64_t)x0;
}

/** A system call without arguments; the result is x0. */
static inline __attribute__((always_inline)) int64_t ukern_trap0(uint64_t number)
{
    register uint64_t x0 __asm__("x0");
    register uint64_t x8 __asm__("x8") = number;

    __asm__ volatile("svc #0"
                     : "=r"(x0), "+r"(x8)
                     :
                     : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", UKERN_TRAP_LOST);
    return (int64_t)x0;
}

/** A system call with up to two arguments; the results are x0 and, if wanted, x1 and x2. */
static inline __attribute__((always_inline)) int64_t
ukern_trap2(uint64_t number, uint64_t a0, uint64_t a1, uint64_t *r1, uint64_t *r2)
{
    register uint64_t x0 __asm__("x0") = a0;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2");
    register uint64_t x8 __asm__("x8") = number;

    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "=r"(x2), "+r"(x8)
                     :
                     : "x3", "x4", "x5", "x6", "x7", "x9", "x10", UKERN_TRAP_LOST);
    if (r1)
        *r1 = x1;
    if (r2)
        *r2 = x2;
    return (int64_t)x0;
}

/** A system call with up to four arguments; the results are x0 and, if wanted, x1. */
static inline __attribute__((always_inline)) int64_t
ukern_trap4(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t *r1)
{
    register uint64_t x0 __asm__("x0") = a0;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x3 __asm__("x3") = a3;
    register uint64_t x8 __asm__("x8") = number;

    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x8)
                     :
                     : "x4", "x5", "x6", "x7", "x9", "x10", UKERN_TRAP_LOST);
    if (r1)
        *r1 = x1;
    return (int64_t)x0;
}

#else
#define UKERN_INLINE
#endif

#endif
