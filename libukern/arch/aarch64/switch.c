/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a switch of contexts does beyond its quick way (arch.h). The FPU is switched lazily: at most
 * one task owns its registers, and only while that task runs is the FPU open to EL0; for any other
 * the first use traps (trap.c). Between two tasks that both use it, it goes along with the CPU.
 *
 * A message may be in x1 to x7, which this file is built not to touch (build.mk). So everything
 * here takes one argument, and nothing else is called.
 */
#undef ARCH_CPU_REGISTER /* called by others, too */
#include "kmap.h"
#include "switch.h"
#include "task.h"
#include "trap.h"

static inline void asid_renew(struct cpu *c, struct arch_aspace *as)
{
    bool flush;
    uint64_t asid = asid_take(&asids, &flush);

    as->ttbr = (as->ttbr & PTE_ADDRESS) | asid << 48;
    as->generation = asids.generation;
    SYSREG_WRITE(ttbr0_el1, as->ttbr);
    if (flush) {
        /* After the write: nothing can enter the TLB under an old ASID any more. */
        barrier_isb();
        __asm__ volatile("tlbi vmalle1is\n\tdsb ish\n\tisb" : : : "memory");
        if (!has_pac)
            c->generation = asids.generation;
    }
}

/* The FPU's registers are from's or to's. */
static inline void fpu_pass(struct cpu *c, struct task *from, struct task *to)
{
    if (c->fpu_owner != from) {
        fpu_open(true);
    } else if (to->context.fpu_turns) {
        to->context.fpu_turns--;
        fpu_save(&from->context);
        fpu_load(&to->context);
        c->fpu_owner = to;
    } else {
        fpu_open(false);
        return;
    }
    to->context.generation = 0;
}

struct task *arch_context_switch_slowly(struct task *to)
{
    struct cpu *c = arch_cpu();
    struct task *from = c->left, *owner = c->fpu_owner;
    struct arch_aspace *as = &to->aspace->arch;

    if (likely(as->generation == asids.generation))
        SYSREG_WRITE(ttbr0_el1, as->ttbr);
    else
        asid_renew(c, as);
    if (has_pac) {
        SYSREG_WRITE(s3_0_c2_c1_0, to->context.pac_key[0]); /* APIAKeyLo_EL1 */
        SYSREG_WRITE(s3_0_c2_c1_1, to->context.pac_key[1]);
    }
    to->context.ttbr = as->ttbr;
    to->context.generation = as->generation;
    if (owner && (owner == from || owner == to))
        fpu_pass(c, from, to);
    return to;
}
