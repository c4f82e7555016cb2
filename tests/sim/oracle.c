/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each message has a serial number, from which its words follow. What arrives must be a message
 * that was sent there, with the badge of the handle that it was sent through, and none arrives
 * twice.
 */
#include "actor.h"
#include "sim.h"

#define SERIALS (1 << 19)

static struct {
    uint64_t serial;
    uint64_t badge; /* of the handle that it was sent through */
    uint64_t from;  /* task id */
    uint64_t token; /* of a reply: what it answers */
    bool reply_wanted;
    bool arrived;
} records[SERIALS];
static uint64_t serials;

static uint64_t word(uint64_t serial, unsigned i)
{
    return (serial * 8 + i) * UINT64_C(0x9e3779b97f4a7c15);
}

static unsigned slot_of(uint64_t serial)
{
    return (unsigned)(serial % SERIALS);
}

/* Up to two handles of t: mostly ones that may be sent. */
static void add_handles(const struct task *t, struct ukern_msg *m)
{
    unsigned n = percent(60) ? 0 : 1 + (unsigned)below(2);

    if (percent(1))
        n = 3;
    m->tag = UKERN_TAG(below(1000), n);
    for (unsigned i = 0; i < n && i < 2; i++) {
        uint64_t h = percent(84) ? pick_good_handle(t, UKERN_TYPE_NONE, UKERN_R_TRANSFER)
                                 : pick_any_handle(t);
        uint64_t rights = pick_rights(t, h);
        m->w[5 - i] = UKERN_SEND_HANDLE(h, rights);
        if (percent(t == world_init ? 2 : 12) && !pick_born_with(t, h))
            m->w[5 - i] |= UKERN_SEND_MOVE;
        if (percent(1))
            m->w[5 - i] |= UINT64_C(1) << 50; /* a bit that must be zero */
    }
}

static void fill(const struct task *t, struct ukern_msg *m, uint64_t serial)
{
    m->w[0] = serial;
    for (unsigned i = 1; i < UKERN_MSG_WORDS; i++)
        m->w[i] = word(serial, i);
    add_handles(t, m);
}

void oracle_message(struct task *t, uint64_t handle, bool reply_wanted, struct ukern_msg *m)
{
    const struct handle *h = handle_get(&t->handles, handle);
    uint64_t serial = ++serials;

    fill(t, m, serial);
    records[slot_of(serial)].serial = serial;
    records[slot_of(serial)].badge = h ? h->badge : 0;
    records[slot_of(serial)].from = task_id(t);
    records[slot_of(serial)].token = 0;
    records[slot_of(serial)].reply_wanted = reply_wanted;
    records[slot_of(serial)].arrived = false;
    actor_of(t)->serial = serial;
}

void oracle_reply(const struct task *t, uint64_t token, struct ukern_msg *m)
{
    uint64_t serial = ++serials;

    fill(t, m, serial);
    records[slot_of(serial)].serial = serial;
    records[slot_of(serial)].from = task_id(t);
    records[slot_of(serial)].token = token;
    records[slot_of(serial)].arrived = false;
}

/* Words of a message that is not older than the records. */
static void check_words(struct task *t, const struct ukern_sysregs *r)
{
    uint64_t serial = r->x[2];
    unsigned handles = UKERN_TAG_HANDLES(r->x[1]), plain = UKERN_MSG_WORDS - handles;

    ASSERT(handles <= 2);
    if (handles)
        table_note(handles == 1 ? SEEN_ONE_HANDLE : SEEN_TWO_HANDLES);
    for (unsigned i = 1; i < plain; i++)
        ASSERT(r->x[2 + i] == word(serial, i));
    for (unsigned i = plain; i < UKERN_MSG_WORDS; i++)
        ASSERT(handle_get(&t->handles, r->x[2 + i]) != NULL);
}

static void message(struct task *t, const struct ukern_sysregs *r)
{
    struct ukern_msg m;
    unsigned label = (uint32_t)UKERN_TAG_LABEL(r->x[1]);

    memcpy(&m, &r->x[1], sizeof m);
    if (label < EXT_FIRST + 1000 || label >= EXT_END + 1000) {
        unsigned i = slot_of(m.w[0]);
        check_words(t, r);
        ASSERT(records[i].serial == m.w[0] && !records[i].arrived && !records[i].token);
        ASSERT(records[i].badge == r->deadline_or_badge);
        ASSERT(records[i].reply_wanted == (r->token != 0));
        ASSERT(!r->token || (r->token & (TOKEN_ONE - 1)) == records[i].from);
        records[i].arrived = true;
    }
    if (r->token)
        actor_holds(actor_of(t), r->token, false, &m);
}

static void cancelled(struct actor *a, uint64_t token)
{
    for (unsigned i = 0; i < a->tokens; i++)
        if (a->token[i].token == token && percent(50)) /* else a stale reply is tried later */
            a->token[i] = a->token[--a->tokens];
}

static void check_zero(const struct ukern_sysregs *r, unsigned from)
{
    for (unsigned i = from; i < 8; i++)
        ASSERT(r->x[i] == 0);
}

void oracle_event(struct task *t, const struct ukern_sysregs *r)
{
    struct ukern_msg m;

    if ((int64_t)r->x[0] >= 0)
        table_note(SEEN_MESSAGE + (enum seen)r->x[0]);
    switch ((int64_t)r->x[0]) {
    case UKERN_EV_MESSAGE:
        message(t, r);
        break;
    case UKERN_EV_NOTIFY:
        ASSERT(r->x[1] && !r->deadline_or_badge && !r->token);
        check_zero(r, 2);
        break;
    case UKERN_EV_HANGUP:
        ASSERT(!r->token);
        check_zero(r, 1);
        break;
    case UKERN_EV_CANCELLED:
        ASSERT(r->token);
        check_zero(r, 1);
        cancelled(actor_of(t), r->token);
        break;
    case UKERN_EV_EXIT:
        ASSERT(!r->token && r->x[3] <= UKERN_EXIT_FAULT);
        check_zero(r, 4);
        break;
    case UKERN_EV_FAULT:
        ASSERT(r->token && r->x[1] == (r->token & (TOKEN_ONE - 1)));
        memcpy(&m, &r->x[1], sizeof m);
        actor_holds(actor_of(t), r->token, true, &m);
        break;
    default:
        ASSERT((int64_t)r->x[0] < 0);
    }
}

void oracle_replied(struct task *t, const struct ukern_sysregs *r)
{
    unsigned i = slot_of(r->x[2]);

    if (r->x[0] != UKERN_OK)
        return;
    check_words(t, r);
    ASSERT(records[i].serial == r->x[2] && !records[i].arrived);
    ASSERT(records[i].token == (t->token));
    ASSERT(!r->deadline_or_badge && !r->token);
    records[i].arrived = true;
    ASSERT(records[slot_of(actor_of(t)->serial)].arrived);
}

void oracle_plain(struct ukern_sysregs *r)
{
    r->x[1] = UKERN_TAG(7, 0);
    for (unsigned i = 1; i < UKERN_MSG_WORDS; i++)
        r->x[2 + i] = word(r->x[2], i);
}
