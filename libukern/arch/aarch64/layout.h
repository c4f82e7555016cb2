/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Offsets that the assembly knows; context.c asserts that the structs agree.
 */
#ifndef ARCH_AARCH64_LAYOUT_H
#define ARCH_AARCH64_LAYOUT_H

/* struct cpu */
#define CPU_CURRENT 0
#define CPU_RESCHED 16

/* struct task */
#define TASK_TOKEN CTX_SIZE
#define TASK_BADGE (CTX_SIZE + 8)

/* struct arch_context, which is also the beginning of struct ukern_regs */
#define CTX_X(n)   ((n)*8)
#define CTX_SP     248
#define CTX_PC     256
#define CTX_PSTATE 264
#define CTX_TLS    272
#define CTX_FPU    320
#define CTX_FPCR   (CTX_FPU + 512)
#define CTX_SIZE   848

/* The trap area: struct ukern_sysregs (x0 to x7, x9, x10), x30, x8, and two words that are zero. */
#define SYSREGS_X(n) ((n)*8)
#define SYSREGS_X9   64
#define SYSREGS_SIZE 80
#define TRAP_LR      SYSREGS_SIZE
#define TRAP_NUMBER  (TRAP_LR + 8)
#define TRAP_ZERO    (TRAP_NUMBER + 8)
#define TRAP_SIZE    112

/* System calls with an entry of their own, and how many the kernel has. */
#define SYS_IPC_CALL       1
#define SYS_IPC_REPLY_RECV 2
#define SYS_CALLS          42

/* Results of handlers that are no status (core/operation.h): INT64_MIN and these. */
#define SYS_BLOCK_LOW    1
#define SYS_SWITCHED_LOW 2

/* Vectors that mean a bug of the kernel: names in trap.c. */
#define VECTOR_SP0     0
#define VECTOR_SYNC    1
#define VECTOR_IRQ     2
#define VECTOR_FIQ     3
#define VECTOR_SERROR  4
#define VECTOR_LOWER32 5
#define VECTOR_FIQ_EL0 6

/* Pages of tables that early.c fills while the MMU is off. */
#define EARLY_IDENTITY    0
#define EARLY_ROOT        1
#define EARLY_IMAGE_L2    2
#define EARLY_IMAGE_L3    3
#define EARLY_LINEAR_L2   4
#define EARLY_LINEAR_L2_B 5
#define EARLY_LINEAR_L3   6
#define EARLY_TABLES      7

#endif
