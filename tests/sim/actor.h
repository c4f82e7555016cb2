/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The actors of the simulation: what each task knows, and the choices that it makes by chance.
 */
#ifndef TESTS_SIM_ACTOR_H
#define TESTS_SIM_ACTOR_H

#include "harness.h"

/** Tokens that an actor remembers. */
#define TOKENS_MAX 24

/** A call that an actor has received. */
struct held {
    uint64_t token;
    bool fault;           /**< a fault, not a call */
    struct ukern_msg msg; /**< as received */
};

/** What the simulation knows of a task. */
struct actor {
    uint64_t number;           /**< of its call in progress, or the last one */
    struct ukern_sysregs args; /**< of that */
    uint64_t serial;           /**< of the message in it; 0: none */
    unsigned tokens;
    struct held token[TOKENS_MAX];
};

struct actor *actor_of(const struct task *t);
/** The slot of t has a new task. */
void actor_born(struct task *t);
/** Note a call that was received; an old one is forgotten if there are too many. */
void actor_holds(struct actor *a, uint64_t token, bool fault, const struct ukern_msg *m);

/** @name Chance
 * All from one seed.
 * @{ */
void chance_seed(uint64_t seed);
uint64_t chance_next(void);
/** 0 to n - 1. */
uint64_t below(uint64_t n);
/** True in so many of 100. */
bool percent(unsigned n);
/** @} */

/** @name Choices
 * Mostly what the call wants; else one of its possible mistakes.
 * @{ */
/** A handle of t of this type with these rights. */
uint64_t pick_handle(const struct task *t, unsigned type, unsigned rights);
/** The same, never a mistake; HANDLE_MAX: it has none. */
uint64_t pick_good_handle(const struct task *t, unsigned type, unsigned rights);
/** The same, mostly one of the first few: those that many come to share. */
uint64_t pick_public_handle(const struct task *t, unsigned type, unsigned rights);
/** Any open handle, or rarely a number that is none. */
uint64_t pick_any_handle(const struct task *t);
/** A number that is no handle. */
uint64_t pick_no_handle(void);
/** A port to call: mostly one where somebody waits. */
uint64_t pick_server(const struct task *t);
/** May a call of t on this handle go straight to a server? */
bool pick_direct(const struct task *t, uint64_t handle);
uint64_t pick_deadline(const struct task *t);
/** Address of `size` bytes (at most 4 KiB) that t may write (or read). */
uint64_t pick_memory(uint64_t size, bool write);
/** Rights to give away: those of the handle, fewer, or too many. */
uint64_t pick_rights(const struct task *t, uint64_t handle);
/** Is it one that init must keep? */
bool pick_born_with(const struct task *t, uint64_t handle);
/** A slot of a table, or -1. */
uint64_t pick_slot(void);
/** @} */

/** @name Actions
 * Each makes one system call as t, the current task.
 * @{ */
void act(struct task *t, uint64_t number, const struct ukern_sysregs *r);
#define ACT(t, name, ...)                                                                          \
    act((t), UKERN_SYS_##name, &(struct ukern_sysregs){{__VA_ARGS__}, UKERN_FOREVER, 0})
#define ACT_UNTIL(t, deadline, name, ...)                                                          \
    act((t), UKERN_SYS_##name, &(struct ukern_sysregs){{__VA_ARGS__}, (deadline), 0})
/** For one that lacks what it would need: make a port or memory, or receive. */
void act_useful(struct task *t);
/** One handle more, until the table is full. */
void act_collect(struct task *t);
/** Close what is of no more use. */
void act_tidy(struct task *t);
void act_ipc(struct task *t);
void act_reply(struct task *t);
void act_receive(struct task *t);
void act_handle(struct task *t);
void act_memory(struct task *t);
void act_device(struct task *t);
void act_task(struct task *t);
void act_spawn(struct task *t);
/** End one that waits for ever, if there is one. */
void act_end_sleeper(struct task *t);
void act_look(struct task *t);
void act_pending(struct task *t);
/** @} */

/** @name Messages (oracle.c)
 * Each message is recorded, and must arrive as it was sent, once.
 * @{ */
/** A message from t to whatever its handle names, with `handles` handles in it. */
void oracle_message(struct task *t, uint64_t handle, bool reply_wanted, struct ukern_msg *m);
/** A reply from t to the caller of this token. */
void oracle_reply(const struct task *t, uint64_t token, struct ukern_msg *m);
/** Make the message in r one without handles. */
void oracle_plain(struct ukern_sysregs *r);
/** t received this event. */
void oracle_event(struct task *t, const struct ukern_sysregs *r);
/** t's ipc_call returned this. */
void oracle_replied(struct task *t, const struct ukern_sysregs *r);
/** @} */

/** @name Pending calls (pending.c)
 * @{ */
#define EXT_FIRST 600
enum ext {
    EXT_READ = EXT_FIRST,
    EXT_WRITE,
    EXT_GIVE,
    EXT_STAGES,
    EXT_MAP,
    EXT_NOW,
    EXT_COPY,
    EXT_END
};
void ext_register(void);
/** A reply to a pending call: mostly right, else one of a server's lies. */
void ext_reply(struct task *t, const struct held *h, struct ukern_msg *m);
/** What the calls of all tasks must look like after a step. */
void ext_check(void);
/** t's pending call returned. */
void ext_result(struct task *t, const struct ukern_sysregs *r);
/** Before and after a reply of t, to look at what is copied. */
void ext_before_reply(struct task *t, uint64_t token, const struct ukern_msg *m);
void ext_after_entry(void);
/** @} */

/** @name The table of what was reached (table.c)
 * @{ */
void table_count(uint64_t number, int64_t status);
/** Other things that must happen. */
enum seen {
    SEEN_MESSAGE, /**< and the other events, as enum ukern_event_type */
    SEEN_NOTIFY,
    SEEN_HANGUP,
    SEEN_CANCELLED,
    SEEN_EXIT,
    SEEN_FAULT,
    SEEN_ONE_HANDLE,
    SEEN_TWO_HANDLES,
    SEEN_DIRECT_CALL,
    SEEN_DIRECT_PENDING,
    SEEN_DIRECT_RECEIVER,
    SEEN_OPERATION, /**< a long call, interrupted */
    SEEN_COPYING,   /**< a reply, interrupted */
    SEEN_STAGE,
    SEEN_READ_COMPARED,
    SEEN_WRITE_COMPARED,
    SEEN_INHERITED,
    SEEN_CANCEL_DEADLINE,
    SEEN_CANCEL_PEER,
    SEEN_CANCEL_KILLED,
    SEEN_CANCEL_FAULT,
    SEEN_CANCEL_OTHER,
    SEEN_FAILED_ALLOCATION,
    SEEN_COUNT,
};
void table_note(enum seen what);
/** Print it. Returns how many calls or errors were never seen. */
unsigned table_print(void);
/** @} */

#endif
