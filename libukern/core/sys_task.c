/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls about tasks.
 */
#include "ipc.h"
#include "sched.h"
#include "syscall.h"

int64_t sys_task_self(struct task *t, struct ukern_sysregs *r)
{
    (void)r;
    return (int64_t)task_id(t);
}

int64_t sys_task_exit(struct task *t, struct ukern_sysregs *r)
{
    task_end(t, UKERN_EXIT_NORMAL, (int)r->x[0], 0);
    return SYS_BLOCK;
}

/* A task handle with a right. */
static int find(struct task *t, uint64_t h, unsigned right, struct task **out)
{
    struct handle *e;
    int rc = handle_find(&t->handles, h, UKERN_TYPE_TASK, right, &e);

    if (!rc)
        *out = e->object;
    return rc;
}

int64_t sys_task_kill(struct task *t, struct ukern_sysregs *r)
{
    struct task *victim;
    int rc = find(t, r->x[0], UKERN_R_KILL, &victim);

    if (rc)
        return rc;
    task_end(victim, UKERN_EXIT_KILLED, (int)r->x[1], t->priority);
    return victim == t ? SYS_BLOCK : UKERN_OK;
}

int64_t sys_task_wait(struct task *t, struct ukern_sysregs *r)
{
    struct task *of;
    int rc = find(t, r->x[0], UKERN_R_WAIT, &of);

    if (rc)
        return rc;
    if (of->state == TASK_DEAD) {
        r->x[1] = (uint64_t)(int64_t)of->exit_code;
        r->x[2] = of->exit_reason;
        return UKERN_OK;
    }
    if (ipc_closes_cycle(t, of))
        return UKERN_EDEADLK;
    if (r->deadline_or_badge <= arch_timer_now())
        return UKERN_ETIMEDOUT;
    t->state = TASK_WAIT;
    t->blocked_at = arch_cycles();
    t->wait_task = of;
    task_ref(of);
    t->prev = NULL;
    t->next = of->waiters;
    if (of->waiters)
        of->waiters->prev = t;
    of->waiters = t;
    timer_start(&t->timer, r->deadline_or_badge);
    return SYS_BLOCK;
}

int64_t sys_task_priority(struct task *t, struct ukern_sysregs *r)
{
    struct task *of = t;
    int rc = (ukern_handle)r->x[0] == UKERN_SELF ? UKERN_OK : find(t, r->x[0], UKERN_R_MANAGE, &of);

    if (rc)
        return rc;
    if (r->x[1] >= UKERN_PRIORITIES)
        return UKERN_EINVAL;
    if (r->x[1] > of->max_priority || r->x[1] > t->max_priority)
        return UKERN_ERIGHTS;
    if (of->dying || of->state == TASK_DEAD)
        return UKERN_EPEER;
    of->base_priority = (uint8_t)r->x[1];
    ipc_refresh_priority(of);
    return UKERN_OK;
}

/* ---- Looking into tasks ---- */

static uint32_t public_state(const struct task *t)
{
    static const uint8_t states[] = {
        [TASK_LOADING] = UKERN_TASK_LOADING, [TASK_READY] = UKERN_TASK_READY,
        [TASK_SEND] = UKERN_TASK_SEND,       [TASK_REPLY] = UKERN_TASK_REPLY,
        [TASK_RECV] = UKERN_TASK_RECV,       [TASK_WAIT] = UKERN_TASK_WAIT,
        [TASK_DEAD] = UKERN_TASK_DEAD,
    };

    if (t->dying)
        return UKERN_TASK_DYING;
    if ((t->state == TASK_SEND || t->state == TASK_REPLY) && t->call_kind == CALL_FAULT)
        return UKERN_TASK_FAULT;
    return states[t->state];
}

static void fill_info(const struct task *t, struct ukern_task_info *i)
{
    bool blocked = t->state >= TASK_SEND && t->state <= TASK_WAIT;
    const struct cpu *c = arch_cpu();

    *i = (struct ukern_task_info){
        .id = task_id(t),
        .state = public_state(t),
        .priority = t->priority,
        .base_priority = t->base_priority,
        .exit_code = t->exit_code,
        .exit_reason = t->exit_reason,
        .handles = t->handles.used,
        .cpu_ns = arch_cycles_to_ns(t->cpu_cycles +
                                    (c->current == t ? arch_cycles() - c->switched_at : 0)),
        .ipc_count = ((t->token - t->first_token) >> TOKEN_SLOT_BITS) + t->replies,
        .memory_used = t->account ? t->account->used : 0,
        .memory_limit = t->account ? t->account->limit : 0,
        .waiting_ns = blocked ? arch_cycles_to_ns(arch_cycles() - t->blocked_at) : 0,
        .waiting_for = t->state == TASK_REPLY ? task_id(t->holder) : 0,
    };
    memcpy(i->name, t->name, sizeof i->name);
}

int64_t sys_task_info(struct task *t, struct ukern_sysregs *r)
{
    const struct handle *h = handle_get(&t->handles, r->x[0]);
    struct ukern_task_info info;
    const struct task *of;
    uint64_t next;

    if ((ukern_handle)r->x[0] == UKERN_SELF) {
        fill_info(t, &info);
        return aspace_copy_out(t->aspace, r->x[2], &info, sizeof info);
    }
    if (!h)
        return UKERN_EHANDLE;
    if (h->type != UKERN_TYPE_TASK && h->type != UKERN_TYPE_SYSTEM)
        return UKERN_ETYPE;
    if (!(h->rights & UKERN_R_INSPECT))
        return UKERN_ERIGHTS;
    of = h->object;
    if (h->type == UKERN_TYPE_SYSTEM) {
        of = task_from_slot(r->x[1], &next);
        if (!of && next) {
            r->x[1] = next;
            return SYS_AGAIN;
        }
        if (!of)
            return UKERN_ENOENT;
    }
    fill_info(of, &info);
    return aspace_copy_out(t->aspace, r->x[2], &info, sizeof info);
}

int64_t sys_task_open(struct task *t, struct ukern_sysregs *r)
{
    const unsigned all = UKERN_R_TRANSFER | UKERN_R_INSPECT | UKERN_R_KILL | UKERN_R_WAIT;
    struct handle *h;
    struct task *of;
    uint32_t slot;
    int rc;

    if (!r->x[2] || (r->x[2] & ~(uint64_t)all))
        return UKERN_EINVAL;
    rc = handle_find(&t->handles, r->x[0], UKERN_TYPE_SYSTEM,
                     UKERN_R_INSPECT | (unsigned)(r->x[2] & UKERN_R_KILL), &h);
    if (rc)
        return rc;
    of = task_by_slot(r->x[1]);
    if (!of || of->state == TASK_LOADING)
        return UKERN_ENOENT;
    rc = handle_reserve(&t->handles, UKERN_ANY_SLOT, 1, &slot);
    if (rc)
        return rc;
    task_ref(of);
    handle_open(
        &t->handles, slot,
        &(struct handle){.object = of, .type = UKERN_TYPE_TASK, .rights = (uint16_t)r->x[2]});
    return slot;
}

int64_t sys_task_regs(struct task *t, struct ukern_sysregs *r)
{
    struct ukern_regs regs = {0};
    struct task *of;
    int rc = find(t, r->x[0], UKERN_R_INSPECT, &of);

    if (rc)
        return rc;
    if (of->dying || of->state == TASK_DEAD)
        return UKERN_EPEER;
    if (of == t)
        return UKERN_EINVAL;
    arch_context_regs(&of->context, of->full, &regs);
    return aspace_copy_out(t->aspace, r->x[1], &regs, sizeof regs);
}

int64_t sys_task_read(struct task *t, struct ukern_sysregs *r)
{
    uint64_t from = r->x[1], to = r->x[2], size = r->x[3], n;
    const void *source;
    struct task *of;
    int rc = find(t, r->x[0], UKERN_R_INSPECT, &of);

    if (rc)
        return rc;
    if (of->dying || of->state == TASK_DEAD)
        return UKERN_EPEER;
    if (!size)
        return 0;
    n = min_u64(size, PAGE_SIZE - from % PAGE_SIZE); /* a call reads up to the end of a page */
    source = aspace_user(of->aspace, from, UKERN_PROT_READ);
    if (!source)
        return UKERN_EFAULT;
    rc = aspace_copy_out(t->aspace, to, source, n);
    return rc ? rc : (int64_t)n;
}
