/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: what pending system
 * calls hand over: handles and mappings, in several stages */
#include "parked.h"

/* ---- Handles ---- */

static int complete_give(struct ukern_pending *p, const struct ukern_msg *reply)
{
    int rc = UKERN_OK;
    ukern_result(p, 1000, 2000);
    for (unsigned i = 0; i < 3 && !rc; i++)
        if (reply->w[i])
            rc = ukern_give_handle(p, (unsigned)reply->w[3 + i], reply->w[i]);
    return rc;
}

static void test_give(void **state)
{
    (void)state;
    pair();
    do_complete = complete_give;
    uint64_t p = (uint64_t)SYS(server, port_create), s = shm, move = UKERN_SEND_MOVE;
    uint64_t locked = (uint64_t)SYS(server, handle_dup, p, UKERN_R_CALL, (uint64_t)-1);
    uint64_t token = park_free(), used = caller->handles.used, servers = server->handles.used;
    uint64_t bad[][6] = {
        {99, 0, 0, 0, 0, 0},                                  /* no such handle */
        {locked, 0, 0, 0, 0, 0},                              /* not transferable */
        {UKERN_SEND_HANDLE(p, UKERN_R_POWER), 0, 0, 0, 0, 0}, /* a right that it lacks */
        {p | UINT64_C(1) << 55, 0, 0, 0, 0, 0},
        {p, 0, 0, 2, 0, 0},               /* no such result */
        {p, s, p, 0, 1, 1},               /* a third one */
        {p, 99, 0, 0, 1, 0},              /* one is good, one is not */
        {p | move, p | move, 0, 0, 1, 0}, /* moved twice */
        {p | move, p, 0, 0, 1, 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t *w = bad[i];
        assert_int_equal(REPLY(token, TAG(0), w[0], w[1], w[2], w[3], w[4], w[5]), UKERN_EPROTO);
        still_parked();
        assert_true(caller->handles.used == used && server->handles.used == servers);
    }
    assert_int_equal(REPLY(token, TAG(0), p | move, UKERN_SEND_HANDLE(s, UKERN_R_READ), 0, 1, 0, 0),
                     UKERN_OK);
    uint64_t got = (uint64_t)world_result(caller), second = world_regs(caller)->x[1];
    assert_int_equal(SYS(caller, handle_info, got), UKERN_TYPE_SHM);
    assert_int_equal(world_regs(caller)->x[1], UKERN_R_READ);
    assert_int_equal(SYS(caller, handle_info, second), UKERN_TYPE_PORT);
    assert_int_equal(server->handles.used, servers - 1);
    assert_int_equal(REPLY(park_free(), TAG(0), s, 0, 0, 1), UKERN_OK);
    assert_int_equal(world_result(caller), 1000);
    world_check();
}

static void test_give_without_room(void **state)
{
    (void)state;
    pair();
    do_complete = complete_give;
    while (caller->handles.used < HANDLE_FIRST - 1)
        SYS(caller, handle_dup, (uint64_t)world_give(server, (ukern_handle)shm, caller, 0), 0,
            (uint64_t)-1);
    uint64_t token = park_free();
    frame_fail_after = 1;
    assert_int_equal(REPLY(token, TAG(0), shm, shm, 0, 0, 1, 0), UKERN_ETABLE);
    frame_fail_after = 0;
    assert_int_equal(world_result(caller), UKERN_ETABLE);
    assert_int_equal(why_cancelled, UKERN_ETABLE);
    world_check();
}

/* The server gives away the very handle with which it is about to receive. */
static void test_give_the_port(void **state)
{
    (void)state;
    pair();
    do_complete = complete_give;
    uint64_t token = park_free();
    assert_int_equal(SYS_TOKEN(server, token, UKERN_FOREVER, ipc_reply_recv, port, TAG(0),
                               port | UKERN_SEND_MOVE),
                     UKERN_EHANDLE);
    world_check();
    uint64_t got = (uint64_t)world_result(caller);
    assert_int_equal(SYS(caller, handle_info, got), UKERN_TYPE_PORT);
    /* The short way: caller and server alone. */
    port = got;
    uint64_t back = (uint64_t)world_give(caller, (ukern_handle)got, server, 0);
    SYS(caller, handle_close, got);
    assert_int_equal(SYS(server, ipc_recv, back), WORLD_WAITS);
    SYS(world_init, task_priority, (uint64_t)UKERN_SELF, 1);
    world_run(caller);
    world_enter(NUMBER, &(struct ukern_sysregs){.x = {to}});
    assert_ptr_equal(arch_cpu()->current, server);
    world_enter(UKERN_SYS_ipc_reply_recv,
                &(struct ukern_sysregs){{back, TAG(0), back | UKERN_SEND_MOVE},
                                        UKERN_FOREVER,
                                        world_regs(server)->token});
    world_check();
    assert_int_equal(world_result(server), UKERN_EHANDLE);
    assert_true(world_result(caller) >= 0);
    world_check();
}

/* ---- Mapping ---- */

static int map_status;

static int complete_map(struct ukern_pending *p, const struct ukern_msg *reply)
{
    uint64_t address = 0, other;
    map_status = ukern_map_shm(p, (ukern_handle)reply->w[0], reply->w[1], reply->w[2],
                               (unsigned)reply->w[3], &address);
    ukern_result(p, address, 0);
    if (map_status)
        return map_status;
    if (reply->w[4] == 1)
        return ukern_map_shm(p, (ukern_handle)reply->w[0], 0, PAGE_SIZE, 1, &other);
    return reply->w[4] == 2 ? UKERN_EPROTO : UKERN_DONE;
}

static unsigned mappings(const struct task *t)
{
    unsigned n = 0;
    for (struct tree_node *m = tree_ceil(&t->aspace->mappings, 0); m;
         m = tree_ceil(&t->aspace->mappings, m->key + 1))
        n++;
    return n;
}

static void test_map(void **state)
{
    (void)state;
    pair();
    do_complete = complete_map;
    uint64_t read_only = (uint64_t)SYS(server, handle_dup, shm, UKERN_R_READ, (uint64_t)-1),
             m = UINT64_MAX;
    uint64_t token = park_free(), size = 3 * PAGE_SIZE;
    unsigned before = mappings(caller);
    uint64_t bad[][5] = {
        {shm, 1, PAGE_SIZE, 3},    {shm, 0, 0, 3},
        {shm, 0, size + 1, 3},     {shm, size, PAGE_SIZE, 3},
        {shm, m, PAGE_SIZE, 3},    {shm, 0, m, 3},
        {shm, 0, PAGE_SIZE, 0},    {shm, 0, PAGE_SIZE, 2},
        {shm, 0, PAGE_SIZE, 5},    {shm, 0, PAGE_SIZE, 7},
        {shm, 0, PAGE_SIZE, 8},    {read_only, 0, PAGE_SIZE, 3},
        {port, 0, PAGE_SIZE, 1},   {99, 0, PAGE_SIZE, 1},
        {shm, 0, PAGE_SIZE, 3, 1},                       /* a second mapping */
        {shm, 0, PAGE_SIZE, 3, 2}, {shm, 0, size, 1, 2}, /* refused by complete itself, twice */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t *w = bad[i];
        assert_int_equal(REPLY(token, TAG(0), w[0], w[1], w[2], w[3], w[4]), UKERN_EPROTO);
        still_parked();
        assert_int_equal(mappings(caller), before); /* undone at once, not when the caller wakes */
    }
    assert_int_equal(REPLY(token, TAG(0), shm, PAGE_SIZE, PAGE_SIZE + 1, 3), UKERN_OK);
    uint64_t at = (uint64_t)world_result(caller);
    assert_int_equal(*(char *)world_user(caller, at), 'b');
    assert_int_equal(*(char *)world_user(caller, at + PAGE_SIZE), 'c');
    assert_null(world_user(caller, at + 2 * PAGE_SIZE));
    assert_int_equal(SYS(caller, shm_unmap, (uint64_t)UKERN_SELF, at), UKERN_OK);
    world_check();
}

static void test_map_without_quota(void **state)
{
    (void)state;
    pair_with(120000, 200 * PAGE_SIZE);
    do_complete = complete_map;
    while (SYS(caller, mem_map, 2 * PAGE_SIZE) > 0)
        ;
    while (SYS(caller, mem_map, PAGE_SIZE) > 0)
        ;
    while (SYS(caller, port_create) >= 0)
        ;
    uint64_t token = park_free();
    assert_int_equal(REPLY(token, TAG(0), shm, 0, PAGE_SIZE, 1),
                     UKERN_ENOMEM); /* for complete to decide */
    still_parked();
    assert_int_equal(map_status, UKERN_ENOMEM);
    assert_int_equal(SYS(world_init, task_kill, (uint64_t)world_handle(caller), 0), UKERN_OK);
}

/* Page tables run out when the mapping is half filled. */
static void test_map_runs_out(void **state)
{
    (void)state;
    pair_with(0, 4 << 20);
    do_complete = complete_map;
    uint64_t token = park_free();
    unsigned before = mappings(caller);
    frame_fail_after = 2;
    assert_int_equal(REPLY(token, TAG(0), shm, 0, 4 << 20, 1), UKERN_ENOMEM);
    frame_fail_after = 0;
    assert_int_equal(world_result(caller), UKERN_ENOMEM);
    assert_int_equal(why_cancelled, UKERN_ENOMEM);
    assert_int_equal(mappings(caller), before);
    world_check();
}

/* ---- Stages ---- */

static int stages_seen;

static int complete_stages(struct ukern_pending *p, const struct ukern_msg *reply)
{
    assert_int_equal(reply->w[0], ukern_state(p)[0]);
    ukern_state(p)[0]++;
    stages_seen++;
    ukern_request(p)->tag = TAG(50 + ukern_state(p)[0]);
    ukern_request(p)->w[0] = ukern_state(p)[0];
    ukern_result(p, 500, ukern_state(p)[0]);
    if (ukern_state(p)[0] == 2 && ukern_arg(p, 1))
        ukern_target(p, (ukern_handle)ukern_arg(p, 1));
    return ukern_state(p)[0] < 3 ? UKERN_FORWARD : UKERN_DONE;
}

static void test_stages(void **state)
{
    (void)state;
    pair();
    do_complete = complete_stages;
    stages_seen = 0;
    uint64_t token = park_free();
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(REPLY(token, TAG(0), i), UKERN_OK);
        assert_int_equal(REPLY(token, TAG(0), i), UKERN_ESTALE); /* each stage is another call */
        if (i == 2)
            break;
        assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
        assert_int_equal(world_regs(server)->x[1], TAG(51 + i));
        assert_int_equal(world_regs(server)->x[2], i + 1);
        token = world_regs(server)->token;
    }
    assert_int_equal(world_result(caller), 500);
    assert_int_equal(world_regs(caller)->x[1], 3);
    assert_int_equal(cancelled, 0);
    /* The last stage is another server's; it is not there any more. */
    struct task *other = world_spawn("other");
    uint64_t h = (uint64_t)SYS(other, port_create);
    uint64_t second = (uint64_t)world_give(other, (ukern_handle)h, caller, UKERN_R_CALL);
    token = park(NUMBER, second, 0, 0);
    assert_int_equal(REPLY(token, TAG(0), 0), UKERN_OK);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    token = world_regs(server)->token;
    SYS(other, handle_close, h);
    assert_int_equal(REPLY(token, TAG(0), 1), UKERN_OK); /* the server has done its part */
    assert_int_equal(world_result(caller), UKERN_EPEER);
    assert_int_equal(cancelled, 1);
    world_check();
}

static int complete_map_and_forward(struct ukern_pending *p, const struct ukern_msg *reply)
{
    uint64_t address;
    int rc = ukern_map_shm(p, (ukern_handle)reply->w[0], 0, PAGE_SIZE, 1, &address);
    return rc ? rc : reply->w[1] ? UKERN_FORWARD : UKERN_EPROTO;
}

/* What a stage asked for is dropped, before the server waits again. */
static void test_stage_with_mapping(void **state)
{
    (void)state;
    pair();
    do_complete = complete_map_and_forward;
    struct task *second = world_spawn("second");
    uint64_t q = (uint64_t)SYS(server, port_create);
    uint64_t to_q = (uint64_t)world_give(server, (ukern_handle)q, second, UKERN_R_CALL);
    assert_int_equal(SYS_UNTIL(second, 0, ipc_call, to_q, TAG(0)),
                     UKERN_ETIMEDOUT); /* for its ghost */
    unsigned before = mappings(caller);
    uint64_t token = park_free();
    assert_int_equal(SYS_TOKEN(server, token, UKERN_FOREVER, ipc_reply_recv, q, TAG(0), shm, 1),
                     WORLD_WAITS);
    assert_int_equal(mappings(caller), before);
    /* Straight to the server, which refuses one more. */
    SYS(world_init, task_priority, (uint64_t)UKERN_SELF, 1);
    world_run(second);
    world_enter(NUMBER, &(struct ukern_sysregs){.x = {to_q}});
    assert_ptr_equal(arch_cpu()->current, server);
    world_enter(
        UKERN_SYS_ipc_reply_recv,
        &(struct ukern_sysregs){{q, TAG(0), shm, 0}, UKERN_FOREVER, world_regs(server)->token});
    assert_int_equal(world_result(server), UKERN_EPROTO);
    world_check();
}

static const struct CMUnitTest tests[] = {
    WORLD(test_give),   WORLD(test_give_without_room),  WORLD(test_give_the_port),
    WORLD(test_map),    WORLD(test_map_without_quota),  WORLD(test_map_runs_out),
    WORLD(test_stages), WORLD(test_stage_with_mapping),
};

PENDING_MAIN(tests)
