/* SPDX-License-Identifier: BSD-2-Clause */
/* What sockets do when somebody dies: their client, netdev, netserv. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <ukern/ipc.h>
#include <ukern/irq.h>

#include "sockets.h"

static char got[4096];

static void kill_and_wait(ukern_handle task)
{
    EQUAL(task_kill(task, 9), UKERN_OK);
    EQUAL(ended(task), 1000 + UKERN_EXIT_KILLED);
}

/* Its peer reads the end, whether it waited for bytes, ran or crashed. */
static void a_client_dies(void)
{
    static const char *const roles[] = {"reader", "crash", "lines"};

    for (int i = 0; i < 3; i++) {
        ukern_handle task;
        int fds[2];

        connected(i == 1 ? AF_INET6 : AF_INET, 1100, fds);
        task = play(roles[i], fds[0], -1, i == 1 ? 0 : 100, 0, 0);
        close(fds[0]);
        if (i == 1) {
            EQUAL(ended(task), 1000 + UKERN_EXIT_FAULT);
        } else {
            until_parked(task);
            EQUAL(do_write(fds[1], "x", i), i);
            EQUAL(DONE(recv(fds[1], got, 1, MSG_DONTWAIT)), -EAGAIN);
            kill_and_wait(task);
        }
        EQUAL(do_read(fds[1], got, 1), 0);
        close(fds[1]);
    }
}

/* A reader that dies takes no byte along. */
static void a_waiting_reader_dies(void)
{
    ukern_handle first, second;
    int fds[2];

    connected(AF_INET, 1101, fds);
    first = play("reader", fds[1], -1, 10, 0, 0);
    until_parked(first);
    second = play("reader", fds[1], -1, 10, 0, 0);
    until_parked(second);
    close(fds[1]);
    kill_and_wait(first);
    EQUAL(do_write(fds[0], "0123456789", 10), 10);
    EQUAL(ended(second), 10);
    EQUAL(do_read(fds[0], got, 1), 0);
    close(fds[0]);
}

/* A writer into a full connection whose peer dies is told. */
static void a_peer_dies(void)
{
    ukern_handle writer, reader;
    int fds[2];

    connected(AF_INET, 1102, fds);
    writer = play("writer", -1, fds[0], 'x', 100000, 65536);
    reader = play("reader", fds[1], -1, 300000, 0, 0);
    close(fds[0]);
    close(fds[1]);
    EQUAL(ended(reader) >= 0, true);
    CHECK(ended(writer) != 0);
}

/* More than there are sockets: each goes with its client. */
static void nothing_stays_behind(void)
{
    for (int i = 0; i < 150; i++) {
        ukern_handle task;
        int fds[2];

        connected(AF_INET, (uint16_t)(1200 + i), fds);
        task = play(i % 2 ? "reader" : "writer", fds[0], fds[0], 1000000, 1000000, 4096);
        if (i % 2)
            until_parked(task);
        close(fds[0]);
        kill_and_wait(task);
        while (do_read(fds[1], got, sizeof got) > 0)
            continue;
        close(fds[1]);
    }
}

static ukern_handle open_task(const char *name)
{
    ukern_handle system = task_handle("system");
    struct ukern_task_info info;

    for (uint64_t id = 0; task_info(system, id, &info) == UKERN_OK; id = info.id + 1)
        if (strcmp(info.name, name) == 0 && info.state != UKERN_TASK_DEAD)
            return task_open(system, info.id, UKERN_R_KILL | UKERN_R_WAIT | UKERN_R_INSPECT);
    return -1;
}

/* What does not need the device goes on as if nothing had been. */
static void netdev_is_killed(void)
{
    int fds[2];

    connected(AF_INET, 1103, fds);
    kill_and_wait(open_task("netdev"));
    EQUAL(do_write(fds[0], "still", 5), 5);
    EQUAL(do_read(fds[1], got, 9), 5);
    close(fds[0]);
    close(fds[1]);
}

/* Everybody who waits gets an error, old sockets are of no use, new ones work. */
static void netserv_is_killed(void)
{
    int old[2], fds[2], l, u;

    connected(AF_INET, 1104, old);
    for (int i = 0; i < 3; i++) {
        ukern_handle reader, server = open_task("netserv");

        connected(AF_INET, 1105, fds);
        l = listens(AF_INET, 1106);
        u = socket(AF_INET, SOCK_DGRAM, 0);
        reader = play("reader", fds[0], -1, 10, 0, 0);
        until_parked(reader);
        kill_and_wait(server);
        EQUAL(ended(reader), 255);
        EQUAL(do_read(fds[0], got, 1), -ECONNRESET);
        EQUAL(do_write(fds[1], "x", 1), -ECONNRESET);
        EQUAL(DONE(accept(l, NULL, NULL)), -ECONNRESET);
        EQUAL(do_read(u, got, 1), -ECONNRESET);
        EQUAL(do_read(old[0], got, 1), -ECONNRESET);
        EQUAL(close(fds[0]), 0);
        EQUAL(close(fds[1]), 0);
        EQUAL(close(l), 0);
        EQUAL(close(u), 0);
    }
    close(old[0]);
    close(old[1]);
    connected(AF_INET, 1107, fds);
    EQUAL(do_write(fds[0], "new", 3), 3);
    EQUAL(do_read(fds[1], got, 9), 3);
    close(fds[0]);
    close(fds[1]);
}

const struct test death_tests[] = {
    {"a client that dies has its sockets closed", a_client_dies},
    {"a reader killed while it waits takes no byte along", a_waiting_reader_dies},
    {"a writer is told when its peer dies", a_peer_dies},
    {"150 that die leave nothing behind", nothing_stays_behind},
    {"netdev killed: connections within the machine live on", netdev_is_killed},
    {"netserv killed: errors for all, then new sockets work", netserv_is_killed},
    {NULL, NULL},
};
