/* SPDX-License-Identifier: BSD-2-Clause */
#include "elf.h"
#include "arch.h"
#include <ukern/abi/version.h>

struct file_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_size, entry_size, entry_count;
    uint16_t section_entry_size, section_count, section_names;
};

struct program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, align;
};

/* The note that says which ABI the program speaks: as crt0.S writes it. */
struct abi_note {
    uint32_t name_size, content_size, type;
    char name[8];
    uint32_t abi;
};

_Static_assert(sizeof(struct file_header) == 64 && sizeof(struct program_header) == 56, "ELF64");

enum {
    IDENT_CLASS = 4,
    IDENT_DATA = 5,
    IDENT_VERSION = 6,
    CLASS_64 = 2,
    DATA_LITTLE = 1,
    VERSION_CURRENT = 1,
    TYPE_EXECUTABLE = 2,
    MACHINE_AARCH64 = 183,
    SEGMENT_LOAD = 1,
    SEGMENT_DYNAMIC = 2,
    SEGMENT_INTERPRETER = 3,
    SEGMENT_NOTE = 4,
    SEGMENT_GNU_STACK = 0x6474e551,
    FLAG_X = 1,
    FLAG_W = 2,
    FLAG_R = 4,
    HEADERS_MAX = 32,
};

/* Kernel address of a byte of s; NULL if the memory has gone, is not there yet, or is a device's.
 */
static char *shm_byte(const struct shm *s, uint64_t offset)
{
    paddr_t frame = s->flavour == UKERN_SHM_DEVICE ? 0 : shm_frame(s, offset >> PAGE_SHIFT);
    return frame ? (char *)arch_phys_to_virt(frame) + (offset & (PAGE_SIZE - 1)) : NULL;
}

static uint64_t left_in_page(uint64_t offset)
{
    return PAGE_SIZE - (offset & (PAGE_SIZE - 1));
}

int shm_read(const struct shm *s, uint64_t offset, void *to, size_t n)
{
    for (size_t done = 0; done < n;) {
        size_t step = min_u64(n - done, left_in_page(offset + done));
        const char *from = shm_byte(s, offset + done);
        if (!from)
            return UKERN_EREVOKED;
        memcpy((char *)to + done, from, step);
        done += step;
    }
    return UKERN_OK;
}

int shm_copy(const struct shm *from, uint64_t from_offset, struct shm *to, uint64_t to_offset,
             size_t n)
{
    for (size_t done = 0; done < n;) {
        size_t step = min_u64(n - done, left_in_page(from_offset + done));
        step = min_u64(step, left_in_page(to_offset + done));
        const char *source = shm_byte(from, from_offset + done);
        char *target = shm_byte(to, to_offset + done);
        if (!source || !target)
            return UKERN_EREVOKED;
        memmove(target, source, step);
        done += step;
    }
    return UKERN_OK;
}

static const char *check_file_header(const struct file_header *h, uint64_t size)
{
    if (memcmp(h->ident, "\177ELF", 4) != 0)
        return "the file is not an ELF program";
    if (h->ident[IDENT_CLASS] != CLASS_64 || h->ident[IDENT_DATA] != DATA_LITTLE)
        return "the program is not 64-bit little-endian: build it for aarch64";
    if (h->ident[IDENT_VERSION] != VERSION_CURRENT || h->version != VERSION_CURRENT)
        return "the ELF version is unknown";
    if (h->machine != MACHINE_AARCH64)
        return "the program is for another CPU: build it for aarch64";
    if (h->type != TYPE_EXECUTABLE)
        return "the file is not a static program: link it with -static and without -pie or -shared";
    if (h->header_size != sizeof(*h) || h->entry_size != sizeof(struct program_header))
        return "the ELF header is damaged: wrong header sizes";
    if (h->entry_count == 0)
        return "the file has no program headers: it is not linked";
    if (h->entry_count > HEADERS_MAX)
        return "the file has more than 32 program headers";
    if (!range_inside(h->program_headers, h->entry_count * sizeof(struct program_header), 0, size))
        return "the program headers lie outside the file";
    return NULL;
}

static uint32_t prot_of(uint32_t flags)
{
    uint32_t prot = UKERN_PROT_READ; /* no page table can express less */
    if (flags & FLAG_W)
        prot |= UKERN_PROT_WRITE;
    if (flags & FLAG_X)
        prot |= UKERN_PROT_EXEC;
    return prot;
}

/* Do both have a byte in one page? Sums do not wrap: both lie in the user half. */
static bool share_page(const struct elf_segment *a, const struct elf_segment *b)
{
    return page_down(a->address) < page_up(b->address + b->memory_size) &&
           page_down(b->address) < page_up(a->address + a->memory_size);
}

static const char *check_load(const struct program_header *h, uint64_t size,
                              const struct elf_plan *plan)
{
    if (h->file_size > h->memory_size)
        return "a segment is larger in the file than in memory";
    if (!range_inside(h->offset, h->file_size, 0, size))
        return "a segment lies outside the file: it is cut off or damaged";
    if (!range_inside(h->address, h->memory_size, USER_LOW, USER_HIGH))
        return "a segment lies outside the addresses that a program may use";
    if (h->align & (h->align - 1))
        return "a segment's alignment is not a power of two";
    if ((h->address - h->offset) & (PAGE_SIZE - 1))
        return "a segment's address and file offset differ modulo a page: link without -N and -n";
    if (!(h->flags & (FLAG_R | FLAG_W | FLAG_X)))
        return "a segment may be neither read, written nor executed";
    if ((h->flags & FLAG_W) && (h->flags & FLAG_X))
        return "a segment is both writable and executable: separate code and data";
    if (plan->count == ELF_SEGMENTS_MAX)
        return "the program has more than 8 segments";
    struct elf_segment s = {.address = h->address, .memory_size = h->memory_size};
    for (unsigned i = 0; i < plan->count; i++)
        if (share_page(&s, &plan->segment[i]))
            return "two segments share a page: align sections of different rights to 4096";
    return NULL;
}

static const char *add_header(const struct program_header *h, uint64_t size, struct elf_plan *plan)
{
    switch (h->type) {
    case SEGMENT_DYNAMIC:
    case SEGMENT_INTERPRETER:
        return "the program wants a dynamic linker: link it with -static and without -pie";
    case SEGMENT_GNU_STACK:
        return h->flags & FLAG_X ? "the program asks for an executable stack" : NULL;
    case SEGMENT_LOAD:
        break;
    default:
        return NULL;
    }
    if (h->memory_size == 0 && h->file_size == 0)
        return NULL;
    const char *why = check_load(h, size, plan);
    if (why)
        return why;
    plan->segment[plan->count++] = (struct elf_segment){
        .address = h->address,
        .memory_size = h->memory_size,
        .offset = h->offset,
        .file_size = h->file_size,
        .prot = prot_of(h->flags),
    };
    return NULL;
}

static const char *check_entry(const struct elf_plan *plan)
{
    if (plan->count == 0)
        return "the program has nothing to load";
    for (unsigned i = 0; i < plan->count; i++) {
        const struct elf_segment *s = &plan->segment[i];
        if ((s->prot & UKERN_PROT_EXEC) && (plan->entry & 3) == 0 &&
            range_inside(plan->entry, 4, s->address, s->address + s->file_size))
            return NULL;
    }
    return "the entry point is not an instruction in an executable segment";
}

/* A program built for another kernel would call what is not there. One without our note is not
 * checked. */
static int check_note(const struct shm *s, uint64_t offset, uint64_t size,
                      const struct program_header *h, const char **wrong)
{
    struct abi_note note;

    if (h->type != SEGMENT_NOTE || h->file_size < sizeof(note) ||
        !range_inside(h->offset, h->file_size, 0, size))
        return UKERN_OK;
    int e = shm_read(s, offset + h->offset, &note, sizeof(note));
    if (e)
        return e;
    if (note.name_size == 6 && memcmp(note.name, "ukern", 6) == 0 && note.type == UKERN_NOTE_ABI &&
        note.content_size == sizeof(note.abi) && note.abi != UKERN_ABI)
        *wrong = "the program speaks another version of the ABI than this kernel: build both with "
                 "one SDK";
    return UKERN_OK;
}

static int refuse(const char **why, const char *sentence)
{
    *why = sentence;
    return UKERN_ENOEXEC;
}

int elf_check(const struct shm *s, uint64_t offset, uint64_t size, struct elf_plan *plan,
              const char **why)
{
    struct file_header file;
    struct program_header h;
    if (s->flavour == UKERN_SHM_DEVICE || !range_inside(offset, size, 0, s->pages << PAGE_SHIFT))
        return UKERN_EINVAL;
    if (s->busy)
        return UKERN_EBUSY;
    if (size < sizeof(file))
        return refuse(why, "the file is too short for an ELF program");
    int e = shm_read(s, offset, &file, sizeof(file));
    if (e)
        return e;
    const char *wrong = check_file_header(&file, size);
    if (wrong)
        return refuse(why, wrong);

    memset(plan, 0, sizeof(*plan));
    plan->entry = file.entry;
    for (unsigned i = 0; i < file.entry_count; i++) {
        e = shm_read(s, offset + file.program_headers + i * sizeof(h), &h, sizeof(h));
        if (e)
            return e;
        wrong = add_header(&h, size, plan);
        if (!wrong)
            e = check_note(s, offset, size, &h, &wrong);
        if (e)
            return e;
        if (wrong)
            return refuse(why, wrong);
    }
    wrong = check_entry(plan);
    return wrong ? refuse(why, wrong) : UKERN_OK;
}
