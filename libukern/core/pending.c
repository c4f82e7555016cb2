/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a pending system call: begin, parked, complete, checked, copied, done; or cancelled.
 * What an extension asks for in between is extension.c's.
 */
#include "pending.h"
#include "boot.h"
#include "ipc.h"
#include "operation.h"
#include "shm.h"
#include "task.h"

#define TABLE_SIZE (UKERN_SYS_EXT_END - UKERN_SYS_EXT_FIRST)

static const struct ukern_completion *table[TABLE_SIZE];
static bool sealed;

/* ---- Registration ---- */

int ukern_register(uint32_t number, const struct ukern_completion *c)
{
    const char *name = c && c->name ? c->name : "(no name)";

    if (sealed) {
        ukern_log("ukern_register: %s (%u): the table is sealed after ukern_main()\n", name, number);
        return UKERN_EBUSY;
    }
    if (number < UKERN_SYS_EXT_FIRST || number >= UKERN_SYS_EXT_END)
        return boot_failed(UKERN_EOVERFLOW, name, number, "the number is not one of 256 to 1023");
    if (!c || !c->name || !c->begin || !c->complete)
        return boot_failed(UKERN_EINVAL, name, number, "name, begin and complete must be set");
    if (!c->cancel)
        return boot_failed(UKERN_EINVAL, name, number,
                           "cancel is missing; say UKERN_NOTHING_TO_CANCEL if begin takes nothing");
    if (table[number - UKERN_SYS_EXT_FIRST])
        return boot_failed(UKERN_EEXIST, name, number, "the number is taken by another completion");
    table[number - UKERN_SYS_EXT_FIRST] = c;
    return UKERN_OK;
}

void pending_seal(void) { sealed = true; }

void pending_reset(void)
{
    memset(table, 0, sizeof table);
    sealed = false;
}

void ukern_nothing_to_cancel(struct ukern_pending *p, int why)
{
    (void)p;
    (void)why;
}

/* ---- Begin ---- */

/* Send the request of the caller, which is not blocked. UKERN_OK: it is parked now. */
static int forward(struct ukern_pending *p)
{
    struct task *c = p->caller;
    struct handle *h;
    int rc = handle_find(&c->handles, (uint64_t)p->target, UKERN_TYPE_PORT, UKERN_R_CALL, &h);

    if (!rc)
        rc = ipc_check(c, &p->request.tag);
    if (rc)
        return rc;
    p->phase = PENDING_PARKED;
    return ipc_start(c, h->object, h->badge, CALL_PENDING, &p->request.tag, p->deadline);
}

int64_t pending_begin(struct task *t, struct ukern_sysregs *r, uint64_t number)
{
    struct ukern_pending *p = &t->pending;
    int rc;

    if (number < UKERN_SYS_EXT_FIRST || number >= UKERN_SYS_EXT_END ||
        !table[number - UKERN_SYS_EXT_FIRST])
        return UKERN_ENOSYS;
    if (r != &t->result)
        t->result = *r; /* the arguments stay there while the caller is parked */
    p->ops = table[number - UKERN_SYS_EXT_FIRST];
    p->caller = t;
    p->server = NULL;
    p->arguments = t->result.x;
    p->phase = PENDING_BEGIN;
    p->ranges = p->copies = p->gives = 0;
    p->mapping = NULL;
    p->target = -1;
    p->deadline = UKERN_FOREVER;
    p->result[0] = p->result[1] = 0;
    p->state[0] = p->state[1] = p->state[2] = p->state[3] = 0;
    p->request = (struct ukern_msg){0};

    rc = p->ops->begin(p);
    if (rc == UKERN_FORWARD) {
        rc = forward(p);
        if (rc == UKERN_OK)
            return SYS_BLOCK;
        p->ops->cancel(p, rc);
    } else if (rc == UKERN_DONE) {
        r->x[1] = p->result[1];
        rc = UKERN_OK;
        r->x[0] = p->result[0];
        p->phase = PENDING_NONE;
        return SYS_SET;
    }
    p->phase = PENDING_NONE;
    return rc;
}

/* ---- The end of a call ---- */

/* by: who runs on, and frees: the caller may stay parked. */
static void drop_copies(struct ukern_pending *p, struct task *by)
{
    if (p->mapping) {
        ASSERT(!by->cleanup_mapping);
        p->mapping->worker = &by->cleanup_mapping;
        by->cleanup_mapping = p->mapping;
        by->unclean = true;
        p->mapping = NULL;
    }
    for (unsigned i = 0; i < p->copies; i++)
        cleanup_shm(by, p->copy[i].shm);
    p->copies = 0;
    p->gives = 0;
}

void pending_cancel(struct task *caller, int why)
{
    struct ukern_pending *p = &caller->pending;

    ASSERT(p->phase >= PENDING_PARKED && p->phase != PENDING_COMPLETE);
    drop_copies(p, caller);
    p->ops->cancel(p, why);
    p->phase = PENDING_NONE;
}

/* The caller gets an error, after complete had said that all was well. */
static int fail(struct ukern_pending *p, int error)
{
    struct task *c = p->caller;

    pending_cancel(c, error);
    ipc_release(c);
    ipc_wake(c, error);
    return error;
}

/* The server's doing is refused: nothing happened, the caller stays parked. */
static int refuse(struct ukern_pending *p, int error)
{
    drop_copies(p, p->server);
    p->phase = PENDING_PARKED;
    return error;
}

/* ---- Copies ---- */

#define CHECK_STEP (UINT64_C(256) << PAGE_SHIFT) /* bytes whose pages one step checks */
#define COPY_STEP  (UINT64_C(4) << PAGE_SHIFT)   /* bytes that one step copies */

/* Are the caller's pages of the next stretch what they must be? */
static bool check_step(const struct ukern_pending *p, const struct pending_copy *copy, uint64_t *n)
{
    const struct aspace *as = p->caller->aspace;
    uint64_t at = copy->address + p->progress, end = at + min_u64(copy->length - p->progress, CHECK_STEP);

    *n = end - at;
    for (; at < end; at = page_down(at) + PAGE_SIZE)
        if (!aspace_user(as, at, copy->direction))
            return false;
    return true;
}

static int copy_step(const struct ukern_pending *p, const struct pending_copy *copy, uint64_t *n)
{
    uint64_t done = p->progress, stop = min_u64(copy->length, done + COPY_STEP);

    if (copy->shm->dead)
        return UKERN_EPROTO;
    while (done < stop) {
        uint64_t user = copy->address + done, shared = copy->offset + done;
        uint64_t piece = min_u64(stop - done, min_u64(PAGE_SIZE - user % PAGE_SIZE,
                                                      PAGE_SIZE - shared % PAGE_SIZE));
        char *u = aspace_user(p->caller->aspace, user, copy->direction);
        char *s = (char *)arch_phys_to_virt(shm_frame(copy->shm, shared >> PAGE_SHIFT)) + shared % PAGE_SIZE;
        if (!u)
            return UKERN_EFAULT;
        if (copy->direction == UKERN_OUT)
            memmove(u, s, piece); /* both may be the same shared memory */
        else
            memmove(s, u, piece);
        done += piece;
    }
    *n = done - p->progress;
    return UKERN_OK;
}


/* One step of the phase. UKERN_OK, or the error that ends the call. */
static int step(struct ukern_pending *p)
{
    const struct pending_copy *copy = &p->copy[p->done_copies];
    uint64_t n = 0;
    int rc = UKERN_OK;

    if (p->phase == PENDING_MAP) {
        rc = p->mapping ? aspace_map_step(p->mapping) : 0;
        p->phase += rc == 0;
        return rc < 0 ? rc : UKERN_OK;
    }
    if (p->done_copies == p->copies) {
        p->phase++;
        p->done_copies = 0;
        return UKERN_OK;
    }
    if (p->phase == PENDING_CHECK)
        rc = check_step(p, copy, &n) ? UKERN_OK : UKERN_EFAULT;
    else
        rc = copy_step(p, copy, &n);
    p->progress += n;
    if (p->progress == copy->length) {
        p->progress = 0;
        p->done_copies++;
    }
    return rc;
}

/* ---- Complete ---- */

/* Hand the server's handles over; their numbers become results. */
static int give_handles(struct ukern_pending *p)
{
    uint64_t message[1 + UKERN_MSG_WORDS] = {UKERN_TAG(0, p->gives)}, out[UKERN_MSG_WORDS];
    unsigned first = UKERN_MSG_WORDS - p->gives;
    int rc;

    if (!p->gives)
        return UKERN_OK;
    for (unsigned i = 0; i < p->gives; i++)
        message[1 + first + i] = p->give[i];
    rc = ipc_check(p->server, message); /* each was, but not both together */
    if (!rc)
        rc = ipc_transfer(p->server, p->caller, message[0], message + 1, out);
    for (unsigned i = 0; !rc && i < p->gives; i++)
        p->result[p->give_result[i]] = out[first + i];
    return rc;
}

static int64_t finish(struct ukern_pending *p)
{
    struct task *c = p->caller;
    int rc;

    while (p->phase < PENDING_GIVE && (p->copies || p->mapping)) {
        rc = step(p);
        if (rc == UKERN_EFAULT || rc == UKERN_ENOMEM)
            return fail(p, rc);
        if (rc)
            return refuse(p, rc);
        if (p->phase < PENDING_GIVE && arch_irq_pending())
            return SYS_AGAIN;
    }
    rc = give_handles(p);
    if (rc == UKERN_ETABLE)
        return fail(p, rc);
    if (rc)
        return refuse(p, UKERN_EPROTO);
    if (p->mapping)
        p->mapping->worker = NULL;
    p->mapping = NULL;
    drop_copies(p, c);
    p->phase = PENDING_NONE;
    p->server->ipc_count++;
    ipc_release(c);
    c->result.x[1] = p->result[1];
    ipc_wake(c, (int64_t)p->result[0]);
    return UKERN_OK;
}

/* complete wants a further stage. Whatever becomes of it, this server's part is done. */
static int64_t next_stage(struct ukern_pending *p)
{
    struct task *c = p->caller;
    int rc;

    drop_copies(p, p->server);
    ipc_release(c);
    rc = forward(p);
    if (rc) {
        p->ops->cancel(p, rc);
        p->phase = PENDING_NONE;
        ipc_wake(c, rc);
    }
    return UKERN_OK;
}

int64_t pending_reply(struct task *t, struct task *caller, const struct ukern_msg *reply)
{
    struct ukern_pending *p = &caller->pending;
    int rc;

    if (p->phase == PENDING_PARKED) {
        p->phase = PENDING_COMPLETE;
        p->server = t;
        p->result[0] = p->result[1] = 0;
        p->progress = 0;
        p->done_copies = 0;
        rc = p->ops->complete(p, reply);
        if (rc == UKERN_FORWARD)
            return next_stage(p);
        if (rc != UKERN_DONE)
            return refuse(p, rc < 0 ? rc : UKERN_EPROTO);
        p->phase = PENDING_CHECK;
    }
    return finish(p);
}
