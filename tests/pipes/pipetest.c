/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the tests and prints TAP; plays the roles that they spawn. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ukern/error.h>
#include <ukern/ipc.h>
#include <ukern/irq.h>
#include <ukern/stream.h>

#include "pipetest.h"

static bool failed;
static char buffer[65536];

void check(bool good, const char *file, int line, const char *what, long is)
{
    if (good)
        return;
    failed = true;
    printf("# %s:%d: %s does not hold (%ld)\n", file, line, what, is);
}

long do_read(int fd, void *to, size_t n)
{
    ssize_t got = read(fd, to, n);

    return got < 0 ? -errno : got;
}

long do_write(int fd, const void *from, size_t n)
{
    ssize_t put = write(fd, from, n);

    return put < 0 ? -errno : put;
}

void nonblocking(int fd, bool on)
{
    fcntl(fd, F_SETFL, on ? O_NONBLOCK : 0);
}

/* ---- Roles. ---- */

/* Read `limit` bytes, or all; its code tells how many (modulo 251). */
static int reader(long limit)
{
    long n, total = 0;

    while (total < limit &&
           (n = do_read(0, buffer,
                        (size_t)(limit - total) < sizeof buffer ? (size_t)(limit - total)
                                                                : sizeof buffer)) > 0)
        total += n;
    return total < limit && n < 0 ? 255 : (int)(total % 251);
}

/* Write `count` records of `size` bytes, each full of `id`. */
static int writer(long id, long count, long size)
{
    memset(buffer, (int)id, sizeof buffer);
    while (count-- > 0) {
        long n = do_write(1, buffer, (size_t)size);

        if (n != size)
            return n == -EPIPE ? 32 : 1;
    }
    return 0;
}

static int copy(void)
{
    long n;

    while ((n = do_read(0, buffer, sizeof buffer)) > 0)
        if (do_write(1, buffer, (size_t)n) != n)
            return 1;
    return n < 0;
}

/* Its code: how many lines it got, and how long the last one was. */
static int lines(void)
{
    size_t last = 0;
    int count = 0;

    for (; fgets(buffer, 10, stdin) != NULL; count++)
        last = strlen(buffer);
    return count * 10 + (int)last;
}

/* Read by a message whose unused words are all this number. */
static int message_reader(uint64_t number)
{
    struct ukern_msg msg = {UKERN_TAG(STREAM_READ_INLINE, 0),
                            {10, 0, number, number, number, number}};
    int error = ipc_call(0, &msg);

    return error < 0 ? 255 : UKERN_TAG_LABEL(msg.tag);
}

static int role(char **argv)
{
    long a = atol(argv[2]), b = atol(argv[3]), c = atol(argv[4]);

    if (strcmp(argv[1], "reader") == 0)
        return reader(a);
    if (strcmp(argv[1], "writer") == 0)
        return writer(a, b, c);
    if (strcmp(argv[1], "copy") == 0)
        return copy();
    if (strcmp(argv[1], "message-reader") == 0)
        return message_reader((uint64_t)a);
    if (strcmp(argv[1], "lines") == 0)
        return lines();
    if (strcmp(argv[1], "bad-reader") == 0) /* where nothing is mapped */
        return (int)-do_read(0, (void *)(uintptr_t)0x3000000000, (size_t)a);
    if (strcmp(argv[1], "crash") == 0)
        *(volatile int *)(uintptr_t)a = 0;
    return 99;
}

ukern_handle play(const char *name, int in, int out, long a, long b, long c)
{
    char number[3][16];
    const char *argv[] = {"pipetest", name, number[0], number[1], number[2]};
    struct spawn s;
    ukern_handle task;

    snprintf(number[0], sizeof number[0], "%ld", a);
    snprintf(number[1], sizeof number[1], "%ld", b);
    snprintf(number[2], sizeof number[2], "%ld", c);
    spawn_init(&s, "role");
    s.program = "pipetest";
    s.argc = 5;
    s.argv = argv;
    s.fd[0] = in;
    s.fd[1] = out;
    s.fd[2] = 2;
    task = task_spawn(&s);
    if (task < 0)
        printf("# spawn: %s\n", ukern_strerror(task));
    return task;
}

int ended(ukern_handle task)
{
    int code = -1, reason = UKERN_EXIT_NORMAL;

    EQUAL(task_wait(task, &code, &reason, clock_now() + 10000000000u), UKERN_OK);
    handle_close(task);
    return reason == UKERN_EXIT_NORMAL ? code : 1000 + reason;
}

void until_parked(ukern_handle task)
{
    struct ukern_task_info info;

    for (int i = 0; i < 2000; i++) {
        if (task_info(task, 0, &info) == UKERN_OK && info.state == UKERN_TASK_REPLY)
            return;
        clock_sleep(1000000);
    }
    CHECK(!"it is parked");
}

/* ---- The run. ---- */

static unsigned run(const struct test *tests, unsigned number)
{
    for (; tests->sentence != NULL; tests++) {
        failed = false;
        tests->run();
        printf("%s %u - %s\n", failed ? "not ok" : "ok", ++number, tests->sentence);
        fflush(stdout);
    }
    return number;
}

int main(int argc, char **argv)
{
    if (argc == 5)
        return role(argv);
    printf("1..%u\n", run(death_tests, run(case_tests, 0)));
    return 0;
}
