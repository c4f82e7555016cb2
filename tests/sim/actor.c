/* SPDX-License-Identifier: BSD-2-Clause */
#include "actor.h"
#include "sim.h"

static struct actor actors[WORLD_IDS];
static uint64_t random_state;

/* ---- Chance ---- */

void chance_seed(uint64_t seed)
{
    random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

uint64_t chance_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

uint64_t below(uint64_t n)
{
    return (chance_next() >> 11) % n;
}

bool percent(unsigned n)
{
    return below(100) < n;
}

/* ---- Actors ---- */

struct actor *actor_of(const struct task *t)
{
    return &actors[task_id(t)];
}

void actor_born(struct task *t)
{
    *actor_of(t) = (struct actor){0};
}

void actor_holds(struct actor *a, uint64_t token, bool fault, const struct ukern_msg *m)
{
    unsigned i = a->tokens < TOKENS_MAX ? a->tokens++ : (unsigned)below(TOKENS_MAX);

    a->token[i] = (struct held){.token = token, .fault = fault, .msg = *m};
}

/* ---- Handles ---- */

#define LIST_MAX 512
#define PUBLIC   3

/* The open handles of t that fit; type NONE: all. */
static unsigned list(const struct task *t, unsigned type, unsigned rights, bool fit, uint32_t *out)
{
    unsigned n = 0, seen = 0;

    for (uint32_t next = 0; seen < t->handles.used && n < LIST_MAX;) {
        int32_t h = handle_next(&t->handles, next, &next);
        if (h < 0)
            continue;
        seen++;
        const struct handle *e = handle_get(&t->handles, (uint64_t)h);
        bool fits = (!type || e->type == type) && (e->rights & rights) == rights;
        if (fits == fit)
            out[n++] = (uint32_t)h;
    }
    return n;
}

uint64_t pick_good_handle(const struct task *t, unsigned type, unsigned rights)
{
    uint32_t fit[LIST_MAX];
    unsigned n = list(t, type, rights, true, fit);

    return n ? fit[below(n)] : HANDLE_MAX;
}

uint64_t pick_public_handle(const struct task *t, unsigned type, unsigned rights)
{
    uint32_t fit[LIST_MAX];
    unsigned n = list(t, type, rights, true, fit);

    return n ? fit[below(n < PUBLIC || percent(20) ? n : PUBLIC)] : HANDLE_MAX;
}

uint64_t pick_no_handle(void)
{
    static const uint64_t numbers[] = {
        HANDLE_MAX, UINT64_MAX, UINT64_C(1) << 32, HANDLE_MAX - 1, INT32_MAX,
        300,        31,         UINT64_C(1) << 63};

    return numbers[below(sizeof numbers / sizeof *numbers)];
}

uint64_t pick_any_handle(const struct task *t)
{
    return percent(96) ? pick_good_handle(t, UKERN_TYPE_NONE, 0) : pick_no_handle();
}

uint64_t pick_handle(const struct task *t, unsigned type, unsigned rights)
{
    uint32_t fit[LIST_MAX];
    unsigned n, mistake = (unsigned)below(24);

    if (mistake > 2)
        return pick_good_handle(t, type, rights);
    if (mistake == 0)
        return pick_no_handle();
    n = list(t, type, rights, false, fit);
    for (unsigned i = 0, at = n ? (unsigned)below(n) : 0; i < n; i++, at = (at + 1) % n)
        if ((handle_get(&t->handles, fit[at])->type == type) == (mistake == 1))
            return fit[at]; /* it differs in rights only, or in type */
    return n ? fit[below(n)] : HANDLE_MAX;
}

bool pick_direct(const struct task *t, uint64_t handle)
{
    const struct handle *h = handle_get(&t->handles, handle);
    const struct port *p = h && h->type == UKERN_TYPE_PORT ? h->object : NULL;

    return p && p->waiters && p->waiters->direct && !p->waiters->next && t != world_init;
}

uint64_t pick_server(const struct task *t)
{
    uint32_t fit[LIST_MAX];
    unsigned n = percent(60) ? list(t, UKERN_TYPE_PORT, UKERN_R_CALL, true, fit) : 0;
    uint64_t h = HANDLE_MAX;

    for (unsigned i = 0, at = n ? (unsigned)below(n) : 0; i < n; i++, at = (at + 1) % n)
        if (pick_direct(t, fit[at]))
            return fit[at];
    for (unsigned i = 0; i < 4; i++) {
        h = pick_handle(t, UKERN_TYPE_PORT, UKERN_R_CALL);
        const struct handle *e = handle_get(&t->handles, h);
        const struct port *p = e && e->type == UKERN_TYPE_PORT ? e->object : NULL;
        if (p && p->server == t && percent(95))
            continue; /* it would wait for itself */
        if (!p || p->waiters || (percent(30) && p->server && p->server->state == TASK_READY))
            break;
    }
    return h;
}

uint64_t pick_rights(const struct task *t, uint64_t handle)
{
    const struct handle *h = handle_get(&t->handles, handle);
    uint64_t rights = h ? h->rights : 0;

    switch (below(8)) {
    case 0:
        return rights & chance_next();
    case 1:
        return (rights & chance_next()) | UKERN_R_TRANSFER;
    case 2:
        return percent(20) ? (UINT64_C(1) << below(64)) : rights;
    default:
        return 0;
    }
}

bool pick_born_with(const struct task *t, uint64_t handle)
{
    return t == world_init && handle >= UKERN_INIT_SYSTEM && handle <= UKERN_INIT_DTB;
}

uint64_t pick_slot(void)
{
    switch (below(24)) {
    case 0:
        return HANDLE_MAX;
    case 1:
        return (uint64_t)-2;
    case 2:
        return 19 + below(HANDLE_MAX - 19); /* not where init keeps what it was born with */
    case 3:
    case 4:
        return below(16);
    default:
        return (uint64_t)UKERN_ANY_SLOT;
    }
}

/* ---- Other arguments ---- */

uint64_t pick_deadline(const struct task *t)
{
    unsigned how = (unsigned)below(10);

    if (how < 1)
        return 0;
    if (how == 1 && t != world_init && percent(40))
        return UKERN_FOREVER;
    if (how == 2)
        return sim_time + below(3000);
    return sim_time + below(300000);
}

uint64_t pick_memory(uint64_t size, bool write)
{
    if (percent(90))
        return WORLD_MEMORY + PAGE_SIZE + below(3 * PAGE_SIZE - 64 - size + 1);
    switch (below(9)) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX - below(16);
    case 2:
        return ARCH_USER_END - 8;
    case 3:
        return UINT64_C(0xffffff8040000000);
    case 4:
        return write ? IMAGE_TEXT : UINT64_C(0x10000);
    case 5:
        return WORLD_MEMORY + WORLD_STACK - 3; /* its end: the next page is not there */
    case 6:
        return IMAGE_DATA + 8192 - 2;
    case 7:
        return chance_next();
    default:
        return UINT64_C(1) << 39;
    }
}
