/* SPDX-License-Identifier: BSD-2-Clause */
/* How tasks begin, share the CPU and end. */
#include <string.h>

#include "test.h"

/* ---- Begin and end. ---- */

/* Ends with argv[1]. */
ROLE(exiter)
{
    return (int)argument(argc, argv, 1);
}

TEST(task_exit_codes, "an exit code arrives as it was given, negative ones, too")
{
    static const int codes[] = {0, 1, 255, 256, -1, -128, INT32_MAX, INT32_MIN};

    for (unsigned i = 0; i < sizeof codes / sizeof codes[0]; i++)
        EQUAL(finish(play_number("exiter", -1, (uint32_t)codes[i])), codes[i]);
}

TEST(task_wait_many, "all who wait for an end hear of it, and those who ask later")
{
    ukern_handle port = HANDLE(port_create()), task = play("receiver", port), waiter[5];
    int code, reason;

    for (int i = 0; i < 5; i++) {
        waiter[i] = play("waiter", task);
        await_state(waiter[i], UKERN_TASK_WAIT);
    }
    OK(task_kill(task, 77));
    for (int i = 0; i < 5; i++)
        EQUAL(finish(waiter[i]), UKERN_OK);
    OK(task_wait(task, &code, &reason, 0));
    EQUAL(code, 77);
    EQUAL(reason, UKERN_EXIT_KILLED);
    OK(task_kill(task, 78));
    OK(task_wait(task, &code, &reason, 0));
    EQUAL(code, 77);
}

TEST(task_dead, "what is done to a dead task says EPEER; its info stays")
{
    ukern_handle task = play_number("exiter", -1, 5), shm = HANDLE(shm_create(1, UKERN_SHM_NORMAL));
    struct ukern_task_info info;
    struct ukern_regs regs;
    uint64_t at;
    char byte;

    OK(task_wait(task, NULL, NULL, SOON));
    EQUAL(task_read(task, 0x200000, &byte, 1), UKERN_EPEER);
    EQUAL(task_regs(task, &regs), UKERN_EPEER);
    EQUAL(task_priority(task, 1), UKERN_EPEER);
    EQUAL(handle_grant(task, shm, 0, -1), UKERN_EPEER);
    EQUAL(shm_map_in(task, shm, 0, 0, UKERN_PROT_READ, 0, &at), UKERN_EPEER);
    info = info_of(task);
    EQUAL(info.state, UKERN_TASK_DEAD);
    EQUAL(info.exit_code, 5);
    EQUAL(info.exit_reason, UKERN_EXIT_NORMAL);
    EQUAL(info.handles, 0);
    EQUAL(info.memory_used, 0);
    EQUAL(strcmp(info.name, "exiter"), 0);
}

TEST(task_kill_itself, "a task can kill itself")
{
    ukern_handle task = play("suicide", HANDLE(port_create()));
    int code, reason;

    EQUAL(handle_grant(task, task, UKERN_R_KILL, OWN_HANDLE), OWN_HANDLE);
    OK(task_wait(task, &code, &reason, SOON));
    EQUAL(code, 33);
    EQUAL(reason, UKERN_EXIT_KILLED);
}

ROLE(suicide)
{
    while (handle_info(OWN_HANDLE, NULL, NULL) < 0)
        task_yield();
    task_kill(OWN_HANDLE, 33);
    return 0;
}

/* What a task is doing when it is killed: argv[1]. */
ROLE(victim)
{
    ukern_handle port = given("port");
    struct ukern_msg m = message(1, 0);
    struct ukern_event ev;
    uint64_t bits;
    void *at;

    switch (argument(argc, argv, 1)) {
    case 0:
        for (;;)
            ;
    case 1:
        return ipc_call(port, &m);
    case 2:
        return ipc_send(port, &m, UKERN_FOREVER);
    case 3:
        return ipc_recv(HANDLE(port_create()), &ev, UKERN_FOREVER);
    case 4:
        return notify_wait(HANDLE(port_create()), 1, &bits, UKERN_FOREVER);
    case 5:
        for (;;)
            if (mem_map(1 << 20, &at) == UKERN_OK)
                shm_unmap(at);
    case 6:
        for (;;) {
            ukern_handle h = shm_create(1 << 20, UKERN_SHM_NORMAL);
            shm_destroy(h);
            handle_close(h);
        }
    case 7:
        for (;;) {
            struct child c;
            child_init(&c, "exiter");
            child_number(&c, 0);
            c.spawn.memory = 512 << 10;
            handle_close(task_spawn(&c.spawn));
        }
    default:
        for (;;)
            task_yield();
    }
}

TEST(task_kill_anywhere,
     "a task is killed at any time in anything that it does, and all comes back")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1);

    for (uint64_t what = 0; what < 9; what++)
        for (uint64_t when = 0; when < 7; when++) {
            ukern_handle task;
            struct child child;
            child_init(&child, "victim");
            child.spawn.memory = 8 << 20;
            child_give(&child, "port", c);
            child_give(&child, "archive", given("archive"));
            child_number(&child, what);
            task = child_start(&child);
            clock_sleep(when * when * 100000);
            destroy(task);
        }
    expect_nothing(port);
}

/* ---- Spawning. ---- */

TEST(task_spawn_arguments, "task_spawn refuses what is malformed, and says why")
{
    struct ukern_spawn good, s;
    struct ukern_grant grant = {.handle = 12345, .slot = -1};
    ukern_handle weak = HANDLE(handle_mint(HANDLE(port_create()), UKERN_R_CALL, 1));
    uint64_t past_end;

    OK(program_find("big", &good));
    good.memory = 20 << 20;
#define REFUSED(member, value, error)                                                              \
    do {                                                                                           \
        s = good;                                                                                  \
        s.member = (value);                                                                        \
        EQUAL(task_spawn_raw(&s), error);                                                          \
    } while (0)
    REFUSED(image, 12345, UKERN_EHANDLE);
    REFUSED(image, weak, UKERN_ETYPE);
    REFUSED(image_offset, UINT64_MAX, UKERN_EINVAL);
    REFUSED(image_size, UINT64_MAX, UKERN_EINVAL);
    past_end = UINT64_C(1) << 40;
    REFUSED(image_offset, past_end, UKERN_EINVAL);
    REFUSED(image_size, 0, UKERN_ENOEXEC);
    REFUSED(image_size, 10, UKERN_ENOEXEC);
    REFUSED(image_offset, good.image_offset + 4, UKERN_ENOEXEC);
    REFUSED(memory, 0, UKERN_ENOMEM);
    REFUSED(memory, 4096, UKERN_ENOMEM);
    REFUSED(memory, 65536, UKERN_ENOMEM);
    REFUSED(memory, UINT64_MAX, UKERN_ENOMEM);
    REFUSED(memory, UINT64_C(1) << 63, UKERN_ENOMEM);
    REFUSED(stack, 0, UKERN_EINVAL);
    REFUSED(stack, UINT64_MAX, UKERN_ENOMEM);
    REFUSED(stack, UINT64_MAX - 4095, UKERN_ENOMEM);
    REFUSED(stack, UINT64_C(1) << 39, UKERN_ENOMEM);
    REFUSED(stack, 19 << 20, UKERN_ENOMEM);
    REFUSED(priority, 21, UKERN_EINVAL); /* above max_priority */
    REFUSED(priority, 64, UKERN_EINVAL);
    REFUSED(max_priority, 41, UKERN_ERIGHTS);
    REFUSED(max_priority, UINT32_MAX, UKERN_ERIGHTS);
    REFUSED(supervisor, 12345, UKERN_EHANDLE);
    REFUSED(supervisor, weak, UKERN_ERIGHTS);
    REFUSED(supervisor, good.image, UKERN_ETYPE);
    REFUSED(reserved, 1, UKERN_EINVAL);
    REFUSED(args_size, UKERN_ARGS_MAX + 1, UKERN_EINVAL);
    REFUSED(args_size, UINT64_MAX, UKERN_EINVAL);
    REFUSED(grant_count, UKERN_GRANTS_MAX + 1, UKERN_EINVAL);
    REFUSED(grant_count, UINT32_MAX, UKERN_EINVAL);
    s = good;
    memset(s.name, 'x', sizeof s.name);
    EQUAL(task_spawn_raw(&s), UKERN_EINVAL);
    for (const char *bad = "\n\x1b\x7f"; *bad; bad++) {
        memcpy(s.name, (char[]){'a', *bad, 'b', 0}, 4);
        EQUAL(task_spawn_raw(&s), UKERN_EINVAL);
    }

    good.grants = (uintptr_t)&grant;
    good.grant_count = 1;
    EQUAL(task_spawn_raw(&good), UKERN_EHANDLE);
    grant = (struct ukern_grant){.handle = weak, .slot = -1};
    EQUAL(task_spawn_raw(&good), UKERN_ERIGHTS);
    grant = (struct ukern_grant){.handle = good.image, .slot = -1, .rights = UKERN_R_WRITE};
    EQUAL(task_spawn_raw(&good), UKERN_ERIGHTS);
    grant = (struct ukern_grant){.handle = good.image, .slot = -2};
    EQUAL(task_spawn_raw(&good), UKERN_EINVAL);
    grant = (struct ukern_grant){.handle = good.image, .slot = INT32_MAX};
    EQUAL(task_spawn_raw(&good), UKERN_EINVAL);
    grant = (struct ukern_grant){.handle = good.image, .slot = -1, .reserved = 1};
    EQUAL(task_spawn_raw(&good), UKERN_EINVAL);
    {
        struct ukern_grant twice[2] = {{.handle = good.image, .slot = 7},
                                       {.handle = good.image, .slot = 7}};
        good.grants = (uintptr_t)twice;
        good.grant_count = 2;
        EQUAL(task_spawn_raw(&good), UKERN_EEXIST);
    }
}

TEST(task_spawn_storm, "forty tasks come and go")
{
    for (uint64_t i = 0; i < 40; i++)
        EQUAL(finish(play_number("exiter", -1, i)), i);
}

TEST(task_arguments, "arguments and names arrive as they were given")
{
    struct child c;

    child_init(&c, "argued");
    child_give(&c, "first-name", HANDLE(port_create()));
    child_give(&c, "x", HANDLE(shm_create(1, UKERN_SHM_NORMAL)));
    c.argv[c.spawn.argc++] = "";
    c.argv[c.spawn.argc++] = "two words";
    c.argv[c.spawn.argc++] = "\xc3\xa9=\\";
    EQUAL(finish(child_start(&c)), 0);
}

ROLE(argued)
{
    EQUAL(argc, 4);
    EQUAL(strcmp(argv[1], ""), 0);
    EQUAL(strcmp(argv[2], "two words"), 0);
    EQUAL(strcmp(argv[3], "\xc3\xa9=\\"), 0);
    EQUAL(handle_info(given("first-name"), NULL, NULL), UKERN_TYPE_PORT);
    EQUAL(handle_info(given("x"), NULL, NULL), UKERN_TYPE_SHM);
    EQUAL(task_handle("first"), UKERN_ENOENT);
    EQUAL(task_handle("console"), UKERN_ENOENT);
    EQUAL(task_handle(""), UKERN_ENOENT);
    return 0;
}

TEST(task_isolated, "a task has the handles that it was given, and no others")
{
    ukern_handle task = play("naked", -1);

    EQUAL(finish(task), 0);
}

ROLE(naked)
{
    unsigned open = 0;

    for (ukern_handle h = 0; h < 33000; h++)
        open += handle_info(h, NULL, NULL) >= 0;
    EQUAL(open, 2); /* 1 and 2: the console */
    EQUAL(task_open(0, 1, UKERN_R_KILL), UKERN_EHANDLE);
    EQUAL(task_open(1, 1, UKERN_R_KILL), UKERN_ETYPE);
    EQUAL(system_power(1, UKERN_POWER_OFF, 0), UKERN_ETYPE);
    EQUAL(system_power(16, UKERN_POWER_OFF, 0), UKERN_EHANDLE);
    return 0;
}

/* ---- Rights over tasks and the system. ---- */

TEST(task_rights, "each call on a task and on the system needs its right")
{
    ukern_handle task = play("receiver", HANDLE(port_create())),
                 none = HANDLE(handle_dup(task, UKERN_R_TRANSFER, -1));
    ukern_handle system = given("system"), weak = HANDLE(handle_dup(system, UKERN_R_TRANSFER, -1));
    ukern_handle inspect = HANDLE(handle_dup(system, UKERN_R_INSPECT, -1));
    struct ukern_system_info info;
    struct ukern_task_info facts;
    struct ukern_regs regs;
    char byte;
    uint64_t next;

    EQUAL(task_kill(none, 1), UKERN_ERIGHTS);
    EQUAL(task_wait(none, NULL, NULL, 0), UKERN_ERIGHTS);
    EQUAL(task_priority(none, 1), UKERN_ERIGHTS);
    EQUAL(task_info(none, 0, &facts), UKERN_ERIGHTS);
    EQUAL(task_regs(none, &regs), UKERN_ERIGHTS);
    EQUAL(task_read(none, 0x200000, &byte, 1), UKERN_ERIGHTS);
    EQUAL(handle_grant(none, system, 0, -1), UKERN_ERIGHTS);
    EQUAL(system_info(weak, &info), UKERN_ERIGHTS);
    EQUAL(system_power(weak, UKERN_POWER_OFF, 0), UKERN_ERIGHTS);
    EQUAL(system_power(system, (enum ukern_power)7, 0), UKERN_EINVAL);
    EQUAL(log_write(weak, "x", 1), UKERN_ERIGHTS);
    EQUAL(log_read(weak, 0, &byte, 1, &next), UKERN_ERIGHTS);
    EQUAL(log_bind(weak, HANDLE(port_create()), 1), UKERN_ERIGHTS);
    EQUAL(task_info(weak, 1, &facts), UKERN_ERIGHTS);
    EQUAL(task_open(weak, 1, UKERN_R_INSPECT), UKERN_ERIGHTS);
    EQUAL(task_open(inspect, 1, UKERN_R_KILL), UKERN_ERIGHTS);
    EQUAL(task_open(system, 1, UKERN_R_MANAGE), UKERN_EINVAL);
    EQUAL(task_open(system, 1, 0), UKERN_EINVAL);
    EQUAL(task_open(system, 1, UINT32_MAX), UKERN_EINVAL);
    EQUAL(task_open(system, 0, UKERN_R_INSPECT), UKERN_ENOENT);
    EQUAL(task_open(system, 999999, UKERN_R_INSPECT), UKERN_ENOENT);
    EQUAL(task_open(system, UINT64_MAX, UKERN_R_INSPECT), UKERN_ENOENT);
    EQUAL(task_info(system, UINT64_MAX, &facts), UKERN_ENOENT);
    EQUAL(task_info(system, 999999, &facts), UKERN_ENOENT);
    EQUAL(task_info(HANDLE(port_create()), 0, &facts), UKERN_ETYPE);
}

/* ---- Sharing the CPU. ---- */

/* Counts in slot argv[1] of the shm "port", for ever. */
ROLE(counter)
{
    void *at = NULL;
    volatile uint64_t *slot;

    OK(shm_map(given("port"), 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &at));
    slot = (volatile uint64_t *)at + argument(argc, argv, 1);
    for (;;)
        ++*slot;
}

static ukern_handle counter(ukern_handle shm, uint64_t slot, unsigned priority)
{
    struct child c;

    child_init(&c, "counter");
    c.spawn.priority = priority;
    child_give(&c, "port", shm);
    child_number(&c, slot);
    return child_start(&c);
}

/* 800 ms of four tasks, since what they had before. */
static bool shared_fairly(const ukern_handle *task, uint64_t *had)
{
    uint64_t got[4], sum = 0;
    bool fair = true;

    clock_sleep(800 * MILLISECOND);
    for (unsigned i = 0; i < 4; i++) {
        got[i] = info_of(task[i]).cpu_ns - had[i];
        had[i] += got[i];
        sum += got[i];
    }
    for (unsigned i = 0; i < 4; i++)
        fair = fair && got[i] > sum / 8 && got[i] < sum / 2;
    return fair;
}

TEST(sched_round_robin, "tasks that never yield share the CPU fairly")
{
    ukern_handle shm = HANDLE(shm_create(4096, UKERN_SHM_NORMAL)), task[4];
    volatile uint64_t *count;
    void *at = NULL;
    uint64_t had[4] = {0};
    bool fair = false;

    OK(task_priority(UKERN_SELF, 30));
    OK(shm_map(shm, 0, 0, UKERN_PROT_READ, NULL, &at));
    count = at;
    for (unsigned i = 0; i < 4; i++)
        task[i] = counter(shm, i, 20);
    /* When the host does not let the machine run, the time counts for whose turn it was. */
    for (unsigned tries = 0; tries < 5 && !fair; tries++)
        fair = shared_fairly(task, had);
    CHECK(fair);
    for (unsigned i = 0; i < 4; i++)
        CHECK(count[i] > 0);
}

TEST(sched_priority, "a more urgent task stops a less urgent one at once, and starves it")
{
    ukern_handle shm = HANDLE(shm_create(4096, UKERN_SHM_NORMAL)), low, high;
    volatile uint64_t *count;
    uint64_t before;
    void *at = NULL;

    OK(task_priority(UKERN_SELF, 40));
    OK(shm_map(shm, 0, 0, UKERN_PROT_READ, NULL, &at));
    count = at;
    low = counter(shm, 0, 10);
    clock_sleep(50 * MILLISECOND);
    CHECK(count[0] > 0);
    high = counter(shm, 1, 11);
    clock_sleep(20 * MILLISECOND);
    before = count[0];
    clock_sleep(50 * MILLISECOND);
    EQUAL(count[0], before);
    CHECK(count[1] > 0);
    OK(task_priority(high, 9)); /* and the other way round */
    clock_sleep(20 * MILLISECOND);
    before = count[1];
    clock_sleep(50 * MILLISECOND);
    EQUAL(count[1], before);
    destroy(low);
    clock_sleep(20 * MILLISECOND);
    CHECK(count[1] > before);
}

TEST(sched_wakes_in_time, "an urgent task wakes while others spin")
{
    ukern_handle shm = HANDLE(shm_create(4096, UKERN_SHM_NORMAL));

    OK(task_priority(UKERN_SELF, 40));
    for (unsigned i = 0; i < 3; i++)
        counter(shm, i, 20);
    for (int i = 0; i < 50; i++) {
        uint64_t until = clock_now() + MILLISECOND;
        clock_sleep(MILLISECOND);
        CHECK(clock_now() < until + SECOND); /* the host may be busy */
    }
}

/* Notes argv[1] and yields, five times. */
ROLE(yielder)
{
    struct ukern_event ev;

    ipc_recv(given("port"), &ev, SOON);
    for (int i = 0; i < 5; i++) {
        trace((unsigned)argument(argc, argv, 1));
        task_yield();
    }
    return 0;
}

TEST(sched_yield, "tasks that yield take turns")
{
    ukern_handle port[3], task[3];

    OK(task_priority(UKERN_SELF, 40));
    trace_create();
    for (unsigned i = 0; i < 3; i++) {
        struct child c;
        port[i] = HANDLE(port_create());
        child_init(&c, "yielder");
        c.spawn.priority = 20;
        child_give(&c, "port", port[i]);
        child_give(&c, "trace", trace_handle());
        child_number(&c, i);
        task[i] = child_start(&c);
        await_state(task[i], UKERN_TASK_RECV);
    }
    for (unsigned i = 0; i < 3; i++)
        OK(notify(port[i], 1));
    for (unsigned i = 0; i < 3; i++)
        EQUAL(finish(task[i]), 0);
    EQUAL(trace_count(), 15);
    for (unsigned i = 0; i + 1 < 15; i++)
        CHECK(trace_at(i) != trace_at(i + 1));
}

TEST(sched_limits, "no task gives itself or another more than its limit")
{
    ukern_handle task = play("receiver", HANDLE(port_create()));

    EQUAL(task_priority(UKERN_SELF, 41), UKERN_ERIGHTS);
    EQUAL(task_priority(UKERN_SELF, 63), UKERN_ERIGHTS);
    EQUAL(task_priority(UKERN_SELF, 64), UKERN_EINVAL);
    EQUAL(task_priority(UKERN_SELF, UINT32_MAX), UKERN_EINVAL);
    EQUAL(task_priority(task, 41), UKERN_ERIGHTS);
    OK(task_priority(task, 40));
    EQUAL(info_of(task).base_priority, 40);
    OK(task_priority(task, 0));
    EQUAL(info_of(task).priority, 0);
    OK(task_priority(UKERN_SELF, 40));
    {
        struct child c;
        child_init(&c, "raiser");
        c.spawn.priority = c.spawn.max_priority = 15;
        EQUAL(finish(child_start(&c)), 0);
    }
}

ROLE(raiser)
{
    struct ukern_spawn s = {.max_priority = 16, .stack = 1, .memory = 1};

    EQUAL(task_priority(UKERN_SELF, 16), UKERN_ERIGHTS);
    OK(task_priority(UKERN_SELF, 15));
    EQUAL(task_spawn_raw(&s), UKERN_ERIGHTS);
    return 0;
}
