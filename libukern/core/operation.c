/* SPDX-License-Identifier: BSD-2-Clause */
#include "operation.h"
#include "measure.h"
#include "slab.h"
#include "task.h"

void *operation_new(struct task *t, size_t size,
                    int64_t (*step)(struct task *, struct operation *, struct ukern_sysregs *),
                    bool (*abandon)(struct task *, struct operation *))
{
    struct operation *o;

    ASSERT(!t->operation && size >= sizeof *o);
    o = slab_alloc(t->account, size);
    if (!o)
        return NULL;
    o->step = step;
    o->abandon = abandon;
    o->size = size;
    o->account = t->account;
    t->operation = o;
    return o;
}

void operation_free(struct task *t)
{
    struct operation *o = t->operation;

    t->operation = NULL;
    slab_free(o->account, o, o->size);
}

int64_t operation_run(struct task *t, struct ukern_sysregs *r)
{
    int64_t status;

    do {
        status = t->operation->step(t, t->operation, r);
    } while (status == SYS_AGAIN && !preemption_point());
    if (status != SYS_AGAIN)
        operation_free(t);
    return status;
}
