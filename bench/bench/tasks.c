/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest program, tiny.S, as a task. */
#include <string.h>

#include <ukern/archive.h>
#include <ukern/ipc.h>
#include <ukern/task.h>

#include "bench.h"

#define TINY_MEMORY   (64 * 1024)
#define TINY_PRIORITY 16

void find_program(struct ukern_spawn *s, const char *name)
{
    struct archive_file file;
    const void *archive;
    size_t size;

    must(archive_open(&archive, &size), "archive_open");
    must(archive_find(archive, size, name, &file), name);
    *s = (struct ukern_spawn){
        .image = task_handle("archive"),
        .image_offset = file.offset,
        .image_size = file.size,
        .memory = TINY_MEMORY,
        .stack = UKERN_PAGE_SIZE,
        .priority = TINY_PRIORITY,
        .max_priority = TINY_PRIORITY,
        .supervisor = -1,
    };
    strcpy(s->name, name);
}

static void spawn_exit_wait(void *context)
{
    ukern_handle task = (ukern_handle)must(task_spawn_raw(context), "task_spawn_raw");
    int code;

    must(task_wait(task, &code, NULL, UKERN_FOREVER), "task_wait");
    must(handle_close(task), "handle_close");
}

uint64_t run_spawn_exit_wait(unsigned n)
{
    struct ukern_spawn s;

    find_program(&s, "tiny");
    return rounds(n, spawn_exit_wait, &s);
}

static uint64_t memory_used(ukern_handle task, uint64_t id)
{
    struct ukern_task_info info;

    must(task_info(task, id, &info), "task_info");
    return info.memory_used;
}

/* What a new task uses of its quota, and what its spawner pays beyond that quota. */
uint64_t task_bytes(void)
{
    ukern_handle system = task_handle("system");
    uint64_t before = memory_used(system, task_self()), own, paid;
    struct ukern_spawn s;
    ukern_handle task;

    find_program(&s, "tiny");
    task = (ukern_handle)must(task_spawn_raw(&s), "task_spawn_raw");
    own = memory_used(task, 0);
    paid = memory_used(system, task_self()) - before - TINY_MEMORY;
    must(task_wait(task, NULL, NULL, UKERN_FOREVER), "task_wait");
    must(handle_close(task), "handle_close");
    return own + paid;
}
