/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  AArch64: what core/arch_api.h asks for, as far as it must be inline.
 */
#ifndef ARCH_AARCH64_ARCH_H
#define ARCH_AARCH64_ARCH_H

#include "arch_api.h"
#include "cpu.h"
#include "sysreg.h"

/* Where things are in the kernel half (docs/design.md has the picture). */
#define LINEAR_BASE   UINT64_C(0xffffff8000000000) /* physical address 0, cached */
#define LINEAR_SIZE   (UINT64_C(1) << 38)          /* memory beyond 256 GiB is not used */
#define IMAGE_BASE    UINT64_C(0xffffffc000000000) /* where the kernel is linked */
#define DEVICE_BASE   UINT64_C(0xffffffe000000000) /* physical address 0, as device memory */
#define DEVICE_SIZE   (UINT64_C(1) << 37)
#define ARCH_USER_END (UINT64_C(1) << 39)

/* The general part is known to vectors.S, the vector part to fpu.S (layout.h). */
struct arch_context {
    uint64_t x[31], sp, pc, pstate;
    uint64_t tls; /* TPIDR_EL0 */
    /* What a quick switch needs: TTBR0, which counts while `generation` is the CPU's. 0: a switch
     * from or to this task has more to do, because it owns the FPU's registers, or is new. */
    uint64_t ttbr, generation;
    uint64_t pac_key[2]; /* APIAKey: one per task, so that no task signs for another */
    uint64_t fpu_turns;  /* how often it still gets the FPU with the CPU, from another user of it */
    struct {
        uint64_t q[32][2];
        uint64_t fpcr, fpsr;
    } fpu; /* all zero at first, as a new task finds its registers */
};

struct arch_aspace {
    uint64_t ttbr;       /* ready for TTBR0_EL1: root table and ASID */
    uint64_t generation; /* the ASID counts in this generation only; 0: has none */
    uint32_t freed;      /* arch_aspace_free(): tables before this one are gone */
};

/* Nanoseconds and counter cycles as 32.32 fixed-point factors. */
extern uint64_t arch_ns_per_cycle, arch_cycles_per_ns;

/* From cpu.left's context (it may be NULL) to another one, which is the result: with all that the
 * quick way leaves out (switch.c). */
struct task *arch_context_switch_slowly(struct task *to);
/* No user memory at all. */
void arch_empty_aspace(void);
/* Open or close the FPU: called only when one of the two tasks owns its registers. */
void arch_fpu_switch(bool open);

#ifdef ARCH_CPU_REGISTER
/* In the files of the short ways (build.mk), for which the entry code has read it already. */
register struct cpu *arch_this_cpu __asm__(ARCH_CPU_REGISTER);
static inline struct cpu *arch_cpu(void)
{
    return arch_this_cpu;
}
#else
static inline struct cpu *arch_cpu(void)
{
    struct cpu *c;
    __asm__("mrs %0, tpidr_el1" : "=r"(c)); /* never changes: the compiler may reuse it */
    return c;
}
#endif

static inline void *arch_phys_to_virt(paddr_t p)
{
    return (void *)(p + LINEAR_BASE);
}

/* For addresses of the linear map only. */
static inline paddr_t arch_virt_to_phys(const void *p)
{
    return (uint64_t)p - LINEAR_BASE;
}

static inline uint64_t arch_cycles_to_ns(uint64_t cycles)
{
    return (uint64_t)(((unsigned __int128)cycles * arch_ns_per_cycle) >> 32);
}

/* Rounded up: not before its time. */
static inline uint64_t arch_ns_to_cycles(uint64_t ns)
{
    return (uint64_t)(((unsigned __int128)ns * arch_cycles_per_ns) >> 32) + 1;
}

/* No ISB: entry to the kernel has synchronised the counter already. */
static inline uint64_t arch_cycles(void)
{
    return SYSREG_READ(cntvct_el0);
}

static inline uint64_t arch_timer_now(void)
{
    return arch_cycles_to_ns(arch_cycles());
}

static inline bool arch_irq_pending(void)
{
    return SYSREG_READ(isr_el1) & (1 << 7);
}

/* From nobody; to nobody. */
void arch_context_enter(struct cpu *c, struct task *to);
void arch_context_leave(struct cpu *c);

/*
 * struct task begins with its context (context.c asserts it). TTBR0 is always written: each task
 * has its own address space, and a comparison would cost more than the write. No ISB: ERET is one,
 * and the kernel does not touch user addresses. The entry code switches TPIDR_EL0.
 */
static inline struct task *arch_context_switch(struct cpu *c, struct task *from, struct task *to)
{
    const struct arch_context *old = (struct arch_context *)from;
    const struct arch_context *new = (struct arch_context *)to;

    if (unlikely(new->generation != c->generation || old->generation != c->generation))
        return arch_context_switch_slowly(to);
    SYSREG_WRITE(ttbr0_el1, new->ttbr);
    return to;
}

#endif
