/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes by read() and write(), as every program uses them. */
#include <string.h>
#include <unistd.h>

#include <ukern/ipc.h>

#include "bench.h"

#define SMALL 4096
#define LARGE 65536

/* Two pipes; the other task reads what[0] and writes to back[1]. */
struct link {
    int what[2], back[2];
    ukern_handle task;
};

static char buffer[LARGE];

static void link_start(struct link *l, const char *role)
{
    must(pipe(l->what), "pipe");
    must(pipe(l->back), "pipe");
    l->task = start_role(role, -1, l->what[0], l->back[1]);
}

static uint64_t link_end(const struct link *l, uint64_t result)
{
    end_role(l->task);
    for (int i = 0; i < 2; i++) {
        must(close(l->what[i]), "close");
        must(close(l->back[i]), "close");
    }
    return result;
}

/* ---- One byte there and back ---- */

void role_pong(void)
{
    char byte;

    while (read(STDIN_FILENO, &byte, 1) == 1)
        must(write(STDOUT_FILENO, &byte, 1), "write");
}

static void ping(void *context)
{
    const struct link *l = context;
    char byte = 1;

    must(write(l->what[1], &byte, 1), "write");
    must(read(l->back[0], &byte, 1), "read");
}

uint64_t run_pipe_pingpong(unsigned n)
{
    struct link l;

    link_start(&l, "pong");
    return link_end(&l, rounds(n, ping, &l));
}

/* ---- Twelve bytes to oneself ---- */

static void to_oneself(void *context)
{
    const int *fds = context;

    must(write(fds[1], "Hello, pipe!", 12), "write");
    if (read(fds[0], buffer, 12) != 12)
        stop("read", UKERN_EPROTO);
}

uint64_t run_pipe_12b(unsigned n)
{
    uint64_t result;
    int fds[2];

    must(pipe(fds), "pipe");
    result = rounds(n, to_oneself, fds);
    must(close(fds[0]), "close");
    must(close(fds[1]), "close");
    return result;
}

/* ---- A stream: the last byte of all is a 1, which the reader answers ---- */

static void drain(size_t size)
{
    ssize_t n;

    while ((n = read(STDIN_FILENO, buffer, size)) > 0)
        if (buffer[n - 1] != 0)
            must(write(STDOUT_FILENO, buffer, 1), "write");
}

void role_sink_4k(void)
{
    drain(SMALL);
}

void role_sink_64k(void)
{
    drain(LARGE);
}

static void stream(const struct link *l, size_t size, unsigned n)
{
    static char last[LARGE];

    last[size - 1] = 1;
    for (unsigned i = 1; i < n; i++)
        must(write(l->what[1], buffer, size), "write");
    must(write(l->what[1], last, size), "write");
    must(read(l->back[0], last, 1), "read");
    last[size - 1] = 0;
    last[0] = 0;
}

static uint64_t throughput(const char *sink, size_t size, unsigned n)
{
    struct link l;
    uint64_t start, result;

    memset(buffer, 0, sizeof buffer);
    link_start(&l, sink);
    stream(&l, size, WARM_UP);
    free_vector_registers();
    stream(&l, size, WARM_UP);
    start = window_begin();
    stream(&l, size, n);
    result = window_end(start);
    return link_end(&l, result);
}

uint64_t run_pipe_4k(unsigned n)
{
    return throughput("sink_4k", SMALL, n);
}

/* n counts pieces of 4 KiB here, too. */
uint64_t run_pipe_64k(unsigned n)
{
    return throughput("sink_64k", LARGE, (n + LARGE / SMALL - 1) / (LARGE / SMALL));
}

/* ---- */

static void create_close(void *context)
{
    int fds[2];

    (void)context;
    must(pipe(fds), "pipe");
    must(close(fds[0]), "close");
    must(close(fds[1]), "close");
}

uint64_t run_pipe_create_close(unsigned n)
{
    return rounds(n, create_close, NULL);
}
