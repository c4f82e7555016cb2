/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Tasks. A task has one place to be at a time: running, in the ready queue, in a port's queue of
 *  callers, held by a server, among a port's waiting receivers, or among those who wait for a task's
 *  end. `state` says which; next/prev link it there.
 */
#ifndef CORE_TASK_H
#define CORE_TASK_H

#include "core.h"
#include "account.h"
#include "arch.h"
#include "aspace.h"
#include "handle.h"
#include "pending.h"
#include "port.h"
#include "timer.h"

enum task_state {
    TASK_LOADING, /* its spawner is still filling it */
    TASK_READY,   /* running, or in the ready queue */
    TASK_SEND,    /* in call_port->senders */
    TASK_REPLY,   /* held by `holder`: holder->taken, or in holder->held */
    TASK_RECV,    /* in wait_port->waiters */
    TASK_WAIT,    /* in wait_task->waiters */
    TASK_DEAD,
};

/* What a task in TASK_SEND or TASK_REPLY wants. */
enum call_kind {
    CALL_SEND,    /* ipc_send */
    CALL_CALL,    /* ipc_call */
    CALL_PENDING, /* a pending system call */
    CALL_FAULT,   /* the kernel asks the supervisor on a faulted task's behalf */
};

struct operation;

enum direct {
    DIRECT_NO = 0,
    DIRECT_PLAIN = 1,   /* a receiver, or an ipc_call */
    DIRECT_PENDING = 2, /* a pending call */
};

/*
 * direct: the short ways of ipc_fast.c may be taken.
 *  - In TASK_RECV: it takes every event, and is the only one that waits there.
 *  - In TASK_REPLY: a call or pending call without a deadline; the holder took it last
 *    (holder->taken) and serves its port (call_port->server). While this holds, the holder keeps
 *    the port alive, and the call holds no reference to it; whatever ends it takes one first
 *    (ipc_undirect()).
 */
struct task {
    struct arch_context context; /* first: the entry code finds it at offset 0 */
    uint64_t token; /* then this: of its latest call: slot | sequence << TOKEN_SLOT_BITS */
    uint64_t call_badge;
    struct aspace *aspace;
    uint8_t state;     /* enum task_state */
    uint8_t call_kind; /* enum call_kind */
    uint8_t direct;    /* enum direct: waits with nothing attached, see above */
    bool receive_any;  /* TASK_RECV: takes every event, not just the bits in wait_mask */
    uint8_t priority;  /* now */
    uint8_t base_priority;
    uint8_t max_priority;
    bool queued;     /* in the ready queue */
    uint16_t number; /* of the system call to run again */
    union {
        struct {
            bool full;    /* resume with all registers, not as from a system call */
            bool again;   /* by running system call `number` again; `result`: its arguments */
            bool dying;   /* by taking it apart */
            bool unclean; /* one of cleanup_ports, _shms, _mapping is set */
        };
        uint32_t special; /* 0: none of these; `result` is loaded, and it runs on */
    };

    struct handle_table handles;
    struct task *next, *prev;    /* where `state` says */
    struct task *higher, *lower; /* see waitq.h */

    /* As a caller. */
    struct port *call_port;  /* TASK_SEND, TASK_REPLY: holds a reference */
    struct task *holder;     /* TASK_REPLY */
    const uint64_t *message; /* TASK_SEND: tag and words */
    struct ghost *ghost;     /* in reserve for the call's cancelling */

    /* As a server. */
    struct task *taken;   /* the caller whose message it took last, until it receives again */
    struct task *held;    /* the other callers that it owes a reply: a list by next/prev */
    struct port *serving; /* received here last: serving->server == this */

    /* As a receiver, or waiting for a task. */
    struct port *wait_port;
    uint64_t wait_mask;
    struct task *wait_task; /* holds a reference */

    struct ukern_sysregs
        result;         /* loaded when it resumes from a system call; arguments while `again` */
    struct timer timer; /* of its deadline */
    struct operation *operation; /* a long system call in progress */
    struct port *cleanup_ports;  /* to be finished before it runs on: see cleanup.c */
    struct shm *cleanup_shms;
    struct mapping
        *cleanup_mapping; /* to be removed: half filled by a call that failed, or given up */

    struct account *account; /* what it pays from */
    struct account *payer;   /* who pays for this struct */
    uint32_t refs;           /* handles, queues; 1 of its own until dead */
    uint32_t teardown;       /* progress of taking apart */
    int32_t exit_code;
    uint32_t exit_reason;
    struct task *waiters;    /* in task_wait for this one */
    struct port *supervisor; /* or NULL; holds a reference */
    uint64_t supervisor_badge;
    struct task *exit_next; /* in port->exits */

    uint64_t slice_left;           /* of a preempted task, in arch_cycles(); 0: a whole slice */
    uint64_t cpu_cycles;           /* CPU time, in arch_cycles() */
    uint64_t blocked_at;           /* since when it is not running, in arch_cycles() */
    uint64_t replies, first_token; /* each call changes the token: that counts calls */
    char name[UKERN_NAME_MAX];
    struct ukern_pending pending;
};

#define TOKEN_SLOT_BITS 20
#define TOKEN_ONE       (UINT64_C(1) << TOKEN_SLOT_BITS)

static inline uint64_t task_id(const struct task *t)
{
    return t->token & (TOKEN_ONE - 1);
}

/* The root of the task table; tasks are found by slot. The slot is also the task's id (from 1). */
struct task *task_by_slot(uint64_t slot);
/* The first task whose slot is at least `slot`, within a bounded search; *next: where to go on if
 * NULL; 0: no more. */
struct task *task_from_slot(uint64_t slot, uint64_t *next);

/*
 * A task with an empty address space and table, TASK_LOADING, refs = 1 (its own). payer pays for
 * the struct and reserves `memory` bytes. NULL: quota.
 */
struct task *task_new(struct account *payer, uint64_t memory, const char *name);
static inline void task_ref(struct task *t)
{
    t->refs++;
}
void task_put(struct task *t);

/* A loaded task, whose context is set: ready to run for the first time. */
void task_start(struct task *t, unsigned priority, unsigned max_priority);

/* End t (a second end changes nothing). It takes itself apart when it is scheduled, with at least
 * this priority. */
void task_end(struct task *t, enum ukern_exit_reason reason, int code, unsigned priority);
/* A bounded step of taking t apart; false: done, t is dead (and maybe gone). */
bool task_teardown_step(struct task *t);

/* Has t something to finish before it runs on? */
static inline bool task_unclean(const struct task *t)
{
    return t->unclean;
}

/* It has. */
void task_mark_unclean(struct task *t);

/* A bounded step of what t's last system call left to do; false: nothing left. */
bool cleanup_step(struct task *t);
/* Drop a shm reference; if it was the last, t frees the frames in steps. */
void cleanup_shm(struct task *t, struct shm *s);
/* The same for one whose last reference is gone already. */
void cleanup_orphan(struct task *t, struct shm *s);
void cleanup_port(struct task *t, struct port *p);
/* Ports that `from` left to be finished are `to`'s to finish. */
void cleanup_hand_over(struct task *from, struct task *to);

extern uint64_t task_count; /* tasks that are not dead */

#endif
