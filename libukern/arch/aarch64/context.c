/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts: what a switch does beyond its fast path (arch.h). The FPU is switched lazily: at most
 * one task owns its registers, and only while that task runs is the FPU open to EL0; for any other
 * the first use traps (trap.c).
 */
#include "arch.h"
#include "asid.h"
#include "kmap.h"
#include "layout.h"
#include "machine.h"
#include "task.h"

_Static_assert(offsetof(struct cpu, current) == CPU_CURRENT, "layout.h");
_Static_assert(offsetof(struct arch_context, sp) == CTX_SP, "layout.h");
_Static_assert(offsetof(struct arch_context, pc) == CTX_PC, "layout.h");
_Static_assert(offsetof(struct arch_context, pstate) == CTX_PSTATE, "layout.h");
_Static_assert(offsetof(struct arch_context, fpu) == CTX_FPU, "layout.h");
_Static_assert(offsetof(struct arch_context, fpu.fpcr) == CTX_FPCR, "layout.h");
_Static_assert(sizeof(struct arch_context) == CTX_SIZE, "layout.h");
_Static_assert(offsetof(struct ukern_regs, sp) == CTX_SP, "layout.h");
_Static_assert(offsetof(struct ukern_regs, pstate) == CTX_PSTATE, "layout.h");
_Static_assert(offsetof(struct ukern_sysregs, deadline_or_badge) == SYSREGS_X9, "layout.h");
_Static_assert(sizeof(struct ukern_sysregs) == SYSREGS_SIZE, "layout.h");
_Static_assert(UKERN_SYS_ipc_call == SYS_IPC_CALL, "layout.h");
_Static_assert(UKERN_SYS_ipc_reply_recv == SYS_IPC_REPLY_RECV, "layout.h");
_Static_assert(offsetof(struct task, context) == 0, "arch_context_switch");
_Static_assert(offsetof(struct task, aspace) == sizeof(struct arch_context), "arch_context_switch");
_Static_assert(offsetof(struct aspace, arch) == 0, "arch_context_switch");

static struct asid_pool asids;
static bool has_pac;
static uint64_t random_state;
static paddr_t empty_root;

void context_init(paddr_t empty_table)
{
    uint64_t isar0 = SYSREG_READ(id_aa64isar0_el1);

    empty_root = empty_table;
    asid_init(&asids, id_field(SYSREG_READ(id_aa64mmfr0_el1), 4) == 2 ? 16 : 8);
    has_pac = SYSREG_READ(sctlr_el1) & (UINT64_C(1) << 31);
    /* Keys change with the task too: then no switch is fast. */
    arch_cpu()->generation = has_pac ? UINT64_MAX : asids.generation;
    random_state = SYSREG_READ(cntvct_el0);
    if (id_field(isar0, 60))
        random_state ^= SYSREG_READ(s3_3_c2_c4_0); /* RNDR */
}

void machine_seed(uint64_t seed)
{
    random_state ^= seed;
}

/* SplitMix64: keys differ, and cannot be told from one another without the seed. */
static uint64_t random_next(void)
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void arch_context_init(struct arch_context *c, uint64_t pc, uint64_t sp, uint64_t a0, uint64_t a1)
{
    memset(c, 0, sizeof(*c)); /* pstate 0: EL0, nothing masked */
    c->pc = pc;
    c->sp = sp;
    c->x[0] = a0;
    c->x[1] = a1;
    c->pac_key[0] = random_next();
    c->pac_key[1] = random_next();
}

void arch_context_regs(const struct arch_context *c, bool complete, struct ukern_regs *out)
{
    unsigned first = complete ? 0 : 19;

    memset(out, 0, sizeof(*out));
    memcpy(&out->x[first], &c->x[first], (31 - first) * sizeof(out->x[0]));
    out->sp = c->sp;
    out->pc = c->pc;
    out->pstate = c->pstate;
    out->complete = complete;
}

bool arch_asid_current(const struct arch_aspace *as)
{
    return as->generation == asids.generation;
}

static void asid_renew(struct arch_aspace *as)
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
            arch_cpu()->generation = asids.generation;
    }
}

void arch_context_switch_slow(struct arch_context *to, struct arch_aspace *as)
{
    if (arch_asid_current(as))
        SYSREG_WRITE(ttbr0_el1, as->ttbr);
    else
        asid_renew(as);
    if (has_pac) {
        SYSREG_WRITE(s3_0_c2_c1_0, to->pac_key[0]); /* APIAKeyLo_EL1 */
        SYSREG_WRITE(s3_0_c2_c1_1, to->pac_key[1]);
    }
}

void arch_empty_aspace(void)
{
    SYSREG_WRITE(ttbr0_el1, empty_root);
    barrier_isb();
}

void arch_fpu_switch(bool open)
{
    SYSREG_WRITE(cpacr_el1, open ? CPACR_OPEN : CPACR_TRAP_EL0);
}

void arch_context_free(struct task *t)
{
    struct cpu *cpu = arch_cpu();

    if (cpu->fpu_owner == t) {
        cpu->fpu_owner = NULL;
        arch_fpu_switch(false);
    }
}
