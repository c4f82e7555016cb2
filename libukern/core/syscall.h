/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Handlers of system calls: one a call, from syscalls.def. A handler returns the status for x0, or
 *  SYS_AGAIN, SYS_BLOCK or SYS_SET (operation.h); further results go into r. It never touches a
 *  task's saved registers.
 */
#ifndef CORE_SYSCALL_H
#define CORE_SYSCALL_H

#include "core.h"
#include "operation.h"
#include "task.h"

#define UKERN_SYSCALL(number, name, arguments, results, text)                                      \
    int64_t sys_##name(struct task *t, struct ukern_sysregs *r);
#include <ukern/abi/syscalls.def>
#undef UKERN_SYSCALL

#endif
