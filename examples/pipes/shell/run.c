/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pipeline: each stage is a task of its own, and what it is given is what it can reach: its
 * standard input and output, the console for complaints, the pipe server and the archive.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ukern/error.h>

#include "shell.h"

int last_code;

/* What is between the stages as they are started. */
struct plumbing {
    int in, out; /* of the next stage */
    int next_in; /* read end of the pipe behind it, or -1 */
};

static void close_unless_standard(int fd)
{
    if (fd > STDERR_FILENO)
        close(fd);
}

static void grant(struct spawn *s, const char *name)
{
    ukern_handle h = task_handle(name);

    if (h >= 0)
        spawn_grant(s, name, h, 0);
}

/* Children run a little less urgently, so that the shell hears Ctrl-C whatever they do. A further
 * shell gets half of what is left, for its own children. */
static void set_priority_and_memory(struct spawn *s)
{
    struct ukern_task_info me;

    if (task_info(UKERN_SELF, 0, &me) != UKERN_OK)
        return;
    if (me.base_priority > 0)
        s->priority = s->max_priority = me.base_priority - 1;
    if (strcmp(s->name, "shell") == 0 && (me.memory_limit - me.memory_used) / 2 > s->memory)
        s->memory = (me.memory_limit - me.memory_used) / 2;
}

static int start_stage(const struct stage *stage, const struct plumbing *fds, bool foreground,
                       bool last)
{
    const char *argv[SPAWN_ARGS_MAX];
    bool builtin = builtin_is(stage->argv[0]);
    struct spawn s;

    if (stage->argc > SPAWN_ARGS_MAX - 2)
        return UKERN_EOVERFLOW;
    spawn_init(&s, stage->argv[0]);
    if (builtin) {
        /* In a pipeline, a built-in command is this program once more. */
        s.program = "shell";
        argv[s.argc++] = "shell";
        argv[s.argc++] = "--builtin";
        grant(&s, "system");
    }
    for (int i = 0; i < stage->argc; i++)
        argv[s.argc++] = stage->argv[i];
    s.argv = argv;
    s.fd[0] = fds->in;
    s.fd[1] = fds->out;
    s.fd[2] = STDERR_FILENO;
    set_priority_and_memory(&s);
    grant(&s, "pipe");
    grant(&s, "net");
    grant(&s, "socket");
    grant(&s, "archive");
    return jobs_spawn(&s, foreground, last);
}

/* Make the pipe behind a stage that is not the last. */
static int connect_next(struct plumbing *fds, bool last)
{
    int pair[2];

    fds->out = STDOUT_FILENO;
    fds->next_in = -1;
    if (last)
        return 0;
    if (pipe(pair) < 0) {
        fprintf(stderr, "pipe: %s\n", strerror(errno));
        return -1;
    }
    fds->next_in = pair[0];
    fds->out = pair[1];
    return 0;
}

static void say_spawn_error(const char *name, int error)
{
    if (error == UKERN_ENOENT)
        fprintf(stderr, "%s: no such program; try ls or help\n", name);
    else if (error == UKERN_ENOMEM)
        fprintf(stderr, "%s: what is left of this shell's memory quota does not suffice\n", name);
    else
        fprintf(stderr, "%s: %s\n", name, ukern_strerror(error));
}

/* After a failure the stages that run already see the end of their input, or that nobody reads. */
static int start_stages(const struct pipeline *p)
{
    struct plumbing fds = {.in = p->background ? -1 : STDIN_FILENO};
    int error = 0;

    for (unsigned i = 0; i < p->stages && error == 0; i++) {
        bool last = i + 1 == p->stages;

        if (connect_next(&fds, last) < 0) {
            error = 1;
            break;
        }
        error = start_stage(&p->stage[i], &fds, !p->background, last);
        if (error != UKERN_OK)
            say_spawn_error(p->stage[i].argv[0], error);
        close_unless_standard(fds.in);
        close_unless_standard(fds.out);
        fds.in = fds.next_in;
    }
    close_unless_standard(fds.in);
    return error == 0 ? 0 : 127;
}

static int run_pipeline(const struct pipeline *p)
{
    int code, error;

    if (p->stages == 0)
        return last_code;
    if (p->stages == 1 && !p->background && builtin_is(p->stage[0].argv[0])) {
        code = builtin_run(p->stage[0].argc, p->stage[0].argv);
        fflush(stdout);
        return code;
    }
    error = start_stages(p);
    code = jobs_wait();
    return error != 0 ? error : code;
}

int run_line(const char *line)
{
    const char *mistake;
    struct pipeline p;
    int error = pipeline_parse(line, &p, &mistake);

    if (error != UKERN_OK) {
        fprintf(stderr, "%s\n", error == UKERN_EINVAL ? mistake : ukern_strerror(error));
        return last_code = 2;
    }
    last_code = run_pipeline(&p);
    pipeline_free(&p);
    return last_code;
}
