/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Small ELF programs made on the spot, to be spoilt.
 */
#ifndef ELF_BUILD_H
#define ELF_BUILD_H

#include <stddef.h>
#include <stdint.h>
#include <ukern/ipc.h>

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_size, entry_size, entry_count;
    uint16_t section_entry_size, section_count, section_names;
};

struct elf_program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, align;
};

#define ELF_CODE_AT UINT64_C(0x400000)
#define ELF_DATA_AT UINT64_C(0x500000)

/** A file in shared memory that is mapped here. */
struct elf_image {
    ukern_handle shm;
    uint64_t size;
    char *bytes;
    struct elf_header *header;
    struct elf_program_header *program; /**< [0] code, [1] data (.bss only) */
};

/** A program of one code segment, which starts at its beginning, and a page of zeroed data. */
struct elf_image elf_code(const void *code, size_t size);
/** Start it, with 256 KiB. */
ukern_handle elf_spawn(const struct elf_image *elf);

#endif
