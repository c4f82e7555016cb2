/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Tests as tasks. A file holds TESTs and, beside them, the ROLEs that other tasks play in them.
 *  Each test runs in a new task; what it starts with child_start() is the same program again, as one
 *  of its roles. After each test the runner (run.c) ends what is left and sees to it that all memory
 *  came back.
 *
 *  A failed CHECK ends its task; a test that ends, passed.
 */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <ukern/error.h>
#include <ukern/ipc.h>
#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/task.h>

struct test {
    const char *name;     /* of its function: suite_what */
    const char *sentence; /* what holds if it passes */
    void (*run)(void);
    struct test *next;
};

struct role {
    const char *name;
    int (*play)(int argc, char **argv); /* its result is the exit code */
    struct role *next;
};

void test_add(struct test *t);
void role_add(struct role *r);

#define TEST(function, sentence)                                                                   \
    static void function(void);                                                                    \
    __attribute__((constructor)) static void function##_add(void)                                  \
    {                                                                                              \
        static struct test t = {#function, sentence, function, NULL};                              \
        test_add(&t);                                                                              \
    }                                                                                              \
    static void function(void)

#define ROLE(name)                                                                                 \
    static int name##_role(int argc, char **argv);                                                 \
    __attribute__((constructor)) static void name##_add(void)                                      \
    {                                                                                              \
        static struct role r = {#name, name##_role, NULL};                                         \
        role_add(&r);                                                                              \
    }                                                                                              \
    static int name##_role(__attribute__((unused)) int argc, __attribute__((unused)) char **argv)

/* ---- Checks. ---- */

_Noreturn void check_failed(const char *file, int line, const char *what);
_Noreturn void check_differs(const char *file, int line, const char *what, int64_t is,
                             int64_t expected);

ukern_handle check_handle(const char *file, int line, const char *what, ukern_handle is);

#define CHECK(x)                                                                                   \
    do {                                                                                           \
        if (!(x))                                                                                  \
            check_failed(__FILE_NAME__, __LINE__, #x);                                             \
    } while (0)

/* Two numbers; errors are named if they differ. */
#define EQUAL(x, expected)                                                                         \
    do {                                                                                           \
        int64_t is_ = (int64_t)(x), expected_ = (int64_t)(expected);                               \
        if (is_ != expected_)                                                                      \
            check_differs(__FILE_NAME__, __LINE__, #x, is_, expected_);                            \
    } while (0)

#define OK(x) EQUAL(x, UKERN_OK)

/* A handle, or the test fails. */
#define HANDLE(x) check_handle(__FILE_NAME__, __LINE__, #x, (x))

/* ---- Other tasks. ---- */

#define MILLISECOND UINT64_C(1000000)
#define SECOND      (1000 * MILLISECOND)
/* What must happen happens in this time. */
#define SOON        (clock_now() + 5 * SECOND)

#define CLIENT (UKERN_R_CALL | UKERN_R_NOTIFY | UKERN_R_TRANSFER)

/* Where a task that is to look at itself is granted its own handle. */
#define OWN_HANDLE 31

struct child {
    struct spawn spawn;
    const char *argv[10];
    char number[8][24];
    int numbers;
};

/* The archive's program `name` as plain arguments of task_spawn: 1 MiB, no more than its priority,
 * nothing granted. */
int program_find(const char *name, struct ukern_spawn *s);

/* A task that will play a role, at the priority of this one and with `memory` bytes. */
void child_init(struct child *c, const char *role);
void child_give(struct child *c, const char *name, ukern_handle h);
void child_number(struct child *c, uint64_t number); /* one more argument: argv[1], argv[2] ... */
ukern_handle child_start(struct child *c);
/* The usual one: it has `port` (or -1) as "port". */
ukern_handle play(const char *role, ukern_handle port);
/* The same with a number as argv[1]. */
ukern_handle play_number(const char *role, ukern_handle port, uint64_t number);

/* Wait for the end of a task and close its handle; its exit code. The task must not have been
 * killed or have faulted. */
int finish(ukern_handle task);
/* Kill it, wait until it is gone, close its handle. */
void destroy(ukern_handle task);
/* Play a role that must fault; the cause. */
int fault_of(const char *role, ukern_handle port, uint64_t number);
/* Wait until a task is in a state (enum ukern_task_state). */
void await_state(ukern_handle task, unsigned state);
/* A handle that this task was given under this name; the test fails if it was not. */
ukern_handle given(const char *name);
struct ukern_task_info info_of(ukern_handle task);
struct ukern_system_info system_now(void);
uint64_t argument(int argc, char **argv, int i);

/* ---- Messages. ---- */

static inline struct ukern_msg message(int label, uint64_t w0)
{
    return (struct ukern_msg){UKERN_TAG(label, 0), {w0}};
}

/* Receive an event of this type, soon. */
struct ukern_event expect(ukern_handle port, int type);
/* There is no event. */
void expect_nothing(ukern_handle port);
void reply_number(uint64_t token, uint64_t w0);
/* A client's handle of a port. */
ukern_handle client(ukern_handle port, uint64_t badge);
/* A port that this task may receive on, and so may another one, which is expected to but never
 * does: calls wait. */
ukern_handle unserved_port(void);

/* ---- A common record of what happened in which order. ---- */

/* Made by the test; roles that were given `trace_handle()` as "trace" write to the same. */
ukern_handle trace_create(void);
ukern_handle trace_handle(void);
void trace(unsigned event);
unsigned trace_count(void);
unsigned trace_at(unsigned i);

#endif
