/* SPDX-License-Identifier: BSD-2-Clause */
#include "pool.h"

#include <stdint.h>
#include <ukern/abi/types.h>
#include <ukern/memory.h>

/* Its header stands at the start of a page, so that a record finds it. */
struct pool_page {
    struct pool_page *next, *prev; /* with room */
    void *free;                    /* records that came back, linked by their first word */
    unsigned used, fresh;          /* fresh: records from here on were never handed out */
};

#define HEADER ((sizeof(struct pool_page) + 15) & ~(size_t)15)

static unsigned capacity(const struct pool *p)
{
    return (unsigned)((UKERN_PAGE_SIZE - HEADER) / p->size);
}

static void insert(struct pool *p, struct pool_page *page)
{
    page->prev = NULL;
    page->next = p->room;
    if (page->next != NULL)
        page->next->prev = page;
    p->room = page;
}

static void withdraw(struct pool *p, struct pool_page *page)
{
    if (page->next != NULL)
        page->next->prev = page->prev;
    if (page->prev != NULL)
        page->prev->next = page->next;
    else
        p->room = page->next;
}

void *pool_take(struct pool *p)
{
    struct pool_page *page = p->room;
    void *record;

    if (page == NULL) {
        if (mem_map(UKERN_PAGE_SIZE, &record) != UKERN_OK)
            return NULL;
        page = record; /* zeroed */
        insert(p, page);
    }
    record = page->free;
    if (record != NULL)
        page->free = *(void **)record;
    else
        record = (char *)page + HEADER + page->fresh++ * p->size;
    if (++page->used == capacity(p))
        withdraw(p, page);
    return record;
}

void pool_give(struct pool *p, void *record)
{
    struct pool_page *page =
        (struct pool_page *)((uintptr_t)record & ~(uintptr_t)(UKERN_PAGE_SIZE - 1));

    if (page->used-- == capacity(p))
        insert(p, page);
    *(void **)record = page->free;
    page->free = record;
    if (page->used == 0 && (page->next != NULL || page->prev != NULL)) {
        withdraw(p, page); /* the last one stays */
        shm_unmap(page);
    }
}
