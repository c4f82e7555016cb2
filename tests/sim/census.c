/* SPDX-License-Identifier: BSD-2-Clause */
#include "census.h"
#include "check.h"
#include "frame.h"
#include "irq.h"
#include "operation.h"
#include "sim.h"
#include "slab.h"
#include "spawn.h"

#define OBJECTS_MAX 8192 /* slots of the table, 2^(64 - 51); at most half full */

/* Long operations as sys_shm.c and sys_spawn.c begin them: the sizes must agree. */
struct memory_operation {
    struct operation operation;
    struct shm *shm;
    struct mapping *mapping;
    bool map_it;
    int failed;
    bool destroy;
    uint64_t hint;
    struct aspace *aspace;
    struct mapping *spared;
};
struct spawn_operation {
    struct operation operation;
    struct loader loader;
    struct ukern_spawn a;
    struct shm *image;
    uint32_t granted;
};

struct task *census_tasks[WORLD_IDS];
unsigned census_task_count;

const struct port *world_listener;

static struct census_object objects[OBJECTS_MAX];
static unsigned order[OBJECTS_MAX]; /* which slots are used, in order of discovery */
static unsigned object_count;
static uint64_t slab_objects;
static struct census_object listed[OBJECTS_MAX];

static void paid(const struct account *a, uint64_t bytes);
static void visit(enum census_kind kind, const void *object);

/* ---- The table ---- */

static struct census_object *find(enum census_kind kind, const void *object)
{
    unsigned i = (unsigned)((uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15) >> 51);

    for (; objects[i].kind; i = (i + 1) & (OBJECTS_MAX - 1))
        if (objects[i].object == object) {
            ASSERT(objects[i].kind == kind);
            return &objects[i];
        }
    ASSERT(object && object_count < OBJECTS_MAX / 2);
    objects[i] = (struct census_object){.kind = kind, .object = object};
    order[object_count++] = i;
    visit(kind, object);
    return &objects[i];
}

static void refer(enum census_kind kind, const void *object)
{
    find(kind, object)->refs++;
}

/* ---- What each object costs and refers to ---- */

static void paid(const struct account *a, uint64_t bytes)
{
    find(CENSUS_ACCOUNT, a)->refs += bytes;
}

static void paid_slab(const struct account *a, size_t size)
{
    find(CENSUS_ACCOUNT, a)->slab_bytes += (size + SLAB_UNIT - 1) / SLAB_UNIT * SLAB_UNIT;
    slab_objects++;
}

static void visit_account(const struct account *a)
{
    if (a == &account_root)
        return;
    paid(a->parent, a->limit);
    paid_slab(a, sizeof *a);
}

static void visit_port(const struct port *p)
{
    uint32_t events = 0;

    paid_slab(p->account, sizeof *p);
    for (const struct ghost *g = p->ghosts; g; g = g->next)
        paid_slab(g->account, sizeof *g);
    for (const struct client *c = p->hangups; c; c = c->next)
        find(CENSUS_CLIENT, c);
    for (const struct task *t = p->exits; t; t = t->exit_next)
        refer(CENSUS_TASK, t);
    events |= p->bits ? PORT_BITS : 0;
    events |= p->ghosts ? PORT_GHOSTS : 0;
    events |= p->exits ? PORT_EXITS : 0;
    events |= p->hangups ? PORT_HANGUPS : 0;
    events |= p->senders.first ? PORT_SENDERS : 0;
    ASSERT((p->events & ~(uint64_t)PORT_LINES) == events);
}

static void visit_shm(const struct shm *s)
{
    const uint64_t leaf = 512;

    paid_slab(s->account, sizeof *s);
    if (s->small)
        paid_slab(s->account, s->pages * sizeof *s->small);
    if (s->top)
        paid(s->account, PAGE_SIZE * (1 + (s->done + leaf - 1) / leaf));
    if (s->flavour == UKERN_SHM_NORMAL) {
        paid(s->account, s->done << PAGE_SHIFT);
    } else if (s->flavour == UKERN_SHM_DMA && s->phys) {
        uint64_t frames = 1;
        while (frames < s->pages)
            frames *= 2;
        paid(s->account, frames << PAGE_SHIFT);
    }
}

static void visit_client(const struct client *c)
{
    paid_slab(c->account, sizeof *c);
    refer(CENSUS_PORT, c->port);
}

static void visit_irq(const struct irq *i)
{
    paid_slab(i->account, sizeof *i);
    if (i->port)
        refer(CENSUS_PORT, i->port);
    if (i->active && i->automatic && i->port->receivers)
        ASSERT(i->port->events & PORT_LINES); /* or it would stay so for ever */
}

static void visit_handle(const struct handle *h)
{
    switch (h->type) {
    case UKERN_TYPE_PORT:
        refer(CENSUS_PORT, h->object);
        if (h->rights & UKERN_R_RECV)
            find(CENSUS_PORT, h->object)->receivers++;
        if (h->client) {
            refer(CENSUS_CLIENT, h->client);
            ASSERT(h->client->badge == h->badge && h->client->port == h->object);
        }
        break;
    case UKERN_TYPE_SHM:
        refer(CENSUS_SHM, h->object);
        break;
    case UKERN_TYPE_TASK:
        refer(CENSUS_TASK, h->object);
        break;
    case UKERN_TYPE_IRQ:
        refer(CENSUS_IRQ, h->object);
        break;
    default:
        ASSERT(h->type == UKERN_TYPE_SYSTEM || h->type == UKERN_TYPE_NONE);
    }
}

static void visit_table(const struct handle_table *t)
{
    uint32_t used = 0, first = 0;

    if (!t->first)
        return;
    paid_slab(t->account, HANDLE_FIRST * sizeof *t->first);
    for (unsigned i = 0; i < HANDLE_FIRST; i++) {
        visit_handle(&t->first[i]);
        first += t->first[i].type != UKERN_TYPE_NONE;
    }
    used = first;
    for (unsigned k = 0; t->directory && k < HANDLE_PAGES; k++) {
        const struct handle_page *page = &t->directory[k];
        unsigned here = 0;
        if (!page->slots) {
            ASSERT(page->used == 0);
            continue;
        }
        paid(t->account, PAGE_SIZE);
        for (unsigned i = 0; i < HANDLE_PER_PAGE; i++) {
            visit_handle(&page->slots[i]);
            here += page->slots[i].type != UKERN_TYPE_NONE;
        }
        ASSERT(here == page->used);
        used += here;
    }
    if (t->directory)
        paid(t->account, PAGE_SIZE);
    ASSERT(used == t->used && first == t->first_used);
}

/* The next entry of a page table that is set, from i on. Plain: RAM is no object of the sanitizers.
 */
__attribute__((no_sanitize("address", "undefined"), optimize("O2"))) static unsigned
next_entry(const uint64_t *table, unsigned i)
{
    for (; i < 512 && i % 8; i++)
        if (table[i])
            return i;
    while (i < 512 && !(table[i] | table[i + 1] | table[i + 2] | table[i + 3] | table[i + 4] |
                        table[i + 5] | table[i + 6] | table[i + 7]))
        i += 8;
    while (i < 512 && !table[i])
        i++;
    return i;
}

/* Entries of a page table below `table`, with the frames that the tables take. */
static uint64_t count_entries(const struct account *a, paddr_t frame, unsigned level)
{
    const uint64_t *table = arch_phys_to_virt(frame);
    uint64_t n = 0;

    paid(a, PAGE_SIZE);
    for (unsigned i = next_entry(table, 0); i < 512; i = next_entry(table, i + 1))
        n += level == 2 ? 1 : count_entries(a, table[i], level + 1);
    return n;
}

/* Where page i of the mapping should lie; 0: anywhere. */
static paddr_t mapped_frame(const struct mapping *m, uint64_t i)
{
    if (m->state == MAPPING_REMOVING && m->spare) /* it may have been half replaced */
        return 0;
    if (m->state == MAPPING_REPLACING && i >= m->done)
        return shm_frame(m->spare, 0);
    return m->shm->dead ? 0 : shm_frame(m->shm, m->replaced ? 0 : m->first + i);
}

static uint64_t visit_mappings(const struct aspace *as, const struct tree_node *n, uint64_t *low)
{
    const struct mapping *m = (const struct mapping *)n;
    uint64_t entries, done;

    if (!n)
        return 0;
    done = m->state == MAPPING_REPLACING ? m->pages : m->done;
    entries = visit_mappings(as, n->left, low);
    ASSERT(m->aspace == as && n->key >= *low && n->linked);
    *low = n->key + ((uint64_t)m->pages << PAGE_SHIFT);
    ASSERT(m->done <= m->pages && (m->state != MAPPING_LIVE || m->done == m->pages));
    ASSERT(!m->worker || *m->worker == m);
    ASSERT(m->state == MAPPING_LIVE || m->worker || m->state == MAPPING_REMOVING ||
           m->state == MAPPING_FILLING);
    ASSERT(!m->spare || (!m->replaced && !m->spare->mappings));
    if (m->spare)
        refer(CENSUS_SHM, m->spare);
    paid_slab(as->account, sizeof *m);
    refer(CENSUS_SHM, m->shm);
    find(CENSUS_SHM, m->shm)->mappings++;
    /* The first and last page are where they should be. */
    for (uint64_t i = 0; i < done; i += max_u64(1, done - 1)) {
        const char *p = arch_aspace_user(&as->arch, n->key + (i << PAGE_SHIFT), m->prot);
        paddr_t frame = mapped_frame(m, i);
        if (frame && m->shm->flavour == UKERN_SHM_NORMAL)
            ASSERT(p && arch_virt_to_phys(p) == frame);
    }
    return entries + done + visit_mappings(as, n->right, low);
}

static void visit_aspace(const struct aspace *as)
{
    uint64_t low = USER_LOW, entries;

    paid_slab(as->account, sizeof *as);
    entries = visit_mappings(as, as->mappings.root, &low);
    ASSERT(low <= USER_HIGH);
    if (as->arch.root)
        ASSERT(entries == count_entries(as->account, as->arch.root, 0));
}

static void visit_operation(const struct operation *o)
{
    paid_slab(o->account, o->size);
    if (o->size == sizeof(struct memory_operation)) {
        const struct memory_operation *m = (const struct memory_operation *)o;
        if (m->shm)
            refer(CENSUS_SHM, m->shm);
        ASSERT(!m->mapping || m->mapping->worker == &m->mapping);
        ASSERT(!m->spared || m->spared->worker == &m->spared);
    } else {
        const struct spawn_operation *s = (const struct spawn_operation *)o;
        ASSERT(o->size == sizeof *s);
        if (s->image)
            refer(CENSUS_SHM, s->image);
        if (s->loader.shm)
            refer(CENSUS_SHM, s->loader.shm);
        if (s->loader.stack_shm)
            refer(CENSUS_SHM, s->loader.stack_shm);
    }
}

static void visit_pending(const struct ukern_pending *p)
{
    for (unsigned i = 0; p->kept && i < p->copies; i++)
        refer(CENSUS_SHM, p->copy[i].shm);
}

static void visit_task(const struct task *t)
{
    paid_slab(t->payer, sizeof *t);
    if (t->state != TASK_DEAD)
        refer(CENSUS_TASK, t);
    visit_table(&t->handles);
    if (t->aspace)
        visit_aspace(t->aspace);
    if (t->account)
        find(CENSUS_ACCOUNT, t->account);
    if (t->ghost)
        paid_slab(t->ghost->account, sizeof *t->ghost);
    if (t->state == TASK_REPLY && t->direct) /* the holder keeps it alive */
        find(CENSUS_PORT, t->call_port);
    else if (t->state == TASK_SEND || t->state == TASK_REPLY)
        refer(CENSUS_PORT, t->call_port);
    if (t->wait_task)
        refer(CENSUS_TASK, t->wait_task);
    if (t->supervisor)
        refer(CENSUS_PORT, t->supervisor);
    if (t->operation)
        visit_operation(t->operation);
    for (const struct port *p = t->cleanup_ports; p; p = p->cleanup_next)
        refer(CENSUS_PORT, p);
    for (const struct shm *s = t->cleanup_shms; s; s = s->cleanup_next)
        find(CENSUS_SHM, s);
    visit_pending(&t->pending);
}

static void visit(enum census_kind kind, const void *object)
{
    switch (kind) {
    case CENSUS_TASK:
        visit_task(object);
        break;
    case CENSUS_PORT:
        visit_port(object);
        break;
    case CENSUS_SHM:
        visit_shm(object);
        break;
    case CENSUS_CLIENT:
        visit_client(object);
        break;
    case CENSUS_IRQ:
        visit_irq(object);
        break;
    case CENSUS_ACCOUNT:
        visit_account(object);
        break;
    default:
        break;
    }
}

void census_take(void)
{
    uint64_t next;

    for (unsigned i = 0; i < object_count; i++)
        objects[order[i]] = (struct census_object){0};
    object_count = 0;
    slab_objects = 0;
    census_task_count = 0;
    for (uint64_t id = 1; id < WORLD_IDS; id++) {
        struct task *t = task_from_slot(id, &next);
        if (!t)
            break;
        id = task_id(t);
        census_tasks[census_task_count++] = t;
        find(CENSUS_TASK, t);
    }
    if (world_listener)
        refer(CENSUS_PORT, world_listener);
}

unsigned census_count(enum census_kind kind)
{
    unsigned n = 0;

    for (unsigned i = 0; i < object_count; i++)
        n += objects[order[i]].kind == kind;
    return n;
}

const struct census_object *census_objects(unsigned *count)
{
    for (unsigned i = 0; i < object_count; i++)
        listed[i] = objects[order[i]];
    *count = object_count;
    return listed;
}

/* ---- What is stored must be what was counted ---- */

static void check_refs(const char *what, const void *object, uint64_t stored, uint64_t counted)
{
    if (stored != counted)
        ukern_panic("%s %p has %lu references, but %lu were counted", what,
                    (void *)(uintptr_t)object, (unsigned long)stored, (unsigned long)counted);
}

static void check_account(const struct account *a, uint64_t counted, uint64_t slab_bytes)
{
    uint64_t taken;

    static uint64_t root_own; /* what the kernel took at boot: pages of task slots */

    counted += slab_frames(a, &taken) << PAGE_SHIFT;
    if (taken != slab_bytes)
        ukern_panic("account %p has %lu bytes of objects, but %lu were counted",
                    (void *)(uintptr_t)a, (unsigned long)taken, (unsigned long)slab_bytes);
    ASSERT(a->used <= a->limit && (!a->closed || a->used == a->limit));
    if (a == &account_root) {
        if (!root_own)
            root_own = a->used - counted;
        counted += root_own;
    }
    if (a->used != counted)
        ukern_panic("account %p%s has paid %lu bytes, but %lu were counted", (void *)(uintptr_t)a,
                    a == &account_root ? " (root)" : "", (unsigned long)a->used,
                    (unsigned long)counted);
}

void census_check(void)
{
    for (unsigned i = 0; i < object_count; i++) {
        const struct census_object *o = &objects[order[i]];
        const struct port *p = o->object;
        const struct shm *s = o->object;
        uint64_t mapped = 0;
        switch (o->kind) {
        case CENSUS_TASK:
            check_refs("task", o->object, ((const struct task *)o->object)->refs, o->refs);
            break;
        case CENSUS_PORT:
            check_refs("port", p, p->refs, o->refs);
            check_refs("port (receivers)", p, p->receivers, o->receivers);
            break;
        case CENSUS_SHM:
            check_refs("shm", s, s->refs, o->refs);
            for (const struct mapping *m = s->mappings; m; m = m->shm_next) {
                ASSERT(m->shm == s && *m->shm_link == m);
                mapped++;
            }
            check_refs("shm (mappings)", s, mapped, o->mappings);
            break;
        case CENSUS_CLIENT:
            check_refs("client", o->object, ((const struct client *)o->object)->refs, o->refs);
            break;
        case CENSUS_IRQ:
            check_refs("irq", o->object, ((const struct irq *)o->object)->refs, o->refs);
            break;
        case CENSUS_ACCOUNT:
            check_account(o->object, o->refs, o->slab_bytes);
            break;
        default:
            break;
        }
    }
    if (slab_objects != slab_count())
        ukern_panic("%lu objects are alive, but %lu were found", (unsigned long)slab_count(),
                    (unsigned long)slab_objects);
}
