/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  All of netdev but its registers as a program of the host, with a kernel made here and a device
 *  that the input plays (device.h). Include it once.
 */
#ifndef FUZZ_NETDEV_WORLD_H
#define FUZZ_NETDEV_WORLD_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/task.h>

#include "../../examples/net/netdev/driver.h"

/* It says much about such a device: its lines are counted, and the last one is kept. */
static unsigned lines_said;
static char last_said[200];

static int say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(last_said, sizeof last_said, format, arguments);
    va_end(arguments);
    lines_said++;
    return 0;
}
#define printf say
#define fflush(stream)
int netdev_main(int argc, char **argv);
#define main netdev_main
#include "../../examples/net/netdev/driver.c"
#include "../../examples/net/netdev/main.c"
#undef main
#undef printf
#undef fflush

#include "fuzz.h"
#include "device.h"

#define BUFFERS 1024u /* the least: so shares are small */
#define AREAS   6u
#define AREA    (64u * 1024)
#define QUEUES  (256u * 1024)
#define PORT    1
#define IRQ     2
#define SHM     10 /* dma0, dma1 ...; info_shm is the last */
#define SHMS    (3u + AREAS)
#define HANDLES 64u
#define FIRST   100 /* of the handles that are counted */

/* ---- The kernel. ---- */

static struct {
    uint8_t *bytes;
    size_t size;
} shm[SHMS];
static unsigned shms;
static struct {
    bool open;
    uint64_t badge; /* minted by netdev; 0: a client's port */
} handles[HANDLES];
static uint64_t now = 1000000000, token = 1;
static bool waiting[256]; /* by token */
static int refusal;
static struct server server;

uint64_t clock_now(void)
{
    return now;
}

ukern_handle task_handle(const char *name)
{
    return strcmp(name, "virtio-net-irq") == 0 ? IRQ : PORT;
}

static ukern_handle make_shm(size_t size)
{
    MUST(shms < SHMS && posix_memalign((void **)&shm[shms].bytes, 4096, size) == 0);
    memset(shm[shms].bytes, 0, size);
    shm[shms].size = size;
    return SHM + (ukern_handle)shms++;
}

ukern_handle shm_create(size_t size, unsigned flavour)
{
    (void)flavour;
    return make_shm(size);
}

ukern_handle driver_memory(unsigned i, struct shm_facts *facts, char **memory)
{
    if (i >= 2 + AREAS)
        return UKERN_ENOENT;
    *facts = (struct shm_facts){.size = shm[i].size, .bus_address = (uintptr_t)shm[i].bytes};
    *memory = (char *)shm[i].bytes;
    return SHM + (ukern_handle)i;
}

int shm_map(ukern_handle h, uint64_t offset, size_t size, unsigned protection, void *hint,
            void **address)
{
    (void)offset, (void)size, (void)protection, (void)hint;
    *address = shm[h - SHM].bytes;
    return UKERN_OK;
}

int shm_revoke(ukern_handle h)
{
    MUST(h >= SHM + 2 && h < SHM + 2 + (int)AREAS);
    return UKERN_OK;
}

int notify(ukern_handle port, uint64_t bits)
{
    (void)bits;
    MUST(port == PORT || (port >= FIRST && handles[port - FIRST].open));
    return UKERN_OK;
}

int irq_bind_auto(ukern_handle irq, ukern_handle port, uint64_t bits)
{
    (void)port, (void)bits;
    MUST(irq == IRQ);
    return UKERN_OK;
}

static ukern_handle open_handle(uint64_t badge)
{
    for (unsigned i = 0; i < HANDLES; i++)
        if (!handles[i].open) {
            handles[i].open = true;
            handles[i].badge = badge;
            return FIRST + (ukern_handle)i;
        }
    return UKERN_ETABLE;
}

ukern_handle handle_mint(ukern_handle port, uint32_t rights, uint64_t badge)
{
    (void)port, (void)rights;
    return open_handle(badge);
}

static uint64_t orphan; /* a badge whose last handle netdev itself has closed */

int handle_close(ukern_handle h)
{
    MUST(h >= FIRST && h < FIRST + (int)HANDLES && handles[h - FIRST].open);
    handles[h - FIRST].open = false;
    orphan = handles[h - FIRST].badge;
    return UKERN_OK;
}

ukern_handle request_take(struct request *r, unsigned i)
{
    if (!(r->untaken >> i & 1))
        return UKERN_ENOENT;
    r->untaken &= ~(1u << i);
    return open_handle(0);
}

int server_run(struct server *s)
{
    server = *s;
    return UKERN_EIO;
}

static void check_segment(uint64_t h, uint64_t offset, uint64_t length)
{
    if (length == 0)
        return;
    MUST(h >= SHM && h < SHM + shms);
    MUST(offset <= shm[h - SHM].size && length <= shm[h - SHM].size - offset);
}

int server_reply(uint64_t to, const struct ukern_msg *m)
{
    int error = refusal;

    MUST(to != 0 && to < token);
    if (!waiting[to % 256])
        return UKERN_ESTALE;
    refusal = UKERN_OK;
    waiting[to % 256] = error != UKERN_OK && error != UKERN_ESTALE;
    if (error != UKERN_OK)
        return error;
    if (UKERN_TAG_LABEL(m->tag) == 0 && UKERN_TAG_HANDLES(m->tag) == 0 && m->w[0] != 0) {
        MUST(m->w[0] == m->w[3] + m->w[5]);
        check_segment(m->w[1], m->w[2], m->w[3]);
        check_segment(m->w[1], m->w[4], m->w[5]);
    }
    return UKERN_OK;
}

/* ---- The device. ---- */

int driver_registers(struct driver *d)
{
    device_begin(&d->nic);
    return UKERN_OK;
}

/* Start netdev, once. */
static inline void netdev_begin(void)
{
    if (shms > 0)
        return;
    make_shm(QUEUES);
    make_shm(BUFFERS * NET_BUFFER_SIZE);
    for (unsigned i = 0; i < AREAS; i++)
        make_shm(AREA);
    netdev_main(0, NULL);
    MUST(netdev.slots == AREAS && netdev.driver.nic.running);
}

#endif
