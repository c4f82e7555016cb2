/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small shell. usage: shell [WORD...]
 *
 * The words, if there are any, are the first command; then it reads commands from standard input.
 * At the end of the input it powers off. On a terminal it shows a prompt; reading a script it does
 * not.
 *
 *   shell --builtin COMMAND...   one built-in command: how the shell runs it as a stage of a
 * pipeline
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ukern/error.h>
#include <ukern/irq.h>

#include "shell.h"

#define LINE_MAX 4096

/* A console that fails is being restarted: try again, so often, after so long. */
#define RETRIES    200
#define RETRY_TIME 10000000u

enum line { LINE_READ, LINE_LAST, LINE_NONE, LINE_TOO_LONG };

/* Read some input; 0: the end; -1: Ctrl-C. It is never waited for in read(), but where all events
 * are. */
static ssize_t read_input(char *to, size_t size)
{
    for (int tries = 0; tries < RETRIES; tries++) {
        ssize_t n;
        int error;

        while ((n = read(STDIN_FILENO, to, size)) < 0 && errno == EAGAIN) {
            error = jobs_wait_input();
            if (error == UKERN_ECANCELED)
                return -1;
            if (error != UKERN_OK)
                break;
        }
        if (n >= 0)
            return n;
        clock_sleep(RETRY_TIME);
    }
    return 0;
}

/*
 * A line, without its newline. What comes after it stays with the console, for the programs that
 * are run: it gives one line at a time. LINE_LAST: the input ends here; LINE_NONE: Ctrl-C.
 */
static enum line read_line(char *line, size_t size)
{
    size_t used = 0;
    bool too_long = false;

    for (;;) {
        ssize_t n = read_input(line + used, size - 1 - used);

        if (n < 0)
            return LINE_NONE;
        used += (size_t)n;
        line[used] = '\0';
        if (n == 0)
            return LINE_LAST;
        if (line[used - 1] == '\n')
            break;
        if (used == size - 1) {
            too_long = true;
            used = 0;
        }
    }
    line[used - 1] = '\0';
    return too_long ? LINE_TOO_LONG : LINE_READ;
}

static void prompt(void)
{
    jobs_check();
    if (isatty(STDIN_FILENO))
        printf("$ ");
    fflush(stdout);
}

static void read_commands(void)
{
    static char line[LINE_MAX];

    for (;;) {
        prompt();
        switch (read_line(line, sizeof line)) {
        case LINE_READ:
            run_line(line);
            break;
        case LINE_LAST:
            if (line[0] != '\0')
                run_line(line);
            return;
        case LINE_TOO_LONG:
            fprintf(stderr, "a line may have %d characters at most\n", LINE_MAX - 2);
            last_code = 2;
            break;
        case LINE_NONE:
            last_code = CODE_INTERRUPTED;
            break;
        }
    }
}

/* The first command, from the words of the shell's own arguments. */
static void run_words(int argc, char **argv)
{
    static char line[LINE_MAX];
    size_t used = 0;

    for (int i = 1; i < argc; i++) {
        int n = snprintf(line + used, sizeof line - used, "%s ", argv[i]);

        if (n < 0 || (size_t)n >= sizeof line - used) {
            fprintf(stderr, "shell: its arguments are too long\n");
            return;
        }
        used += (size_t)n;
    }
    run_line(line);
}

int main(int argc, char **argv)
{
    int error;

    if (argc > 2 && strcmp(argv[1], "--builtin") == 0)
        return builtin_is(argv[2]) ? builtin_run(argc - 2, argv + 2) : 2;
    error = jobs_start();
    if (error != UKERN_OK) {
        fprintf(stderr, "shell: %s\n", ukern_strerror(error));
        return 1;
    }
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    jobs_hear_interrupts();
    run_words(argc, argv);
    if (isatty(STDIN_FILENO))
        printf("\nThis is the ukern shell. Type help for help.\n");
    read_commands();
    if (isatty(STDIN_FILENO))
        printf("\n");
    shell_exit(last_code);
}
