/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/sim/harness.c tests/sim/image.c tests/sim/check.c tests/sim/census.c: pending system calls,
 * from begin to the end */
#include "log.h"
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

static int begin(struct ukern_pending *p)
{
    int rc = do_begin ? do_begin(p) : UKERN_OK;
    return rc < 0 ? rc : ukern_target(p, (ukern_handle)ukern_arg(p, 0)) ?: UKERN_FORWARD;
}

static int complete(struct ukern_pending *p, const struct ukern_msg *reply)
{
    return do_complete ? do_complete(p, reply) : UKERN_DONE;
}

static void cancel(struct ukern_pending *p, int why)
{
    (void)p;
    cancelled++;
    why_cancelled = why;
}

static int begin_read(struct ukern_pending *p)
{
    ukern_set_deadline(p, ukern_arg(p, 4));
    return ukern_begin_read(p, (ukern_handle)ukern_arg(p, 0), ukern_arg(p, 1), ukern_arg(p, 2), 11);
}

static int begin_write(struct ukern_pending *p)
{
    ukern_set_deadline(p, ukern_arg(p, 4));
    return ukern_begin_write(p, (ukern_handle)ukern_arg(p, 0), ukern_arg(p, 1), ukern_arg(p, 2),
                             12);
}

static const struct ukern_completion free_call = {"free", begin, complete, cancel};
static const struct ukern_completion read_call = {"read", begin_read, ukern_complete_read, cancel};
static const struct ukern_completion write_call = {"write", begin_write, ukern_complete_write,
                                                   cancel};

static void extensions(void)
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

static void pair_with(uint64_t memory, uint64_t shm_size)
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

static void pair(void)
{
    pair_with(0, 3 * PAGE_SIZE);
}

/* The caller calls, the server has it. */
static uint64_t park(uint64_t number, uint64_t x1, uint64_t x2, uint64_t deadline)
{
    assert_int_equal(
        world_sys(caller, number, &(struct ukern_sysregs){.x = {to, x1, x2, 55, deadline}}),
        WORLD_WAITS);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    return world_regs(server)->token;
}

static uint64_t park_free(void)
{
    return park(NUMBER, 0, 0, 0);
}

#define REPLY(token, ...) SYS_TOKEN(server, token, 0, ipc_reply, 0, __VA_ARGS__)

static void still_parked(void)
{
    assert_int_equal(caller->state, TASK_REPLY);
    assert_int_equal(cancelled, 0);
    world_check();
}

/* ---- Registration ---- */

static struct {
    uint32_t number;
    const struct ukern_completion *c;
} registration;

static void try_to_register(void *arg)
{
    (void)arg;
    ukern_register(registration.number, registration.c);
}

static void test_registration(void **state)
{
    (void)state;
    static const struct ukern_completion no_name = {NULL, begin, complete, cancel},
                                         no_begin = {"x", NULL, complete, cancel},
                                         no_complete = {"x", begin, NULL, cancel},
                                         no_cancel = {"x", begin, complete, NULL};
    struct {
        uint32_t number;
        const struct ukern_completion *c;
        const char *text;
    } bad[] = {
        {UKERN_SYS_EXT_FIRST - 1, &free_call, "free (255): the number is not one of 256 to 1023"},
        {UKERN_SYS_EXT_END, &free_call, "not one of 256 to 1023"},
        {UINT32_MAX, &free_call, "not one of 256 to 1023"},
        {0, &free_call, "not one of 256 to 1023"},
        {NUMBER, &read_call, "read (300): the number is taken"},
        {400, NULL, "name, begin and complete must be set"},
        {400, &no_name, "name, begin and complete must be set"},
        {400, &no_begin, "name, begin and complete must be set"},
        {400, &no_complete, "name, begin and complete must be set"},
        {400, &no_cancel, "cancel is missing"},
    };
    assert_int_equal(ukern_register(400, &free_call), UKERN_EBUSY); /* sealed by boot */
    pending_reset();
    extensions();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        registration.number = bad[i].number;
        registration.c = bad[i].c;
        assert_panics(try_to_register, NULL, bad[i].text);
    }
    assert_int_equal(ukern_register(UKERN_SYS_EXT_FIRST, &free_call), UKERN_OK);
    assert_int_equal(ukern_register(UKERN_SYS_EXT_END - 1, &free_call), UKERN_OK);
    pending_seal();
    uint64_t unknown[] = {42, 255, 301 + 100, 1024, UINT64_MAX, UINT64_C(1) << 32};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_int_equal(world_sys(world_init, unknown[i], &(struct ukern_sysregs){.x = {0}}),
                         UKERN_ENOSYS);
}

/* ---- Begin ---- */

static int begin_result;
static uint64_t begin_word;

static int begin_now(struct ukern_pending *p)
{
    ukern_result(p, begin_word, 8);
    assert_int_equal(ukern_arg(p, 7), 77);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ukern_state(p)[i], 0);
    ukern_state(p)[2] = 9;
    ukern_request(p)->w[3] = 1;
    return begin_result;
}

static int begin_at_once(struct ukern_pending *p)
{
    return begin_now(p);
}

static const struct ukern_completion at_once = {"now", begin_at_once, complete, cancel};

static void test_done_at_once(void **state)
{
    (void)state;
    pair();
    pending_reset();
    extensions();
    ukern_register(310, &at_once);
    pending_seal();
    begin_word = 1234;
    for (int i = 0; i < 2; i++) {
        begin_result = UKERN_DONE;
        assert_int_equal(
            world_sys(caller, 310, &(struct ukern_sysregs){.x = {0, 1, 2, 3, 4, 5, 6, 77}}), 1234);
        assert_int_equal(world_regs(caller)->x[1], 8);
        begin_result = UKERN_EAGAIN;
        assert_int_equal(
            world_sys(caller, 310, &(struct ukern_sysregs){.x = {0, 1, 2, 3, 4, 5, 6, 77}}),
            UKERN_EAGAIN);
        begin_result = 17; /* neither a step nor an error: a mistake of the extension */
        assert_int_equal(
            world_sys(caller, 310, &(struct ukern_sysregs){.x = {0, 1, 2, 3, 4, 5, 6, 77}}),
            UKERN_EINVAL);
    }
    assert_int_equal(cancelled, 0);
}

static void test_target(void **state)
{
    (void)state;
    pair();
    struct {
        uint64_t h;
        int error;
    } bad[] = {
        {99, UKERN_EHANDLE}, {(uint64_t)-1, UKERN_EHANDLE}, {1, UKERN_ETYPE}, {2, UKERN_ERIGHTS}};
    world_give(world_init, UKERN_INIT_ARCHIVE, caller, 0);
    world_give(server, (ukern_handle)port, caller, UKERN_R_NOTIFY);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(world_sys(caller, NUMBER, &(struct ukern_sysregs){.x = {bad[i].h}}),
                         bad[i].error);
    assert_int_equal(cancelled, 0);
}

/* FORWARD has said that begin may have taken something: what follows must undo it. */
static void test_not_sent(void **state)
{
    (void)state;
    pair();
    assert_int_equal(world_sys(caller, READ, &(struct ukern_sysregs){.x = {to, BUFFER, 5, 0, 0}}),
                     UKERN_ETIMEDOUT);
    assert_int_equal(cancelled, 1);
    assert_int_equal(why_cancelled, UKERN_ETIMEDOUT);
    SYS(server, handle_close, port);
    assert_int_equal(world_sys(caller, NUMBER, &(struct ukern_sysregs){.x = {to}}), UKERN_EPEER);
    assert_int_equal(cancelled, 2);
    assert_int_equal(why_cancelled, UKERN_EPEER);
}

static int begin_ranges(struct ukern_pending *p)
{
    struct {
        uint64_t address, length;
        int result;
    } r[] = {
        {0, 1, UKERN_EFAULT},
        {USER_LOW - 1, 2, UKERN_EFAULT},
        {UINT64_MAX, 1, UKERN_EFAULT},
        {UINT64_MAX, 2, UKERN_EFAULT},
        {BUFFER, UINT64_MAX, UKERN_EFAULT},
        {BUFFER, UINT64_MAX - BUFFER, UKERN_EFAULT},
        {USER_HIGH, 1, UKERN_EFAULT},
        {USER_HIGH - 1, 2, UKERN_EFAULT},
        {UINT64_C(0xffffff8000000000), 8, UKERN_EFAULT},
        {UINT64_MAX, 0, 0}, /* nothing: the address is ignored */
        {USER_LOW, 1, 1},   /* not mapped: that is seen when it is copied */
        {USER_HIGH - 1, 1, 2},
        {BUFFER, PAGE_SIZE, 3},
        {BUFFER, 1, UKERN_ENOMEM},
    };
    char text[8];
    for (size_t i = 0; i < sizeof r / sizeof *r; i++)
        assert_int_equal(ukern_range(p, r[i].address, r[i].length, i % 2 ? UKERN_IN : UKERN_OUT),
                         r[i].result);
    /* i = 11: range 2 is IN; 12: range 3 is OUT; 10: 1 is OUT. */
    assert_int_equal(ukern_copy_in(p, 2, 0, text, 1), UKERN_EFAULT);  /* not mapped */
    assert_int_equal(ukern_copy_in(p, 3, 0, text, 1), UKERN_EFAULT);  /* wrong direction */
    assert_int_equal(ukern_copy_out(p, 2, 0, text, 1), UKERN_EFAULT); /* the same */
    assert_int_equal(ukern_copy_out(p, 4, 0, text, 1), UKERN_EFAULT); /* no such range */
    assert_int_equal(ukern_copy_out(p, -1, 0, text, 1), UKERN_EFAULT);
    assert_int_equal(ukern_copy_out(p, 3, PAGE_SIZE, text, 1), UKERN_EFAULT); /* beyond it */
    assert_int_equal(ukern_copy_out(p, 3, UINT64_MAX, text, 2), UKERN_EFAULT);
    assert_int_equal(ukern_copy_out(p, 3, 0, text, PAGE_SIZE + 1), UKERN_EOVERFLOW);
    assert_int_equal(ukern_copy_in(p, 2, 0, text, SIZE_MAX), UKERN_EOVERFLOW);
    assert_int_equal(ukern_copy_out(p, 3, PAGE_SIZE, text, 0), UKERN_OK);
    assert_int_equal(ukern_copy_out(p, 3, 3, "xyz", 3), UKERN_OK);
    return UKERN_OK;
}

static void test_ranges(void **state)
{
    (void)state;
    pair();
    do_begin = begin_ranges;
    uint64_t token = park_free();
    assert_memory_equal(world_user(caller, BUFFER + 3), "xyz", 3);
    assert_int_equal(REPLY(token, TAG(0)), UKERN_OK);
}

static int begin_copy_in(struct ukern_pending *p)
{
    char text[6] = "......";
    int r = ukern_range(p, ukern_arg(p, 1), 6, UKERN_IN);
    int rc = r < 0 ? r : ukern_copy_in(p, r, 0, text, 6);
    if (!rc)
        assert_memory_equal(text, "across", 6);
    return rc;
}

static void test_copy_in(void **state)
{
    (void)state;
    pair();
    do_begin = begin_copy_in;
    memcpy(world_user(caller, BUFFER + PAGE_SIZE - 3), "acr", 3);
    memcpy(world_user(caller, BUFFER + PAGE_SIZE), "oss", 3);
    uint64_t token = park(NUMBER, BUFFER + PAGE_SIZE - 3, 0, 0);
    assert_int_equal(REPLY(token, TAG(0)), UKERN_OK);
    assert_int_equal(world_sys(caller, NUMBER, &(struct ukern_sysregs){.x = {to, STACK_TOP - 3}}),
                     UKERN_EFAULT);
}

/* ---- Calls like read and write ---- */

static void test_read(void **state)
{
    (void)state;
    pair();
    memset(world_user(caller, BUFFER), '.', 100);
    uint64_t token = park(READ, BUFFER + 10, 50, UKERN_FOREVER);
    const struct ukern_sysregs *r = world_regs(server);
    assert_true(r->x[1] == TAG(11) && r->x[2] == 50 && r->x[3] == 55);
    /* Two segments, the first across a page of the shared memory. */
    assert_int_equal(REPLY(token, TAG(0), 7, shm, PAGE_SIZE - 2, 4, 5, 3), UKERN_OK);
    assert_int_equal(world_result(caller), 7);
    assert_memory_equal(world_user(caller, BUFFER + 9), ".aabbaaa.", 9);
    assert_int_equal(cancelled, 0);
    token = park(READ, 0, 0, UKERN_FOREVER); /* nothing into nowhere */
    assert_int_equal(REPLY(token, TAG(0), 0, 1234, UINT64_MAX, 0, UINT64_MAX, 0), UKERN_OK);
    assert_int_equal(world_result(caller), 0);
    token = park(READ, BUFFER, 50, UKERN_FOREVER);
    assert_int_equal(REPLY(token, TAG(UKERN_EPIPE), 1, 2, 3, 4, 5, 6), UKERN_OK);
    assert_int_equal(world_result(caller), UKERN_EPIPE);
}

static void test_write(void **state)
{
    (void)state;
    pair();
    memcpy(world_user(caller, BUFFER), "0123456789", 10);
    uint64_t token = park(WRITE, BUFFER, 10, UKERN_FOREVER);
    assert_int_equal(REPLY(token, TAG(0), 8, shm, 3 * PAGE_SIZE - 3, 3, 0, 5),
                     UKERN_OK); /* a ring that wraps */
    assert_int_equal(world_result(caller), 8);
    assert_memory_equal(world_user(server, window + 3 * PAGE_SIZE - 4), "c012", 4);
    assert_memory_equal(world_user(server, window), "34567a", 6);
}

/* What the server claims beyond what was asked for, or beyond its memory, is refused: the caller's
 * memory is as it was, and the caller stays parked until the right reply. */
static void test_lies(void **state)
{
    (void)state;
    pair();
    uint64_t read_only = (uint64_t)SYS(server, handle_dup, shm, UKERN_R_READ, (uint64_t)-1);
    uint64_t write_only = (uint64_t)SYS(server, handle_dup, shm, UKERN_R_WRITE, (uint64_t)-1);
    uint64_t gone = (uint64_t)SYS(server, shm_create, PAGE_SIZE, 0);
    SYS(server, shm_destroy, gone);
    uint64_t size = 3 * PAGE_SIZE, m = UINT64_MAX;
    uint64_t lies[][6] = {
        {51, shm, 0, 51, 0, 0},        {m, shm, 0, m, 0, 0},         {10, shm, 0, 11, 0, m},
        {10, shm, 0, 5, 0, 4},         {10, shm, 0, 5, 0, 6},        {0, shm, 0, 1, 0, m},
        {10, shm, size - 9, 10, 0, 0}, {10, shm, size, 10, 0, 0},    {10, shm, m, 10, 0, 0},
        {10, shm, m - 9, 10, 0, 0},    {10, shm, 0, 5, size - 4, 5}, {10, shm, 0, 5, m, 5},
        {10, port, 0, 10, 0, 0},       {10, 99, 0, 10, 0, 0},        {10, gone, 0, 10, 0, 0},
        {10, UINT32_MAX, 0, 10, 0, 0},
    };
    memset(world_user(caller, BUFFER), '.', 200);
    for (int write = 0; write < 2; write++) {
        uint64_t token = park(write ? WRITE : READ, BUFFER, 50, UKERN_FOREVER);
        for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
            uint64_t *w = lies[i];
            assert_int_equal(REPLY(token, TAG(0), w[0], w[1], w[2], w[3], w[4], w[5]),
                             UKERN_EPROTO);
            still_parked();
        }
        assert_int_equal(REPLY(token, TAG(0), 10, write ? read_only : write_only, 0, 10, 0, 0),
                         UKERN_EPROTO);
        for (uint64_t i = 0; i < 200; i++)
            assert_int_equal(*(char *)world_user(caller, BUFFER + i), '.');
        for (uint64_t i = 0; i < size; i += PAGE_SIZE - 1)
            assert_int_equal(*(char *)world_user(server, window + i), 'a' + (int)(i / PAGE_SIZE));
        assert_int_equal(REPLY(token, TAG(0), 0, 0, 0, 0, 0, 0), UKERN_OK);
        assert_int_equal(world_result(caller), 0);
        assert_int_equal(REPLY(token, TAG(0), 0, 0, 0, 0, 0, 0), UKERN_ESTALE); /* twice */
    }
}

/* A status that only the kernel may give. */
static void test_status(void **state)
{
    (void)state;
    pair();
#define KERNEL 0
#define ANY    1
    struct {
        int code, giver;
    } errors[] = {
#define UKERN_ERROR(name, number, giver, text) {UKERN_##name, giver},
#include <ukern/abi/errors.def>
#undef UKERN_ERROR
    };
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        uint64_t token = park(READ, BUFFER, 5, UKERN_FOREVER);
        if (errors[i].giver == KERNEL) {
            assert_int_equal(REPLY(token, TAG(errors[i].code)), UKERN_EPROTO);
            still_parked();
            assert_int_equal(REPLY(token, TAG(UKERN_EAGAIN)), UKERN_OK);
            assert_int_equal(world_result(caller), UKERN_EAGAIN);
        } else {
            assert_int_equal(REPLY(token, TAG(errors[i].code)), UKERN_OK);
            assert_int_equal(world_result(caller), errors[i].code);
        }
    }
}

/* The caller's memory is looked at when it is copied to, all of it before the first byte. */
static void test_caller_memory(void **state)
{
    (void)state;
    pair();
    uint64_t at = (uint64_t)SYS(caller, mem_map, PAGE_SIZE), rx = IMAGE_TEXT;
    uint64_t token =
        park(READ, at + PAGE_SIZE - 5, 10, UKERN_FOREVER); /* the second page is a guard */
    memset(world_user(caller, at), '.', PAGE_SIZE);
    assert_int_equal(REPLY(token, TAG(0), 10, shm, 0, 10, 0, 0), UKERN_EFAULT);
    assert_int_equal(world_result(caller), UKERN_EFAULT);
    assert_int_equal(*(char *)world_user(caller, at + PAGE_SIZE - 5), '.');
    assert_int_equal(why_cancelled, UKERN_EFAULT);
    assert_int_equal(cancelled, 1);
    token = park(READ, rx, 10, UKERN_FOREVER); /* read-only */
    assert_int_equal(REPLY(token, TAG(0), 10, shm, 0, 10, 0, 0), UKERN_EFAULT);
    assert_int_equal(world_result(caller), UKERN_EFAULT);
    token = park(WRITE, rx, 10, UKERN_FOREVER); /* which may be read */
    assert_int_equal(REPLY(token, TAG(0), 10, shm, 0, 10, 0, 0), UKERN_OK);
    assert_int_equal(world_result(caller), 10);
    token = park(READ, at, 10, UKERN_FOREVER);
    uint64_t h = (uint64_t)world_handle(caller);
    assert_int_equal(SYS(world_init, shm_unmap, h, at), UKERN_OK); /* while it is parked */
    assert_int_equal(REPLY(token, TAG(0), 10, shm, 0, 10, 0, 0), UKERN_EFAULT);
    assert_int_equal(world_result(caller), UKERN_EFAULT);
    world_check();
}

/* Both sides are the same memory. */
static void test_alias(void **state)
{
    (void)state;
    pair();
    uint64_t there = (uint64_t)world_give(server, (ukern_handle)shm, caller, 0);
    uint64_t at = (uint64_t)SYS(caller, shm_map, there, (uint64_t)UKERN_SELF, 0, 0, 0, 3);
    for (int i = 0; i < 100; i++)
        *(char *)world_user(server, window + (uint64_t)i) = (char)i;
    uint64_t token = park(READ, at + 1, 50, UKERN_FOREVER);
    assert_int_equal(REPLY(token, TAG(0), 50, shm, 0, 50, 0, 0), UKERN_OK);
    assert_int_equal(world_result(caller), 50);
    for (int i = 0; i < 50; i++)
        assert_int_equal(*(char *)world_user(caller, at + 1 + (uint64_t)i), i);
    token = park(WRITE, at + 1, 50, UKERN_FOREVER);
    assert_int_equal(REPLY(token, TAG(0), 50, shm, 0, 50, 0, 0), UKERN_OK);
    assert_int_equal(world_result(caller), 50);
    assert_int_equal(*(char *)world_user(caller, at), 0);
    /* task_read, with source and target in one place. */
    uint64_t self = (uint64_t)world_give(world_init, world_handle(caller), caller, 0);
    assert_int_equal(SYS(caller, task_read, self, at, at + 7, 60), 60);
    assert_int_equal(*(char *)world_user(caller, at + 7 + 40), 40);
}

static int complete_device(struct ukern_pending *p, const struct ukern_msg *reply)
{
    uint64_t address;
    assert_int_equal(ukern_copy_shm(p, 0, 0, (ukern_handle)reply->w[0], 0, 0), UKERN_OK);
    assert_int_equal(ukern_copy_shm(p, 0, 0, (ukern_handle)reply->w[0], 0, 4), UKERN_EPROTO);
    assert_int_equal(ukern_map_shm(p, (ukern_handle)reply->w[0], 0, PAGE_SIZE, 3, &address),
                     UKERN_OK);
    return UKERN_DONE;
}

static int begin_range(struct ukern_pending *p)
{
    return ukern_range(p, BUFFER, 100, UKERN_OUT);
}

/* The kernel never copies to or from device registers, but may map them. */
static void test_device(void **state)
{
    (void)state;
    pair();
    do_begin = begin_range;
    do_complete = complete_device;
    uint64_t system = (uint64_t)world_give(world_init, UKERN_INIT_SYSTEM, server, 0);
    uint64_t d = (uint64_t)SYS(server, shm_device, system, SIM_DEVICE_BASE, PAGE_SIZE);
    assert_int_equal(REPLY(park_free(), TAG(0), d), UKERN_OK);
    world_check();
}

/* ---- Handles ---- */

static int complete_give(struct ukern_pending *p, const struct ukern_msg *reply)
{
    int rc = UKERN_OK;
    ukern_result(p, 1000, 2000);
    for (unsigned i = 0; i < 3 && !rc; i++)
        if (reply->w[i])
            rc = ukern_give_handle(p, (unsigned)reply->w[3 + i], reply->w[i]);
    return rc;
}

static void test_give(void **state)
{
    (void)state;
    pair();
    do_complete = complete_give;
    uint64_t p = (uint64_t)SYS(server, port_create), s = shm, move = UKERN_SEND_MOVE;
    uint64_t locked = (uint64_t)SYS(server, handle_dup, p, UKERN_R_CALL, (uint64_t)-1);
    uint64_t token = park_free(), used = caller->handles.used, servers = server->handles.used;
    uint64_t bad[][6] = {
        {99, 0, 0, 0, 0, 0},                                  /* no such handle */
        {locked, 0, 0, 0, 0, 0},                              /* not transferable */
        {UKERN_SEND_HANDLE(p, UKERN_R_POWER), 0, 0, 0, 0, 0}, /* a right that it lacks */
        {p | UINT64_C(1) << 55, 0, 0, 0, 0, 0},
        {p, 0, 0, 2, 0, 0},               /* no such result */
        {p, s, p, 0, 1, 1},               /* a third one */
        {p, 99, 0, 0, 1, 0},              /* one is good, one is not */
        {p | move, p | move, 0, 0, 1, 0}, /* moved twice */
        {p | move, p, 0, 0, 1, 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t *w = bad[i];
        assert_int_equal(REPLY(token, TAG(0), w[0], w[1], w[2], w[3], w[4], w[5]), UKERN_EPROTO);
        still_parked();
        assert_true(caller->handles.used == used && server->handles.used == servers);
    }
    assert_int_equal(REPLY(token, TAG(0), p | move, UKERN_SEND_HANDLE(s, UKERN_R_READ), 0, 1, 0, 0),
                     UKERN_OK);
    uint64_t got = (uint64_t)world_result(caller), second = world_regs(caller)->x[1];
    assert_int_equal(SYS(caller, handle_info, got), UKERN_TYPE_SHM);
    assert_int_equal(world_regs(caller)->x[1], UKERN_R_READ);
    assert_int_equal(SYS(caller, handle_info, second), UKERN_TYPE_PORT);
    assert_int_equal(server->handles.used, servers - 1);
    assert_int_equal(REPLY(park_free(), TAG(0), s, 0, 0, 1), UKERN_OK);
    assert_int_equal(world_result(caller), 1000);
    world_check();
}

static void test_give_without_room(void **state)
{
    (void)state;
    pair();
    do_complete = complete_give;
    while (caller->handles.used < HANDLE_FIRST - 1)
        SYS(caller, handle_dup, (uint64_t)world_give(server, (ukern_handle)shm, caller, 0), 0,
            (uint64_t)-1);
    uint64_t token = park_free();
    frame_fail_after = 1;
    assert_int_equal(REPLY(token, TAG(0), shm, shm, 0, 0, 1, 0), UKERN_ETABLE);
    frame_fail_after = 0;
    assert_int_equal(world_result(caller), UKERN_ETABLE);
    assert_int_equal(why_cancelled, UKERN_ETABLE);
    world_check();
}

/* The server gives away the very handle with which it is about to receive. */
static void test_give_the_port(void **state)
{
    (void)state;
    pair();
    do_complete = complete_give;
    uint64_t token = park_free();
    assert_int_equal(SYS_TOKEN(server, token, UKERN_FOREVER, ipc_reply_recv, port, TAG(0),
                               port | UKERN_SEND_MOVE),
                     UKERN_EHANDLE);
    world_check();
    uint64_t got = (uint64_t)world_result(caller);
    assert_int_equal(SYS(caller, handle_info, got), UKERN_TYPE_PORT);
    /* The short way: caller and server alone. */
    port = got;
    uint64_t back = (uint64_t)world_give(caller, (ukern_handle)got, server, 0);
    SYS(caller, handle_close, got);
    assert_int_equal(SYS(server, ipc_recv, back), WORLD_WAITS);
    SYS(world_init, task_priority, (uint64_t)UKERN_SELF, 1);
    world_run(caller);
    world_enter(NUMBER, &(struct ukern_sysregs){.x = {to}});
    assert_ptr_equal(arch_cpu()->current, server);
    world_enter(UKERN_SYS_ipc_reply_recv,
                &(struct ukern_sysregs){{back, TAG(0), back | UKERN_SEND_MOVE},
                                        UKERN_FOREVER,
                                        world_regs(server)->token});
    world_check();
    assert_int_equal(world_result(server), UKERN_EHANDLE);
    assert_true(world_result(caller) >= 0);
    world_check();
}

/* ---- Mapping ---- */

static int map_status;

static int complete_map(struct ukern_pending *p, const struct ukern_msg *reply)
{
    uint64_t address = 0, other;
    map_status = ukern_map_shm(p, (ukern_handle)reply->w[0], reply->w[1], reply->w[2],
                               (unsigned)reply->w[3], &address);
    ukern_result(p, address, 0);
    if (map_status)
        return map_status;
    if (reply->w[4] == 1)
        return ukern_map_shm(p, (ukern_handle)reply->w[0], 0, PAGE_SIZE, 1, &other);
    return reply->w[4] == 2 ? UKERN_EPROTO : UKERN_DONE;
}

static unsigned mappings(const struct task *t)
{
    unsigned n = 0;
    for (struct tree_node *m = tree_ceil(&t->aspace->mappings, 0); m;
         m = tree_ceil(&t->aspace->mappings, m->key + 1))
        n++;
    return n;
}

static void test_map(void **state)
{
    (void)state;
    pair();
    do_complete = complete_map;
    uint64_t read_only = (uint64_t)SYS(server, handle_dup, shm, UKERN_R_READ, (uint64_t)-1),
             m = UINT64_MAX;
    uint64_t token = park_free(), size = 3 * PAGE_SIZE;
    unsigned before = mappings(caller);
    uint64_t bad[][5] = {
        {shm, 1, PAGE_SIZE, 3},    {shm, 0, 0, 3},
        {shm, 0, size + 1, 3},     {shm, size, PAGE_SIZE, 3},
        {shm, m, PAGE_SIZE, 3},    {shm, 0, m, 3},
        {shm, 0, PAGE_SIZE, 0},    {shm, 0, PAGE_SIZE, 2},
        {shm, 0, PAGE_SIZE, 5},    {shm, 0, PAGE_SIZE, 7},
        {shm, 0, PAGE_SIZE, 8},    {read_only, 0, PAGE_SIZE, 3},
        {port, 0, PAGE_SIZE, 1},   {99, 0, PAGE_SIZE, 1},
        {shm, 0, PAGE_SIZE, 3, 1},                       /* a second mapping */
        {shm, 0, PAGE_SIZE, 3, 2}, {shm, 0, size, 1, 2}, /* refused by complete itself, twice */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t *w = bad[i];
        assert_int_equal(REPLY(token, TAG(0), w[0], w[1], w[2], w[3], w[4]), UKERN_EPROTO);
        still_parked();
        assert_int_equal(mappings(caller), before); /* undone at once, not when the caller wakes */
    }
    assert_int_equal(REPLY(token, TAG(0), shm, PAGE_SIZE, PAGE_SIZE + 1, 3), UKERN_OK);
    uint64_t at = (uint64_t)world_result(caller);
    assert_int_equal(*(char *)world_user(caller, at), 'b');
    assert_int_equal(*(char *)world_user(caller, at + PAGE_SIZE), 'c');
    assert_null(world_user(caller, at + 2 * PAGE_SIZE));
    assert_int_equal(SYS(caller, shm_unmap, (uint64_t)UKERN_SELF, at), UKERN_OK);
    world_check();
}

static void test_map_without_quota(void **state)
{
    (void)state;
    pair_with(120000, 200 * PAGE_SIZE);
    do_complete = complete_map;
    while (SYS(caller, mem_map, 2 * PAGE_SIZE) > 0)
        ;
    while (SYS(caller, mem_map, PAGE_SIZE) > 0)
        ;
    while (SYS(caller, port_create) >= 0)
        ;
    uint64_t token = park_free();
    assert_int_equal(REPLY(token, TAG(0), shm, 0, PAGE_SIZE, 1),
                     UKERN_ENOMEM); /* for complete to decide */
    still_parked();
    assert_int_equal(map_status, UKERN_ENOMEM);
    assert_int_equal(SYS(world_init, task_kill, (uint64_t)world_handle(caller), 0), UKERN_OK);
}

/* Page tables run out when the mapping is half filled. */
static void test_map_runs_out(void **state)
{
    (void)state;
    pair_with(0, 4 << 20);
    do_complete = complete_map;
    uint64_t token = park_free();
    unsigned before = mappings(caller);
    frame_fail_after = 2;
    assert_int_equal(REPLY(token, TAG(0), shm, 0, 4 << 20, 1), UKERN_ENOMEM);
    frame_fail_after = 0;
    assert_int_equal(world_result(caller), UKERN_ENOMEM);
    assert_int_equal(why_cancelled, UKERN_ENOMEM);
    assert_int_equal(mappings(caller), before);
    world_check();
}

/* ---- Stages ---- */

static int stages_seen;

static int complete_stages(struct ukern_pending *p, const struct ukern_msg *reply)
{
    assert_int_equal(reply->w[0], ukern_state(p)[0]);
    ukern_state(p)[0]++;
    stages_seen++;
    ukern_request(p)->tag = TAG(50 + ukern_state(p)[0]);
    ukern_request(p)->w[0] = ukern_state(p)[0];
    ukern_result(p, 500, ukern_state(p)[0]);
    if (ukern_state(p)[0] == 2 && ukern_arg(p, 1))
        ukern_target(p, (ukern_handle)ukern_arg(p, 1));
    return ukern_state(p)[0] < 3 ? UKERN_FORWARD : UKERN_DONE;
}

static void test_stages(void **state)
{
    (void)state;
    pair();
    do_complete = complete_stages;
    stages_seen = 0;
    uint64_t token = park_free();
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(REPLY(token, TAG(0), i), UKERN_OK);
        assert_int_equal(REPLY(token, TAG(0), i), UKERN_ESTALE); /* each stage is another call */
        if (i == 2)
            break;
        assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
        assert_int_equal(world_regs(server)->x[1], TAG(51 + i));
        assert_int_equal(world_regs(server)->x[2], i + 1);
        token = world_regs(server)->token;
    }
    assert_int_equal(world_result(caller), 500);
    assert_int_equal(world_regs(caller)->x[1], 3);
    assert_int_equal(cancelled, 0);
    /* The last stage is another server's; it is not there any more. */
    struct task *other = world_spawn("other");
    uint64_t h = (uint64_t)SYS(other, port_create);
    uint64_t second = (uint64_t)world_give(other, (ukern_handle)h, caller, UKERN_R_CALL);
    token = park(NUMBER, second, 0, 0);
    assert_int_equal(REPLY(token, TAG(0), 0), UKERN_OK);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_MESSAGE);
    token = world_regs(server)->token;
    SYS(other, handle_close, h);
    assert_int_equal(REPLY(token, TAG(0), 1), UKERN_OK); /* the server has done its part */
    assert_int_equal(world_result(caller), UKERN_EPEER);
    assert_int_equal(cancelled, 1);
    world_check();
}

static int complete_map_and_forward(struct ukern_pending *p, const struct ukern_msg *reply)
{
    uint64_t address;
    int rc = ukern_map_shm(p, (ukern_handle)reply->w[0], 0, PAGE_SIZE, 1, &address);
    return rc ? rc : reply->w[1] ? UKERN_FORWARD : UKERN_EPROTO;
}

/* What a stage asked for is dropped, before the server waits again. */
static void test_stage_with_mapping(void **state)
{
    (void)state;
    pair();
    do_complete = complete_map_and_forward;
    struct task *second = world_spawn("second");
    uint64_t q = (uint64_t)SYS(server, port_create);
    uint64_t to_q = (uint64_t)world_give(server, (ukern_handle)q, second, UKERN_R_CALL);
    assert_int_equal(SYS_UNTIL(second, 0, ipc_call, to_q, TAG(0)),
                     UKERN_ETIMEDOUT); /* for its ghost */
    unsigned before = mappings(caller);
    uint64_t token = park_free();
    assert_int_equal(SYS_TOKEN(server, token, UKERN_FOREVER, ipc_reply_recv, q, TAG(0), shm, 1),
                     WORLD_WAITS);
    assert_int_equal(mappings(caller), before);
    /* Straight to the server, which refuses one more. */
    SYS(world_init, task_priority, (uint64_t)UKERN_SELF, 1);
    world_run(second);
    world_enter(NUMBER, &(struct ukern_sysregs){.x = {to_q}});
    assert_ptr_equal(arch_cpu()->current, server);
    world_enter(
        UKERN_SYS_ipc_reply_recv,
        &(struct ukern_sysregs){{q, TAG(0), shm, 0}, UKERN_FOREVER, world_regs(server)->token});
    assert_int_equal(world_result(server), UKERN_EPROTO);
    world_check();
}

/* ---- A log with a listener ---- */

static bool loud;

static int begin_loud(struct ukern_pending *p)
{
    (void)p;
    if (loud)
        ukern_log("begin\n");
    return UKERN_OK;
}

static int complete_loud(struct ukern_pending *p, const struct ukern_msg *reply)
{
    (void)p;
    if (reply->w[0])
        ukern_log("complete\n");
    return UKERN_DONE;
}

/* The short ways notice whom an extension wakes by ukern_log(): 0, 1: an urgent task, in begin, in
 * complete; 2: the server itself, in complete. */
static void test_log(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        pair();
        do_begin = begin_loud;
        do_complete = complete_loud;
        struct task *urgent = world_spawn("urgent");
        struct task *listener = how == 2 ? server : urgent;
        uint64_t p = how == 2 ? port : (uint64_t)SYS(urgent, port_create);
        assert_int_equal(SYS_UNTIL(caller, 0, ipc_call, to, TAG(0)),
                         UKERN_ETIMEDOUT); /* for its ghost */
        uint64_t system =
            (uint64_t)world_give(world_init, UKERN_INIT_SYSTEM, listener, UKERN_R_LOG);
        assert_int_equal(SYS(listener, log_bind, system, p, 1), UKERN_OK);
        SYS_UNTIL(listener, 0, ipc_recv, p); /* what was there before */
        if (how < 2)
            assert_int_equal(SYS(urgent, ipc_recv, p), WORLD_WAITS);
        else /* it waits for something else */
            assert_int_equal(SYS(urgent, ipc_recv, (uint64_t)SYS(urgent, port_create)),
                             WORLD_WAITS);
        assert_int_equal(SYS(server, ipc_recv, port), WORLD_WAITS);
        world_priority(urgent, 40);
        SYS(world_init, task_priority, (uint64_t)UKERN_SELF, 1);
        world_run(caller);
        loud = how == 0;
        world_enter(NUMBER, &(struct ukern_sysregs){.x = {to}});
        if (how > 0)
            world_enter(UKERN_SYS_ipc_reply_recv,
                        &(struct ukern_sysregs){
                            {port, TAG(0), 1}, UKERN_FOREVER, world_regs(server)->token});
        log_bind(NULL, 0);
        if (how < 2) {
            assert_ptr_equal(arch_cpu()->current, urgent);
        } else {
            assert_int_equal(server->state, TASK_READY);
            assert_int_equal(world_result(server), UKERN_EV_NOTIFY);
        }
        world_check();
        world_priority(urgent, WORLD_PRIORITY);
        world_priority(world_init, WORLD_PRIORITY);
        world_end();
    }
}

/* ---- Other ends ---- */

static void test_cancel(void **state)
{
    (void)state;
    pair();
    /* Queued, then the deadline. */
    assert_int_equal(
        world_sys(caller, READ, &(struct ukern_sysregs){.x = {to, BUFFER, 5, 0, sim_time + 50}}),
        WORLD_WAITS);
    world_pass(50);
    assert_int_equal(world_result(caller), UKERN_ETIMEDOUT);
    assert_int_equal(why_cancelled, UKERN_ETIMEDOUT);
    assert_int_equal(cancelled, 1);
    /* Held, then the deadline. */
    uint64_t token = park(READ, BUFFER, 5, sim_time + 50);
    world_pass(50);
    assert_int_equal(world_result(caller), UKERN_ETIMEDOUT);
    assert_int_equal(cancelled, 2);
    assert_int_equal(REPLY(token, TAG(0)), UKERN_ESTALE);
    assert_int_equal(SYS(server, ipc_recv, port), UKERN_EV_CANCELLED);
    /* Held, then killed. */
    token = park(READ, BUFFER, 5, UKERN_FOREVER);
    task_end(caller, UKERN_EXIT_KILLED, 0, 0);
    assert_int_equal(why_cancelled, UKERN_EKILLED);
    assert_int_equal(cancelled, 3);
    assert_int_equal(REPLY(token, TAG(0)), UKERN_ESTALE);
    /* Held, then the server dies. */
    pair();
    park(READ, BUFFER, 5, UKERN_FOREVER);
    SYS(server, task_exit, 0);
    assert_int_equal(world_result(caller), UKERN_EPEER);
    assert_int_equal(why_cancelled, UKERN_EPEER);
    assert_int_equal(cancelled, 1);
}

/* ---- Preemption in the middle of a long copy ---- */

static unsigned points, stop_at;

static void interrupt_at_point(void)
{
    if (++points == stop_at)
        sim_raise_irq(7);
}

#define LONG (200 * PAGE_SIZE)

/* A copy of 200 pages, interrupted at its n-th preemption point, where f happens. */
static void interrupted(unsigned n, void (*f)(void), int64_t status, int64_t result)
{
    pair_with(4 << 20, LONG);
    uint64_t at = (uint64_t)SYS(caller, mem_map, LONG),
             notified = (uint64_t)SYS(world_init, port_create);
    uint64_t irq = (uint64_t)SYS(world_init, irq_open, UKERN_INIT_SYSTEM, 7);
    assert_int_equal(SYS(world_init, irq_bind, irq, notified, 1), UKERN_OK);
    uint64_t token = park(READ, at, LONG, sim_time + 1000);
    /* The driver of the line is more urgent than the server. */
    assert_int_equal(SYS(world_init, task_priority, (uint64_t)UKERN_SELF, 50), UKERN_OK);
    assert_int_equal(SYS(world_init, notify_wait, notified, 1), WORLD_WAITS);
    points = 0;
    stop_at = n;
    sim_irq_hook = interrupt_at_point;
    int64_t first = REPLY(token, TAG(0), LONG, shm, 0, LONG, 0, 0);
    assert_int_equal(first, WORLD_WAITS); /* the interrupt came through */
    assert_ptr_equal(arch_cpu()->current, world_init);
    assert_int_equal(world_result(world_init), UKERN_OK);
    sim_irq_hook = NULL;
    world_check();
    if (f)
        f();
    world_priority(world_init, WORLD_PRIORITY);
    if (server->state != TASK_DEAD && !server->dying)
        assert_int_equal(world_result(server), status);
    if (caller->state != TASK_DEAD && !caller->dying) {
        assert_int_equal(world_result(caller), result);
        if (result > 0)
            for (uint64_t i = 0; i < LONG; i += 1000)
                assert_int_equal(*(char *)world_user(caller, at + i),
                                 'a' + (int)(i / PAGE_SIZE % 26));
        else
            assert_int_equal(cancelled, 1);
    }
    world_check();
    world_end();
}

static void kill_caller(void)
{
    SYS(world_init, task_kill, (uint64_t)world_handle(caller), 0);
}

static void kill_server(void)
{
    SYS(world_init, task_kill, (uint64_t)world_handle(server), 0);
}

static void pass_deadline(void)
{
    world_pass(1000);
}

static void unmap_buffer(void)
{
    struct tree_node *m = tree_ceil(&caller->aspace->mappings, USER_AUTO);
    SYS(world_init, shm_unmap, (uint64_t)world_handle(caller), m->key);
}

static void test_interrupted_copy(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 40; n += 13) {
        interrupted(n, NULL, UKERN_OK, LONG);
        interrupted(n, kill_caller, UKERN_ESTALE, 0);
        interrupted(n, kill_server, 0, UKERN_EPEER);
        interrupted(n, pass_deadline, UKERN_ESTALE, UKERN_ETIMEDOUT);
        interrupted(n, unmap_buffer, UKERN_EFAULT, UKERN_EFAULT);
    }
}

/* The server's memory is destroyed, by another holder, while it is copied from. */
static uint64_t others_handle;

static void destroy_shm(void)
{
    assert_int_equal(SYS(world_init, shm_destroy, others_handle), UKERN_OK);
}

static void test_shm_destroyed_in_the_middle(void **state)
{
    (void)state;
    pair_with(4 << 20, LONG);
    uint64_t at = (uint64_t)SYS(caller, mem_map, LONG),
             notified = (uint64_t)SYS(world_init, port_create);
    uint64_t irq = (uint64_t)SYS(world_init, irq_open, UKERN_INIT_SYSTEM, 7);
    SYS(world_init, irq_bind, irq, notified, 1);
    others_handle = (uint64_t)world_give(server, (ukern_handle)shm, world_init, 0);
    uint64_t token = park(READ, at, LONG, UKERN_FOREVER);
    SYS(world_init, task_priority, (uint64_t)UKERN_SELF, 50);
    SYS(world_init, notify_wait, notified, 1);
    points = 0;
    stop_at = 20;
    sim_irq_hook = interrupt_at_point;
    assert_int_equal(REPLY(token, TAG(0), LONG, shm, 0, LONG, 0, 0), WORLD_WAITS);
    sim_irq_hook = NULL;
    destroy_shm();
    world_priority(world_init, WORLD_PRIORITY);
    assert_int_equal(world_result(server), UKERN_EPROTO);
    still_parked();
    assert_int_equal(REPLY(token, TAG(UKERN_EIO)), UKERN_OK);
    assert_int_equal(world_result(caller), UKERN_EIO);
}

static const struct CMUnitTest tests[] = {
    WORLD(test_registration),
    WORLD(test_done_at_once),
    WORLD(test_target),
    WORLD(test_not_sent),
    WORLD(test_ranges),
    WORLD(test_copy_in),
    WORLD(test_read),
    WORLD(test_write),
    WORLD(test_lies),
    WORLD(test_status),
    WORLD(test_caller_memory),
    WORLD(test_alias),
    WORLD(test_device),
    WORLD(test_give),
    WORLD(test_give_without_room),
    WORLD(test_give_the_port),
    WORLD(test_map),
    WORLD(test_map_without_quota),
    WORLD(test_map_runs_out),
    WORLD(test_stages),
    WORLD(test_stage_with_mapping),
    WORLD(test_log),
    WORLD(test_cancel),
    WORLD(test_interrupted_copy),
    WORLD(test_shm_destroyed_in_the_middle),
};

int main(void)
{
    world_extensions = extensions;
    unit_machine();
    world_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
