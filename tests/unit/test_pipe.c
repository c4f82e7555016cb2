/* SPDX-License-Identifier: BSD-2-Clause */
/* examples/pipes/pipeserv/pipe.c: rule by rule, then at random against a model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../examples/pipes/pipeserv/pipe.h"
#include <ukern/abi/errors.h>
#include <ukern/stream.h>

/*
 * The world around a pipe: the ring's bytes, and a stream of bytes with known values. Byte number i
 * of the stream is pattern(i), so that order, loss and doubling show at once.
 */
struct world {
    struct pipe pipe;
    unsigned char *ring;
    uint64_t written, read; /* bytes of the stream so far */
    uint64_t refuse;        /* deliver() fails this many times more */
    uint64_t served[2], refused;
    uint64_t last_token[2]; /* tokens count up in order of arrival */
    int64_t last_result;
    bool overtaken;
};

static unsigned char pattern(uint64_t i)
{
    return (unsigned char)(i * 31 + i / 251);
}

static void setup(struct world *w, uint64_t size)
{
    *w = (struct world){0};
    pipe_init(&w->pipe, size);
    w->ring = test_malloc(size);
}

static void move(struct world *w, enum pipe_side side, uint64_t n, const struct segment segment[2])
{
    assert_int_equal(segment[0].length + segment[1].length, n);
    for (unsigned s = 0; s < 2; s++) {
        assert_true(segment[s].offset <= w->pipe.size);
        assert_true(segment[s].length <= w->pipe.size - segment[s].offset);
        for (uint64_t i = 0; i < segment[s].length; i++) {
            if (side == PIPE_WRITE_END)
                w->ring[segment[s].offset + i] = pattern(w->written++);
            else
                assert_int_equal(w->ring[segment[s].offset + i], pattern(w->read++));
        }
    }
}

static bool deliver(void *context, struct pipe *p, enum pipe_side side, struct waiter *waiter,
                    int64_t result, const struct segment segment[2])
{
    struct world *w = context;

    assert_ptr_equal(p, &w->pipe);
    if (waiter->token <= w->last_token[side])
        w->overtaken = true;
    w->last_token[side] = waiter->token;
    w->last_result = result;
    if (result >= 0 && side == PIPE_WRITE_END && waiter->length <= PIPE_BUF)
        assert_int_equal(result, waiter->length);
    free(waiter);
    if (w->refuse > 0) {
        w->refuse--;
        w->refused++;
        return false;
    }
    w->served[side]++;
    if (result > 0)
        move(w, side, (uint64_t)result, segment);
    return true;
}

static uint64_t tokens;

static struct waiter *new_waiter(uint64_t badge, uint64_t length)
{
    struct waiter *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->token = ++tokens;
    w->badge = badge;
    w->length = length;
    return w;
}

/* As a server does: at once if nobody waits and it can go, else queue. */
static int64_t operate(struct world *w, enum pipe_side side, uint64_t n, bool wait)
{
    struct pipe *p = &w->pipe;
    struct segment segment[2];
    int64_t result = UKERN_EAGAIN;

    if (p->waiting[side].head == NULL)
        result = side == PIPE_READ_END ? pipe_read_offer(p, n) : pipe_write_offer(p, n, wait);
    if (result > 0) {
        if (side == PIPE_READ_END)
            pipe_oldest(p, (uint64_t)result, segment);
        else
            pipe_room(p, (uint64_t)result, segment);
        move(w, side, (uint64_t)result, segment);
        if (side == PIPE_READ_END)
            pipe_take(p, (uint64_t)result);
        else
            pipe_put(p, (uint64_t)result);
        pipe_serve(p, deliver, w);
    } else if (result == UKERN_EAGAIN && wait) {
        pipe_wait(p, side, new_waiter((uint64_t)side + 1, n));
    }
    return result;
}

static void teardown(struct world *w)
{
    struct waiter *waiter;

    for (int side = 0; side < 2; side++) {
        while ((waiter = pipe_forget_badge(&w->pipe, side, (uint64_t)side + 1)) != NULL)
            free(waiter);
        assert_null(w->pipe.waiting[side].head);
    }
    test_free(w->ring);
}

static void bytes_come_out_in_order(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 8192);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(operate(&w, PIPE_WRITE_END, 3000, false), 3000);
        assert_int_equal(operate(&w, PIPE_READ_END, 1000, false), 1000);
        assert_int_equal(operate(&w, PIPE_READ_END, 9999, false), 2000);
        assert_int_equal(operate(&w, PIPE_READ_END, 1, false), UKERN_EAGAIN);
    }
    teardown(&w);
}

static void small_writes_are_whole_or_wait(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 4096);
    assert_int_equal(operate(&w, PIPE_WRITE_END, 1, false), 1);
    assert_int_equal(operate(&w, PIPE_WRITE_END, 4096, false), UKERN_EAGAIN);
    assert_int_equal(operate(&w, PIPE_WRITE_END, 4095, false), 4095);
    assert_int_equal(operate(&w, PIPE_WRITE_END, 1, false), UKERN_EAGAIN);
    teardown(&w);
}

static void long_writes_are_cut_but_not_into_crumbs(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 8192);
    assert_int_equal(operate(&w, PIPE_WRITE_END, 1 << 20, false), 8192);
    assert_int_equal(operate(&w, PIPE_READ_END, 100, false), 100);
    assert_int_equal(operate(&w, PIPE_WRITE_END, 5000, false), 100);
    assert_int_equal(operate(&w, PIPE_READ_END, 100, false), 100);
    assert_int_equal(operate(&w, PIPE_WRITE_END, 5000, true), UKERN_EAGAIN);
    assert_int_equal(operate(&w, PIPE_READ_END, 3000, false), 3000);
    assert_int_equal(w.served[PIPE_WRITE_END], 0);
    assert_int_equal(operate(&w, PIPE_READ_END, 996, false), 996);
    assert_int_equal(w.served[PIPE_WRITE_END], 1);
    assert_int_equal(w.last_result, 4096);
    teardown(&w);
}

static void the_end_and_the_broken_pipe(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 4096);
    assert_int_equal(operate(&w, PIPE_WRITE_END, 10, false), 10);
    w.pipe.ends[PIPE_WRITE_END] = 0;
    assert_int_equal(pipe_ready(&w.pipe, PIPE_READ_END), STREAM_IN | STREAM_HANGUP);
    assert_int_equal(operate(&w, PIPE_READ_END, 100, true), 10);
    assert_int_equal(operate(&w, PIPE_READ_END, 100, true), 0);
    w.pipe.ends[PIPE_READ_END] = 0;
    assert_int_equal(pipe_ready(&w.pipe, PIPE_WRITE_END), STREAM_OUT | STREAM_HANGUP);
    assert_int_equal(operate(&w, PIPE_WRITE_END, 1, true), UKERN_EPIPE);
    assert_int_equal(operate(&w, PIPE_WRITE_END, UINT64_MAX, true), UKERN_EPIPE);
    teardown(&w);
}

static void waiters_see_the_end(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 4096);
    assert_int_equal(operate(&w, PIPE_READ_END, 100, true), UKERN_EAGAIN);
    assert_int_equal(operate(&w, PIPE_READ_END, 100, true), UKERN_EAGAIN);
    w.pipe.ends[PIPE_WRITE_END] = 0;
    pipe_serve(&w.pipe, deliver, &w);
    assert_int_equal(w.served[PIPE_READ_END], 2);
    assert_int_equal(w.last_result, 0);
    teardown(&w);

    setup(&w, 4096);
    assert_int_equal(operate(&w, PIPE_WRITE_END, 4096, true), 4096);
    assert_int_equal(operate(&w, PIPE_WRITE_END, 1, true), UKERN_EAGAIN);
    w.pipe.ends[PIPE_READ_END] = 0;
    pipe_serve(&w.pipe, deliver, &w);
    assert_int_equal(w.served[PIPE_WRITE_END], 1);
    assert_int_equal(w.last_result, UKERN_EPIPE);
    teardown(&w);
}

static void a_dead_reader_takes_nothing_along(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 4096);
    assert_int_equal(operate(&w, PIPE_READ_END, 100, true), UKERN_EAGAIN);
    assert_int_equal(operate(&w, PIPE_READ_END, 100, true), UKERN_EAGAIN);
    w.refuse = 1;
    assert_int_equal(operate(&w, PIPE_WRITE_END, 60, true), 60);
    assert_int_equal(w.refused, 1);
    assert_int_equal(w.read, 60);
    assert_false(w.overtaken);
    teardown(&w);
}

static void booking_can_be_undone(void **state)
{
    struct world w;
    struct pipe before;

    (void)state;
    setup(&w, 4096);
    operate(&w, PIPE_WRITE_END, 4000, true);
    operate(&w, PIPE_READ_END, 3900, true);
    operate(&w, PIPE_WRITE_END, 3000, true);
    before = w.pipe;
    pipe_take(&w.pipe, 3000);
    pipe_untake(&w.pipe, 3000);
    assert_memory_equal(&before, &w.pipe, sizeof before);
    pipe_put(&w.pipe, 900);
    pipe_unput(&w.pipe, 900);
    assert_memory_equal(&before, &w.pipe, sizeof before);
    teardown(&w);
}

static void waiters_are_found_and_forgotten(void **state)
{
    struct world w;
    struct waiter *a = new_waiter(7, 1), *b = new_waiter(8, 1), *c = new_waiter(7, 1);

    (void)state;
    setup(&w, 4096);
    pipe_wait(&w.pipe, PIPE_READ_END, a);
    pipe_wait(&w.pipe, PIPE_READ_END, b);
    pipe_wait(&w.pipe, PIPE_READ_END, c);
    assert_null(pipe_forget_token(&w.pipe, PIPE_READ_END, 0));
    assert_null(pipe_forget_token(&w.pipe, PIPE_WRITE_END, a->token));
    assert_ptr_equal(pipe_forget_token(&w.pipe, PIPE_READ_END, c->token), c);
    pipe_wait(&w.pipe, PIPE_READ_END, c);
    assert_ptr_equal(pipe_forget_badge(&w.pipe, PIPE_READ_END, 8), b);
    assert_ptr_equal(pipe_forget_badge(&w.pipe, PIPE_READ_END, 7), a);
    assert_ptr_equal(pipe_forget_badge(&w.pipe, PIPE_READ_END, 7), c);
    assert_null(pipe_forget_badge(&w.pipe, PIPE_READ_END, 7));
    assert_null(w.pipe.waiting[PIPE_READ_END].tail);
    free(a);
    free(b);
    free(c);
    teardown(&w);
}

static uint64_t seed = 88172645463325252u;

static uint64_t rnd(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

/* Any order of reads, writes, refusals and cancellations: no byte lost or doubled, nobody
 * overtakes, and whoever can go on does. */
static void at_random(void **state)
{
    static const uint64_t sizes[] = {4096, 5000, 8192, 65536};
    struct world w;
    uint64_t count[6] = {0};

    (void)state;
    for (unsigned round = 0; round < 400; round++) {
        setup(&w, sizes[round % 4]);
        for (unsigned step = 0; step < 500; step++) {
            enum pipe_side side = (enum pipe_side)rnd(2);
            uint64_t n = rnd(4) == 0 ? rnd(2 * w.pipe.size) + 1 : rnd(300) + 1;

            w.refuse = rnd(3) == 0 ? rnd(3) : 0;
            if (rnd(8) == 0) {
                struct waiter *x = pipe_forget_badge(&w.pipe, side, (uint64_t)side + 1);

                count[0] += x != NULL;
                free(x);
                pipe_serve(&w.pipe, deliver, &w);
            } else {
                int64_t r = operate(&w, side, n, rnd(3) != 0);

                count[r > 0 ? 1 : 2]++;
            }
            assert_int_equal(w.written - w.read, w.pipe.used);
            assert_true(w.pipe.used <= w.pipe.size && w.pipe.start < w.pipe.size);
            assert_false(w.overtaken);
            if (w.pipe.waiting[PIPE_READ_END].head != NULL)
                assert_int_equal(w.pipe.used, 0);
            if (w.pipe.waiting[PIPE_WRITE_END].head != NULL)
                assert_int_equal(
                    pipe_write_offer(&w.pipe, w.pipe.waiting[PIPE_WRITE_END].head->length, true),
                    UKERN_EAGAIN);
        }
        count[3] += w.refused;
        count[4] += w.served[PIPE_READ_END];
        count[5] += w.served[PIPE_WRITE_END];
        teardown(&w);
    }
    for (unsigned i = 0; i < 6; i++)
        assert_true(count[i] > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_in_order),
        cmocka_unit_test(small_writes_are_whole_or_wait),
        cmocka_unit_test(long_writes_are_cut_but_not_into_crumbs),
        cmocka_unit_test(the_end_and_the_broken_pipe),
        cmocka_unit_test(waiters_see_the_end),
        cmocka_unit_test(a_dead_reader_takes_nothing_along),
        cmocka_unit_test(booking_can_be_undone),
        cmocka_unit_test(waiters_are_found_and_forgotten),
        cmocka_unit_test(at_random),
    };

    return cmocka_run_group_tests_name("pipe", tests, NULL, NULL);
}
