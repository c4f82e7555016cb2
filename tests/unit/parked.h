/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Unit tests of pending system calls: a caller whose call is parked, a server that has it, and a
 *  call that does what the test says.
 */
#ifndef TESTS_UNIT_PARKED_H
#define TESTS_UNIT_PARKED_H

#include "pending.h"
#include "world.h"

#define NUMBER     300
#define READ       301
#define WRITE      302
#define TAG(label) UKERN_TAG(label, 0)

/* ---- A call that does what the test says ---- */

static int (*do_begin)(struct ukern_pending *p);
static int (*do_complete)(struct ukern_pending *p, const struct ukern_msg *reply);
static int cancelled, why_cancelled;

static inline int begin(struct ukern_pending *p)
{
    int rc = do_begin ? do_begin(p) : UKERN_OK;
    return rc < 0 ? rc : ukern_target(p, (ukern_handle)ukern_arg(p, 0)) ?: UKERN_FORWARD;
}

static inline int complete(struct ukern_pending *p, const struct ukern_msg *reply)
{
    return do_complete ? do_complete(p, reply) : UKERN_DONE;
}

static inline void cancel(struct ukern_pending *p, int why)
{
    (void)p;
    cancelled++;
    why_cancelled = why;
}

static inline int begin_read(struct ukern_pending *p)
{
    ukern_set_deadline(p, ukern_arg(p, 4));
    return ukern_begin_read(p, (ukern_handle)ukern_arg(p, 0), ukern_arg(p, 1), ukern_arg(p, 2), 11);
}

static inline int begin_write(struct ukern_pending *p)
{
    ukern_set_deadline(p, ukern_arg(p, 4));
    return ukern_begin_write(p, (ukern_handle)ukern_arg(p, 0), ukern_arg(p, 1), ukern_arg(p, 2),
                             12);
}

static const struct ukern_completion free_call = {"free", begin, complete, cancel};
static const struct ukern_completion read_call = {"read", begin_read, ukern_complete_read, cancel};
static const struct ukern_completion write_call = {"write", begin_write, ukern_complete_write,
                                                   cancel};

static inline void extensions(void)
{
    ukern_register(NUMBER, &free_call);
    ukern_register(READ, &read_call);
    ukern_register(WRITE, &write_call);
}

/* ---- A server and a caller ---- */

static struct task *server, *caller;
static uint64_t port, to, shm, window; /* the server's port, the caller's handle of it, the server's
                                          shm and where it is mapped */
#define BUFFER (WORLD_MEMORY + PAGE_SIZE) /* of the caller */

static inline void pair_with(uint64_t memory, uint64_t shm_size)
{
    do_begin = NULL;
    do_complete = NULL;
    cancelled = 0;
    server = world_spawn_with("server", &(struct world_spawn){.memory = 16 << 20});
    caller = world_spawn_with("caller", &(struct world_spawn){.memory = memory});
    port = (uint64_t)SYS(server, port_create);
    to = (uint64_t)world_give(server, (ukern_handle)port, caller, UKERN_R_CALL);
    shm = (uint64_t)SYS(server, shm_create, shm_size, 0);
    window = (uint64_t)SYS(server, shm_map, shm, (uint64_t)UKERN_SELF, 0, 0, 0, 3);
    for (uint64_t i = 0; i < shm_size; i += PAGE_SIZE)
        memset(world_user(server, window + i), 'a' + (int)(i / PAGE_SIZE % 26), PAGE_SIZE);
}

static inline void pair(void)
{
    pair_with(0, 3 * PAGE_SIZE);
}

/* The caller calls, the server has it. */
static inline uint64_t park(uint64_t number, uint64_t x1, uint64_t x2, uint64_t deadline)
{
    assert_int_equal(
        world_sys(caller, number, &(struct ukern_sysregs){.x = {to, x1, x2, 55, deadline}}),
        WORLD_WAITS);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    return world_regs(server)->token;
}

static inline uint64_t park_free(void)
{
    return park(NUMBER, 0, 0, 0);
}

#define REPLY(token, ...) SYS_TOKEN(server, token, 0, ipc_reply, 0, __VA_ARGS__)

static inline void still_parked(void)
{
    assert_int_equal(caller->state, TASK_REPLY);
    assert_int_equal(cancelled, 0);
    world_check();
}

#define PENDING_MAIN(tests)                                                                        \
    int main(void)                                                                                 \
    {                                                                                              \
        world_extensions = extensions;                                                             \
        unit_machine();                                                                            \
        world_start();                                                                             \
        return cmocka_run_group_tests(tests, NULL, NULL);                                          \
    }

#endif
