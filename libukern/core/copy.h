/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The copies and the mapping that a completion asked for, in bounded steps.
 */
#ifndef CORE_COPY_H
#define CORE_COPY_H

#include "pending.h"

/*
 * Go on from phase PENDING_CHECK. UKERN_OK: all done; SYS_AGAIN: an interrupt waits; UKERN_EFAULT,
 * UKERN_ENOMEM: the caller's fault, nothing more will be done; UKERN_EPROTO, UKERN_EREVOKED: the
 * server's shm is gone.
 */
int64_t copy_run(struct ukern_pending *p);
/* Do the only copy, if each side of it lies in one page: false: not so, or not possible; nothing
 * has changed. */
bool copy_short(struct ukern_pending *p);
/* Drop what was asked for. by: who runs on, and frees. */
void copy_drop(struct ukern_pending *p, struct task *by);

#endif
