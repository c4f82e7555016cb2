/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The parts of init: the log, the image's ports and tasks.
 */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>
#include <ukern/abi/types.h>
#include <ukern/supervisor.h>

#include "devices.h"
#include "image.h"

/** A port that some task provides. init keeps it, so that it outlives its server. */
struct port {
    const char *name;
    const struct image_task *provider;
    ukern_handle handle; /* -1: nobody will ever receive on it */
};

/** A task of the image, and what it is given. */
struct member {
    struct supervisor_child child;
    const struct image_task *task;
    struct device *devices; /* one for each of task->devices, or NULL */
    ukern_handle *dma;      /* one for each of task->dma, or -1 */
    bool broken;            /* it cannot run, and this has been said */
};

extern struct port *ports;
extern unsigned port_count;

/** A sentence for people: into the kernel's log, behind "init: ". */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Make the ports that tasks provide; name those that two provide. UKERN_OK or an error. */
int ports_create(const struct image *image);
/** The port of this name, or NULL. */
const struct port *port_find(const char *name);

/** The task will never run (again): who calls its ports is told so, and waits no more. */
void ports_abandon(const struct image_task *task);

/** Check what the task wants, take its devices; names each mistake. Clears or sets m->broken. */
void member_prepare(struct member *m);
/** Start it: the start function of its supervisor_child. */
ukern_handle member_start(struct supervisor *v, struct supervisor_child *c);

#endif
