/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults: cause, registers and place reach the supervisor, which ends the task or lets it try
 * again. */
#include <stdio.h>
#include <string.h>

#include "registers.h"
#include "test.h"

#define ESR_CLASS(esr) ((unsigned)((esr) >> 26) & 0x3f)

static const struct {
    void (*run)(void);
    const char *at;
    enum ukern_fault_cause cause;
    unsigned class;
    uint64_t address; /* 1: none is told */
} crashes[] = {
    {crash_read, crash_read_at, UKERN_FAULT_READ, 0x24, PATTERN + 1},
    {crash_write, crash_write_at, UKERN_FAULT_WRITE, 0x24, PATTERN + 1},
    {crash_exec, NULL, UKERN_FAULT_EXEC, 0x20, PATTERN + 16},
    {crash_illegal, crash_illegal_at, UKERN_FAULT_ILLEGAL, 0x00, 1},
    {crash_break, crash_break_at, UKERN_FAULT_BREAK, 0x3c, 1},
};

#define CRASHES (sizeof crashes / sizeof crashes[0])

ROLE(crasher)
{
    crashes[argument(argc, argv, 1)].run();
    return 0;
}

static ukern_handle supervised(const char *role, ukern_handle port, uint64_t number)
{
    struct child c;

    child_init(&c, role);
    c.spawn.supervisor = port;
    c.spawn.supervisor_badge = 9;
    child_number(&c, number);
    return child_start(&c);
}

static void answer(uint64_t token, int what)
{
    struct ukern_msg m = message(what, 0);

    OK(ipc_reply(token, &m));
}

TEST(fault_event, "the event tells cause, syndrome, address, place; task_regs tells every register")
{
    ukern_handle port = HANDLE(port_create());

    for (unsigned i = 0; i < CRASHES; i++) {
        ukern_handle task = supervised("crasher", port, i);
        struct ukern_event ev = expect(port, UKERN_EV_FAULT);
        struct ukern_regs regs;
        uint32_t instruction = 0;

        EQUAL(ev.badge, 9);
        EQUAL(ev.msg.tag, info_of(task).id);
        EQUAL(ev.msg.w[0], crashes[i].cause);
        EQUAL(ESR_CLASS(ev.msg.w[1]), crashes[i].class);
        if (crashes[i].address != 1)
            EQUAL(ev.msg.w[2], crashes[i].address);
        EQUAL(ev.msg.w[3], crashes[i].at ? (uint64_t)(uintptr_t)crashes[i].at : PATTERN + 16);
        EQUAL(ev.msg.w[5], PATTERN + 30);
        OK(task_regs(task, &regs));
        EQUAL(regs.complete, 1);
        for (uint64_t n = 0; n < 31; n++)
            EQUAL(regs.x[n], PATTERN + n);
        EQUAL(regs.pc, ev.msg.w[3]);
        EQUAL(regs.sp, ev.msg.w[4]);
        EQUAL(regs.pstate & 0xf, 0);
        EQUAL(info_of(task).state, UKERN_TASK_FAULT);
        if (crashes[i].at) {
            EQUAL(task_read(task, regs.pc, &instruction, 4), 4);
            EQUAL(instruction, *(const uint32_t *)(const void *)crashes[i].at);
        }
        answer(ev.token, UKERN_FAULT_KILL);
        ev = expect(port, UKERN_EV_EXIT);
        EQUAL(ev.msg.w[0], crashes[i].cause);
        EQUAL(ev.msg.w[1], UKERN_EXIT_FAULT);
        OK(handle_close(task));
    }
}

/* ---- Trying again. ---- */

#define MISSING UINT64_C(0x3400000000)

/* Reads at MISSING; ends with 0 if the value is 1234 and all other registers are as they were. */
ROLE(missing_reader)
{
    uint64_t out[31];

    registers_read(MISSING, out);
    EQUAL(out[0], 1234);
    EQUAL(out[1], MISSING);
    for (uint64_t n = 2; n < 31; n++)
        EQUAL(out[n], PATTERN + n);
    return 0;
}

TEST(fault_resume, "a task whose supervisor maps what was missing goes on as if nothing had been")
{
    ukern_handle port = HANDLE(port_create()), task = supervised("missing_reader", port, 0);
    ukern_handle shm = HANDLE(shm_create(4096, UKERN_SHM_NORMAL));
    struct ukern_event ev;
    void *at = NULL;
    uint64_t where;

    OK(shm_map(shm, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &at));
    *(uint64_t *)at = 1234;
    for (int i = 0; i < 5; i++) { /* in vain at first */
        ev = expect(port, UKERN_EV_FAULT);
        EQUAL(ev.msg.w[0], UKERN_FAULT_READ);
        EQUAL(ev.msg.w[2], MISSING);
        EQUAL(ev.msg.w[3], (uintptr_t)registers_read_at);
        if (i == 4)
            OK(shm_map_in(task, shm, 0, 0, UKERN_PROT_READ, MISSING, &where));
        answer(ev.token, UKERN_FAULT_RESUME);
    }
    EQUAL(expect(port, UKERN_EV_EXIT).msg.w[0], 0);
    EQUAL(finish(task), 0);
}

TEST(fault_no_supervisor, "without a supervisor, or when it dies, the task ends with its cause")
{
    ukern_handle port = HANDLE(port_create()), task;
    int code, reason;

    EQUAL(fault_of("crasher", -1, 3), UKERN_FAULT_ILLEGAL);
    task = supervised("crasher", port, 1); /* held by nobody: in the queue */
    await_state(task, UKERN_TASK_FAULT);
    OK(handle_close(port));
    OK(task_wait(task, &code, &reason, SOON));
    EQUAL(code, UKERN_FAULT_WRITE);
    EQUAL(reason, UKERN_EXIT_FAULT);
}

/* Supervises a task that faults, takes the event, and dies. */
ROLE(careless_supervisor)
{
    ukern_handle port = given("port");
    ukern_handle task = supervised("crasher", port, 0);

    EQUAL(handle_grant(task, task, 0, 30), 30);
    expect(port, UKERN_EV_FAULT);
    OK(notify(given("done"), 1));
    return 0;
}

TEST(fault_supervisor_dies, "a supervisor that dies while it holds a fault ends the faulted task")
{
    ukern_handle port = HANDLE(port_create()), done = HANDLE(port_create()), task;
    struct child c;
    uint64_t tasks = system_now().tasks, late = SOON;

    child_init(&c, "careless_supervisor");
    c.spawn.memory = 8 << 20;
    child_give(&c, "port", port);
    child_give(&c, "done", client(done, 1));
    child_give(&c, "archive", given("archive"));
    task = child_start(&c);
    EQUAL(finish(task), 0);
    while (system_now().tasks != tasks && clock_now() < late)
        clock_sleep(MILLISECOND);
    EQUAL(system_now().tasks, tasks);
    expect(port, UKERN_EV_EXIT); /* the faulted one's end */
}

TEST(fault_killed,
     "a faulted task can be killed while its supervisor looks; the answer is stale then")
{
    ukern_handle port = HANDLE(port_create()), task = supervised("crasher", port, 0);
    struct ukern_event ev = expect(port, UKERN_EV_FAULT), end;
    struct ukern_msg m = message(UKERN_FAULT_RESUME, 0);

    OK(task_kill(task, 3));
    OK(task_wait(task, NULL, NULL, SOON));
    EQUAL(ipc_reply(ev.token, &m), UKERN_ESTALE);
    end = expect(port, UKERN_EV_CANCELLED);
    EQUAL(end.token, ev.token);
    end = expect(port, UKERN_EV_EXIT);
    EQUAL(end.msg.w[0], 3);
    EQUAL(end.msg.w[1], UKERN_EXIT_KILLED);
}

/* ---- Other kinds. ---- */

/* Runs forbidden instruction argv[1]. */
ROLE(forbidden_runner)
{
    forbidden[argument(argc, argv, 1)].run();
    return 0;
}

TEST(fault_privileged, "no task runs an instruction of the kernel's")
{
    unsigned bad = 0;

    for (unsigned i = 0; forbidden + i < forbidden_end; i++) {
        ukern_handle task = play_number("forbidden_runner", -1, i);
        int code, reason;

        OK(task_wait(task, &code, &reason, SOON));
        OK(handle_close(task));
        if (reason == UKERN_EXIT_FAULT && code == UKERN_FAULT_ILLEGAL)
            continue;
        printf("# %s: reason %d, code %d\n", forbidden[i].text, reason, code);
        bad++;
    }
    EQUAL(bad, 0);
}

/* Odd accesses: argv[1] says which. */
ROLE(odd_one)
{
    static char buffer[64] __attribute__((aligned(64)));
    ukern_handle shm;
    void *at = NULL;
    uint64_t value;

    switch (argument(argc, argv, 1)) {
    case 0: /* exclusive, unaligned */
        __asm__ volatile("ldxr %0, [%1]" : "=r"(value) : "r"(buffer + 1) : "memory");
        break;
    case 1: /* an instruction at an odd address */
        __asm__ volatile("br %0" ::"r"((uintptr_t)&odd_one_role + 2));
        break;
    case 2: /* where the bus has nothing */
        shm = HANDLE(shm_device(given("system"), UINT64_C(0x09100000), 4096));
        OK(shm_map(shm, 0, 0, UKERN_PROT_READ, NULL, &at));
        return *(volatile uint32_t *)at;
    case 3: /* unaligned, in ordinary memory: good */
        memset(buffer, 1, sizeof buffer);
        __asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(buffer + 3) : "memory");
        return value == UINT64_C(0x0101010101010101) ? 0 : 1;
    }
    return 0;
}

TEST(fault_kinds, "a misaligned exclusive, a misaligned jump, a bus error")
{
    static const int cause[] = {UKERN_FAULT_ALIGN, UKERN_FAULT_ALIGN, UKERN_FAULT_EXTERNAL};

    for (uint64_t i = 0; i < 3; i++) {
        struct child c;
        ukern_handle task;
        int code, reason;
        child_init(&c, "odd_one");
        child_give(&c, "system", given("system"));
        child_number(&c, i);
        task = child_start(&c);
        OK(task_wait(task, &code, &reason, SOON));
        if (reason != UKERN_EXIT_FAULT || code != cause[i])
            check_differs("odd access", (int)i, "the cause", code, cause[i]);
    }
    EQUAL(finish(play_number("odd_one", -1, 3)), 0);
}

TEST(fault_storm, "fifty tasks fault at once; each is told")
{
    ukern_handle port = HANDLE(port_create()), task[50];
    unsigned faults = 0, ends = 0;

    for (unsigned i = 0; i < 50; i++) {
        struct child c;
        child_init(&c, "crasher");
        c.spawn.memory = 512 << 10;
        c.spawn.supervisor = port;
        c.spawn.supervisor_badge = i;
        child_number(&c, i % CRASHES);
        task[i] = child_start(&c);
    }
    while (faults < 50 || ends < 50) {
        struct ukern_event ev;
        ipc_recv(port, &ev, SOON);
        if (ev.type == UKERN_EV_FAULT) {
            EQUAL(ev.msg.w[0], crashes[ev.badge % CRASHES].cause);
            answer(ev.token, UKERN_FAULT_KILL);
            faults++;
        } else {
            EQUAL(ev.type, UKERN_EV_EXIT);
            EQUAL(ev.msg.w[0], crashes[ev.badge % CRASHES].cause);
            ends++;
        }
    }
    expect_nothing(port);
    for (unsigned i = 0; i < 50; i++)
        OK(handle_close(task[i]));
}
