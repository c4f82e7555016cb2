/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measures what bench/run tabulates, and prints a line "= NAME NANOSECONDS ROUNDS" for each figure.
 * The console is idle until all is measured. With "masked" among the boot arguments, see masked.c;
 * with "profile=NAME" only one round of that benchmark runs, which bench/profile
 * finds in a trace.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ukern/console.h>
#include <ukern/error.h>
#include <ukern/ipc.h>
#include <ukern/irq.h>
#include <ukern/task.h>

#include "bench.h"

#define DRAIN_TIME      2000000000u /* nanoseconds for the console's last words */
#define SERVER_PRIORITY 32          /* what init gives to servers; this task has it at first */

static struct benchmark {
    const char *name;
    uint64_t (*run)(unsigned n);
    unsigned n;
    uint64_t nanoseconds;
} benchmarks[] = {
    {"calibration", run_calibration, 100000, 0},
    {"null_call", run_null_call, 100000, 0},
    {"call_0w", run_call_0w, 100000, 0},
    {"call_6w", run_call_6w, 100000, 0},
    {"call_vectors", run_call_vectors, 30000, 0},
    {"bad_handle", run_bad_handle, 100000, 0},
    {"yield", run_yield, 30000, 0},
    {"notify_wait", run_notify_wait, 30000, 0},
    {"pending_call", run_pending_call, 30000, 0},
    {"pipe_pingpong", run_pipe_pingpong, 10000, 0},
    {"pipe_12b", run_pipe_12b, 10000, 0},
    {"pipe_4k_per_4k", run_pipe_4k, 10000, 0},
    {"pipe_64k_per_4k", run_pipe_64k, 8000, 0},
    {"handover_per_4k", run_handover, 100000, 0},
    {"pipe_create_close", run_pipe_create_close, 3000, 0},
    {"spawn_exit_wait", run_spawn_exit_wait, 300, 0},
};

#define BENCHMARKS (sizeof benchmarks / sizeof benchmarks[0])

static _Noreturn void power_off(int code)
{
    struct ukern_msg drain = {UKERN_TAG(STREAM_CONTROL, 0), {CONSOLE_DRAIN}};

    fflush(stdout);
    ipc_call_until(STDOUT_FILENO, &drain, clock_now() + DRAIN_TIME);
    system_power(task_handle("system"), UKERN_POWER_OFF, code);
    exit(code);
}

void stop(const char *what, int64_t error)
{
    printf("bench: %s: %s\n", what, ukern_strerror((int)error));
    power_off(1);
}

/* ---- Time ---- */

/* Nanoseconds since boot, in steps of the counter. */
static inline uint64_t now(void)
{
    uint64_t ticks, frequency;

    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks)::"memory");
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return ticks * (UINT64_C(1000000000) / frequency);
}

__attribute__((noinline)) uint64_t window_begin(void)
{
    return now();
}

__attribute__((noinline)) uint64_t window_end(uint64_t start)
{
    return now() - start;
}

/* Two instructions a round: the counter says so, or the machine is not what it must be. */
uint64_t run_calibration(unsigned n)
{
    uint64_t start = window_begin(), left = n;

    __asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(left) : : "cc");
    return window_end(start);
}

/* ---- The other side ---- */

ukern_handle start_role(const char *name, ukern_handle port, int in, int out)
{
    const char *const argv[] = {"bench", name};
    struct spawn s;

    spawn_init(&s, name);
    s.program = "bench";
    s.argc = 2;
    s.argv = argv;
    s.fd[0] = in;
    s.fd[1] = out;
    s.priority = s.max_priority = port >= 0 ? SERVER_PRIORITY : CLIENT_PRIORITY;
    if (port >= 0)
        must(spawn_grant(&s, "port", port, UKERN_R_RECV), name);
    return (ukern_handle)must(task_spawn(&s), name);
}

void end_role(ukern_handle task)
{
    int reason = 0;

    must(task_kill(task, 0), "task_kill");
    must(task_wait(task, NULL, &reason, UKERN_FOREVER), "task_wait");
    if (reason != UKERN_EXIT_KILLED)
        stop("the other task ended by itself", UKERN_EPEER);
    must(handle_close(task), "handle_close");
}

void role_vectors(void)
{
    __asm__ volatile("fmov d0, #1.0" ::: "d0");
    task_exit(0);
}

void free_vector_registers(void)
{
    ukern_handle task = start_role("vectors", -1, -1, -1);

    must(task_wait(task, NULL, NULL, UKERN_FOREVER), "task_wait");
    must(handle_close(task), "handle_close");
}

static const struct {
    const char *name;
    void (*play)(void);
} roles[] = {
    {"echo_vectors", role_echo_vectors},
    {"yielder", role_yielder},
    {"echo", role_echo},
    {"waiter", role_waiter},
    {"pong", role_pong},
    {"sink_4k", role_sink_4k},
    {"taker", role_taker},
    {"sink_64k", role_sink_64k},
    {"vectors", role_vectors},
    {"hoard", role_hoard},
    {"mapper", role_mapper},
    {"caller", role_caller},
    {"link", role_link},
    {"keeper", role_keeper},
    {"sleeper", role_sleeper},
};

static int play(const char *role)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(role, roles[i].name) == 0)
            roles[i].play();
    return 0;
}

/* ---- All of it ---- */

static void profile(const char *name)
{
    for (size_t i = 0; i < BENCHMARKS; i++)
        if (strcmp(name, benchmarks[i].name) == 0)
            benchmarks[i].run(1);
}

static void report(void)
{
    struct ukern_system_info info;

    must(system_info(task_handle("system"), &info), "system_info");
    for (size_t i = 0; i < BENCHMARKS; i++)
        printf("= %s %llu %u\n", benchmarks[i].name, (unsigned long long)benchmarks[i].nanoseconds,
               benchmarks[i].n);
    printf("= boot %llu 1\n", (unsigned long long)info.boot_ns);
    printf("= kernel_text %llu 1\n", (unsigned long long)info.kernel_text);
    printf("= kernel_data %llu 1\n", (unsigned long long)info.kernel_data);
    printf("= task_bytes %llu 1\n", (unsigned long long)task_bytes());
}

int main(int argc, char **argv)
{
    const char *profiled = strstr(task_bootargs(), "profile=");

    if (argc > 1)
        return play(argv[1]);
    must(task_priority(UKERN_SELF, CLIENT_PRIORITY), "task_priority");
    if (strstr(task_bootargs(), "masked") != NULL) {
        run_masked();
    } else if (profiled != NULL) {
        profile(profiled + strlen("profile="));
    } else {
        for (size_t i = 0; i < BENCHMARKS; i++)
            benchmarks[i].nanoseconds = benchmarks[i].run(benchmarks[i].n);
        report();
    }
    printf("= end 0 1\n");
    power_off(0);
}
