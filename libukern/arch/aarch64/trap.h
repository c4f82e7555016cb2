/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What vectors.S and fpu.S call and are called by.
 */
#ifndef ARCH_AARCH64_TRAP_H
#define ARCH_AARCH64_TRAP_H

#include "arch.h"

extern struct ukern_regs trap_regs;

/* Any exception of a task but a system call or an interrupt; all its registers are saved. Results
 * as in entry.h. */
const struct ukern_sysregs *trap_from_task(uint64_t esr, uint64_t far);
/* An exception that must not happen; regs is trap_regs. Runs on the emergency stack. */
_Noreturn void trap_from_kernel(struct ukern_regs *regs, uint64_t vector, uint64_t esr,
                                uint64_t far);

void fpu_save(struct arch_context *c);
void fpu_load(const struct arch_context *c);

#endif
