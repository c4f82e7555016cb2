/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What happened last, in a ring in memory. A library built with UKERN_TRACE records; in any other
 *  each TRACE() is nothing at all. The ring is read from outside, out of the machine's memory, so
 *  that it also tells of a system that hangs or has crashed: tools/trace looks for TRACE_MAGIC.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include "core.h"

struct task;

enum trace_event {
#define TRACE_EVENT(number, name, detail, words, text) TRACE_##name = number,
#include "trace.def"
#undef TRACE_EVENT
};

#define TRACE_MAGIC   "ukern trace ring" /* 16 characters, without a NUL */
#define TRACE_VERSION 1
#define TRACE_WORDS   6
#define TRACE_TASKS   1024

struct trace_record {
    uint64_t time; /* arch_cycles() */
    uint32_t task; /* its id, or 0 */
    uint16_t detail;
    uint8_t event; /* enum trace_event */
    uint8_t cpu;   /* 0: there is one */
    uint64_t word[TRACE_WORDS];
};

/* The record n (from 0) since boot is in record[n % capacity], until a later one takes its place.
 */
struct trace_ring {
    char magic[16];
    uint32_t version;
    uint32_t header_size, record_size;           /* bytes */
    uint32_t capacity;                           /* records */
    uint64_t where;                              /* physical address of this struct */
    uint64_t ns;                                 /* nanoseconds in 2^32 of arch_cycles() */
    uint64_t written;                            /* records since boot */
    uint32_t tasks, calls;                       /* entries of the tables below */
    char task_name[TRACE_TASKS][UKERN_NAME_MAX]; /* by id; the latest of this id */
    /* by number, from UKERN_SYS_EXT_FIRST */
    char call_name[UKERN_SYS_EXT_END - UKERN_SYS_EXT_FIRST][UKERN_NAME_MAX];
    struct trace_record record[];
};

/* Make a ring of `size` bytes at `area`, whose physical address is `where`, and record into it from
 * now on; NULL: record nothing. */
void trace_into(void *area, uint64_t size, paddr_t where);
/* Boot: take memory for the ring, in proportion to what there is. */
void trace_boot(void);
void trace_write(enum trace_event event, unsigned detail, const struct task *t,
                 const uint64_t word[TRACE_WORDS]);
/* The same, with what t is called behind the first word. */
void trace_named(enum trace_event event, unsigned detail, const struct task *t, uint64_t word);
/* What the tools are to call the extension's system call of this number. */
void trace_call_name(uint32_t number, const char *name);

#ifdef UKERN_TRACE
/* TRACE(event, detail, task, words...) */
#define TRACE(event, detail, task, ...)                                                            \
    trace_write(TRACE_##event, (unsigned)(detail), task, (const uint64_t[TRACE_WORDS]){__VA_ARGS__})
#define TRACE_NAMED(event, detail, task, word) trace_named(TRACE_##event, detail, task, word)
#define TRACE_CALL_NAME(number, name)          trace_call_name(number, name)
#define TRACE_BOOT()                           trace_boot()
#else
#define TRACE(...)           ((void)0)
#define TRACE_NAMED(...)     ((void)0)
#define TRACE_CALL_NAME(...) ((void)0)
#define TRACE_BOOT()         ((void)0)
#endif

/* The id of a task that may be NULL; the task that has the CPU. */
#define TRACE_ID(t)     ((t) ? task_id(t) : 0)
#define TRACE_CURRENT() (arch_cpu()->current)
/* From `from` (which may be NULL) to `to` (likewise). */
#define TRACE_SWITCH(from, to)                                                                     \
    TRACE(switch, (from) ? (from)->state : 0, to, TRACE_ID(from), (to) ? (to)->priority : 0)
/* The task t has received the event in r at port p. */
#define TRACE_RECEIVED(t, p, r)                                                                    \
    TRACE(receive, (r)->x[0], t, (r)->token, (uintptr_t)(p), (r)->deadline_or_badge, (r)->x[1],    \
          (r)->x[2], (r)->x[3])
/* A message of the caller t, which waits for s's reply or not, has been sent; and received by s. */
#define TRACE_SENT(t, p, m)                                                                        \
    TRACE(call, (t)->call_kind, t, (t)->token, (uintptr_t)(p), (t)->call_badge, (m)[0], (m)[1],    \
          (m)[2])
#define TRACE_TAKEN(s, t, p, m)                                                                    \
    TRACE(receive, UKERN_EV_MESSAGE, s, (t)->token, (uintptr_t)(p), (t)->call_badge, (m)[0],       \
          (m)[1], (m)[2])

#endif
