/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory: what the device tree calls RAM, less what is in use, goes to the frame allocator.
 */
#include "arch.h"
#include "devicetree.h"
#include "frame.h"
#include "kmap.h"

static bool inside_ram(const struct machine *m, paddr_t start, paddr_t end)
{
    for (unsigned i = 0; i < m->ram.count; i++) {
        if (start >= m->ram.range[i].start && end <= m->ram.range[i].end)
            return true;
    }
    return false;
}

/* Keep [start, end) for what is there already. */
static void keep(struct machine *m, const char *what, paddr_t start, paddr_t end)
{
    if (!inside_ram(m, start, end))
        ukern_panic("device tree: the %s, at %lx to %lx, is not in memory", what, start, end);
    if (!range_add(&m->reserved, start, end))
        ukern_panic("device tree: more than %u memory ranges", RANGES_MAX);
}

static void keep_initrd(struct machine *m)
{
    struct range r = m->initrd;

    if (r.start == r.end)
        return;
    if (r.start > r.end || r.end > LINEAR_SIZE || r.start & (PAGE_SIZE - 1))
        ukern_panic("device tree: the initrd, at %lx to %lx, is not a page aligned range", r.start,
                    r.end);
    if (r.start < kmap_image_end() && kmap_image_start() < r.end)
        ukern_panic("device tree: the initrd, at %lx to %lx, lies on the kernel", r.start, r.end);
    keep(m, "initrd", r.start, page_up(r.end));
}

void memory_add(struct machine *m)
{
    paddr_t start, end;

    keep_initrd(m);
    /* Mapping first, since it takes tables from behind the image. */
    for (unsigned i = 0; i < m->ram.count; i++) {
        start = m->ram.range[i].start;
        while ((end = range_free_part(&m->unmapped, &start, m->ram.range[i].end))) {
            if (!kmap_ram(start, end, false))
                ukern_panic("device tree: memory is in too many pieces to be mapped");
            start = end;
        }
    }
    keep(m, "kernel", kmap_image_start(), kmap_image_end());
    if (!range_add(&m->reserved, page_down(m->dtb), page_up(m->dtb + m->dtb_size)))
        ukern_panic("device tree: more than %u memory ranges", RANGES_MAX);
    for (unsigned i = 0; i < m->ram.count; i++) {
        start = m->ram.range[i].start;
        while ((end = range_free_part(&m->reserved, &start, m->ram.range[i].end))) {
            frame_add(start, end);
            start = end;
        }
    }
}
