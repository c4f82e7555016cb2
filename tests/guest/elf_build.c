/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "elf_build.h"
#include "test.h"

#define CODE_OFFSET 4096

struct elf_image elf_code(const void *code, size_t size)
{
    struct elf_image elf = {.size = CODE_OFFSET + size};
    void *at = NULL;

    elf.shm = HANDLE(shm_create(elf.size + 4096, UKERN_SHM_NORMAL));
    OK(shm_map(elf.shm, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &at));
    elf.bytes = at;
    elf.header = at;
    elf.program = (struct elf_program_header *)(elf.header + 1);
    *elf.header = (struct elf_header){.ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
                                      .type = 2,
                                      .machine = 183,
                                      .version = 1,
                                      .entry = ELF_CODE_AT,
                                      .program_headers = sizeof *elf.header,
                                      .header_size = sizeof *elf.header,
                                      .entry_size = sizeof *elf.program,
                                      .entry_count = 2};
    elf.program[0] = (struct elf_program_header){.type = 1,
                                                 .flags = 5,
                                                 .offset = CODE_OFFSET,
                                                 .address = ELF_CODE_AT,
                                                 .file_size = size,
                                                 .memory_size = size,
                                                 .align = 4096};
    elf.program[1] = (struct elf_program_header){
        .type = 1, .flags = 6, .address = ELF_DATA_AT, .memory_size = 4096, .align = 4096};
    memcpy(elf.bytes + CODE_OFFSET, code, size);
    return elf;
}

ukern_handle elf_spawn(const struct elf_image *elf)
{
    struct ukern_spawn s = {.image = elf->shm,
                            .image_size = elf->size,
                            .memory = 256 * 1024,
                            .stack = 4096,
                            .priority = 20,
                            .max_priority = 20,
                            .supervisor = -1,
                            .name = "elf"};

    return task_spawn_raw(&s);
}
