/* SPDX-License-Identifier: BSD-2-Clause */
/* Pending calls with a good server, which is the test itself. The callers are other tasks. */
#include <stdlib.h>
#include <string.h>

#include "pending.h"

/* ---- Callers. ---- */

/* Makes call argv[1] with arguments argv[2] and on, after the port. Ends with x0; x1 must be
 * argv[7] if that is there. */
ROLE(pending_caller)
{
    struct ukern_sysregs r = {.x = {(uint64_t)given("port")}};

    for (int i = 2; i < argc && i < 7; i++)
        r.x[i - 1] = argument(argc, argv, i);
    ukern_trap_all(argument(argc, argv, 1), &r);
    if (argc > 7)
        EQUAL(r.x[1], argument(argc, argv, 7));
    return (int)r.x[0];
}

/* Reads argv[1] bytes into a buffer; all that was not read must be untouched, the rest be
 * pattern(). Ends with the result. */
ROLE(pending_reader)
{
    uint64_t length = argument(argc, argv, 1), size = length + 2 * 4096;
    unsigned char *buffer = malloc(size), *at = buffer + 4096 + 5;
    int64_t n;

    CHECK(buffer != NULL);
    memset(buffer, 0x5a, size);
    n = ukern_trap4(CALL_READ, (uint64_t)given("port"), (uintptr_t)at, length, 77, NULL);
    for (uint64_t i = 0; i < size; i++) {
        uint64_t offset = i - 4096 - 5; /* huge before the buffer */
        EQUAL(buffer[i], n > 0 && offset < (uint64_t)n ? pattern(offset) : 0x5a);
    }
    return (int)n;
}

ROLE(pending_writer)
{
    uint64_t length = argument(argc, argv, 1);
    unsigned char *buffer = malloc(length + 1);

    CHECK(buffer != NULL);
    for (uint64_t i = 0; i < length; i++)
        buffer[i + 1] = pattern(i);
    return (int)ukern_trap4(CALL_WRITE, (uint64_t)given("port"), (uintptr_t)buffer + 1, length, 0,
                            NULL);
}

ukern_handle pending_start(ukern_handle port, const uint64_t *arguments, unsigned count)
{
    struct child c;

    child_init(&c, "pending_caller");
    c.spawn.memory = 1 << 20;
    child_give(&c, "port", port);
    for (unsigned i = 0; i < count; i++)
        child_number(&c, arguments[i]);
    return child_start(&c);
}

struct served served_memory(uint64_t size)
{
    struct served s = {.shm = HANDLE(shm_create(size, UKERN_SHM_NORMAL))};
    void *at = NULL;

    OK(shm_map(s.shm, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &at));
    s.bytes = at;
    return s;
}

struct ukern_msg segments(uint64_t bytes, ukern_handle shm, uint64_t offset, uint64_t length,
                          uint64_t offset2, uint64_t length2)
{
    return (struct ukern_msg){UKERN_TAG(0, 0),
                              {bytes, (uint64_t)shm, offset, length, offset2, length2}};
}

/* ---- Reading and writing. ---- */

TEST(pending_read, "bytes go from the server's memory into the caller's, any number at any place")
{
    static const uint64_t length[] = {1, 7, 8, 100, 4091, 4096, 4097, 20000, 300000};
    ukern_handle port = HANDLE(port_create()), c = client(port, 1);
    struct served s = served_memory(400000);

    for (unsigned i = 0; i < sizeof length / sizeof length[0]; i++)
        for (uint64_t offset = 0; offset < 8192; offset += 4093) {
            ukern_handle task = play_number("pending_reader", c, length[i]);
            struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
            struct ukern_msg m = segments(length[i], s.shm, offset, length[i], 0, 0);

            EQUAL(UKERN_TAG_LABEL(ev.msg.tag), CALL_READ);
            EQUAL(ev.msg.w[0], length[i]);
            EQUAL(ev.msg.w[1], 77);
            EQUAL(ev.badge, 1);
            for (uint64_t k = 0; k < length[i]; k++)
                s.bytes[offset + k] = pattern(k);
            OK(ipc_reply(ev.token, &m));
            EQUAL(finish(task), length[i]);
        }
}

TEST(pending_read_ring, "two segments, as of a ring that wraps, arrive one behind the other")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1);
    struct served s = served_memory(8192);

    for (uint64_t first = 0; first <= 6000; first += 1500) {
        ukern_handle task = play_number("pending_reader", c, 6000);
        struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
        struct ukern_msg m = segments(6000, s.shm, 8192 - first, first, 11, 6000 - first);

        for (uint64_t k = 0; k < 6000; k++)
            s.bytes[k < first ? 8192 - first + k : 11 + k - first] = pattern(k);
        OK(ipc_reply(ev.token, &m));
        EQUAL(finish(task), 6000);
    }
}

TEST(pending_read_less, "fewer bytes than asked, none, and an error as the result")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1), task;
    struct served s = served_memory(4096);
    struct ukern_msg m;

    for (uint64_t k = 0; k < 4096; k++)
        s.bytes[k] = pattern(k);
    task = play_number("pending_reader", c, 1000);
    m = segments(10, s.shm, 0, 10, 0, 0);
    OK(ipc_reply(expect(port, UKERN_EV_MESSAGE).token, &m));
    EQUAL(finish(task), 10);
    task = play_number("pending_reader", c, 1000);
    m = segments(0, -1, UINT64_MAX, 0, UINT64_MAX, 0); /* nothing of it is looked at */
    OK(ipc_reply(expect(port, UKERN_EV_MESSAGE).token, &m));
    EQUAL(finish(task), 0);
    task = play_number("pending_reader", c, 1000);
    m = (struct ukern_msg){UKERN_TAG(UKERN_EPIPE, 0), {1000, (uint64_t)s.shm, 0, 1000}};
    OK(ipc_reply(expect(port, UKERN_EV_MESSAGE).token, &m));
    EQUAL(finish(task), UKERN_EPIPE);
}

TEST(pending_write, "bytes go from the caller's memory into the server's, and nowhere else in it")
{
    static const uint64_t length[] = {1, 8, 4096, 4097, 100000};
    ukern_handle port = HANDLE(port_create()), c = client(port, 1);
    struct served s = served_memory(110000);

    for (unsigned i = 0; i < sizeof length / sizeof length[0]; i++) {
        ukern_handle task = play_number("pending_writer", c, length[i]);
        struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
        struct ukern_msg m = segments(length[i], s.shm, 4090, length[i], 0, 0);

        EQUAL(UKERN_TAG_LABEL(ev.msg.tag), CALL_WRITE);
        memset(s.bytes, 0xee, 110000);
        OK(ipc_reply(ev.token, &m));
        EQUAL(finish(task), length[i]);
        for (uint64_t k = 0; k < 110000; k++)
            EQUAL(s.bytes[k], k - 4090 < length[i] ? pattern(k - 4090) : 0xee);
    }
}

TEST(pending_same_memory,
     "the caller's buffer is the server's memory itself: a copy onto itself is defined")
{
    ukern_handle port = HANDLE(port_create()), task;
    struct served s = served_memory(8192);
    const uint64_t where = UINT64_C(0x2000000000);
    uint64_t at;

    for (uint64_t k = 0; k < 8192; k++)
        s.bytes[k] = pattern(k);
    for (uint64_t shift = 0; shift < 3; shift++) {
        struct ukern_msg m = segments(4000, s.shm, shift * 8, 4000, 0, 0);
        struct ukern_event ev;
        task = pending_start(client(port, 1), (uint64_t[]){CALL_READ, where + 16, 4000}, 3);
        OK(shm_map_in(task, s.shm, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, where, &at));
        ev = expect(port, UKERN_EV_MESSAGE);
        OK(ipc_reply(ev.token, &m));
        EQUAL(finish(task), 4000);
    }
}

/* ---- Results, stages, handles, mappings. ---- */

TEST(pending_two_results, "two results arrive in x0 and x1")
{
    ukern_handle port = HANDLE(port_create());
    ukern_handle task =
        pending_start(client(port, 1), (uint64_t[]){CALL_TWO, 5, 6, 0, 0, 0, 34567}, 7);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
    struct ukern_msg m = {UKERN_TAG(0, 0), {12345, 34567}};

    EQUAL(ev.msg.w[0], 5);
    EQUAL(ev.msg.w[1], 6);
    EQUAL(open_calls(), 1);
    OK(ipc_reply(ev.token, &m));
    EQUAL(finish(task), 12345);
    EQUAL(open_calls(), 0);
}

TEST(pending_stages,
     "a call of five stages: five requests, each with a token of its own, one result")
{
    ukern_handle port = HANDLE(port_create());
    ukern_handle task =
        pending_start(client(port, 1), (uint64_t[]){CALL_STAGES, 5, 0, 0, 0, 0, 5}, 7);
    uint64_t sum = 0, last = 0;

    for (uint64_t i = 0; i < 5; i++) {
        struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
        struct ukern_msg m = {UKERN_TAG(0, 0), {i * i + 1}};
        CHECK(ev.token != last);
        last = ev.token;
        if (i > 0) {
            EQUAL(ev.msg.w[0], i);
            EQUAL(ev.msg.w[1], sum);
        }
        OK(ipc_reply(ev.token, &m));
        EQUAL(ipc_reply(ev.token, &m), UKERN_ESTALE);
        sum += i * i + 1;
    }
    EQUAL(finish(task), (int)sum);
    EQUAL(open_calls(), 0);
}

/* Makes CALL_GIVE; notifies each handle that it was given with its place. */
ROLE(given_to)
{
    struct ukern_sysregs r = {.x = {(uint64_t)given("port")}};

    ukern_trap_all(CALL_GIVE, &r);
    if ((int64_t)r.x[0] < 0)
        return (int)r.x[0];
    OK(notify((ukern_handle)r.x[0], 1));
    if (argument(argc, argv, 1) == 2)
        OK(notify((ukern_handle)r.x[1], 2));
    return 0;
}

TEST(pending_give, "one handle and two, copied and moved, become the caller's")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1);

    for (uint64_t n = 1; n <= 2; n++)
        for (int move = 0; move < 2; move++) {
            ukern_handle a = HANDLE(port_create()), b = HANDLE(port_create());
            ukern_handle ca = client(a, 1), cb = client(b, 2), task = play_number("given_to", c, n);
            uint64_t flag = move ? UKERN_SEND_MOVE : 0;
            struct ukern_msg m = {UKERN_TAG(0, 0),
                                  {n, 0, 0, 0, UKERN_SEND_HANDLE(ca, 0) | flag,
                                   UKERN_SEND_HANDLE(cb, UKERN_R_NOTIFY) | flag}};

            OK(ipc_reply(expect(port, UKERN_EV_MESSAGE).token, &m));
            EQUAL(finish(task), 0);
            EQUAL(expect(a, UKERN_EV_NOTIFY).msg.tag, 1);
            if (n == 2)
                EQUAL(expect(b, UKERN_EV_NOTIFY).msg.tag, 2);
            EQUAL(handle_info(ca, NULL, NULL), move ? UKERN_EHANDLE : UKERN_TYPE_PORT);
            EQUAL(handle_info(cb, NULL, NULL), move && n == 2 ? UKERN_EHANDLE : UKERN_TYPE_PORT);
            if (move)
                EQUAL(expect(a, UKERN_EV_HANGUP).badge, 1);
            OK(handle_close(a));
            OK(handle_close(b));
        }
}

/* Makes CALL_MAP, reads the first byte of what it got and writes the last one if argv[1] is 1. */
ROLE(mapped_to)
{
    uint64_t length;
    int64_t at = ukern_trap4(CALL_MAP, (uint64_t)given("port"), 0, 0, 0, &length);
    volatile unsigned char *p = (volatile unsigned char *)at;

    if (at < 0)
        return (int)at;
    if (argument(argc, argv, 1))
        p[length - 1] = 123;
    return p[0];
}

TEST(pending_map, "memory of the server is mapped into the caller, to read or to write")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1), task;
    struct served s = served_memory(700 * 4096);
    struct ukern_msg m = {UKERN_TAG(0, 0), {(uint64_t)s.shm, 4096, 650 * 4096, UKERN_PROT_READ}};
    int code, reason;

    s.bytes[4096] = 17;
    task = play_number("mapped_to", c, 0);
    OK(ipc_reply(expect(port, UKERN_EV_MESSAGE).token, &m));
    EQUAL(finish(task), 17);
    task = play_number("mapped_to", c, 1);
    OK(ipc_reply(expect(port, UKERN_EV_MESSAGE).token, &m));
    OK(task_wait(task, &code, &reason, SOON));
    EQUAL(reason, UKERN_EXIT_FAULT);
    EQUAL(code, UKERN_FAULT_WRITE);
    m.w[3] |= UKERN_PROT_WRITE;
    task = play_number("mapped_to", c, 1);
    OK(ipc_reply(expect(port, UKERN_EV_MESSAGE).token, &m));
    EQUAL(finish(task), 17);
    EQUAL(s.bytes[651 * 4096 - 1], 123);
}

/* Sends 16 bytes, gets 16 others back. */
ROLE(small_caller)
{
    static const uint64_t in[2] = {111, 222};
    uint64_t out[2] = {0, 0};
    int64_t result =
        ukern_trap4(CALL_SMALL, (uint64_t)given("port"), (uintptr_t)in, (uintptr_t)out, 0, NULL);

    return result == 0 && out[0] == 222 && out[1] == 333 ? 0 : (int)result - 1;
}

TEST(pending_small, "a few bytes travel in the message itself; what was not declared is refused")
{
    ukern_handle port = HANDLE(port_create()), task = play("small_caller", client(port, 1));
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
    struct ukern_msg m = {UKERN_TAG(0, 0), {222, 333}};

    EQUAL(ev.msg.w[0], 111);
    EQUAL(ev.msg.w[1], 222);
    OK(ipc_reply(ev.token, &m));
    EQUAL(finish(task), 0);
}

TEST(pending_sends_handle, "a request carries a handle of the caller to the server")
{
    ukern_handle port = HANDLE(port_create());
    ukern_handle task = pending_start(
        client(port, 4), (uint64_t[]){CALL_SEND, UKERN_SEND_HANDLE(SPAWN_FIRST_SLOT, 0)}, 2);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
    uint64_t badge;

    EQUAL(UKERN_TAG_HANDLES(ev.msg.tag), 1);
    EQUAL(handle_info((ukern_handle)ev.msg.w[5], NULL, &badge), UKERN_TYPE_PORT);
    EQUAL(badge, 4);
    reply_number(ev.token, 0);
    EQUAL(finish(task), 0);
    task = pending_start(client(port, 4), (uint64_t[]){CALL_SEND, 999}, 2);
    EQUAL(finish(task), UKERN_EHANDLE);
    expect_nothing(port);
}

/* ---- begin. ---- */

TEST(pending_begin_errors, "what begin refuses never reaches the server")
{
    ukern_handle port = HANDLE(port_create()), shm = HANDLE(shm_create(1, UKERN_SHM_NORMAL));
    ukern_handle weak = HANDLE(handle_mint(port, UKERN_R_NOTIFY, 1)), c = client(port, 1);
    static const uint64_t bad[] = {
        UINT64_C(1) << 39, UINT64_C(0xffffff8040000000), UINT64_MAX - 50, UINT64_MAX, 0, 4096};
    static char buffer[200];

    EQUAL(ukern_trap4(CALL_READ, 4242, (uintptr_t)buffer, 100, 0, NULL), UKERN_EHANDLE);
    EQUAL(ukern_trap4(CALL_READ, (uint64_t)shm, (uintptr_t)buffer, 100, 0, NULL), UKERN_ETYPE);
    EQUAL(ukern_trap4(CALL_READ, (uint64_t)weak, (uintptr_t)buffer, 100, 0, NULL), UKERN_ERIGHTS);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        EQUAL(ukern_trap4(CALL_READ, (uint64_t)c, bad[i], 100, 0, NULL), UKERN_EFAULT);
        EQUAL(ukern_trap4(CALL_WRITE, (uint64_t)c, bad[i], 100, 0, NULL), UKERN_EFAULT);
        EQUAL(ukern_trap4(CALL_RANGES, bad[i], 100, 1, 0, NULL), UKERN_EFAULT);
        EQUAL(ukern_trap4(CALL_RANGES, bad[i], 0, 1, 0, NULL), 0); /* of nothing */
    }
    EQUAL(ukern_trap4(CALL_READ, (uint64_t)c, (uintptr_t)buffer, UINT64_MAX, 0, NULL),
          UKERN_EFAULT);
    EQUAL(ukern_trap4(CALL_READ, (uint64_t)c, (uintptr_t)buffer, UINT64_MAX - (uintptr_t)buffer + 1,
                      0, NULL),
          UKERN_EFAULT);
    EQUAL(ukern_trap4(CALL_READ, (uint64_t)c, (uintptr_t)buffer, UINT64_C(1) << 39, 0, NULL),
          UKERN_EFAULT);
    EQUAL(ukern_trap4(CALL_RANGES, (uintptr_t)buffer, 100, 4, 0, NULL), 3);
    EQUAL(ukern_trap4(CALL_RANGES, (uintptr_t)buffer, 100, 5, 0, NULL), UKERN_ENOMEM);
    EQUAL(ukern_trap4(CALL_FAIL, (uint64_t)UKERN_EBUSY, 0, 0, 0, NULL), UKERN_EBUSY);
    EQUAL(ukern_trap4(CALL_SMALL, (uint64_t)c, 0x3000000000, (uintptr_t)buffer, 0, NULL),
          UKERN_EFAULT);
    expect_nothing(port);
}

TEST(pending_last_number, "the last number can be registered, and those around are none")
{
    ukern_handle port = HANDLE(port_create()),
                 task = pending_start(client(port, 1), (uint64_t[]){CALL_LAST}, 1);

    reply_number(expect(port, UKERN_EV_MESSAGE).token, 0);
    EQUAL(finish(task), 0);
    EQUAL(ukern_trap0(CALL_LAST - 1), UKERN_ENOSYS);
    EQUAL(ukern_trap0(CALL_LAST + 1), UKERN_ENOSYS);
    EQUAL(ukern_trap0(CALL_READ - 1), UKERN_ENOSYS);
}

TEST(pending_to_itself,
     "a server that makes a pending call to itself gets EDEADLK, and begin's work is undone")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1);

    expect_nothing(port);
    EQUAL(ukern_trap4(CALL_TWO, (uint64_t)c, 0, 0, 0, NULL), UKERN_EDEADLK);
    EQUAL(open_calls(), 0);
    EQUAL(last_why(), UKERN_EDEADLK);
}
