/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: the world */
#include "boot.h"
#include "world.h"

/* What init is born with. */
static void test_init(void **state)
{
    (void)state;
    assert_int_equal(SYS(world_init, task_self), 1);
    assert_string_equal(world_init->name, "init");
    assert_int_equal(SYS(world_init, handle_info, UKERN_INIT_SYSTEM), UKERN_TYPE_SYSTEM);
    assert_int_equal(world_regs(world_init)->x[1], UKERN_R_TRANSFER | UKERN_R_INSPECT |
                                                       UKERN_R_KILL | UKERN_R_DEVICE | UKERN_R_LOG |
                                                       UKERN_R_POWER);
    assert_int_equal(SYS(world_init, shm_info, UKERN_INIT_ARCHIVE), UKERN_OK);
    assert_int_equal(world_regs(world_init)->x[2], UKERN_SHM_BOOT);
    assert_int_equal(SYS(world_init, shm_info, UKERN_INIT_DTB), UKERN_OK);
    assert_int_equal(world_regs(world_init)->x[1], PAGE_SIZE);
}

static void test_arguments(void **state)
{
    (void)state;
    uint64_t at = world_init->context.argument[0];
    assert_int_equal(world_init->context.argument[1], 6);
    assert_string_equal(world_user(world_init, at), "quiet");
    assert_int_equal(world_init->context.pc, IMAGE_ENTRY);
    assert_int_equal(world_init->context.sp, at);
    assert_memory_equal(world_user(world_init, IMAGE_TEXT), "\177ELF", 4);
    assert_int_equal(*(char *)world_user(world_init, IMAGE_DATA + 63), 'd');
    assert_int_equal(*(char *)world_user(world_init, IMAGE_DATA + 64), 0);
}

static void test_spawn(void **state)
{
    (void)state;
    struct task *t = world_spawn("one");
    assert_non_null(t);
    assert_int_equal(SYS(t, task_self), task_id(t));
    world_check();
    assert_int_equal(SYS(world_init, task_kill, (uint64_t)world_handle(t), 3), UKERN_OK);
    world_check();
}

static void init_exits(void *arg)
{
    (void)arg;
    SYS(world_init, task_exit, 7);
}

static void init_faults(void *arg)
{
    (void)arg;
    world_run(world_init);
    world_fault(UKERN_FAULT_WRITE, 0x18);
}

static void init_is_killed(void *arg)
{
    (void)arg;
    SYS(world_init, task_kill,
        (uint64_t)SYS(world_init, task_open, UKERN_INIT_SYSTEM, 1, UKERN_R_KILL), 9);
}

/* Nobody would hear of the end of init but the console. */
static void test_init_ends(void **state)
{
    (void)state;
    assert_string_equal(unit_panic(init_exits, NULL),
                        "ukern: init has ended (code 7): the system stops\r\n");
    assert_string_equal(unit_panic(init_is_killed, NULL),
                        "ukern: init has ended (killed with code 9): the system stops\r\n");
    assert_non_null(strstr(unit_panic(init_faults, NULL), "ukern: init has ended (fault at 0x"));
    assert_non_null(strstr(unit_panic(init_faults, NULL), ", address 0x18): the system stops"));
}

static const struct CMUnitTest tests[] = {
    WORLD(test_init),
    WORLD(test_arguments),
    WORLD(test_spawn),
    WORLD(test_init_ends),
};

WORLD_MAIN(tests)
