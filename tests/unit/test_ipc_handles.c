/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: handles in messages,
 * and who serves a port */
#include "ipc_pair.h"

/* Handles travel, copied or moved, in calls and replies. */
static void test_handles_in_messages(void **state)
{
    (void)state;
    pair();
    uint64_t p = (uint64_t)SYS(client, port_create), s = (uint64_t)SYS(client, shm_create, 4096, 0);
    assert_int_equal(SYS(client, ipc_call, to, UKERN_TAG(1, 2), 1, 2, 3, 4,
                         UKERN_SEND_HANDLE(p, UKERN_R_CALL), s | UKERN_SEND_MOVE),
                     WORLD_WAITS);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    uint64_t got_p = world_regs(server)->x[6], got_s = world_regs(server)->x[7];
    uint64_t token = world_regs(server)->token;
    assert_int_equal(SYS(server, handle_info, got_p), UKERN_TYPE_PORT);
    assert_int_equal(world_regs(server)->x[1], UKERN_R_CALL);
    assert_int_equal(SYS(server, handle_info, got_s), UKERN_TYPE_SHM);
    assert_int_equal(client->handles.used, 2); /* the shm has gone */
    world_check();
    assert_int_equal(
        SYS_TOKEN(server, token, 0, ipc_reply, 0, UKERN_TAG(0, 1), 0, 0, 0, 0, 0, got_s), UKERN_OK);
    assert_int_equal(world_result(client), UKERN_OK);
    assert_int_equal(SYS(client, handle_info, world_regs(client)->x[7]), UKERN_TYPE_SHM);
    world_check();
}

/* No room at the receiver: nothing is transferred, the sender is told, the receiver waits on. */
static void test_full_table(void **state)
{
    (void)state;
    pair();
    while (server->handles.first_used < HANDLE_FIRST - 1)
        SYS(server, handle_dup, port, 0, (uint64_t)-1);
    uint64_t p = (uint64_t)SYS(client, port_create);
    assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
    world_run(client);
    frame_fail_after = 1;
    assert_int_equal(SYS(client, ipc_call, to, UKERN_TAG(1, 2), 0, 0, 0, 0, p | UKERN_SEND_MOVE, p),
                     UKERN_EHANDLE);
    frame_fail_after = 1;
    assert_int_equal(SYS(client, ipc_call, to, UKERN_TAG(1, 2), 0, 0, 0, 0, p, p), UKERN_ETABLE);
    frame_fail_after = 0;
    assert_int_equal(server->state, TASK_RECV);
    assert_int_equal(server->handles.used, HANDLE_FIRST - 1);
    world_check();
    assert_int_equal(SYS(client, ipc_call, to, UKERN_TAG(1, 2), 0, 0, 0, 0, p, p), WORLD_WAITS);
    assert_int_equal(world_result(server), UKERN_EV_MESSAGE);
    /* The same for one in the queue: turned away when it is its turn. */
    uint64_t token = world_regs(server)->token;
    assert_int_equal(SYS_TOKEN(server, token, 0, ipc_reply, 0, TAG(0)), UKERN_OK);
    while (server->handles.used < HANDLE_FIRST + HANDLE_PER_PAGE)
        SYS(server, handle_dup, port, 0, (uint64_t)-1);
    assert_int_equal(SYS(client, ipc_call, to, UKERN_TAG(1, 1), 0, 0, 0, 0, 0, p), WORLD_WAITS);
    world_run(server);
    frame_fail_after = 1;
    assert_int_equal(SYS_UNTIL(server, 0, ipc_recv, port), UKERN_ETIMEDOUT);
    frame_fail_after = 0;
    assert_int_equal(world_result(client), UKERN_ETABLE);
}

/* A caller moves away the only handle to receive on a port, without that right, and stays blocked:
 * whoever waits at the port is told at once. */
static void test_moving_the_last_receiver(void **state)
{
    (void)state;
    pair();
    struct task *third = world_spawn("third");
    uint64_t p = (uint64_t)SYS(client, port_create);
    uint64_t h = (uint64_t)world_give(client, (ukern_handle)p, third, UKERN_R_CALL);
    call(third, h);
    assert_int_equal(SYS(client, ipc_call, to, UKERN_TAG(0, 1), 0, 0, 0, 0, 0,
                         UKERN_SEND_HANDLE(p, UKERN_R_CALL) | UKERN_SEND_MOVE),
                     WORLD_WAITS);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    assert_int_equal(client->state, TASK_REPLY);
    world_check();
    assert_int_equal(world_result(third), UKERN_EPEER);
}

/* A port is handed over: the new server is who counts for deadlocks. */
static void test_port_handed_over(void **state)
{
    (void)state;
    pair();
    uint64_t p = (uint64_t)SYS(client, port_create);
    assert_int_equal(SYS_UNTIL(client, 0, ipc_recv, p), UKERN_ETIMEDOUT);
    assert_int_equal(SYS(client, handle_dup, p, UKERN_R_CALL, 20), 20);
    assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
    assert_int_equal(SYS(client, ipc_send, to, UKERN_TAG(0, 1), 0, 0, 0, 0, 0, p | UKERN_SEND_MOVE),
                     UKERN_OK);
    assert_int_equal(world_result(server), UKERN_EV_MESSAGE);
    uint64_t there = world_regs(server)->x[7];
    assert_int_equal(SYS(client, ipc_call, 20, TAG(0)),
                     WORLD_WAITS); /* it is not its own server any more */
    assert_int_equal(SYS(server, ipc_recv, there), UKERN_EV_MESSAGE);
}

static const struct CMUnitTest tests[] = {
    WORLD(test_handles_in_messages),
    WORLD(test_full_table),
    WORLD(test_moving_the_last_receiver),
    WORLD(test_port_handed_over),
};

WORLD_MAIN(tests)
