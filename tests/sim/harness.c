/* SPDX-License-Identifier: BSD-2-Clause */
#include "harness.h"
#include "arch.h"
#include "archive.h"
#include "boot.h"
#include "entry.h"
#include "ipc.h"
#include "resume.h"
#include "sched.h"
#include "sim.h"

#define RUN_TRIES 1000

void (*world_extensions)(void);
void (*world_born)(struct task *t);
struct task *world_init;
uint64_t world_program, world_program_size, world_text, world_text_size;

static struct player players[WORLD_IDS];

void ukern_main(void)
{
    if (world_extensions)
        world_extensions();
}

/* ---- Boot ---- */

static uint64_t make_archive(void)
{
    static char program[8192];
    static const char text[] = "This is no program.\n";
    struct image i = {.to = arch_phys_to_virt(SIM_RAM_BASE)};

    world_program_size = image_program(program);
    world_text_size = sizeof text - 1;
    world_text = image_add(&i, "text", text, world_text_size);
    world_program = image_add(&i, "./init", program, world_program_size);
    image_end(&i);
    ASSERT(i.size <= WORLD_BOOT - PAGE_SIZE);
    return i.size;
}

static void returned(const struct ukern_sysregs *r)
{
    struct task *t = arch_cpu()->current;
    struct player *p = world_player(t);

    ASSERT(sim_running == t);
    if (!t->context.driver) { /* its slot may have been another's */
        t->context.driver = 1;
        *p = (struct player){0};
        if (world_born)
            world_born(t);
    }
    ASSERT(p->waits == (r != NULL)); /* results for a task that called, all registers for others */
    if (r && !p->yields)
        p->r = *r;
    p->resumed += r != NULL;
    p->waits = p->yields = false;
}

/* What init keeps once it has needed it: a directory page of handles, and a ghost. */
static void warm_up(void)
{
    uint64_t p = (uint64_t)SYS(world_init, port_create), far = HANDLE_MAX - 1;

    SYS(world_init, handle_dup, p, 0, far);
    SYS_UNTIL(world_init, 0, ipc_call, far);
    SYS(world_init, handle_close, far);
    SYS(world_init, handle_close, p);
}

#define MAPPINGS_MAX 16

static uint64_t mappings[MAPPINGS_MAX]; /* init's, at boot */
static unsigned mapping_count;

static void note_mappings(void)
{
    struct tree_node *n = tree_ceil(&world_init->aspace->mappings, 0);

    for (; n && mapping_count < MAPPINGS_MAX;
         n = tree_ceil(&world_init->aspace->mappings, n->key + 1))
        mappings[mapping_count++] = n->key;
}

static void remove_mappings(void)
{
    const struct tree_node *n;
    uint64_t key;

    for (uint64_t at = 0; (n = tree_ceil(&world_init->aspace->mappings, at)); at = key + 1) {
        bool old = false;
        key = n->key;
        for (unsigned i = 0; i < mapping_count; i++)
            old = old || mappings[i] == key;
        if (!old)
            SYS(world_init, shm_unmap, (uint64_t)UKERN_SELF, key);
    }
}

void world_start(void)
{
    struct boot_info info = {
        .archive = SIM_RAM_BASE,
        .archive_size = make_archive(),
        .dtb = SIM_RAM_BASE + WORLD_BOOT - PAGE_SIZE,
        .dtb_size = 100,
        .arguments = "quiet",
    };

    returned(kernel_main(&info));
    world_init = arch_cpu()->current;
    SYS(world_init, task_priority, (uint64_t)UKERN_SELF, WORLD_PRIORITY);
    warm_up();
    note_mappings();
}

/* ---- Entering the kernel ---- */

struct player *world_player(const struct task *t)
{
    ASSERT(task_id(t) < WORLD_IDS);
    return &players[task_id(t)];
}

void world_enter(uint64_t number, const struct ukern_sysregs *args)
{
    struct ukern_sysregs r = *args;
    struct player *p = world_player(arch_cpu()->current);

    p->waits = true;
    p->number = number;
    struct way way = kernel_syscall(arch_cpu(), &r, number);
    returned(way.from && !way.to ? kernel_resume() : &r);
}

void world_fault(enum ukern_fault_cause cause, uint64_t address)
{
    struct fault f = {.cause = cause, .syndrome = 0x96000000, .address = address};

    returned(kernel_fault(&f));
}

void world_interrupt(void)
{
    if (arch_irq_pending())
        returned(kernel_interrupt());
}

void world_pass(uint64_t ns)
{
    sim_time += ns;
    world_interrupt();
}

/* ---- As a certain task ---- */

static void yield(void)
{
    struct task *c = arch_cpu()->current;

    world_player(c)->yields = true;
    world_enter(UKERN_SYS_task_yield, &(struct ukern_sysregs){.x = {0}});
}

void world_run(struct task *t)
{
    for (int i = 0; i < RUN_TRIES; i++) {
        if (arch_cpu()->current == t)
            return;
        yield();
    }
    ukern_panic("%s cannot run: state %u, priority %u", t->name, t->state, t->priority);
}

int64_t world_sys(struct task *t, uint64_t number, const struct ukern_sysregs *args)
{
    struct player *p = world_player(t);

    world_run(t);
    world_enter(number, args);
    return p->waits ? WORLD_WAITS : (int64_t)p->r.x[0];
}

int64_t world_result(struct task *t)
{
    world_run(t);
    return (int64_t)world_player(t)->r.x[0];
}

const struct ukern_sysregs *world_regs(const struct task *t)
{
    const struct player *p = world_player(t);

    ASSERT(!p->waits || p->yields);
    return &p->r;
}

/* ---- Spawning ---- */

/* The task that is new in the table. */
static struct task *newest(const struct task *const *before)
{
    uint64_t next;

    for (uint64_t id = 1; id < WORLD_IDS; id++) {
        struct task *t = task_from_slot(id, &next);
        if (t && task_id(t) == id && t != before[id])
            return t;
    }
    return NULL;
}

struct task *world_spawn_with(const char *name, const struct world_spawn *how)
{
    const struct task *before[WORLD_IDS];
    uint64_t at = WORLD_MEMORY;
    struct ukern_spawn a = {
        .image = UKERN_INIT_ARCHIVE,
        .image_offset = world_program,
        .image_size = world_program_size,
        .memory = how->memory ? how->memory : UINT64_C(1) << 20,
        .stack = WORLD_STACK,
        .priority = how->priority ? how->priority : WORLD_PRIORITY,
        .max_priority = how->max_priority ? how->max_priority : UKERN_PRIORITIES - 1,
        .supervisor = how->supervisor ? how->supervisor : -1,
        .supervisor_badge = how->badge,
    };

    for (size_t i = 0; i < UKERN_NAME_MAX - 1 && name[i]; i++)
        a.name[i] = name[i];
    for (uint64_t id = 1; id < WORLD_IDS; id++)
        before[id] = task_by_slot(id);
    world_run(world_init);
    ASSERT(aspace_copy_out(world_init->aspace, at, &a, sizeof a) == UKERN_OK);
    if (SYS(world_init, task_spawn, at) < 0 && !world_player(world_init)->waits)
        return NULL;
    return newest(before);
}

struct task *world_spawn(const char *name)
{
    return world_spawn_with(name, &(struct world_spawn){0});
}

ukern_handle world_handle(const struct task *t)
{
    uint32_t next = 0;

    for (int32_t h = 0; next < HANDLE_MAX;) {
        h = handle_next(&world_init->handles, next, &next);
        const struct handle *e = h >= 0 ? handle_get(&world_init->handles, (uint64_t)h) : NULL;
        if (e && e->type == UKERN_TYPE_TASK && e->object == t)
            return h;
    }
    return -1;
}

ukern_handle world_give(struct task *from, ukern_handle h, struct task *t, unsigned rights)
{
    struct handle copy = *handle_get(&from->handles, (uint64_t)h);
    uint32_t slot;

    ASSERT(handle_reserve(&t->handles, UKERN_ANY_SLOT, 1, &slot) == UKERN_OK);
    if (rights)
        copy.rights = (uint16_t)rights;
    handle_ref(&copy);
    handle_open(&t->handles, slot, &copy);
    return (ukern_handle)slot;
}

void world_priority(struct task *t, unsigned priority)
{
    t->base_priority = (uint8_t)priority;
    ipc_refresh_priority(t);
}

/* ---- The end ---- */

void world_end(void)
{
    uint32_t next = 0;

    if (world_init->state != TASK_READY)
        ipc_abort(world_init, UKERN_ECANCELED);
    world_priority(world_init, UKERN_PRIORITIES - 1);
    world_run(world_init);
    for (uint64_t id = 1; id < WORLD_IDS; id++) {
        struct task *t = task_by_slot(id);
        if (t && t != world_init && t->state != TASK_LOADING) /* its spawner ends that one */
            task_end(t, UKERN_EXIT_KILLED, 0, UKERN_PRIORITIES - 1);
    }
    while (next < HANDLE_MAX) {
        int32_t h = handle_next(&world_init->handles, next, &next);
        if (h >= 0 && (h < UKERN_INIT_SYSTEM || h > UKERN_INIT_DTB))
            SYS(world_init, handle_close, (uint64_t)h);
    }
    world_priority(world_init, 0); /* some may have been dying for long */
    for (int i = 0; task_count > 1 && i < RUN_TRIES; i++)
        yield();
    remove_mappings();
    SYS(world_init, task_priority, (uint64_t)UKERN_SELF, WORLD_PRIORITY);
    for (uint64_t id = 1; id < WORLD_IDS; id++) {
        const struct task *t = task_by_slot(id);
        if (t && t != world_init && t->state != TASK_DEAD)
            ukern_panic("%s does not end: state %u, priority %u", t->name, t->state, t->priority);
    }
}

void *world_user(const struct task *t, uint64_t address)
{
    return aspace_user(t->aspace, address, UKERN_PROT_READ);
}
