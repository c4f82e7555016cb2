/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  A strict loader of static AArch64 ELF64 programs. The file lies in a shm that others may write
 *  to while it is read, so headers are copied once and only the copy is believed.
 */
#ifndef CORE_ELF_H
#define CORE_ELF_H

#include "core.h"
#include "aspace.h"

#define ELF_SEGMENTS_MAX 8

struct elf_segment {
    uint64_t address, memory_size; /* as in the file; memory_size > 0 */
    uint64_t offset, file_size;    /* offset in the file */
    uint32_t prot;
};

struct elf_plan {
    uint64_t entry;
    unsigned count;
    struct elf_segment segment[ELF_SEGMENTS_MAX];
};

/*
 * Read and check the headers of the file at [offset, offset + size) of shm.
 * UKERN_ENOEXEC, with *why (a sentence) set: magic, class, machine or type wrong; no or too many
 * program headers; a table or segment outside the file; file_size > memory_size; addresses that
 * wrap, are outside the user half or below USER_LOW; two segments on one page; writable and
 * executable; entry not in an executable segment; PT_INTERP or PT_DYNAMIC; executable stack asked
 * for; p_align not a power of two or offset and address not congruent to it modulo a page.
 * UKERN_EINVAL: range outside the shm, or a device; UKERN_EBUSY: being filled; UKERN_EREVOKED:
 * dead.
 */
int elf_check(const struct shm *s, uint64_t offset, uint64_t size, struct elf_plan *plan,
              const char **why);
/* Copy n bytes at offset of shm s to kernel memory, or into shm `to` at to_offset; ranges already
 * checked; n bounded by the caller. UKERN_OK, or UKERN_EREVOKED: the memory was taken back
 * meanwhile (part may have been copied). Whoever copies instructions calls arch_code_sync() on each
 * page of `to` (arch_phys_to_virt(shm_frame())) before the program runs. */
int shm_read(const struct shm *s, uint64_t offset, void *to, size_t n);
int shm_copy(const struct shm *from, uint64_t from_offset, struct shm *to, uint64_t to_offset,
             size_t n);

#endif
