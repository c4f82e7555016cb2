/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <ukern/backtrace.h>
#include <ukern/report.h>
#include <ukern/task.h>

#define LINE_MAX 240
/* How far from the stack pointer a function may reach for its variables. Bytes. */
#define BELOW_SP 512
#define ABOVE_SP (1 << 20)

/* Was it the stack that there was not enough of? Only its pointer leads to addresses near it. */
static bool out_of_stack(ukern_handle task, const uint64_t w[UKERN_MSG_WORDS])
{
    struct ukern_regs regs;

    return (w[0] == UKERN_FAULT_WRITE || w[0] == UKERN_FAULT_READ) &&
           task_regs(task, &regs) == UKERN_OK && w[2] >= regs.sp - BELOW_SP &&
           w[2] < regs.sp + ABOVE_SP;
}

void report_fault(ukern_handle task, const char *name, const char *program,
                  const struct ukern_event *ev, report_print *print, void *context)
{
    char cause[96], place[96] = "", line[LINE_MAX];
    struct ukern_symbol symbol;
    uint64_t pc = ev->msg.w[3];

    backtrace_cause(cause, sizeof cause, ev->msg.w);
    if (backtrace_symbol(program, pc, &symbol) && symbol.file != NULL)
        snprintf(place, sizeof place, ", in %s (%s:%u)", symbol.function, symbol.file,
                 (unsigned)symbol.line);
    else
        snprintf(place, sizeof place, ", at 0x%lx", (unsigned long)pc);
    snprintf(line, sizeof line, "task %s: %s%s%s", name,
             out_of_stack(task, ev->msg.w) ? "its stack is used up (raise its .stack): " : "",
             cause, place);
    print(context, line);
    backtrace_print(task, program, print, context);
}

int report_end(char *text, size_t size, int code, int reason)
{
    if (reason == UKERN_EXIT_KILLED)
        return snprintf(text, size, "was killed (code %d)", code);
    if (reason == UKERN_EXIT_FAULT)
        return snprintf(text, size, "faulted");
    return snprintf(text, size, "ended with code %d", code);
}
