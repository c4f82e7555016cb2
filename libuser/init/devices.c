/* SPDX-License-Identifier: BSD-2-Clause */
#include "devices.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <ukern/ipc.h>
#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/task.h>

#include "fdt.h"

#define VIRTIO_MAGIC  0x74726976 /* "virt" */
#define VIRTIO_STATUS (0x70 / 4) /* the register, by number */
#define RESET_READS   100000     /* before the device counts as stuck */

static const struct kind {
    const char *name, *compatible;
    uint32_t virtio; /* device id, or 0 */
} kinds[] = {
#define DEVICE(name, compatible, virtio) {name, compatible, virtio},
#include "kinds.def"
#undef DEVICE
};

/* Registers that have been given away. */
static struct taken {
    struct taken *next;
    uint64_t base;
    uint32_t virtio;
    const char *owner;
} * taken;

static const struct taken *find_taken(uint64_t base)
{
    for (const struct taken *t = taken; t != NULL; t = t->next)
        if (t->base == base)
            return t;
    return NULL;
}

/* Another task that has been given a device in the same page. */
static const char *neighbour(uint64_t base, const char *owner)
{
    for (const struct taken *t = taken; t != NULL; t = t->next)
        if (t->base / UKERN_PAGE_SIZE == base / UKERN_PAGE_SIZE && strcmp(t->owner, owner) != 0)
            return t->owner;
    return NULL;
}

static int open_tree(struct fdt *fdt)
{
    static struct fdt tree;
    static int result = 1; /* not tried yet */
    ukern_handle h = task_handle("dtb");
    struct shm_facts facts;
    void *blob;

    if (result == 1) {
        result = shm_info(h, &facts);
        if (result == UKERN_OK)
            result = shm_map(h, 0, facts.size, UKERN_PROT_READ, NULL, &blob);
        if (result == UKERN_OK)
            result = fdt_open(&tree, blob, facts.size);
    }
    *fdt = tree;
    return result;
}

/* Does the VirtIO transport at `base` hold the device that is wanted? */
static bool virtio_is(ukern_handle registers, uint64_t base, uint32_t id)
{
    const volatile uint32_t *r;
    void *page;
    bool yes;

    if (shm_map(registers, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &page) < 0)
        return false;
    r = (const volatile uint32_t *)((const char *)page + base % UKERN_PAGE_SIZE);
    yes = base % 4 == 0 && r[0] == VIRTIO_MAGIC && r[2] == id;
    shm_unmap(page);
    return yes;
}

/* Open the device if it is what is wanted: UKERN_OK, UKERN_ENOENT (it is not), or another error. */
static int open_device(const struct fdt_device *d, uint32_t virtio, const char *owner,
                       struct device *device)
{
    uint64_t first = d->base & ~(UKERN_PAGE_SIZE - 1), size;
    ukern_handle system = task_handle("system");
    struct taken *t;

    *device = (struct device){.irq = -1, .base = d->base, .virtio = virtio != 0};
    size = (d->base - first + d->size + UKERN_PAGE_SIZE - 1) & ~(UKERN_PAGE_SIZE - 1);
    device->registers = shm_device(system, first, size);
    if (device->registers < 0)
        return device->registers;
    if (virtio != 0 && !virtio_is(device->registers, d->base, virtio)) {
        handle_close(device->registers);
        return UKERN_ENOENT;
    }
    t = malloc(sizeof *t);
    if (d->has_irq && t != NULL)
        device->irq = irq_open(system, d->irq);
    if (t == NULL || (d->has_irq && device->irq < 0)) {
        free(t);
        handle_close(device->registers);
        return t == NULL ? UKERN_ENOMEM : device->irq;
    }
    device->neighbour = neighbour(d->base, owner);
    *t = (struct taken){taken, d->base, virtio, owner};
    taken = t;
    return UKERN_OK;
}

int device_take(const char *name, const char *owner, struct device *device)
{
    const char *compatible = name;
    struct fdt_device found;
    uint32_t virtio = 0;
    struct fdt fdt;
    int error = open_tree(&fdt);
    const struct taken *other = NULL, *t;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(name, kinds[i].name) == 0) {
            compatible = kinds[i].compatible;
            virtio = kinds[i].virtio;
        }
    for (unsigned n = 0; error == UKERN_OK; n++) {
        error = fdt_find(&fdt, compatible, n, &found);
        if (error != UKERN_OK)
            break;
        t = find_taken(found.base);
        if (t != NULL) {
            if (virtio == 0 || t->virtio == virtio)
                other = t;
            continue;
        }
        error = open_device(&found, virtio, owner, device);
        if (error != UKERN_ENOENT)
            return error;
        error = UKERN_OK;
    }
    if (error != UKERN_ENOENT || other == NULL)
        return error;
    device->neighbour = other->owner;
    return UKERN_EBUSY;
}

int device_reset(const struct device *device)
{
    volatile uint32_t *r;
    bool done = false;
    void *page;
    int error;

    if (!device->virtio)
        return UKERN_OK;
    error = shm_map(device->registers, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &page);
    if (error != UKERN_OK)
        return error;
    r = (volatile uint32_t *)((char *)page + device->base % UKERN_PAGE_SIZE);
    r[VIRTIO_STATUS] = 0;
    for (unsigned i = 0; i < RESET_READS && !done; i++)
        done = r[VIRTIO_STATUS] == 0;
    shm_unmap(page);
    return done ? UKERN_OK : UKERN_EIO;
}
