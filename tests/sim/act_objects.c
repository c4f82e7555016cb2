/* SPDX-License-Identifier: BSD-2-Clause */
/* Handles, memory and devices. */
#include "actor.h"
#include "sim.h"

void act_handle(struct task *t)
{
    unsigned how = (unsigned)below(20);
    uint64_t h, from;

    /* Some stay where a table needs another page. */
    if (t->handles.used > (task_id(t) % 3 ? 26 : 31) && percent(70))
        how = 12;
    if (how < 3) {
        ACT(t, port_create);
    } else if (how < 7) {
        h = pick_handle(t, UKERN_TYPE_PORT, UKERN_R_MINT);
        ACT(t, handle_mint, h,
            percent(92) ? (chance_next() & (UKERN_R_CALL | UKERN_R_NOTIFY)) | UKERN_R_TRANSFER
                        : chance_next() & UKERN_R_ALL,
            chance_next() >> below(64));
    } else if (how < 10) {
        from = percent(90) ? pick_good_handle(t, UKERN_TYPE_NONE, UKERN_R_TRANSFER)
                           : pick_any_handle(t);
        ACT(t, handle_dup, from, pick_rights(t, from), percent(5) ? from : pick_slot());
    } else if (how < 15) {
        h = pick_any_handle(t);
        if (pick_born_with(t, h))
            h = HANDLE_MAX;
        ACT(t, handle_close, h);
    } else if (how < 16) {
        ACT(t, handle_info, pick_any_handle(t));
    } else {
        from = percent(90) ? pick_good_handle(t, UKERN_TYPE_NONE, UKERN_R_TRANSFER)
                           : pick_any_handle(t);
        ACT(t, handle_grant, pick_handle(t, UKERN_TYPE_TASK, UKERN_R_MANAGE), from,
            pick_rights(t, from), pick_slot());
    }
}

void act_collect(struct task *t)
{
    ACT(t, handle_dup, pick_good_handle(t, UKERN_TYPE_NONE, UKERN_R_TRANSFER), 0,
        (uint64_t)UKERN_ANY_SLOT);
}

void act_tidy(struct task *t)
{
    for (uint32_t h = 0, after = 0; after < HANDLE_MAX;) {
        h = (uint32_t)handle_next(&t->handles, after, &after);
        const struct handle *e = handle_get(&t->handles, h);
        if (e && e->type == UKERN_TYPE_TASK &&
            ((const struct task *)e->object)->state == TASK_DEAD) {
            ACT(t, handle_close, h);
            return;
        }
    }
    act_handle(t);
}

void act_useful(struct task *t)
{
    uint64_t p = pick_good_handle(t, UKERN_TYPE_PORT, UKERN_R_RECV);

    if (p == HANDLE_MAX)
        ACT(t, port_create);
    else if (pick_good_handle(t, UKERN_TYPE_SHM, UKERN_R_MANAGE) == HANDLE_MAX)
        ACT(t, shm_create, 1 + below(20000));
    else
        ACT_UNTIL(t, pick_deadline(t), ipc_recv, p);
}

static uint64_t pick_size(void)
{
    switch (below(24)) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX - below(5000);
    case 2:
        return chance_next() >> below(64);
    case 3:
    case 4:
        return (60 + below(120)) << PAGE_SHIFT; /* around the size where the table changes */
    default:
        return 1 + below(8 << PAGE_SHIFT);
    }
}

/* Where t has something mapped that it made, mostly; never what all arguments stand in. */
static uint64_t pick_mapping(const struct task *of)
{
    const struct mapping *m = (struct mapping *)tree_ceil(&of->aspace->mappings, USER_AUTO);

    for (uint64_t skip = below(6); m && skip > 0; skip--) {
        struct mapping *next = (struct mapping *)tree_ceil(&of->aspace->mappings, m->node.key + 1);
        if (!next || next->node.key >= WORLD_MEMORY - (UINT64_C(1) << 20))
            break;
        m = next;
    }
    if (!m || m->node.key >= WORLD_MEMORY - (UINT64_C(1) << 20) || percent(5))
        return percent(50) ? USER_AUTO + PAGE_SIZE : chance_next();
    return m->node.key;
}

static uint64_t pick_hint(const struct task *of)
{
    switch (below(16)) {
    case 0:
        return pick_mapping(of); /* taken */
    case 1:
        return chance_next();
    case 2:
        return USER_LOW - PAGE_SIZE;
    case 3:
    case 4:
        return USER_AUTO / 2 + (below(64) << PAGE_SHIFT);
    default:
        return 0;
    }
}

/* UKERN_SELF or a task that t may manage. */
static uint64_t pick_target(struct task *t, struct task **of)
{
    uint64_t h;
    const struct handle *e;

    *of = t;
    if (percent(70))
        return (uint64_t)UKERN_SELF;
    h = pick_handle(t, UKERN_TYPE_TASK, UKERN_R_MANAGE);
    e = handle_get(&t->handles, h);
    if (e && e->type == UKERN_TYPE_TASK && ((struct task *)e->object)->aspace)
        *of = e->object;
    return h;
}

static uint64_t pick_offset(void)
{
    return percent(85) ? below(2) << PAGE_SHIFT : chance_next() >> below(64);
}

static void act_map(struct task *t)
{
    struct task *of;
    unsigned prot = percent(95) ? 1 + 2 * (unsigned)below(2) : (unsigned)below(17);
    unsigned stay = percent(30) ? UKERN_PROT_STAY : 0;
    uint64_t h = pick_handle(t, UKERN_TYPE_SHM, UKERN_R_READ | (prot & 2 ? UKERN_R_WRITE : 0));
    uint64_t to = pick_target(t, &of);

    ACT(t, shm_map, h, to, pick_hint(of), pick_offset(), percent(60) ? 0 : pick_size(),
        prot | stay);
}

void act_memory(struct task *t)
{
    unsigned how = (unsigned)below(30);
    struct task *of;
    uint64_t to;

    if (how < 6) {
        bool dma = percent(15);
        ACT(t, shm_create, pick_size(), percent(3) ? 2 + below(5) : dma,
            dma ? pick_handle(t, UKERN_TYPE_SYSTEM, UKERN_R_DEVICE) : 0);
    } else if (how < 14) {
        act_map(t);
    } else if (how < 20) {
        to = pick_target(t, &of);
        ACT(t, shm_unmap, to, pick_mapping(of));
    } else if (how < 23) {
        ACT(t, shm_revoke, pick_handle(t, UKERN_TYPE_SHM, UKERN_R_MANAGE));
    } else if (how < 25) {
        ACT(t, shm_destroy, pick_handle(t, UKERN_TYPE_SHM, UKERN_R_MANAGE));
    } else if (how < 27) {
        ACT(t, shm_info, pick_handle(t, UKERN_TYPE_SHM, 0));
    } else if (percent(90) || t == world_init) {
        ACT(t, mem_map, pick_size(), pick_hint(t));
    } else { /* all that is left, but for a little */
        uint64_t left = t->account->limit - t->account->used, spared = below(10000);
        ACT(t, mem_map, left > spared ? left - spared : PAGE_SIZE);
    }
}

void act_device(struct task *t)
{
    unsigned how = (unsigned)below(16);
    uint64_t h;

    if (how < 3) {
        h = pick_handle(t, UKERN_TYPE_SYSTEM, UKERN_R_DEVICE);
        if (percent(90))
            ACT(t, shm_device, h, SIM_DEVICE_BASE + (below(16) << PAGE_SHIFT),
                (1 + below(4)) << PAGE_SHIFT);
        else
            ACT(t, shm_device, h, chance_next() >> below(64), chance_next() >> below(64));
    } else if (how < 7) {
        h = pick_handle(t, UKERN_TYPE_SYSTEM, UKERN_R_DEVICE);
        ACT(t, irq_open, h, percent(92) ? 1 + below(12) : chance_next() >> below(64));
    } else if (how < 10) {
        h = pick_handle(t, UKERN_TYPE_IRQ, UKERN_R_MANAGE);
        ACT(t, irq_bind, h, pick_handle(t, UKERN_TYPE_PORT, UKERN_R_RECV),
            percent(5) ? 0 : UINT64_C(1) << below(64),
            percent(95) ? below(2) : chance_next() >> below(64));
    } else if (how < 13) {
        ACT(t, irq_ack, pick_handle(t, UKERN_TYPE_IRQ, UKERN_R_MANAGE));
    } else {
        ACT_UNTIL(t, pick_deadline(t), timer_set, pick_handle(t, UKERN_TYPE_PORT, UKERN_R_RECV),
                  UINT64_C(1) << below(64));
    }
}
