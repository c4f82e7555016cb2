/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <ukern/backtrace.h>
#include <ukern/report.h>

#define LINE_MAX 240

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
    snprintf(line, sizeof line, "task %s: %s%s", name, cause, place);
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
