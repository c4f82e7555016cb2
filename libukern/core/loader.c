/* SPDX-License-Identifier: BSD-2-Clause */
#include "spawn.h"

#define COPY_STEP (UINT64_C(4) << PAGE_SHIFT) /* bytes copied in one step */

int loader_start(struct loader *l, struct task *child, struct shm *image, uint64_t offset,
                 uint64_t size, uint64_t stack, const char **why)
{
    int rc = elf_check(image, offset, size, &l->plan, why);

    if (rc)
        return rc;
    l->child = child;
    l->image = image;
    l->offset = offset;
    l->stack = stack;
    l->phase = SPAWN_SEGMENT;
    return UKERN_OK;
}

static bool is_stack(const struct loader *l)
{
    return l->segment == l->plan.count;
}

/* Where the region starts and how large it is, in whole pages. */
static uint64_t region_start(const struct loader *l)
{
    return is_stack(l) ? STACK_TOP - l->stack : page_down(l->plan.segment[l->segment].address);
}

static uint64_t region_pages(const struct loader *l)
{
    const struct elf_segment *s = &l->plan.segment[l->segment];

    return is_stack(l) ? l->stack >> PAGE_SHIFT
                       : page_up(s->address % PAGE_SIZE + s->memory_size) >> PAGE_SHIFT;
}

/* What was written as data will be fetched as instructions. */
static void sync_code(const struct loader *l, uint64_t from, uint64_t to)
{
    if (!(l->plan.segment[l->segment].prot & UKERN_PROT_EXEC))
        return;
    for (uint64_t at = from; at < to; at = page_down(at) + PAGE_SIZE)
        arch_code_sync((char *)arch_phys_to_virt(shm_frame(l->shm, at >> PAGE_SHIFT)) +
                           at % PAGE_SIZE,
                       min_u64(to - at, PAGE_SIZE - at % PAGE_SIZE));
}

static int copy_step(struct loader *l)
{
    const struct elf_segment *s = &l->plan.segment[l->segment];
    uint64_t n = is_stack(l) ? 0 : min_u64(s->file_size - l->copied, COPY_STEP);

    if (n) {
        uint64_t to = s->address % PAGE_SIZE + l->copied;
        int rc = shm_copy(l->image, l->offset + s->offset + l->copied, l->shm, to, n);
        if (rc)
            return rc;
        sync_code(l, to, to + n);
    }
    l->copied += n;
    return !is_stack(l) && l->copied < s->file_size;
}

static int make_region(struct loader *l)
{
    uint64_t pages = region_pages(l);

    l->shm = shm_new(l->child->account, pages);
    l->copied = 0;
    l->phase = SPAWN_FILL;
    return l->shm ? 1 : UKERN_ENOMEM;
}

static int map_region(struct loader *l)
{
    unsigned prot =
        is_stack(l) ? UKERN_PROT_READ | UKERN_PROT_WRITE : l->plan.segment[l->segment].prot;
    int rc =
        aspace_map(l->child->aspace, l->shm, region_start(l), 0, l->shm->pages, prot, &l->mapping);

    l->phase = SPAWN_MAP;
    return rc ? rc : 1;
}

/* The region is mapped: the mapping keeps its memory. The stack's is kept for the arguments. */
static int end_region(struct loader *l)
{
    l->mapping = NULL;
    if (is_stack(l)) {
        l->stack_shm = l->shm;
        l->shm = NULL;
        l->phase = SPAWN_DONE;
        return 0;
    }
    shm_put(l->shm);
    l->shm = NULL;
    l->segment++;
    l->phase = SPAWN_SEGMENT;
    return 1;
}

int loader_step(struct loader *l)
{
    int rc;

    switch (l->phase) {
    case SPAWN_SEGMENT:
        return make_region(l);
    case SPAWN_FILL:
        rc = shm_fill(l->shm);
        if (rc == 0)
            l->phase = SPAWN_COPY;
        return rc < 0 ? rc : 1;
    case SPAWN_COPY:
        rc = copy_step(l);
        return rc ? rc : map_region(l);
    case SPAWN_MAP:
        rc = aspace_map_step(l->mapping);
        return rc ? rc : end_region(l);
    default:
        return 0;
    }
}

void *loader_stack(const struct loader *l, uint64_t at)
{
    uint64_t offset = at - (STACK_TOP - l->stack);

    return (char *)arch_phys_to_virt(shm_frame(l->stack_shm, offset >> PAGE_SHIFT)) +
           offset % PAGE_SIZE;
}

void loader_end(struct loader *l, struct task *by)
{
    if (l->shm)
        cleanup_shm(by, l->shm);
    if (l->stack_shm)
        cleanup_shm(by, l->stack_shm);
    l->shm = l->stack_shm = NULL;
}
