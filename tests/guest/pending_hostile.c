/* SPDX-License-Identifier: BSD-2-Clause */
/* Servers that answer pending calls wrongly, late or never. The server is refused, the caller waits
 * untouched. */
#include <stdlib.h>
#include <string.h>

#include "pending.h"

#define PAGE UKERN_PAGE_SIZE

/* This reply is refused with EPROTO: the caller is where it was. */
#define REFUSED(token, reply)                                                                      \
    do {                                                                                           \
        struct ukern_msg refused_ = reply;                                                         \
        EQUAL(ipc_reply(token, &refused_), UKERN_EPROTO);                                          \
    } while (0)

TEST(hostile_claims, "more bytes than asked, sums that differ or wrap, places outside the memory")
{
    ukern_handle port = HANDLE(port_create()),
                 task = play_number("pending_reader", client(port, 1), 1000);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
    struct served s = served_memory(PAGE);
    ukern_handle h = s.shm;
    static const uint64_t huge[] = {PAGE,
                                    PAGE + 1,
                                    UINT64_C(1) << 32,
                                    UINT64_C(1) << 39,
                                    UINT64_C(1) << 63,
                                    UINT64_MAX - PAGE,
                                    UINT64_MAX - 999,
                                    UINT64_MAX - 1,
                                    UINT64_MAX};

    REFUSED(ev.token, segments(1001, h, 0, 1001, 0, 0));
    REFUSED(ev.token, segments(1001, h, 0, 1000, 0, 1));
    REFUSED(ev.token, segments(1000, h, 0, 999, 0, 0));
    REFUSED(ev.token, segments(999, h, 0, 1000, 0, 0));
    REFUSED(ev.token, segments(0, h, 0, 1, 0, 0));
    REFUSED(ev.token, segments(0, h, 0, 1, 0, UINT64_MAX));
    REFUSED(ev.token, segments(1, h, 0, UINT64_MAX, 0, 2));
    REFUSED(ev.token, segments(1, h, 0, 2, 0, UINT64_MAX));
    REFUSED(ev.token, segments(1000, h, PAGE - 999, 1000, 0, 0));
    REFUSED(ev.token, segments(1000, h, 0, 500, PAGE - 499, 500));
    for (unsigned i = 0; i < sizeof huge / sizeof huge[0]; i++) {
        REFUSED(ev.token, segments(huge[i], h, 0, huge[i], 0, 0));
        REFUSED(ev.token, segments(1000, h, huge[i], 1000, 0, 0));
        REFUSED(ev.token, segments(1000, h, 0, 500, huge[i], 500));
        REFUSED(ev.token, segments(huge[i], h, 0, 0, 0, huge[i]));
        REFUSED(ev.token, segments(1000, h, 0, huge[i], 0, 1000 - huge[i]));
    }
    EQUAL(info_of(task).state, UKERN_TASK_REPLY);
    for (uint64_t k = 0; k < 1000; k++)
        s.bytes[k] = pattern(k);
    {
        struct ukern_msg m = segments(1000, h, 0, 1000, 0, 0);
        OK(ipc_reply(ev.token, &m));
        EQUAL(ipc_reply(ev.token, &m), UKERN_ESTALE);
    }
    EQUAL(finish(task), 1000);
}

TEST(hostile_memory, "a shm that is none, not readable, a device, revoked, destroyed, or another's")
{
    ukern_handle port = HANDLE(port_create()),
                 task = play_number("pending_reader", client(port, 1), 100);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
    struct served good = served_memory(PAGE), gone = served_memory(PAGE),
                  lost = served_memory(PAGE);
    ukern_handle write_only = HANDLE(handle_dup(good.shm, UKERN_R_WRITE, -1));
    ukern_handle device = HANDLE(shm_device(given("system"), UINT64_C(0x09010000), PAGE));
    ukern_handle stale = HANDLE(handle_dup(lost.shm, 0, -1));

    OK(shm_destroy(gone.shm));
    OK(shm_revoke(lost.shm));
    REFUSED(ev.token, segments(100, 4321, 0, 100, 0, 0));
    REFUSED(ev.token, segments(100, -1, 0, 100, 0, 0));
    REFUSED(ev.token, segments(100, port, 0, 100, 0, 0));
    REFUSED(ev.token, segments(100, given("system"), 0, 100, 0, 0));
    REFUSED(ev.token, segments(100, write_only, 0, 100, 0, 0));
    REFUSED(ev.token, segments(100, device, 0, 100, 0, 0));
    REFUSED(ev.token, segments(100, stale, 0, 100, 0, 0));
    REFUSED(ev.token, segments(100, gone.shm, 0, 100, 0, 0));
    for (uint64_t k = 0; k < 100; k++)
        good.bytes[k] = pattern(k);
    {
        struct ukern_msg m = segments(100, good.shm, 0, 100, 0, 0);
        OK(ipc_reply(ev.token, &m));
    }
    EQUAL(finish(task), 100);
}

TEST(hostile_memory_write, "a write into memory that may only be read")
{
    ukern_handle port = HANDLE(port_create()),
                 task = play_number("pending_writer", client(port, 1), 100);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
    struct served s = served_memory(PAGE);
    ukern_handle read_only = HANDLE(handle_dup(s.shm, UKERN_R_READ, -1));

    REFUSED(ev.token, segments(100, read_only, 0, 100, 0, 0));
    REFUSED(ev.token, segments(100, given("archive"), 0, 100, 0, 0));
    for (uint64_t k = 0; k < PAGE; k++)
        EQUAL(s.bytes[k], 0);
    reply_number(ev.token, 0);
    EQUAL(finish(task), 0);
}

TEST(hostile_status, "codes that only the kernel may give are refused, all others arrive")
{
    static const struct {
        int code;
        bool kernel;
    } codes[] = {
#define KERNEL                                 true
#define ANY                                    false
#define UKERN_ERROR(name, number, giver, text) {-(number), giver},
#include <ukern/abi/errors.def>
#undef UKERN_ERROR
    };
    ukern_handle port = HANDLE(port_create()), c = client(port, 1);

    for (unsigned i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        ukern_handle task = pending_start(c, (uint64_t[]){CALL_STATUS}, 1);
        struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
        struct ukern_msg m = {UKERN_TAG(codes[i].code, 0), {0}};

        EQUAL(ipc_reply(ev.token, &m), codes[i].kernel ? UKERN_EPROTO : UKERN_OK);
        if (codes[i].kernel) {
            EQUAL(info_of(task).state, UKERN_TASK_REPLY);
            m.tag = UKERN_TAG(codes[i].code, 0);
            REFUSED(ev.token, m);
            reply_number(ev.token, 0);
        }
        EQUAL(finish(task), codes[i].kernel ? 0 : codes[i].code);
    }
}

TEST(hostile_copy, "copies beyond the declared ranges, of no range, and too many")
{
    static const uint64_t where = UINT64_C(0x2000000000);
    ukern_handle port = HANDLE(port_create()), task;
    struct served s = served_memory(4 * PAGE), buffer = served_memory(4 * PAGE);
    struct ukern_event ev;
    uint64_t at;
    static const uint64_t bad[][5] = {
        /* range, offset in it, offset in the shm, length, times */
        {0, 0, 0, 101, 1},
        {0, 1, 0, 100, 1},
        {0, 100, 0, 1, 1},
        {0, UINT64_MAX, 0, 2, 1},
        {0, 50, 0, UINT64_MAX - 49, 1},
        {1, 0, 0, 201, 1},
        {1, 200, 0, 1, 1},
        {1, UINT64_MAX - 99, 0, 100, 1},
        {2, 0, 0, 1, 1},
        {3, 0, 0, 1, 1},
        {4, 0, 0, 1, 1},
        {UINT32_MAX, 0, 0, 1, 1},
        {0x80000000, 0, 0, 1, 1},
        {0, 0, 4 * PAGE - 99, 100, 1},
        {0, 0, UINT64_MAX - 49, 100, 1},
        {0, 0, 0, 100, 3},
        {0, 0, 0, 100, 1000000},
    };

    memset(buffer.bytes, 0x11, 4 * PAGE);
    memset(s.bytes, 0x22, 4 * PAGE);
    task = pending_start(client(port, 1),
                         (uint64_t[]){CALL_COPY, where + 100, 100, where + PAGE, 200}, 5);
    OK(shm_map_in(task, buffer.shm, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, where, &at));
    ev = expect(port, UKERN_EV_MESSAGE);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ukern_msg m = {
            UKERN_TAG(0, 0),
            {bad[i][0], bad[i][1], (uint64_t)s.shm, bad[i][2], bad[i][3], bad[i][4]}};
        REFUSED(ev.token, m);
        REFUSED(ev.token, m);
    }
    for (uint64_t k = 0; k < 4 * PAGE; k++) {
        EQUAL(buffer.bytes[k], 0x11);
        EQUAL(s.bytes[k], 0x22);
    }
    {
        struct ukern_msg m = {UKERN_TAG(0, 0), {1, 10, (uint64_t)s.shm, 7, 190, 2}};
        OK(ipc_reply(ev.token, &m));
    }
    EQUAL(finish(task), 0);
    for (uint64_t k = 0; k < 4 * PAGE; k++)
        EQUAL(buffer.bytes[k], k - PAGE - 10 < 190 ? 0x22 : 0x11);
}

TEST(hostile_give, "handles that the server has not, may not give, or gives twice")
{
    ukern_handle port = HANDLE(port_create()), other = HANDLE(port_create()), c = client(other, 1),
                 task;
    ukern_handle fixed = HANDLE(handle_mint(other, UKERN_R_CALL, 2));
    struct ukern_event ev;
    uint64_t good = UKERN_SEND_HANDLE(c, 0);

    task = play_number("given_to", client(port, 1), 2);
    ev = expect(port, UKERN_EV_MESSAGE);
#define GIVE(n, a, b) ((struct ukern_msg){UKERN_TAG(0, 0), {n, 0, 0, 0, a, b}})
    REFUSED(ev.token, GIVE(1, 4321, 0));
    REFUSED(ev.token, GIVE(2, good, 4321));
    REFUSED(ev.token, GIVE(2, UKERN_SEND_HANDLE(c, 0) | UKERN_SEND_MOVE, 4321));
    REFUSED(ev.token, GIVE(1, UKERN_SEND_HANDLE(fixed, 0), 0));
    REFUSED(ev.token, GIVE(1, UKERN_SEND_HANDLE(c, UKERN_R_RECV), 0));
    REFUSED(ev.token, GIVE(1, UKERN_SEND_HANDLE(c, 0) | UINT64_C(1) << 55, 0));
    REFUSED(ev.token, GIVE(2, good | UKERN_SEND_MOVE, good | UKERN_SEND_MOVE));
    REFUSED(ev.token, GIVE(2, good, good | UKERN_SEND_MOVE));
    REFUSED(ev.token, GIVE(3, good, good));
    REFUSED(ev.token, GIVE(1000, good, good));
    EQUAL(handle_info(c, NULL, NULL), UKERN_TYPE_PORT);
    EQUAL(info_of(task).state, UKERN_TASK_REPLY);
    {
        struct ukern_msg m = GIVE(2, good, good);
        OK(ipc_reply(ev.token, &m));
    }
    EQUAL(finish(task), 0);
    EQUAL(expect(other, UKERN_EV_NOTIFY).msg.tag, 3);
}

/* Fills its table, then makes CALL_GIVE. */
ROLE(full_given_to)
{
    struct ukern_sysregs r = {.x = {(uint64_t)given("port")}};
    uint32_t opened = 0;

    while (handle_dup(given("port"), 0, -1) >= 0)
        opened++;
    CHECK(opened > 100);
    ukern_trap_all(CALL_GIVE, &r);
    return (int)r.x[0];
}

TEST(hostile_give_full,
     "a caller without room gets ETABLE, and the server, who keeps its handles, is told so")
{
    ukern_handle port = HANDLE(port_create()), c = client(HANDLE(port_create()), 1), task;
    struct ukern_msg m = {UKERN_TAG(0, 0), {1, 0, 0, 0, UKERN_SEND_HANDLE(c, 0) | UKERN_SEND_MOVE}};
    struct child child;

    child_init(&child, "full_given_to");
    child.spawn.memory = 4 << 20;
    child_give(&child, "port", client(port, 1));
    task = child_start(&child);
    EQUAL(ipc_reply(expect(port, UKERN_EV_MESSAGE).token, &m), UKERN_ETABLE);
    EQUAL(finish(task), UKERN_ETABLE);
    EQUAL(handle_info(c, NULL, NULL), UKERN_TYPE_PORT);
    EQUAL(last_why(), UKERN_ETABLE);
}

TEST(hostile_map, "mappings outside the memory, with rights that the server has not, or executable")
{
    ukern_handle port = HANDLE(port_create()), task = play_number("mapped_to", client(port, 1), 0);
    struct served s = served_memory(4 * PAGE);
    ukern_handle read_only = HANDLE(handle_dup(s.shm, UKERN_R_READ, -1));
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
    const uint64_t h = (uint64_t)s.shm;
#define MAP(shm, offset, length, prot)                                                             \
    ((struct ukern_msg){UKERN_TAG(0, 0), {shm, offset, length, prot}})
    REFUSED(ev.token, MAP(4321, 0, PAGE, 1));
    REFUSED(ev.token, MAP((uint64_t)port, 0, PAGE, 1));
    REFUSED(ev.token, MAP((uint64_t)read_only, 0, PAGE, 3));
    REFUSED(ev.token, MAP(h, 1, PAGE, 1));
    REFUSED(ev.token, MAP(h, 0, 0, 1));
    REFUSED(ev.token, MAP(h, 0, 5 * PAGE, 1));
    REFUSED(ev.token, MAP(h, 4 * PAGE, PAGE, 1));
    REFUSED(ev.token, MAP(h, 4 * PAGE, 1, 1));
    REFUSED(ev.token, MAP(h, UINT64_MAX - PAGE + 1, 2 * PAGE, 1));
    REFUSED(ev.token, MAP(h, PAGE, UINT64_MAX, 1));
    REFUSED(ev.token, MAP(h, 0, UINT64_MAX, 1));
    for (uint64_t prot = 0; prot < 16; prot++)
        if (prot != 1 && prot != 3)
            REFUSED(ev.token, MAP(h, 0, PAGE, prot));
    REFUSED(ev.token, MAP((uint64_t)given("archive"), 0, PAGE, 3));
    EQUAL(info_of(task).state, UKERN_TASK_REPLY);
    {
        struct ukern_msg m = MAP(h, 0, PAGE, 1);
        OK(ipc_reply(ev.token, &m));
    }
    EQUAL(finish(task), 0);
}

/* ---- Servers and callers that are gone. ---- */

TEST(hostile_silent, "a server that never replies: the deadline ends the call, the server hears it")
{
    ukern_handle port = HANDLE(port_create()), task;
    struct ukern_event ev, late;
    struct ukern_msg m = message(0, 0);

    task = pending_start(client(port, 3), (uint64_t[]){CALL_DEADLINE, clock_now() + 2 * SECOND}, 2);
    ev = expect(port, UKERN_EV_MESSAGE);
    EQUAL(info_of(task).waiting_for, task_self());
    await_state(task, UKERN_TASK_DEAD); /* to wait for it would close a cycle */
    EQUAL(finish(task), UKERN_ETIMEDOUT);
    EQUAL(last_why(), UKERN_ETIMEDOUT);
    late = expect(port, UKERN_EV_CANCELLED);
    EQUAL(late.token, ev.token);
    EQUAL(late.badge, 3);
    EQUAL(ipc_reply(ev.token, &m), UKERN_ESTALE);
    /* In the queue, too. */
    task = pending_start(client(port, 3),
                         (uint64_t[]){CALL_DEADLINE, clock_now() + 10 * MILLISECOND}, 2);
    clock_sleep(30 * MILLISECOND);
    OK(task_wait(task, NULL, NULL, SOON));
    expect_nothing(port);
}

TEST(hostile_dies,
     "a server that dies with calls taken: EPEER and cancel for each; the queue goes to the next")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1), task[4], server;
    struct child child;

    for (int i = 0; i < 4; i++) {
        task[i] = pending_start(c, (uint64_t[]){CALL_TWO}, 1);
        await_state(task[i], UKERN_TASK_SEND);
    }
    EQUAL(open_calls(), 4);
    child_init(&child, "mortal");
    child_give(&child, "port", port);
    child_number(&child, 2);
    child_number(&child, 1);
    server = child_start(&child);
    EQUAL(finish(task[0]), UKERN_EPEER);
    EQUAL(finish(task[1]), UKERN_EPEER);
    EQUAL(last_why(), UKERN_EPEER);
    OK(task_wait(server, NULL, NULL, SOON));
    EQUAL(open_calls(), 2);
    for (int i = 2; i < 4; i++) {
        reply_number(expect(port, UKERN_EV_MESSAGE).token, 50);
        EQUAL(finish(task[i]), 50);
    }
    EQUAL(open_calls(), 0);
}

TEST(hostile_caller_killed,
     "a caller killed while parked: cancel, a cancelled event, and a stale reply")
{
    ukern_handle port = HANDLE(port_create()), c = client(port, 1);

    for (int held = 0; held < 2; held++) {
        ukern_handle task = pending_start(c, (uint64_t[]){CALL_STAGES, 3}, 2);
        struct ukern_event ev;
        struct ukern_msg m = message(0, 0);

        if (held) {
            reply_number(expect(port, UKERN_EV_MESSAGE).token, 1);
            ev = expect(port, UKERN_EV_MESSAGE);
        } else {
            await_state(task, UKERN_TASK_SEND);
        }
        EQUAL(open_calls(), 1);
        destroy(task);
        EQUAL(open_calls(), 0);
        EQUAL(last_why(), UKERN_EKILLED);
        if (held) {
            EQUAL(expect(port, UKERN_EV_CANCELLED).token, ev.token);
            EQUAL(ipc_reply(ev.token, &m), UKERN_ESTALE);
        }
        expect_nothing(port);
    }
}

TEST(hostile_copy_killed, "caller, server or shm die in the middle of large copies: all comes back")
{
    for (unsigned i = 0; i < 16; i++) {
        ukern_handle port = HANDLE(port_create()), c = client(port, 1), reader, server;
        struct child child;

        child_init(&child, "large_reader");
        child.spawn.memory = 12 << 20;
        child_give(&child, "port", c);
        reader = child_start(&child);
        child_init(&child, "large_server");
        child.spawn.memory = 12 << 20;
        child_give(&child, "port", port);
        server = child_start(&child);
        OK(handle_close(port));
        clock_sleep(2 * i * MILLISECOND);
        destroy(i % 2 ? reader : server);
        destroy(i % 2 ? server : reader);
        OK(handle_close(c));
    }
}

/* Reads 8 MiB. It is killed at any time, so it must not print: half a line would be left. */
ROLE(large_reader)
{
    void *buffer = malloc(8 << 20);

    return (int)ukern_trap4(CALL_READ, (uint64_t)given("port"), (uintptr_t)buffer, 8 << 20, 0,
                            NULL);
}

/* Answers one read with 8 MiB of its memory; destroys the memory at once afterwards. */
ROLE(large_server)
{
    struct served s = served_memory(8 << 20);
    struct ukern_event ev = expect(given("port"), UKERN_EV_MESSAGE);
    struct ukern_msg m = segments(ev.msg.w[0], s.shm, 0, ev.msg.w[0], 0, 0);
    int error = ipc_reply(ev.token, &m);

    shm_destroy(s.shm);
    return error;
}

TEST(hostile_port_closed,
     "between two stages the caller loses its handle: the call ends with EHANDLE")
{
    ukern_handle port = HANDLE(port_create()),
                 task = pending_start(client(port, 1), (uint64_t[]){CALL_STAGES, 3}, 2);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);

    EQUAL(handle_grant(task, HANDLE(shm_create(1, UKERN_SHM_NORMAL)), 0, SPAWN_FIRST_SLOT),
          SPAWN_FIRST_SLOT);
    reply_number(ev.token, 1);
    EQUAL(finish(task), UKERN_ETYPE);
    EQUAL(open_calls(), 0);
}

TEST(hostile_handles_in_reply,
     "a reply to a pending call that carries handles as a message would: nothing moves")
{
    ukern_handle port = HANDLE(port_create()),
                 task = pending_start(client(port, 1), (uint64_t[]){CALL_STATUS}, 1);
    struct ukern_event ev = expect(port, UKERN_EV_MESSAGE);
    ukern_handle c = client(port, 2);
    struct ukern_msg m = {UKERN_TAG(0, 1),
                          {0, 0, 0, 0, 0, UKERN_SEND_HANDLE(c, 0) | UKERN_SEND_MOVE}};
    int result = ipc_reply(ev.token, &m);

    EQUAL(handle_info(c, NULL, NULL), UKERN_TYPE_PORT);
    if (result) /* refused: then it still waits */
        reply_number(ev.token, 0);
    EQUAL(finish(task), 0);
}
