/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pending system calls of every shape, and servers that mostly tell the truth. What begin took must
 * be given back exactly once: by a complete that stays, or by cancel.
 */
#include "actor.h"
#include "sim.h"

enum life {
    LIFE_NONE,
    LIFE_TAKEN, /* begin has taken something */
    LIFE_DONE,  /* complete said DONE: final, unless the kernel refuses what it asked for */
    LIFE_ENDED, /* cancelled */
};

static struct {
    enum life life;
    const struct task *task;
} lives[WORLD_IDS];

static int take(struct ukern_pending *p, int rc)
{
    uint64_t id = task_id(p->caller);

    if (rc == UKERN_FORWARD) {
        ASSERT(lives[id].life != LIFE_TAKEN);
        lives[id].life = LIFE_TAKEN;
        lives[id].task = p->caller;
    }
    return rc;
}

static int done(struct ukern_pending *p, int rc)
{
    uint64_t id = task_id(p->caller);

    ASSERT(lives[id].life == LIFE_TAKEN || lives[id].life == LIFE_DONE);
    ASSERT(p->caller->state == TASK_REPLY);
    lives[id].life = rc == UKERN_DONE ? LIFE_DONE : LIFE_TAKEN;
    return rc;
}

static void cancel(struct ukern_pending *p, int why)
{
    uint64_t id = task_id(p->caller);

    ASSERT(why < 0);
    table_note(why == UKERN_ETIMEDOUT ? SEEN_CANCEL_DEADLINE
               : why == UKERN_EPEER   ? SEEN_CANCEL_PEER
               : why == UKERN_EKILLED ? SEEN_CANCEL_KILLED
               : why == UKERN_EFAULT  ? SEEN_CANCEL_FAULT
                                      : SEEN_CANCEL_OTHER);
    ASSERT(lives[id].life == LIFE_TAKEN || lives[id].life == LIFE_DONE);
    lives[id].life = LIFE_ENDED;
}

/* ---- The calls: x0 = server, x1 = address, x2 = length, x4 = deadline ---- */

static int begin_read(struct ukern_pending *p)
{
    ukern_set_deadline(p, ukern_arg(p, 4));
    return take(p, ukern_begin_read(p, (ukern_handle)ukern_arg(p, 0), ukern_arg(p, 1),
                                    ukern_arg(p, 2), EXT_READ + 1000));
}

static int complete_read(struct ukern_pending *p, const struct ukern_msg *reply)
{
    return done(p, ukern_complete_read(p, reply));
}

static int begin_write(struct ukern_pending *p)
{
    ukern_set_deadline(p, ukern_arg(p, 4));
    return take(p, ukern_begin_write(p, (ukern_handle)ukern_arg(p, 0), ukern_arg(p, 1),
                                     ukern_arg(p, 2), EXT_WRITE + 1000));
}

static int complete_write(struct ukern_pending *p, const struct ukern_msg *reply)
{
    return done(p, ukern_complete_write(p, reply));
}

static int begin_plain(struct ukern_pending *p, uint32_t label)
{
    int rc = ukern_target(p, (ukern_handle)ukern_arg(p, 0));

    if (rc)
        return rc;
    ukern_set_deadline(p, ukern_arg(p, 4));
    *ukern_request(p) = (struct ukern_msg){.tag = UKERN_TAG(label + 1000, 0)};
    return take(p, UKERN_FORWARD);
}

static int begin_give(struct ukern_pending *p)
{
    return begin_plain(p, EXT_GIVE);
}

/* Two handles, or one and a number. */
static int complete_give(struct ukern_pending *p, const struct ukern_msg *reply)
{
    int64_t status;
    int rc = ukern_reply_status(reply, &status);

    ukern_result(p, (uint64_t)status, reply->w[0]);
    for (unsigned i = 0; !rc && status >= 0 && i < 3; i++)
        if (reply->w[3 + i])
            rc = ukern_give_handle(p, i, reply->w[3 + i]);
    return done(p, rc);
}

static int begin_stages(struct ukern_pending *p)
{
    ukern_state(p)[0] = ukern_arg(p, 5) % 4;
    return begin_plain(p, EXT_STAGES);
}

/* Some stages at one server, or then at another: x6. */
static int complete_stages(struct ukern_pending *p, const struct ukern_msg *reply)
{
    int64_t status;
    int rc = ukern_reply_status(reply, &status);

    if (rc)
        return done(p, rc);
    ukern_result(p, (uint64_t)status, ukern_state(p)[1]);
    if (status < 0 || ukern_state(p)[0] == 0)
        return done(p, UKERN_DONE);
    ukern_state(p)[0]--;
    ukern_state(p)[1]++;
    if (ukern_arg(p, 6) && ukern_target(p, (ukern_handle)ukern_arg(p, 6)))
        return done(p, UKERN_DONE);
    *ukern_request(p) = (struct ukern_msg){UKERN_TAG(EXT_STAGES + 1000, 0), {ukern_state(p)[1]}};
    table_note(SEEN_STAGE);
    return done(p, UKERN_FORWARD);
}

static int begin_map(struct ukern_pending *p)
{
    return begin_plain(p, EXT_MAP);
}

static int complete_map(struct ukern_pending *p, const struct ukern_msg *reply)
{
    uint64_t address = 0;
    int64_t status;
    int rc = ukern_reply_status(reply, &status);

    if (rc || status < 0) {
        ukern_result(p, (uint64_t)status, 0);
        return done(p, rc);
    }
    rc = ukern_map_shm(p, (ukern_handle)reply->w[0], reply->w[1], reply->w[2],
                       (unsigned)reply->w[3], &address);
    if (rc == UKERN_ENOMEM && reply->w[4]) {
        ukern_result(p, (uint64_t)(int64_t)rc, 0);
        return done(p, UKERN_DONE);
    }
    if (!rc && reply->w[4])
        rc = ukern_give_handle(p, 1, reply->w[5]);
    ukern_result(p, address, 0);
    return done(p, rc);
}

static int begin_now(struct ukern_pending *p)
{
    ukern_result(p, ukern_arg(p, 2), 2);
    return ukern_arg(p, 1) ? UKERN_EAGAIN : UKERN_DONE;
}

/* 32 bytes in, turned round, and out again; x5 ranges in all. */
static int begin_copy(struct ukern_pending *p)
{
    int in = ukern_range(p, ukern_arg(p, 1), 32, UKERN_IN);
    int out = ukern_range(p, ukern_arg(p, 2), 32, UKERN_OUT), rc = UKERN_OK;

    for (uint64_t i = 2; i < ukern_arg(p, 5) && rc >= 0; i++)
        rc = ukern_range(p, 0, 0, UKERN_IN);
    if (in < 0 || out < 0 || rc < 0)
        return in < 0 ? in : out < 0 ? out : rc;
    rc = ukern_copy_in(p, in, 0, ukern_state(p), 32);
    ASSERT(ukern_copy_in(p, in, 1, ukern_state(p), 32) == UKERN_EFAULT);
    ASSERT(ukern_copy_out(p, in, 0, ukern_state(p), 1) == UKERN_EFAULT);
    return rc ? rc : begin_plain(p, EXT_COPY);
}

static int complete_copy(struct ukern_pending *p, const struct ukern_msg *reply)
{
    uint64_t turned[4];
    int rc;

    (void)reply;
    for (unsigned i = 0; i < 4; i++)
        turned[i] = ~ukern_state(p)[i];
    rc = ukern_copy_out(p, 1, 0, turned, sizeof turned);
    ukern_result(p, (uint64_t)(int64_t)rc, 0);
    return done(p, UKERN_DONE);
}

static const struct ukern_completion completions[EXT_END - EXT_FIRST] = {
    {"read", begin_read, complete_read, cancel},
    {"write", begin_write, complete_write, cancel},
    {"give", begin_give, complete_give, cancel},
    {"stages", begin_stages, complete_stages, cancel},
    {"map", begin_map, complete_map, cancel},
    {"now", begin_now, complete_read, UKERN_NOTHING_TO_CANCEL},
    {"copy", begin_copy, complete_copy, cancel},
};

void ext_register(void)
{
    for (uint32_t i = 0; i < EXT_END - EXT_FIRST; i++)
        ASSERT(ukern_register(EXT_FIRST + i, &completions[i]) == UKERN_OK);
}

void act_pending(struct task *t)
{
    uint64_t number = EXT_FIRST + below(EXT_END - EXT_FIRST);
    uint64_t deadline = pick_deadline(t), port = pick_server(t);
    struct ukern_sysregs r = {.x = {port}};

    if (lives[task_id(t)].life != LIFE_TAKEN)
        lives[task_id(t)].life = LIFE_NONE; /* a dead one's, which had the slot */
    if (percent(1)) {
        act(t, percent(50) ? 250 : chance_next() >> below(64) | 1024, &r);
        return;
    }
    r.x[1] = pick_memory(2000, number == EXT_READ);
    if (percent(6)) { /* what may be the server's memory, too */
        const struct tree_node *m = tree_ceil(&t->aspace->mappings, USER_AUTO);
        r.x[1] = m ? m->key + below(100) : 0;
    }
    r.x[2] = percent(97) ? below(2000) : chance_next() >> below(64);
    r.x[4] = pick_direct(t, port) && percent(70) ? UKERN_FOREVER : deadline;
    r.x[5] = percent(95) ? below(4) : 5;
    if (number == EXT_STAGES && percent(50))
        r.x[6] = pick_server(t);
    if (number == EXT_NOW) {
        r.x[1] = below(2);
        r.x[2] = below(1000);
    }
    if (number == EXT_COPY)
        r.x[2] = pick_memory(32, true);
    act(t, number, &r);
}

/* ---- What servers answer ---- */

static uint64_t pick_shm(const struct task *t, unsigned right, uint64_t *size)
{
    uint64_t h = percent(95) ? pick_good_handle(t, UKERN_TYPE_SHM, right)
                             : pick_handle(t, UKERN_TYPE_SHM, right);
    const struct handle *e = handle_get(&t->handles, h);

    *size =
        e && e->type == UKERN_TYPE_SHM ? ((const struct shm *)e->object)->pages << PAGE_SHIFT : 0;
    return h;
}

static void transfer_reply(const struct task *t, const struct held *h, bool read,
                           struct ukern_msg *m)
{
    uint64_t asked = h->msg.w[0], size, n;

    m->w[1] = pick_shm(t, read ? UKERN_R_READ : UKERN_R_WRITE, &size);
    n = min_u64(asked, size);
    n = n ? below(n + 1) : 0;
    m->w[0] = n;
    m->w[3] = percent(50) ? n : below(n + 1);
    m->w[5] = n - m->w[3];
    m->w[2] = below(size - m->w[3] + 1);
    m->w[4] = below(size - m->w[5] + 1);
    switch (below(40)) { /* lies */
    case 0:
        m->w[0] = m->w[3] = asked + 1 + below(100);
        m->w[5] = 0;
        break;
    case 1:
        m->w[0] = m->w[3] = UINT64_MAX - below(3);
        break;
    case 2:
        m->w[2] = UINT64_MAX - below(100);
        break;
    case 3:
        m->w[3] += below(5000);
        break;
    case 4:
        m->w[2] = size;
        break;
    case 5:
        m->w[1] = chance_next();
        break;
    case 6:
        m->w[5]++;
        break;
    default:
        break;
    }
}

static uint64_t handle_word(const struct task *t)
{
    uint64_t h =
        percent(93) ? pick_good_handle(t, UKERN_TYPE_NONE, UKERN_R_TRANSFER) : pick_any_handle(t);

    return UKERN_SEND_HANDLE(h, pick_rights(t, h)) |
           (percent(10) && !pick_born_with(t, h) ? UKERN_SEND_MOVE : 0);
}

void ext_reply(struct task *t, const struct held *h, struct ukern_msg *m)
{
    uint64_t size;

    *m = (struct ukern_msg){.tag = UKERN_TAG(0, 0)};
    if (percent(12)) { /* an error for the caller: its own, or one that it may not give */
        static const int errors[] = {UKERN_EAGAIN, UKERN_EPIPE, UKERN_ENOMEM,
                                     UKERN_EIO,    UKERN_EPEER, UKERN_ESTALE};
        m->tag = UKERN_TAG(errors[below(6)], 0);
    }
    switch ((uint32_t)UKERN_TAG_LABEL(h->msg.tag) - 1000) {
    case EXT_READ:
    case EXT_WRITE:
        transfer_reply(t, h, (uint32_t)UKERN_TAG_LABEL(h->msg.tag) - 1000 == EXT_READ, m);
        break;
    case EXT_GIVE:
        m->w[3] = percent(50) ? handle_word(t) : 0;
        m->w[4] = percent(50) ? handle_word(t) : 0;
        if (percent(5))
            m->w[4] = m->w[3]; /* one handle twice */
        if (percent(2))
            m->w[5] = handle_word(t); /* a third one */
        break;
    case EXT_MAP:
        m->w[0] = pick_shm(t, UKERN_R_READ | UKERN_R_WRITE, &size);
        m->w[1] = percent(90) ? 0 : below(3) * 2048;
        m->w[2] = percent(90) ? size - min_u64(size, m->w[1]) : chance_next() >> below(64);
        m->w[3] = percent(90) ? 3 : below(8);
        m->w[4] = percent(30);
        m->w[5] = handle_word(t);
        break;
    default:
        break;
    }
}

/* ---- What must hold ---- */

void ext_check(void)
{
    for (uint64_t id = 1; id < WORLD_IDS; id++) {
        const struct task *t = task_by_slot(id);
        bool parked =
            t && (t->state == TASK_SEND || t->state == TASK_REPLY) && t->call_kind == CALL_PENDING;
        if (lives[id].life == LIFE_TAKEN)
            ASSERT(parked && t == lives[id].task);
        if (parked)
            ASSERT(lives[id].life == LIFE_TAKEN || lives[id].life == LIFE_DONE);
    }
}

void ext_result(struct task *t, const struct ukern_sysregs *r)
{
    uint64_t id = task_id(t);

    if (lives[id].life == LIFE_ENDED)
        ASSERT((int64_t)r->x[0] < 0);
    if (lives[id].life == LIFE_DONE && actor_of(t)->number == EXT_STAGES && (int64_t)r->x[0] >= 0)
        ASSERT(r->x[1] <= 3);
    lives[id].life = LIFE_NONE;
}

/* ---- Copies are exact ---- */

static struct {
    const struct task *caller; /* NULL: nothing to see */
    uint64_t address, length;  /* what may change */
    struct ukern_msg reply;
    const struct shm *shm;
    bool read;
    char before[WORLD_STACK];
} watch;

static bool in_stack(uint64_t address, uint64_t length)
{
    return range_inside(address, length, WORLD_MEMORY, WORLD_MEMORY + WORLD_STACK);
}

static void look(const struct task *t, char *to)
{
    for (uint64_t at = 0; at < WORLD_STACK; at += PAGE_SIZE) {
        const void *page = aspace_user(t->aspace, WORLD_MEMORY + at, UKERN_PROT_READ);
        if (page) /* its stack may be smaller */
            memcpy(to + at, page, PAGE_SIZE);
        else
            memset(to + at, 0, PAGE_SIZE);
    }
}

void ext_before_reply(struct task *t, uint64_t token, const struct ukern_msg *m)
{
    const struct task *c = task_by_slot(token & (TOKEN_ONE - 1));
    const struct handle *h = handle_get(&t->handles, m->w[1]);

    watch.caller = NULL;
    if (!c || c->token != token || c->state != TASK_REPLY || c->holder != t ||
        c->call_kind != CALL_PENDING || UKERN_TAG_LABEL(m->tag) < 0)
        return;
    watch.read = actor_of(c)->number == EXT_READ;
    if ((!watch.read && actor_of(c)->number != EXT_WRITE) || c->pending.phase != PENDING_PARKED)
        return;
    if (!h || h->type != UKERN_TYPE_SHM ||
        !in_stack(actor_of(c)->args.x[1], actor_of(c)->args.x[2]))
        return;
    watch.caller = c;
    watch.address = actor_of(c)->args.x[1];
    watch.length = actor_of(c)->args.x[2];
    watch.reply = *m;
    watch.shm = h->object;
    look(c, watch.before);
}

static void same(const struct task *c, uint64_t address, uint64_t offset, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        const char *user = aspace_user(c->aspace, address + i, UKERN_PROT_READ);
        const char *shared = arch_phys_to_virt(shm_frame(watch.shm, (offset + i) >> PAGE_SHIFT));
        ASSERT(*user == shared[(offset + i) & (PAGE_SIZE - 1)]);
    }
}

void ext_after_entry(void)
{
    static char after[WORLD_STACK];
    const struct task *c = watch.caller;
    const uint64_t *w = watch.reply.w;
    uint64_t at = watch.address - WORLD_MEMORY, x0;
    bool overlap = w[2] < w[4] + w[5] && w[4] < w[2] + w[3];

    watch.caller = NULL;
    if (!c || c->state == TASK_DEAD || c->dying)
        return;
    look(c, after);
    if (!watch.read)
        ASSERT(memcmp(watch.before, after, sizeof after) == 0);
    else
        ASSERT(memcmp(watch.before, after, at) == 0 &&
               memcmp(watch.before + at + watch.length, after + at + watch.length,
                      sizeof after - at - watch.length) == 0);
    x0 = c == arch_cpu()->current ? world_player(c)->r.x[0] : c->result.x[0];
    if (lives[task_id(c)].life != LIFE_DONE || c->state != TASK_READY || watch.shm->dead)
        return;
    ASSERT(x0 == w[0] || c->dying);
    if (watch.read || !overlap) {
        table_note(watch.read ? SEEN_READ_COMPARED : SEEN_WRITE_COMPARED);
        same(c, watch.address, w[2], w[3]);
        same(c, watch.address + w[3], w[4], w[5]);
    }
}
