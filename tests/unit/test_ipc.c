/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: calls, replies and
 * everything that ends a wait */
#include "ipc_pair.h"

static void test_call_and_reply(void **state)
{
    (void)state;
    pair();
    assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
    uint64_t token = call(client, to);
    assert_int_equal(world_result(server), UKERN_EV_MESSAGE);
    const struct ukern_sysregs *r = world_regs(server);
    assert_int_equal(r->x[1], TAG(5));
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(r->x[2 + i], i + 1);
    assert_int_equal(r->deadline_or_badge, 42);
    assert_int_equal(r->token, token);
    assert_int_equal(client->state, TASK_REPLY);
    world_check();
    assert_int_equal(SYS_TOKEN(server, token, 0, ipc_reply, 0, TAG(9), 6, 5, 4, 3, 2, 1), UKERN_OK);
    assert_int_equal(world_result(client), UKERN_OK);
    r = world_regs(client);
    assert_int_equal(r->x[1], TAG(9));
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(r->x[2 + i], 6 - i);
    assert_int_equal(r->deadline_or_badge, 0);
    assert_int_equal(r->token, 0);
}

static void test_queued_call(void **state)
{
    (void)state;
    pair();
    uint64_t token = call(client, to);
    assert_int_equal(client->state, TASK_SEND);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    assert_int_equal(world_regs(server)->x[7], 6);
    assert_int_equal(world_regs(server)->deadline_or_badge, 42);
    assert_int_equal(SYS_TOKEN(server, token, UKERN_FOREVER, ipc_reply_recv, port, TAG(0), 7),
                     WORLD_WAITS);
    assert_int_equal(world_result(client), UKERN_OK);
    assert_int_equal(world_regs(client)->x[2], 7);
}

static void test_send(void **state)
{
    (void)state;
    pair();
    assert_int_equal(SYS(client, ipc_send, to, TAG(1), 11), WORLD_WAITS);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    assert_int_equal(world_regs(server)->token, 0);
    assert_int_equal(world_result(client), UKERN_OK);
    assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
    assert_int_equal(SYS(client, ipc_send, to, TAG(1), 12), UKERN_OK); /* at once */
    assert_int_equal(world_result(server), UKERN_EV_MESSAGE);
    assert_int_equal(world_regs(server)->x[2], 12);
}

/* Any held caller, in any order, now or much later. */
static void test_reply_in_any_order(void **state)
{
    (void)state;
    struct task *c[4];
    uint64_t token[4];
    pair();
    for (unsigned i = 0; i < 4; i++) {
        c[i] = world_spawn("caller");
        token[i] = call(c[i], (uint64_t)world_give(server, (ukern_handle)port, c[i], UKERN_R_CALL));
        assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
        assert_int_equal(world_regs(server)->token, token[i]);
        world_check();
    }
    unsigned order[] = {2, 0, 3, 1};
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(SYS_TOKEN(server, token[order[i]], 0, ipc_reply, 0, TAG(0), order[i]),
                         UKERN_OK);
        world_check();
        assert_int_equal(world_result(c[order[i]]), UKERN_OK);
        assert_int_equal(world_regs(c[order[i]])->x[2], order[i]);
    }
}

/* A token that is stale, forged, foreign or used changes nothing. */
static void test_bad_tokens(void **state)
{
    (void)state;
    struct task *other = world_spawn("other");
    pair();
    uint64_t token = call(client, to);
    assert_int_equal(SYS_TOKEN(server, token, 0, ipc_reply, 0, TAG(0)),
                     UKERN_ESTALE); /* not taken yet */
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    uint64_t bad[] = {0,          token + TOKEN_ONE, token - TOKEN_ONE, token + 1,
                      UINT64_MAX, task_id(client),   task_id(server)};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(SYS_TOKEN(server, bad[i], 0, ipc_reply, 0, TAG(0)), UKERN_ESTALE);
    assert_int_equal(SYS_TOKEN(other, token, 0, ipc_reply, 0, TAG(0)), UKERN_ESTALE);
    assert_int_equal(SYS_TOKEN(client == NULL ? other : server, token + TOKEN_ONE, 0,
                               ipc_reply_recv, port, TAG(0)),
                     UKERN_ESTALE);
    assert_int_equal(client->state, TASK_REPLY);
    assert_int_equal(SYS_TOKEN(server, token, 0, ipc_reply, 0, TAG(0)), UKERN_OK);
    assert_int_equal(SYS_TOKEN(server, token, 0, ipc_reply, 0, TAG(0)), UKERN_ESTALE); /* twice */
}

/* The caller is killed and another task has its slot: its token finds nobody. */
static void test_reply_to_the_dead(void **state)
{
    (void)state;
    pair();
    uint64_t token = call(client, to), id = task_id(client);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    uint64_t h = (uint64_t)world_handle(client);
    assert_int_equal(SYS(world_init, task_kill, h, 0), UKERN_OK);
    assert_int_equal(SYS(world_init, handle_close, h), UKERN_OK);
    for (int i = 0; i < 100; i++)
        SYS(world_init, task_yield);
    struct task *heir = world_spawn("heir");
    assert_int_equal(task_id(heir), id);
    assert_int_equal(SYS_TOKEN(server, token, 0, ipc_reply, 0, TAG(0)), UKERN_ESTALE);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_CANCELLED);
    assert_int_equal(world_regs(server)->token, token);
    assert_int_equal(world_regs(server)->deadline_or_badge, 42);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_HANGUP); /* its badge is gone, too */
}

static void test_deadlines(void **state)
{
    (void)state;
    pair();
    assert_int_equal(SYS_UNTIL(client, 0, ipc_call, to, TAG(1)), UKERN_ETIMEDOUT);
    assert_int_equal(SYS_UNTIL(client, sim_time, ipc_send, to, TAG(1)), UKERN_ETIMEDOUT);
    assert_int_equal(SYS_UNTIL(server, sim_time, ipc_recv, port), UKERN_ETIMEDOUT);
    /* In the queue. */
    assert_int_equal(SYS_UNTIL(client, sim_time + 100, ipc_call, to, TAG(1)), WORLD_WAITS);
    world_pass(99);
    assert_int_equal(client->state, TASK_SEND);
    world_pass(1);
    assert_int_equal(world_result(client), UKERN_ETIMEDOUT);
    assert_int_equal(SYS_UNTIL(server, 0, ipc_recv, port), UKERN_ETIMEDOUT); /* it has gone whole */
    /* Received: the deadline goes on; the server learns it. */
    assert_int_equal(SYS_UNTIL(client, sim_time + 100, ipc_call, to, TAG(1)), WORLD_WAITS);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    uint64_t token = world_regs(server)->token;
    world_pass(100);
    assert_int_equal(world_result(client), UKERN_ETIMEDOUT);
    assert_int_equal(SYS_TOKEN(server, token, 0, ipc_reply, 0, TAG(0)), UKERN_ESTALE);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_CANCELLED);
    assert_int_equal(world_regs(server)->token, token);
    /* A receiver's. */
    assert_int_equal(SYS_UNTIL(server, sim_time + 50, ipc_recv, port), WORLD_WAITS);
    world_pass(50);
    assert_int_equal(world_result(server), UKERN_ETIMEDOUT);
    /* A message that comes first stops the timer. */
    assert_int_equal(SYS_UNTIL(server, sim_time + 50, ipc_recv, port), WORLD_WAITS);
    assert_int_equal(SYS(client, ipc_send, to, TAG(1)), UKERN_OK);
    world_pass(50);
    assert_int_equal(world_result(server), UKERN_EV_MESSAGE);
}

static void test_server_dies(void **state)
{
    (void)state;
    pair();
    struct task *queued = world_spawn("queued");
    uint64_t h = (uint64_t)world_give(server, (ukern_handle)port, queued, UKERN_R_CALL);
    call(client, to);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    call(queued, h);
    assert_int_equal(SYS(world_init, task_kill, (uint64_t)world_handle(server), 0), UKERN_OK);
    assert_int_equal(world_result(client), UKERN_EPEER);
    assert_int_equal(world_result(queued), UKERN_EPEER);
    world_check();
    assert_int_equal(SYS(client, ipc_call, to, TAG(1)), UKERN_EPEER);
}

/* Somebody else can receive there: those in the queue stay, and the next server serves them. */
static void test_port_outlives_server(void **state)
{
    (void)state;
    pair();
    struct task *queued = world_spawn("queued"), *next = world_spawn("next");
    uint64_t h = (uint64_t)world_give(server, (ukern_handle)port, queued, UKERN_R_CALL);
    uint64_t there = (uint64_t)world_give(server, (ukern_handle)port, next, 0);
    uint64_t old = call(client, to);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    uint64_t token = call(queued, h);
    assert_int_equal(SYS(world_init, task_kill, (uint64_t)world_handle(server), 0), UKERN_OK);
    assert_int_equal(world_result(client), UKERN_EPEER);
    assert_int_equal(SYS(next, ipc_recv, there), UKERN_EV_MESSAGE);
    assert_int_equal(world_regs(next)->token, token);
    assert_int_equal(SYS_TOKEN(next, old, 0, ipc_reply, 0, TAG(0)), UKERN_ESTALE);
    assert_int_equal(SYS_TOKEN(next, token, 0, ipc_reply, 0, TAG(0)), UKERN_OK);
    assert_int_equal(world_result(queued), UKERN_OK);
    assert_int_equal(SYS_TOKEN(client, 0, UKERN_FOREVER, ipc_call, to, TAG(1)),
                     WORLD_WAITS); /* its handle is good */
}

static void test_deadlock(void **state)
{
    (void)state;
    struct task *t[3];
    uint64_t own[3], next[3];
    for (unsigned i = 0; i < 3; i++) {
        t[i] = world_spawn("ring");
        own[i] = (uint64_t)SYS(t[i], port_create);
        assert_int_equal(SYS_UNTIL(t[i], 0, ipc_recv, own[i]),
                         UKERN_ETIMEDOUT); /* it serves it now */
    }
    for (unsigned i = 0; i < 3; i++)
        next[i] = (uint64_t)world_give(t[(i + 1) % 3], (ukern_handle)own[(i + 1) % 3], t[i],
                                       UKERN_R_CALL);
    assert_int_equal(SYS(t[0], ipc_call, own[0], TAG(0)), UKERN_EDEADLK); /* itself */
    assert_int_equal(SYS(t[0], ipc_call, next[0], TAG(0)), WORLD_WAITS);
    assert_int_equal(SYS(t[1], ipc_recv, own[1]), UKERN_EV_MESSAGE); /* held, not only queued */
    assert_int_equal(SYS(t[1], ipc_call, next[1], TAG(0)), WORLD_WAITS);
    assert_int_equal(SYS(t[2], ipc_call, next[2], TAG(0)), UKERN_EDEADLK);
    assert_int_equal(SYS(t[2], ipc_send, next[2], TAG(0)), UKERN_EDEADLK);
    world_check();
}

static void test_bad_messages(void **state)
{
    (void)state;
    pair();
    uint64_t h = (uint64_t)SYS(client, port_create);
    assert_int_equal(SYS(client, ipc_call, to, UKERN_TAG(0, 3)), UKERN_EINVAL);
    assert_int_equal(SYS(client, ipc_call, to, UINT64_C(1) << 63), UKERN_EINVAL);
    assert_int_equal(SYS(client, ipc_send, to, UKERN_TAG(0, 1), 0, 0, 0, 0, 0, 99), UKERN_EHANDLE);
    assert_int_equal(SYS(client, ipc_send, to, UKERN_TAG(0, 1), 0, 0, 0, 0, 0,
                         UKERN_SEND_HANDLE(h, UKERN_R_POWER)),
                     UKERN_ERIGHTS);
    assert_int_equal(
        SYS(client, ipc_send, to, UKERN_TAG(0, 1), 0, 0, 0, 0, 0, h | UINT64_C(1) << 50),
        UKERN_EINVAL);
    assert_int_equal(SYS(client, ipc_send, to, UKERN_TAG(0, 2), 0, 0, 0, 0, h, h | UKERN_SEND_MOVE),
                     UKERN_EHANDLE);
    assert_int_equal(SYS(client, ipc_call, h + 50, TAG(0)), UKERN_EHANDLE);
    assert_int_equal(SYS(client, handle_dup, h, UKERN_R_RECV, 20), 20);
    assert_int_equal(SYS(client, ipc_call, 20, TAG(0)), UKERN_ERIGHTS);
    assert_int_equal(SYS(client, ipc_send, to, UKERN_TAG(0, 1), 0, 0, 0, 0, 0, 20), UKERN_ERIGHTS);
    assert_int_equal(SYS(server, ipc_reply, 0, TAG(0)), UKERN_ESTALE);
}

static void test_exit_event(void **state)
{
    (void)state;
    pair();
    uint64_t p = (uint64_t)world_give(server, (ukern_handle)port, world_init, 0);
    struct task *t = world_spawn_with(
        "child", &(struct world_spawn){.supervisor = (ukern_handle)p, .badge = 99});
    uint64_t id = task_id(t), h = (uint64_t)world_handle(t);
    SYS(t, task_exit, 7);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_EXIT);
    const struct ukern_sysregs *r = world_regs(server);
    assert_true(r->deadline_or_badge == 99 && r->x[1] == id && r->x[2] == 7 &&
                r->x[3] == UKERN_EXIT_NORMAL);
    SYS(world_init, task_wait, h);
    assert_int_equal(world_result(world_init), UKERN_OK);
    assert_int_equal(world_regs(world_init)->x[1], 7);
    t = world_spawn_with("child", &(struct world_spawn){.supervisor = (ukern_handle)p});
    assert_int_equal(SYS(world_init, task_kill, (uint64_t)world_handle(t), (uint64_t)-3), UKERN_OK);
    SYS(server, ipc_recv, port); /* waits until it is taken apart */
    assert_int_equal(world_result(server), UKERN_EV_EXIT);
    assert_int_equal((int64_t)world_regs(server)->x[2], -3);
    assert_int_equal(world_regs(server)->x[3], UKERN_EXIT_KILLED);
}

static void test_fault_event(void **state)
{
    (void)state;
    pair();
    uint64_t p = (uint64_t)world_give(server, (ukern_handle)port, world_init, 0),
             regs = WORLD_MEMORY;
    struct task *t =
        world_spawn_with("child", &(struct world_spawn){.supervisor = (ukern_handle)p, .badge = 5});
    uint64_t h = (uint64_t)world_handle(t);
    world_run(t);
    world_fault(UKERN_FAULT_WRITE, 0x1234);
    assert_int_equal(t->state, TASK_SEND);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_FAULT);
    const struct ukern_sysregs *r = world_regs(server);
    assert_true(r->x[1] == task_id(t) && r->x[2] == UKERN_FAULT_WRITE && r->x[4] == 0x1234 &&
                r->x[5] == IMAGE_ENTRY && r->deadline_or_badge == 5);
    assert_int_equal(SYS(world_init, task_regs, h, regs), UKERN_OK);
    assert_int_equal(((struct ukern_regs *)world_user(world_init, regs))->complete, 1);
    assert_int_equal(
        SYS_TOKEN(server, world_regs(server)->token, 0, ipc_reply, 0, TAG(UKERN_FAULT_RESUME)),
        UKERN_OK);
    world_run(t); /* goes on, with all registers */
    world_fault(UKERN_FAULT_EXEC, 0);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_FAULT);
    assert_int_equal(
        SYS_TOKEN(server, world_regs(server)->token, 0, ipc_reply, 0, TAG(UKERN_FAULT_KILL)),
        UKERN_OK);
    SYS(server, ipc_recv, port);
    assert_int_equal(world_result(server), UKERN_EV_EXIT);
    r = world_regs(server);
    assert_true(r->x[2] == UKERN_FAULT_EXEC && r->x[3] == UKERN_EXIT_FAULT);
}

/* Without a supervisor, or when it dies, a fault is the end. */
static void test_fault_without_supervisor(void **state)
{
    (void)state;
    pair();
    struct task *t = world_spawn("alone");
    uint64_t h = (uint64_t)world_handle(t),
             p = (uint64_t)world_give(server, (ukern_handle)port, world_init, 0);
    world_run(t);
    world_fault(UKERN_FAULT_ILLEGAL, 0);
    SYS(world_init, task_wait, h);
    assert_int_equal(world_result(world_init), UKERN_OK);
    assert_int_equal(world_regs(world_init)->x[1], UKERN_FAULT_ILLEGAL);
    assert_int_equal(world_regs(world_init)->x[2], UKERN_EXIT_FAULT);
    t = world_spawn_with("child", &(struct world_spawn){.supervisor = (ukern_handle)p});
    h = (uint64_t)world_handle(t);
    SYS(world_init, handle_close, p);
    world_run(t);
    world_fault(UKERN_FAULT_READ, 0);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_FAULT);
    assert_int_equal(SYS(server, task_exit, 0), WORLD_WAITS);
    SYS(world_init, task_wait, h);
    assert_int_equal(world_result(world_init), UKERN_OK);
    assert_int_equal(world_regs(world_init)->x[2], UKERN_EXIT_FAULT);
}

/* Memory for a call's cancelling is taken before the call, not when it is cancelled. */
static void test_ghost_is_paid_before(void **state)
{
    (void)state;
    pair();
    uint64_t left = client->account->limit - client->account->used;
    client->account->limit -= left;
    client->account->parent->used -= left;
    static void *full[1000];
    unsigned n = 0;
    while ((full[n] = slab_alloc(client->account, 64))) /* where its objects have left room */
        n++;
    assert_int_equal(SYS(client, ipc_call, to, TAG(0)), UKERN_ENOMEM);
    assert_int_equal(SYS_UNTIL(client, 0, ipc_send, to, TAG(0)), UKERN_ETIMEDOUT); /* needs none */
    while (n > 0)
        slab_free(client->account, full[--n], 64);
    world_check();
    client->account->limit += left;
    client->account->parent->used += left;
    call(client, to);
}

static const struct CMUnitTest tests[] = {
    WORLD(test_call_and_reply),
    WORLD(test_queued_call),
    WORLD(test_send),
    WORLD(test_reply_in_any_order),
    WORLD(test_bad_tokens),
    WORLD(test_reply_to_the_dead),
    WORLD(test_deadlines),
    WORLD(test_server_dies),
    WORLD(test_port_outlives_server),
    WORLD(test_deadlock),
    WORLD(test_bad_messages),
    WORLD(test_exit_event),
    WORLD(test_fault_event),
    WORLD(test_fault_without_supervisor),
    WORLD(test_ghost_is_paid_before),
};

WORLD_MAIN(tests)
