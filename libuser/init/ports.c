/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include <ukern/error.h>
#include <ukern/ipc.h>

#include "init.h"

struct port *ports;
unsigned port_count;

const struct port *port_find(const char *name)
{
    for (unsigned i = 0; i < port_count; i++)
        if (strcmp(ports[i].name, name) == 0)
            return &ports[i];
    return NULL;
}

static int create(const struct image_task *task, const char *name)
{
    const struct port *before = port_find(name);
    struct port *bigger;
    ukern_handle h;

    if (strcmp(name, "archive") == 0 || strcmp(name, "system") == 0 || strcmp(name, "port") == 0) {
        say("%s.provides %s: this name is taken by the system itself", task->name, name);
        return UKERN_OK;
    }
    if (before != NULL) {
        say("%s.provides %s: task %s provides it already", task->name, name,
            before->provider->name);
        return UKERN_OK;
    }
    bigger = realloc(ports, (port_count + 1) * sizeof *ports);
    if (bigger == NULL)
        return UKERN_ENOMEM;
    ports = bigger;
    h = port_create();
    if (h < 0)
        return h;
    ports[port_count++] = (struct port){name, task, h};
    return UKERN_OK;
}

int ports_create(const struct image *image)
{
    int error = UKERN_OK;

    for (unsigned i = 0; i < image->count; i++) {
        const struct image_task *task = &image->tasks[i];

        for (unsigned k = 0; k < task->provides.count && error == UKERN_OK; k++)
            error = create(task, task->provides.word[k]);
    }
    return error;
}

void ports_abandon(const struct image_task *task)
{
    for (unsigned i = 0; i < port_count; i++) {
        if (ports[i].provider != task || ports[i].handle < 0)
            continue;
        handle_close(ports[i].handle);
        ports[i].handle = -1;
    }
}
