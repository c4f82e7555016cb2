/* SPDX-License-Identifier: BSD-2-Clause */
/* libuser/handover.c: both sides in one program, which takes turns where a task would wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <ukern/abi/errors.h>
#include <ukern/handover.h>
#include <ukern/ipc.h>

#define SLOTS 8

static _Alignas(64) char memory[HANDOVER_SIZE(SLOTS)];
static struct handover giver, taker;
static unsigned notified, waited;
static void (*meanwhile)(void); /* what the other side does while this one waits */

int notify(ukern_handle port, uint64_t bits)
{
    assert_int_equal(bits, HANDOVER_BIT);
    assert_true(port == 10 || port == 20);
    notified++;
    return UKERN_OK;
}

int notify_wait(ukern_handle port, uint64_t mask, uint64_t *bits, uint64_t deadline)
{
    (void)bits;
    assert_int_equal(mask, HANDOVER_BIT);
    assert_true(port == 10 || port == 20);
    waited++;
    if (deadline == 0)
        return UKERN_ETIMEDOUT;
    meanwhile();
    return UKERN_OK;
}

static int setup(void **state)
{
    (void)state;
    memset(memory, 0, sizeof memory);
    notified = waited = 0;
    meanwhile = NULL;
    assert_int_equal(handover_open(&giver, HANDOVER_GIVER, memory, SLOTS, 10, 20), UKERN_OK);
    return handover_open(&taker, HANDOVER_TAKER, memory, SLOTS, 20, 10);
}

static void give(unsigned char value)
{
    unsigned char *block = handover_block(&giver, 0);

    assert_non_null(block);
    memset(block, value, HANDOVER_BLOCK);
    handover_give(&giver, value);
}

static void take(unsigned char value)
{
    uint32_t length;
    const unsigned char *block = handover_take(&taker, &length, 0);

    assert_non_null(block);
    assert_int_equal(length, value);
    assert_int_equal(block[0], value);
    assert_int_equal(block[HANDOVER_BLOCK - 1], value);
    handover_done(&taker);
}

static void blocks_come_in_order(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < SLOTS - 1; i++)
            give((unsigned char)(round * SLOTS + i));
        for (unsigned i = 0; i < SLOTS - 1; i++)
            take((unsigned char)(round * SLOTS + i));
    }
    assert_int_equal(notified, 0); /* nobody waited */
}

static void a_full_stream_waits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SLOTS; i++)
        give((unsigned char)i);
    assert_null(handover_block(&giver, 0));
    assert_int_equal(waited, 1);
    take(0);
    assert_non_null(handover_block(&giver, 0));
    assert_int_equal(waited, 1);
}

static void an_empty_stream_waits(void **state)
{
    uint32_t length;

    (void)state;
    assert_null(handover_take(&taker, &length, 0));
    assert_int_equal(waited, 1);
    give(1); /* it waits no more: no notification */
    assert_int_equal(notified, 0);
    take(1);
}

static void give_one(void)
{
    give(7);
}

static void take_three(void)
{
    for (unsigned i = 0; i < 3; i++)
        take((unsigned char)(taker.mine + 100));
}

static void take_all(void)
{
    while (taker.mine < giver.mine)
        take((unsigned char)(taker.mine + 100));
}

/* One that waits is notified once; a giver when half of its blocks are free, and not before. */
static void who_waits_is_woken(void **state)
{
    uint32_t length;

    (void)state;
    meanwhile = give_one;
    assert_non_null(handover_take(&taker, &length, UKERN_FOREVER));
    assert_int_equal(length, 7);
    assert_int_equal(notified, 1);
    handover_done(&taker);
    give_one();
    assert_int_equal(notified, 1);
    take(7);

    for (unsigned i = 0; i < SLOTS; i++)
        give((unsigned char)(giver.mine + 100));
    meanwhile = take_three;
    notified = 0;
    assert_non_null(handover_block(&giver, UKERN_FOREVER)); /* woken early it goes on, too */
    assert_int_equal(notified, 0);
    for (unsigned i = 0; i < 3; i++)
        give((unsigned char)(giver.mine + 100));
    meanwhile = take_all;
    assert_int_equal(handover_flush(&giver, UKERN_FOREVER), UKERN_OK);
    assert_int_equal(notified, 1);
    assert_int_equal(giver.mine, taker.mine);
}

static void an_impossible_count_is_an_error(void **state)
{
    struct handover_shared *shared = (void *)memory;
    uint32_t length;

    (void)state;
    shared->side[HANDOVER_GIVER].count = SLOTS + 1;
    assert_int_equal(handover_wait(&taker, 1, 1, 0), UKERN_EPROTO);
    assert_null(handover_take(&taker, &length, UKERN_FOREVER));
    shared->side[HANDOVER_TAKER].count = 1;
    assert_int_equal(handover_flush(&giver, UKERN_FOREVER), UKERN_EPROTO);
    assert_int_equal(waited, 0);
}

static void a_length_that_lies_is_cut(void **state)
{
    uint32_t length;

    (void)state;
    assert_non_null(handover_block(&giver, 0));
    handover_give(&giver, UINT32_MAX);
    assert_non_null(handover_take(&taker, &length, 0));
    assert_int_equal(length, HANDOVER_BLOCK);
}

static void wrong_numbers_of_blocks(void **state)
{
    struct handover h;

    (void)state;
    assert_int_equal(handover_open(&h, HANDOVER_GIVER, memory, 0, 1, 2), UKERN_EINVAL);
    assert_int_equal(handover_open(&h, HANDOVER_GIVER, memory, 3, 1, 2), UKERN_EINVAL);
    assert_int_equal(handover_open(&h, HANDOVER_GIVER, memory, 1024, 1, 2), UKERN_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(blocks_come_in_order, setup),
        cmocka_unit_test_setup(a_full_stream_waits, setup),
        cmocka_unit_test_setup(an_empty_stream_waits, setup),
        cmocka_unit_test_setup(who_waits_is_woken, setup),
        cmocka_unit_test_setup(an_impossible_count_is_an_error, setup),
        cmocka_unit_test_setup(a_length_that_lies_is_cut, setup),
        cmocka_unit_test_setup(wrong_numbers_of_blocks, setup),
    };

    return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
