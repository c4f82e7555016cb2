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

const kernel_handler kernel_handlers[KERNEL_SYSCALLS] = {
#define UKERN_SYSCALL(number, name, arguments, results, text) [number] = sys_##name,
#include <ukern/abi/syscalls.def>
#undef UKERN_SYSCALL
};

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
        int64_t status = kernel_handlers[t->number](t, &t->result);
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

struct way kernel_status(struct cpu *c, struct ukern_sysregs *r, uint64_t number, int64_t status)
{
    struct task *t = c->current;

    if (status == SYS_SWITCHED) {
        TRACE(leave, 0, c->left, number, UKERN_OK);
        measure_point();
        return (struct way){t, c->left};
    }
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

struct way kernel_general(struct cpu *c, struct ukern_sysregs *r, uint64_t number)
{
    struct task *t = c->current;

    measure_entry(number);
    TRACE(enter, 0, t, number, r->x[0], r->x[1], r->x[2], r->x[3], r->x[4]);
    return kernel_status(c, r, number, kernel_handlers[number](t, r));
}

/* These two are what the arch does by itself. */
static struct way call(struct cpu *c, struct ukern_sysregs *r)
{
    struct task *from = c->current;
    struct task *to = ipc_fast_call(r->x[0], r->x[1], r->x[2], r->x[3], r->x[4], r->x[5], r->x[6],
                                    r->x[7], r->deadline_or_badge);

    if (!to)
        return kernel_general(c, r, UKERN_SYS_ipc_call);
    r->x[0] = UKERN_EV_MESSAGE;
    r->deadline_or_badge = from->call_badge;
    r->token = from->token;
    return (struct way){to, from};
}

static struct way reply_recv(struct cpu *c, struct ukern_sysregs *r)
{
    struct task *from = c->current;
    struct task *to = ipc_fast_reply_recv(r->x[0], r->x[1], r->x[2], r->x[3], r->x[4], r->x[5],
                                          r->x[6], r->x[7], r->deadline_or_badge, r->token);

    if (!to)
        return ipc_long_reply_recv(c, r);
    r->x[0] = UKERN_OK;
    r->deadline_or_badge = r->token = 0;
    return (struct way){to, from};
}

struct way kernel_syscall(struct cpu *c, struct ukern_sysregs *r, uint64_t number)
{
    if (number == UKERN_SYS_ipc_call)
        return call(c, r);
    if (number == UKERN_SYS_ipc_reply_recv)
        return reply_recv(c, r);
    if (number < KERNEL_SYSCALLS)
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
