/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Plays the tasks of a small world on the simulated machine (arch/sim): boots the kernel with an
 *  archive made in memory, spawns tasks, and makes their system calls. A task runs no code: a call
 *  is made "as" the task that is current, and what it resumes with is kept for whoever asks.
 */
#ifndef TESTS_SIM_HARNESS_H
#define TESTS_SIM_HARNESS_H

#include "arch.h"
#include "image.h"
#include "spawn.h"
#include "task.h"

/** RAM at the machine's start that sim_reset() must leave for the archive, bytes. */
#define WORLD_BOOT (UINT64_C(1) << 20)

/** Priority of init and of tasks that name no other. */
#define WORLD_PRIORITY 20
/** Stack of each task, bytes: its memory for arguments. */
#define WORLD_STACK    (UINT64_C(16) << 10)
/** Where it starts. */
#define WORLD_MEMORY   (STACK_TOP - WORLD_STACK)

/** Highest task id that the harness follows, plus one. */
#define WORLD_IDS 256

/** The kernel has not given the call's result yet. */
#define WORLD_WAITS INT64_MIN

/** Boot: init is current, with WORLD_PRIORITY. After sim_reset(). */
void world_start(void);
/** Called by ukern_main(), the hook of the kernel library: registers completions. */
extern void (*world_extensions)(void);

extern struct task *world_init;
/** Where the archive's files lie in it: the program `init`, and a file that is no program. */
extern uint64_t world_program, world_program_size, world_text, world_text_size;

/** What was last seen of a task that the harness plays. */
struct player {
    bool waits;             /**< in a system call */
    bool yields;            /**< that call is the harness's own: its result is nobody's */
    uint64_t number;        /**< of its last call */
    struct ukern_sysregs r; /**< its result */
    uint64_t resumed;       /**< how often it came back from a call */
};
struct player *world_player(const struct task *t);
/** Called when a new task runs for the first time. */
extern void (*world_born)(struct task *t);

/** Enter the kernel as the current task. */
void world_enter(uint64_t number, const struct ukern_sysregs *args);
void world_fault(enum ukern_fault_cause cause, uint64_t address);
/** Take what interrupts wait. */
void world_interrupt(void);
/** Let time pass, nanoseconds, and take the timer's interrupt if it is due. */
void world_pass(uint64_t ns);

/** Bring t to run: the others yield. It must be ready, and as urgent as any. */
void world_run(struct task *t);
/** t makes a system call. Its status, or WORLD_WAITS. */
int64_t world_sys(struct task *t, uint64_t number, const struct ukern_sysregs *args);
#define SYS(t, name, ...) SYS_UNTIL(t, UKERN_FOREVER, name, __VA_ARGS__)
/** The same with a deadline. */
#define SYS_UNTIL(t, deadline, name, ...)                                                          \
    world_sys((t), UKERN_SYS_##name, &(struct ukern_sysregs){{__VA_ARGS__}, (deadline), 0})
/** The same with a deadline and a reply token. */
#define SYS_TOKEN(t, token_, deadline, name, ...)                                                  \
    world_sys((t), UKERN_SYS_##name, &(struct ukern_sysregs){{__VA_ARGS__}, (deadline), (token_)})
/** Status of t's last call, for which it may have to run first. */
int64_t world_result(struct task *t);
/** Registers of t's last call, which has ended. */
const struct ukern_sysregs *world_regs(const struct task *t);

/** How to spawn. Zero members: WORLD_PRIORITY, 63, 1 MiB, no supervisor. */
struct world_spawn {
    unsigned priority, max_priority;
    uint64_t memory;
    ukern_handle supervisor;
    uint64_t badge;
};
/** init spawns the archive's program. */
struct task *world_spawn_with(const char *name, const struct world_spawn *how);
struct task *world_spawn(const char *name);
/** init's handle of t. */
ukern_handle world_handle(const struct task *t);
/** A copy of from's handle h in the table of t, put there directly. */
ukern_handle world_give(struct task *from, ukern_handle h, struct task *t, unsigned rights);
/** Set t's base priority directly. */
void world_priority(struct task *t, unsigned priority);
/** init kills every task but itself, and closes all handles but those of boot. */
void world_end(void);

/** Host address of a byte of t's memory. */
void *world_user(const struct task *t, uint64_t address);

#endif
