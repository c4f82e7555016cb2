/* SPDX-License-Identifier: BSD-2-Clause */
/* The program. To it, the call is a function that takes its time. */
#include <stdio.h>
#include <string.h>

#include <ukern/error.h>
#include <ukern/syscall.h>
#include <ukern/task.h>

#include "ask.h"

/*
 * The stub of the system call: arguments into registers, results out of them. ukern_trap4() is
 * shorter to write where four arguments are enough.
 */
static int64_t ask(const char *question, char *buffer, size_t size, uint64_t *nanoseconds)
{
    struct ukern_sysregs r = {.x = {
                                  (uint64_t)task_handle("oracle"),
                                  (uintptr_t)question,
                                  strlen(question),
                                  (uintptr_t)buffer,
                                  size,
                              }};
    int64_t length = ukern_trap_all(ASK_CALL, &r);

    *nanoseconds = r.x[1];
    return length;
}

/* Ask, and print what comes back: an answer of that length, or an error with its name. */
static void show(const char *question, char *buffer, size_t size)
{
    uint64_t nanoseconds;
    int64_t length = ask(question, buffer, size, &nanoseconds);

    printf("> %s\n", question);
    if (length >= 0)
        printf("%.*s (after %u ms)\n", (int)length, buffer, (unsigned)(nanoseconds / 1000000));
    else
        printf("%s: %s\n", ukern_error_name((int)length), ukern_strerror((int)length));
}

/* Two questions that have an answer, then each way to get none. */
int main(void)
{
    char buffer[64];

    show("what is six times seven?", buffer, sizeof buffer);
    show("who waits in the kernel?", buffer, sizeof buffer);

    /* The server's own errors, the extension's, and the kernel's all arrive in x0. */
    show("what is ukern short for?", buffer, sizeof buffer);
    show("who waits in the kernel?", buffer, 3);
    show("is this a question that is much too long for five words?", buffer, sizeof buffer);
    show("who waits in the kernel?", (char *)8, sizeof buffer);
    return 0;
}
