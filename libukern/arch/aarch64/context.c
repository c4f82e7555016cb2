/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts. What a switch does beyond its quick way (arch.h) is in switch.c.
 */
#include "arch.h"
#include "asid.h"
#include "kmap.h"
#include "layout.h"
#include "machine.h"
#include "operation.h"
#include "switch.h"
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
_Static_assert(offsetof(struct task, token) == TASK_TOKEN, "layout.h");
_Static_assert(offsetof(struct task, call_badge) == TASK_BADGE, "layout.h");
_Static_assert(offsetof(struct cpu, resched) == CPU_RESCHED, "layout.h");
_Static_assert(offsetof(struct arch_context, tls) == CTX_TLS, "layout.h");
_Static_assert(offsetof(struct cpu, left) == CPU_CURRENT + 8, "vectors.S");
_Static_assert(SYS_BLOCK == INT64_MIN + SYS_BLOCK_LOW, "layout.h");
_Static_assert(SYS_SWITCHED == INT64_MIN + SYS_SWITCHED_LOW, "layout.h");
_Static_assert(KERNEL_SYSCALLS == SYS_CALLS, "layout.h");

struct asid_pool asids;
bool has_pac;
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

void arch_empty_aspace(void)
{
    SYSREG_WRITE(ttbr0_el1, empty_root);
    barrier_isb();
}

void arch_context_enter(struct cpu *c, struct task *to)
{
    (void)c;
    arch_context_switch_slowly(to);
}

/* The address space stays: nobody runs who could use it, and often the same task is the next to run.
 * It is left when its tables are freed (arch_aspace_free()). */
void arch_context_leave(struct cpu *c)
{
    if (c->fpu_owner)
        fpu_open(false);
}

void arch_context_free(struct task *t)
{
    struct cpu *cpu = arch_cpu();

    if (cpu->fpu_owner == t) {
        cpu->fpu_owner = NULL;
        fpu_open(false);
    }
}
