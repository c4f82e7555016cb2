/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  A queue of tasks by priority, FIFO within one. Tasks of one priority form a ring by next/prev;
 *  the first of each ring is linked with the rings above and below by higher/lower. Insertion looks
 *  at no more than UKERN_PRIORITIES rings, whatever the number of tasks.
 */
#ifndef CORE_WAITQ_H
#define CORE_WAITQ_H

#include "core.h"

struct task;

struct waitq {
    struct task *first; /* of the highest priority, longest waiting */
};

void waitq_add(struct waitq *q, struct task *t);
void waitq_remove(struct waitq *q, struct task *t); /* t->priority is what it was at waitq_add() */

#endif
