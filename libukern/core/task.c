/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making tasks and finding them by slot.
 */
#include "task.h"
#include "boot.h"
#include "frame.h"
#include "ipc.h"
#include "sched.h"
#include "slab.h"
#include "trace.h"

/* A free slot keeps its last token, so that no token ever comes back; its slot bits name the next
 * free slot. */
struct slot {
    struct task *task; /* NULL: free */
    uint64_t token;
};

#define SLOTS_PER_PAGE (PAGE_SIZE / sizeof(struct slot))
#define SLOT_PAGES     512

static struct slot *slot_page[SLOT_PAGES];
static uint64_t slots_made, slot_free; /* slot 0 is never used */
uint64_t task_count;

static struct slot *slot_get(uint64_t i)
{
    return i < slots_made ? &slot_page[i / SLOTS_PER_PAGE][i % SLOTS_PER_PAGE] : NULL;
}

struct task *task_by_slot(uint64_t i)
{
    const struct slot *s = slot_get(i);

    return s ? s->task : NULL;
}

struct task *task_from_slot(uint64_t slot, uint64_t *next)
{
    uint64_t end = slot < slots_made ? min_u64(slots_made, slot + SLOTS_PER_PAGE) : slot;

    for (; slot < end; slot++)
        if (task_by_slot(slot))
            return task_by_slot(slot);
    *next = slot < slots_made ? slot : 0;
    return NULL;
}

/* A page of free slots more. */
static bool slots_grow(void)
{
    uint64_t page = slots_made / SLOTS_PER_PAGE;
    paddr_t frame = page < SLOT_PAGES ? frame_alloc_zero(&account_root) : 0;

    if (!frame)
        return false;
    slot_page[page] = arch_phys_to_virt(frame);
    slots_made += SLOTS_PER_PAGE;
    for (uint64_t i = slots_made - 1; i >= slots_made - SLOTS_PER_PAGE && i > 0; i--) {
        slot_get(i)->token = slot_free;
        slot_free = i;
    }
    return true;
}

static bool slot_take(struct task *t)
{
    uint64_t i;
    struct slot *s;

    if (!slot_free && !slots_grow())
        return false;
    i = slot_free;
    s = slot_get(i);
    slot_free = s->token & (TOKEN_ONE - 1);
    s->task = t;
    t->token = (s->token & ~(TOKEN_ONE - 1)) | i;
    t->first_token = t->token;
    t->pending.caller = t;
    return true;
}

static void slot_give(struct task *t)
{
    struct slot *s = slot_get(task_id(t));

    ASSERT(s && s->task == t);
    s->task = NULL;
    s->token = (t->token & ~(TOKEN_ONE - 1)) | slot_free;
    slot_free = task_id(t);
}

static void deadline_passed(struct timer *timer)
{
    ipc_abort(timer->owner, UKERN_ETIMEDOUT);
}

/* The parts that the task's own account pays for. */
static bool make_parts(struct task *t)
{
    if (handle_table_init(&t->handles, t->account) != UKERN_OK)
        return false;
    t->aspace = slab_alloc(t->account, sizeof *t->aspace);
    if (t->aspace && aspace_init(t->aspace, t->account) == UKERN_OK)
        return true;
    slab_free(t->account, t->aspace, sizeof *t->aspace);
    handle_table_free(&t->handles);
    return false;
}

struct task *task_new(struct account *payer, uint64_t memory, const char *name)
{
    struct task *t = slab_alloc(payer, sizeof *t);

    if (!t)
        return NULL;
    t->payer = payer;
    t->account = account_create(payer, memory);
    if (!t->account || !make_parts(t)) {
        if (t->account)
            account_close(t->account);
        slab_free(payer, t, sizeof *t);
        return NULL;
    }
    if (!slot_take(t)) {
        while (aspace_free_step(t->aspace))
            ;
        slab_free(t->account, t->aspace, sizeof *t->aspace);
        handle_table_free(&t->handles);
        account_close(t->account);
        slab_free(payer, t, sizeof *t);
        return NULL;
    }
    t->refs = 1;
    t->state = TASK_LOADING;
    timer_init(&t->timer, t, deadline_passed);
    for (size_t i = 0; i < UKERN_NAME_MAX - 1 && name[i]; i++)
        t->name[i] = name[i];
    task_count++;
    return t;
}

void task_put(struct task *t)
{
    ASSERT(t->refs > 0);
    if (--t->refs)
        return;
    ASSERT(t->state == TASK_DEAD);
    timer_forget(&t->timer);
    slot_give(t);
    slab_free(t->payer, t, sizeof *t);
}

void task_end(struct task *t, enum ukern_exit_reason reason, int code, unsigned priority)
{
    if (t->dying || t->state == TASK_DEAD)
        return;
    TRACE_NAMED(exit, reason, t, (uint64_t)code);
    boot_task_ends(t, reason, code);
    ipc_detach(t, UKERN_EKILLED);
    t->dying = true;
    t->again = false;
    t->exit_code = code;
    t->exit_reason = reason;
    if (t->base_priority < priority)
        t->base_priority = (uint8_t)priority;
    t->state = TASK_READY;
    ipc_refresh_priority(t);
    if (!t->queued && t != arch_cpu()->current)
        sched_ready(t);
}

void task_start(struct task *t, unsigned priority, unsigned max_priority)
{
    t->base_priority = t->priority = (uint8_t)priority;
    t->max_priority = (uint8_t)max_priority;
    t->full = true;
    t->state = TASK_READY;
    TRACE_NAMED(spawn, 0, t, TRACE_ID(TRACE_CURRENT()));
    sched_ready(t);
}
