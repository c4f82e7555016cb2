/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Under QEMU's -icount shift=0 each instruction takes one virtual nanosecond, so that the counter
 * counts instructions, the loop's own included. A benchmark returns the nanoseconds of n rounds.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <ukern/abi/types.h>

#define WARM_UP         16 /* rounds before those that count */
#define CLIENT_PRIORITY 16 /* what init gives to programs that are no servers */

uint64_t run_calibration(unsigned n);
uint64_t run_null_call(unsigned n);
uint64_t run_call_0w(unsigned n);
uint64_t run_call_6w(unsigned n);
uint64_t run_call_vectors(unsigned n);
uint64_t run_bad_handle(unsigned n);
uint64_t run_yield(unsigned n);
uint64_t run_notify_wait(unsigned n);
uint64_t run_pending_call(unsigned n);
uint64_t run_pipe_pingpong(unsigned n);
uint64_t run_pipe_12b(unsigned n);
uint64_t run_pipe_4k(unsigned n);
uint64_t run_pipe_64k(unsigned n);
uint64_t run_handover(unsigned n);
uint64_t run_pipe_create_close(unsigned n);
uint64_t run_spawn_exit_wait(unsigned n);
uint64_t task_bytes(void);
/* With UKERN_MEASURE: how long interrupts have to wait. Prints what it finds. */
void run_masked(void);

/* Arguments of task_spawn_raw() for a program of the archive; quota and stack are small. */
void find_program(struct ukern_spawn *s, const char *name);

/* Bracket the rounds that count; bench/profile looks for these two in a trace. */
uint64_t window_begin(void);
uint64_t window_end(uint64_t start);

/*
 * Leave the vector registers to nobody, as most tasks use none: a task that was their last user
 * ends. What the switch of these registers costs is not part of the figures.
 */
void free_vector_registers(void);

/* n rounds; inlined, and the function, too. */
static inline __attribute__((always_inline, flatten)) uint64_t
rounds(unsigned n, void (*one)(void *), void *context)
{
    uint64_t start;

    for (unsigned i = 0; i < WARM_UP; i++)
        one(context);
    free_vector_registers();
    for (unsigned i = 0; i < WARM_UP; i++)
        one(context);
    start = window_begin();
    do
        one(context);
    while (--n > 0);
    return window_end(start);
}

/* ---- The other side: this program as another task, whose main() is role_NAME(). */

/* port: it is a server there, more urgent than this task, as servers are. -1: it is this task's
 * equal, and in and out are its standard input and output. */
ukern_handle start_role(const char *name, ukern_handle port, int in, int out);
void end_role(ukern_handle task);
/* Until they are killed. */
void role_echo(void);
void role_echo_vectors(void);
void role_yielder(void);
void role_waiter(void);
void role_pong(void);
void role_sink_4k(void);
void role_taker(void);
void role_sink_64k(void);
void role_vectors(void);
void role_hoard(void);
void role_mapper(void);
void role_caller(void);
void role_link(void);
void role_keeper(void);
void role_sleeper(void);

/* Everything must go well, or the figures mean nothing. */
_Noreturn void stop(const char *what, int64_t error);
static inline int64_t must(int64_t result, const char *what)
{
    if (__builtin_expect(result < 0, 0))
        stop(what, result);
    return result;
}

#endif
