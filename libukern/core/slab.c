/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A slab is one block of frames, naturally aligned, with its header at the start; an object finds
 * its slab by masking its address. Slabs with room stand in their class's list; a full one stands
 * in none.
 */
#include "slab.h"
#include "frame.h"
#include "arch.h"

#define SLAB_HEADER 64 /* objects of 64 n bytes stay aligned to cache lines */

struct slab {
    struct slab *next, *prev;
    void *free;     /* objects that came back, linked by their first word */
    uint32_t used;  /* objects handed out */
    uint32_t fresh; /* objects from here on were never handed out: a new slab costs no loop */
};

_Static_assert(sizeof(struct slab) <= SLAB_HEADER, "header");

struct slab_class {
    uint16_t size;
    uint8_t order; /* of the slab: 2048 would leave half a frame unused */
    struct slab *partial;
};

static struct slab_class classes[] = {
    {32, 0, NULL},  {64, 0, NULL},   {96, 0, NULL},   {128, 0, NULL},
    {192, 0, NULL}, {256, 0, NULL},  {384, 0, NULL},  {512, 0, NULL},
    {768, 0, NULL}, {1024, 0, NULL}, {1344, 0, NULL}, {2048, 2, NULL},
};

static uint64_t objects;

static struct slab_class *class_of(size_t size)
{
    ASSERT(size <= SLAB_MAX);
    struct slab_class *c = classes;
    while (c->size < size)
        c++;
    return c;
}

static uint32_t capacity(const struct slab_class *c)
{
    return (uint32_t)(((PAGE_SIZE << c->order) - SLAB_HEADER) / c->size);
}

static void partial_insert(struct slab_class *c, struct slab *s)
{
    s->prev = NULL;
    s->next = c->partial;
    if (s->next)
        s->next->prev = s;
    c->partial = s;
}

static void partial_remove(struct slab_class *c, struct slab *s)
{
    if (s->next)
        s->next->prev = s->prev;
    if (s->prev)
        s->prev->next = s->next;
    else
        c->partial = s->next;
}

static struct slab *slab_grow(struct slab_class *c)
{
    paddr_t frame = frame_take(c->order);
    if (!frame)
        return NULL;
    struct slab *s = arch_phys_to_virt(frame);
    memset(s, 0, sizeof(*s));
    partial_insert(c, s);
    return s;
}

void *slab_alloc(struct account *a, size_t size)
{
    struct slab_class *c = class_of(size);
    if (!account_charge(a, c->size))
        return NULL;
    struct slab *s = c->partial;
    if (!s && !(s = slab_grow(c))) {
        account_uncharge(a, c->size);
        return NULL;
    }
    void *p = s->free;
    if (p)
        memcpy(&s->free, p, sizeof(s->free));
    else
        p = (char *)s + SLAB_HEADER + (size_t)s->fresh++ * c->size;
    if (++s->used == capacity(c))
        partial_remove(c, s);
    objects++;
    return memset(p, 0, c->size);
}

void slab_release(void *p, size_t size)
{
    struct slab_class *c = class_of(size);
    uintptr_t offset = (uintptr_t)p & ((PAGE_SIZE << c->order) - 1);
    struct slab *s = (struct slab *)((char *)p - offset);
    ASSERT(offset >= SLAB_HEADER && (offset - SLAB_HEADER) % c->size == 0);
    ASSERT((offset - SLAB_HEADER) / c->size < s->fresh && s->used > 0 && p != s->free);
    if (s->used-- == capacity(c))
        partial_insert(c, s);
    objects--;
    if (s->used == 0) {
        partial_remove(c, s);
        frame_give(arch_virt_to_phys(s), c->order);
        return;
    }
    memcpy(p, &s->free, sizeof(s->free));
    s->free = p;
}

void slab_free(struct account *a, void *p, size_t size)
{
    if (!p)
        return;
    slab_release(p, size);
    account_uncharge(a, class_of(size)->size);
}

uint64_t slab_class_size(size_t size)
{
    return class_of(size)->size;
}

uint64_t slab_count(void)
{
    return objects;
}
