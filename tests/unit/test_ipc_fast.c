/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: the short ways do
 * what the general one does */
#include "world.h"
#include "sched.h"

#define TAG(label) UKERN_TAG(label, 0)
#define PENDING    700 /* a pending call that has no ranges */

static int begin(struct ukern_pending *p)
{
    int rc = ukern_target(p, (ukern_handle)ukern_arg(p, 0));
    ukern_set_deadline(p, ukern_arg(p, 1));
    *ukern_request(p) = (struct ukern_msg){TAG(9), {ukern_arg(p, 2), 2, 3, 4, 5, 6}};
    return rc ? rc : UKERN_FORWARD;
}

static int complete(struct ukern_pending *p, const struct ukern_msg *reply)
{
    if (reply->w[0] == 3 && ukern_state(p)[0]++ == 0)
        return UKERN_FORWARD; /* once more */
    if (reply->w[0] == 4)
        return UKERN_EINVAL;
    ukern_result(p, reply->w[0], reply->w[1]);
    return UKERN_DONE;
}

static const struct ukern_completion call = {"call", begin, complete, UKERN_NOTHING_TO_CANCEL};

static void extensions(void)
{
    ukern_register(PENDING, &call);
}

/* What can be seen of a run. */
static uint64_t transcript[3][20000];
static unsigned length;
static uint64_t *out;

static void say(uint64_t word)
{
    assert_true(length < 20000);
    out[length++] = word;
}

#define CLIENTS 4

static struct task *server, *client[CLIENTS];
static uint64_t port, to[CLIENTS];

static void say_all(void)
{
    for (unsigned i = 0; i <= CLIENTS; i++) {
        const struct task *t = i < CLIENTS ? client[i] : server;
        say(t->state);
        say(t->priority);
        say(world_player(t)->waits);
        if (world_player(t)->waits)
            continue;
        const struct ukern_sysregs *r = world_regs(t);
        for (unsigned k = 0; k < 8; k++)
            say(r->x[k]);
        say(r->deadline_or_badge >= UKERN_FOREVER - 1 ? 0
                                                      : r->deadline_or_badge); /* left as it was */
        for (unsigned k = 0; k < CLIENTS; k++)
            say(r->token && client[k]->token == r->token);
    }
}

/* With a ghost in reserve, as after any call. */
static struct task *new_client(void)
{
    struct task *t = world_spawn("client");
    ukern_handle p = (ukern_handle)SYS(world_init, port_create);
    uint64_t h = (uint64_t)world_give(world_init, p, t, 0);
    assert_int_equal(SYS_UNTIL(t, 0, ipc_call, h, TAG(0)), UKERN_ETIMEDOUT);
    assert_int_equal(SYS(t, handle_close, h), UKERN_OK);
    assert_int_equal(SYS(world_init, handle_close, (uint64_t)p), UKERN_OK);
    return t;
}

/* What decides whether the short ways may be taken. */
enum ways {
    SHORT,    /* all */
    DEADLINE, /* a deadline forbids those of calls, not that of an answer */
    GENERAL,  /* nor may that be taken with a handle that is not among the first */
    WAYS,
};

static void run(enum ways ways)
{
    uint64_t for_ever = ways == SHORT ? UKERN_FOREVER : UKERN_FOREVER - 1;
    uint64_t held[64];
    unsigned count = 0;
    for (unsigned i = 0; i < CLIENTS; i++)
        client[i] = new_client();
    /* More urgent than its clients, so that it is always the next to run. */
    server = world_spawn_with("server", &(struct world_spawn){.priority = 30});
    port = (uint64_t)SYS(server, port_create);
    if (ways == GENERAL)
        port = (uint64_t)SYS(server, handle_dup, port, 0, HANDLE_FIRST + 1);
    for (unsigned i = 0; i < CLIENTS; i++) {
        uint64_t h =
            (uint64_t)SYS(server, handle_mint, port, UKERN_R_CALL | UKERN_R_TRANSFER, 100 + i);
        to[i] = (uint64_t)world_give(server, (ukern_handle)h, client[i], 0);
    }
    assert_int_equal(SYS_UNTIL(server, for_ever, ipc_recv, port), WORLD_WAITS);
    SYS(world_init, task_priority, (uint64_t)UKERN_SELF, 1);
    for (unsigned step = 0; step < 1000; step++) {
        struct task *t = arch_cpu()->current;
        if (t == world_init)
            break; /* all wait for each other */
        if (t == server) {
            const struct ukern_sysregs *r = world_regs(t);
            if (r->token && (count == 0 || held[count - 1] != r->token) &&
                (int64_t)r->x[0] == UKERN_EV_MESSAGE)
                held[count++] = r->token;
            uint64_t token = count && (count == CLIENTS || unit_below(8)) ? held[--count] : 0;
            world_enter(
                UKERN_SYS_ipc_reply_recv,
                &(struct ukern_sysregs){
                    {port, TAG(unit_below(10)), unit_below(6), 7, 8, 9, 10, 11}, for_ever, token});
            assert_true(count < 60);
        } else {
            unsigned i = 0;
            while (client[i] != t)
                i++;
            if (unit_below(4) == 0)
                SYS(t, task_priority, (uint64_t)UKERN_SELF, 15 + unit_below(10));
            else if (unit_below(3))
                world_enter(
                    UKERN_SYS_ipc_call,
                    &(struct ukern_sysregs){{to[i], TAG(3), step, 2, 3, 4, 5, 6}, for_ever, 99});
            else
                world_enter(PENDING, &(struct ukern_sysregs){{to[i], for_ever, step}, 7, 8});
        }
        say_all();
        world_check();
    }
    world_end();
}

static void test_same_as_general(void **state)
{
    (void)state;
    unsigned fast = 0;
    for (enum ways ways = 0; ways < WAYS; ways++) {
        out = transcript[ways];
        length = 0;
        run(ways);
        fast = ways == 0 ? length : fast;
        assert_int_equal(fast, length);
        assert_true(length > 1000);
        for (unsigned i = 0; i < length; i++)
            if (transcript[0][i] != out[i])
                fail_msg("way %d differs at word %u of %u: %lx, %lx", (int)ways, i, length,
                         (unsigned long)transcript[0][i], (unsigned long)out[i]);
        unit_before(NULL); /* the same chances again */
    }
}

static void start(void)
{
    server = world_spawn("server");
    client[0] = new_client();
    port = (uint64_t)SYS(server, port_create);
    to[0] = (uint64_t)world_give(server, (ukern_handle)port, client[0], UKERN_R_CALL);
    assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
    SYS(world_init, task_priority, (uint64_t)UKERN_SELF, 1); /* nobody else wants to run */
    world_run(client[0]);
}

/* A round trip goes straight: the caller, the server, the caller, and nobody else. */
static void test_direct_switch(void **state)
{
    (void)state;
    start();
    uint64_t switches = sim_switches;
    for (unsigned i = 0; i < 3; i++) {
        world_enter(UKERN_SYS_ipc_call,
                    &(struct ukern_sysregs){{to[0], TAG(1), i, 2, 3, 4, 5, 6}, UKERN_FOREVER, 1});
        assert_ptr_equal(arch_cpu()->current, server);
        assert_true(client[0]->direct);
        const struct ukern_sysregs *r = world_regs(server);
        assert_true(r->x[0] == UKERN_EV_MESSAGE && r->x[1] == TAG(1) && r->x[2] == i &&
                    r->x[7] == 6 && r->deadline_or_badge == 0 && r->token == client[0]->token);
        world_check();
        world_enter(
            UKERN_SYS_ipc_reply_recv,
            &(struct ukern_sysregs){{port, TAG(2), 9, 8, 7, 6, 5, 4}, UKERN_FOREVER, r->token});
        assert_ptr_equal(arch_cpu()->current, client[0]);
        assert_true(server->direct);
        r = world_regs(client[0]);
        assert_true(r->x[0] == UKERN_OK && r->x[1] == TAG(2) && r->x[2] == 9 && r->x[7] == 4 &&
                    r->deadline_or_badge == 0 && r->token == 0);
        world_check();
    }
    assert_int_equal(sim_switches - switches, 6);
}

/* client[0] makes a call, plain or pending, and the server has it. */
static uint64_t call_server(bool pending, uint64_t for_ever)
{
    if (pending)
        world_enter(PENDING, &(struct ukern_sysregs){{to[0], for_ever, 1}, 0, 0});
    else
        world_enter(UKERN_SYS_ipc_call, &(struct ukern_sysregs){{to[0], TAG(1)}, for_ever, 0});
    if (arch_cpu()->current != server)
        world_run(server);
    assert_int_equal(world_result(server), UKERN_EV_MESSAGE);
    return client[0]->token;
}

/* A call does not cost the caller its turn: it goes on before its equals while there is some left
 * of its slice, and no longer. Whichever way the reply goes. */
static void test_turn(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 16; how++) {
        bool over = how & 1, pending = how & 2, twice = how & 8;
        uint64_t for_ever = how & 4 ? UKERN_FOREVER : UKERN_FOREVER - 1, token, end;
        start();
        world_priority(world_init, WORLD_PRIORITY);
        client[1] = world_spawn("equal");
        world_priority(world_init, 1);
        world_priority(server, WORLD_PRIORITY + 1);
        world_run(client[0]);
        end = arch_cpu()->slice_end;
        assert_true(end > sim_time + 1000);
        token = call_server(pending, for_ever);
        if (over)
            sim_time = end;
        if (twice) {
            assert_int_equal(SYS_TOKEN(server, token, 0, ipc_reply, 0, TAG(0), 1), UKERN_OK);
            assert_int_equal(SYS_UNTIL(server, for_ever, ipc_recv, port), WORLD_WAITS);
        } else {
            world_enter(UKERN_SYS_ipc_reply_recv,
                        &(struct ukern_sysregs){{port, TAG(0), 1}, for_ever, token});
        }
        assert_ptr_equal(arch_cpu()->current, client[over]);
        assert_true(sim_timer <= (over ? sim_time + SCHED_SLICE_NS : end));
        world_check();
        world_end();
        world_priority(world_init, WORLD_PRIORITY);
    }
}

/* A caller that waited for its answer while the server served others goes behind its equals. */
static void test_late_answer(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 6; how++) {
        unsigned equal = how & 1;
        bool pending = how < 2;
        uint64_t until = how < 4 ? UKERN_FOREVER : sim_time + 1000000;
        start();
        uint64_t token = call_server(pending, UKERN_FOREVER);
        assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
        world_priority(world_init, WORLD_PRIORITY);
        client[1] = world_spawn("other");
        uint64_t h = (uint64_t)world_give(server, (ukern_handle)port, client[1], UKERN_R_NOTIFY);
        world_priority(world_init, 1);
        world_run(client[1]);
        world_priority(client[1], equal ? WORLD_PRIORITY : WORLD_PRIORITY - 1);
        SYS(client[1], notify, h, 1);
        world_run(server);
        assert_int_equal(world_result(server), UKERN_EV_NOTIFY);
        uint32_t refs = client[0]->call_port->refs;
        const struct port *p = client[0]->call_port;
        uint64_t switches = sim_switches;
        world_enter(UKERN_SYS_ipc_reply_recv,
                    &(struct ukern_sysregs){{port, TAG(0), 5, 6}, until, token});
        assert_ptr_equal(arch_cpu()->current, client[equal]);
        assert_int_equal(sim_switches - switches, 1);
        assert_int_equal(p->refs, refs - 1);
        assert_true(server->direct && sim_timer <= until);
        world_check();
        world_run(client[0]);
        assert_int_equal(world_result(client[0]), pending ? 5 : UKERN_OK);
        assert_int_equal(world_regs(client[0])->x[1], pending ? 6 : TAG(0));
        assert_int_equal(world_regs(client[0])->x[2], pending ? 0 : 5);
        if (until != UKERN_FOREVER) {
            world_pass(until - sim_time);
            world_run(server);
            assert_int_equal(world_result(server), UKERN_ETIMEDOUT);
        }
        world_end();
        world_priority(world_init, WORLD_PRIORITY);
    }
}

/* Whoever answers when its deadline has passed does not wait, and the answer arrives. */
static void test_answer_too_late_to_wait(void **state)
{
    (void)state;
    for (unsigned late = 0; late < 2; late++) {
        start();
        uint64_t token = call_server(false, UKERN_FOREVER);
        if (late)
            assert_int_equal(SYS_UNTIL(server, sim_time, ipc_recv, port), UKERN_ETIMEDOUT);
        assert_int_equal(SYS_TOKEN(server, token, sim_time, ipc_reply_recv, port, TAG(7)),
                         UKERN_ETIMEDOUT);
        world_check();
        world_run(client[0]);
        assert_int_equal(world_regs(client[0])->x[1], TAG(7));
        world_end();
        world_priority(world_init, WORLD_PRIORITY);
    }
}

/* Handle numbers that are out of the first table or of the address space. */
static void test_bad_handles(void **state)
{
    (void)state;
    start();
    uint64_t bad[] = {HANDLE_FIRST - 1, HANDLE_FIRST, 1 << 20, UINT64_C(1) << 60, UINT64_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(SYS(client[0], ipc_call, bad[i], TAG(0)), UKERN_EHANDLE);
        assert_int_equal(SYS_TOKEN(client[0], 1, UKERN_FOREVER, ipc_reply_recv, bad[i], TAG(0)),
                         UKERN_EHANDLE);
    }
}

/* While the server holds a caller that went straight to it, anything may happen to the port. */
static void test_direct_call_and_the_port(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 7; how++) {
        start();
        world_enter(UKERN_SYS_ipc_call, &(struct ukern_sysregs){{to[0], TAG(1)}, UKERN_FOREVER, 0});
        assert_true(client[0]->direct);
        uint64_t token = client[0]->token;
        struct task *other;
        world_priority(world_init, WORLD_PRIORITY);
        switch (how) {
        case 0: /* the server closes its handle, and answers then */
            assert_int_equal(SYS(server, handle_close, port), UKERN_OK);
            world_check();
            assert_int_equal(SYS_TOKEN(server, token, 0, ipc_reply, 0, TAG(0)), UKERN_OK);
            break;
        case 1: /* it dies */
            assert_int_equal(SYS(server, task_exit, 0), WORLD_WAITS);
            assert_int_equal(world_result(client[0]), UKERN_EPEER);
            break;
        case 2: /* the caller is killed */
            task_end(client[0], UKERN_EXIT_KILLED, 0, 0);
            SYS(server, task_yield);
            world_check();
            assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_CANCELLED);
            break;
        case 3: /* it receives again, from another port */
            assert_int_equal(SYS_UNTIL(server, 0, ipc_recv, (uint64_t)SYS(server, port_create)),
                             UKERN_ETIMEDOUT);
            world_check();
            assert_int_equal(SYS_TOKEN(server, token, 0, ipc_reply, 0, TAG(0)), UKERN_OK);
            break;
        case 4: /* another takes the port over */
            other = world_spawn("other");
            assert_int_equal(
                SYS(other, ipc_recv, (uint64_t)world_give(server, (ukern_handle)port, other, 0)),
                WORLD_WAITS);
            world_check();
            assert_int_equal(SYS_TOKEN(server, token, UKERN_FOREVER, ipc_reply_recv, port, TAG(0)),
                             WORLD_WAITS);
            break;
        case 5: /* it moves the handle away in its reply */
            assert_int_equal(SYS_TOKEN(server, token, UKERN_FOREVER, ipc_reply_recv, port,
                                       UKERN_TAG(0, 1), 0, 0, 0, 0, 0, port | UKERN_SEND_MOVE),
                             UKERN_EHANDLE);
            assert_int_equal(world_result(client[0]), UKERN_OK);
            break;
        default: /* its manager takes the handle away */
            assert_int_equal(SYS(world_init, handle_grant, (uint64_t)world_handle(server),
                                 UKERN_INIT_DTB, 0, port),
                             port);
            world_check();
            assert_int_equal(SYS_TOKEN(server, token, 0, ipc_reply, 0, TAG(0)), UKERN_OK);
            break;
        }
        world_check();
        world_end();
    }
}

static const struct CMUnitTest tests[] = {
    WORLD(test_same_as_general),
    WORLD(test_direct_switch),
    WORLD(test_turn),
    WORLD(test_late_answer),
    WORLD(test_answer_too_late_to_wait),
    WORLD(test_bad_handles),
    WORLD(test_direct_call_and_the_port),
};

int main(void)
{
    world_extensions = extensions;
    unit_machine();
    world_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
