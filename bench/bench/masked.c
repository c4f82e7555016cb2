/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything whose work grows with its arguments, as large as this image's memory lets it be; after
 * each step a kernel built with UKERN_MEASURE tells the longest time that interrupts had to wait.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ukern/ipc.h>
#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/task.h>

#include "bench.h"

#define MIB        (UINT64_C(1) << 20)
#define LARGE      (16 * MIB)
#define HANDLES    1000
#define MAPPINGS   500
#define TASKS      60 /* a chain of calls may be this long */
#define ROLE_QUOTA (48 * MIB)
#define REQUEST    1
#define FAR_SLOT   20000
#define PATIENCE   UINT64_C(10000000000) /* nanoseconds */
#define SLEEP      20000000              /* nanoseconds */

/* ---- The other tasks ---- */

static void wait_for_ever(void)
{
    ukern_handle port = (ukern_handle)must(port_create(), "port_create");
    struct ukern_event ev;

    ipc_recv(port, &ev, UKERN_FOREVER);
}

static void tell_ready(void)
{
    must(notify(task_handle("ready"), 1), "notify");
}

static void make_handles(void)
{
    ukern_handle port = task_handle("mint");

    for (uint64_t i = 1; i <= HANDLES; i++)
        must(handle_mint(port, UKERN_R_CALL, i), "handle_mint");
}

static void make_mappings(void)
{
    ukern_handle shm = (ukern_handle)must(shm_create(LARGE, UKERN_SHM_NORMAL), "shm_create");
    void *at;

    must(mem_map(LARGE, &at), "mem_map");
    for (int i = 0; i < MAPPINGS; i++)
        must(shm_map(shm, 0, UKERN_PAGE_SIZE, UKERN_PROT_READ, NULL, &at), "shm_map");
}

void role_hoard(void)
{
    make_handles();
    make_mappings();
    tell_ready();
    wait_for_ever();
}

void role_mapper(void)
{
    make_mappings();
}

void role_caller(void)
{
    struct ukern_msg msg = {UKERN_TAG(REQUEST, 0), {0}};

    tell_ready();
    ipc_call(task_handle("next"), &msg);
}

/* Receives once, and calls on: as one link of a chain. */
void role_link(void)
{
    struct ukern_msg msg = {UKERN_TAG(REQUEST, 0), {0}};
    struct ukern_event ev;

    tell_ready();
    ipc_recv(task_handle("port"), &ev, UKERN_FOREVER);
    ipc_call(task_handle("next"), &msg);
}

/* Receives from many, and never answers. */
void role_keeper(void)
{
    struct ukern_event ev;

    for (int i = 0; i < TASKS; i++)
        ipc_recv(task_handle("port"), &ev, UKERN_FOREVER);
    tell_ready();
    wait_for_ever();
}

void role_sleeper(void)
{
    tell_ready();
    clock_sleep(SLEEP);
}

/* ---- Starting and ending them ---- */

static ukern_handle ready_port;

static ukern_handle start(const char *role, ukern_handle port, ukern_handle next)
{
    const char *const argv[] = {"bench", role};
    struct spawn s;

    spawn_init(&s, role);
    s.program = "bench";
    s.argc = 2;
    s.argv = argv;
    s.fd[1] = STDOUT_FILENO;
    s.priority = s.max_priority = 16;
    s.memory = strcmp(role, "hoard") == 0 || strcmp(role, "mapper") == 0 ? ROLE_QUOTA : MIB;
    must(spawn_grant(&s, "ready", ready_port, UKERN_R_NOTIFY), role);
    if (port >= 0)
        must(spawn_grant(&s, "port", port, UKERN_R_RECV), role);
    if (next >= 0) {
        must(spawn_grant(&s, "next", next, UKERN_R_CALL), role);
        must(spawn_grant(&s, "mint", next, UKERN_R_MINT | UKERN_R_CALL), role);
    }
    return (ukern_handle)must(task_spawn(&s), role);
}

/* Until the one that was just started, which is not less urgent, has got where it wants to be. */
static void await(void)
{
    uint64_t bits;

    must(notify_wait(ready_port, 1, &bits, clock_now() + PATIENCE), "the other task");
    for (int i = 0; i < 8; i++)
        task_yield();
}

static void end(ukern_handle task)
{
    must(task_kill(task, 0), "task_kill");
    must(task_wait(task, NULL, NULL, UKERN_FOREVER), "task_wait");
    must(handle_close(task), "handle_close");
}

static ukern_handle new_port(void)
{
    return (ukern_handle)must(port_create(), "port_create");
}

/* ---- The steps ---- */

static void map_private(void)
{
    void *at;

    must(mem_map(LARGE, &at), "mem_map");
    must(shm_unmap(at), "shm_unmap");
}

static void share(void)
{
    ukern_handle shm = (ukern_handle)must(shm_create(LARGE, UKERN_SHM_NORMAL), "shm_create");
    void *at;

    must(shm_map(shm, 0, LARGE, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &at), "shm_map");
    must(shm_destroy(shm), "shm_destroy");
    handle_close(shm);
}

static void revoke_shared(void)
{
    ukern_handle shm = (ukern_handle)must(shm_create(LARGE, UKERN_SHM_NORMAL), "shm_create");
    void *at;

    for (int i = 0; i < MAPPINGS; i++)
        must(shm_map(shm, 0, i ? UKERN_PAGE_SIZE : LARGE, UKERN_PROT_READ, NULL, &at), "shm_map");
    must(shm_revoke(shm), "shm_revoke");
    must(shm_destroy(shm), "shm_destroy");
    handle_close(shm);
}

static void many_handles(void)
{
    static ukern_handle h[HANDLES];
    ukern_handle port = new_port();

    for (uint64_t i = 0; i < HANDLES; i++)
        h[i] = (ukern_handle)must(handle_mint(port, UKERN_R_CALL, i + 1), "handle_mint");
    for (int i = 0; i < HANDLES; i++)
        must(handle_close(h[i]), "handle_close");
    must(handle_close(port), "handle_close"); /* with its hangups */
}

static void far_handle(void)
{
    ukern_handle port = new_port();

    must(handle_dup(port, 0, FAR_SLOT), "handle_dup");
    must(handle_close(FAR_SLOT), "handle_close");
    must(handle_close(port), "handle_close");
}

static void kill_a_hoarder(void)
{
    ukern_handle port = new_port(), task = start("hoard", -1, port);

    await();
    end(task);
    must(handle_close(port), "handle_close");
}

static void exit_of_a_mapper(void)
{
    ukern_handle task = start("mapper", -1, -1);

    must(task_wait(task, NULL, NULL, UKERN_FOREVER), "task_wait");
    must(handle_close(task), "handle_close");
}

static void spawn_large(void)
{
    struct ukern_spawn s;
    ukern_handle task;

    find_program(&s, "bench");
    s.memory = 2 * LARGE;
    s.stack = LARGE;
    task = (ukern_handle)must(task_spawn_raw(&s), "task_spawn_raw");
    end(task);
}

/* Callers that queue at a port that goes away. */
static void callers_queue(void)
{
    ukern_handle port = new_port(), task[TASKS];

    for (int i = 0; i < TASKS; i++) {
        task[i] = start("caller", -1, port);
        await();
    }
    must(handle_close(port), "handle_close");
    for (int i = 0; i < TASKS; i++)
        end(task[i]);
}

/* Callers that a server holds when it is killed. */
static void callers_held(void)
{
    ukern_handle port = new_port(), keeper = start("keeper", port, -1), task[TASKS];

    for (int i = 0; i < TASKS; i++) {
        task[i] = start("caller", -1, port);
        await();
    }
    await();
    end(keeper);
    must(handle_close(port), "handle_close");
    for (int i = 0; i < TASKS; i++)
        end(task[i]);
}

/* A chain of calls, which an urgent caller's priority runs along, and whose end is killed. */
static void chain(void)
{
    ukern_handle port[TASKS + 1], task[TASKS];
    struct ukern_msg msg = {UKERN_TAG(REQUEST, 0), {0}};
    ukern_handle first;

    for (int i = 0; i <= TASKS; i++)
        port[i] = new_port();
    for (int i = TASKS - 1; i >= 0; i--) {
        task[i] = start("link", port[i], port[i + 1]);
        await();
    }
    first = start("caller", -1, port[0]);
    await();
    must(task_priority(first, 16), "task_priority");
    ipc_call_until(port[0], &msg, clock_now() + 1000000);
    for (int i = 0; i <= TASKS; i++)
        must(handle_close(port[i]), "handle_close");
    for (int i = TASKS - 1; i >= 0; i--)
        end(task[i]);
    end(first);
}

static void sleepers(void)
{
    ukern_handle task[TASKS];

    for (int i = 0; i < TASKS; i++) {
        task[i] = start("sleeper", -1, -1);
        await();
    }
    for (int i = 0; i < TASKS; i++) {
        must(task_wait(task[i], NULL, NULL, UKERN_FOREVER), "task_wait");
        must(handle_close(task[i]), "handle_close");
    }
}

static void read_memory(void)
{
    ukern_handle task = start("link", new_port(), -1);
    void *at;

    await();
    must(mem_map(LARGE, &at), "mem_map");
    task_read(task, 0x200000, at, LARGE);
    must(shm_unmap(at), "shm_unmap");
    end(task);
}

static void pipes(void)
{
    run_pipe_64k(256);
    run_pipe_create_close(20);
}

static void small_calls(void)
{
    run_null_call(100);
    run_call_6w(100);
    run_notify_wait(100);
    run_pending_call(100);
    run_pipe_pingpong(100);
    run_spawn_exit_wait(10);
}

static void print(void)
{
    for (int i = 0; i < 40; i++)
        printf("%.*s\n", i, "..........................................");
    fflush(stdout);
    clock_sleep(SLEEP);
}

/* ---- */

static uint64_t longest(void)
{
    struct ukern_system_info info;

    must(system_info(task_handle("system"), &info), "system_info");
    return info.max_masked_ns;
}

void run_masked(void)
{
    static struct {
        const char *name;
        void (*run)(void);
        uint64_t nanoseconds;
    } steps[] = {
        {"small calls", small_calls, 0},
        {"pipes", pipes, 0},
        {"mem_map and unmap of 16 MiB", map_private, 0},
        {"shm_create, map and destroy of 16 MiB", share, 0},
        {"shm_revoke of 500 mappings", revoke_shared, 0},
        {"1000 handles and their port", many_handles, 0},
        {"a handle in slot 20000", far_handle, 0},
        {"spawn with a stack of 16 MiB", spawn_large, 0},
        {"kill of a task with 1000 handles and 500 mappings", kill_a_hoarder, 0},
        {"exit of a task with 500 mappings", exit_of_a_mapper, 0},
        {"a port that goes with 60 callers in its queue", callers_queue, 0},
        {"kill of a server that holds 60 callers", callers_held, 0},
        {"a chain of 60 calls", chain, 0},
        {"60 sleepers", sleepers, 0},
        {"task_read of 16 MiB", read_memory, 0},
        {"printing", print, 0},
    };
    uint64_t most = 0;

    ready_port = new_port();
    longest();
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        steps[i].run();
        steps[i].nanoseconds = longest();
        if (steps[i].nanoseconds > most)
            most = steps[i].nanoseconds;
    }
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        printf("> %8llu  %s\n", (unsigned long long)steps[i].nanoseconds, steps[i].name);
    printf("= max_masked %llu 1\n", (unsigned long long)most);
}
