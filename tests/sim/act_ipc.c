/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages, replies and notifications. */
#include "actor.h"
#include "sim.h"

static struct ukern_sysregs with_message(uint64_t x0, const struct ukern_msg *m, uint64_t deadline,
                                         uint64_t token)
{
    struct ukern_sysregs r = {.x = {x0}, .deadline_or_badge = deadline, .token = token};

    memcpy(&r.x[1], m, sizeof *m);
    return r;
}

void act_ipc(struct task *t)
{
    unsigned how = (unsigned)below(12);
    struct ukern_msg m;
    struct ukern_sysregs r;
    uint64_t h;

    if (how >= 9) {
        h = pick_handle(t, UKERN_TYPE_PORT, UKERN_R_NOTIFY);
        ACT(t, notify, h, percent(5) ? 0 : chance_next() & chance_next());
        return;
    }
    h = pick_server(t);
    oracle_message(t, h, how < 6, &m);
    r = with_message(h, &m, pick_deadline(t), 0);
    if (how < 6 && pick_direct(t, h) && percent(70)) { /* the short way */
        oracle_plain(&r);
        r.deadline_or_badge = UKERN_FOREVER;
    } else if (how < 3) {
        oracle_plain(&r);
    }
    act(t, how < 6 ? UKERN_SYS_ipc_call : UKERN_SYS_ipc_send, &r);
}

/* A guessed token may be one that t holds, after all: then *h is what was received with it. */
static uint64_t guess(const struct actor *a, uint64_t token, struct held *h)
{
    for (unsigned i = 0; i < a->tokens; i++)
        if (a->token[i].token == token)
            *h = a->token[i];
    return token;
}

/* A token that t holds, or one that it should not have; *h: what was received with it. */
static uint64_t pick_token(const struct task *t, struct held *h)
{
    const struct actor *a = actor_of(t);

    *h = (struct held){0};
    if (a->tokens && percent(95)) {
        /* Mostly the latest: the direct path replies to that. */
        *h = a->token[percent(60) ? a->tokens - 1 : below(a->tokens)];
        return percent(97) ? h->token : guess(a, h->token + TOKEN_ONE, h);
    }
    if (percent(60)) { /* another's call */
        const struct task *of = task_by_slot(1 + below(16));
        if (of)
            return guess(a, of->token, h);
    }
    return chance_next() >> below(64);
}

/* A message that answers what was received with this token. */
static void answer(struct task *t, uint64_t token, const struct held *h, struct ukern_msg *m)
{
    unsigned label = (uint32_t)UKERN_TAG_LABEL(h->msg.tag);

    oracle_reply(t, token, m);
    if (h->fault) {
        *m = (struct ukern_msg){
            .tag = UKERN_TAG(percent(70) ? UKERN_FAULT_RESUME : UKERN_FAULT_KILL, 0)};
    } else if (label >= EXT_FIRST + 1000 && label < EXT_END + 1000) {
        ext_reply(t, h, m);
    } else if (percent(50)) {
        struct ukern_sysregs r = with_message(0, m, 0, 0);
        oracle_plain(&r);
        memcpy(m, &r.x[1], sizeof *m);
    }
}

/* The caller that t holds by this token. */
static const struct task *held_by(const struct task *t, uint64_t token)
{
    const struct task *c = task_by_slot(token & (TOKEN_ONE - 1));

    return c && c->token == token && c->state == TASK_REPLY && c->holder == t ? c : NULL;
}

/* t's handle to receive where that caller called, if a short way may lead back to it. */
static uint64_t pick_direct_port(const struct task *t, const struct task *caller)
{
    for (uint32_t h = 0, next = 0;
         caller && (caller->direct || t->serving == caller->call_port) && next < HANDLE_FIRST;) {
        h = (uint32_t)handle_next(&t->handles, next, &next);
        const struct handle *e = handle_get(&t->handles, h);
        if (e && e->object == caller->call_port && (e->rights & UKERN_R_RECV))
            return h;
    }
    return HANDLE_MAX;
}

void act_reply(struct task *t)
{
    struct held h;
    struct ukern_msg m;
    struct ukern_sysregs r;
    uint64_t token = pick_token(t, &h), port;
    const struct task *caller = held_by(t, token);

    answer(t, token, &h, &m);
    port = pick_direct_port(t, caller);
    if (port != HANDLE_MAX && t != world_init && percent(70)) {
        r = with_message(port, &m, percent(70) ? UKERN_FOREVER : pick_deadline(t), token);
        if (caller->call_kind == CALL_CALL)
            oracle_plain(&r);
        memcpy(&m, &r.x[1], sizeof m);
        ext_before_reply(t, token, &m);
        act(t, UKERN_SYS_ipc_reply_recv, &r);
        return;
    }
    ext_before_reply(t, token, &m);
    if (percent(55)) {
        port = pick_handle(t, UKERN_TYPE_PORT, UKERN_R_RECV);
        r = with_message(port, &m,
                         percent(40) && t != world_init ? UKERN_FOREVER : pick_deadline(t), token);
        act(t, UKERN_SYS_ipc_reply_recv, &r);
    } else {
        r = with_message(0, &m, 0, token);
        act(t, UKERN_SYS_ipc_reply, &r);
    }
}

void act_receive(struct task *t)
{
    uint64_t h = percent(60) ? pick_public_handle(t, UKERN_TYPE_PORT, UKERN_R_RECV)
                             : pick_handle(t, UKERN_TYPE_PORT, UKERN_R_RECV);
    unsigned how = (unsigned)below(10);

    if (how < 6)
        ACT_UNTIL(t, pick_deadline(t), ipc_recv, h);
    else if (how < 8)
        ACT_UNTIL(t, pick_deadline(t), notify_wait, h, percent(4) ? 0 : chance_next() | 1);
    else
        ACT_UNTIL(t, pick_deadline(t), ipc_reply_recv, h);
}
