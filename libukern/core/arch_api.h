/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  All that the core asks of a CPU. Each arch/NAME has an arch.h which defines
 *
 *  - struct arch_context: saved registers of a task (first member of struct task)
 *  - struct arch_aspace: page table root and its TTBR value
 *  - struct cpu *arch_cpu(void): this CPU's struct (core/cpu.h)
 *  - void *arch_phys_to_virt(paddr_t), paddr_t arch_virt_to_phys(const void *): the linear map
 *  - uint64_t arch_cycles(void): a free-running counter, as fast as can be read
 *  - uint64_t arch_cycles_to_ns(uint64_t), arch_ns_to_cycles(uint64_t)
 *  - uint64_t arch_timer_now(void): nanoseconds since boot; monotonic
 *  - bool arch_irq_pending(void): would an interrupt be taken now, were they unmasked?
 *  - struct task *arch_context_switch(struct cpu *c, struct task *from, struct task *to), which
 *    returns `to`; void arch_context_enter(c, to), arch_context_leave(c): from one task to another;
 *    from nobody; to nobody. Everything but the registers of the entry code (entry.h): address
 *    space, FPU access. cpu.current and cpu.left say already what comes
 *  - ARCH_USER_END: one past the last user address
 *
 *  inline where speed counts, includes this header, and implements the functions below.
 */
#ifndef CORE_ARCH_API_H
#define CORE_ARCH_API_H

#include "core.h"

struct task;
struct account;
struct arch_context;
struct arch_aspace;
struct board;

/* Wait for an interrupt with interrupts masked (WFI returns when one is pending). */
void arch_cpu_wait(void);
/* Return addresses of the kernel's own call chain, innermost first. */
unsigned arch_cpu_backtrace(uint64_t *pcs, unsigned max);
/* Make freshly written code in [p, p + n) of the linear map visible to instruction fetch. */
void arch_code_sync(void *p, size_t n);
void arch_page_zero(void *page);
/* Ask for a timer interrupt at `when` (in arch_cycles()), UKERN_FOREVER for none. */
void arch_timer_set(uint64_t when);

/* A new task: runs at pc with sp, a0 and a1 in the first argument registers, all else zero. */
void arch_context_init(struct arch_context *c, uint64_t pc, uint64_t sp, uint64_t a0, uint64_t a1);
/* The task is going: forget its FPU state. */
void arch_context_free(struct task *t);
/* complete: all registers were saved (fault, interrupt), else only those of a system call. */
void arch_context_regs(const struct arch_context *c, bool complete, struct ukern_regs *out);

/* Root table; pays account. UKERN_OK or UKERN_ENOMEM. */
int arch_aspace_init(struct arch_aspace *as, struct account *a);
/* Enter one page. memory: enum ukern_shm_flavour (normal and boot: cached; DMA: uncached;
 * device). UKERN_OK or UKERN_ENOMEM. No entry is there before. */
int arch_aspace_map(struct arch_aspace *as, struct account *a, uint64_t address, paddr_t frame,
                    unsigned prot, unsigned flavour);
/* Remove the entries of `pages` pages (absent ones are skipped); no TLB work. */
void arch_aspace_unmap(struct arch_aspace *as, uint64_t address, uint64_t pages);
/* Invalidate the TLB for these pages; complete when it returns. */
void arch_aspace_flush(struct arch_aspace *as, uint64_t address, uint64_t pages);
/* Linear-map address of a user byte if all bits of prot are allowed and it is normal memory, else
 * NULL. */
void *arch_aspace_user(const struct arch_aspace *as, uint64_t address, unsigned prot);
/* Free at most a few tables. true: more to do. Entries are already gone. */
bool arch_aspace_free(struct arch_aspace *as, struct account *a);

/* ---- What the core offers to the arch (core/entry.h has the entry points). ---- */

#endif
