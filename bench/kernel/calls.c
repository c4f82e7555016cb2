/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The benchmark's kernel extension: the pipe's calls, and one that does nothing but what every
 * pending call does: x0 = a server's port; the server's status comes back.
 */
#define ukern_main pipe_calls
#include "../../examples/pipes/kernel/pipe_calls.c"
#undef ukern_main

#include "trivial.h"

static int trivial_begin(struct ukern_pending *p)
{
    int error = ukern_target(p, (ukern_handle)ukern_arg(p, 0));

    return error == UKERN_OK ? UKERN_FORWARD : error;
}

static int trivial_complete(struct ukern_pending *p, const struct ukern_msg *reply)
{
    int64_t status;
    int error = ukern_reply_status(reply, &status);

    if (error == UKERN_OK)
        ukern_result(p, (uint64_t)status, 0);
    return error;
}

static const struct ukern_completion trivial = {"trivial", trivial_begin, trivial_complete,
                                                UKERN_NOTHING_TO_CANCEL};

void ukern_main(void);
void ukern_main(void)
{
    pipe_calls();
    ukern_register(TRIVIAL_CALL, &trivial);
}
