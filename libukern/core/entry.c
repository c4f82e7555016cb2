/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways into the kernel and the one way out. Handlers decide; kernel_resume() acts: it chooses
 * the task, finishes what that task has left to do in the kernel, and hands over its registers.
 */
#include "entry.h"
#include "ipc.h"
#include "irq.h"
#include "measure.h"
#include "resume.h"
#include "sched.h"
#include "syscall.h"
#include "trace.h"

typedef int64_t (*handler)(struct task *t, struct ukern_sysregs *r);

static const handler handlers[] = {
#define UKERN_SYSCALL(number, name, arguments, results, text) [number] = sys_##name,
#include <ukern/abi/syscalls.def>
#undef UKERN_SYSCALL
};

#define HANDLERS (sizeof handlers / sizeof handlers[0])

/* What a handler returned, for a call whose registers are in t->result. */
static void settle(struct task *t, uint64_t number, int64_t status)
{
    t->again = status == SYS_AGAIN;
    t->number = (uint16_t)number;
    if (status > SYS_SET)
        t->result.x[0] = (uint64_t)status;
}

/* A bounded step of what t has to finish in the kernel before it runs on; false: nothing. */
static bool finish_step(struct task *t)
{
    if (t->dying) {
        task_teardown_step(t);
        return true;
    }
    if (unlikely(task_unclean(t)))
        return cleanup_step(t);
    if (t->again) {
        t->again = false;
        int64_t status = handlers[t->number](t, &t->result);
        if (status != SYS_BLOCK)
            settle(t, t->number, status);
        return true;
    }
    return false;
}

const struct ukern_sysregs *kernel_resume(void)
{
    struct task *t = sched_choose();

    while (unlikely(t->special) && (t->dying || t->again || task_unclean(t))) {
        finish_step(t);
        if (preemption_point())
            irq_poll();
        t = sched_choose();
    }
    measure_point();
    if (unlikely(t->special)) {
        t->full = false;
        return NULL;
    }
    TRACE(resume, 0, t, t->result.x[0], t->result.x[1]);
    return &t->result;
}

/* A handler of the current task's has returned `status`. */
inline struct way kernel_status(struct cpu *c, struct ukern_sysregs *r, uint64_t number,
                                int64_t status)
{
    struct task *t = c->current;

    if (likely(status > SYS_SET))
        r->x[0] = (uint64_t)status;
    if (likely(status >= SYS_SET)) {
        TRACE(leave, 0, t, number, r->x[0], r->x[1]);
        if (likely(!c->resched)) {
            measure_point();
            return (struct way){NULL, NULL};
        }
        t->result = *r;
    } else if (status == SYS_AGAIN) {
        t->result = *r;
        settle(t, number, status);
    }
    return (struct way){NULL, t};
}

inline struct way kernel_general(struct cpu *c, struct ukern_sysregs *r, uint64_t number)
{
    struct task *t = c->current;
    int64_t status;

    measure_entry(number);
    TRACE(enter, 0, t, number, r->x[0], r->x[1], r->x[2], r->x[3], r->x[4]);
    status = handlers[number](t, r);
    if (unlikely(status == SYS_SWITCHED)) {
        TRACE(leave, 0, t, number, UKERN_OK);
        measure_point();
        return (struct way){c->current, t};
    }
    return kernel_status(c, r, number, status);
}

struct way kernel_syscall(struct cpu *c, struct ukern_sysregs *r, uint64_t number)
{
    if (likely(number < HANDLERS))
        return kernel_general(c, r, number);
    return pending_call(c, r, number);
}

const struct ukern_sysregs *kernel_interrupt(void)
{
    measure_entry(MEASURE_INTERRUPT);
    arch_cpu()->current->full = true;
    irq_poll();
    return kernel_resume();
}

/* The supervisor is asked, as if the task had called it; without one, the task ends. */
const struct ukern_sysregs *kernel_fault(const struct fault *f)
{
    struct task *t = arch_cpu()->current;
    struct ukern_msg *m = &t->pending.request;
    struct ukern_regs regs = {0};
    int rc = UKERN_EPEER;

    measure_entry(MEASURE_FAULT);
    t->full = true;
    arch_context_regs(&t->context, true, &regs);
    TRACE(fault, f->cause, t, f->address, regs.pc, regs.sp, regs.x[30], f->syndrome);
    *m = (struct ukern_msg){task_id(t),
                            {f->cause, f->syndrome, f->address, regs.pc, regs.sp, regs.x[30]}};
    if (t->supervisor)
        rc = ipc_start(t, t->supervisor, t->supervisor_badge, CALL_FAULT, &m->tag, UKERN_FOREVER);
    if (rc)
        task_end(t, UKERN_EXIT_FAULT, f->cause, 0);
    return kernel_resume();
}
