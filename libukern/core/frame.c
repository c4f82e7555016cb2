/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buddy allocator. Free blocks of each order stand in a list whose links lie in the blocks
 * themselves. One bit per pair of buddies says whether exactly one of them is free as a whole; it
 * is toggled whenever one of the two enters or leaves the list, which tells a block that is freed
 * whether its buddy is free. A buddy outside the range, or inside its bitmap, is never free, so the
 * pair never merges.
 */
#include "frame.h"
#include "arch.h"

struct block {
    struct block *next, *prev;
};

/* One RAM range; lies at the range's own start, followed by its bits. */
struct range {
    struct range *next;
    paddr_t start, end;             /* what may be handed out */
    uint64_t base[FRAME_ORDER_MAX]; /* bit number of pair 0 of each order */
    uint64_t bits[];
};

uint64_t frame_fail_after;

static struct range *ranges;
static struct block *free_blocks[FRAME_ORDER_MAX + 1];
static uint32_t free_orders; /* bit k: free_blocks[k] is not empty */
static uint64_t frames_free, frames_total;

static uint64_t block_size(unsigned order)
{
    return PAGE_SIZE << order;
}

static uint64_t pair_number(paddr_t frame, unsigned order)
{
    return frame >> (PAGE_SHIFT + 1 + order);
}

static struct range *range_of(paddr_t frame)
{
    for (struct range *r = ranges; r; r = r->next)
        if (frame >= r->start && frame < r->end)
            return r;
    return NULL;
}

/* Returns the new value: is exactly one of the pair free now? */
static bool pair_toggle(struct range *r, paddr_t frame, unsigned order)
{
    uint64_t bit = r->base[order] + pair_number(frame, order);
    uint64_t mask = UINT64_C(1) << (bit & 63);
    return ((r->bits[bit >> 6] ^= mask) & mask) != 0;
}

static void block_insert(paddr_t frame, unsigned order)
{
    struct block *b = arch_phys_to_virt(frame);
    b->prev = NULL;
    b->next = free_blocks[order];
    if (b->next)
        b->next->prev = b;
    free_blocks[order] = b;
    free_orders |= UINT32_C(1) << order;
}

static void block_remove(struct block *b, unsigned order)
{
    if (b->next)
        b->next->prev = b->prev;
    if (b->prev)
        b->prev->next = b->next;
    else if (!(free_blocks[order] = b->next))
        free_orders &= ~(UINT32_C(1) << order);
}

void frame_add(paddr_t start, paddr_t end)
{
    ASSERT(((start | end) & (PAGE_SIZE - 1)) == 0 && start <= end);
    if (start == end)
        return;
    uint64_t base[FRAME_ORDER_MAX], bits = 0;
    for (unsigned k = 0; k < FRAME_ORDER_MAX; k++) {
        base[k] = bits - pair_number(start, k);
        bits += pair_number(end - 1, k) - pair_number(start, k) + 1;
    }
    uint64_t words = (bits + 63) / 64;
    uint64_t own = page_up(sizeof(struct range) + words * sizeof(uint64_t));
    if (end - start <= own)
        return; /* too small to hold anything beside its own bitmap */

    struct range *r = arch_phys_to_virt(start);
    memset(r->bits, 0, words * sizeof(uint64_t));
    memcpy(r->base, base, sizeof(base));
    r->start = start + own;
    r->end = end;
    r->next = ranges;
    ranges = r;
    uint64_t frames = (end - r->start) >> PAGE_SHIFT;
    frames_total += frames;
    account_root.limit += frames << PAGE_SHIFT;
    for (paddr_t at = r->start; at < end;) {
        unsigned order = 0;
        while (order < FRAME_ORDER_MAX && !(at & block_size(order)) &&
               block_size(order + 1) <= end - at)
            order++;
        frame_give(at, order);
        at += block_size(order);
    }
}

paddr_t frame_take(unsigned order)
{
    if (unlikely(frame_fail_after) && --frame_fail_after == 0)
        return 0;
    if (order > FRAME_ORDER_MAX || !(free_orders >> order))
        return 0;
    unsigned k = order + (unsigned)__builtin_ctz(free_orders >> order);
    struct block *b = free_blocks[k];
    paddr_t frame = arch_virt_to_phys(b);
    struct range *r = range_of(frame);
    block_remove(b, k);
    if (k < FRAME_ORDER_MAX)
        pair_toggle(r, frame, k);
    while (k > order) { /* keep the lower half, free the upper one */
        k--;
        block_insert(frame + block_size(k), k);
        pair_toggle(r, frame, k);
    }
    frames_free -= UINT64_C(1) << order;
    return frame;
}

void frame_give(paddr_t frame, unsigned order)
{
    struct range *r = range_of(frame);
    ASSERT(r && order <= FRAME_ORDER_MAX && (frame & (block_size(order) - 1)) == 0);
    ASSERT(block_size(order) <= r->end - frame);
    frames_free += UINT64_C(1) << order;
    while (order < FRAME_ORDER_MAX && !pair_toggle(r, frame, order)) {
        block_remove(arch_phys_to_virt(frame ^ block_size(order)), order);
        frame &= ~block_size(order);
        order++;
    }
    block_insert(frame, order);
}

paddr_t frame_alloc(struct account *a, unsigned order)
{
    if (order > FRAME_ORDER_MAX || !account_charge(a, block_size(order)))
        return 0;
    paddr_t frame = frame_take(order);
    if (unlikely(!frame))
        account_uncharge(a, block_size(order));
    return frame;
}

paddr_t frame_alloc_zero(struct account *a)
{
    paddr_t frame = frame_alloc(a, 0);
    if (likely(frame))
        arch_page_zero(arch_phys_to_virt(frame));
    return frame;
}

void frame_free(struct account *a, paddr_t frame, unsigned order)
{
    frame_give(frame, order);
    account_uncharge(a, block_size(order));
}

uint64_t frame_free_count(void)
{
    return frames_free;
}

uint64_t frame_total_count(void)
{
    return frames_total;
}
