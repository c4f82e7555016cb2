/* SPDX-License-Identifier: BSD-2-Clause */
#include "image.h"
#include <elf.h>
#include <stdio.h>
#include <string.h>

size_t image_program(char *to)
{
    const size_t data = 0x1000, size = data + 64;
    Elf64_Ehdr file = {
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_AARCH64,
        .e_version = EV_CURRENT,
        .e_entry = IMAGE_ENTRY,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 2,
    };
    Elf64_Phdr segment[2] = {
        {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = IMAGE_TEXT, .p_filesz = 0xc0,
         .p_memsz = 0xc0, .p_align = 4096},
        {.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = data, .p_vaddr = IMAGE_DATA,
         .p_filesz = size - data, .p_memsz = 8192, .p_align = 4096},
    };

    memset(to, 0, size);
    memcpy(to, &file, sizeof file);
    memcpy(to + sizeof file, segment, sizeof segment);
    memset(to + data, 'd', size - data);
    return size;
}

size_t image_add(struct image *i, const char *name, const void *data, size_t size)
{
    size_t n = strlen(name) + 1, at;

    i->size += (size_t)sprintf(i->to + i->size,
                               "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1,
                               0100644, 0, 0, 1, 0, size, 0, 0, 0, 0, n, 0);
    memcpy(i->to + i->size, name, n);
    i->size = (i->size + n + 3) & ~(size_t)3;
    at = i->size;
    if (size)
        memcpy(i->to + at, data, size);
    i->size = (at + size + 3) & ~(size_t)3;
    return at;
}

void image_end(struct image *i)
{
    image_add(i, "TRAILER!!!", NULL, 0);
}
