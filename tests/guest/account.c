/* SPDX-License-Identifier: BSD-2-Clause */
/* Accounting: time, messages, memory; what task_info, system_info and the log tell. */
#include <string.h>

#include "test.h"

static ukern_handle myself(void)
{
    return HANDLE(task_open(given("system"), task_self(), UKERN_R_INSPECT));
}

TEST(account_time, "CPU time grows with work, not with sleep")
{
    ukern_handle self = myself();
    uint64_t start = clock_now(), before = info_of(self).cpu_ns, worked, asleep = UINT64_MAX;

    while (clock_now() < start + 50 * MILLISECOND)
        ;
    worked = info_of(self).cpu_ns - before;
    CHECK(worked > 10 * MILLISECOND);
    CHECK(worked <= clock_now() - start);
    /* The host's clock goes on where it stops this machine: the best of some. */
    for (int i = 0; i < 5; i++) {
        before = info_of(self).cpu_ns;
        clock_sleep(100 * MILLISECOND);
        before = info_of(self).cpu_ns - before;
        asleep = before < asleep ? before : asleep;
    }
    CHECK(asleep < 20 * MILLISECOND);
}

TEST(account_messages, "each call counts for its caller, each reply for its server")
{
    ukern_handle port = HANDLE(port_create()), server = play_number("doubler", port, 10),
                 self = myself();
    uint64_t mine, theirs;
    ukern_handle c = client(port, 1);

    await_state(server, UKERN_TASK_RECV);
    mine = info_of(self).ipc_count;
    theirs = info_of(server).ipc_count;
    for (int i = 0; i < 9; i++) {
        struct ukern_msg m = message(1, 1);
        OK(ipc_call(c, &m));
    }
    EQUAL(info_of(self).ipc_count - mine, 9);
    await_state(server, UKERN_TASK_RECV);
    EQUAL(info_of(server).ipc_count - theirs, 9);
}

TEST(account_memory, "memory in use grows with what is made and shrinks with what is given back")
{
    ukern_handle self = myself(), shm;
    uint64_t before, used;
    void *at = NULL;

    OK(mem_map(4096, &at)); /* page tables */
    before = info_of(self).memory_used;
    shm = HANDLE(shm_create(40 * 4096, UKERN_SHM_NORMAL));
    used = info_of(self).memory_used - before;
    CHECK(used >= 40 * 4096 && used < 42 * 4096);
    OK(handle_close(shm));
    EQUAL(info_of(self).memory_used, before);
    EQUAL(info_of(self).memory_limit, UINT64_C(64) << 20);
}

TEST(account_child, "a child's quota counts as its parent's use until its memory is back")
{
    ukern_handle self = myself(), task;
    uint64_t before;
    struct child c;

    EQUAL(finish(play_number("exiter", -1, 0)), 0); /* maps the archive */
    before = info_of(self).memory_used;
    child_init(&c, "receiver");
    c.spawn.memory = 3 << 20;
    child_give(&c, "port", HANDLE(port_create()));
    task = child_start(&c);
    CHECK(info_of(self).memory_used - before >= 3 << 20);
    EQUAL(info_of(task).memory_limit, 3 << 20);
    OK(task_kill(task, 0));
    OK(task_wait(task, NULL, NULL, SOON));
    clock_sleep(10 * MILLISECOND);
    CHECK(info_of(self).memory_used - before < 8192);
}

TEST(account_outlives,
     "what a dead task made and others hold stays paid from its quota, not theirs")
{
    ukern_handle port = HANDLE(port_create()), task = play("shm_maker", client(port, 1)),
                 self = myself();
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
    uint64_t before = info_of(self).memory_used, free_before;

    reply_number(ev.token, 0);
    EQUAL(finish(task), 0);
    free_before = info_of(self).memory_used;
    CHECK(before - free_before < 2 << 20); /* its 301 pages are still reserved here */
    OK(handle_close((ukern_handle)ev.msg.w[5]));
    CHECK(free_before - info_of(self).memory_used >= 301 * 4096);
}

TEST(account_all_tasks, "every task is found by its id, in order, with name, state and quota")
{
    ukern_handle task = play("receiver", HANDLE(port_create()));
    struct ukern_task_info info;
    uint64_t id = 0, mine = 0;
    unsigned count = 0, names = 0;

    await_state(task, UKERN_TASK_RECV);
    while (task_info(given("system"), id + 1, &info) == UKERN_OK) {
        CHECK(info.id > id);
        id = info.id;
        if (info.state != UKERN_TASK_DEAD)
            count++;
        names += strcmp(info.name, "init") == 0 || strcmp(info.name, "console") == 0;
        if (info.id == info_of(task).id) {
            EQUAL(strcmp(info.name, "receiver"), 0);
            EQUAL(info.state, UKERN_TASK_RECV);
            EQUAL(info.base_priority, 20);
            CHECK(info.waiting_ns > 0);
            mine++;
        }
    }
    EQUAL(count, system_now().tasks);
    EQUAL(names, 2);
    EQUAL(mine, 1);
}

TEST(account_states, "states and whom one waits for")
{
    ukern_handle port = HANDLE(port_create()), sender = play_number("sender", client(port, 1), 1),
                 self = myself();
    struct ukern_event ev;
    ukern_handle caller;

    await_state(sender, UKERN_TASK_SEND);
    EQUAL(info_of(sender).waiting_for, 0);
    EQUAL(info_of(self).state, UKERN_TASK_READY);
    EQUAL(info_of(self).waiting_ns, 0);
    expect(port, UKERN_EV_MESSAGE);
    EQUAL(finish(sender), 0);
    caller = play_number("caller", client(port, 1), 1);
    ev = expect(port, UKERN_EV_MESSAGE);
    clock_sleep(20 * MILLISECOND);
    EQUAL(info_of(caller).state, UKERN_TASK_REPLY);
    EQUAL(info_of(caller).waiting_for, task_self());
    CHECK(info_of(caller).waiting_ns >= 20 * MILLISECOND);
    reply_number(ev.token, 1);
    EQUAL(finish(caller), 1);
    {
        struct ukern_task_info info;
        OK(task_info(UKERN_SELF, 0, &info)); /* one may always ask about oneself */
        EQUAL(info.id, task_self());
    }
}

TEST(account_system, "the system's figures fit together")
{
    struct ukern_system_info a = system_now(), b;

    EQUAL(a.memory_free, a.frames_free * UKERN_PAGE_SIZE);
    CHECK(a.memory_free < a.memory_total);
    CHECK(a.boot_ns > 0 && a.boot_ns < a.uptime_ns);
    CHECK(a.kernel_text > 10000 && a.kernel_text < 1 << 20);
    clock_sleep(50 * MILLISECOND);
    b = system_now();
    CHECK(b.uptime_ns >= a.uptime_ns + 50 * MILLISECOND);
    CHECK(b.idle_ns > a.idle_ns);
    CHECK(b.switches > a.switches);
    CHECK(b.interrupts > a.interrupts);
}

TEST(log_round_trip,
     "what is written to the log is read from it, and the port that is bound hears of it")
{
    static char text[600];
    uint64_t position = 0, next = 0;
    ukern_handle system = given("system");
    int64_t n;

    while ((n = log_read(system, position, text, sizeof text, &next)) > 0)
        position = next;
    EQUAL(n, 0);
    EQUAL(log_write(system, "# log: hello\n", 13), 13);
    EQUAL(log_read(system, position, text, sizeof text, &next), 13);
    EQUAL(next, position + 13);
    EQUAL(memcmp(text, "# log: hello\n", 13), 0);
    EQUAL(log_read(system, next, text, sizeof text, &next), 0);
    EQUAL(log_read(system, UINT64_MAX, text, sizeof text, &next), 0);
    EQUAL(log_bind(system, client(HANDLE(port_create()), 1), 1), UKERN_ERIGHTS);
}
