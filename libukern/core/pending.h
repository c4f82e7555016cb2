/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Pending system calls: the record of a parked caller and the table of completions.
 */
#ifndef CORE_PENDING_H
#define CORE_PENDING_H

#include "core.h"
#include "entry.h"

struct handle;
struct task;
struct shm;
struct port;
struct mapping;

enum pending_phase {
    PENDING_NONE,
    PENDING_BEGIN,    /* begin is running: it may declare ranges and a target */
    PENDING_PARKED,   /* the request is sent */
    PENDING_COMPLETE, /* complete is running: it may ask for copies and handles */
    PENDING_CHECK,    /* the kernel checks the caller's pages, in steps */
    PENDING_COPY,     /* and copies, in steps */
    PENDING_MAP,      /* and fills the mapping that complete asked for, in steps */
    PENDING_GIVE,     /* and hands handles over */
};

struct pending_range {
    uint64_t address, length;
    uint32_t direction;
};

struct pending_copy {
    struct shm *shm;
    uint64_t address; /* of the caller */
    uint64_t offset, length;
    uint32_t direction;
};

struct ukern_pending {
    const struct ukern_completion *ops;
    struct task *caller;
    struct task *server; /* while complete runs and copies go on */
    uint8_t phase, ranges, copies, gives;
    bool kept; /* copy[].shm are references; else they are good within this system call only */
    ukern_handle target;                /* the caller's handle of the server */
    const struct handle *target_handle; /* the same, good in begin only */
    uint64_t deadline;
    uint64_t copy_bytes; /* sum of the copies' lengths; saturates */
    uint64_t progress;   /* bytes checked or copied of copy[done_copies] */
    unsigned done_copies;
    uint64_t result[2];
    uint64_t give[2]; /* handle words of the server */
    uint8_t give_result[2];
    uint64_t state[4];
    struct ukern_msg *message; /* the request that begin or complete fills; NULL: not asked for */
    struct ukern_msg request;  /* while it is queued, or complete runs */
    struct pending_range range[UKERN_RANGES];
    struct pending_copy copy[UKERN_COPIES];
    struct mapping *mapping; /* in the caller: being filled, or NULL; see mapping.worker */
};

/* The system call `number` of an extension, or ENOSYS. */
struct way pending_call(struct cpu *c, struct ukern_sysregs *r, uint64_t number);
/*
 * The server t replied to the parked caller. PENDING_READY: all is done; the results wait in
 * pending.result for the caller to be released and woken. UKERN_OK: the reply is dealt with, and
 * the caller too. SYS_AGAIN: more copying to do; an error for the server.
 */
#define PENDING_READY 1
int64_t pending_reply(struct task *t, struct task *caller, const struct ukern_msg *reply);
/* After PENDING_READY: the caller goes on with its results. */
void pending_wake(struct task *caller);
/* Send pending.request of the caller, which is not blocked. UKERN_OK: it is parked now; else the
 * call is over, and cancel has run. */
int pending_forward(struct ukern_pending *p);
/* complete has returned rc, or its copies go on: as pending_reply(). */
int64_t pending_go_on(struct ukern_pending *p, int rc);
#define PENDING_NUMBERS (UKERN_SYS_EXT_END - UKERN_SYS_EXT_FIRST)
extern const struct ukern_completion *pending_table[PENDING_NUMBERS];
/* The call ends without a reply. */
void pending_cancel(struct task *caller, int why);
/* Boot: no registration from here on. */
void pending_seal(void);
void pending_reset(void); /* tests: forget all registrations */

#endif
