/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory of a caller that waits in a pending call is not, or no longer, what it must be. */
#include <string.h>

#include "pending.h"

#define PAGE UKERN_PAGE_SIZE

#define WHERE UINT64_C(0x2000000000)

/* A task that reads or writes 2 * PAGE + 100 bytes at WHERE + 50, where `pages` of `buffer` are
 * mapped. */
static ukern_handle with_buffer(ukern_handle port, uint64_t number, ukern_handle buffer,
                                uint64_t pages, unsigned prot)
{
    ukern_handle task = pending_start(port, (uint64_t[]){number, WHERE + 50, 2 * PAGE + 100}, 3);
    uint64_t at;

    OK(shm_map_in(task, buffer, 0, pages * PAGE, prot, WHERE, &at));
    return task;
}

TEST(buffer_gone,
     "a buffer that was unmapped meanwhile: the caller gets EFAULT, and the server hears it")
{
    for (int write = 0; write < 2; write++) {
        ukern_handle port = HANDLE(port_create()), task;
        struct served s = served_memory(4 * PAGE), buffer = served_memory(4 * PAGE);
        struct ukern_msg m = segments(2 * PAGE + 100, s.shm, 0, 2 * PAGE + 100, 0, 0);
        struct ukern_event ev;

        task = with_buffer(client(port, 1), write ? CALL_WRITE : CALL_READ, buffer.shm, 4,
                           UKERN_PROT_READ | UKERN_PROT_WRITE);
        ev = expect(port, UKERN_EV_MESSAGE);
        OK(shm_revoke(buffer.shm));
        memset(s.bytes, 0x33, 4 * PAGE);
        EQUAL(ipc_reply(ev.token, &m), UKERN_EFAULT);
        EQUAL(finish(task), UKERN_EFAULT);
        EQUAL(last_why(), UKERN_EFAULT);
        for (uint64_t k = 0; k < 4 * PAGE; k++) {
            EQUAL(buffer.bytes[k], 0);
            EQUAL(s.bytes[k], 0x33);
        }
        EQUAL(ipc_reply(ev.token, &m), UKERN_ESTALE);
    }
}

TEST(buffer_hole, "a buffer whose last page is missing: EFAULT, and not one byte of it is written")
{
    ukern_handle port = HANDLE(port_create()), task;
    struct served s = served_memory(4 * PAGE), buffer = served_memory(4 * PAGE);
    struct ukern_msg m = segments(2 * PAGE + 100, s.shm, 0, PAGE, 5, PAGE + 100);
    struct ukern_event ev;

    memset(s.bytes, 0x33, 4 * PAGE);
    task =
        with_buffer(client(port, 1), CALL_READ, buffer.shm, 2, UKERN_PROT_READ | UKERN_PROT_WRITE);
    ev = expect(port, UKERN_EV_MESSAGE);
    EQUAL(ipc_reply(ev.token, &m), UKERN_EFAULT);
    EQUAL(finish(task), UKERN_EFAULT);
    for (uint64_t k = 0; k < 4 * PAGE; k++)
        EQUAL(buffer.bytes[k], 0);
}

TEST(buffer_fixed, "a buffer that can only be read: EFAULT for a read, good for a write")
{
    ukern_handle port = HANDLE(port_create()), task;
    struct served s = served_memory(4 * PAGE), buffer = served_memory(4 * PAGE);
    struct ukern_msg m = segments(2 * PAGE + 100, s.shm, 0, 2 * PAGE + 100, 0, 0);

    memset(buffer.bytes, 0x44, 4 * PAGE);
    task = with_buffer(client(port, 1), CALL_READ, buffer.shm, 4, UKERN_PROT_READ);
    EQUAL(ipc_reply(expect(port, UKERN_EV_MESSAGE).token, &m), UKERN_EFAULT);
    EQUAL(finish(task), UKERN_EFAULT);
    for (uint64_t k = 0; k < 4 * PAGE; k++)
        EQUAL(buffer.bytes[k], 0x44);
    task = with_buffer(client(port, 1), CALL_WRITE, buffer.shm, 4, UKERN_PROT_READ);
    OK(ipc_reply(expect(port, UKERN_EV_MESSAGE).token, &m));
    EQUAL(finish(task), 2 * PAGE + 100);
    for (uint64_t k = 0; k < 2 * PAGE + 100; k++)
        EQUAL(s.bytes[k], 0x44);
}

TEST(buffer_device, "a buffer that is device memory or the program's code: EFAULT")
{
    ukern_handle port = HANDLE(port_create()),
                 device = HANDLE(shm_device(given("system"), UINT64_C(0x09010000), PAGE));
    struct served s = served_memory(PAGE);
    struct ukern_msg m = segments(8, s.shm, 0, 8, 0, 0);
    ukern_handle task;
    uint64_t at;

    for (int write = 0; write < 2; write++) {
        task = pending_start(client(port, 1),
                             (uint64_t[]){write ? CALL_WRITE : CALL_READ, WHERE, 8}, 3);
        OK(shm_map_in(task, device, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, WHERE, &at));
        EQUAL(ipc_reply(expect(port, UKERN_EV_MESSAGE).token, &m), UKERN_EFAULT);
        EQUAL(finish(task), UKERN_EFAULT);
    }
    task = pending_start(client(port, 1), (uint64_t[]){CALL_READ, (uintptr_t)&pattern, 8}, 3);
    EQUAL(ipc_reply(expect(port, UKERN_EV_MESSAGE).token, &m), UKERN_EFAULT);
    EQUAL(finish(task), UKERN_EFAULT);
}

TEST(buffer_other, "other memory stands at the buffer's address now: the current one counts")
{
    ukern_handle port = HANDLE(port_create()), task;
    struct served s = served_memory(4 * PAGE), old = served_memory(4 * PAGE),
                  new = served_memory(4 * PAGE);
    struct ukern_msg m = segments(2 * PAGE + 100, s.shm, 0, 2 * PAGE + 100, 0, 0);
    struct ukern_event ev;
    uint64_t at;

    memset(s.bytes, 0x66, 4 * PAGE);
    task = with_buffer(client(port, 1), CALL_READ, old.shm, 4, UKERN_PROT_READ | UKERN_PROT_WRITE);
    ev = expect(port, UKERN_EV_MESSAGE);
    OK(shm_revoke(old.shm));
    OK(shm_map_in(task, new.shm, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, WHERE, &at));
    OK(ipc_reply(ev.token, &m));
    EQUAL(finish(task), 2 * PAGE + 100);
    EQUAL(old.bytes[50], 0);
    EQUAL(new.bytes[50], 0x66);
    EQUAL(new.bytes[2 * PAGE + 149], 0x66);
    EQUAL(new.bytes[2 * PAGE + 150], 0);
}
