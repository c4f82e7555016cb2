/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking things apart in bounded steps: what a system call left to do, and a whole task.
 */
#include "ipc.h"
#include "operation.h"
#include "sched.h"
#include "slab.h"
#include "task.h"
#include "trace.h"

#define STEP_ITEMS 16 /* callers, events, handles or waiters that one step handles */

/* ---- What a system call left to do ---- */

void task_mark_unclean(struct task *t)
{
    t->unclean = true;
    arch_cpu()->resched = true;
}

void cleanup_shm(struct task *t, struct shm *s)
{
    if (shm_put(s))
        cleanup_orphan(t, s);
}

void cleanup_orphan(struct task *t, struct shm *s)
{
    s->cleanup_next = t->cleanup_shms;
    t->cleanup_shms = s;
    task_mark_unclean(t);
}

void cleanup_port(struct task *t, struct port *p)
{
    port_ref(p);
    p->cleanup_next = t->cleanup_ports;
    t->cleanup_ports = p;
    task_mark_unclean(t);
}

void cleanup_hand_over(struct task *from, struct task *to)
{
    struct port **end = &from->cleanup_ports;

    while (*end)
        end = &(*end)->cleanup_next;
    *end = to->cleanup_ports;
    to->cleanup_ports = from->cleanup_ports;
    task_mark_unclean(to);
    from->cleanup_ports = NULL;
    from->unclean = from->cleanup_shms || from->cleanup_mapping;
}

/* Nobody will receive on p any more. false: all done. */
static bool fail_port_step(struct port *p)
{
    struct ukern_sysregs scratch;

    for (int i = 0; i < STEP_ITEMS; i++) {
        if (p->senders.first)
            ipc_abort(p->senders.first, UKERN_EPEER);
        else if (p->waiters)
            ipc_abort(p->waiters, UKERN_EHANDLE);
        else if (!port_take(p, &scratch, UINT64_MAX, true))
            return false;
    }
    return true;
}

bool cleanup_step(struct task *t)
{
    if (t->cleanup_ports) {
        struct port *p = t->cleanup_ports;
        if (!fail_port_step(p)) {
            t->cleanup_ports = p->cleanup_next;
            port_unserve(p);
            port_put(p);
        }
        return true;
    }
    if (t->cleanup_mapping) {
        struct shm *orphan = NULL;
        if (!aspace_unmap_step(t->cleanup_mapping, &orphan))
            t->cleanup_mapping = NULL;
        if (orphan)
            cleanup_orphan(t, orphan);
        return true;
    }
    if (t->cleanup_shms) {
        struct shm *s = t->cleanup_shms, *next = s->cleanup_next;
        if (shm_drain(s) == 0)
            t->cleanup_shms = next;
        return true;
    }
    t->unclean = false;
    return false;
}

/* ---- A task ---- */

/* Each part returns true while there is more of it. */

static bool end_operation(struct task *t)
{
    if (!t->operation)
        return false;
    if (!t->operation->abandon(t, t->operation))
        operation_free(t);
    return true;
}

static bool end_held(struct task *t)
{
    for (int i = 0; i < STEP_ITEMS; i++) {
        struct task *c = t->taken ? t->taken : t->held;
        if (!c)
            return false;
        ipc_abort(c, UKERN_EPEER);
    }
    return true;
}

/* The table may be nearly empty: slots count, too. */
static bool end_handles(struct task *t)
{
    uint32_t end = t->teardown + HANDLE_PER_PAGE;

    for (int i = 0; i < STEP_ITEMS && t->handles.used && t->teardown < end; i++) {
        int32_t h = handle_next(&t->handles, t->teardown, &t->teardown);

        if (h >= 0) {
            struct handle gone = handle_take(&t->handles, (uint32_t)h);
            handle_drop(t, &gone);
        }
    }
    if (t->teardown >= HANDLE_MAX)
        t->teardown = 0;
    return t->handles.used > 0;
}

static bool end_mappings(struct task *t)
{
    struct mapping *m = aspace_any(t->aspace);
    struct shm *orphan = NULL;

    if (!m)
        return false;
    if (m->worker)
        *m->worker = NULL;
    m->worker = NULL;
    aspace_unmap_step(m, &orphan);
    if (orphan)
        cleanup_orphan(t, orphan);
    return true;
}

static bool end_aspace(struct task *t)
{
    if (!t->aspace)
        return false;
    if (aspace_free_step(t->aspace))
        return true;
    slab_free(t->account, t->aspace, sizeof *t->aspace);
    t->aspace = NULL;
    return false;
}

static void tell_waiters(struct task *t)
{
    for (int i = 0; i < STEP_ITEMS && t->waiters; i++) {
        struct task *w = t->waiters;
        ipc_detach(w, UKERN_OK);
        sysregs_set(&w->result, UKERN_OK, (uint64_t)(int64_t)t->exit_code);
        w->result.x[2] = t->exit_reason;
        ipc_wake(w, UKERN_OK);
    }
}

/* The last step tells STEP_ITEMS waiters, so that they find all given back; those beyond are told
 * while t still has an address space to be scheduled with. */
static bool end_waiters(struct task *t)
{
    const struct task *w = t->waiters;

    for (int i = 0; w && i < STEP_ITEMS; i++)
        w = w->next;
    if (!w)
        return false;
    tell_waiters(t);
    return true;
}

/* All is given back: t is dead, and those who care are told. */
static void bury(struct task *t)
{
    struct cpu *c = arch_cpu();

    if (t->serving)
        t->serving->server = NULL;
    t->serving = NULL;
    handle_table_free(&t->handles);
    if (t->ghost)
        slab_free(t->ghost->account, t->ghost, sizeof *t->ghost);
    t->ghost = NULL;
    arch_context_free(t);
    if (c->current == t) {
        t->cpu_cycles += arch_cycles() - c->switched_at;
        c->switched_at = arch_cycles();
        c->current = NULL;
    } else {
        sched_unready(t);
    }
    TRACE(gone, 0, t, 0);
    account_close(t->account);
    t->account = NULL;
    t->state = TASK_DEAD;
    t->dying = false;
    task_count--;
    if (t->supervisor) {
        port_exited(t->supervisor, t);
        port_put(t->supervisor);
        t->supervisor = NULL;
    }
    task_put(t);
}

bool task_teardown_step(struct task *t)
{
    if (end_operation(t) || end_held(t) || end_handles(t) || cleanup_step(t) || end_mappings(t) ||
        cleanup_step(t) || end_waiters(t) || end_aspace(t))
        return true;
    tell_waiters(t);
    bury(t);
    return false;
}
