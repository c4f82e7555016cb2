/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  The one way out of the kernel. */
#ifndef CORE_RESUME_H
#define CORE_RESUME_H

#include "core.h"

struct task;

/* Choose who runs and bring it to where it can: results as the entry functions return them (entry.h). */
const struct ukern_sysregs *kernel_resume(void);

/* A system call the general way. */
const struct ukern_sysregs *kernel_general(struct task *t, struct ukern_sysregs *r, uint64_t number);

#endif
