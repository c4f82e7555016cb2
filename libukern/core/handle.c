/* SPDX-License-Identifier: BSD-2-Clause */
#include "handle.h"
#include "frame.h"
#include "irq.h"
#include "slab.h"
#include "task.h"

#define FIRST_SIZE (HANDLE_FIRST * sizeof(struct handle))

_Static_assert(HANDLE_PER_PAGE * sizeof(struct handle) == PAGE_SIZE, "a page of handles");
_Static_assert(HANDLE_PAGES * sizeof(struct handle_page) == PAGE_SIZE, "a directory page");

int handle_table_init(struct handle_table *t, struct account *a)
{
    t->account = a;
    t->first = slab_alloc(a, FIRST_SIZE);
    return t->first ? UKERN_OK : UKERN_ENOMEM;
}

static void *page_new(struct account *a)
{
    paddr_t frame = frame_alloc_zero(a);

    return frame ? arch_phys_to_virt(frame) : NULL;
}

void handle_table_free(struct handle_table *t)
{
    ASSERT(t->used == 0);
    for (unsigned i = 0; t->directory && i < HANDLE_PAGES; i++)
        if (t->directory[i].slots) /* reserved, and never used */
            frame_free(t->account, arch_virt_to_phys(t->directory[i].slots), 0);
    if (t->directory)
        frame_free(t->account, arch_virt_to_phys(t->directory), 0);
    if (t->first)
        slab_free(t->account, t->first, FIRST_SIZE);
    t->directory = NULL;
    t->first = NULL;
}

/* The slot, open or not; NULL: out of range, or its page is not made. */
static struct handle *slot_get(const struct handle_table *t, uint64_t h)
{
    const struct handle_page *page;

    if (h < HANDLE_FIRST)
        return &t->first[h];
    if (h >= HANDLE_MAX || !t->directory)
        return NULL;
    page = &t->directory[(h - HANDLE_FIRST) / HANDLE_PER_PAGE];
    return page->slots ? &page->slots[(h - HANDLE_FIRST) % HANDLE_PER_PAGE] : NULL;
}

struct handle *handle_get(const struct handle_table *t, uint64_t h)
{
    struct handle *e = slot_get(t, h);

    return e && e->type != UKERN_TYPE_NONE ? e : NULL;
}

int handle_find(const struct handle_table *t, uint64_t h, unsigned type, unsigned rights,
                struct handle **out)
{
    struct handle *e = handle_get(t, h);

    if (!e)
        return UKERN_EHANDLE;
    if (e->type != type)
        return UKERN_ETYPE;
    if ((e->rights & rights) != rights)
        return UKERN_ERIGHTS;
    if (type == UKERN_TYPE_SHM) {
        const struct shm *s = e->object;
        if (s->dead || e->badge != s->generation)
            return UKERN_EREVOKED;
    }
    *out = e;
    return UKERN_OK;
}

/* Make the page of slot h. */
static int slot_make(struct handle_table *t, uint32_t h)
{
    struct handle_page *page;

    if (h < HANDLE_FIRST)
        return UKERN_OK;
    if (!t->directory) {
        t->directory = page_new(t->account);
        if (!t->directory)
            return UKERN_ENOMEM;
    }
    page = &t->directory[(h - HANDLE_FIRST) / HANDLE_PER_PAGE];
    if (!page->slots)
        page->slots = page_new(t->account);
    return page->slots ? UKERN_OK : UKERN_ENOMEM;
}

/* The lowest free slot from h on; HANDLE_MAX: none. Skips full pages whole. */
static uint32_t slot_free_from(const struct handle_table *t, uint32_t h)
{
    if (h < HANDLE_FIRST) {
        for (; h < HANDLE_FIRST && t->first_used < HANDLE_FIRST; h++)
            if (t->first[h].type == UKERN_TYPE_NONE)
                return h;
        h = HANDLE_FIRST;
    }
    if (!t->directory)
        return h;
    while (h < HANDLE_MAX) {
        const struct handle_page *page = &t->directory[(h - HANDLE_FIRST) / HANDLE_PER_PAGE];
        uint32_t end = h + HANDLE_PER_PAGE - (h - HANDLE_FIRST) % HANDLE_PER_PAGE;
        if (!page->slots)
            return h;
        for (; h < end && page->used < HANDLE_PER_PAGE; h++)
            if (page->slots[(h - HANDLE_FIRST) % HANDLE_PER_PAGE].type == UKERN_TYPE_NONE)
                return h;
        h = end;
    }
    return HANDLE_MAX;
}

int handle_reserve(struct handle_table *t, int64_t slot, unsigned count, uint32_t *out)
{
    uint32_t from = 0;

    if (slot != UKERN_ANY_SLOT) {
        if (slot < 0 || slot >= HANDLE_MAX)
            return UKERN_EINVAL;
        *out = (uint32_t)slot;
        return slot_make(t, *out);
    }
    for (unsigned i = 0; i < count; i++) {
        out[i] = slot_free_from(t, from);
        if (out[i] >= HANDLE_MAX || slot_make(t, out[i]) != UKERN_OK)
            return UKERN_ENOMEM;
        from = out[i] + 1;
    }
    return UKERN_OK;
}

void handle_open(struct handle_table *t, uint32_t slot, const struct handle *h)
{
    struct handle *e = slot_get(t, slot);

    ASSERT(e && e->type == UKERN_TYPE_NONE && h->type != UKERN_TYPE_NONE);
    *e = *h;
    e->port_rights = h->type == UKERN_TYPE_PORT ? (uint8_t)h->rights : 0;
    t->used++;
    if (slot < HANDLE_FIRST)
        t->first_used++;
    else
        t->directory[(slot - HANDLE_FIRST) / HANDLE_PER_PAGE].used++;
}

struct handle handle_take(struct handle_table *t, uint32_t slot)
{
    struct handle *e = slot_get(t, slot), taken;

    ASSERT(e && e->type != UKERN_TYPE_NONE);
    taken = *e;
    *e = (struct handle){0};
    t->used--;
    if (slot < HANDLE_FIRST) {
        t->first_used--;
    } else {
        struct handle_page *page = &t->directory[(slot - HANDLE_FIRST) / HANDLE_PER_PAGE];
        if (--page->used == 0) { /* an empty page goes back at once */
            frame_free(t->account, arch_virt_to_phys(page->slots), 0);
            page->slots = NULL;
        }
    }
    return taken;
}

int32_t handle_next(const struct handle_table *t, uint32_t from, uint32_t *next)
{
    uint32_t h = from;

    while (h < HANDLE_MAX && h < from + HANDLE_PER_PAGE) {
        const struct handle *e = slot_get(t, h);
        if (!e) { /* no page: on to the next one */
            h += HANDLE_PER_PAGE - (h - HANDLE_FIRST) % HANDLE_PER_PAGE;
            continue;
        }
        if (e->type != UKERN_TYPE_NONE) {
            *next = h + 1;
            return (int32_t)h;
        }
        h++;
    }
    *next = h;
    return -1;
}

void handle_ref(const struct handle *h)
{
    switch (h->type) {
    case UKERN_TYPE_PORT: {
        struct port *p = h->object;
        port_ref(p);
        if (h->client)
            h->client->refs++;
        if (h->rights & UKERN_R_RECV)
            port_receiver_added(p);
        break;
    }
    case UKERN_TYPE_SHM:
        shm_ref(h->object);
        break;
    case UKERN_TYPE_TASK:
        task_ref(h->object);
        break;
    case UKERN_TYPE_IRQ:
        ((struct irq *)h->object)->refs++;
        break;
    default:
        break;
    }
}

void handle_drop(struct task *by, const struct handle *h)
{
    switch (h->type) {
    case UKERN_TYPE_PORT: {
        struct port *p = h->object;
        if (h->rights & UKERN_R_RECV)
            port_receiver_gone(p, by);
        if (h->client)
            client_put(h->client);
        port_put(p);
        break;
    }
    case UKERN_TYPE_SHM:
        cleanup_shm(by, h->object);
        break;
    case UKERN_TYPE_TASK:
        task_put(h->object);
        break;
    case UKERN_TYPE_IRQ:
        irq_put(h->object);
        break;
    default:
        break;
    }
}
