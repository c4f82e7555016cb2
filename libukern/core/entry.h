/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The ways into the kernel. The arch saves the current task's registers (arch_cpu()->current),
 *  masks interrupts, and calls one of these on the CPU's kernel stack; the result says how to go
 *  back to the task that is current *then*:
 *   - not NULL: as from a system call: restore x19 to x30, sp, pc, pstate from its context, load
 *     x0 to x7, x9 and x10 from the result, zero the other general registers;
 *   - NULL: restore every register from its context.
 *
 *  The address space, thread pointer and FPU access have been switched by arch_context_switch()
 *  already.
 */
#ifndef CORE_ENTRY_H
#define CORE_ENTRY_H

#include "core.h"
#include "board.h"

struct cpu;
struct task;

/* A fault of the current task, decoded by the arch. */
struct fault {
    enum ukern_fault_cause cause;
    uint64_t syndrome, address; /* ESR_EL1, FAR_EL1 */
};

/* Boot: the frame allocator is filled, info is complete. Makes init; returns as the others do, for
 * the first task. */
const struct ukern_sysregs *kernel_main(const struct boot_info *info);
/*
 * How a system call goes on. What C code preserves (x19 to x29), the stack pointer and the return
 * state are still the caller's then; they have to be saved only if another task runs next:
 *  - from is NULL: the caller goes on;
 *  - else save `from`; then `to` goes on, as from a system call; if it is NULL, kernel_resume()
 *    (core/resume.h) says who and how.
 *
 * The results of a task that goes on straight are where the
 * arguments were, in *r.
 */
struct way {
    struct task *to, *from;
};

/* SVC. c: this CPU; number: x8; r: argument registers, on the kernel stack. Nothing is saved yet
 * but those. */
struct way kernel_syscall(struct cpu *c, struct ukern_sysregs *r, uint64_t number);

/*
 * What the arch may do in its place, to save instructions:
 *  - ipc_call and ipc_reply_recv: call ipc_fast_call() and ipc_fast_reply_recv() (core/ipc.h) with
 *    the argument registers; entry.c shows what to do with their results.
 *  - another of the kernel's own system calls: call its handler. If the upper two bits of its
 *    status are the same, and cpu.resched is not set, the task goes on with this in x0 and the
 *    other results in *r; else kernel_status() says how.
 */
typedef int64_t (*kernel_handler)(struct task *t, struct ukern_sysregs *r);
enum {
#define UKERN_SYSCALL(number, name, arguments, results, text) KERNEL_LATEST_##name = number,
#include <ukern/abi/syscalls.def>
#undef UKERN_SYSCALL
    KERNEL_SYSCALLS
};
extern const kernel_handler kernel_handlers[KERNEL_SYSCALLS];
struct way kernel_status(struct cpu *c, struct ukern_sysregs *r, uint64_t number, int64_t status);

/* Any other synchronous exception of a task. All registers are saved. */
const struct ukern_sysregs *kernel_fault(const struct fault *f);
/* An interrupt, taken from a task. All registers are saved. */
const struct ukern_sysregs *kernel_interrupt(void);

/* The kernel's log ring (core/log.c) and panic. */
void log_text(const char *text, size_t n);
/* pcs of a kernel exception may be given; prints and powers off with code 1. */
_Noreturn void kernel_panic(const char *what, const struct ukern_regs *regs);

#endif
