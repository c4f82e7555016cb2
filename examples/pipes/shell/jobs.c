/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The children. One port hears everything: their ends, their faults, their wishes, and Ctrl-C.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ukern/console.h>
#include <ukern/ipc.h>
#include <ukern/report.h>

#include "../interrupt.h"
#include "shell.h"

#define BIT_INTERRUPT 1u
#define BIT_INPUT     2u

/* Badges of the handles that are lent to the console, one for each question; children have smaller
 * ones. */
#define FIRST_QUESTION (UINT64_C(1) << 32)

struct child {
    struct child *next;
    uint64_t badge;
    ukern_handle task;
    bool foreground, last;
    ukern_handle told_at; /* where it hears of the first Ctrl-C, instead of being ended; -1 */
    uint64_t told_bits;
    char name[UKERN_NAME_MAX];
};

static ukern_handle port;
static struct child *children;
static uint64_t next_badge = 1, question = FIRST_QUESTION;
static int pipeline_code;
static bool interrupted, input_ready;

int jobs_start(void)
{
    port = port_create();
    return port < 0 ? port : UKERN_OK;
}

void jobs_hear_interrupts(void)
{
    struct ukern_msg msg = {UKERN_TAG(STREAM_CONTROL, 1), {CONSOLE_INTERRUPT, BIT_INTERRUPT}};

    msg.w[5] = UKERN_SEND_HANDLE(port, UKERN_R_NOTIFY);
    ipc_call(0, &msg); /* standard input; if it is no console, nobody types Ctrl-C */
}

int jobs_spawn(struct spawn *s, bool foreground, bool last)
{
    struct child *c = calloc(1, sizeof *c);
    ukern_handle line;

    if (c == NULL)
        return UKERN_ENOMEM;
    c->badge = next_badge++;
    c->foreground = foreground;
    c->last = last;
    strncpy(c->name, s->name, sizeof c->name - 1);
    s->supervisor = port;
    c->told_at = -1;
    s->supervisor_badge = c->badge;
    line = handle_mint(port, UKERN_R_CALL | UKERN_R_TRANSFER, c->badge);
    c->task = line < 0 ? line : spawn_grant(s, INTERRUPT_HANDLE, line, UKERN_R_CALL);
    if (c->task == UKERN_OK)
        c->task = task_spawn(s);
    handle_close(line); /* the child has its own */
    if (c->task < 0) {
        int error = c->task;

        free(c);
        return error;
    }
    c->next = children;
    children = c;
    return UKERN_OK;
}

static struct child **find(uint64_t badge)
{
    struct child **link = &children;

    while (*link != NULL && (*link)->badge != badge)
        link = &(*link)->next;
    return link;
}

static void print(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "%s\n", line);
}

static void ended(uint64_t badge, int code, int reason)
{
    struct child **link = find(badge), *c = *link;
    char how[48];

    if (c == NULL)
        return;
    if (reason == UKERN_EXIT_FAULT)
        code = 128 + code;
    if (c->last && c->foreground)
        pipeline_code = code;
    if (code != 0 && reason != UKERN_EXIT_FAULT && !interrupted) {
        report_end(how, sizeof how, code, reason);
        fprintf(stderr, "%s %s\n", c->name, how);
    }
    handle_close(c->task);
    handle_close(c->told_at);
    *link = c->next;
    free(c);
}

static void faulted(const struct ukern_event *ev)
{
    struct ukern_msg kill = {.tag = UKERN_TAG(UKERN_FAULT_KILL, 0)};
    struct child *c = *find(ev->badge);

    if (c != NULL)
        report_fault(c->task, c->name, c->name, ev, print, NULL);
    ipc_reply(ev->token, &kill);
}

/* A program wants to be told of Ctrl-C: as interrupt.h says. */
static void asked(const struct ukern_event *ev)
{
    struct ukern_msg reply = {.tag = UKERN_TAG(UKERN_OK, 0)};
    unsigned handles = UKERN_TAG_HANDLES(ev->msg.tag);
    struct child *c = *find(ev->badge);

    if (c == NULL || c->told_at >= 0 || handles != 1 ||
        UKERN_TAG_LABEL(ev->msg.tag) != STREAM_CONTROL || ev->msg.w[0] != CONSOLE_INTERRUPT) {
        reply.tag = UKERN_TAG(UKERN_EINVAL, 0);
        for (unsigned i = 0; i < handles; i++)
            handle_close((ukern_handle)ev->msg.w[5 - i]);
    } else {
        c->told_at = (ukern_handle)ev->msg.w[5];
        c->told_bits = ev->msg.w[1];
    }
    ipc_reply(ev->token, &reply);
}

/* Who has asked is told, once: nothing keeps a program alive that is interrupted twice. */
static void interrupt(void)
{
    interrupted = true;
    for (struct child *c = children; c != NULL; c = c->next) {
        if (!c->foreground)
            continue;
        if (c->told_bits == 0 || notify(c->told_at, c->told_bits) != UKERN_OK)
            task_kill(c->task, CODE_INTERRUPTED);
        c->told_bits = 0;
    }
}

/* One event, if it comes in time. */
static bool handle_event(uint64_t deadline)
{
    struct ukern_event ev;
    int type = ipc_recv(port, &ev, deadline);

    switch (type) {
    case UKERN_EV_EXIT:
        ended(ev.badge, (int)ev.msg.w[0], (int)ev.msg.w[1]);
        return true;
    case UKERN_EV_FAULT:
        faulted(&ev);
        return true;
    case UKERN_EV_MESSAGE:
        asked(&ev);
        return true;
    case UKERN_EV_HANGUP:
        /* The console gave the last question's handle up, perhaps by dying: ask again. */
        if (ev.badge == question)
            input_ready = true;
        return true;
    case UKERN_EV_NOTIFY:
        if (ev.msg.tag & BIT_INTERRUPT)
            interrupt();
        if (ev.msg.tag & BIT_INPUT)
            input_ready = true;
        return true;
    default:
        return type >= 0; /* who had asked has gone meanwhile */
    }
}

static bool any_foreground(void)
{
    for (const struct child *c = children; c != NULL; c = c->next)
        if (c->foreground)
            return true;
    return false;
}

int jobs_wait(void)
{
    pipeline_code = 0;
    while (any_foreground() && handle_event(UKERN_FOREVER))
        ;
    return pipeline_code;
}

void jobs_check(void)
{
    while (handle_event(0))
        ;
    interrupted = false;
}

/* Ask to be notified of input. 1: there is some already; 0: a notification will come; or an error.
 */
static int ask_for_input(void)
{
    struct ukern_msg msg = {UKERN_TAG(STREAM_POLL, 1), {STREAM_IN, BIT_INPUT, task_self()}};
    ukern_handle lent = handle_mint(port, UKERN_R_NOTIFY | UKERN_R_TRANSFER, ++question);
    int error;

    if (lent < 0)
        return lent;
    msg.w[5] = UKERN_SEND_HANDLE(lent, UKERN_R_NOTIFY) | UKERN_SEND_MOVE;
    error = ipc_call(0, &msg);
    if (error != UKERN_OK)
        handle_close(lent);
    else
        error = UKERN_TAG_LABEL(msg.tag);
    return error < 0 ? error : error > 0;
}

int jobs_wait_input(void)
{
    int ready;

    input_ready = false;
    jobs_hear_interrupts();
    ready = ask_for_input();
    if (ready != 0)
        return ready < 0 ? ready : UKERN_OK;
    while (!input_ready && !interrupted && handle_event(UKERN_FOREVER))
        ;
    return interrupted ? UKERN_ECANCELED : UKERN_OK;
}
