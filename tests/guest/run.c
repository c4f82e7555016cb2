/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The runner: each test in a new task, TAP on the console, and a look at what the kernel has left
 * of memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ukern/console.h>
#include <ukern/report.h>

#include "test.h"

#define TEST_MEMORY (UINT64_C(64) << 20)
#define TEST_TIME   (20 * SECOND)
/* What is being taken apart when a test ends is gone by then. */
#define SETTLE_TIME (2 * SECOND)

static struct test *tests, **tests_end = &tests;
static struct role *roles;
static ukern_handle system_right, port;

void test_add(struct test *t)
{
    *tests_end = t;
    tests_end = &t->next;
}

void role_add(struct role *r)
{
    r->next = roles;
    roles = r;
}

/* ---- In a test's own task. ---- */

static int run_test(const char *name)
{
    for (const struct test *t = tests; t; t = t->next) {
        if (strcmp(t->name, name) != 0)
            continue;
        t->run();
        return 0;
    }
    return 2;
}

static int play_role(int argc, char **argv)
{
    for (const struct role *r = roles; r; r = r->next)
        if (strcmp(r->name, argv[0]) == 0)
            return r->play(argc, argv);
    return 2;
}

/* ---- The runner. ---- */

/* Tasks of the image, which init starts and starts again. */
static bool is_known(const struct ukern_task_info *info)
{
    static const char *const names[] = {"init", "console", "phoenix", "guest"};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(info->name, names[i]) == 0)
            return true;
    return false;
}

/* What a test has started and not ended. */
static void kill_others(void)
{
    struct ukern_task_info info;

    for (uint64_t id = 1; task_info(system_right, id, &info) == UKERN_OK; id = info.id + 1) {
        ukern_handle h;

        if (is_known(&info) || info.state == UKERN_TASK_DEAD)
            continue;
        h = task_open(system_right, info.id, UKERN_R_KILL | UKERN_R_WAIT);
        if (h < 0)
            continue;
        task_kill(h, 0);
        task_wait(h, NULL, NULL, clock_now() + SETTLE_TIME);
        handle_close(h);
    }
}

/* In tests of this suite init starts a task again: its kernel objects may then stand in one frame
 * more or less than before. */
static uint64_t slack(const struct test *t)
{
    return strncmp(t->name, "restart_", strlen("restart_")) == 0 ? 2 : 0;
}

static bool same_memory(const struct ukern_system_info *a, const struct ukern_system_info *b,
                        uint64_t frames)
{
    return a->objects == b->objects && a->tasks == b->tasks &&
           a->frames_free - b->frames_free + frames <= 2 * frames;
}

/* Does all memory come back? */
static bool settled(const struct ukern_system_info *before, uint64_t frames)
{
    uint64_t late = clock_now() + SETTLE_TIME;
    struct ukern_system_info now = system_now();

    while (!same_memory(before, &now, frames) && clock_now() < late) {
        clock_sleep(MILLISECOND);
        now = system_now();
    }
    if (same_memory(before, &now, frames))
        return true;
    printf("# not all came back: %lld frames, %lld kernel objects, %lld tasks too many\n",
           (long long)(before->frames_free - now.frames_free),
           (long long)(now.objects - before->objects), (long long)(now.tasks - before->tasks));
    return false;
}

static void comment(void *context, const char *line)
{
    (void)context;
    printf("# %s\n", line);
}

static ukern_handle start_test(const struct test *t)
{
    const char *argv[] = {"test", t->name};
    struct spawn s;

    spawn_init(&s, "test");
    s.program = "guest";
    s.memory = TEST_MEMORY;
    s.stack = 64 * 1024;
    s.priority = 20;
    s.max_priority = 40;
    s.argc = 2;
    s.argv = argv;
    s.supervisor = port;
    s.fd[1] = s.fd[2] = 1;
    spawn_grant(&s, "system", system_right, 0);
    spawn_grant(&s, "archive", task_handle("archive"), 0);
    spawn_grant(&s, "phoenix", task_handle("phoenix"), 0);
    return task_spawn(&s);
}

/* Until the test's end: did it pass? */
static bool watch(ukern_handle task, const struct test *t)
{
    uint64_t late = clock_now() + TEST_TIME;
    struct ukern_event ev;
    struct ukern_msg kill = {UKERN_TAG(UKERN_FAULT_KILL, 0), {0}};

    for (;;) {
        switch (ipc_recv(port, &ev, late)) {
        case UKERN_EV_EXIT:
            return ev.msg.w[0] == 0 && ev.msg.w[1] == UKERN_EXIT_NORMAL;
        case UKERN_EV_FAULT:
            report_fault(task, t->name, "guest", &ev, comment, NULL);
            ipc_reply(ev.token, &kill);
            break;
        case UKERN_ETIMEDOUT:
            printf("# it does not end\n");
            task_kill(task, 0);
            late = UKERN_FOREVER;
            break;
        default:
            break;
        }
    }
}

static bool run_one(const struct test *t)
{
    struct ukern_system_info before = system_now();
    ukern_handle task = start_test(t);
    bool good;

    if (task < 0) {
        printf("# it cannot be started: %s\n", ukern_strerror(task));
        return false;
    }
    good = watch(task, t);
    handle_close(task);
    kill_others();
    return settled(&before, slack(t)) && good;
}

/* `only=NAME,NAME...` among the boot arguments: tests whose names begin so. */
static bool chosen(const struct test *t)
{
    const char *only = strstr(task_bootargs(), "only=");

    if (!only)
        return true;
    only += strlen("only=");
    for (;;) {
        size_t length = strcspn(only, ", ");

        if (strncmp(t->name, only, length) == 0)
            return true;
        if (only[length] != ',')
            return false;
        only += length + 1;
    }
}

/* What a first start leaves behind for all others: the archive is mapped, the console has its
 * buffers. */
static void warm_up(void)
{
    static const struct test none = {"none", "", NULL, NULL};
    ukern_handle task = start_test(&none);

    watch(task, &none);
    handle_close(task);
    clock_sleep(1); /* makes itself a port */
    printf("# %s\n", task_bootargs());
    fflush(stdout);
}

static int run_all(void)
{
    unsigned count = 0, bad = 0, i = 0;

    system_right = task_handle("system");
    port = port_create();
    for (const struct test *t = tests; t; t = t->next)
        count += chosen(t);
    printf("1..%u\n", count);
    fflush(stdout);
    warm_up();
    for (const struct test *t = tests; t; t = t->next) {
        bool good;

        if (!chosen(t))
            continue;
        good = run_one(t);
        bad += !good;
        printf("%sok %u - %s: %s\n", good ? "" : "not ", ++i, t->name, t->sentence);
        fflush(stdout);
    }
    return bad ? 1 : 0;
}

static _Noreturn void power_off(int code)
{
    struct ukern_msg drain = {UKERN_TAG(STREAM_CONTROL, 0), {CONSOLE_DRAIN}};

    ipc_call_until(task_handle("console"), &drain, clock_now() + SECOND);
    system_power(system_right, UKERN_POWER_OFF, code);
    exit(code);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[0], "test") == 0)
        return run_test(argv[1]);
    if (argc > 1 && strcmp(argv[0], "role") == 0)
        return play_role(argc - 1, argv + 1);
    power_off(run_all());
}
