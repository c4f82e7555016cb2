/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What a supervisor tells people about its tasks: faults with their backtrace, and ends.
 */
#ifndef UKERN_REPORT_H
#define UKERN_REPORT_H

#include <stddef.h>
#include <ukern/ipc.h>

/** Told one line at a time, without its newline. */
typedef void report_print(void *context, const char *line);

/**
 * Report a fault: "task cat: wrote to 0x0, which is not mapped for writing, in main (cat.c:12)",
 * then the backtrace.
 * @param task     needs UKERN_R_INSPECT.
 * @param program  whose symbols, NAME.sym, are looked for in the granted archive.
 * @param ev       the UKERN_EV_FAULT event.
 */
void report_fault(ukern_handle task, const char *name, const char *program,
                  const struct ukern_event *ev, report_print *print, void *context);

/** Say how a task ended: "ended with code 3", "was killed (code 9)", "faulted". Characters, as
 * snprintf(). */
int report_end(char *text, size_t size, int code, int reason);

#endif
