/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Devices that the image description names, found in the device tree. A driver gets two handles:
 *  NAME, shared memory with the page or pages of its registers, and NAME-irq, its interrupt line.
 *
 *  Known names: pl011 (UART), pl031 (clock), pl061 (GPIO), virtio-net, virtio-blk, virtio-console,
 *  virtio-rng; any other name is looked for as it is among the `compatible` strings of the tree.
 *  VirtIO devices share pages of eight: the driver looks through its page for the device id that it
 *  drives.
 */
#ifndef INIT_DEVICES_H
#define INIT_DEVICES_H

#include <ukern/abi/types.h>

struct device {
    ukern_handle registers; /**< shm */
    ukern_handle irq;       /**< or -1: it has none */
};

/**
 * Find a device that nobody has been given yet, and take it.
 * @return UKERN_OK; UKERN_ENOENT: the machine has none (any more); UKERN_EINVAL: the device tree is
 * malformed; or an error of shm_device() or irq_open().
 */
int device_take(const char *name, struct device *device);

#endif
