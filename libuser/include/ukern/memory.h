/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 * Shared and private memory. Sizes are in bytes and rounded up to pages (UKERN_PAGE_SIZE); offsets
 * and hints must be multiples of it. Handle errors (UKERN_EHANDLE, UKERN_ETYPE, UKERN_ERIGHTS) can
 * come from every function that takes a handle, UKERN_EREVOKED from every one that takes a shm.
 */
#ifndef UKERN_MEMORY_H
#define UKERN_MEMORY_H

#include <stddef.h>
#include <ukern/abi/types.h>

/** What shm_info() tells. */
struct shm_facts {
    uint64_t size;        /**< bytes */
    uint32_t flavour;     /**< enum ukern_shm_flavour */
    uint64_t bus_address; /**< DMA and device: where a device sees it */
};

/**
 * Make zeroed shared memory; the caller's quota pays until it is destroyed.
 * @param size     bytes.
 * @param flavour  UKERN_SHM_NORMAL; for other kinds see below.
 * @return a handle with every right; UKERN_ENOMEM; UKERN_EINVAL: size 0, or another flavour;
 *         UKERN_EOVERFLOW: more than a mapping can hold.
 */
ukern_handle shm_create(size_t size, unsigned flavour);

/**
 * Memory that a device can reach: contiguous, uncached; shm_info() tells its bus address.
 * @param system  needs UKERN_R_DEVICE.
 * @param size    bytes.
 * @return as shm_create().
 */
ukern_handle shm_create_dma(ukern_handle system, size_t size);

/**
 * Registers of a device as shared memory.
 * @param system    needs UKERN_R_DEVICE.
 * @param physical  address, a multiple of a page.
 * @param size      bytes.
 * @return a handle; UKERN_EINVAL: there is no device that a task may have; UKERN_ENOMEM.
 */
ukern_handle shm_device(ukern_handle system, uint64_t physical, size_t size);

/**
 * Map [offset, offset + size) of shm.
 * @param shm   needs UKERN_R_READ, and UKERN_R_WRITE to be mapped writable.
 * @param offset  bytes.
 * @param size  bytes; 0: from offset to its end.
 * @param prot  UKERN_PROT_READ, or UKERN_PROT_READ | UKERN_PROT_WRITE. With UKERN_PROT_STAY a task
 *              survives it that its memory is taken back: there is a page of its own, zeroed, at each
 *              page of the mapping then, until it is unmapped. The caller's quota pays for that page.
 * @param hint  where, exactly; NULL: anywhere.
 * @param[out] address  where it is now; unmap with shm_unmap().
 * @return UKERN_OK; UKERN_EINVAL: range outside the shm or the address space, or another prot;
 * UKERN_EEXIST: something is mapped at hint; UKERN_ENOMEM.
 */
int shm_map(ukern_handle shm, uint64_t offset, size_t size, unsigned prot, void *hint,
            void **address);

/** The same in another task (its handle needs UKERN_R_MANAGE). */
int shm_map_in(ukern_handle task, ukern_handle shm, uint64_t offset, size_t size, unsigned prot,
               uint64_t hint, uint64_t *address);

/** Remove one mapping, whole; address: its first byte. UKERN_ENOENT: no mapping starts there. */
int shm_unmap(void *address);

/** Take it back from everybody else: their handles are dead, and their mappings gone, or, with
 * UKERN_PROT_STAY, replaced. Needs UKERN_R_MANAGE.
 * UKERN_ENOMEM: the quota has no room for the note of progress; nothing was taken back. */
int shm_revoke(ukern_handle shm);

/** Take it back from all, the caller included, and free the memory now. Needs UKERN_R_MANAGE.
 * UKERN_ENOMEM: as shm_revoke(). */
int shm_destroy(ukern_handle shm);

/** Size, flavour and bus address. */
int shm_info(ukern_handle shm, struct shm_facts *facts);

/** Private zeroed memory, unmapped by shm_unmap(). UKERN_OK; UKERN_ENOMEM; UKERN_EINVAL: size 0;
 * UKERN_EOVERFLOW: too large. */
int mem_map(size_t size, void **address);

/** The same at an exact address (a multiple of a page). UKERN_EEXIST: something is mapped there. */
int mem_map_at(size_t size, void *address);

#endif
