/* SPDX-License-Identifier: BSD-2-Clause */
/* What pipes do when somebody dies: a reader, a writer, pipeserv itself. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <ukern/ipc.h>
#include <ukern/irq.h>

#include "pipe_client.h"
#include "pipetest.h"

static char got[8192], data[8192];

static void make(int fds[2], uint64_t ring)
{
    fds[0] = fds[1] = -1;
    EQUAL(pipe_create(fds, 0, ring), UKERN_OK);
}

static void kill_and_wait(ukern_handle task)
{
    EQUAL(task_kill(task, 9), UKERN_OK);
    EQUAL(ended(task), 1000 + UKERN_EXIT_KILLED);
}

static void end_of_file(void)
{
    int fds[2];

    make(fds, 0);
    EQUAL(do_write(fds[1], "last", 4), 4);
    close(fds[1]);
    EQUAL(do_read(fds[0], got, sizeof got), 4);
    EQUAL(do_read(fds[0], got, sizeof got), 0);
    EQUAL(do_read(fds[0], got, sizeof got), 0);
    close(fds[0]);
}

static void broken_pipe(void)
{
    int fds[2];

    make(fds, 0);
    EQUAL(do_write(fds[1], "lost", 4), 4);
    close(fds[0]);
    EQUAL(do_write(fds[1], "x", 1), -EPIPE);
    close(fds[1]);
}

static void writer_crashes(void)
{
    int fds[2];
    ukern_handle task;

    make(fds, 0);
    task = play("crash", -1, fds[1], 0, 0, 0);
    close(fds[1]);
    EQUAL(do_read(fds[0], got, 1), 0);
    EQUAL(ended(task), 1000 + UKERN_EXIT_FAULT);
    close(fds[0]);
}

static void reader_is_killed(void)
{
    int fds[2];
    ukern_handle reader, writer;

    make(fds, 4096);
    reader = play("reader", fds[0], -1, 1 << 20, 0, 0);
    until_parked(reader);
    close(fds[0]);
    writer = play("writer", -1, fds[1], 'x', 100, 4096);
    close(fds[1]);
    clock_sleep(1000000);
    task_kill(reader, 9);
    ended(reader);
    EQUAL(ended(writer), 32); /* EPIPE */
}

/* A reader that dies while it waits takes no byte along. */
static void waiting_reader_is_killed(void)
{
    int fds[2];
    ukern_handle first, second;

    make(fds, 0);
    first = play("reader", fds[0], -1, 10, 0, 0);
    until_parked(first);
    second = play("reader", fds[0], -1, 10, 0, 0);
    until_parked(second);
    kill_and_wait(first);
    EQUAL(do_write(fds[1], "0123456789", 10), 10);
    EQUAL(ended(second), 10);
    close(fds[0]);
    close(fds[1]);
}

/* A writer that dies while it waits puts nothing in, and lets those behind it go on. */
static void waiting_writer_is_killed(void)
{
    int fds[2];
    ukern_handle first, second;
    long total = 0, n;

    make(fds, 4096);
    EQUAL(do_write(fds[1], data, 4000), 4000);
    first = play("writer", -1, fds[1], 'a', 1, 4096);
    until_parked(first);
    second = play("writer", -1, fds[1], 'b', 1, 96);
    until_parked(second); /* behind the first, though it would fit */
    kill_and_wait(first);
    EQUAL(ended(second), 0);
    close(fds[1]);
    while ((n = do_read(fds[0], got, sizeof got)) > 0) {
        for (long i = 0; i < n; i++)
            EQUAL(got[i], total + i < 4000 ? 0 : 'b');
        total += n;
    }
    EQUAL(total, 4096);
    close(fds[0]);
}

static void nothing_stays_behind(void)
{
    for (int i = 0; i < 60; i++) {
        ukern_handle task;
        int fds[2];

        make(fds, 0);
        task = play(i % 2 ? "reader" : "writer", fds[0], fds[1], 1000000, 1000000, 4096);
        until_parked(task);
        close(fds[0]);
        close(fds[1]);
        kill_and_wait(task);
    }
}

static ukern_handle open_pipeserv(void)
{
    ukern_handle system = task_handle("system");
    struct ukern_task_info info;

    for (uint64_t id = 0; task_info(system, id, &info) == UKERN_OK; id = info.id + 1)
        if (strcmp(info.name, "pipeserv") == 0 && info.state != UKERN_TASK_DEAD)
            return task_open(system, info.id, UKERN_R_KILL | UKERN_R_WAIT | UKERN_R_INSPECT);
    return -1;
}

/* Everybody who waits gets an error, old pipes are broken, new ones work. */
static void pipeserv_is_killed(void)
{
    int old[2], fds[2];

    make(old, 4096);
    make(fds, 4096);
    EQUAL(do_write(old[1], "lost", 4), 4);
    for (int i = 0; i < 3; i++) {
        ukern_handle server = open_pipeserv();
        ukern_handle reader = play("reader", fds[0], -1, 10, 0, 0);
        ukern_handle writer = play("writer", -1, fds[1], 'x', 1, 0);

        until_parked(reader);
        ended(writer);
        kill_and_wait(server);
        EQUAL(ended(reader), 255);
        CHECK(do_read(old[0], got, 4) < 0);
        CHECK(do_write(old[1], "x", 1) < 0);
        close(fds[0]);
        close(fds[1]);
        make(fds, 4096);
        EQUAL(do_write(fds[1], "new", 3), 3);
        EQUAL(do_read(fds[0], got, 9), 3);
    }
    close(fds[0]);
    close(fds[1]);
    close(old[0]);
    close(old[1]);
}

const struct test death_tests[] = {
    {"the end comes when the last writer has closed", end_of_file},
    {"writing is an error when the last reader has closed", broken_pipe},
    {"the end comes when the last writer crashes", writer_crashes},
    {"writing is an error when the last reader is killed", reader_is_killed},
    {"a reader killed while it waits takes no byte along", waiting_reader_is_killed},
    {"a writer killed while it waits holds nobody up", waiting_writer_is_killed},
    {"sixty killed while they wait leave nothing behind", nothing_stays_behind},
    {"pipeserv killed: errors for all, then new pipes work", pipeserv_is_killed},
    {NULL, NULL},
};
