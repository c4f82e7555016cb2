/* SPDX-License-Identifier: BSD-2-Clause */
/* Tasks and the machine as a whole. */
#include "actor.h"
#include "sim.h"

#define SPAWN_AT  WORLD_MEMORY
#define GRANTS_AT (WORLD_MEMORY + 1024)
#define GRANTS    8

static uint64_t pick_port_mint(const struct task *t)
{
    return percent(75) ? pick_handle(t, UKERN_TYPE_PORT, UKERN_R_MINT) : (uint64_t)-1;
}

/* The handles that a new task starts with: what its spawner can give, and something wrong now and
 * then. */
static unsigned write_grants(struct task *t)
{
    static const struct {
        unsigned type, rights;
    } kinds[GRANTS] = {
        {UKERN_TYPE_PORT, UKERN_R_CALL},   {UKERN_TYPE_SYSTEM, 0},
        {UKERN_TYPE_SHM, UKERN_R_MANAGE},  {UKERN_TYPE_PORT, UKERN_R_RECV},
        {UKERN_TYPE_TASK, UKERN_R_MANAGE}, {UKERN_TYPE_IRQ, 0},
        {UKERN_TYPE_PORT, UKERN_R_CALL},   {UKERN_TYPE_SHM, UKERN_R_READ},
    };
    struct ukern_grant g[GRANTS];
    unsigned n = 0;

    for (unsigned i = 0; i < GRANTS; i++) {
        uint64_t h = pick_public_handle(t, kinds[i].type, kinds[i].rights | UKERN_R_TRANSFER);
        if (percent(1))
            h = pick_any_handle(t);
        if (h == HANDLE_MAX || percent(15))
            continue;
        g[n] = (struct ukern_grant){.handle = (ukern_handle)h,
                                    .rights = percent(97) ? 0 : (uint32_t)pick_rights(t, h),
                                    .slot = percent(97) ? -1 : (int32_t)below(6),
                                    .reserved = percent(1)};
        if (kinds[i].type == UKERN_TYPE_SYSTEM && handle_get(&t->handles, h) &&
            percent(50)) /* less than all of the machine */
            g[n].rights = UKERN_R_TRANSFER | (chance_next() & handle_get(&t->handles, h)->rights);
        n++;
    }
    aspace_copy_out(t->aspace, GRANTS_AT, g, n * sizeof *g);
    return n;
}

void act_spawn(struct task *t)
{
    bool init = t == world_init;
    struct ukern_spawn a = {
        .image = (ukern_handle)pick_handle(t, UKERN_TYPE_SHM, UKERN_R_READ),
        .image_offset = world_program,
        .image_size = world_program_size,
        .memory = ((init ? 256 : 48) + below(init ? 2048 : 128)) << 10,
        .stack = WORLD_STACK,
        .priority = (uint32_t)(12 + below(4) * 4),
        .max_priority = (uint32_t)(percent(90) ? 40 : below(64)),
        .supervisor = (ukern_handle)pick_port_mint(t),
        .supervisor_badge = chance_next(),
        .args = pick_memory(64, false),
        .args_size = below(64),
        .grants = percent(98) ? GRANTS_AT : pick_memory(1, false),
        .grant_count = write_grants(t),
        .name = "actor",
    };

    if (percent(97)) {
        a.image = (ukern_handle)(init ? UKERN_INIT_ARCHIVE
                                      : pick_good_handle(t, UKERN_TYPE_SHM, UKERN_R_READ));
        for (unsigned i = 0; i < 64 && !init; i++) { /* one whose memory is the archive's */
            const struct handle *h = handle_get(&t->handles, i);
            if (h && h->type == UKERN_TYPE_SHM && ((struct shm *)h->object)->phys == SIM_RAM_BASE)
                a.image = (ukern_handle)i;
        }
    }
    switch (below(60)) {
    case 0:
        a.name[UKERN_NAME_MAX - 1] = 'x';
        memset(a.name, 'x', sizeof a.name);
        break;
    case 1:
        a.image_offset = world_text;
        break;
    case 2:
        a.image_size = chance_next() >> below(64);
        break;
    case 3:
        a.max_priority = UKERN_PRIORITIES - 1 + (uint32_t)below(3);
        a.priority = a.max_priority;
        break;
    case 4:
        a.memory = chance_next() >> below(64);
        break;
    case 5:
        a.stack = chance_next() >> below(64);
        break;
    case 6:
        a.grant_count = UKERN_GRANTS_MAX + 1;
        break;
    case 7:
        a.memory = 20000 + below(60000); /* runs out on the way */
        break;
    default:
        break;
    }
    aspace_copy_out(t->aspace, SPAWN_AT, &a, sizeof a);
    ACT(t, task_spawn, percent(98) ? SPAWN_AT : pick_memory(8, false));
}

void act_task(struct task *t)
{
    unsigned how = (unsigned)below(20);
    uint64_t h;

    if (how < 2) {
        /* init makes new ones; the others kill less, and never init (they get no such handle). */
        h = pick_handle(t, UKERN_TYPE_TASK, UKERN_R_KILL);
        const struct handle *e = handle_get(&t->handles, h);
        if (!e || e->object != world_init)
            ACT(t, task_kill, h, below(100));
    } else if (how < 6) {
        ACT_UNTIL(t, pick_deadline(t), task_wait, pick_handle(t, UKERN_TYPE_TASK, UKERN_R_WAIT));
    } else if (how < 9) {
        ACT(t, task_yield);
    } else if (how < 13) {
        h = percent(50) ? (uint64_t)UKERN_SELF : pick_handle(t, UKERN_TYPE_TASK, UKERN_R_MANAGE);
        if (t == world_init)
            ACT(t, task_priority, h, 14 + below(12));
        else
            ACT(t, task_priority, h, percent(92) ? 10 + below(20) : 30 + below(36));
    } else if (how < 15) {
        h = pick_handle(t, UKERN_TYPE_SYSTEM, UKERN_R_INSPECT);
        ACT(t, task_open, h, percent(20) && t != world_init ? task_id(t) : 2 + below(19),
            percent(90) ? UKERN_R_TRANSFER | (chance_next() & (UKERN_R_WAIT | UKERN_R_INSPECT |
                                                               (percent(30) ? UKERN_R_KILL : 0)))
                        : below(UKERN_R_ALL));
    } else if (how < 16 && t != world_init) {
        if (percent(30))
            ACT(t, task_exit, below(10));
    } else if (how < 18) {
        ACT(t, task_read, pick_handle(t, UKERN_TYPE_TASK, UKERN_R_INSPECT), pick_memory(100, false),
            pick_memory(100, true), below(200));
    } else {
        ACT(t, task_regs, pick_handle(t, UKERN_TYPE_TASK, UKERN_R_INSPECT),
            pick_memory(sizeof(struct ukern_regs), true));
    }
}

#define SLEEPS_LONG UINT64_C(2000000) /* nanoseconds */

void act_end_sleeper(struct task *t)
{
    uint64_t next;
    const struct handle *e;

    for (uint64_t id = 2 + below(16); id < WORLD_IDS; id++) {
        const struct task *s = task_from_slot(id, &next);
        if (!s)
            break;
        id = task_id(s);
        if (s->state < TASK_SEND || s->state > TASK_WAIT || timer_active(&s->timer) ||
            sim_time - s->blocked_at < SLEEPS_LONG)
            continue;
        for (uint32_t h = 0, after = 0; after < HANDLE_MAX;) {
            h = (uint32_t)handle_next(&t->handles, after, &after);
            e = handle_get(&t->handles, h);
            if (e && e->object == s && (e->rights & UKERN_R_KILL)) {
                ACT(t, task_kill, h, 9);
                return;
            }
        }
        ACT(t, task_open, UKERN_INIT_SYSTEM, id, UKERN_R_KILL | UKERN_R_WAIT);
        return;
    }
    act_receive(t);
}

void act_look(struct task *t)
{
    uint64_t h;

    switch (below(9)) {
    case 0:
        ACT(t, clock_now);
        break;
    case 1:
        ACT(t, task_self);
        break;
    case 2:
        ACT(t, system_info, pick_handle(t, UKERN_TYPE_SYSTEM, UKERN_R_INSPECT),
            pick_memory(sizeof(struct ukern_system_info), true));
        break;
    case 3:
        ACT(t, log_write, pick_handle(t, UKERN_TYPE_SYSTEM, UKERN_R_LOG), pick_memory(300, false),
            below(300));
        break;
    case 4:
        ACT(t, log_read, pick_handle(t, UKERN_TYPE_SYSTEM, UKERN_R_LOG), chance_next() >> below(64),
            pick_memory(300, true), below(300));
        break;
    case 5:
        h = pick_handle(t, UKERN_TYPE_SYSTEM, UKERN_R_LOG);
        ACT(t, log_bind, h, pick_handle(t, UKERN_TYPE_PORT, UKERN_R_RECV),
            percent(5) ? 0 : UINT64_C(1) << below(64));
        break;
    case 6:
        ACT(t, system_power, pick_handle(t, UKERN_TYPE_SYSTEM, UKERN_R_POWER), below(3), 0);
        break;
    default:
        h = percent(60) ? pick_handle(t, UKERN_TYPE_SYSTEM, UKERN_R_INSPECT)
                        : pick_handle(t, UKERN_TYPE_TASK, UKERN_R_INSPECT);
        ACT(t, task_info, h, below(20) + (percent(5) ? 1000 : 0),
            pick_memory(sizeof(struct ukern_task_info), true));
        break;
    }
}
