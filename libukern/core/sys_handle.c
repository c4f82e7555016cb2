/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls that make, copy and close handles.
 */
#include "slab.h"
#include "syscall.h"

/* Open a handle (whose references are taken) in t's table; on failure the references are t's to
 * drop. */
static int64_t open_new(struct task *t, const struct handle *h)
{
    uint32_t slot;
    int rc = handle_reserve(&t->handles, UKERN_ANY_SLOT, 1, &slot);

    if (rc) {
        handle_drop(t, h);
        return rc;
    }
    handle_open(&t->handles, slot, h);
    port_given(h, t);
    return slot;
}

int64_t sys_port_create(struct task *t, struct ukern_sysregs *r)
{
    struct port *p = port_new(t->account);

    (void)r;
    if (!p)
        return UKERN_ENOMEM;
    port_receiver_added(p);
    return open_new(t, &(struct handle){.object = p,
                                        .type = UKERN_TYPE_PORT,
                                        .rights = UKERN_R_TRANSFER | UKERN_R_CALL | UKERN_R_NOTIFY |
                                                  UKERN_R_RECV | UKERN_R_MINT});
}

int64_t sys_handle_mint(struct task *t, struct ukern_sysregs *r)
{
    struct handle *from, h;
    int rc = handle_find(&t->handles, r->x[0], UKERN_TYPE_PORT, UKERN_R_MINT, &from);
    uint64_t rights = r->x[1];

    if (rc)
        return rc;
    if (rights & ~(uint64_t)(UKERN_R_TRANSFER | UKERN_R_CALL | UKERN_R_NOTIFY))
        return UKERN_EINVAL; /* a client's handle neither receives nor mints */
    if (rights & ~(uint64_t)from->rights)
        return UKERN_ERIGHTS;
    h = (struct handle){.object = from->object,
                        .type = UKERN_TYPE_PORT,
                        .rights = (uint16_t)rights,
                        .badge = r->x[2]};
    h.client = client_new(h.object, h.badge, t->account);
    if (!h.client)
        return UKERN_ENOMEM;
    port_ref(h.object);
    /* If there is no room for it, nobody ever had it: no hangup. */
    uint32_t slot;
    rc = handle_reserve(&t->handles, UKERN_ANY_SLOT, 1, &slot);
    if (rc) {
        client_free(h.client);
        port_put(h.object);
        return rc;
    }
    handle_open(&t->handles, slot, &h);
    return slot;
}

/* Put a copy of h with `rights` (0: the same) into slot of task `to`, closing what was there. */
static int64_t copy_to(struct task *t, struct task *to, const struct handle *h, uint64_t rights,
                       int64_t slot)
{
    struct handle copy = *h;
    uint32_t at;
    int rc;

    if (rights & ~(uint64_t)h->rights)
        return UKERN_ERIGHTS;
    if (rights)
        copy.rights = (uint16_t)rights;
    rc = handle_reserve(&to->handles, slot, 1, &at);
    if (rc)
        return rc == UKERN_ENOMEM && to != t ? UKERN_ETABLE : rc;
    handle_ref(&copy);
    if (handle_get(&to->handles, at)) {
        struct handle old = handle_take(&to->handles, at);
        port_lost(&old, to);
        /* An emptied page may have gone with it. */
        rc = handle_reserve(&to->handles, at, 1, &at);
        handle_drop(t, &old);
        if (rc) {
            handle_drop(t, &copy);
            return rc;
        }
    }
    handle_open(&to->handles, at, &copy);
    port_given(&copy, to);
    return at;
}

int64_t sys_handle_dup(struct task *t, struct ukern_sysregs *r)
{
    const struct handle *h = handle_get(&t->handles, r->x[0]);
    int64_t slot = (int32_t)r->x[2];

    if (!h)
        return UKERN_EHANDLE;
    if (!(h->rights & UKERN_R_TRANSFER))
        return UKERN_ERIGHTS;
    if (slot == (int64_t)r->x[0])
        return r->x[1] && (r->x[1] & ~(uint64_t)h->rights) ? (int64_t)UKERN_ERIGHTS
                                                           : slot; /* dup2(n, n) */
    return copy_to(t, t, h, r->x[1], slot);
}

int64_t sys_handle_grant(struct task *t, struct ukern_sysregs *r)
{
    struct handle *target;
    const struct handle *h;
    struct task *to;
    int rc = handle_find(&t->handles, r->x[0], UKERN_TYPE_TASK, UKERN_R_MANAGE, &target);

    if (rc)
        return rc;
    to = target->object;
    h = handle_get(&t->handles, r->x[1]);
    if (!h)
        return UKERN_EHANDLE;
    if (!(h->rights & UKERN_R_TRANSFER))
        return UKERN_ERIGHTS;
    if (to->dying || to->state == TASK_DEAD || to->state == TASK_LOADING)
        return UKERN_EPEER;
    return copy_to(t, to, h, r->x[2], (int32_t)r->x[3]);
}

int64_t sys_handle_close(struct task *t, struct ukern_sysregs *r)
{
    struct handle gone;

    if (!handle_get(&t->handles, r->x[0]))
        return UKERN_EHANDLE;
    gone = handle_take(&t->handles, (uint32_t)r->x[0]);
    handle_drop(t, &gone);
    return UKERN_OK;
}

int64_t sys_handle_info(struct task *t, struct ukern_sysregs *r)
{
    const struct handle *h = handle_get(&t->handles, r->x[0]);

    if (!h)
        return UKERN_EHANDLE;
    r->x[1] = h->rights;
    r->x[2] = h->type == UKERN_TYPE_PORT ? h->badge : 0;
    return h->type;
}
