/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pending calls for the tests: each offers one thing of ukern.h to whatever a hostile server makes
 * of it.
 */
#include <ukern/ukern.h>

#include "calls.h"

/* Calls that were begun and are not over; why the last one was cancelled. */
static uint64_t open_calls;
static uint64_t last_why;

static void cancel(struct ukern_pending *p, int why)
{
    (void)p;
    last_why = (uint64_t)(int64_t)why;
}

static void cancel_counted(struct ukern_pending *p, int why)
{
    open_calls--;
    cancel(p, why);
}

/* A request with this label and two words of the caller's. */
static int request(struct ukern_pending *p, uint32_t label)
{
    struct ukern_msg *m = ukern_request(p);
    int error = ukern_target(p, (ukern_handle)ukern_arg(p, 0));

    if (error)
        return error;
    m->tag = UKERN_TAG(label, 0);
    m->w[0] = ukern_arg(p, 1);
    m->w[1] = ukern_arg(p, 2);
    return UKERN_FORWARD;
}

/* ---- Like read and write. ---- */

static int begin_read(struct ukern_pending *p)
{
    return ukern_begin_read(p, (ukern_handle)ukern_arg(p, 0), ukern_arg(p, 1), ukern_arg(p, 2),
                            CALL_READ);
}

static int begin_write(struct ukern_pending *p)
{
    return ukern_begin_write(p, (ukern_handle)ukern_arg(p, 0), ukern_arg(p, 1), ukern_arg(p, 2),
                             CALL_WRITE);
}

/* ---- Results and stages. ---- */

static int begin_two(struct ukern_pending *p)
{
    int step = request(p, CALL_TWO);

    open_calls += step == UKERN_FORWARD;
    return step;
}

static int complete_two(struct ukern_pending *p, const struct ukern_msg *reply)
{
    ukern_result(p, reply->w[0], reply->w[1]);
    open_calls--;
    return UKERN_DONE;
}

/* State: 0 = stages done, 1 = sum. */
static int begin_stages(struct ukern_pending *p)
{
    int step = request(p, CALL_STAGES);

    open_calls += step == UKERN_FORWARD;
    return step;
}

static int complete_stages(struct ukern_pending *p, const struct ukern_msg *reply)
{
    uint64_t *state = ukern_state(p);

    state[0]++;
    state[1] += reply->w[0];
    if (state[0] < ukern_arg(p, 1)) {
        *ukern_request(p) = (struct ukern_msg){UKERN_TAG(CALL_STAGES, 0), {state[0], state[1]}};
        return UKERN_FORWARD;
    }
    ukern_result(p, state[1], state[0]);
    open_calls--;
    return UKERN_DONE;
}

/* ---- Handles and mappings. ---- */

static int begin_give(struct ukern_pending *p)
{
    return request(p, CALL_GIVE);
}

static int complete_give(struct ukern_pending *p, const struct ukern_msg *reply)
{
    int error = UKERN_OK;

    for (unsigned i = 0; i < reply->w[0] && !error; i++)
        error = ukern_give_handle(p, i, reply->w[4 + i % 2]);
    return error ? error : UKERN_DONE;
}

static int begin_map(struct ukern_pending *p)
{
    return request(p, CALL_MAP);
}

static int complete_map(struct ukern_pending *p, const struct ukern_msg *reply)
{
    uint64_t address = 0;
    int error = ukern_map_shm(p, (ukern_handle)reply->w[0], reply->w[1], reply->w[2],
                              (unsigned)reply->w[3], &address);

    if (error == UKERN_ENOMEM) {
        ukern_result(p, (uint64_t)(int64_t)error, 0);
        return UKERN_DONE;
    }
    ukern_result(p, address, reply->w[2]);
    return error ? error : UKERN_DONE;
}

/* ---- Copies. ---- */

static int begin_copy(struct ukern_pending *p)
{
    int in = ukern_range(p, ukern_arg(p, 1), ukern_arg(p, 2), UKERN_IN);
    int out = ukern_range(p, ukern_arg(p, 3), ukern_arg(p, 4), UKERN_OUT);

    if (in < 0)
        return in;
    return out < 0 ? out : request(p, CALL_COPY);
}

static int complete_copy(struct ukern_pending *p, const struct ukern_msg *reply)
{
    const uint64_t *w = reply->w;
    int error = UKERN_OK;

    for (uint64_t i = 0; i < w[5] && !error; i++)
        error = ukern_copy_shm(p, (int)w[0], w[1], (ukern_handle)w[2], w[3], w[4]);
    return error ? error : UKERN_DONE;
}

static int begin_small(struct ukern_pending *p)
{
    int in = ukern_range(p, ukern_arg(p, 1), 16, UKERN_IN),
        out = ukern_range(p, ukern_arg(p, 2), 16, UKERN_OUT), error;

    if (in < 0)
        return in;
    if (out < 0)
        return out;
    request(p, CALL_SMALL);
    error = ukern_copy_in(p, in, 0, ukern_request(p)->w, 16);
    if (error)
        return error;
    /* What was not declared so is refused. */
    if (ukern_copy_in(p, in, 1, ukern_state(p), 16) != UKERN_EFAULT ||
        ukern_copy_in(p, out, 0, ukern_state(p), 8) != UKERN_EFAULT ||
        ukern_copy_in(p, 2, 0, ukern_state(p), 8) != UKERN_EFAULT ||
        ukern_copy_in(p, -1, 0, ukern_state(p), 8) != UKERN_EFAULT ||
        ukern_copy_in(p, in, UINT64_MAX, ukern_state(p), 8) != UKERN_EFAULT ||
        ukern_copy_out(p, in, 0, ukern_state(p), 8) != UKERN_EFAULT ||
        ukern_copy_in(p, in, 0, ukern_state(p), UKERN_PAGE_SIZE + 1) != UKERN_EOVERFLOW)
        return UKERN_EIO;
    return UKERN_FORWARD;
}

static int complete_small(struct ukern_pending *p, const struct ukern_msg *reply)
{
    ukern_result(p, (uint64_t)(int64_t)ukern_copy_out(p, 1, 0, reply->w, 16), 0);
    return UKERN_DONE;
}

/* ---- The rest. ---- */

static int begin_status(struct ukern_pending *p)
{
    return request(p, CALL_STATUS);
}

static int complete_status(struct ukern_pending *p, const struct ukern_msg *reply)
{
    int64_t status;
    int error = ukern_reply_status(reply, &status);

    ukern_result(p, (uint64_t)status, 0);
    return error ? error : UKERN_DONE;
}

static int begin_deadline(struct ukern_pending *p)
{
    ukern_set_deadline(p, ukern_arg(p, 1));
    return request(p, CALL_DEADLINE);
}

static int begin_send(struct ukern_pending *p)
{
    int step = request(p, CALL_SEND);

    ukern_request(p)->tag = UKERN_TAG(CALL_SEND, 1);
    ukern_request(p)->w[5] = ukern_arg(p, 1);
    return step;
}

static int begin_fail(struct ukern_pending *p)
{
    return (int)ukern_arg(p, 0);
}

static int begin_ranges(struct ukern_pending *p)
{
    int result = 0;

    for (uint64_t i = 0; i < ukern_arg(p, 2); i++)
        result = ukern_range(p, ukern_arg(p, 0), ukern_arg(p, 1), UKERN_IN);
    ukern_result(p, (uint64_t)(int64_t)result, 0);
    return UKERN_DONE;
}

static int begin_counts(struct ukern_pending *p)
{
    ukern_result(p, open_calls, last_why);
    return UKERN_DONE;
}

static const struct ukern_completion calls[] = {
    [CALL_READ - CALL_READ] = {"test_read", begin_read, ukern_complete_read, cancel},
    [CALL_WRITE - CALL_READ] = {"test_write", begin_write, ukern_complete_write, cancel},
    [CALL_TWO - CALL_READ] = {"test_two", begin_two, complete_two, cancel_counted},
    [CALL_STAGES - CALL_READ] = {"test_stages", begin_stages, complete_stages, cancel_counted},
    [CALL_GIVE - CALL_READ] = {"test_give", begin_give, complete_give, cancel},
    [CALL_MAP - CALL_READ] = {"test_map", begin_map, complete_map, cancel},
    [CALL_COPY - CALL_READ] = {"test_copy", begin_copy, complete_copy, cancel},
    [CALL_STATUS - CALL_READ] = {"test_status", begin_status, complete_status, cancel},
    [CALL_DEADLINE - CALL_READ] = {"test_deadline", begin_deadline, complete_status, cancel},
    [CALL_SMALL - CALL_READ] = {"test_small", begin_small, complete_small, cancel},
    [CALL_SEND - CALL_READ] = {"test_send", begin_send, complete_status, cancel},
    [CALL_FAIL - CALL_READ] = {"test_fail", begin_fail, complete_status, cancel},
    [CALL_RANGES - CALL_READ] = {"test_ranges", begin_ranges, complete_status, cancel},
    [CALL_COUNTS - CALL_READ] = {"test_counts", begin_counts, complete_status, cancel},
};

void ukern_main(void)
{
    for (uint32_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        ukern_register(CALL_READ + i, &calls[i]);
    ukern_register(CALL_LAST, &calls[CALL_STATUS - CALL_READ]);
}
