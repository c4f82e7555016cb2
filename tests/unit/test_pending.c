/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: pending system calls,
 * from begin to the end */
#include "log.h"
#include "parked.h"

/* ---- Registration ---- */

static struct {
    uint32_t number;
    const struct ukern_completion *c;
} registration;

static void try_to_register(void *arg)
{
    (void)arg;
    ukern_register(registration.number, registration.c);
}

static void test_registration(void **state)
{
    (void)state;
    static const struct ukern_completion no_name = {NULL, begin, complete, cancel},
                                         no_begin = {"x", NULL, complete, cancel},
                                         no_complete = {"x", begin, NULL, cancel},
                                         no_cancel = {"x", begin, complete, NULL};
    struct {
        uint32_t number;
        const struct ukern_completion *c;
        const char *text;
    } bad[] = {
        {UKERN_SYS_EXT_FIRST - 1, &free_call, "free (255): the number is not one of 256 to 1023"},
        {UKERN_SYS_EXT_END, &free_call, "not one of 256 to 1023"},
        {UINT32_MAX, &free_call, "not one of 256 to 1023"},
        {0, &free_call, "not one of 256 to 1023"},
        {NUMBER, &read_call, "read (300): the number is taken"},
        {400, NULL, "name, begin and complete must be set"},
        {400, &no_name, "name, begin and complete must be set"},
        {400, &no_begin, "name, begin and complete must be set"},
        {400, &no_complete, "name, begin and complete must be set"},
        {400, &no_cancel, "cancel is missing"},
    };
    assert_int_equal(ukern_register(400, &free_call), UKERN_EBUSY); /* sealed by boot */
    pending_reset();
    extensions();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        registration.number = bad[i].number;
        registration.c = bad[i].c;
        assert_panics(try_to_register, NULL, bad[i].text);
    }
    assert_int_equal(ukern_register(UKERN_SYS_EXT_FIRST, &free_call), UKERN_OK);
    assert_int_equal(ukern_register(UKERN_SYS_EXT_END - 1, &free_call), UKERN_OK);
    pending_seal();
    uint64_t unknown[] = {42, 255, 301 + 100, 1024, UINT64_MAX, UINT64_C(1) << 32};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_int_equal(world_sys(world_init, unknown[i], &(struct ukern_sysregs){.x = {0}}),
                         UKERN_ENOSYS);
}

/* ---- Begin ---- */

static int begin_result;
static uint64_t begin_word;

static int begin_now(struct ukern_pending *p)
{
    ukern_result(p, begin_word, 8);
    assert_int_equal(ukern_arg(p, 7), 77);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ukern_state(p)[i], 0);
    ukern_state(p)[2] = 9;
    ukern_request(p)->w[3] = 1;
    return begin_result;
}

static int begin_at_once(struct ukern_pending *p)
{
    return begin_now(p);
}

static const struct ukern_completion at_once = {"now", begin_at_once, complete, cancel};

static void test_done_at_once(void **state)
{
    (void)state;
    pair();
    pending_reset();
    extensions();
    ukern_register(310, &at_once);
    pending_seal();
    begin_word = 1234;
    for (int i = 0; i < 2; i++) {
        begin_result = UKERN_DONE;
        assert_int_equal(
            world_sys(caller, 310, &(struct ukern_sysregs){.x = {0, 1, 2, 3, 4, 5, 6, 77}}), 1234);
        assert_int_equal(world_regs(caller)->x[1], 8);
        begin_result = UKERN_EAGAIN;
        assert_int_equal(
            world_sys(caller, 310, &(struct ukern_sysregs){.x = {0, 1, 2, 3, 4, 5, 6, 77}}),
            UKERN_EAGAIN);
        begin_result = 17; /* neither a step nor an error: a mistake of the extension */
        assert_int_equal(
            world_sys(caller, 310, &(struct ukern_sysregs){.x = {0, 1, 2, 3, 4, 5, 6, 77}}),
            UKERN_EINVAL);
    }
    assert_int_equal(cancelled, 0);
}

static void test_target(void **state)
{
    (void)state;
    pair();
    struct {
        uint64_t h;
        int error;
    } bad[] = {
        {99, UKERN_EHANDLE}, {(uint64_t)-1, UKERN_EHANDLE}, {1, UKERN_ETYPE}, {2, UKERN_ERIGHTS}};
    world_give(world_init, UKERN_INIT_ARCHIVE, caller, 0);
    world_give(server, (ukern_handle)port, caller, UKERN_R_NOTIFY);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(world_sys(caller, NUMBER, &(struct ukern_sysregs){.x = {bad[i].h}}),
                         bad[i].error);
    assert_int_equal(cancelled, 0);
}

/* FORWARD has said that begin may have taken something: what follows must undo it. */
static void test_not_sent(void **state)
{
    (void)state;
    pair();
    assert_int_equal(world_sys(caller, READ, &(struct ukern_sysregs){.x = {to, BUFFER, 5, 0, 0}}),
                     UKERN_ETIMEDOUT);
    assert_int_equal(cancelled, 1);
    assert_int_equal(why_cancelled, UKERN_ETIMEDOUT);
    SYS(server, handle_close, port);
    assert_int_equal(world_sys(caller, NUMBER, &(struct ukern_sysregs){.x = {to}}), UKERN_EPEER);
    assert_int_equal(cancelled, 2);
    assert_int_equal(why_cancelled, UKERN_EPEER);
}

/* ---- A log with a listener ---- */

static bool loud;

static int begin_loud(struct ukern_pending *p)
{
    (void)p;
    if (loud)
        ukern_log("begin\n");
    return UKERN_OK;
}

static int complete_loud(struct ukern_pending *p, const struct ukern_msg *reply)
{
    (void)p;
    if (reply->w[0])
        ukern_log("complete\n");
    return UKERN_DONE;
}

/* The short ways notice whom an extension wakes by ukern_log(): 0, 1: an urgent task, in begin, in
 * complete; 2: the server itself, in complete. */
static void test_log(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        pair();
        do_begin = begin_loud;
        do_complete = complete_loud;
        struct task *urgent = world_spawn("urgent");
        struct task *listener = how == 2 ? server : urgent;
        uint64_t p = how == 2 ? port : (uint64_t)SYS(urgent, port_create);
        assert_int_equal(SYS_UNTIL(caller, 0, ipc_call, to, TAG(0)),
                         UKERN_ETIMEDOUT); /* for its ghost */
        uint64_t system =
            (uint64_t)world_give(world_init, UKERN_INIT_SYSTEM, listener, UKERN_R_LOG);
        assert_int_equal(SYS(listener, log_bind, system, p, 1), UKERN_OK);
        SYS_UNTIL(listener, 0, ipc_recv, p); /* what was there before */
        if (how < 2)
            assert_int_equal(SYS(urgent, ipc_recv, p), WORLD_WAITS);
        else /* it waits for something else */
            assert_int_equal(SYS(urgent, ipc_recv, (uint64_t)SYS(urgent, port_create)),
                             WORLD_WAITS);
        assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
        world_priority(urgent, 40);
        SYS(world_init, task_priority, (uint64_t)UKERN_SELF, 1);
        world_run(caller);
        loud = how == 0;
        world_enter(NUMBER, &(struct ukern_sysregs){.x = {to}});
        if (how > 0)
            world_enter(UKERN_SYS_ipc_reply_recv,
                        &(struct ukern_sysregs){
                            {port, TAG(0), 1}, UKERN_FOREVER, world_regs(server)->token});
        log_bind(NULL, 0);
        if (how < 2) {
            assert_ptr_equal(arch_cpu()->current, urgent);
        } else {
            assert_int_equal(server->state, TASK_READY);
            assert_int_equal(world_result(server), UKERN_EV_NOTIFY);
        }
        world_check();
        world_priority(urgent, WORLD_PRIORITY);
        world_priority(world_init, WORLD_PRIORITY);
        world_end();
    }
}

/* ---- Other ends ---- */

static void test_cancel(void **state)
{
    (void)state;
    pair();
    /* Queued, then the deadline. */
    assert_int_equal(
        world_sys(caller, READ, &(struct ukern_sysregs){.x = {to, BUFFER, 5, 0, sim_time + 50}}),
        WORLD_WAITS);
    world_pass(50);
    assert_int_equal(world_result(caller), UKERN_ETIMEDOUT);
    assert_int_equal(why_cancelled, UKERN_ETIMEDOUT);
    assert_int_equal(cancelled, 1);
    /* Held, then the deadline. */
    uint64_t token = park(READ, BUFFER, 5, sim_time + 50);
    world_pass(50);
    assert_int_equal(world_result(caller), UKERN_ETIMEDOUT);
    assert_int_equal(cancelled, 2);
    assert_int_equal(REPLY(token, TAG(0)), UKERN_ESTALE);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_CANCELLED);
    /* Held, then killed. */
    token = park(READ, BUFFER, 5, UKERN_FOREVER);
    task_end(caller, UKERN_EXIT_KILLED, 0, 0);
    assert_int_equal(why_cancelled, UKERN_EKILLED);
    assert_int_equal(cancelled, 3);
    assert_int_equal(REPLY(token, TAG(0)), UKERN_ESTALE);
    /* Held, then the server dies. */
    pair();
    park(READ, BUFFER, 5, UKERN_FOREVER);
    SYS(server, task_exit, 0);
    assert_int_equal(world_result(caller), UKERN_EPEER);
    assert_int_equal(why_cancelled, UKERN_EPEER);
    assert_int_equal(cancelled, 1);
}

static const struct CMUnitTest tests[] = {
    WORLD(test_registration), WORLD(test_done_at_once), WORLD(test_target),
    WORLD(test_not_sent),     WORLD(test_log),          WORLD(test_cancel),
};

PENDING_MAIN(tests)
