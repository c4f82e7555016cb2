/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Long system calls. A call whose work grows with its arguments keeps its progress in an operation
 *  and works in bounded steps; between steps interrupts are taken and more urgent tasks run. The
 *  task stays ready; each time it resumes, the same system call runs again and finds its operation.
 */
#ifndef CORE_OPERATION_H
#define CORE_OPERATION_H

#include "core.h"

struct task;

struct operation {
    /* One step: SYS_AGAIN, or the result. Results beyond x0 go into r. */
    int64_t (*step)(struct task *t, struct operation *o, struct ukern_sysregs *r);
    /* The task is being killed: give back; one step; true: more to do. Sets nothing of
     * t->operation. */
    bool (*abandon)(struct task *t, struct operation *o);
    size_t size; /* of the struct that this is the first member of, bytes */
    struct account *account;
};

/* Results of a system call handler that are no status: no other has two different upper bits. */
#define SYS_AGAIN INT64_MIN /* run it again after a preemption point */
#define SYS_BLOCK                                                                                  \
    (INT64_MIN + 1) /* the task waits (or is gone); the rest of the result is set when it wakes */
#define SYS_SWITCHED (INT64_MIN + 2) /* another task is current; r is its result, complete */
#define SYS_SET      (INT64_MIN + 3) /* done; r is complete, x0 included */

/* Allocate and set t->operation; NULL: quota. */
void *operation_new(struct task *t, size_t size,
                    int64_t (*step)(struct task *, struct operation *, struct ukern_sysregs *),
                    bool (*abandon)(struct task *, struct operation *));
/* Run steps until done or an interrupt waits. Frees the operation when done. */
int64_t operation_run(struct task *t, struct ukern_sysregs *r);
void operation_free(struct task *t);

#endif
