/* SPDX-License-Identifier: BSD-2-Clause */
/* The three standard streams, and the few other things that the C library asks of a system. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <stdio-bufio.h>
#include <ukern/task.h>

static char input_buffer[1024], output_buffer[1024], error_buffer[256];

#define STREAM(fd, buffer, direction, mode)                                                        \
    FDEV_SETUP_BUFIO(fd, buffer, sizeof(buffer), read, write, lseek, close, direction, mode)

static struct __file_bufio input = STREAM(0, input_buffer, __SRD, 0);
static struct __file_bufio output = STREAM(1, output_buffer, __SWR, __BLBF);
static struct __file_bufio errors = STREAM(2, error_buffer, __SWR, __BLBF);

FILE *const stdin = &input.xfile.cfile.file;
FILE *const stdout = &output.xfile.cfile.file;
FILE *const stderr = &errors.xfile.cfile.file;

__attribute__((constructor(101))) static void open_streams(void)
{
    __bufio_lock_init(stdin);
    __bufio_lock_init(stdout);
    __bufio_lock_init(stderr);
}

/* The last of all destructors. */
__attribute__((destructor(101))) static void flush_streams(void)
{
    fflush(stdout);
    fflush(stderr);
}

pid_t getpid(void)
{
    return (pid_t)task_self();
}

/* Signals reach no other task; what a task raises and does not handle ends it. */
int kill(pid_t pid, int signal)
{
    if (pid != getpid()) {
        errno = EPERM;
        return -1;
    }
    if (signal == SIGABRT)
        abort();
    if (signal != 0)
        task_exit(128 + signal);
    return 0;
}
