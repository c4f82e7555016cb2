/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: handle tables and the
 * calls that use them */
#include "world.h"

static struct handle_table table;
static const struct handle plain = {.type = UKERN_TYPE_SYSTEM, .rights = UKERN_R_TRANSFER};

static void open_at(int64_t slot)
{
    uint32_t at;
    assert_int_equal(handle_reserve(&table, slot, 1, &at), UKERN_OK);
    handle_open(&table, at, &plain);
    if (slot != UKERN_ANY_SLOT)
        assert_int_equal(at, slot);
}

static void close_all(void)
{
    uint32_t next = 0;
    while (next < HANDLE_MAX) {
        int32_t h = handle_next(&table, next, &next);
        if (h >= 0)
            handle_take(&table, (uint32_t)h);
    }
    handle_table_free(&table);
}

static void start(void)
{
    memset(&table, 0, sizeof table);
    assert_int_equal(handle_table_init(&table, &account_root), UKERN_OK);
}

static void test_lowest_free(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i < HANDLE_FIRST + 2 * HANDLE_PER_PAGE + 5; i++)
        open_at(UKERN_ANY_SLOT);
    for (unsigned i = 0; i < HANDLE_FIRST + 2 * HANDLE_PER_PAGE + 5; i++)
        assert_non_null(handle_get(&table, i));
    handle_take(&table, 200);
    handle_take(&table, 7);
    uint32_t two[2];
    assert_int_equal(handle_reserve(&table, UKERN_ANY_SLOT, 2, two), UKERN_OK);
    assert_true(two[0] == 7 && two[1] == 200);
    open_at(UKERN_ANY_SLOT);
    assert_non_null(handle_get(&table, 7));
    assert_null(handle_get(&table, 200));
    close_all();
}

static void test_bounds(void **state)
{
    (void)state;
    start();
    uint32_t at;
    assert_int_equal(handle_reserve(&table, HANDLE_MAX, 1, &at), UKERN_EINVAL);
    assert_int_equal(handle_reserve(&table, -2, 1, &at), UKERN_EINVAL);
    uint64_t none[] = {0,         31, 32, HANDLE_MAX - 1, HANDLE_MAX, UINT32_MAX, UINT64_C(1) << 32,
                       UINT64_MAX};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_null(handle_get(&table, none[i]));
    open_at(HANDLE_MAX - 1);
    assert_non_null(handle_get(&table, HANDLE_MAX - 1));
    assert_null(handle_get(&table, HANDLE_MAX - 2));
    assert_null(handle_get(&table, (UINT64_C(1) << 32) | (HANDLE_MAX - 1)));
    close_all();
}

/* A page that loses its last handle goes back at once. */
static void test_pages_go_back(void **state)
{
    (void)state;
    start();
    open_at(0);
    uint64_t before = frame_free_count();
    open_at(1000);
    assert_int_equal(before - frame_free_count(), 2); /* directory and page */
    handle_take(&table, 1000);
    assert_int_equal(before - frame_free_count(), 1);
    close_all();
}

/* Room that was made and then not used is given back with the table. */
static void test_reserved_and_not_used(void **state)
{
    (void)state;
    start();
    uint32_t at;
    assert_int_equal(handle_reserve(&table, 5000, 1, &at), UKERN_OK);
    assert_int_equal(handle_reserve(&table, 9000, 1, &at), UKERN_OK);
    handle_table_free(&table);
}

/* Each allocation that a table makes may fail. */
static void test_no_memory(void **state)
{
    (void)state;
    start();
    uint32_t two[2];
    for (unsigned i = 0; i < HANDLE_FIRST - 1; i++)
        open_at(UKERN_ANY_SLOT);
    for (uint64_t k = 1; k <= 2; k++) {
        frame_fail_after = k; /* the directory, the page */
        assert_int_equal(handle_reserve(&table, UKERN_ANY_SLOT, 2, two), UKERN_ENOMEM);
        assert_int_equal(table.used, HANDLE_FIRST - 1);
    }
    frame_fail_after = 0;
    assert_int_equal(handle_reserve(&table, UKERN_ANY_SLOT, 2, two), UKERN_OK);
    assert_true(two[0] == HANDLE_FIRST - 1 && two[1] == HANDLE_FIRST);
    close_all();
}

static void test_find(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t p = (uint64_t)SYS(i, port_create), s = (uint64_t)SYS(i, shm_create, 4096, 0);
    struct handle *h;
    assert_int_equal(handle_find(&i->handles, p, UKERN_TYPE_PORT, UKERN_R_RECV, &h), UKERN_OK);
    assert_int_equal(handle_find(&i->handles, 100, UKERN_TYPE_PORT, 0, &h), UKERN_EHANDLE);
    assert_int_equal(handle_find(&i->handles, s, UKERN_TYPE_PORT, 0, &h), UKERN_ETYPE);
    assert_int_equal(
        handle_find(&i->handles, p, UKERN_TYPE_PORT, UKERN_R_RECV | UKERN_R_MANAGE, &h),
        UKERN_ERIGHTS);
    uint64_t copy = (uint64_t)SYS(i, handle_dup, s, 0, (uint64_t)-1);
    assert_int_equal(SYS(i, shm_revoke, s), UKERN_OK);
    assert_int_equal(handle_find(&i->handles, s, UKERN_TYPE_SHM, UKERN_R_READ, &h), UKERN_OK);
    assert_int_equal(handle_find(&i->handles, copy, UKERN_TYPE_SHM, 0, &h), UKERN_EREVOKED);
    assert_int_equal(SYS(i, shm_destroy, s), UKERN_OK);
    assert_int_equal(handle_find(&i->handles, s, UKERN_TYPE_SHM, 0, &h), UKERN_EREVOKED);
}

static void test_dup(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t p = (uint64_t)SYS(i, port_create);
    int64_t d = SYS(i, handle_dup, p, UKERN_R_CALL | UKERN_R_TRANSFER, 10);
    assert_int_equal(d, 10);
    assert_int_equal(SYS(i, handle_info, 10), UKERN_TYPE_PORT);
    assert_int_equal(world_regs(i)->x[1], UKERN_R_CALL | UKERN_R_TRANSFER);
    assert_int_equal(SYS(i, handle_dup, 10, UKERN_R_RECV, (uint64_t)-1), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, handle_dup, 10, 0, 10), 10); /* on itself */
    assert_int_equal(SYS(i, handle_dup, 10, UKERN_R_RECV, 10), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, handle_dup, p, UKERN_R_CALL, 11), 11);
    assert_int_equal(SYS(i, handle_dup, 11, 0, (uint64_t)-1), UKERN_ERIGHTS); /* not transferable */
    assert_int_equal(SYS(i, handle_dup, p, 0, 11), 11); /* closes what was there */
    assert_int_equal(SYS(i, handle_dup, p, 0, HANDLE_MAX), UKERN_EINVAL);
    assert_int_equal(SYS(i, handle_dup, 77, 0, (uint64_t)-1), UKERN_EHANDLE);
    struct task *t = world_spawn("far"); /* init would keep the directory page */
    uint64_t there = (uint64_t)world_give(i, (ukern_handle)p, t, 0);
    assert_int_equal(SYS(t, handle_dup, there, 0, 4000), 4000);
    assert_int_equal(SYS(t, handle_dup, there, 0, 4000),
                     4000); /* the page is emptied and made again */
    world_check();
}

static void test_mint(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t p = (uint64_t)SYS(i, port_create);
    int64_t c = SYS(i, handle_mint, p, UKERN_R_CALL | UKERN_R_TRANSFER, 0xbad9e);
    assert_true(c >= 0);
    assert_int_equal(SYS(i, handle_info, (uint64_t)c), UKERN_TYPE_PORT);
    assert_int_equal(world_regs(i)->x[2], 0xbad9e);
    assert_int_equal(SYS(i, handle_mint, p, UKERN_R_RECV, 1), UKERN_EINVAL);
    assert_int_equal(SYS(i, handle_mint, p, UKERN_R_MINT, 1), UKERN_EINVAL);
    assert_int_equal(SYS(i, handle_mint, (uint64_t)c, UKERN_R_CALL, 1), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, handle_mint, UKERN_INIT_SYSTEM, UKERN_R_CALL, 1), UKERN_ETYPE);
    assert_int_equal(SYS(i, handle_mint, 99, UKERN_R_CALL, 1), UKERN_EHANDLE);
    assert_int_equal(SYS(i, handle_dup, p, UKERN_R_MINT | UKERN_R_TRANSFER, 12), 12);
    assert_int_equal(SYS(i, handle_mint, 12, UKERN_R_NOTIFY, 1), UKERN_ERIGHTS);
    world_check();
}

/* A handle in the table of a task that one manages. */
static void test_grant(void **state)
{
    (void)state;
    struct task *i = world_init, *t = world_spawn("child");
    uint64_t p = (uint64_t)SYS(i, port_create), child = (uint64_t)world_handle(t);
    assert_int_equal(SYS(i, handle_grant, child, p, UKERN_R_CALL, (uint64_t)-1), 0);
    assert_int_equal(SYS(i, handle_grant, child, p, 0, 40), 40);
    assert_int_equal(SYS(t, handle_info, 0), UKERN_TYPE_PORT);
    assert_int_equal(world_regs(t)->x[1], UKERN_R_CALL);
    assert_int_equal(SYS(i, handle_grant, child, p, UKERN_R_POWER, (uint64_t)-1), UKERN_ERIGHTS);
    assert_int_equal(SYS(i, handle_grant, child, 99, 0, (uint64_t)-1), UKERN_EHANDLE);
    assert_int_equal(SYS(i, handle_grant, p, p, 0, (uint64_t)-1), UKERN_ETYPE);
    assert_int_equal(SYS(i, handle_grant, child, p, 0, HANDLE_MAX), UKERN_EINVAL);
    frame_fail_after = 1;
    assert_int_equal(SYS(i, handle_grant, child, p, 0, 3000), UKERN_ETABLE);
    frame_fail_after = 0;
    world_check();
    assert_int_equal(SYS(i, task_kill, child, 0), UKERN_OK);
    assert_int_equal(SYS(i, handle_grant, child, p, 0, (uint64_t)-1), UKERN_EPEER);
}

/* The right to receive is taken from a task by putting another handle in its place: it is a client
 * like any other then. */
static void test_right_to_receive_replaced(void **state)
{
    (void)state;
    struct task *i = world_init;
    for (unsigned served = 0; served < 2; served++) {
        struct task *t = world_spawn("server");
        uint64_t p = (uint64_t)SYS(i, port_create), there = (uint64_t)world_handle(t), h, other;
        h = (uint64_t)SYS(i, handle_grant, there, p, 0, (uint64_t)-1);
        other = (uint64_t)SYS(i, handle_grant, there, p, UKERN_R_CALL, (uint64_t)-1);
        if (served)
            assert_int_equal(SYS_UNTIL(t, 0, ipc_recv, h), UKERN_ETIMEDOUT);
        assert_int_equal(SYS(t, ipc_call, other, 0), UKERN_EDEADLK);
        assert_int_equal(SYS(i, handle_grant, there, p, UKERN_R_CALL, h), h);
        world_check();
        assert_int_equal(SYS(t, ipc_call, other, 0), WORLD_WAITS);
        assert_int_equal(SYS(i, ipc_recv, p), UKERN_EV_MESSAGE);
        assert_int_equal(SYS_TOKEN(i, world_regs(i)->token, 0, ipc_reply, 0, 0), UKERN_OK);
        assert_int_equal(world_result(t), UKERN_OK);
    }
}

static const struct CMUnitTest tests[] = {
    UNIT(test_lowest_free),   UNIT(test_bounds),
    UNIT(test_pages_go_back), UNIT(test_reserved_and_not_used),
    UNIT(test_no_memory),     WORLD(test_find),
    WORLD(test_dup),          WORLD(test_mint),
    WORLD(test_grant),        WORLD(test_right_to_receive_replaced),
};

WORLD_MAIN(tests)
