/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a pending system call: begin, parked, complete, checked, copied, done; or cancelled.
 * The system calls that it is made of are in pending_call.c; what an extension asks for in between
 * is extension.c's.
 */
#include "pending.h"
#include "boot.h"
#include "ipc.h"
#include "copy.h"
#include "measure.h"
#include "resume.h"
#include "operation.h"
#include "task.h"
#include "trace.h"

const struct ukern_completion *pending_table[PENDING_NUMBERS];
static bool sealed;

/* ---- Registration ---- */

int(ukern_register)(uint32_t number, const struct ukern_completion *c)
{
    const char *name = c && c->name ? c->name : "(no name)";

    if (sealed) {
        ukern_log("ukern_register: %s (%u): the table is sealed after ukern_main()\n", name,
                  number);
        return UKERN_EBUSY;
    }
    if (number < UKERN_SYS_EXT_FIRST || number >= UKERN_SYS_EXT_END)
        return boot_failed(UKERN_EOVERFLOW, name, number, "the number is not one of 256 to 1023");
    if (!c || !c->name || !c->begin || !c->complete)
        return boot_failed(UKERN_EINVAL, name, number, "name, begin and complete must be set");
    if (!c->cancel)
        return boot_failed(UKERN_EINVAL, name, number,
                           "cancel is missing; say UKERN_NOTHING_TO_CANCEL if begin takes nothing");
    if (pending_table[number - UKERN_SYS_EXT_FIRST])
        return boot_failed(UKERN_EEXIST, name, number, "the number is taken by another completion");
    pending_table[number - UKERN_SYS_EXT_FIRST] = c;
    TRACE_CALL_NAME(number, name);
    return UKERN_OK;
}

void pending_seal(void)
{
    sealed = true;
}

void pending_reset(void)
{
    memset(pending_table, 0, sizeof pending_table);
    sealed = false;
}

void ukern_nothing_to_cancel(struct ukern_pending *p, int why)
{
    (void)p;
    (void)why;
}

/* ---- The request ---- */

int pending_forward(struct ukern_pending *p)
{
    struct task *c = p->caller;
    struct handle *h;
    int rc = handle_find(&c->handles, (uint64_t)p->target, UKERN_TYPE_PORT, UKERN_R_CALL, &h);

    if (!rc)
        rc = ipc_check(c, &p->request.tag);
    if (!rc) {
        p->phase = PENDING_PARKED;
        rc = ipc_start(c, h->object, h->badge, CALL_PENDING, &p->request.tag, p->deadline);
    }
    if (rc) {
        p->ops->cancel(p, rc);
        p->phase = PENDING_NONE;
    }
    return rc;
}

/* ---- The end of a call ---- */

void pending_cancel(struct task *caller, int why)
{
    struct ukern_pending *p = &caller->pending;

    ASSERT(p->phase >= PENDING_PARKED && p->phase != PENDING_COMPLETE);
    TRACE(cancel, 0, caller, caller->token, (uint64_t)why);
    copy_drop(p, caller);
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
    copy_drop(p, p->server);
    p->phase = PENDING_PARKED;
    return error;
}

/* Hand the server's handles over; their numbers become results. */
static int give_handles(struct ukern_pending *p)
{
    uint64_t message[1 + UKERN_MSG_WORDS] = {UKERN_TAG(0, p->gives)}, out[UKERN_MSG_WORDS];
    unsigned first = UKERN_MSG_WORDS - p->gives;
    int rc;

    for (unsigned i = 0; i < p->gives; i++)
        message[1 + first + i] = p->give[i];
    rc = ipc_check(p->server, message); /* each was, but not both together */
    if (!rc)
        rc = ipc_transfer(p->server, p->caller, message[0], message + 1, out);
    for (unsigned i = 0; !rc && i < p->gives; i++)
        p->result[p->give_result[i]] = out[first + i];
    return rc;
}

/* Do what complete asked for. PENDING_READY: all of it. */
static int64_t finish(struct ukern_pending *p)
{
    int64_t rc = UKERN_OK;

    if (p->copies || p->mapping)
        rc = copy_run(p);
    if (rc == SYS_AGAIN)
        return rc;
    if (rc == UKERN_EFAULT || rc == UKERN_ENOMEM)
        return fail(p, (int)rc);
    if (rc)
        return refuse(p, (int)rc);
    if (p->gives) {
        rc = give_handles(p);
        if (rc == UKERN_ETABLE)
            return fail(p, UKERN_ETABLE);
        if (rc)
            return refuse(p, UKERN_EPROTO);
    }
    if (p->mapping) {
        p->mapping->worker = NULL;
        p->mapping = NULL;
    }
    copy_drop(p, p->caller);
    p->phase = PENDING_NONE;
    return PENDING_READY;
}

/* complete wants a further stage. Whatever becomes of it, this server's part is done. */
static int64_t next_stage(struct ukern_pending *p)
{
    struct task *c = p->caller;
    int rc;

    copy_drop(p, p->server);
    ipc_release(c);
    ukern_request(p);
    rc = pending_forward(p);
    if (rc)
        ipc_wake(c, rc);
    return UKERN_OK;
}

void pending_wake(struct task *caller)
{
    sysregs_set(&caller->result, 0, caller->pending.result[1]);
    ipc_answered(caller, (int64_t)caller->pending.result[0]);
}

int64_t pending_go_on(struct ukern_pending *p, int rc)
{
    if (p->phase == PENDING_COMPLETE) {
        if (rc == UKERN_FORWARD)
            return next_stage(p);
        if (rc != UKERN_DONE)
            return refuse(p, rc < 0 ? rc : UKERN_EPROTO);
        p->phase = PENDING_CHECK;
    }
    return finish(p);
}
