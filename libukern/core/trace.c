/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring. It is written with interrupts masked and by one CPU; `written` grows last, so that
 * whoever looks from outside, at any time, finds whole records below it. Nothing here is linked
 * unless the hooks are (UKERN_TRACE).
 */
#include "trace.h"
#include "frame.h"
#include "task.h"

#define RING_ORDER 14 /* at most 2^14 frames, 64 MiB: a million records */
#define RING_SHARE 32 /* and no more than one part in 32 of memory */

static struct trace_ring *ring;

_Static_assert(sizeof(struct trace_record) == 64, "tools/trace knows the records");
_Static_assert(offsetof(struct trace_ring, task_name) == 64, "tools/trace knows the header");

void trace_into(void *area, uint64_t size, paddr_t where)
{
    ring = NULL;
    if (!area || size < sizeof *ring + sizeof(struct trace_record))
        return;
    ring = area;
    memset(ring, 0, sizeof *ring);
    ring->version = TRACE_VERSION;
    ring->header_size = sizeof *ring;
    ring->record_size = sizeof(struct trace_record);
    ring->capacity =
        (uint32_t)min_u64(UINT32_MAX, (size - sizeof *ring) / sizeof(struct trace_record));
    ring->where = where;
    ring->ns = arch_cycles_to_ns(UINT64_C(1) << 32);
    ring->tasks = TRACE_TASKS;
    ring->calls = UKERN_SYS_EXT_END - UKERN_SYS_EXT_FIRST;
    memcpy(ring->magic, TRACE_MAGIC, sizeof ring->magic);
}

void trace_boot(void)
{
    unsigned order = RING_ORDER;
    paddr_t area;

    while (order && (UINT64_C(1) << order) > frame_total_count() / RING_SHARE)
        order--;
    area = frame_take(order);
    if (area)
        trace_into(arch_phys_to_virt(area), PAGE_SIZE << order, area);
}

void trace_write(enum trace_event event, unsigned detail, const struct task *t,
                 const uint64_t word[TRACE_WORDS])
{
    struct trace_record *r;

    if (!ring)
        return;
    r = &ring->record[ring->written % ring->capacity];
    r->time = arch_cycles();
    r->task = t ? (uint32_t)task_id(t) : 0;
    r->detail = (uint16_t)detail;
    r->event = (uint8_t)event;
    r->cpu = 0;
    __builtin_memcpy(r->word, word, sizeof r->word); /* a few loads and stores, no call */
    __atomic_store_n(&ring->written, ring->written + 1, __ATOMIC_RELEASE);
}

void trace_named(enum trace_event event, unsigned detail, const struct task *t, uint64_t word)
{
    uint64_t words[TRACE_WORDS] = {word};

    memcpy(&words[1], t->name, sizeof t->name);
    trace_write(event, detail, t, words);
    if (ring && task_id(t) < TRACE_TASKS)
        memcpy(ring->task_name[task_id(t)], t->name, sizeof t->name);
}

void trace_call_name(uint32_t number, const char *name)
{
    char *to;

    if (!ring || number < UKERN_SYS_EXT_FIRST || number >= UKERN_SYS_EXT_END)
        return;
    to = ring->call_name[number - UKERN_SYS_EXT_FIRST];
    for (unsigned i = 0; i < UKERN_NAME_MAX - 1 && name[i]; i++)
        to[i] = name[i];
}
