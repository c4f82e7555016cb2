/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  The one way out of the kernel. */
#ifndef CORE_RESUME_H
#define CORE_RESUME_H

#include "core.h"
#include "entry.h"

struct cpu;

/* Choose who runs and bring it to where it can: results as the entry functions return them
 * (entry.h). */
const struct ukern_sysregs *kernel_resume(void);

/* One of the kernel's own system calls, the general way. */
struct way kernel_general(struct cpu *c, struct ukern_sysregs *r, uint64_t number);

#endif
