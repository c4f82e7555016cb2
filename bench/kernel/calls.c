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

static const struct ukern_completion trivial = {"trivial", trivial_begin, ukern_complete_status,
                                                UKERN_NOTHING_TO_CANCEL};

void ukern_main(void);
void ukern_main(void)
{
    pipe_calls();
    ukern_register(TRIVIAL_CALL, &trivial);
}
