/* SPDX-License-Identifier: BSD-2-Clause */
/* A client of the clock: tells the date, and has itself woken. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <ukern/error.h>
#include <ukern/ipc.h>
#include <ukern/task.h>

#include "clock.h"

/* One request; its answer is in *seconds. */
static int ask(enum clock_label label, uint64_t *seconds)
{
    struct ukern_msg m = {UKERN_TAG(label, 0), {*seconds}};
    int error = ipc_call(task_handle("clock"), &m);

    *seconds = m.w[0];
    return error == UKERN_OK ? UKERN_TAG_LABEL(m.tag) : error;
}

int main(void)
{
    uint64_t start = 0, end;
    char date[32];
    time_t t;
    int error = ask(CLOCK_NOW, &start);

    if (error == UKERN_OK) {
        t = (time_t)start;
        strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", gmtime(&t));
        printf("It is %s (UTC).\n", date);
        end = start + 2;
        error = ask(CLOCK_ALARM, &end); /* returns when the alarm has rung */
    }
    if (error != UKERN_OK) {
        fprintf(stderr, "alarm: %s\n", ukern_strerror(error));
        return 1;
    }
    printf("The alarm rang after %" PRIu64 " seconds.\n", end - start);
    return end - start >= 2 ? 0 : 1;
}
