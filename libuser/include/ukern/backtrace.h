/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 * Where a stopped task is, in functions and lines. Programs keep frame pointers, and NAME.sym in
 * the archive (abi/symtab.h) has their names. The task is not trusted: a chain that is broken,
 * circular or endless just ends.
 */
#ifndef UKERN_BACKTRACE_H
#define UKERN_BACKTRACE_H

#include <stddef.h>
#include <ukern/abi/symtab.h>
#include <ukern/abi/types.h>

/**
 * Follow the frame pointers of a stopped task.
 * @param task      needs UKERN_R_INSPECT.
 * @param[out] pcs  where it stopped, then the return addresses, innermost first.
 * @param max       entries of pcs.
 * @return how many; 0: it is not stopped, or may not be looked into.
 */
unsigned backtrace_walk(ukern_handle task, uint64_t *pcs, unsigned max);

/** The same with registers at hand, and another way to read eight aligned bytes (false: it is not
 * readable). */
unsigned backtrace_frames(const struct ukern_regs *regs,
                          bool (*read)(void *context, uint64_t address, uint64_t *word),
                          void *context, uint64_t *pcs, unsigned max);

/** Find an address in PROGRAM.sym of the granted archive. false: no archive, no table, or not in
 * it. */
bool backtrace_symbol(const char *program, uint64_t pc, struct ukern_symbol *out);

/**
 * One line for entry i of a backtrace: "  #1 0x200134 in main (cat.c:12)".
 * @return characters, as snprintf().
 */
int backtrace_line(char *line, size_t size, const char *program, unsigned i, uint64_t pc);

/** A sentence about a fault: "wrote to 0x0, which is not mapped for writing". ev: UKERN_EV_FAULT.
 */
int backtrace_cause(char *line, size_t size, const uint64_t w[UKERN_MSG_WORDS]);

/** Print the whole backtrace of a stopped task, a line at a time. */
void backtrace_print(ukern_handle task, const char *program,
                     void (*print)(void *context, const char *line), void *context);

#endif
