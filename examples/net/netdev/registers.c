/* SPDX-License-Identifier: BSD-2-Clause */
/* What init granted: the device's registers, and memory that it reaches. */
#include <stdio.h>

#include <ukern/task.h>

#include "driver.h"

#define DEVICE     "virtio-net"
#define READ_WRITE (UKERN_PROT_READ | UKERN_PROT_WRITE)

static volatile uint32_t *registers;

static uint32_t read32(void *context, unsigned offset)
{
    (void)context;
    return registers[offset / 4];
}

static void write32(void *context, unsigned offset, uint32_t value)
{
    (void)context;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* what memory holds is seen before */
    registers[offset / 4] = value;
}

static uint8_t read8(void *context, unsigned offset)
{
    (void)context;
    return ((volatile uint8_t *)registers)[offset];
}

/* Does init say that ours begins there? */
static bool is_ours(size_t at)
{
    char name[sizeof DEVICE + 20];

    snprintf(name, sizeof name, DEVICE "@%zx", at);
    return task_handle(name) >= 0;
}

int driver_registers(struct driver *d)
{
    struct virtio *v = &d->nic.virtio;
    struct shm_facts facts;
    char *page;
    void *mapped;
    unsigned found = 0;
    size_t ours = SIZE_MAX;
    int error = shm_info(task_handle(DEVICE), &facts);

    if (error == UKERN_OK)
        error = shm_map(task_handle(DEVICE), 0, 0, READ_WRITE, NULL, &mapped);
    if (error != UKERN_OK) {
        driver_say(d, "no device was granted: set %s.devices := " DEVICE, d->name);
        return error;
    }
    page = mapped;
    v->access = (struct virtio_access){read32, write32, read8, NULL};
    for (size_t at = 0; at < facts.size; at += VIRTIO_SLOT_SIZE) {
        registers = (volatile uint32_t *)(void *)(page + at);
        if (virtio_probe(v) == UKERN_ENOENT)
            continue;
        found++;
        if (ours == SIZE_MAX || is_ours(at))
            ours = at;
    }
    if (found == 0) {
        driver_say(d, "there is no network device any more");
        return UKERN_ENOENT;
    }
    registers = (volatile uint32_t *)(void *)(page + ours);
    if (found > 1)
        driver_say(d, "there are %u network devices in one page, of which %s drives one", found,
                   d->name);
    return UKERN_OK;
}

ukern_handle driver_memory(unsigned i, struct shm_facts *facts, char **memory)
{
    char name[8];
    void *address;
    ukern_handle h;
    int error;

    snprintf(name, sizeof name, "dma%u", i);
    h = task_handle(name);
    if (h < 0)
        return h;
    error = shm_info(h, facts);
    if (error == UKERN_OK)
        error = shm_map(h, 0, 0, READ_WRITE, NULL, &address);
    if (error != UKERN_OK)
        return error;
    *memory = address;
    return h;
}
