/* SPDX-License-Identifier: BSD-2-Clause */
/* Spawning: the friendly form of the system call. */
#include <string.h>
#include <ukern/archive.h>
#include <ukern/ipc.h>
#include <ukern/task.h>
#include "startup.h"

void spawn_init(struct spawn *s, const char *name)
{
    *s = (struct spawn){.name = name, .memory = SPAWN_MEMORY, .stack = SPAWN_STACK};
    s->supervisor = -1;
    for (unsigned i = 0; i < 3; i++)
        s->fd[i] = -1;
    s->priority = s->max_priority = startup_own.priority;
}

int spawn_grant(struct spawn *s, const char *name, ukern_handle h, uint32_t rights)
{
    if (name[0] == '\0' || strchr(name, '='))
        return UKERN_EINVAL;
    if (s->grants >= SPAWN_GRANTS_MAX)
        return UKERN_EOVERFLOW;
    s->grant[s->grants++] = (struct named_grant){name, h, rights};
    return UKERN_OK;
}

/* Arguments, names and boot arguments, in the order of the block. Its size, or an error. */
static int64_t build_block(const struct spawn *s, void *block, size_t size)
{
    struct startup_builder b;
    uint32_t fds = 0;
    int status = UKERN_OK;

    if (s->argc > SPAWN_ARGS_MAX || s->grants > SPAWN_GRANTS_MAX)
        return UKERN_EOVERFLOW;
    for (unsigned i = 0; i < 3; i++)
        fds |= s->fd[i] >= 0 ? 1u << i : 0;
    startup_begin(&b, block, size, fds, s->priority);
    if (s->argc <= 0)
        status = startup_argument(&b, s->name);
    for (int i = 0; i < s->argc && status == UKERN_OK; i++)
        status = startup_argument(&b, s->argv[i]);
    for (unsigned i = 0; i < s->grants && status == UKERN_OK; i++)
        status = startup_handle(&b, s->grant[i].name, SPAWN_FIRST_SLOT + i);
    if (status == UKERN_OK)
        status = startup_bootargs(&b, task_bootargs());
    return status == UKERN_OK ? (int64_t)b.used : status;
}

/* Descriptors at 0 to 2, names from SPAWN_FIRST_SLOT up. How many. */
static unsigned list_grants(const struct spawn *s, struct ukern_grant *out)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 3; i++) {
        if (s->fd[i] >= 0)
            out[n++] = (struct ukern_grant){.handle = s->fd[i], .slot = (int32_t)i};
    }
    for (unsigned i = 0; i < s->grants; i++)
        out[n++] = (struct ukern_grant){.handle = s->grant[i].handle,
                                        .rights = s->grant[i].rights,
                                        .slot = (int32_t)(SPAWN_FIRST_SLOT + i)};
    return n;
}

/* Where the program lies in the archive. */
static int find_program(const struct spawn *s, struct ukern_spawn *raw)
{
    struct archive_file file;
    const void *archive;
    size_t size;
    int status = archive_open(&archive, &size);

    if (status < 0)
        return status;
    status = archive_find(archive, size, s->program ? s->program : s->name, &file);
    if (status < 0)
        return status;
    raw->image = task_handle("archive");
    raw->image_offset = file.offset;
    raw->image_size = file.size;
    return UKERN_OK;
}

ukern_handle task_spawn(const struct spawn *s)
{
    struct ukern_grant grants[3 + SPAWN_GRANTS_MAX];
    struct ukern_spawn raw = {
        .memory = s->memory,
        .stack = s->stack,
        .priority = s->priority,
        .max_priority = s->max_priority,
        .supervisor = s->supervisor,
        .supervisor_badge = s->supervisor_badge,
    };
    char block[UKERN_ARGS_MAX];
    int64_t size;
    int status;

    if (strlen(s->name) >= sizeof(raw.name))
        return UKERN_EOVERFLOW;
    strcpy(raw.name, s->name);
    size = build_block(s, block, sizeof(block));
    if (size < 0)
        return (ukern_handle)size;
    status = find_program(s, &raw);
    if (status < 0)
        return status;

    raw.args = (uintptr_t)block;
    raw.args_size = (uint64_t)size;
    raw.grants = (uintptr_t)grants;
    raw.grant_count = list_grants(s, grants);
    return task_spawn_raw(&raw);
}
