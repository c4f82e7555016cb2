/* SPDX-License-Identifier: BSD-2-Clause */
#include "measure.h"

#ifdef UKERN_MEASURE

/* A stretch: in which system call, and the code before and behind it. */
struct stretch {
    uint64_t number, length;
    const void *from, *to;
};

static struct stretch longest;
static uint64_t current_number, start;
static const void *start_place;

void measure_entry(uint64_t number)
{
    current_number = number;
    start_place = __builtin_return_address(0);
    start = arch_timer_now();
}

void measure_point(void)
{
    const void *here = __builtin_return_address(0);
    uint64_t length = arch_timer_now() - start;

    if (start && length > longest.length)
        longest = (struct stretch){current_number, length, start_place, here};
    start_place = here;
    start = arch_timer_now();
}

uint64_t measure_longest(void)
{
    uint64_t length = longest.length;

    ukern_log("longest without interrupts: %lu ns, call %lu, from %p to %p\n",
              (unsigned long)length, (unsigned long)longest.number, longest.from, longest.to);
    longest = (struct stretch){0};
    return length;
}

#endif
