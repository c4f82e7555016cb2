/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task_spawn: everything is checked and made first; the new task becomes visible in one last step
 * that either succeeds whole or leaves nothing.
 */
#include "spawn.h"
#include "sched.h"
#include "slab.h"
#include "syscall.h"

struct spawn_operation {
    struct operation operation;
    struct loader loader;
    struct ukern_spawn a; /* the one copy of the arguments that is believed */
    struct shm *image;    /* holds a reference */
    uint32_t granted;     /* handles given to it so far */
};

static bool abandon(struct task *t, struct operation *o)
{
    struct spawn_operation *s = (struct spawn_operation *)o;

    loader_end(&s->loader, t);
    /* More urgent than t: what it was promised is t's again when t goes on. */
    if (s->loader.child)
        task_end(s->loader.child, UKERN_EXIT_KILLED, UKERN_ENOEXEC,
                 (unsigned)min_u64(t->priority + 1, UKERN_PRIORITIES - 1));
    if (s->image)
        cleanup_shm(t, s->image);
    return false;
}

/* It ends, and shows as what it is wherever it is printed. */
static bool is_name(const char *name)
{
    for (unsigned i = 0; i < UKERN_NAME_MAX; i++) {
        unsigned char c = (unsigned char)name[i];

        if (c == '\0')
            return true;
        if (c < ' ' || c == 0x7f)
            return false;
    }
    return false;
}

static int check_arguments(const struct task *t, const struct ukern_spawn *a)
{
    if (!is_name(a->name) || a->reserved || a->priority > a->max_priority ||
        a->grant_count > UKERN_GRANTS_MAX || a->args_size > UKERN_ARGS_MAX || a->stack == 0)
        return UKERN_EINVAL;
    if (a->max_priority > t->max_priority)
        return UKERN_ERIGHTS;
    if (a->stack > a->memory || a->memory > UINT64_MAX / 2)
        return UKERN_ENOMEM;
    return UKERN_OK;
}

/* ---- The last step ---- */

/* Copy the argument block to the top of the stack; *at is where it begins. */
static int copy_args(struct task *t, const struct spawn_operation *s, uint64_t *at)
{
    uint64_t from = s->a.args, left = s->a.args_size, to;

    *at = to = (STACK_TOP - left) & ~UINT64_C(15);
    if (to < STACK_TOP - s->loader.stack)
        return UKERN_EINVAL;
    while (left) {
        uint64_t n =
            min_u64(left, min_u64(PAGE_SIZE - from % PAGE_SIZE, PAGE_SIZE - to % PAGE_SIZE));
        const void *p = aspace_user(t->aspace, from, UKERN_PROT_READ);
        if (!p)
            return UKERN_EFAULT;
        memcpy(loader_stack(&s->loader, to), p, n);
        from += n;
        to += n;
        left -= n;
    }
    return UKERN_OK;
}

#define GRANTS_STEP 8 /* handles that one step gives: each may need a page of the new table */

/* 1: more to give; 0: done. */
static int give_grants(struct task *t, struct spawn_operation *s)
{
    struct task *child = s->loader.child;
    uint32_t end = (uint32_t)min_u64(s->a.grant_count, s->granted + GRANTS_STEP);

    for (; s->granted < end; s->granted++) {
        const struct handle *h;
        struct ukern_grant g;
        struct handle copy;
        uint32_t slot;
        int rc = aspace_copy_in(t->aspace, &g, s->a.grants + s->granted * sizeof g, sizeof g);
        if (rc)
            return rc;
        h = handle_get(&t->handles, (uint32_t)g.handle);
        if (!h || g.reserved)
            return h ? UKERN_EINVAL : UKERN_EHANDLE;
        if (!(h->rights & UKERN_R_TRANSFER) || (g.rights & ~(uint32_t)h->rights))
            return UKERN_ERIGHTS;
        rc = handle_reserve(&child->handles, g.slot, 1, &slot);
        if (!rc && handle_get(&child->handles, slot))
            rc = UKERN_EEXIST;
        if (rc)
            return rc;
        copy = *h;
        if (g.rights)
            copy.rights = (uint16_t)g.rights;
        handle_ref(&copy);
        handle_open(&child->handles, slot, &copy);
        port_given(&copy, child);
    }
    return end < s->a.grant_count;
}

static int64_t publish(struct task *t, struct spawn_operation *s)
{
    struct task *child = s->loader.child;
    struct handle *supervisor = NULL;
    uint64_t args;
    uint32_t slot;
    int rc = give_grants(t, s);

    if (rc > 0)
        return SYS_AGAIN;
    if (!rc)
        rc = copy_args(t, s, &args);
    if (!rc && s->a.supervisor != -1)
        rc = handle_find(&t->handles, (uint32_t)s->a.supervisor, UKERN_TYPE_PORT, UKERN_R_MINT,
                         &supervisor);
    if (!rc)
        rc = handle_reserve(&t->handles, UKERN_ANY_SLOT, 1, &slot);
    if (rc)
        return rc;
    if (supervisor) {
        child->supervisor = supervisor->object;
        child->supervisor_badge = s->a.supervisor_badge;
        port_ref(child->supervisor);
    }
    arch_context_init(&child->context, s->loader.plan.entry, args, args, s->a.args_size);
    task_ref(child);
    handle_open(&t->handles, slot,
                &(struct handle){.object = child,
                                 .type = UKERN_TYPE_TASK,
                                 .rights = UKERN_R_TRANSFER | UKERN_R_MANAGE | UKERN_R_INSPECT |
                                           UKERN_R_KILL | UKERN_R_WAIT});
    loader_end(&s->loader, t);
    cleanup_shm(t, s->image);
    task_start(child, s->a.priority, s->a.max_priority);
    return slot;
}

static int64_t spawn_step(struct task *t, struct operation *o, struct ukern_sysregs *r)
{
    struct spawn_operation *s = (struct spawn_operation *)o;
    int64_t rc;

    (void)r;
    rc = s->image->dead ? UKERN_EREVOKED : loader_step(&s->loader);
    if (rc == 1)
        return SYS_AGAIN;
    if (rc == 0)
        rc = publish(t, s);
    if (rc < 0 && rc != SYS_AGAIN)
        abandon(t, o);
    return rc;
}

/* ---- The first step ---- */

static int64_t prepare(struct task *t, struct spawn_operation *s, uint64_t address)
{
    struct handle *image;
    const char *why = NULL;
    int rc = aspace_copy_in(t->aspace, &s->a, address, sizeof s->a);

    if (!rc)
        rc = check_arguments(t, &s->a);
    if (!rc)
        rc = handle_find(&t->handles, (uint32_t)s->a.image, UKERN_TYPE_SHM, UKERN_R_READ, &image);
    if (rc)
        return rc;
    s->image = image->object;
    if (s->image->flavour == UKERN_SHM_DEVICE) {
        s->image = NULL;
        return UKERN_EINVAL;
    }
    shm_ref(s->image);
    s->loader.child = task_new(t->account, s->a.memory, s->a.name);
    if (!s->loader.child)
        return UKERN_ENOMEM;
    rc = loader_start(&s->loader, s->loader.child, s->image, s->a.image_offset, s->a.image_size,
                      page_up(s->a.stack), &why);
    if (rc == UKERN_ENOEXEC)
        ukern_log("%s: not started: %s\n", s->a.name, why);
    return rc;
}

int64_t sys_task_spawn(struct task *t, struct ukern_sysregs *r)
{
    struct spawn_operation *s;
    int64_t rc;

    if (t->operation)
        return operation_run(t, r);
    s = operation_new(t, sizeof *s, spawn_step, abandon);
    if (!s)
        return UKERN_ENOMEM;
    rc = prepare(t, s, r->x[0]);
    if (rc) {
        abandon(t, &s->operation);
        operation_free(t);
        return rc;
    }
    return operation_run(t, r);
}
