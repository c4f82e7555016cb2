/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sorted lists of physical ranges.
 */
#include "devicetree.h"

bool range_add(struct range_list *l, paddr_t start, paddr_t end)
{
    unsigned i = 0, last;

    if (start >= end)
        return true;
    while (i < l->count && l->range[i].end < start)
        i++;
    for (last = i; last < l->count && l->range[last].start <= end; last++) {
        start = min_u64(start, l->range[last].start);
        end = max_u64(end, l->range[last].end);
    }
    /* Ranges i to last - 1 become one. */
    if (last == i && l->count == RANGES_MAX)
        return false;
    memmove(&l->range[i + 1], &l->range[last], (l->count - last) * sizeof(l->range[0]));
    l->range[i] = (struct range){start, end};
    l->count += 1 + i - last;
    return true;
}

bool range_overlaps(const struct range_list *l, paddr_t start, paddr_t end)
{
    for (unsigned i = 0; i < l->count; i++) {
        if (start < l->range[i].end && l->range[i].start < end)
            return true;
    }
    return false;
}

paddr_t range_free_part(const struct range_list *l, paddr_t *start, paddr_t end)
{
    for (unsigned i = 0; i < l->count; i++) {
        const struct range *r = &l->range[i];
        if (r->end <= *start)
            continue;
        if (r->start > *start)
            end = min_u64(end, r->start);
        if (r->start > *start || *start >= end)
            break;
        *start = r->end;
    }
    return *start < end ? end : 0;
}
