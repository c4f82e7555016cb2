/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The parts of the shell: children (jobs.c), pipelines (run.c), built-in commands
 *  (builtin.c).
 */
#ifndef SHELL_H
#define SHELL_H

#include <stdbool.h>
#include <stdint.h>
#include <ukern/task.h>

#include "parse.h"

/** The exit code of what Ctrl-C ended. */
#define CODE_INTERRUPTED 130

/** Prepare for children: the port on which their ends and Ctrl-C arrive. UKERN_OK or an error. */
int jobs_start(void);
/** Ask the console to tell us of Ctrl-C; again after it was restarted. */
void jobs_hear_interrupts(void);
/** Spawn a child; foreground: jobs_wait() waits for it. UKERN_OK or task_spawn()'s error. */
int jobs_spawn(struct spawn *s, bool foreground, bool last);
/** Wait for the foreground children; the exit code of the last of the pipeline. */
int jobs_wait(void);
/** Tell of background children that have ended meanwhile, and forget earlier Ctrl-C. */
void jobs_check(void);
/** Wait until there may be input. UKERN_OK; UKERN_ECANCELED: Ctrl-C; or the console's error. */
int jobs_wait_input(void);

/** Run a line; the exit code of its last stage. */
int run_line(const char *line);
/** The exit code of the last line. */
extern int last_code;

/** Is this the name of a built-in command? */
bool builtin_is(const char *name);
/** Run it in this task. Its exit code. */
int builtin_run(int argc, char **argv);
/** Power off, or end if that is not for us to do. */
_Noreturn void shell_exit(int code);

#endif
