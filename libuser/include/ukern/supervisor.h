/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 * Watch over tasks and start them again when they end. A supervisor is a list of children on one
 * port; it makes no system call of its own but clock_now() is given to it, so it can be tested
 * without a kernel.
 *
 * @code
 * static ukern_handle start(struct supervisor *v, struct supervisor_child *c)
 * {
 *     struct spawn s;
 *
 *     spawn_init(&s, c->name);
 *     s.supervisor = v->port;
 *     s.supervisor_badge = c->badge;
 *     return task_spawn(&s);
 * }
 *
 * static void exited(struct server *s, uint64_t badge, uint64_t id, int code, int reason)
 * {
 *     supervisor_exited(s->context, badge, code, reason, clock_now());
 *     s->deadline = supervisor_deadline(s->context); // UKERN_FOREVER if nothing is due
 * }
 * // timeout: supervisor_tick(s->context, clock_now()); s->deadline =
 * supervisor_deadline(s->context);
 * @endcode
 */
#ifndef UKERN_SUPERVISOR_H
#define UKERN_SUPERVISOR_H

#include <stdbool.h>
#include <ukern/abi/types.h>

/** When to start a child again. */
enum supervisor_restart {
    SUPERVISOR_NEVER,      /**< what has ended stays so */
    SUPERVISOR_ON_FAILURE, /**< unless it ended by itself with code 0 */
    SUPERVISOR_ALWAYS,
};

/** First delay before a restart; it doubles with each restart in a row. Nanoseconds. */
#define SUPERVISOR_DELAY_MIN UINT64_C(10000000)
/** The delay grows no longer than this. Nanoseconds. */
#define SUPERVISOR_DELAY_MAX UINT64_C(10000000000)
/** A child that lived so long has recovered: its next delay is the first again. Nanoseconds. */
#define SUPERVISOR_STABLE    UINT64_C(10000000000)

/** What a child is doing. */
enum supervisor_state {
    SUPERVISOR_STOPPED, /**< not started yet, or ended for good */
    SUPERVISOR_RUNNING, /**< started, and not ended */
    SUPERVISOR_WAITING, /**< will be started at restart_at */
};

struct supervisor;

/** A child. Set name, restart, start and context, zero the rest, and supervisor_add() it; it stays
 * in place. */
struct supervisor_child {
    const char *name;                /**< for messages */
    enum supervisor_restart restart; /**< its policy */
    /**
     * Start it, with v->port as its supervisor and c->badge as the badge. Returns its task handle,
     * which the supervisor closes when the task has ended, or an error: then it is tried again as
     * if it had ended.
     */
    ukern_handle (*start)(struct supervisor *v, struct supervisor_child *c);
    void *context; /**< the user's own */

    uint64_t badge;                /**< of its events; set by supervisor_add() */
    enum supervisor_state state;   /**< what it does now */
    ukern_handle task;             /**< while it runs; else an error or -1 */
    unsigned starts;               /**< how often it was started */
    unsigned failures;             /**< restarts in a row without a stable life */
    uint64_t started_at;           /**< its latest start, nanoseconds since boot */
    uint64_t restart_at;           /**< SUPERVISOR_WAITING: its next start */
    int code;                      /**< exit code of its last end */
    int reason;                    /**< enum ukern_exit_reason of its last end */
    struct supervisor_child *next; /**< in the list */
};

/** A list of children. */
struct supervisor {
    ukern_handle port; /**< where the events come; given to the tasks as their supervisor */
    void (*close)(ukern_handle task);  /**< handle_close(), as supervisor_init() sets it */
    void *context;                     /**< the user's own */
    uint64_t next_badge;               /**< of the next child */
    struct supervisor_child *children; /**< in the order of supervisor_add() */
};

/** Badges are port-wide: children get first_badge, first_badge + 1 ... which no other client of the
 * port may have. */
void supervisor_init(struct supervisor *v, ukern_handle port, uint64_t first_badge);

/** Add a child at the end of the list; it is not started. */
void supervisor_add(struct supervisor *v, struct supervisor_child *c);

/**
 * Start a child that does not run, now.
 * @return UKERN_OK, or the error of its start function; then a restart is due, if its policy has
 * any.
 */
int supervisor_start(struct supervisor *v, struct supervisor_child *c, uint64_t now);

/** The child with this badge, or NULL. */
struct supervisor_child *supervisor_find(const struct supervisor *v, uint64_t badge);

/**
 * An UKERN_EV_EXIT has come.
 * @return the child, whose state says what happens next; NULL: the badge is not of this supervisor.
 */
struct supervisor_child *supervisor_exited(struct supervisor *v, uint64_t badge, int code,
                                           int reason, uint64_t now);

/** When supervisor_tick() has something to do: nanoseconds since boot, or UKERN_FOREVER. */
uint64_t supervisor_deadline(const struct supervisor *v);

/** Start those whose time has come. How many. */
unsigned supervisor_tick(struct supervisor *v, uint64_t now);

/** Do not start it again when it ends (it goes on running). */
void supervisor_release(struct supervisor_child *c);

/** The delay after `failures` restarts in a row, nanoseconds. */
uint64_t supervisor_delay(unsigned failures);

#endif
