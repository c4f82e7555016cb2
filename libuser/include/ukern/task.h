/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 * Tasks: spawn, end, wait, look into; and what a task was born with (arguments, named handles).
 *
 * @code
 * const char *argv[] = {"wc", "-l"};
 * struct spawn s;
 *
 * spawn_init(&s, "wc");
 * s.argc = 2;
 * s.argv = argv;
 * s.fd[0] = read_end;
 * s.fd[1] = s.fd[2] = 1;
 * ukern_handle task = task_spawn(&s);
 * if (task < 0)
 *     fprintf(stderr, "wc: %s\n", ukern_strerror(task));
 * @endcode
 *
 * Handle errors (UKERN_EHANDLE, UKERN_ETYPE, UKERN_ERIGHTS) can come from every function that
 * takes a handle. In place of a task handle UKERN_SELF means the caller, where that makes sense.
 */
#ifndef UKERN_TASK_H
#define UKERN_TASK_H

#include <stddef.h>
#include <ukern/abi/types.h>
#include <ukern/syscall.h>

/** Most named handles of one spawn. */
#define SPAWN_GRANTS_MAX 16
/** Most arguments of a task. */
#define SPAWN_ARGS_MAX   128
/** Named handles stand in the new task from this slot on; below it are its file descriptors. */
#define SPAWN_FIRST_SLOT 16
/** What the first task gives its children unless it says otherwise. */
#define SPAWN_PRIORITY   16
/** What spawn_init() sets, bytes. */
#define SPAWN_MEMORY     (UINT64_C(512) * 1024)
/** What spawn_init() sets, bytes. */
#define SPAWN_STACK      (UINT64_C(32) * 1024)

/** What to give a new task. spawn_init() sets the defaults; set what matters. */
struct spawn {
    const char *name;        /**< also its program, if program is NULL */
    const char *program;     /**< file in the archive */
    uint64_t memory;         /**< its whole quota, bytes; reserved from the spawner's own */
    uint64_t stack;          /**< bytes */
    unsigned priority;       /**< that it starts with, 0 to 63 */
    unsigned max_priority;   /**< that it may give itself and its children */
    int argc;                /**< 0: argv is {name} */
    const char *const *argv; /**< argv[0] is the name by custom */
    /** Port (needs UKERN_R_MINT) that gets its exit and faults; -1: none. */
    ukern_handle supervisor;
    uint64_t supervisor_badge; /**< of those events */
    ukern_handle fd[3];        /**< its 0, 1, 2; -1: none */
    /** A handle to give, see spawn_grant(). */
    struct named_grant {
        const char *name;      /**< how the task finds it: task_handle("name") */
        ukern_handle handle;   /**< the spawner's own */
        uint32_t rights;       /**< 0: the same */
    } grant[SPAWN_GRANTS_MAX]; /**< set by spawn_grant() */
    unsigned grants;           /**< entries of grant */
};

/**
 * The defaults: SPAWN_MEMORY, SPAWN_STACK, the priority that the caller was born with, no arguments
 * but the name, no supervisor, no file descriptors, no handles.
 * @param[out] s  what to fill.
 * @param name    must stay in place until task_spawn().
 */
void spawn_init(struct spawn *s, const char *name);

/**
 * Add a named handle.
 * @param s       from spawn_init().
 * @param name    must stay in place until task_spawn().
 * @param h       needs UKERN_R_TRANSFER.
 * @param rights  what the new task may do with it, a subset; 0: the same.
 * @return UKERN_OK; UKERN_EOVERFLOW: more than SPAWN_GRANTS_MAX; UKERN_EINVAL: the name is empty or
 * contains '='.
 */
int spawn_grant(struct spawn *s, const char *name, ukern_handle h, uint32_t rights);

/**
 * Load a program from the archive (the caller must have been granted "archive") and start it.
 * @return a task handle with all rights, or an error: UKERN_ENOENT (no archive was granted, or no
 * such program), UKERN_ENOEXEC (the file is no program that may be loaded), UKERN_ENOMEM (the
 * caller has not so much quota left, the program does not fit into `memory`, or the caller is the
 * last in a line of 64 tasks that were spawned each by the one before), UKERN_EOVERFLOW (name or
 * arguments too long, see UKERN_NAME_MAX and UKERN_ARGS_MAX), UKERN_ERIGHTS (max_priority above the
 * caller's).
 */
ukern_handle task_spawn(const struct spawn *s);

/** The plain system call; errors as task_spawn(). */
ukern_handle task_spawn_raw(const struct ukern_spawn *s);

/** End the caller, at once: nothing is flushed. exit() of stdlib.h flushes first. */
_Noreturn void task_exit(int code);

/**
 * Wait until a task has ended.
 * @param task         needs UKERN_R_WAIT.
 * @param[out] code    its exit code (of UKERN_EXIT_FAULT: enum ukern_fault_cause); may be NULL.
 * @param[out] reason  enum ukern_exit_reason; may be NULL.
 * @param deadline     nanoseconds since boot.
 * @return UKERN_OK; UKERN_ETIMEDOUT; UKERN_EDEADLK: the task waits for the caller.
 */
int task_wait(ukern_handle task, int *code, int *reason, uint64_t deadline);

/** End a task; needs UKERN_R_KILL. A task that has ended stays as it is. */
int task_kill(ukern_handle task, int code);

/** Let others of the same priority run first. */
void task_yield(void);

/** The caller's id: a number for people and logs; it opens nothing. */
UKERN_INLINE uint64_t task_self(void);

/** Set the base priority. task: needs UKERN_R_MANAGE, or UKERN_SELF. UKERN_ERIGHTS: above the
 * max_priority of the task, or of the caller. */
int task_priority(ukern_handle task, unsigned priority);

/**
 * Facts about a task.
 * @param task_or_system  a task (UKERN_R_INSPECT; id is 0), or the system handle (UKERN_R_INSPECT):
 * then the first task whose id is at least `id`, so that a loop sees them all.
 * @param id              see there.
 * @param[out] info       the facts.
 * @return UKERN_OK; UKERN_ENOENT: no task with such an id.
 */
int task_info(ukern_handle task_or_system, uint64_t id, struct ukern_task_info *info);

/** A handle to any task. system needs UKERN_R_INSPECT, and UKERN_R_KILL if that is wanted. rights:
 * some of UKERN_R_TRANSFER, UKERN_R_INSPECT, UKERN_R_KILL, UKERN_R_WAIT. UKERN_ENOENT: no such id;
 * UKERN_EINVAL: other rights. */
ukern_handle task_open(ukern_handle system, uint64_t id, uint32_t rights);

/** Read another task's memory; needs UKERN_R_INSPECT. Bytes up to the first that cannot be read;
 * UKERN_EFAULT: none can; UKERN_EPEER: it has ended. */
int64_t task_read(ukern_handle task, uint64_t address, void *to, size_t n);

/** Registers of another task, as they were when it last ran; needs UKERN_R_INSPECT. UKERN_EPEER: it
 * has ended. */
int task_regs(ukern_handle task, struct ukern_regs *regs);

/** Memory, objects, time; needs UKERN_R_INSPECT. */
int system_info(ukern_handle system, struct ukern_system_info *info);

/** Power off or reset; needs UKERN_R_POWER. Returns only on an error. `code` is seen where the
 * machine can; if it is not 0, what nobody has read of the log is printed first. */
int system_power(ukern_handle system, enum ukern_power action, int code);

/** Append to the kernel's log; needs UKERN_R_LOG. Bytes taken. */
int64_t log_write(ukern_handle system, const char *text, size_t n);

/**
 * Read the kernel's log.
 * @param system     needs UKERN_R_LOG.
 * @param position   where to start, in bytes since boot; what has been overwritten is skipped.
 * @param[out] to    where to put it.
 * @param n          bytes that fit there.
 * @param[out] next  position after what was read.
 * @return bytes; 0: there is no more yet.
 */
int64_t log_read(ukern_handle system, uint64_t position, char *to, size_t n, uint64_t *next);

/** Be notified when the log grows; needs UKERN_R_LOG, and UKERN_R_NOTIFY of the port. */
int log_bind(ukern_handle system, ukern_handle port, uint64_t bits);

/** A handle granted under this name ("pipe", "archive", "system", "supervisor" ...), or
 * UKERN_ENOENT. */
ukern_handle task_handle(const char *name);

/** The image's boot arguments ("" if none): words from QEMU's -append. */
const char *task_bootargs(void);

#ifdef __aarch64__
UKERN_INLINE uint64_t task_self(void)
{
    return (uint64_t)ukern_trap0(UKERN_SYS_task_self);
}
#endif

#endif
