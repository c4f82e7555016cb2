/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls about memory. All work that grows with a size is an operation in bounded steps.
 */
#include "board.h"
#include "slab.h"
#include "syscall.h"

/* The progress of making, mapping and unmapping. */
struct memory_operation {
    struct operation operation;
    struct shm *shm;         /* holds a reference, or NULL */
    struct mapping *mapping; /* being filled or removed, or NULL; see mapping.worker */
    bool map_it;             /* mem_map: map it when it is filled, and keep no handle */
    int failed;              /* why the mapping is being undone, or 0 */
    bool destroy;            /* shm_destroy, not shm_revoke */
    uint64_t hint;
    struct aspace *aspace;  /* revoke: the caller's own, which is spared */
    struct mapping *spared; /* revoke: none before this one has to go; see mapping.worker */
};

#define SPARED_MAX 64 /* mappings that one step may pass over */

/* Remember up to where the shm's mappings have been passed over; NULL: forget. */
static void set_spared(struct memory_operation *m, struct mapping *mapping)
{
    if (m->spared)
        m->spared->worker = NULL;
    m->spared = mapping;
    if (mapping)
        mapping->worker = &m->spared;
}

static bool abandon(struct task *t, struct operation *o)
{
    struct memory_operation *m = (struct memory_operation *)o;

    set_spared(m, NULL);
    if (m->mapping) {
        struct shm *orphan = NULL;
        if (aspace_revoke_step(m->mapping, &orphan))
            return true;
        m->mapping = NULL;
        if (orphan)
            cleanup_orphan(t, orphan);
    }
    if (m->shm)
        cleanup_shm(t, m->shm);
    m->shm = NULL;
    return false;
}

/* A step of taking memory from m->mapping: SYS_AGAIN or `status` when it is done. */
static int64_t unmap_step(struct task *t, struct memory_operation *m, int64_t status)
{
    struct shm *orphan = NULL;

    if (m->mapping && aspace_revoke_step(m->mapping, &orphan))
        return SYS_AGAIN;
    m->mapping = NULL;
    if (orphan)
        cleanup_orphan(t, orphan);
    return status;
}

static void work_on(struct memory_operation *m, struct mapping *mapping)
{
    if (mapping->worker)
        *mapping->worker = NULL;
    m->mapping = mapping;
    mapping->worker = &m->mapping;
}

/* ---- Making ---- */

static int64_t open_shm(struct task *t, struct shm *s, unsigned rights)
{
    uint32_t slot;
    int rc = handle_reserve(&t->handles, UKERN_ANY_SLOT, 1, &slot);

    if (rc) {
        cleanup_shm(t, s);
        return rc;
    }
    handle_open(&t->handles, slot,
                &(struct handle){.object = s,
                                 .type = UKERN_TYPE_SHM,
                                 .rights = (uint16_t)rights,
                                 .badge = s->generation});
    return slot;
}

static int64_t map_step(struct task *t, struct operation *o, struct ukern_sysregs *r)
{
    struct memory_operation *m = (struct memory_operation *)o;
    int rc;

    (void)r;
    if (m->failed)
        return unmap_step(t, m, m->failed);
    if (!m->mapping)
        return UKERN_EREVOKED; /* taken away while it was made */
    rc = aspace_map_step(m->mapping);
    if (rc < 0)
        m->failed = rc;
    if (rc)
        return SYS_AGAIN;
    m->mapping->worker = NULL;
    return (int64_t)m->mapping->node.key;
}

static int64_t fill_step(struct task *t, struct operation *o, struct ukern_sysregs *r)
{
    struct memory_operation *m = (struct memory_operation *)o;
    struct mapping *mapping;
    struct shm *s = m->shm;
    int rc;

    if (!s)
        return map_step(t, o, r);
    rc = shm_fill(s);
    if (rc == 1)
        return SYS_AGAIN;
    m->shm = NULL;
    if (rc == UKERN_OK && !m->map_it)
        return open_shm(t, s, UKERN_R_TRANSFER | UKERN_R_READ | UKERN_R_WRITE | UKERN_R_MANAGE);
    if (rc == UKERN_OK)
        rc = aspace_map(t->aspace, s, m->hint, 0, s->pages, UKERN_PROT_READ | UKERN_PROT_WRITE,
                        &mapping);
    cleanup_shm(t, s); /* the mapping has its own reference */
    if (rc)
        return rc;
    work_on(m, mapping);
    return SYS_AGAIN;
}

static int64_t start_filling(struct task *t, struct ukern_sysregs *r, struct shm *s, bool map_it,
                             uint64_t hint)
{
    struct memory_operation *m;

    if (!s)
        return UKERN_ENOMEM;
    m = operation_new(t, sizeof *m, fill_step, abandon);
    if (!m) {
        cleanup_shm(t, s);
        return UKERN_ENOMEM;
    }
    m->shm = s;
    m->map_it = map_it;
    m->hint = hint;
    return operation_run(t, r);
}

/* A size in bytes as pages; 0: not a size. */
static uint64_t size_pages(uint64_t size)
{
    return size && size <= SHM_PAGES_MAX << PAGE_SHIFT ? page_up(size) >> PAGE_SHIFT : 0;
}

int64_t sys_shm_create(struct task *t, struct ukern_sysregs *r)
{
    uint64_t pages = size_pages(r->x[0]);
    struct handle *h;
    int rc;

    if (t->operation)
        return operation_run(t, r);
    if (!r->x[0])
        return UKERN_EINVAL;
    if (!pages)
        return UKERN_EOVERFLOW;
    if (r->x[1] == UKERN_SHM_NORMAL)
        return start_filling(t, r, shm_new(t->account, pages), false, 0);
    if (r->x[1] != UKERN_SHM_DMA)
        return UKERN_EINVAL;
    rc = handle_find(&t->handles, r->x[2], UKERN_TYPE_SYSTEM, UKERN_R_DEVICE, &h);
    return rc ? rc : start_filling(t, r, shm_new_dma(t->account, pages), false, 0);
}

int64_t sys_mem_map(struct task *t, struct ukern_sysregs *r)
{
    uint64_t pages = size_pages(r->x[0]);

    if (t->operation)
        return operation_run(t, r);
    if (!r->x[0] || r->x[1] % PAGE_SIZE)
        return UKERN_EINVAL;
    if (!pages)
        return UKERN_EOVERFLOW;
    return start_filling(t, r, shm_new(t->account, pages), true, r->x[1]);
}

int64_t sys_shm_device(struct task *t, struct ukern_sysregs *r)
{
    uint64_t base = r->x[1], size = r->x[2];
    struct handle *h;
    struct shm *s;
    int rc = handle_find(&t->handles, r->x[0], UKERN_TYPE_SYSTEM, UKERN_R_DEVICE, &h);

    if (rc)
        return rc;
    if (base % PAGE_SIZE || !size || size % PAGE_SIZE || size > UINT64_MAX - base ||
        !board.device_valid(base, size))
        return UKERN_EINVAL;
    s = shm_new_fixed(t->account, base, size >> PAGE_SHIFT, UKERN_SHM_DEVICE);
    return s ? open_shm(t, s, UKERN_R_TRANSFER | UKERN_R_READ | UKERN_R_WRITE | UKERN_R_MANAGE)
             : (int64_t)UKERN_ENOMEM;
}

int64_t sys_shm_info(struct task *t, struct ukern_sysregs *r)
{
    struct handle *h;
    const struct shm *s;
    int rc = handle_find(&t->handles, r->x[0], UKERN_TYPE_SHM, 0, &h);

    if (rc)
        return rc;
    s = h->object;
    r->x[1] = s->pages << PAGE_SHIFT;
    r->x[2] = s->flavour;
    r->x[3] = s->flavour == UKERN_SHM_DMA || s->flavour == UKERN_SHM_DEVICE ? s->phys : 0;
    return UKERN_OK;
}

/* ---- Mapping ---- */

/* The task that a system call means: itself, or one that it may manage. */
static int target_task(struct task *t, uint64_t h, struct task **out)
{
    struct handle *e;
    int rc;

    *out = t;
    if ((ukern_handle)h == UKERN_SELF)
        return UKERN_OK;
    rc = handle_find(&t->handles, h, UKERN_TYPE_TASK, UKERN_R_MANAGE, &e);
    if (rc)
        return rc;
    *out = e->object;
    return (*out)->dying || (*out)->state == TASK_DEAD || (*out)->state == TASK_LOADING
               ? UKERN_EPEER
               : UKERN_OK;
}

int64_t sys_shm_map(struct task *t, struct ukern_sysregs *r)
{
    uint64_t offset = r->x[3], size = r->x[4], prot = r->x[5] & ~(uint64_t)UKERN_PROT_STAY;
    struct memory_operation *m;
    struct mapping *mapping;
    struct handle *h;
    struct task *to;
    struct shm *s;
    int rc;

    if (t->operation)
        return operation_run(t, r);
    if (prot != UKERN_PROT_READ && prot != (UKERN_PROT_READ | UKERN_PROT_WRITE))
        return UKERN_EINVAL;
    rc = handle_find(&t->handles, r->x[0], UKERN_TYPE_SHM,
                     UKERN_R_READ | (prot & UKERN_PROT_WRITE ? UKERN_R_WRITE : 0), &h);
    if (!rc)
        rc = target_task(t, r->x[1], &to);
    if (rc)
        return rc;
    s = h->object;
    if (!size && offset <= s->pages << PAGE_SHIFT)
        size = (s->pages << PAGE_SHIFT) - offset;
    if (offset % PAGE_SIZE || !size || !range_inside(offset, size, 0, s->pages << PAGE_SHIFT))
        return UKERN_EINVAL;
    m = operation_new(t, sizeof *m, map_step, abandon);
    if (!m)
        return UKERN_ENOMEM;
    rc = aspace_map(to->aspace, s, r->x[2], offset >> PAGE_SHIFT, page_up(size) >> PAGE_SHIFT,
                    (unsigned)prot, &mapping);
    if (!rc && (r->x[5] & UKERN_PROT_STAY) && (rc = aspace_spare(mapping)) != UKERN_OK)
        aspace_unmap_step(mapping, &s); /* nothing was entered yet, and the handle keeps the shm */
    if (rc) {
        operation_free(t);
        return rc;
    }
    work_on(m, mapping);
    return operation_run(t, r);
}

/* Giving back must not need memory: the mapping goes as what this call leaves to do
 * (cleanup_step()). */
int64_t sys_shm_unmap(struct task *t, struct ukern_sysregs *r)
{
    struct mapping *mapping;
    struct task *of;
    int rc = target_task(t, r->x[0], &of);

    if (rc)
        return rc;
    mapping = aspace_find(of->aspace, r->x[1]);
    if (!mapping || mapping->node.key != r->x[1])
        return UKERN_ENOENT;
    if (mapping->worker)
        *mapping->worker = NULL;
    ASSERT(!t->cleanup_mapping);
    mapping->worker = &t->cleanup_mapping;
    t->cleanup_mapping = mapping;
    task_mark_unclean(t);
    return UKERN_OK;
}

/* ---- Taking back ---- */

/*
 * The next mapping that must go. NULL with *more: none yet, look again. A mapping that somebody
 * works on cannot be remembered, and is passed over; there are no more of those than tasks at work.
 */
static struct mapping *next_victim(struct memory_operation *m, bool *more)
{
    struct mapping *v = m->spared ? m->spared->shm_next : m->shm->mappings;

    *more = false;
    for (unsigned n = 1; v && !m->destroy && v->aspace == m->aspace; n++) {
        if (n >= SPARED_MAX && !v->worker) {
            set_spared(m, v);
            *more = true;
            return NULL;
        }
        v = v->shm_next;
    }
    return v;
}

static int64_t revoke_step(struct task *t, struct operation *o, struct ukern_sysregs *r)
{
    struct memory_operation *m = (struct memory_operation *)o;
    struct mapping *victim;
    bool more;

    (void)r;
    if (m->mapping)
        return unmap_step(t, m, SYS_AGAIN);
    victim = next_victim(m, &more);
    if (victim)
        work_on(m, victim);
    if (victim || more)
        return SYS_AGAIN;
    set_spared(m, NULL);
    if (m->destroy && shm_drain(m->shm))
        return SYS_AGAIN;
    cleanup_shm(t, m->shm);
    m->shm = NULL;
    return UKERN_OK;
}

static int64_t take_back(struct task *t, struct ukern_sysregs *r, bool destroy)
{
    struct memory_operation *m;
    struct handle *h;
    struct shm *s;
    int rc;

    if (t->operation)
        return operation_run(t, r);
    rc = handle_find(&t->handles, r->x[0], UKERN_TYPE_SHM, UKERN_R_MANAGE, &h);
    if (rc)
        return rc;
    m = operation_new(t, sizeof *m, revoke_step, abandon);
    if (!m)
        return UKERN_ENOMEM;
    s = h->object;
    s->generation++;
    if (destroy)
        s->dead = true;
    else
        h->badge = s->generation; /* this handle alone stays good */
    shm_ref(s);
    m->shm = s;
    m->destroy = destroy;
    m->aspace = t->aspace;
    return operation_run(t, r);
}

int64_t sys_shm_revoke(struct task *t, struct ukern_sysregs *r)
{
    return take_back(t, r, false);
}

int64_t sys_shm_destroy(struct task *t, struct ukern_sysregs *r)
{
    return take_back(t, r, true);
}
