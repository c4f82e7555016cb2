/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: the world */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "entry.h"
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

/* ---- Images that cannot start: each boots in a process of its own ---- */

enum bad_image { NO_INIT, NO_PROGRAM, MALFORMED, EMPTY, TRUNCATED, NO_MEMORY, IMAGES };

static struct {
    char text[400];
    int status;
} ends[IMAGES];

static uint64_t bad_archive(enum bad_image bad)
{
    static char program[8192];
    struct image i = {.to = arch_phys_to_virt(SIM_RAM_BASE)};
    size_t size = image_program(program);
    if (bad == EMPTY)
        return 0;
    image_add(&i, "first", "1", 1);
    if (bad == MALFORMED)
        memset(i.to, 0, 6);
    if (bad == NO_PROGRAM)
        image_add(&i, "init", "#!/bin/sh\n", 10);
    else if (bad != NO_INIT)
        image_add(&i, "init", program, size);
    image_end(&i);
    return bad == TRUNCATED ? i.size - 1000 : i.size;
}

static _Noreturn void boot(enum bad_image bad)
{
    sim_reset(bad == NO_MEMORY ? WORLD_BOOT + 24 * PAGE_SIZE : UNIT_RAM, WORLD_BOOT);
    struct boot_info info = {
        .archive = SIM_RAM_BASE, .archive_size = bad_archive(bad), .arguments = ""};
    kernel_main(&info);
    _exit(0);
}

static void try_image(enum bad_image bad)
{
    int out[2];
    size_t n = 0;
    ssize_t got;
    if (pipe(out))
        return;
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], STDERR_FILENO);
        boot(bad);
    }
    close(out[1]);
    while ((got = read(out[0], ends[bad].text + n, sizeof ends[bad].text - 1 - n)) > 0)
        n += (size_t)got;
    close(out[0]);
    waitpid(child, &ends[bad].status, 0);
}

static void test_bad_images(void **state)
{
    (void)state;
    const char *texts[] = {
        [NO_INIT] = "ukern: cannot start: init: the archive has no program of this name",
        [NO_PROGRAM] = "ukern: cannot start: init: the file is too short for an ELF program",
        [MALFORMED] = "ukern: cannot start: archive: malformed",
        [EMPTY] = "ukern: cannot start: init: the archive has no program of this name",
        [TRUNCATED] = "ukern: cannot start: archive: malformed",
        [NO_MEMORY] = "ukern: cannot start: init: not enough memory",
    };
    for (int i = 0; i < IMAGES; i++) {
        if (!strstr(ends[i].text, texts[i]))
            fail_msg("image %d: it says: %s", i, ends[i].text);
        assert_true(WIFSIGNALED(ends[i].status) &&
                    WTERMSIG(ends[i].status) == SIGABRT); /* power off, code 1 */
    }
}

static const struct CMUnitTest tests[] = {
    WORLD(test_init),       WORLD(test_arguments), WORLD(test_spawn),
    WORLD(test_bad_images), WORLD(test_init_ends),
};

int main(void)
{
    for (int i = 0; i < IMAGES; i++)
        try_image((enum bad_image)i);
    unit_machine();
    world_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
