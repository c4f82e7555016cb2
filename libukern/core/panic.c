/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel bug: say all that helps, on the bare UART, and stop.
 */
#include <ukern/abi/symtab.h>
#include "archive.h"
#include "boot.h"
#include "cpu.h"
#include "entry.h"
#include "log.h"
#include "panic.h"
#include "task.h"
#include "trace.h"

#define TRACE_MAX 32

static bool panicking;

void panic_put(char c)
{
    if (c == '\n')
        board.panic_putc('\r');
    board.panic_putc(c);
}

void panic_say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    format_text(panic_put, format, arguments);
    va_end(arguments);
}

/* "  #n address function (file:line)", from kernel.sym in the archive if there is one. A return
 * address is looked up from its call, which may be the last instruction of its function. */
static void say_frame(unsigned n, uint64_t pc, bool is_return)
{
    const char *archive = boot_info.archive ? arch_phys_to_virt(boot_info.archive) : NULL;
    struct ukern_symbol symbol;
    uint64_t offset, size;

    panic_say("  #%u 0x%lx", n, (unsigned long)pc);
    if (archive &&
        archive_find(archive, boot_info.archive_size, "kernel.sym", &offset, &size) == UKERN_OK &&
        ukern_symtab_find(archive + offset, size, pc - is_return, &symbol))
        panic_say(" %s (%s:%u)", symbol.function, symbol.file, symbol.line);
    panic_say("\n");
}

static void say_registers(const struct ukern_regs *r)
{
    for (unsigned i = 0; i < 31; i++)
        panic_say("x%u%s0x%lx%s", i, i < 10 ? "  " : " ", (unsigned long)r->x[i],
                  i % 4 == 3 ? "\n" : "  ");
    panic_say("\nsp 0x%lx  pc 0x%lx  pstate 0x%lx\n", (unsigned long)r->sp, (unsigned long)r->pc,
              (unsigned long)r->pstate);
}

static void say_where(const struct ukern_regs *regs)
{
    uint64_t pcs[TRACE_MAX];
    unsigned n = 0;
    const struct task *t = arch_cpu()->current;

    TRACE(panic, 0, t, 0);
    if (regs)
        say_registers(regs);
    if (t)
        panic_say("task %lu (%s), state %u\n", (unsigned long)task_id(t), t->name, t->state);
    panic_say("kernel backtrace:\n");
    if (regs)
        say_frame(n, regs->pc, false);
    n = arch_cpu_backtrace(pcs, TRACE_MAX);
    for (unsigned i = 0; i < n; i++)
        say_frame(i + (regs != NULL), pcs[i], true);
}

static _Noreturn void end(void)
{
    panicking = false; /* a test on a host goes on from here */
    board.power(UKERN_POWER_OFF, 1);
    for (;;)
        ;
}

_Noreturn void kernel_panic(const char *what, const struct ukern_regs *regs)
{
    if (panicking)
        end();
    panicking = true;
    panic_say("\nukern panic: %s\n", what);
    say_where(regs);
    end();
}

_Noreturn void ukern_panic(const char *format, ...)
{
    va_list arguments;

    if (panicking)
        end();
    panicking = true;
    panic_say("\nukern panic: ");
    va_start(arguments, format);
    format_text(panic_put, format, arguments);
    va_end(arguments);
    panic_say("\n");
    say_where(NULL);
    end();
}
