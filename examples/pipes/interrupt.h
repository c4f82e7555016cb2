/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Ctrl-C for a program that has something to say before it ends. The shell ends what runs in the foreground; who has
 *  asked is told of the first Ctrl-C instead, and ends by itself. The next one ends it as any other.
 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <ukern/console.h>
#include <ukern/ipc.h>
#include <ukern/task.h>

/** The handle that the shell gives each of its programs: it answers CONSOLE_INTERRUPT (ukern/console.h). */
#define INTERRUPT_HANDLE "interrupt"

/**
 * Ask to be told of the first Ctrl-C.
 * @param port  the caller's own.
 * @param bits  to notify it with.
 * @return UKERN_OK; UKERN_ENOENT: no shell has started this task; or another error. Then Ctrl-C ends it.
 */
static inline int interrupt_hear(ukern_handle port, uint64_t bits)
{
    struct ukern_msg m = {UKERN_TAG(STREAM_CONTROL, 1), {CONSOLE_INTERRUPT, bits}};
    ukern_handle shell = task_handle(INTERRUPT_HANDLE);
    int error;

    if (shell < 0)
        return shell;
    m.w[5] = UKERN_SEND_HANDLE(port, UKERN_R_NOTIFY);
    error = ipc_call(shell, &m);
    return error < 0 ? error : UKERN_TAG_LABEL(m.tag);
}

#endif
