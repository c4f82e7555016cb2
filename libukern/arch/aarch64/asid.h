/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Address space identifiers (portable logic). Within a generation each ASID is given out once;
 *  when they run out the whole TLB is flushed and a new generation begins, in which every address
 *  space needs a new one. ASID 0 is the empty address space's.
 */
#ifndef ARCH_AARCH64_ASID_H
#define ARCH_AARCH64_ASID_H

#include <stdbool.h>
#include <stdint.h>

struct asid_pool {
    uint64_t generation; /* from 1: an address space with generation 0 has no ASID */
    uint32_t next, limit;
};

void asid_init(struct asid_pool *p, unsigned bits);
/* An ASID of p->generation. *flush: the generation is new, and the TLB must be flushed before the
 * ASID is used. */
static inline uint32_t asid_take(struct asid_pool *p, bool *flush)
{
    *flush = p->next == p->limit;
    if (*flush) {
        p->generation++;
        p->next = 1;
    }
    return p->next++;
}

#endif
