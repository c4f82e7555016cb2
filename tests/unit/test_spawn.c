/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: task_spawn and the
 * loader */
#include "spawn.h"
#include "world.h"

#define AT     WORLD_MEMORY
#define GRANTS (WORLD_MEMORY + 512)
#define ARGS   (WORLD_MEMORY + 4096)

static struct ukern_spawn a;
static struct ukern_grant grant[4];

static void usual(void)
{
    a = (struct ukern_spawn){
        .image = UKERN_INIT_ARCHIVE,
        .image_offset = world_program,
        .image_size = world_program_size,
        .memory = 1 << 20,
        .stack = WORLD_STACK,
        .priority = 15,
        .max_priority = 40,
        .supervisor = -1,
        .args = ARGS,
        .grants = GRANTS,
        .name = "child",
    };
    memset(grant, 0, sizeof grant);
}

static int64_t spawn(struct task *t)
{
    assert_int_equal(aspace_copy_out(t->aspace, AT, &a, sizeof a), UKERN_OK);
    assert_int_equal(aspace_copy_out(t->aspace, GRANTS, grant, sizeof grant), UKERN_OK);
    return SYS(t, task_spawn, AT);
}

static struct task *child(int64_t h)
{
    assert_true(h >= 0);
    return handle_get(&world_init->handles, (uint64_t)h)->object;
}

static void test_what_it_is_born_with(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t p = (uint64_t)SYS(i, port_create);
    usual();
    memcpy(world_user(i, ARGS), "arguments", 10);
    a.args_size = 10;
    a.supervisor = (ukern_handle)p;
    a.supervisor_badge = 77;
    a.grant_count = 3;
    grant[0] = (struct ukern_grant){.handle = (ukern_handle)p, .rights = UKERN_R_CALL, .slot = 5};
    grant[1] = (struct ukern_grant){.handle = UKERN_INIT_DTB, .slot = -1};
    grant[2] =
        (struct ukern_grant){.handle = UKERN_INIT_SYSTEM, .rights = UKERN_R_LOG, .slot = 100};
    struct task *t = child(spawn(i));
    assert_int_equal(t->base_priority, 15);
    assert_int_equal(t->max_priority, 40);
    assert_string_equal(t->name, "child");
    assert_int_equal(t->account->limit, 1 << 20);
    assert_int_equal(t->context.pc, IMAGE_ENTRY);
    assert_int_equal(t->context.sp % 16, 0);
    assert_int_equal(t->context.argument[0], t->context.sp);
    assert_int_equal(t->context.argument[1], 10);
    assert_string_equal(world_user(t, t->context.argument[0]), "arguments");
    assert_int_equal(t->handles.used, 3);
    assert_int_equal(handle_get(&t->handles, 5)->rights, UKERN_R_CALL);
    assert_int_equal(handle_get(&t->handles, 0)->type, UKERN_TYPE_SHM);
    assert_int_equal(handle_get(&t->handles, 100)->rights, UKERN_R_LOG);
    assert_non_null(t->supervisor);
    /* Code is not writable, data not executable; what the file does not have is zero. */
    assert_true(aspace_user(t->aspace, IMAGE_TEXT, UKERN_PROT_EXEC) &&
                !aspace_user(t->aspace, IMAGE_TEXT, UKERN_PROT_WRITE));
    assert_true(aspace_user(t->aspace, IMAGE_DATA, UKERN_PROT_WRITE) &&
                !aspace_user(t->aspace, IMAGE_DATA, UKERN_PROT_EXEC));
    assert_true(!aspace_user(t->aspace, STACK_TOP - 1, UKERN_PROT_EXEC));
    for (uint64_t k = 64; k < 8192; k++)
        assert_int_equal(*(char *)world_user(t, IMAGE_DATA + k), 0);
    for (uint64_t k = STACK_TOP - WORLD_STACK; k < t->context.sp; k++)
        assert_int_equal(*(char *)world_user(t, k), 0);
    assert_null(world_user(t, STACK_TOP - WORLD_STACK - 1)); /* an overflow faults */
    assert_null(world_user(t, STACK_TOP));
    world_check();
    SYS(i, task_priority, (uint64_t)UKERN_SELF, 10);
    assert_ptr_equal(arch_cpu()->current, t);
    assert_true(world_player(t)->resumed == 0);
    world_priority(i, WORLD_PRIORITY);
}

/* Nothing may be left of a child that was not born. */
static void refused(int error)
{
    uint64_t frames = frame_free_count(), objects = slab_count(), tasks = task_count;
    assert_int_equal(spawn(world_init), error);
    for (int i = 0; task_count > tasks && i < 200; i++)
        SYS(world_init, task_yield);
    assert_int_equal(task_count, tasks);
    assert_int_equal(slab_count(), objects);
    assert_int_equal(frame_free_count(), frames);
    world_check();
    usual();
}

static void test_bad_arguments(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t s = (uint64_t)SYS(i, shm_create, PAGE_SIZE, 0), p = (uint64_t)SYS(i, port_create);
    uint64_t d = (uint64_t)SYS(i, shm_device, UKERN_INIT_SYSTEM, SIM_DEVICE_BASE, PAGE_SIZE);
    uint64_t gone = (uint64_t)SYS(i, shm_create, PAGE_SIZE, 0);
    uint64_t bad[] = {0, STACK_TOP - 8, UINT64_MAX, USER_HIGH, IMAGE_DATA + 8192 - 8};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        assert_int_equal(SYS(i, task_spawn, bad[k]), UKERN_EFAULT);
    SYS(i, shm_destroy, gone);
    usual();
    spawn(i); /* the first one may make a page of task slots */
    world_end();
    s = (uint64_t)SYS(i, shm_create, PAGE_SIZE, 0);
    p = (uint64_t)SYS(i, port_create);
    d = (uint64_t)SYS(i, shm_device, UKERN_INIT_SYSTEM, SIM_DEVICE_BASE, PAGE_SIZE);
    gone = (uint64_t)SYS(i, shm_create, PAGE_SIZE, 0);
    SYS(i, shm_destroy, gone);

    usual();
    memset(a.name, 'x', sizeof a.name);
    refused(UKERN_EINVAL);
    a.reserved = 1;
    refused(UKERN_EINVAL);
    a.priority = 41;
    refused(UKERN_EINVAL);
    a.priority = a.max_priority = 64;
    refused(UKERN_ERIGHTS);
    a.grant_count = UKERN_GRANTS_MAX + 1;
    refused(UKERN_EINVAL);
    a.args_size = UKERN_ARGS_MAX + 1;
    refused(UKERN_EINVAL);
    a.stack = 0;
    refused(UKERN_EINVAL);
    a.stack = a.memory + 1;
    refused(UKERN_ENOMEM);
    a.stack = UINT64_MAX;
    refused(UKERN_ENOMEM);
    a.memory = UINT64_MAX;
    refused(UKERN_ENOMEM);
    a.memory = UINT64_C(1) << 40;
    refused(UKERN_ENOMEM);
    a.memory = UINT64_C(1) << 40, a.stack = UINT64_C(1) << 39;
    refused(UKERN_ENOMEM);
    a.image = (ukern_handle)p;
    refused(UKERN_ETYPE);
    a.image = 99;
    refused(UKERN_EHANDLE);
    a.image = (ukern_handle)d;
    refused(UKERN_EINVAL);
    a.image = (ukern_handle)gone;
    refused(UKERN_EREVOKED);
    a.image = (ukern_handle)s;
    a.image_offset = 0;
    a.image_size = PAGE_SIZE;
    refused(UKERN_ENOEXEC);
    a.image_offset = world_text;
    refused(UKERN_ENOEXEC);
    a.image_size = UINT64_MAX;
    refused(UKERN_EINVAL);
    a.image_offset = UINT64_MAX;
    refused(UKERN_EINVAL);
    a.args_size = 10, a.args = STACK_TOP - 5;
    refused(UKERN_EFAULT);
    a.args_size = 10, a.args = UINT64_MAX - 4;
    refused(UKERN_EFAULT);
    a.stack = 4096, a.args_size = UKERN_ARGS_MAX;
    assert_true(spawn(i) >= 0); /* just fits */
}

static uint32_t granted, most;

/* At each point where an interrupt would be taken. */
static void watch_grants(void)
{
    for (uint64_t id = 1; id < WORLD_IDS; id++) {
        const struct task *t = task_by_slot(id);
        if (t && t->state == TASK_LOADING) {
            most = (uint32_t)max_u64(most, t->handles.used - granted);
            granted = t->handles.used;
        }
    }
}

/* Handles far from each other, each of which needs a page: they are given a few at a time. */
static void test_many_grants(void **state)
{
    (void)state;
    static struct ukern_grant many[UKERN_GRANTS_MAX];
    struct task *i = world_init;
    usual();
    a.grant_count = UKERN_GRANTS_MAX;
    for (unsigned k = 0; k < UKERN_GRANTS_MAX; k++)
        many[k] = (struct ukern_grant){.handle = UKERN_INIT_DTB,
                                       .slot = (int32_t)(200 + k * HANDLE_PER_PAGE)};
    assert_int_equal(aspace_copy_out(i->aspace, AT, &a, sizeof a), UKERN_OK);
    assert_int_equal(aspace_copy_out(i->aspace, GRANTS, many, sizeof many), UKERN_OK);
    granted = most = 0;
    sim_irq_hook = watch_grants;
    struct task *t = child(SYS(i, task_spawn, AT));
    sim_irq_hook = NULL;
    assert_int_equal(t->handles.used, UKERN_GRANTS_MAX);
    assert_true(granted >= UKERN_GRANTS_MAX - 8 && most <= 8);
}

static void test_bad_grants(void **state)
{
    (void)state;
    struct task *i = world_init;
    uint64_t p = (uint64_t)SYS(i, port_create);
    assert_int_equal(SYS(i, handle_dup, p, UKERN_R_CALL, 30), 30);
    usual();
    spawn(i);
    usual();
    a.grant_count = 1, a.grants = STACK_TOP - 8;
    refused(UKERN_EFAULT);
    a.grant_count = 1, a.grants = 0;
    refused(UKERN_EFAULT);
    a.grant_count = 64, a.grants = UINT64_MAX - 100;
    refused(UKERN_EFAULT);
    a.grant_count = 2;
    grant[0] = grant[1] = (struct ukern_grant){.handle = (ukern_handle)p, .slot = 4};
    refused(UKERN_EEXIST);
    a.grant_count = 1;
    grant[0] = (struct ukern_grant){.handle = 99, .slot = -1};
    refused(UKERN_EHANDLE);
    a.grant_count = 1;
    grant[0] = (struct ukern_grant){.handle = (ukern_handle)p, .slot = -1, .reserved = 1};
    refused(UKERN_EINVAL);
    a.grant_count = 1;
    grant[0] = (struct ukern_grant){.handle = 30, .slot = -1}; /* not transferable */
    refused(UKERN_ERIGHTS);
    a.grant_count = 1;
    grant[0] = (struct ukern_grant){.handle = (ukern_handle)p, .rights = UKERN_R_POWER, .slot = -1};
    refused(UKERN_ERIGHTS);
    a.grant_count = 1;
    grant[0] = (struct ukern_grant){.handle = (ukern_handle)p, .slot = HANDLE_MAX};
    refused(UKERN_EINVAL);
    a.grant_count = 1;
    grant[0] = (struct ukern_grant){.handle = (ukern_handle)p, .slot = -2};
    refused(UKERN_EINVAL);
    a.supervisor = 30;
    refused(UKERN_ERIGHTS);
    a.supervisor = 98;
    refused(UKERN_EHANDLE);
    a.supervisor = UKERN_INIT_DTB;
    refused(UKERN_ETYPE);
}

/* Every allocation fails once, and every quota up to one that is enough. */
static void test_no_memory(void **state)
{
    (void)state;
    struct task *i = world_init;
    bool born = false;
    usual();
    a.grant_count = 1;
    grant[0] = (struct ukern_grant){.handle = UKERN_INIT_DTB, .slot = 200};
    struct ukern_spawn all = a;
    struct ukern_grant far = grant[0];
    spawn(i);
    for (uint64_t k = 1; !born; k++) {
        uint64_t objects = slab_count();
        a = all;
        grant[0] = far;
        world_run(i);
        frame_fail_after = k;
        int64_t rc = spawn(i);
        born = frame_fail_after != 0;
        frame_fail_after = 0;
        assert_true(born ? rc >= 0 : rc == UKERN_ENOMEM);
        if (born)
            break;
        for (int n = 0; n < 100; n++)
            SYS(i, task_yield);
        assert_int_equal(slab_count(), objects);
        world_check();
    }
    born = false;
    for (uint64_t memory = WORLD_STACK; !born; memory += 700) {
        a = all;
        grant[0] = far;
        a.memory = memory;
        int64_t rc = spawn(i);
        born = rc >= 0;
        assert_true(born || rc == UKERN_ENOMEM);
        world_check();
    }
}

/* ---- Interrupted, and then the spawner or the file goes ---- */

static unsigned points, stop_at;

static void interrupt_at_point(void)
{
    if (++points == stop_at)
        sim_raise_irq(7);
}

static void interrupted(unsigned n, unsigned what)
{
    struct task *i = world_init,
                *t = world_spawn_with("spawner", &(struct world_spawn){.memory = 4 << 20});
    uint64_t notified = (uint64_t)SYS(i, port_create),
             irq = (uint64_t)SYS(i, irq_open, UKERN_INIT_SYSTEM, 7);
    SYS(i, irq_bind, irq, notified, 1);
    /* The file in memory of its own. */
    uint64_t s = (uint64_t)SYS(i, shm_create, 3 * PAGE_SIZE, 0);
    uint64_t window = (uint64_t)SYS(i, shm_map, s, (uint64_t)UKERN_SELF, 0, 0, 0, 3);
    uint64_t file = (uint64_t)SYS(i, shm_map, UKERN_INIT_ARCHIVE, (uint64_t)UKERN_SELF, 0, 0, 0, 1);
    for (uint64_t k = 0; k < world_program_size; k++)
        *(char *)world_user(i, window + k) = *(char *)world_user(i, file + world_program + k);
    usual();
    a.image = world_give(i, (ukern_handle)s, t, 0);
    a.image_offset = 0;
    a.priority = a.max_priority = 10;
    aspace_copy_out(t->aspace, AT, &a, sizeof a);
    world_priority(i, 50);
    assert_int_equal(SYS(i, notify_wait, notified, 1), WORLD_WAITS);
    points = 0;
    stop_at = n;
    sim_irq_hook = interrupt_at_point;
    int64_t rc = SYS(t, task_spawn, AT);
    sim_irq_hook = NULL;
    if (rc == WORLD_WAITS) {
        assert_ptr_equal(arch_cpu()->current, i);
        bool under_way = t->operation != NULL;
        world_check();
        if (what == 1)
            SYS(i, task_kill, (uint64_t)world_handle(t), 0);
        if (what == 2)
            assert_int_equal(SYS(i, shm_destroy, s), UKERN_OK);
        world_check();
        world_priority(i, WORLD_PRIORITY);
        if (what == 0)
            assert_true(world_result(t) >= 0);
        if (what == 2 && under_way)
            assert_int_equal(world_result(t), UKERN_EREVOKED);
    }
    world_priority(i, WORLD_PRIORITY);
    if (arch_cpu()->current == i)
        SYS(i, task_yield);
    world_check();
    world_end();
    world_check();
}

static void test_interrupted(void **state)
{
    (void)state;
    for (unsigned n = 1; n < 16; n++)
        for (unsigned what = 0; what < 3; what++)
            interrupted(n, what);
}

static const struct CMUnitTest tests[] = {
    WORLD(test_what_it_is_born_with), WORLD(test_bad_arguments), WORLD(test_bad_grants),
    WORLD(test_many_grants),          WORLD(test_no_memory),     WORLD(test_interrupted),
};

WORLD_MAIN(tests)
