/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What switches of contexts share.
 */
#ifndef ARCH_AARCH64_SWITCH_H
#define ARCH_AARCH64_SWITCH_H

#include "arch.h"
#include "asid.h"

extern struct asid_pool asids;
extern bool has_pac; /* keys change with the task, too: then no switch is quick */

/* How often a task that uses the FPU gets it with the CPU, until it must show again that it does.
 */
#define FPU_TURNS 250

/* Open it to tasks, or let their first use trap. */
static inline void fpu_open(bool open)
{
    SYSREG_WRITE(cpacr_el1, open ? CPACR_OPEN : CPACR_TRAP_EL0);
}

#endif
