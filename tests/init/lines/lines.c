/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints lines of one letter in pieces, as write() does, but lets others run between two pieces. */
#include <string.h>
#include <unistd.h>

#include <ukern/ipc.h>
#include <ukern/irq.h>
#include <ukern/stream.h>
#include <ukern/task.h>

#define LINES  50
#define LENGTH 100

static int piece(const char *text, size_t n)
{
    struct ukern_msg msg = {UKERN_TAG(STREAM_WRITE_INLINE, 0), {n, 0}};

    memcpy(&msg.w[2], text, n);
    return ipc_call(STDOUT_FILENO, &msg);
}

int main(int argc, char **argv)
{
    char line[LENGTH];

    if (argc != 2)
        return 2;
    memset(line, argv[1][0], sizeof line - 1);
    line[sizeof line - 1] = '\n';
    for (int i = 0; i < LINES; i++) {
        for (size_t done = 0; done < sizeof line; done += STREAM_INLINE_MAX) {
            size_t left = sizeof line - done;

            if (piece(line + done, left < STREAM_INLINE_MAX ? left : STREAM_INLINE_MAX) < 0)
                return 1;
            task_yield();
        }
    }
    /* A line without an end: the other side need not wait for it for long. */
    piece(line, STREAM_INLINE_MAX);
    clock_sleep(1000000000);
    return 0;
}
