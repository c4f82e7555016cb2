/* SPDX-License-Identifier: BSD-2-Clause */
#include "copy.h"
#include "measure.h"
#include "operation.h"
#include "task.h"

#define CHECK_STEP (UINT64_C(256) << PAGE_SHIFT) /* bytes whose pages one step checks */
#define COPY_STEP  (UINT64_C(4) << PAGE_SHIFT)   /* bytes that one step copies */

/* Are the caller's pages of [address, address + n) what they must be? */
static bool check(const struct ukern_pending *p, const struct pending_copy *copy, uint64_t from,
                  uint64_t n)
{
    const struct aspace *as = p->caller->aspace;
    uint64_t at = copy->address + from, end = at + n;

    for (; at < end; at = page_down(at) + PAGE_SIZE)
        if (!aspace_user(as, at, copy->direction))
            return false;
    return true;
}

/* Copy n bytes from offset `done` of the copy on. */
static int copy(const struct ukern_pending *p, const struct pending_copy *copy, uint64_t done,
                uint64_t n)
{
    const struct aspace *as = p->caller->aspace;
    uint64_t stop = done + n;

    while (done < stop) {
        uint64_t user = copy->address + done, shared = copy->offset + done;
        uint64_t room = PAGE_SIZE - max_u64(user % PAGE_SIZE, shared % PAGE_SIZE);
        uint64_t piece = min_u64(stop - done, room);
        paddr_t frame = shm_frame(copy->shm, shared >> PAGE_SHIFT);
        char *u = aspace_user(as, user, copy->direction);
        char *s = (char *)arch_phys_to_virt(frame) + shared % PAGE_SIZE;

        if (unlikely(!u))
            return UKERN_EFAULT;
        if (copy->direction == UKERN_OUT)
            memmove(u, s, piece); /* both may be the same shared memory */
        else
            memmove(s, u, piece);
        done += piece;
    }
    return UKERN_OK;
}

bool copy_short(struct ukern_pending *p)
{
    const struct pending_copy *now = &p->copy[0];
    uint64_t in_user = now->address % PAGE_SIZE, in_shm = now->offset % PAGE_SIZE;
    uint64_t n = now->length;
    paddr_t frame;
    char *user, *shared;

    if (in_user + n > PAGE_SIZE || in_shm + n > PAGE_SIZE)
        return false;
    frame = shm_frame(now->shm, now->offset >> PAGE_SHIFT);
    user = arch_aspace_user(&p->caller->aspace->arch, now->address, now->direction);
    if (unlikely(!frame || !user))
        return false;
    shared = (char *)arch_phys_to_virt(frame) + in_shm;
    p->copies = 0;
    p->copy_bytes = 0;
    if (now->direction == UKERN_OUT)
        memmove(user, shared, n); /* both may be the same shared memory */
    else
        memmove(shared, user, n);
    return true;
}

/* All copies at once, if they are small. */
static int copy_small(const struct ukern_pending *p)
{
    int rc = UKERN_OK;

    for (unsigned i = 0; i < p->copies; i++)
        if (!check(p, &p->copy[i], 0, p->copy[i].length))
            return UKERN_EFAULT;
    for (unsigned i = 0; rc == UKERN_OK && i < p->copies; i++)
        rc = copy(p, &p->copy[i], 0, p->copy[i].length);
    return rc;
}

/* One step of the phase. UKERN_OK, or the error that ends the call. */
static int step(struct ukern_pending *p)
{
    const struct pending_copy *now = &p->copy[p->done_copies];
    uint64_t n;
    int rc = UKERN_OK;

    if (p->phase == PENDING_MAP) {
        rc = p->mapping ? aspace_map_step(p->mapping) : 0;
        p->phase += rc == 0;
        return rc < 0 ? rc : UKERN_OK;
    }
    if (p->done_copies == p->copies) {
        p->phase++;
        p->done_copies = 0;
        return UKERN_OK;
    }
    n = min_u64(now->length - p->progress, p->phase == PENDING_CHECK ? CHECK_STEP : COPY_STEP);
    if (now->shm->dead)
        return UKERN_EPROTO;
    if (p->phase == PENDING_CHECK)
        rc = check(p, now, p->progress, n) ? UKERN_OK : UKERN_EFAULT;
    else
        rc = copy(p, now, p->progress, n);
    p->progress += n;
    if (p->progress == now->length) {
        p->progress = 0;
        p->done_copies++;
    }
    return rc;
}

/* The reply will be gone on with later: until then the shms must stay. */
static void keep_shms(struct ukern_pending *p)
{
    for (unsigned i = 0; !p->kept && i < p->copies; i++)
        shm_ref(p->copy[i].shm);
    p->kept = true;
}

int64_t copy_run(struct ukern_pending *p)
{
    int rc;

    if (p->phase == PENDING_CHECK && !p->kept && !p->mapping && p->copy_bytes <= COPY_STEP) {
        p->phase = PENDING_GIVE;
        return copy_small(p);
    }
    if (!p->kept)
        p->progress = p->done_copies = 0;
    while (p->phase < PENDING_GIVE) {
        rc = step(p);
        if (rc)
            return rc;
        if (p->phase < PENDING_GIVE && preemption_point()) {
            keep_shms(p);
            return SYS_AGAIN;
        }
    }
    return UKERN_OK;
}

void copy_drop(struct ukern_pending *p, struct task *by)
{
    if (p->mapping) {
        ASSERT(!by->cleanup_mapping);
        p->mapping->worker = &by->cleanup_mapping;
        by->cleanup_mapping = p->mapping;
        task_mark_unclean(by);
        p->mapping = NULL;
    }
    for (unsigned i = 0; p->kept && i < p->copies; i++)
        cleanup_shm(by, p->copy[i].shm);
    p->kept = false;
    p->copies = 0;
    p->copy_bytes = 0;
    p->gives = 0;
}
