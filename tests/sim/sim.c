/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulation: tasks make every system call by chance, weighted by what they hold; interrupts,
 * timers, kills, faults and failing allocations come in between. After each step every invariant is
 * checked (check.h, census.h), and messages and copies are compared with what was sent (oracle.c,
 * ext.c).
 *
 *   SEED=n STEPS=n FULL=n  tests/sim/sim
 *
 * The same seed gives the same run. FULL: all objects are counted every FULL steps.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include "actor.h"
#include "census.h"
#include "check.h"
#include "account.h"
#include "entry.h"
#include "frame.h"
#include "log.h"
#include "sim.h"
#include "slab.h"

#define RAM     (UINT64_C(48) << 20)
#define TASKS   12
#define HISTORY 20

static uint64_t seed, steps, step;
static bool quiet;
static unsigned failed;
static jmp_buf power_exit;
static bool power_expected;
static uint64_t seen[WORLD_IDS]; /* player.resumed when last looked */

/* ---- History ---- */

static struct {
    uint64_t step, time, task, number;
    struct ukern_sysregs r;
    const char *event; /* NULL: a system call */
} history[HISTORY];
static unsigned history_next;

static const char *call_name(uint64_t number)
{
    static const char *const names[] = {
#define UKERN_SYSCALL(n, name, arguments, results, text) [n] = #name,
#include <ukern/abi/syscalls.def>
#undef UKERN_SYSCALL
    };

    return number < sizeof names / sizeof *names ? names[number] : "pending call";
}

static void note(const char *event, const struct task *t, uint64_t number,
                 const struct ukern_sysregs *r)
{
    unsigned i = history_next++ % HISTORY;

    history[i].step = step;
    history[i].time = sim_time;
    history[i].task = t ? task_id(t) : 0;
    history[i].number = number;
    history[i].event = event;
    if (r)
        history[i].r = *r;
}

static void print_history(void)
{
    printf("# seed %lu, step %lu; the last actions:\n", (unsigned long)seed, (unsigned long)step);
    for (unsigned k = history_next > HISTORY ? history_next - HISTORY : 0; k < history_next; k++) {
        unsigned i = k % HISTORY;
        const struct ukern_sysregs *r = &history[i].r;
        printf("#  %6lu t=%-10lu task %-2lu ", (unsigned long)history[i].step,
               (unsigned long)history[i].time, (unsigned long)history[i].task);
        if (history[i].event) {
            printf("%s\n", history[i].event);
            continue;
        }
        printf("%s (%lu)", call_name(history[i].number), (unsigned long)history[i].number);
        for (unsigned x = 0; x < 7; x++)
            printf(" %lx", (unsigned long)r->x[x]);
        printf(" | %lx %lx\n", (unsigned long)r->deadline_or_badge, (unsigned long)r->token);
    }
    fflush(stdout);
}

/* The sanitizers call this before they end the program. */
void __sanitizer_set_death_callback(void (*f)(void));

static void put(char c)
{
    if (!quiet)
        fputc(c, stdout);
}

static void power(enum ukern_power action, int code)
{
    (void)action;
    if (power_expected && code == 0)
        longjmp(power_exit, 1);
    quiet = true;
    print_history();
    printf("not ok 1 - the invariants hold (SEED=%lu STEPS=%lu)\n", (unsigned long)seed,
           (unsigned long)steps);
    fflush(stdout);
    _Exit(1);
}

/* ---- After each entry ---- */

/* Who runs now has the result of its call. */
static void look_at_result(void)
{
    struct task *t = arch_cpu()->current;
    struct player *p = world_player(t);
    struct actor *a = actor_of(t);

    if (p->resumed == seen[task_id(t)])
        return;
    seen[task_id(t)] = p->resumed;
    table_count(a->number, (int64_t)p->r.x[0]);
    if ((int64_t)p->r.x[0] == UKERN_ETIMEDOUT && a->number < EXT_FIRST)
        ASSERT(sim_time >= a->args.deadline_or_badge);
    switch (a->number) {
    case UKERN_SYS_ipc_call:
        oracle_replied(t, &p->r);
        break;
    case UKERN_SYS_ipc_recv:
    case UKERN_SYS_ipc_reply_recv:
        oracle_event(t, &p->r);
        break;
    default:
        if (a->number >= EXT_FIRST && a->number < EXT_END)
            ext_result(t, &p->r);
    }
    /* A token that has been answered, or is stale, is of no more use. */
    if ((a->number == UKERN_SYS_ipc_reply || a->number == UKERN_SYS_ipc_reply_recv) &&
        a->args.token && ((int64_t)p->r.x[0] >= 0 || percent(50)))
        for (unsigned i = 0; i < a->tokens; i++)
            if (a->token[i].token == a->args.token)
                a->token[i--] = a->token[--a->tokens];
}

void act(struct task *t, uint64_t number, const struct ukern_sysregs *r)
{
    struct actor *a = actor_of(t);
    const struct handle *port = handle_get(&t->handles, r->x[1]);

    if (r->x[0] == HANDLE_MAX && percent(95)) {
        act_useful(t);
        return;
    }
    a->number = number;
    a->args = *r;
    note(NULL, t, number, r);
    if (number == UKERN_SYS_task_exit)
        table_count(number, 0);
    if (number == UKERN_SYS_log_bind && port && port->type == UKERN_TYPE_PORT &&
        (port->rights & UKERN_R_RECV) && r->x[2]) {
        struct handle *h;
        if (handle_find(&t->handles, r->x[0], UKERN_TYPE_SYSTEM, UKERN_R_LOG, &h) == UKERN_OK)
            world_listener = port->object;
    }
    power_expected = number == UKERN_SYS_system_power;
    if (setjmp(power_exit)) { /* the machine would be off: nothing has changed */
        struct player *p = world_player(t);
        p->waits = false;
        p->resumed++;
        p->r = (struct ukern_sysregs){.x = {0}};
    } else {
        world_enter(number, r);
    }
    power_expected = false;
}

/* ---- One step ---- */

static void act_any(struct task *t)
{
    static const struct {
        void (*act)(struct task *t);
        unsigned weight;
    } choices[] = {
        {act_ipc, 22},   {act_receive, 16}, {act_pending, 16}, {act_handle, 14}, {act_memory, 11},
        {act_device, 6}, {act_task, 10},    {act_look, 4},     {act_spawn, 1},
    };
    unsigned n = (unsigned)below(100), i = 0;

    if (actor_of(t)->tokens && percent(55)) {
        act_reply(t);
        return;
    }
    if (percent(1)) {
        act_reply(t); /* to nobody */
        return;
    }
    if (t == world_init && task_count < TASKS && percent(50)) {
        act_spawn(t);
        return;
    }
    if (t->handles.used > (t == world_init ? 60 : 40) && percent(25)) {
        act_tidy(t);
        return;
    }
    if (task_id(t) % 4 == 1 && t != world_init && t->handles.used < HANDLE_FIRST && percent(30)) {
        act_collect(t);
        return;
    }
    if (t == world_init && percent(15)) {
        act_end_sleeper(t);
        return;
    }
    if (t == world_init && percent(50)) {
        act_receive(t);
        return;
    }
    while (n >= choices[i].weight)
        n -= choices[i++].weight;
    choices[i].act(t);
}

static void act_fault(struct task *t)
{
    note("faults", t, 0, NULL);
    if (percent(50) || !t->supervisor)
        return; /* the many without a supervisor would only die */
    world_fault((enum ukern_fault_cause)below(8), chance_next());
}

/* The world outside: time, devices, and the luck of allocations. */
static void outside(void)
{
    sim_time += percent(2) ? below(12000000) : below(10000);
    if (percent(6))
        sim_raise_irq(1 + (unsigned)below(12));
    if (percent(50) && arch_irq_pending()) {
        note("interrupt", arch_cpu()->current, 0, NULL);
        world_interrupt();
        look_at_result();
    }
    frame_fail_after = percent(3) ? 1 + below(6) : 0;
}

/* An interrupt may come at each preemption point. */
static void at_preemption(void)
{
    if (percent(20))
        sim_raise_irq(1 + (unsigned)below(12));
    if (percent(10))
        sim_time += below(100000);
}

/* Nobody can run. */
static void nobody(void)
{
    if (sim_timer != UKERN_FOREVER)
        sim_time = max_u64(sim_time, sim_timer);
    for (unsigned line = 1; line < 13; line++)
        sim_raise_irq(line);
}

/* What goes on that no result tells. */
static void look_at_tasks(void)
{
    for (uint64_t id = 1; id < WORLD_IDS; id++) {
        const struct task *t = task_by_slot(id);
        if (!t)
            continue;
        if (t->state == TASK_REPLY && t->direct)
            table_note(t->call_kind == CALL_CALL ? SEEN_DIRECT_CALL : SEEN_DIRECT_PENDING);
        if (t->state == TASK_RECV && t->direct)
            table_note(SEEN_DIRECT_RECEIVER);
        if (t->operation)
            table_note(SEEN_OPERATION);
        if (t->pending.phase > PENDING_COMPLETE)
            table_note(SEEN_COPYING);
        if (t->state != TASK_DEAD && t->priority > t->base_priority)
            table_note(SEEN_INHERITED);
    }
}

/* For one step, a task has used its quota up to the last byte. */
static struct {
    struct task *task; /* NULL: none */
    struct account *account;
    uint64_t spared;
} squeezed;

static void squeeze(struct task *t)
{
    if (!t || t == world_init || t->state == TASK_DEAD || t->account->closed)
        return;
    squeezed.task = t;
    squeezed.account = t->account;
    squeezed.spared = t->account->limit - t->account->used;
    t->account->limit -= squeezed.spared;
    account_uncharge(t->account->parent, squeezed.spared);
}

static void release(void)
{
    struct task *t = squeezed.task;
    struct account *a = squeezed.account;

    squeezed.task = NULL;
    for (uint64_t id = 1; t && id < WORLD_IDS; id++) /* it may be gone */
        if (task_by_slot(id) == t && t->account == a && account_charge(a->parent, squeezed.spared))
            a->limit += squeezed.spared;
}

/* As if a manager had granted handles until the next one needs another page. */
static struct task *fill_table(struct task *t)
{
    uint64_t from = pick_good_handle(t, UKERN_TYPE_PORT, UKERN_R_TRANSFER);

    while (t->handles.first_used < HANDLE_FIRST && from != HANDLE_MAX)
        world_give(t, (ukern_handle)from, t, UKERN_R_CALL & handle_get(&t->handles, from)->rights);
    return t;
}

/* Who shall find its quota used up: the current task, one whose call it may answer, or any. */
static struct task *pick_poor(struct task *t)
{
    const struct actor *a = actor_of(t);
    struct task *c =
        a->tokens ? task_by_slot(a->token[a->tokens - 1].token & (TOKEN_ONE - 1)) : NULL;

    switch (below(8)) {
    case 0:
        return t != world_init ? fill_table(t) : NULL;
    case 1:
    case 2:
        return c && c != world_init && c->state == TASK_REPLY ? fill_table(c) : NULL;
    case 3:
        c = task_by_slot(2 + below(16));
        return c && c->state == TASK_RECV ? fill_table(c) : NULL;
    case 4:
        return task_by_slot(2 + below(16));
    default:
        return t;
    }
}

static void one_step(uint64_t full)
{
    struct task *t = arch_cpu()->current;

    bool may_fail = frame_fail_after != 0;

    if (percent(15))
        squeeze(pick_poor(t));
    if (percent(1) && t != world_init)
        act_fault(t);
    else
        act_any(t);
    look_at_result();
    if (may_fail && !frame_fail_after)
        table_note(SEEN_FAILED_ALLOCATION);
    frame_fail_after = 0;
    release();
    ext_after_entry();
    ext_check();
    look_at_tasks();
    outside();
    ext_check();
    if (step % full == 0)
        world_check();
}

/* ---- The end: all is given back ---- */

static unsigned counts[CENSUS_ACCOUNT + 1];
static uint64_t objects, free_frames, inits_own;

static void note_start(void)
{
    for (unsigned k = 1; k <= CENSUS_ACCOUNT; k++)
        counts[k] = census_count((enum census_kind)k);
    objects = slab_count() - (world_init->ghost != NULL);
    free_frames = frame_free_count();
    inits_own = world_init->account->used;
}

static void the_end(void)
{
    bool same = true;

    sim_irq_hook = NULL;
    if (world_listener)
        log_bind(NULL, 0);
    world_listener = NULL;
    world_end();
    world_check();
    for (unsigned k = 1; k <= CENSUS_ACCOUNT; k++) {
        if (counts[k] != census_count((enum census_kind)k))
            printf("# kind %u: %u objects, then %u\n", k, counts[k],
                   census_count((enum census_kind)k));
        same = same && counts[k] == census_count((enum census_kind)k);
    }
    same = same && objects == slab_count() - (world_init->ghost != NULL);
    uint64_t grown =
        (world_init->account->used - inits_own) >> PAGE_SHIFT; /* its page tables stay */
    same = same && frame_free_count() + grown == free_frames;
    printf("# left behind: %ld objects, %ld frames, of them %ld of init's page tables\n",
           (long)(slab_count() - (world_init->ghost != NULL) - objects),
           (long)(free_frames - frame_free_count()), (long)grown);
    printf("%sok 2 - at the end all memory is given back\n", same ? "" : "not ");
    failed += !same;
}

static uint64_t setting(const char *name, uint64_t usual)
{
    const char *s = getenv(name);

    return s && *s ? strtoull(s, NULL, 0) : usual;
}

int main(void)
{
    unsigned missing;
    uint64_t full = setting("FULL", 1);

    seed = setting("SEED", 1);
    steps = setting("STEPS", 200000);
    printf("1..3\n# SEED=%lu STEPS=%lu\n", (unsigned long)seed, (unsigned long)steps);
    fflush(stdout);
    __sanitizer_set_death_callback(print_history);
    chance_seed(seed);
    sim_putc_hook = put;
    sim_power_hook = power;
    world_extensions = ext_register;
    world_born = actor_born;
    sim_reset(RAM, WORLD_BOOT);
    world_start();
    world_check();
    note_start();
    sim_irq_hook = at_preemption;
    sim_wait_hook = nobody;
    for (step = 1; step <= steps; step++)
        one_step(full);
    printf("ok 1 - the invariants hold\n");
    the_end();
    missing = table_print();
    if (steps < 200000)
        printf("ok 3 - every call succeeds, and every error is given by some call # SKIP too few "
               "steps\n");
    else
        printf("%sok 3 - every call succeeds, and every error is given by some call\n",
               missing ? "not " : "");
    failed += missing && steps >= 200000;
    return failed != 0;
}
