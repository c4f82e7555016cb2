/* SPDX-License-Identifier: BSD-2-Clause */
#include "asid.h"

void asid_init(struct asid_pool *p, unsigned bits)
{
    p->generation = 1;
    p->next = 1;
    p->limit = 1u << bits;
}
