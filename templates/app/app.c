/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads lines from the keyboard, has `shout` change them, and prints what comes back:
 *
 *     keyboard ──stdin──► app ──to──► shout
 *                         app ◄─from─ shout
 *     screen ◄──stdout─── app
 *
 * A file descriptor is a handle of the stream's server, and so each of these lines is a pending
 * system call to pipeserv or to the console. None of that shows here.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ukern/error.h>
#include <ukern/ipc.h>
#include <ukern/task.h>

/* A running program, whose input we write and whose output we read. */
struct filter {
    ukern_handle task;
    FILE *to, *from;
};

static void close_both(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

/*
 * Start a program of the image between two pipes. There is no fork(): a new task gets exactly what
 * it is given here, its descriptors 0, 1 and 2, and nothing of ours besides.
 */
static int filter_start(struct filter *f, const char *program)
{
    int in[2], out[2]; /* [0] is the end to read from, [1] the end to write to */
    struct spawn s;

    if (pipe(in) < 0)
        return UKERN_ENOMEM;
    if (pipe(out) < 0) {
        close_both(in);
        return UKERN_ENOMEM;
    }
    spawn_init(&s, program);
    s.fd[0] = in[0];
    s.fd[1] = out[1];
    s.fd[2] = STDERR_FILENO;
    f->task = task_spawn(&s);

    /* It has ends of its own now. If we kept these two, neither side would ever see the end of
     * file. */
    close(in[0]);
    close(out[1]);
    f->to = fdopen(in[1], "w");
    f->from = fdopen(out[0], "r");
    return f->task < 0 ? f->task : f->to == NULL || f->from == NULL ? UKERN_ENOMEM : UKERN_OK;
}

/* Close its input, which tells it to end, and wait until it has. Its exit code, or an error. */
static int filter_end(struct filter *f)
{
    int code, error;

    fclose(f->to);
    error = task_wait(f->task, &code, NULL, UKERN_FOREVER);
    fclose(f->from);
    handle_close(f->task);
    return error == UKERN_OK ? code : error;
}

int main(void)
{
    struct filter shout;
    unsigned lines = 0;
    char line[128];
    int error = filter_start(&shout, "shout");

    if (error != UKERN_OK) {
        fprintf(stderr, "app: cannot start shout: %s\n", ukern_strerror(error));
        return 1;
    }
    puts("Type something. Ctrl-D ends.");
    while (fgets(line, sizeof line - 1, stdin) != NULL) {
        if (strchr(line, '\n') == NULL)
            strcat(line, "\n"); /* a very long line goes in pieces */
        fputs(line, shout.to);
        fflush(shout.to);
        if (fgets(line, sizeof line, shout.from) == NULL)
            break; /* shout has ended before its time */
        printf("%u: %s", ++lines, line);
    }
    error = filter_end(&shout);
    printf("shout ended with code %d after %u lines.\n", error, lines);
    return error == 0 ? 0 : 1;
}
