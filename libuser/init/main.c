/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * init: the first task. It holds every right, and its work is to hand them out: it reads the image
 * description, makes the ports, starts the tasks with exactly the handles that the description
 * grants, reports their faults, starts again what asks for it, and powers off when nothing is left
 * that could do anything.
 *
 * A mistake in the description is named in the kernel's log, and whatever can run does.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ukern/archive.h>
#include <ukern/console.h>
#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/report.h>
#include <ukern/server.h>
#include <ukern/task.h>

#include "init.h"

/* How long the console may take for its last words. Nanoseconds. */
#define DRAIN_TIME 2000000000u

static struct image image;
static struct member *members;
static struct supervisor supervisor;

void say(const char *format, ...)
{
    char line[256] = "init: ";
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line + 6, sizeof line - 7, format, arguments);
    va_end(arguments);
    strcat(line, "\n");
    log_write(task_handle("system"), line, strlen(line));
}

static void complain(void *context, unsigned line, const char *sentence)
{
    (void)context;
    say("image:%u: %s", line, sentence);
}

static void print(void *context, const char *line)
{
    (void)context;
    say("%s", line);
}

/* ---- The end. ---- */

/* What the machine is on for: programs; in an image without any, servers and drivers; the console,
 * which serves the others, only where it is alone. */
enum purpose { PURPOSE_CONSOLE, PURPOSE_SERVER, PURPOSE_PROGRAM };

static enum purpose purpose(const struct image_task *task)
{
    const struct port *console = port_find("console");

    if (task->provides.count == 0 && task->devices.count == 0)
        return PURPOSE_PROGRAM;
    return console != NULL && console->provider == task ? PURPOSE_CONSOLE : PURPOSE_SERVER;
}

/* Has all of this purpose ended that there was? What it ended with. */
static bool all_ended(enum purpose highest, int *code)
{
    *code = 0;
    for (unsigned i = 0; i < image.count; i++) {
        const struct member *m = &members[i];

        if (purpose(m->task) != highest)
            continue;
        if (m->child.state != SUPERVISOR_STOPPED)
            return false;
        if (*code == 0 && (m->broken || m->child.reason != UKERN_EXIT_NORMAL))
            *code = 1;
        else if (*code == 0)
            *code = m->child.code;
    }
    return true;
}

static void drain_console(void)
{
    const struct port *console = port_find("console");
    struct ukern_msg msg = {UKERN_TAG(STREAM_CONTROL, 0), {CONSOLE_DRAIN}};

    if (console != NULL)
        ipc_call_until(console->handle, &msg, clock_now() + DRAIN_TIME);
}

static void power_off_at_end(void)
{
    enum purpose highest = PURPOSE_CONSOLE;
    bool broken = false;
    int code;

    for (unsigned i = 0; i < image.count; i++) {
        if (purpose(&image.tasks[i]) > highest)
            highest = purpose(&image.tasks[i]);
        broken |= members[i].broken;
    }
    if (!all_ended(highest, &code))
        return;
    /* Nobody has asked for this end. */
    if (code != 0 && (broken || highest != PURPOSE_PROGRAM))
        say("no task is left that could do anything: the machine is switched off");
    drain_console();
    system_power(task_handle("system"), UKERN_POWER_OFF, code);
}

/* ---- Events. ---- */

static void plan(struct server *s)
{
    s->deadline = supervisor_deadline(&supervisor);
    power_off_at_end();
}

/* What else somebody should know of a task's end. Its fault has been told; a program that is done
 * is no news. */
static void tell_end(const struct supervisor_child *c, int code, int reason, uint64_t now)
{
    const struct image_task *task = ((const struct member *)c->context)->task;
    char how[48];

    report_end(how, sizeof how, code, reason);
    if (c->state == SUPERVISOR_WAITING)
        say("task %s %s; it starts again in %llu ms", c->name, how,
            (unsigned long long)(c->restart_at - now) / 1000000);
    else if (task->provides.count > 0)
        say("task %s %s; nobody serves port %s any more", c->name, how, task->provides.word[0]);
    else if (reason == UKERN_EXIT_KILLED || (reason == UKERN_EXIT_NORMAL && code != 0))
        say("task %s %s", c->name, how);
}

static void exited(struct server *s, uint64_t badge, uint64_t id, int code, int reason)
{
    uint64_t now = clock_now();
    struct supervisor_child *c = supervisor_exited(&supervisor, badge, code, reason, now);

    (void)id;
    if (c != NULL)
        tell_end(c, code, reason, now);
    if (c != NULL && c->state == SUPERVISOR_STOPPED)
        ports_abandon(((const struct member *)c->context)->task);
    plan(s);
}

static void timeout(struct server *s)
{
    supervisor_tick(&supervisor, clock_now());
    plan(s);
}

static int fault(struct server *s, const struct ukern_event *ev)
{
    const struct supervisor_child *c = supervisor_find(&supervisor, ev->badge);
    const struct member *m = c != NULL ? c->context : NULL;

    (void)s;
    if (m != NULL)
        report_fault(c->task, c->name, m->task->program, ev, print, NULL);
    return UKERN_FAULT_KILL;
}

/* ---- The beginning. ---- */

/* The description's text, in memory of our own; NULL, and said why. */
static char *read_description(void)
{
    struct archive_file file;
    const void *archive;
    size_t size;
    char *text;

    if (archive_open(&archive, &size) < 0) {
        say("the boot archive cannot be read");
        return NULL;
    }
    if (archive_find(archive, size, "image", &file) < 0) {
        say("the boot archive has no file \"image\", which says what to start");
        return NULL;
    }
    text = malloc(file.size + 1);
    if (text == NULL) {
        say("the image description does not fit into memory");
        return NULL;
    }
    memcpy(text, file.data, file.size);
    text[file.size] = '\0';
    return text;
}

static int start_all(void)
{
    members = calloc(image.count, sizeof *members);
    if (members == NULL)
        return UKERN_ENOMEM;
    for (unsigned i = 0; i < image.count; i++) {
        struct member *m = &members[i];

        m->task = &image.tasks[i];
        m->child = (struct supervisor_child){.name = m->task->name,
                                             .restart = m->task->restart,
                                             .start = member_start,
                                             .context = m};
        supervisor_add(&supervisor, &m->child);
        member_prepare(m);
        if (m->broken)
            ports_abandon(m->task);
    }
    for (unsigned i = 0; i < image.count; i++) {
        struct member *m = &members[i];

        if (m->broken)
            continue;
        if (supervisor_start(&supervisor, &m->child, clock_now()) != UKERN_OK) {
            /* What could not be started once will not be the next time either. */
            supervisor_release(&m->child);
            m->child.state = SUPERVISOR_STOPPED;
            m->broken = true;
            ports_abandon(m->task);
        }
    }
    return UKERN_OK;
}

static int prepare(void)
{
    char *text = read_description();
    ukern_handle port = port_create();
    int error;

    if (text == NULL)
        return UKERN_ENOENT;
    if (port < 0)
        return port;
    supervisor_init(&supervisor, port, 1);
    error = image_parse(text, &image, complain, NULL);
    if (error == UKERN_ENOENT)
        say("the image description names no task: set TASKS");
    if (error == UKERN_OK)
        error = ports_create(&image);
    if (error == UKERN_OK)
        error = start_all();
    return error;
}

int main(void)
{
    static const struct server_handler handlers[] = {{0, NULL}};
    struct server s = {.handlers = handlers, .exited = exited, .fault = fault, .timeout = timeout};
    int error = prepare();

    if (error == UKERN_OK) {
        s.port = supervisor.port;
        plan(&s);
        error = server_run(&s);
    }
    /* There may be no console to say it: the kernel does, when its first task ends. */
    say("cannot go on: %s", ukern_strerror(error));
    return 1;
}
