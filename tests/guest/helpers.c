/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ukern/archive.h>

#include "test.h"

/* ---- Checks. ---- */

_Noreturn void check_failed(const char *file, int line, const char *what)
{
    printf("# %s:%d: %s does not hold\n", file, line, what);
    exit(1);
}

static const char *named(char *text, size_t size, int64_t n)
{
    if (n < 0 && n > -64)
        snprintf(text, size, "%s", ukern_error_name((int)n));
    else
        snprintf(text, size, "%lld (0x%llx)", (long long)n, (unsigned long long)n);
    return text;
}

_Noreturn void check_differs(const char *file, int line, const char *what, int64_t is,
                             int64_t expected)
{
    char a[48], b[48];

    printf("# %s:%d: %s is %s, not %s\n", file, line, what, named(a, sizeof a, is),
           named(b, sizeof b, expected));
    exit(1);
}

ukern_handle check_handle(const char *file, int line, const char *what, ukern_handle is)
{
    if (is < 0)
        check_differs(file, line, what, is, 0);
    return is;
}

/* ---- Other tasks. ---- */

void child_init(struct child *c, const char *role)
{
    memset(c, 0, sizeof *c);
    spawn_init(&c->spawn, role);
    c->spawn.program = "guest";
    c->spawn.memory = 2 << 20;
    c->spawn.max_priority = 40;
    c->argv[0] = "role";
    c->argv[1] = role;
    c->spawn.argv = c->argv;
    c->spawn.argc = 2;
    c->spawn.fd[1] = c->spawn.fd[2] = 1;
}

void child_give(struct child *c, const char *name, ukern_handle h)
{
    OK(spawn_grant(&c->spawn, name, h, 0));
}

void child_number(struct child *c, uint64_t number)
{
    char *text = c->number[c->numbers++];

    snprintf(text, sizeof c->number[0], "%llu", (unsigned long long)number);
    c->argv[c->spawn.argc++] = text;
}

ukern_handle child_start(struct child *c)
{
    return HANDLE(task_spawn(&c->spawn));
}

static ukern_handle start(const char *role, ukern_handle port, const uint64_t *number)
{
    ukern_handle recorded = trace_handle();
    struct child c;

    child_init(&c, role);
    if (port >= 0)
        child_give(&c, "port", port);
    if (recorded >= 0)
        child_give(&c, "trace", recorded);
    if (number)
        child_number(&c, *number);
    return child_start(&c);
}

ukern_handle play(const char *role, ukern_handle port)
{
    return start(role, port, NULL);
}

ukern_handle play_number(const char *role, ukern_handle port, uint64_t number)
{
    return start(role, port, &number);
}

int finish(ukern_handle task)
{
    int code = 0, reason = 0;

    OK(task_wait(task, &code, &reason, SOON));
    EQUAL(reason, UKERN_EXIT_NORMAL);
    OK(handle_close(task));
    return code;
}

int fault_of(const char *role, ukern_handle port, uint64_t number)
{
    ukern_handle task = play_number(role, port, number);
    int code = 0, reason = 0;

    OK(task_wait(task, &code, &reason, SOON));
    EQUAL(reason, UKERN_EXIT_FAULT);
    OK(handle_close(task));
    return code;
}

void destroy(ukern_handle task)
{
    OK(task_kill(task, 0));
    OK(task_wait(task, NULL, NULL, SOON));
    OK(handle_close(task));
}

int program_find(const char *name, struct ukern_spawn *s)
{
    struct archive_file file;
    const void *archive;
    size_t size;
    int error = archive_open(&archive, &size);

    if (!error)
        error = archive_find(archive, size, name, &file);
    if (error)
        return error;
    *s = (struct ukern_spawn){.image = given("archive"),
                              .image_offset = file.offset,
                              .image_size = file.size,
                              .memory = 1 << 20,
                              .stack = 16 * 1024,
                              .priority = 20,
                              .max_priority = 20,
                              .supervisor = -1};
    strcpy(s->name, "raw");
    return UKERN_OK;
}

ukern_handle given(const char *name)
{
    ukern_handle h = task_handle(name);

    if (h < 0)
        check_failed(name, 0, "this name was given");
    return h;
}

struct ukern_task_info info_of(ukern_handle task)
{
    struct ukern_task_info info;

    OK(task_info(task, 0, &info));
    return info;
}

struct ukern_system_info system_now(void)
{
    struct ukern_system_info info;

    OK(system_info(task_handle("system"), &info));
    return info;
}

void await_state(ukern_handle task, unsigned state)
{
    uint64_t late = SOON;

    while (info_of(task).state != state && clock_now() < late)
        clock_sleep(MILLISECOND / 10);
    EQUAL(info_of(task).state, state);
}

uint64_t argument(int argc, char **argv, int i)
{
    CHECK(i < argc);
    return strtoull(argv[i], NULL, 10);
}

/* ---- Messages. ---- */

struct ukern_event expect(ukern_handle port, int type)
{
    struct ukern_event ev;

    EQUAL(ipc_recv(port, &ev, SOON), type);
    return ev;
}

void expect_nothing(ukern_handle port)
{
    struct ukern_event ev;

    EQUAL(ipc_recv(port, &ev, 0), UKERN_ETIMEDOUT);
}

void reply_number(uint64_t token, uint64_t w0)
{
    struct ukern_msg reply = message(0, w0);

    OK(ipc_reply(token, &reply));
}

ROLE(idler)
{
    clock_sleep(UKERN_FOREVER / 2);
    return 0;
}

ukern_handle unserved_port(void)
{
    ukern_handle port = HANDLE(port_create());

    OK(handle_close(play("idler", port)));
    return port;
}

ukern_handle client(ukern_handle port, uint64_t badge)
{
    return HANDLE(handle_mint(port, CLIENT, badge));
}

/* ---- The record. ---- */

struct record {
    unsigned count;
    unsigned event[1000];
};

static struct record *record;
static ukern_handle record_handle;

static void record_map(ukern_handle h)
{
    void *at = NULL;

    OK(shm_map(h, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &at));
    record = at;
    record_handle = h;
}

ukern_handle trace_create(void)
{
    record_map(HANDLE(shm_create(sizeof *record, UKERN_SHM_NORMAL)));
    return record_handle;
}

ukern_handle trace_handle(void)
{
    return record ? record_handle : task_handle("trace");
}

void trace(unsigned event)
{
    unsigned i;

    if (!record)
        record_map(given("trace"));
    i = __atomic_fetch_add(&record->count, 1, __ATOMIC_SEQ_CST);
    CHECK(i < sizeof record->event / sizeof record->event[0]);
    record->event[i] = event;
}

unsigned trace_count(void)
{
    return __atomic_load_n(&record->count, __ATOMIC_SEQ_CST);
}

unsigned trace_at(unsigned i)
{
    CHECK(i < trace_count());
    return record->event[i];
}
