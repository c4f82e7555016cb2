/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  A small reader of flattened device trees: finds devices by their `compatible`, with their
 *  registers and interrupt. Pure C. The tree is not believed: every length and offset is checked
 *  before it is used.
 */
#ifndef INIT_FDT_H
#define INIT_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fdt {
    const unsigned char *nodes; /* the structure block */
    size_t nodes_size;
    const char *strings; /* names of properties; the last byte is NUL */
    size_t strings_size;
};

struct fdt_device {
    uint64_t base, size; /**< registers: physical address, bytes */
    bool has_irq;
    unsigned irq; /**< line at the interrupt controller (INTID) */
};

/** UKERN_OK, or UKERN_EINVAL: not a device tree of a version that is understood, or its header
 * lies. */
int fdt_open(struct fdt *fdt, const void *blob, size_t size);

/**
 * The n-th enabled device (from 0) that is compatible with `compatible` and has registers that the
 * CPU reaches at the addresses given.
 * @return UKERN_OK; UKERN_ENOENT: there are not so many; UKERN_EINVAL: the tree is malformed.
 */
int fdt_find(const struct fdt *fdt, const char *compatible, unsigned n, struct fdt_device *device);

#endif
