/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Devices that the image description names, found in the device tree. A driver gets two handles:
 *  NAME, shared memory with the page or pages of its registers, and NAME-irq, its interrupt line.
 *  A VirtIO device has the former under the name NAME@OFFSET, too: where in the page its registers
 *  begin, bytes, in hexadecimal.
 *
 *  Known names: pl011 (UART), pl031 (clock), pl061 (GPIO), virtio-net, virtio-blk, virtio-console,
 *  virtio-rng; any other name is looked for as it is among the `compatible` strings of the tree.
 *  VirtIO devices share pages of eight. Two tasks should not get the same page, as
 *  each could reach the other's device.
 *
 *  A VirtIO device reads and writes the DMA memory of its driver until it is reset, also when the
 *  driver is dead. So init makes that memory, holds it, and lets it go only after device_reset().
 */
#ifndef INIT_DEVICES_H
#define INIT_DEVICES_H

#include <stdbool.h>
#include <ukern/abi/types.h>

struct device {
    ukern_handle registers; /**< shm */
    ukern_handle irq;       /**< or -1: it has none */
    uint64_t base;          /**< physical address of its registers */
    bool virtio;
    const char *neighbour; /**< another task that has the same page, or the device; or NULL */
};

/**
 * Find a device that nobody has been given yet, and take it.
 * @param owner  the task that gets it; must stay.
 * @return UKERN_OK; UKERN_ENOENT: the machine has none; UKERN_EBUSY: it has none any more,
 * device->neighbour has the last one; UKERN_EINVAL: the device tree is malformed; or an error of
 * shm_device() or irq_open().
 */
int device_take(const char *name, const char *owner, struct device *device);

/**
 * Reset a VirtIO device: it uses no memory any more.
 * @return UKERN_OK, also for other devices, of which nothing is known; UKERN_EIO: it does not
 * answer; or an error of shm_map().
 */
int device_reset(const struct device *device);

#endif
