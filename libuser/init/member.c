/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A task of the image: what it wants is checked once, and granted at each start.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ukern/archive.h>
#include <ukern/error.h>
#include <ukern/ipc.h>
#include <ukern/memory.h>
#include <ukern/task.h>

#include "init.h"

/* Priorities where the description says nothing: servers before the programs that wait for them. */
#define PRIORITY_SERVER  32
#define PRIORITY_PROGRAM 16

#define CLIENT_RIGHTS   (UKERN_R_CALL | UKERN_R_NOTIFY | UKERN_R_TRANSFER)
#define ARCHIVE_RIGHTS  (UKERN_R_READ | UKERN_R_TRANSFER)
#define DEVICE_RIGHTS   (UKERN_R_READ | UKERN_R_WRITE)
#define DMA_RIGHTS      (UKERN_R_READ | UKERN_R_WRITE | UKERN_R_MANAGE | UKERN_R_TRANSFER)
#define DEVICE_NAME_MAX 48
#define DMA_NAME_MAX    8

/* Badges of clients are small and never come back; servers mint theirs above 32 bits. */
static uint64_t next_badge = 1;

/* ---- Once: check. ---- */

static bool has_program(const struct image_task *task)
{
    struct archive_file file;
    const void *archive;
    size_t size;

    return archive_open(&archive, &size) == UKERN_OK &&
           archive_find(archive, size, task->program, &file) == UKERN_OK;
}

static void check_uses(const struct image_task *task)
{
    for (unsigned i = 0; i < task->uses.count; i++) {
        const char *name = task->uses.word[i];

        if (strcmp(name, "archive") != 0 && port_find(name) == NULL)
            say("%s.uses %s: no task provides this port; %s goes on without it", task->name, name,
                task->name);
    }
}

static bool take_devices(struct member *m)
{
    const struct words *wanted = &m->task->devices;
    int error;

    if (wanted->count == 0)
        return true;
    m->devices = calloc(wanted->count, sizeof *m->devices);
    if (m->devices == NULL)
        return false;
    for (unsigned i = 0; i < wanted->count; i++) {
        error = device_take(wanted->word[i], m->task->name, &m->devices[i]);
        if (error == UKERN_EBUSY)
            say("%s.devices %s: task %s has it already; %s is not started", m->task->name,
                wanted->word[i], m->devices[i].neighbour, m->task->name);
        else if (error != UKERN_OK)
            say("%s.devices %s: %s; %s is not started", m->task->name, wanted->word[i],
                error == UKERN_ENOENT ? "this machine has no such device" : ukern_strerror(error),
                m->task->name);
        if (error != UKERN_OK)
            return false;
        if (m->devices[i].neighbour != NULL)
            say("%s.devices %s: its registers share a page with a device of %s: each of the two "
                "tasks can reach the other's device; have other devices in between",
                m->task->name, wanted->word[i], m->devices[i].neighbour);
    }
    m->dma = calloc(m->task->dma.count + 1, sizeof *m->dma);
    if (m->dma == NULL)
        return false;
    for (unsigned i = 0; i < m->task->dma.count; i++)
        m->dma[i] = -1;
    return true;
}

void member_prepare(struct member *m)
{
    if (!has_program(m->task)) {
        say("task %s: there is no program \"%s\" in the archive; it is not started", m->task->name,
            m->task->program);
        m->broken = true;
        return;
    }
    check_uses(m->task);
    m->broken = !take_devices(m);
}

/* ---- At each start: grant. ---- */

/* What a start needs for a moment. */
struct start {
    struct spawn spawn;
    ukern_handle minted[SPAWN_GRANTS_MAX]; /* closed after the spawn: the task has its own */
    unsigned minted_count;
    char device_name[SPAWN_GRANTS_MAX][DEVICE_NAME_MAX];
    char dma_name[SPAWN_GRANTS_MAX][DMA_NAME_MAX];
    unsigned device_names;
    const char *no_dma; /* for a piece of this size there was no memory */
};

static int grant_provided(struct start *s, const struct image_task *task)
{
    int error = UKERN_OK;
    bool first = true;

    for (unsigned i = 0; i < port_count && error == UKERN_OK; i++) {
        if (ports[i].provider != task)
            continue;
        if (first)
            error = spawn_grant(&s->spawn, "port", ports[i].handle, 0);
        first = false;
        if (error == UKERN_OK)
            error = spawn_grant(&s->spawn, ports[i].name, ports[i].handle, 0);
    }
    return error;
}

static int grant_used(struct start *s, const char *name)
{
    const struct port *port = port_find(name);
    ukern_handle h;

    if (strcmp(name, "archive") == 0)
        return spawn_grant(&s->spawn, name, task_handle("archive"), ARCHIVE_RIGHTS);
    if (port == NULL || port->handle < 0)
        return UKERN_OK; /* said by check_uses(), or when its server could not be started */
    if (s->minted_count == SPAWN_GRANTS_MAX)
        return UKERN_EOVERFLOW;
    h = handle_mint(port->handle, CLIENT_RIGHTS, next_badge++);
    if (h < 0)
        return h;
    s->minted[s->minted_count++] = h;
    if (strcmp(name, "console") == 0)
        s->spawn.fd[0] = s->spawn.fd[1] = s->spawn.fd[2] = h;
    return spawn_grant(&s->spawn, name, h, 0);
}

/* A further name that begins with the device's. */
static int grant_by(struct start *s, ukern_handle h, uint32_t rights, const char *format,
                    const char *name, unsigned at)
{
    char *full;

    if (s->device_names == SPAWN_GRANTS_MAX)
        return UKERN_EOVERFLOW;
    full = s->device_name[s->device_names];
    if (snprintf(full, DEVICE_NAME_MAX, format, name, at) >= DEVICE_NAME_MAX)
        return UKERN_EOVERFLOW;
    s->device_names++;
    return spawn_grant(&s->spawn, full, h, rights);
}

static int grant_device(struct start *s, const char *name, const struct device *device)
{
    int error = spawn_grant(&s->spawn, name, device->registers, DEVICE_RIGHTS);

    /* Which of the eight in the page it is. */
    if (error == UKERN_OK && device->virtio)
        error = grant_by(s, device->registers, DEVICE_RIGHTS, "%s@%x", name,
                         (unsigned)(device->base % UKERN_PAGE_SIZE));
    if (error == UKERN_OK && device->irq >= 0)
        error = grant_by(s, device->irq, UKERN_R_MANAGE, "%s-irq", name, 0);
    return error;
}

/* Has the task taken it back for itself? Then nobody else can have it, not even its next life. */
static bool taken_back(ukern_handle dma)
{
    struct shm_facts facts;

    return shm_info(dma, &facts) == UKERN_EREVOKED;
}

/* Memory that its devices reach. Those that can be reset do not use the old one any more: the new
 * task gets new memory, which nobody shares who has outlived the old task. */
static int renew_dma(struct start *s, const struct member *m)
{
    bool keep = false;
    uint64_t size;
    int error;

    for (unsigned i = 0; i < m->task->devices.count; i++) {
        error = device_reset(&m->devices[i]);
        if (error != UKERN_OK)
            return error;
        keep |= !m->devices[i].virtio;
    }
    for (unsigned i = 0; i < m->task->dma.count; i++) {
        if (keep && m->dma[i] >= 0 && !taken_back(m->dma[i]))
            continue;
        if (m->dma[i] >= 0)
            handle_close(m->dma[i]);
        image_size(m->task->dma.word[i], &size); /* checked when it was read */
        m->dma[i] = shm_create_dma(task_handle("system"), size);
        if (m->dma[i] == UKERN_ENOMEM)
            s->no_dma = m->task->dma.word[i];
        if (m->dma[i] < 0)
            return m->dma[i];
    }
    return UKERN_OK;
}

static int grant_dma(struct start *s, const struct member *m)
{
    int error = renew_dma(s, m);

    for (unsigned i = 0; i < m->task->dma.count && error == UKERN_OK; i++) {
        if (i == SPAWN_GRANTS_MAX)
            return UKERN_EOVERFLOW;
        snprintf(s->dma_name[i], DMA_NAME_MAX, "dma%u", i);
        error = spawn_grant(&s->spawn, s->dma_name[i], m->dma[i], DMA_RIGHTS);
    }
    return error;
}

static int grant_all(struct start *s, const struct member *m)
{
    const struct image_task *task = m->task;
    int error = grant_provided(s, task);

    for (unsigned i = 0; i < task->uses.count && error == UKERN_OK; i++)
        error = grant_used(s, task->uses.word[i]);
    for (unsigned i = 0; i < task->devices.count && error == UKERN_OK; i++)
        error = grant_device(s, task->devices.word[i], &m->devices[i]);
    if (task->devices.count > 0 && error == UKERN_OK)
        error = grant_dma(s, m);
    if (task->rights != 0 && error == UKERN_OK)
        error = spawn_grant(&s->spawn, "system", task_handle("system"),
                            task->rights | UKERN_R_TRANSFER);
    return error;
}

static void explain(const struct image_task *task, const struct start *s, int error)
{
    uint64_t memory = s->spawn.memory;
    struct ukern_task_info me;

    if (error == UKERN_ENOMEM && s->no_dma != NULL)
        say("task %s: there is no memory in one piece for the %s of its .dma", task->name,
            s->no_dma);
    else if (error == UKERN_ENOMEM &&
             task_info(task_handle("system"), task_self(), &me) == UKERN_OK &&
             memory > me.memory_limit - me.memory_used)
        say("task %s: its .memory of %llu KiB is more than the %llu KiB that are left", task->name,
            (unsigned long long)memory / 1024,
            (unsigned long long)(me.memory_limit - me.memory_used) / 1024);
    else if (error == UKERN_ENOMEM)
        say("task %s: the program %s does not fit into its .memory of %llu KiB", task->name,
            task->program, (unsigned long long)memory / 1024);
    else if (error == UKERN_EOVERFLOW)
        say("task %s: too many or too long names or arguments (at most %d handles)", task->name,
            SPAWN_GRANTS_MAX);
    else
        say("task %s cannot be started: %s", task->name, ukern_strerror(error));
}

ukern_handle member_start(struct supervisor *v, struct supervisor_child *c)
{
    struct member *m = c->context;
    const struct image_task *task = m->task;
    const char *argv[SPAWN_ARGS_MAX] = {task->name};
    static struct start s; /* large, and only one task starts at a time */
    struct spawn *spawn = &s.spawn;
    ukern_handle h;

    memset(&s, 0, sizeof s);
    spawn_init(spawn, task->name);
    spawn->program = task->program;
    if (task->memory != 0)
        spawn->memory = task->memory;
    if (task->stack != 0)
        spawn->stack = task->stack;
    spawn->priority = task->provides.count > 0 ? PRIORITY_SERVER : PRIORITY_PROGRAM;
    if (task->priority >= 0)
        spawn->priority = (unsigned)task->priority;
    spawn->max_priority = spawn->priority;
    spawn->argv = argv;
    for (spawn->argc = 1; (unsigned)spawn->argc <= task->args.count; spawn->argc++) {
        if (spawn->argc == SPAWN_ARGS_MAX)
            break;
        argv[spawn->argc] = task->args.word[spawn->argc - 1];
    }
    spawn->supervisor = v->port;
    spawn->supervisor_badge = c->badge;

    h = grant_all(&s, m);
    if (h == UKERN_OK)
        h = task_spawn(spawn);
    while (s.minted_count > 0)
        handle_close(s.minted[--s.minted_count]);
    if (h < 0)
        explain(task, &s, h);
    return h;
}
