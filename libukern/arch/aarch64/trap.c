/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions: those of tasks are decoded for the core, the kernel's own end in a panic.
 */
#include "arch.h"
#include "entry.h"
#include "kmap.h"
#include "layout.h"
#include "switch.h"
#include "task.h"
#include "trap.h"

/* Filled by vectors.S. */
struct ukern_regs trap_regs;

static bool external_abort(unsigned fsc)
{
    return fsc == FSC_EXTERNAL || (fsc >= FSC_WALK && fsc < FSC_ECC + 8);
}

static enum ukern_fault_cause abort_cause(uint64_t esr, enum ukern_fault_cause cause)
{
    if (ESR_FSC(esr) == FSC_ALIGN)
        return UKERN_FAULT_ALIGN;
    return external_abort(ESR_FSC(esr)) ? UKERN_FAULT_EXTERNAL : cause;
}

static struct fault decode(uint64_t esr, uint64_t far)
{
    struct fault f = {.cause = UKERN_FAULT_OTHER, .syndrome = esr};

    switch (ESR_EC(esr)) {
    case EC_DABT_LOWER:
        /* A cache instruction counts as a write in the syndrome, but needs only a readable page. */
        f.cause = abort_cause(esr, (esr & ESR_WNR) && !(esr & ESR_CM) ? UKERN_FAULT_WRITE
                                                                      : UKERN_FAULT_READ);
        f.address = far;
        break;
    case EC_IABT_LOWER:
        f.cause = abort_cause(esr, UKERN_FAULT_EXEC);
        f.address = far;
        break;
    case EC_PC_ALIGN:
        f.cause = UKERN_FAULT_ALIGN;
        f.address = far;
        break;
    case EC_SP_ALIGN:
        f.cause = UKERN_FAULT_ALIGN;
        break;
    case EC_UNKNOWN:
    case EC_WFX:
    case EC_ILLEGAL:
    case EC_HVC64:
    case EC_SMC64:
    case EC_SYSREG:
    case EC_SVE:
    case EC_SME:
        f.cause = UKERN_FAULT_ILLEGAL;
        break;
    case EC_BRK64:
        f.cause = UKERN_FAULT_BREAK;
        break;
    case EC_SERROR:
        f.cause = UKERN_FAULT_EXTERNAL;
        break;
    }
    return f;
}

/* The current task uses the FPU and does not own its registers. */
static void fpu_take(void)
{
    struct cpu *cpu = arch_cpu();

    if (cpu->fpu_owner)
        fpu_save(&cpu->fpu_owner->context);
    fpu_load(&cpu->current->context);
    cpu->fpu_owner = cpu->current;
    cpu->current->context.fpu_turns = FPU_TURNS;
    cpu->current->context.generation = 0; /* no switch from it is quick */
    fpu_open(true);
}

const struct ukern_sysregs *trap_from_task(uint64_t esr, uint64_t far)
{
    struct fault f;

    if (ESR_EC(esr) == EC_FP) {
        fpu_take();
        return NULL;
    }
    f = decode(esr, far);
    return kernel_fault(&f);
}

static const char *const vector_names[] = {
    [VECTOR_SP0] = "exception on the wrong stack", [VECTOR_SYNC] = "exception in the kernel",
    [VECTOR_IRQ] = "interrupt in the kernel",      [VECTOR_FIQ] = "fast interrupt in the kernel",
    [VECTOR_SERROR] = "SError in the kernel",      [VECTOR_LOWER32] = "exception from AArch32",
    [VECTOR_FIQ_EL0] = "fast interrupt",
};

static const char *vector_name(unsigned vector, uint64_t esr, uint64_t far)
{
    unsigned ec = ESR_EC(esr);
    uint64_t bottom = (uint64_t)__stack_bottom, emergency = (uint64_t)__emergency_bottom;

    if (vector != VECTOR_SYNC || (ec != EC_DABT && ec != EC_IABT))
        return vector_names[vector];
    if (far < bottom && far >= bottom - PAGE_SIZE)
        return "kernel stack overflow";
    if (far < emergency && far >= emergency - PAGE_SIZE)
        return "emergency stack overflow";
    return ec == EC_DABT ? "bad data access in the kernel" : "bad jump in the kernel";
}

static char *append(char *to, const char *text)
{
    while (*text)
        *to++ = *text++;
    return to;
}

static char *append_hex(char *to, uint64_t value)
{
    unsigned shift = 64;

    to = append(to, "0x");
    while (shift > 4 && !(value >> (shift - 4)))
        shift -= 4;
    while (shift) {
        shift -= 4;
        *to++ = "0123456789abcdef"[(value >> shift) & 15];
    }
    return to;
}

/* A panic that needs nothing: for an exception while another one is being reported. */
static _Noreturn void last_words(const char *what)
{
    static const char prefix[] = "\npanic while in panic: ";

    for (const char *p = prefix; *p; p++)
        board.panic_putc(*p);
    for (; *what; what++)
        board.panic_putc(*what);
    board.panic_putc('\n');
    board.power(UKERN_POWER_OFF, 1);
}

_Noreturn void trap_from_kernel(struct ukern_regs *regs, uint64_t vector, uint64_t esr,
                                uint64_t far)
{
    static unsigned depth;
    static char what[128];
    const char *name = vector_name(vector, esr, far);
    char *p;

    depth++;
    while (depth > 2)
        arch_cpu_wait(); /* even the last words failed */
    if (depth == 2)
        last_words(name);
    regs->complete = 1;
    p = append(what, name);
    p = append_hex(append(p, ": syndrome "), esr);
    p = append_hex(append(p, ", address "), far);
    *p = 0;
    kernel_panic(what, regs);
}
