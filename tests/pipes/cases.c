/* SPDX-License-Identifier: BSD-2-Clause */
/* What pipes do while everybody lives. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ukern/error.h>
#include <ukern/ipc.h>
#include <ukern/irq.h>
#include <ukern/memory.h>

#include "pipe_client.h"
#include "pipetest.h"

static char data[131072], got[131072];

static void fill(void)
{
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 7 + i / 251);
}

static void make(int fds[2], uint64_t ring)
{
    fds[0] = fds[1] = -1;
    EQUAL(pipe_create(fds, 0, ring), UKERN_OK);
}

#define OK_SEND(h, msg) EQUAL(ipc_send((h), (msg), UKERN_FOREVER), UKERN_OK)

static void drop(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static void bytes_go_through(void)
{
    int fds[2];

    EQUAL(pipe(fds), 0);
    EQUAL(fds[0], 3);
    EQUAL(fds[1], 4);
    EQUAL(do_write(fds[1], "Hello, pipe!", 12), 12);
    EQUAL(do_read(fds[0], got, sizeof got), 12);
    EQUAL(memcmp(got, "Hello, pipe!", 12), 0);
    drop(fds);
}

static void in_parts_and_round_the_ring(void)
{
    int fds[2];

    make(fds, 4096);
    for (int i = 0; i < 20; i++) {
        EQUAL(do_write(fds[1], data + i, 3000), 3000);
        EQUAL(do_read(fds[0], got, 1), 1);
        EQUAL(do_read(fds[0], got + 1, 1000), 1000);
        EQUAL(do_read(fds[0], got + 1001, sizeof got), 1999);
        EQUAL(memcmp(got, data + i, 3000), 0);
    }
    drop(fds);
}

static void a_reader_waits_for_bytes(void)
{
    int fds[2];
    ukern_handle task;

    make(fds, 0);
    task = play("reader", fds[0], -1, 5, 0, 0);
    until_parked(task);
    EQUAL(do_write(fds[1], "12345", 5), 5);
    EQUAL(ended(task), 5);
    drop(fds);
}

static void a_writer_waits_for_room(void)
{
    int fds[2];
    ukern_handle task;
    long n, total = 0;

    make(fds, 4096);
    task = play("writer", -1, fds[1], 'w', 10, 4096);
    until_parked(task);
    close(fds[1]);
    while ((n = do_read(fds[0], got, 1000)) > 0)
        total += n;
    EQUAL(n, 0);
    EQUAL(total, 40960);
    EQUAL(ended(task), 0);
    close(fds[0]);
}

static void not_waiting(void)
{
    int fds[2];

    make(fds, 8192);
    nonblocking(fds[0], true);
    nonblocking(fds[1], true);
    EQUAL(do_read(fds[0], got, 1), -EAGAIN);
    EQUAL(do_write(fds[1], data, 10000), 8192); /* long ones are cut */
    EQUAL(do_write(fds[1], data, 1), -EAGAIN);
    EQUAL(do_read(fds[0], got, 4095), 4095);
    EQUAL(do_write(fds[1], data, 4096), -EAGAIN); /* short ones are not */
    EQUAL(do_read(fds[0], got, 1), 1);
    EQUAL(do_write(fds[1], data, 4096), 4096);
    drop(fds);
}

/* Three writers at once: no record is mixed with another. */
static void writes_up_to_pipe_buf_are_whole(void)
{
    static const long size = 1500;
    ukern_handle task[3];
    long count[3] = {0};
    int fds[2];

    make(fds, 4096);
    for (int i = 0; i < 3; i++)
        task[i] = play("writer", -1, fds[1], 'a' + i, 50, size);
    close(fds[1]);
    for (;;) {
        long n = 0, k;

        while (n < size && (k = do_read(fds[0], got + n, (size_t)(size - n))) > 0)
            n += k;
        if (n == 0)
            break;
        EQUAL(n, size);
        for (k = 1; k < size && got[k] == got[0]; k++)
            ;
        EQUAL(k, size);
        if (got[0] >= 'a' && got[0] <= 'c')
            count[got[0] - 'a']++;
    }
    for (int i = 0; i < 3; i++) {
        EQUAL(count[i], 50);
        EQUAL(ended(task[i]), 0);
    }
    close(fds[0]);
}

static void a_megabyte_through_two_stages(void)
{
    int first[2], second[2];
    ukern_handle task;
    size_t sent = 0, received = 0;
    long n;

    make(first, 0);
    make(second, 0);
    task = play("copy", first[0], second[1], 0, 0, 0);
    close(first[0]);
    close(second[1]);
    nonblocking(first[1], true);
    nonblocking(second[0], true);
    while (received < 1 << 20) {
        struct pollfd poll_fds[2] = {{.fd = second[0], .events = POLLIN},
                                     {.fd = first[1], .events = POLLOUT}};

        CHECK(poll(poll_fds, sent < 1 << 20 ? 2 : 1, 5000) > 0);
        if (sent < 1 << 20) {
            n = do_write(first[1], data + sent % 65536, 65536 - sent % 65536);
            sent += n > 0 ? (size_t)n : 0;
        }
        n = do_read(second[0], got, sizeof got);
        if (n <= 0 && n != -EAGAIN)
            break;
        for (long i = 0; i < n; i++)
            if (got[i] != data[(received + (size_t)i) % 65536]) {
                CHECK(!"the same bytes");
                break;
            }
        received += n > 0 ? (size_t)n : 0;
    }
    EQUAL(received, 1 << 20);
    close(first[1]);
    nonblocking(second[0], false);
    EQUAL(do_read(second[0], got, 1), 0);
    close(second[0]);
    EQUAL(ended(task), 0);
}

/* The last line counts, too, if it has no newline. */
static void lines_by_fgets(void)
{
    ukern_handle task;
    int fds[2];

    make(fds, 0);
    task = play("lines", fds[0], -1, 0, 0, 0);
    EQUAL(do_write(fds[1], "one\n\nthis is long\nlast", 22), 22);
    drop(fds);
    EQUAL(ended(task), 54); /* the long one in two pieces */
}

static void wrong_ends(void)
{
    int fds[2];

    make(fds, 0);
    CHECK(do_read(fds[1], got, 1) < 0);
    CHECK(do_write(fds[0], data, 1) < 0);
    EQUAL(do_read(fds[0], got, 0), 0);
    EQUAL(do_write(fds[1], data, 0), 0);
    drop(fds);
    EQUAL(do_read(fds[0], got, 1), -EBADF);
}

/* A buffer that cannot be: an error, and every byte is still there. */
static void wrong_buffers(void)
{
    static const uintptr_t wrong[] = {0, 8, (uintptr_t)-4096, (uintptr_t)0xffffffc000000000,
                                      (uintptr_t)0x3000000000};
    int fds[2];

    make(fds, 0);
    EQUAL(do_write(fds[1], "abc", 3), 3);
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        EQUAL(do_read(fds[0], (void *)wrong[i], 3), -EFAULT);
        EQUAL(do_write(fds[1], (const void *)wrong[i], 3), -EFAULT);
    }
    EQUAL(do_read(fds[0], (void *)(uintptr_t)wrong_buffers, 3), -EFAULT); /* read-only */
    EQUAL(do_read(fds[0], got, SIZE_MAX / 2), -EFAULT);
    EQUAL(do_read(fds[0], got, sizeof got), 3);
    EQUAL(memcmp(got, "abc", 3), 0);
    drop(fds);
}

/* So it is if the reader waits: its buffer is looked at when the bytes come. */
static void a_wrong_buffer_waits(void)
{
    ukern_handle reader;
    int fds[2];

    make(fds, 0);
    reader = play("bad-reader", fds[0], -1, 100, 0, 0);
    until_parked(reader);
    EQUAL(do_write(fds[1], "abc", 3), 3);
    EQUAL(ended(reader), EFAULT);
    EQUAL(do_read(fds[0], got, sizeof got), 3);
    EQUAL(memcmp(got, "abc", 3), 0);
    drop(fds);
}

static void ring_sizes(void)
{
    int fds[2];

    make(fds, 1); /* the least is PIPE_BUF */
    nonblocking(fds[1], true);
    EQUAL(do_write(fds[1], data, sizeof data), 4096);
    drop(fds);
    make(fds, 0);
    nonblocking(fds[1], true);
    EQUAL(do_write(fds[1], data, sizeof data), 65536);
    drop(fds);
    EQUAL(pipe_create(fds, 0, UINT64_MAX), UKERN_EINVAL);
    EQUAL(pipe_create(fds, 0, UINT64_C(1) << 29), UKERN_ENOMEM);
    EQUAL(pipe_create(fds, 0x80, 0), UKERN_EINVAL);
}

/* As many pipes as its quota allows, then an error; and all of it comes back. */
static void as_many_as_the_quota_allows(void)
{
    static int fds[2000][2];
    unsigned n = 0, again;

    while (n < 2000 && pipe_create(fds[n], 0, 0) == UKERN_OK)
        n++;
    CHECK(n > 40 && n < 2000);
    CHECK(pipe_create(fds[n], 0, 0) == UKERN_ENOMEM);
    EQUAL(do_write(fds[n - 1][1], "x", 1), 1);
    EQUAL(do_read(fds[n - 1][0], got, 1), 1);
    for (unsigned i = 0; i < n; i++)
        drop(fds[i]);
    for (again = 0; again < n && pipe_create(fds[again], 0, 0) == UKERN_OK;)
        again++;
    CHECK(again + 2 >= n);
    for (unsigned i = 0; i < again; i++)
        drop(fds[i]);
}

/* How many pipes there is memory for now. */
static unsigned room(void)
{
    static int fds[2000][2];
    unsigned n = 0;

    while (n < 2000 && pipe_create(fds[n], 0, 0) == UKERN_OK)
        n++;
    for (unsigned i = 0; i < n; i++)
        drop(fds[i]);
    return n;
}

/* What many ends took is room for rings again. */
static void ends_give_back(void)
{
    static int ends[3000];
    unsigned before = room(), n = 0;
    int fds[2];

    make(fds, 0);
    while (n < 3000 && (ends[n] = (int)ukern_trap2(PIPE_DUP, (uint64_t)fds[1], 0, NULL, NULL)) >= 0)
        n++;
    CHECK(n > 1000);
    for (unsigned i = 0; i < n; i++)
        close(ends[i]);
    drop(fds);
    CHECK(room() + 1 >= before);
}

static void duplicates_keep_it_open(void)
{
    int fds[2], copy, end;

    make(fds, 0);
    copy = dup(fds[1]);
    close(fds[1]);
    EQUAL(do_write(copy, "a", 1), 1);
    end = (int)ukern_trap2(PIPE_DUP, (uint64_t)copy, 0, NULL, NULL); /* an end of its own */
    CHECK(end > 2);
    close(copy);
    EQUAL(do_write(end, "b", 1), 1);
    EQUAL(do_read(fds[0], got, 9), 2);
    nonblocking(fds[0], true);
    EQUAL(do_read(fds[0], got, 9), -EAGAIN);
    EQUAL(ukern_trap2(PIPE_CLOSE, (uint64_t)end, 0, NULL, NULL), 0);
    EQUAL(do_read(fds[0], got, 9), 0); /* though a handle is left */
    EQUAL(do_write(end, "c", 1), -EIO);
    close(end);
    close(fds[0]);
}

static void polling(void)
{
    struct pollfd p[2];
    int fds[2];
    ukern_handle task;

    make(fds, 4096);
    p[0] = (struct pollfd){.fd = fds[0], .events = POLLIN};
    p[1] = (struct pollfd){.fd = fds[1], .events = POLLOUT};
    EQUAL(poll(p, 1, 0), 0);
    EQUAL(poll(p, 1, 20), 0);
    EQUAL(poll(p, 2, 0), 1);
    EQUAL(p[1].revents, POLLOUT);
    EQUAL(do_write(fds[1], data, 1), 1);
    EQUAL(poll(p, 2, 1000), 1); /* no room for PIPE_BUF */
    EQUAL(p[0].revents, POLLIN);
    EQUAL(do_read(fds[0], got, 1), 1);
    task = play("writer", -1, fds[1], 'x', 1, 10);
    EQUAL(poll(p, 1, 5000), 1);
    EQUAL(ended(task), 0);
    EQUAL(do_read(fds[0], got, 100), 10);
    close(fds[1]);
    EQUAL(poll(p, 1, 5000), 1);
    CHECK(p[0].revents & POLLHUP);
    close(fds[0]);
}

/* Without the system calls: 32 bytes at a time in messages. */
static void by_messages(void)
{
    struct ukern_msg m = {UKERN_TAG(STREAM_WRITE_INLINE, 0), {32, 0, 1, 2, 3, 4}};
    int fds[2];

    make(fds, 4096);
    EQUAL(ipc_call(fds[1], &m), UKERN_OK);
    EQUAL(UKERN_TAG_LABEL(m.tag), 32);
    m = (struct ukern_msg){UKERN_TAG(STREAM_READ_INLINE, 0), {24, 0}};
    EQUAL(ipc_call(fds[0], &m), UKERN_OK);
    EQUAL(UKERN_TAG_LABEL(m.tag), 24);
    CHECK(m.w[2] == 1 && m.w[3] == 2 && m.w[4] == 3);
    EQUAL(do_read(fds[0], got, 100), 8);
    CHECK(got[0] == 4);
    m = (struct ukern_msg){UKERN_TAG(STREAM_READ_INLINE, 0), {33, 0}};
    EQUAL(ipc_call(fds[0], &m), UKERN_OK);
    EQUAL(UKERN_TAG_LABEL(m.tag), UKERN_EINVAL);
    m = (struct ukern_msg){UKERN_TAG(STREAM_READ_INLINE, 0), {32, STREAM_NONBLOCK}};
    EQUAL(ipc_call(fds[0], &m), UKERN_OK);
    EQUAL(UKERN_TAG_LABEL(m.tag), UKERN_EAGAIN);
    m = (struct ukern_msg){UKERN_TAG(777, 0), {0}};
    EQUAL(ipc_call(fds[0], &m), UKERN_OK);
    EQUAL(UKERN_TAG_LABEL(m.tag), UKERN_ENOSYS);
    drop(fds);
}

/* Messages that want no reply: nothing is taken, made or kept for them. */
static void no_reply_wanted(void)
{
    struct ukern_msg create = {UKERN_TAG(STREAM_CREATE, 0), {0}};
    struct ukern_msg read_it = {UKERN_TAG(STREAM_READ, 0), {100}};
    struct ukern_msg write_it = {UKERN_TAG(STREAM_WRITE_INLINE, 0), {8, 0, 1}};
    int fds[2];

    make(fds, 0);
    EQUAL(do_write(fds[1], "abc", 3), 3);
    for (int i = 0; i < 2000; i++) {
        OK_SEND(task_handle("pipe"), &create);
        OK_SEND(fds[0], &read_it);
        OK_SEND(fds[1], &write_it);
    }
    EQUAL(do_read(fds[0], got, 100), 3);
    for (int i = 0; i < 2000; i++)
        OK_SEND(fds[0], &read_it);
    EQUAL(do_write(fds[1], "d", 1), 1);
    EQUAL(do_read(fds[0], got, 100), 1);
    drop(fds);
}

/* A pipe made by a message. */
static void made_by_message(void)
{
    struct ukern_msg m = {UKERN_TAG(STREAM_CREATE, 0), {0, 4096}};

    EQUAL(ipc_call(task_handle("pipe"), &m), UKERN_OK);
    EQUAL(UKERN_TAG_LABEL(m.tag), 0);
    EQUAL(UKERN_TAG_HANDLES(m.tag), 2);
    EQUAL(do_write((int)m.w[5], "abc", 3), 3);
    EQUAL(do_read((int)m.w[4], got, 100), 3);
    handle_close((ukern_handle)m.w[5]);
    EQUAL(do_read((int)m.w[4], got, 100), 0);
    handle_close((ukern_handle)m.w[4]);
}

/* A handle in a request is closed, and no other for the words of somebody who waits. */
static void a_handle_that_nobody_wants(void)
{
    int fds[2];

    make(fds, 0);
    for (int number = 0; number < 12; number++) {
        struct ukern_msg m = {UKERN_TAG(STREAM_WRITE_INLINE, 1), {3}};
        ukern_handle reader = play("message-reader", fds[0], -1, number, 0, 0);

        until_parked(reader);
        m.w[5] = UKERN_SEND_HANDLE(fds[1], 0);
        EQUAL(ipc_call(fds[1], &m), UKERN_OK);
        EQUAL(UKERN_TAG_LABEL(m.tag), 3);
        EQUAL(ended(reader), 3);
    }
    EQUAL(do_write(fds[1], "abc", 3), 3);
    EQUAL(do_read(fds[0], got, sizeof got), 3);
    drop(fds);
}

/* A pipeserv of our own, whose console is a port at which nobody listens. */
static void a_mute_console(void)
{
    ukern_handle port = port_create(), console = port_create(), task, client;
    uint64_t writer;
    int64_t reader;
    struct spawn s;

    client = handle_mint(port, UKERN_R_CALL | UKERN_R_TRANSFER, 1);
    spawn_init(&s, "mute");
    s.program = "pipeserv";
    s.fd[1] = s.fd[2] = console;
    spawn_grant(&s, "port", port, 0);
    task = task_spawn(&s);
    CHECK(task >= 0);
    for (int i = 0; i < 2; i++) {
        reader = ukern_trap4(PIPE_CREATE, (uint64_t)client, PIPE_ANNOUNCE, 4096, 0, &writer);
        CHECK(reader >= 0);
        EQUAL(do_write((int)writer, "abc", 3), 3);
        EQUAL(do_read((int)reader, got, sizeof got), 3);
        close((int)reader);
        close((int)writer);
    }
    task_kill(task, 9);
    EQUAL(ended(task), 1000 + UKERN_EXIT_KILLED);
    handle_close(client);
    handle_close(console);
    handle_close(port);
}

/* Requests through the port itself, which is no end of a pipe. */
static void not_an_end(void)
{
    int port = task_handle("pipe");

    EQUAL(do_read(port, got, 1), -EIO);
    EQUAL(do_write(port, data, 1), -EIO);
    CHECK(ukern_trap2(PIPE_DUP, (uint64_t)port, 0, NULL, NULL) < 0);
    CHECK(ukern_trap2(PIPE_CLOSE, (uint64_t)port, 0, NULL, NULL) < 0);
    fill();
}

const struct test case_tests[] = {
    {"requests that name no end get an error", not_an_end},
    {"bytes go through, and the ends are the two lowest descriptors", bytes_go_through},
    {"in parts, and round the ring", in_parts_and_round_the_ring},
    {"a reader waits for bytes", a_reader_waits_for_bytes},
    {"a writer waits for room", a_writer_waits_for_room},
    {"non-blocking reads and writes do not wait", not_waiting},
    {"writes up to PIPE_BUF are whole", writes_up_to_pipe_buf_are_whole},
    {"a megabyte through two stages, with poll()", a_megabyte_through_two_stages},
    {"fgets() gets every line", lines_by_fgets},
    {"reading the write end and writing the read end are errors", wrong_ends},
    {"a wrong buffer is EFAULT and costs no byte", wrong_buffers},
    {"and if the reader has to wait", a_wrong_buffer_waits},
    {"rings of the sizes asked for", ring_sizes},
    {"as many pipes as the quota allows, then ENOMEM", as_many_as_the_quota_allows},
    {"the memory of thousands of ends comes back with them", ends_give_back},
    {"a pipe is open while any duplicate is", duplicates_keep_it_open},
    {"poll() tells of bytes, room and hangup", polling},
    {"pipes by messages alone", by_messages},
    {"a pipe made by a message", made_by_message},
    {"a handle in a request does no harm", a_handle_that_nobody_wants},
    {"a console that does not answer holds no pipe up", a_mute_console},
    {"requests that want no reply change nothing", no_reply_wanted},
    {NULL, NULL},
};
