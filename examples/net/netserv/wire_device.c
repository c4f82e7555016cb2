/* SPDX-License-Identifier: BSD-2-Clause */
/* As the device's own driver, with netdev's means but without netdev. */
#include <string.h>
#include <ukern/error.h>

#include "../netdev/driver.h"
#include "wire.h"

#define SLOTS VQ_MAX

static struct nic_frame frame; /* whose parts are handed out */
static unsigned next_part;
static uint16_t free_slot[SLOTS];
static unsigned free_slots;
static bool opened;

static void lost(const struct nic_sent *sent)
{
    free_slot[free_slots++] = (uint16_t)sent->id;
}

static void changed(void) {}

static struct driver driver = {
    .name = "netserv", .sizes = "768K 1M", .lost = lost, .changed = changed};

static int find_device(ukern_handle port)
{
    int error = driver_open(&driver, port, WIRE_BITS, SLOTS * WIRE_FRAME, 2 * VQ_MAX);

    if (error != UKERN_OK)
        return error;
    for (uint16_t i = 0; i < SLOTS; i++)
        free_slot[free_slots++] = i;
    driver_begin(&driver);
    return UKERN_OK;
}

int wire_open(ukern_handle port, struct net_info *info)
{
    static int found = 1; /* not looked for */

    if (found > 0)
        found = find_device(port);
    else if (found == UKERN_OK)
        driver_retry(&driver);
    if (found != UKERN_OK)
        return found;
    if (!driver.nic.running)
        return UKERN_EIO;
    memcpy(info->mac, driver.nic.virtio.mac, sizeof info->mac);
    info->mtu = driver.nic.virtio.mtu;
    opened = true;
    return UKERN_OK;
}

const char *wire_strerror(int error)
{
    return ukern_strerror(error);
}

void wire_close(void)
{
    opened = false;
}

bool wire_is_open(void)
{
    return opened;
}

bool wire_broken(void)
{
    return false; /* the driver sees to that */
}

bool wire_link(void)
{
    return driver.nic.running && driver.nic.virtio.link;
}

void wire_woken(void)
{
    driver_interrupt(&driver);
}

static bool reap(void)
{
    struct nic_sent sent;
    bool any = false;

    while (nic_reap(&driver.nic, &sent)) {
        free_slot[free_slots++] = (uint16_t)sent.id;
        any = true;
    }
    return any;
}

void wire_awake(void)
{
    driver_retry(&driver);
    nic_mute(&driver.nic);
    driver_reaped(&driver, reap());
}

bool wire_receive(struct net_desc *part, const uint8_t **data)
{
    if (next_part == frame.pieces) {
        next_part = 0;
        if (!nic_receive(&driver.nic, &frame)) {
            frame.pieces = 0;
            return false;
        }
    }
    *part = frame.piece[next_part++];
    *data = driver.nic.pool + part->offset;
    return true;
}

void wire_give_back(uint32_t id)
{
    nic_release(&driver.nic, id);
}

uint8_t *wire_room(void)
{
    if (!opened)
        return NULL;
    if (free_slots == 0 || !nic_has_room(&driver.nic, 1))
        reap();
    return free_slots == 0 || !nic_has_room(&driver.nic, 1)
               ? NULL
               : (uint8_t *)driver.room + free_slot[free_slots - 1] * WIRE_FRAME;
}

void wire_send(uint32_t length)
{
    struct net_desc d = {.length = length, .id = free_slot[free_slots - 1]};
    struct vq_segment segment = {driver.room_bus + d.id * WIRE_FRAME, length};

    if (nic_check(&driver.nic, &d, length) != UKERN_OK)
        return; /* longer than the MTU: lost, as on any wire */
    free_slots--;
    nic_send(&driver.nic, &d, &segment, 1, &(struct nic_sent){NULL, d.id, 1, length});
}

void wire_flush(void)
{
    if (driver.nic.running)
        nic_push(&driver.nic);
}

bool wire_may_sleep(bool for_room)
{
    bool repaired = driver_check(&driver);

    return !nic_listen(&driver.nic, for_room) && !repaired;
}

bool wire_hangup(uint64_t gone)
{
    (void)gone;
    return false;
}

uint64_t wire_deadline(void)
{
    return !opened || driver.retry_at == 0 ? UKERN_FOREVER : driver.retry_at;
}
