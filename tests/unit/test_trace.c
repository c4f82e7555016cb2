/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring of a trace. */
#include "trace.h"
#include <stdlib.h>
#include <string.h>
#include "task.h"
#include "unit.h"

#define RECORDS 5
#define WHERE   UINT64_C(0x12345000)

static struct task someone = {.token = 7 | 9 * TOKEN_ONE, .name = "someone"};

/* A ring for so many records. What comes behind it is the address sanitizer's. */
static struct trace_ring *ring_new(uint64_t records)
{
    uint64_t size = sizeof(struct trace_ring) + records * sizeof(struct trace_record);
    struct trace_ring *ring = malloc(size);

    memset(ring, 0xa5, size); /* memory is not zero by itself */
    trace_into(ring, size, WHERE);
    return ring;
}

static void ring_free(struct trace_ring *ring)
{
    trace_into(NULL, 0, 0);
    free(ring);
}

static void note(uint64_t n)
{
    sim_time = 1000 + n;
    trace_write(TRACE_notify, (unsigned)n, &someone,
                (const uint64_t[TRACE_WORDS]){n, 0, 0, 0, 0, ~n});
}

static void test_header(void **state)
{
    (void)state;
    struct trace_ring *ring = ring_new(RECORDS);
    assert_memory_equal(ring->magic, TRACE_MAGIC, sizeof ring->magic);
    assert_int_equal(ring->version, TRACE_VERSION);
    assert_int_equal(ring->header_size, sizeof *ring);
    assert_int_equal(ring->record_size, 64);
    assert_int_equal(ring->capacity, RECORDS);
    assert_int_equal(ring->where, WHERE);
    assert_int_equal(ring->ns, UINT64_C(1) << 32); /* the simulated clock counts nanoseconds */
    assert_int_equal(ring->written, 0);
    assert_int_equal(ring->task_name[TRACE_TASKS - 1][UKERN_NAME_MAX - 1], 0);
    ring_free(ring);
}

static void test_records(void **state)
{
    (void)state;
    struct trace_ring *ring = ring_new(RECORDS);
    note(3);
    trace_write(TRACE_interrupt, 0x1ffff, NULL, (const uint64_t[TRACE_WORDS]){4});
    assert_int_equal(ring->written, 2);
    assert_int_equal(ring->record[0].time, 1003);
    assert_int_equal(ring->record[0].task, 7);
    assert_int_equal(ring->record[0].detail, 3);
    assert_int_equal(ring->record[0].event, TRACE_notify);
    assert_int_equal(ring->record[0].cpu, 0);
    assert_int_equal(ring->record[0].word[0], 3);
    assert_int_equal(ring->record[0].word[4], 0);
    assert_int_equal(ring->record[0].word[5], ~UINT64_C(3));
    assert_int_equal(ring->record[1].task, 0);
    assert_int_equal(ring->record[1].detail, 0xffff);
    ring_free(ring);
}

static void test_wrap(void **state)
{
    (void)state;
    struct trace_ring *ring = ring_new(RECORDS);
    const uint64_t many = 3 * RECORDS + 2;
    for (uint64_t n = 0; n < many; n++) {
        note(n);
        assert_int_equal(ring->written, n + 1);
    }
    for (uint64_t n = many - RECORDS; n < many;
         n++) { /* the last ones are there, each in its place */
        assert_int_equal(ring->record[n % RECORDS].word[0], n);
        assert_int_equal(ring->record[n % RECORDS].time, 1000 + n);
    }
    ring_free(ring);
}

static void test_small(void **state)
{
    (void)state;
    struct trace_ring *ring = ring_new(1);
    note(1);
    note(2);
    assert_int_equal(ring->written, 2);
    assert_int_equal(ring->record[0].word[0], 2);
    /* No room for a single record: nothing is recorded, and nothing is touched. */
    memset(ring, 0xa5, sizeof *ring);
    trace_into(ring, sizeof *ring + sizeof(struct trace_record) - 1, WHERE);
    note(3);
    trace_call_name(UKERN_SYS_EXT_FIRST, "call");
    trace_named(TRACE_spawn, 0, &someone, 1);
    for (size_t i = 0; i < sizeof *ring; i++)
        assert_int_equal(((unsigned char *)ring)[i], 0xa5);
    ring_free(ring);
}

static void test_names(void **state)
{
    (void)state;
    struct trace_ring *ring = ring_new(RECORDS);
    struct task other = {.token = TRACE_TASKS, .name = "beyond the table"};
    char name[2 * UKERN_NAME_MAX];

    trace_named(TRACE_spawn, 0, &someone, 1);
    assert_string_equal(ring->task_name[7], "someone");
    assert_int_equal(ring->record[0].word[0], 1);
    assert_string_equal((const char *)&ring->record[0].word[1], "someone");
    trace_named(TRACE_exit, 2, &other, 1); /* has its name in the record */
    assert_string_equal((const char *)&ring->record[1].word[1], "beyond the table");

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    trace_call_name(UKERN_SYS_EXT_FIRST - 1, name);
    trace_call_name(UKERN_SYS_EXT_END, name);
    trace_call_name(UKERN_SYS_EXT_FIRST + 1, "read");
    trace_call_name(UKERN_SYS_EXT_END - 1, name);
    assert_string_equal(ring->call_name[0], "");
    assert_string_equal(ring->call_name[1], "read");
    assert_int_equal(strlen(ring->call_name[UKERN_SYS_EXT_END - UKERN_SYS_EXT_FIRST - 1]),
                     UKERN_NAME_MAX - 1);
    ring_free(ring);
}

static void test_boot(void **state)
{
    (void)state;
    uint64_t before = frame_free_count(), taken;
    trace_boot();
    taken = before - frame_free_count();
    assert_in_range(taken, frame_total_count() / 64, frame_total_count() / 32);
    note(1);
    /* It is where it says, and whole. */
    paddr_t at = SIM_RAM_BASE;
    while (memcmp(arch_phys_to_virt(at), TRACE_MAGIC, 16) != 0)
        at += PAGE_SIZE;
    const struct trace_ring *ring = arch_phys_to_virt(at);
    assert_int_equal(ring->where, at);
    assert_int_equal(ring->written, 1);
    assert_in_range(ring->header_size + (uint64_t)ring->capacity * ring->record_size,
                    taken * PAGE_SIZE - ring->record_size, taken * PAGE_SIZE);
    trace_into(NULL, 0, 0);
    note(2);
    assert_int_equal(ring->written, 1);
    frame_give(at, (unsigned)__builtin_ctzll(taken));

    frame_fail_after = 1; /* no memory: no trace, and no harm */
    trace_boot();
    note(3);
    assert_int_equal(frame_free_count(), before);
}

static const struct CMUnitTest tests[] = {UNIT(test_header), UNIT(test_records), UNIT(test_wrap),
                                          UNIT(test_small),  UNIT(test_names),   UNIT(test_boot)};

UNIT_MAIN(tests)
