/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stubborn [WHAT]: ask the shell to be told of Ctrl-C, and go on for ever; with `wrong`, ask in all ways that there are
 * not, before; with `end`, end when told.
 */
#include <stdio.h>
#include <string.h>
#include <ukern/error.h>

#include "../../../examples/pipes/interrupt.h"

#define INTERRUPT UINT64_C(4)
#define OFTEN     20000 /* with two handles each, more than a task can have */

static ukern_handle port;

/* What the shell says to a request of this label, with handles of our port. */
static int ask(uint32_t label, uint64_t what, unsigned handles)
{
    struct ukern_msg m = {UKERN_TAG(label, handles), {what, INTERRUPT}};
    int error;

    for (unsigned i = 0; i < handles; i++)
        m.w[5 - i] = UKERN_SEND_HANDLE(port, UKERN_R_NOTIFY);
    error = ipc_call(task_handle(INTERRUPT_HANDLE), &m);
    return error < 0 ? error : UKERN_TAG_LABEL(m.tag);
}

static int ask_wrongly(void)
{
    int error = UKERN_EINVAL;

    for (int i = 0; i < OFTEN && error == UKERN_EINVAL; i++)
        error = ask(STREAM_CONTROL, CONSOLE_INTERRUPT, 2);
    if (error == UKERN_EINVAL)
        error = ask(STREAM_CONTROL, CONSOLE_INTERRUPT, 0);
    if (error == UKERN_EINVAL)
        error = ask(STREAM_CONTROL, CONSOLE_DRAIN, 1);
    if (error == UKERN_EINVAL)
        error = ask(STREAM_POLL, CONSOLE_INTERRUPT, 1);
    return error;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    port = port_create();
    if (strcmp(what, "wrong") == 0)
        printf("wrong: %s\n", ukern_strerror(ask_wrongly()));
    printf("asked: %s\n", ukern_strerror(interrupt_hear(port, INTERRUPT)));
    printf("again: %s\n", ukern_strerror(interrupt_hear(port, INTERRUPT)));
    fflush(stdout);
    while (notify_wait(port, INTERRUPT, NULL, UKERN_FOREVER) == UKERN_OK) {
        printf("told\n");
        if (strcmp(what, "end") == 0)
            return 3;
    }
    return 1;
}
