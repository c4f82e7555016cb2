/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  What the kernel remembers of its start. */
#ifndef CORE_BOOT_H
#define CORE_BOOT_H

#include "board.h"
#include "core.h"

struct task;

extern struct boot_info boot_info;
extern uint64_t boot_ns; /* time when the first task was ready to run */

/* A registration or image that cannot work: say so on the panic console and stop the machine.
 * Returns `error` only on hosts whose board.power returns to a test. */
int boot_failed(int error, const char *name, uint64_t number, const char *why);

/* On the panic console: what nobody has read of the log, which is about to be lost. */
void boot_tell_rest(void);

/* A task ends. If it is init, the machine stops, and the console tells why: nobody else could hear
 * of it or start anything. code: as in task_end(). */
void boot_task_ends(const struct task *t, enum ukern_exit_reason reason, int code);

#endif
