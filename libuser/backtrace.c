/* SPDX-License-Identifier: BSD-2-Clause */
/* Walk a stopped task's frames, and name what is found. */
#include <stdio.h>
#include <string.h>
#include <ukern/archive.h>
#include <ukern/backtrace.h>
#include <ukern/task.h>

#define FRAMES_MAX 32
#define FILE_MAX   64 /* longest NAME.sym */
#define LINE_MAX   160

/* Return addresses may be signed: the signature stands above the 39 bits of user addresses. */
#define ADDRESS_MASK ((UINT64_C(1) << 39) - 1)

unsigned backtrace_frames(const struct ukern_regs *regs,
                          bool (*read)(void *context, uint64_t address, uint64_t *word),
                          void *context, uint64_t *pcs, unsigned max)
{
    uint64_t frame = regs->x[29], next, pc;
    unsigned n = 0;

    if (max > 0)
        pcs[n++] = regs->pc;
    while (n < max && frame != 0 && frame % 8 == 0) {
        if (!read(context, frame, &next) || !read(context, frame + 8, &pc) || pc == 0)
            break;
        pcs[n++] = pc & ADDRESS_MASK;
        if (next <= frame)
            break; /* stacks grow down: callers' frames lie above */
        frame = next;
    }
    return n;
}

static bool read_word(void *context, uint64_t address, uint64_t *word)
{
    return task_read(*(ukern_handle *)context, address, word, sizeof(*word)) == sizeof(*word);
}

unsigned backtrace_walk(ukern_handle task, uint64_t *pcs, unsigned max)
{
    struct ukern_regs regs;

    if (task_regs(task, &regs) < 0)
        return 0;
    return backtrace_frames(&regs, read_word, &task, pcs, max);
}

bool backtrace_symbol(const char *program, uint64_t pc, struct ukern_symbol *out)
{
    struct archive_file file;
    const void *archive;
    char name[FILE_MAX];
    size_t size;

    if (snprintf(name, sizeof(name), "%s.sym", program) >= (int)sizeof(name))
        return false;
    if (archive_open(&archive, &size) < 0 || archive_find(archive, size, name, &file) < 0)
        return false;
    return ukern_symtab_find(file.data, file.size, pc, out);
}

int backtrace_line(char *line, size_t size, const char *program, unsigned i, uint64_t pc)
{
    struct ukern_symbol symbol;

    /* A return address is after its call, which may be the last instruction of its function. */
    if (!backtrace_symbol(program, i > 0 && pc >= 4 ? pc - 4 : pc, &symbol))
        return snprintf(line, size, "  #%u 0x%lx", i, (unsigned long)pc);
    if (!symbol.file)
        return snprintf(line, size, "  #%u 0x%lx in %s", i, (unsigned long)pc, symbol.function);
    return snprintf(line, size, "  #%u 0x%lx in %s (%s:%u)", i, (unsigned long)pc, symbol.function,
                    symbol.file, (unsigned)symbol.line);
}

int backtrace_cause(char *line, size_t size, const uint64_t w[UKERN_MSG_WORDS])
{
    unsigned long address = w[2];

    switch ((enum ukern_fault_cause)w[0]) {
    case UKERN_FAULT_READ:
        return snprintf(line, size, "read from 0x%lx, which is not mapped for reading", address);
    case UKERN_FAULT_WRITE:
        return snprintf(line, size, "wrote to 0x%lx, which is not mapped for writing", address);
    case UKERN_FAULT_EXEC:
        return snprintf(line, size, "ran into 0x%lx, which is not executable", address);
    case UKERN_FAULT_ALIGN:
        return snprintf(line, size, "misaligned access, stack or program counter at 0x%lx",
                        address);
    case UKERN_FAULT_ILLEGAL:
        return snprintf(line, size, "undefined or privileged instruction");
    case UKERN_FAULT_BREAK:
        return snprintf(line, size, "breakpoint: abort() or a failed assertion");
    case UKERN_FAULT_EXTERNAL:
        return snprintf(line, size, "the bus answered an access to 0x%lx with an error", address);
    case UKERN_FAULT_OTHER:
        break;
    }
    return snprintf(line, size, "exception with syndrome 0x%lx", (unsigned long)w[1]);
}

/*
 * Does the link register name a caller that has no part in the chain of frames? So it is in a
 * function that has no frame (yet), as small ones do, and after a jump into nowhere. In a function
 * that has called others it leads back into that function itself.
 */
static bool caller_without_frame(const char *program, const struct ukern_regs *regs, uint64_t first)
{
    uint64_t link = regs->x[30] & ADDRESS_MASK;
    struct ukern_symbol here, caller;

    if (link < 4 || link == first || !backtrace_symbol(program, link - 4, &caller))
        return false;
    return !backtrace_symbol(program, regs->pc, &here) ||
           regs->pc - here.offset != link - 4 - caller.offset;
}

void backtrace_print(ukern_handle task, const char *program,
                     void (*print)(void *context, const char *line), void *context)
{
    uint64_t pcs[FRAMES_MAX + 1];
    struct ukern_regs regs;
    char line[LINE_MAX];
    unsigned n;

    if (task_regs(task, &regs) < 0)
        return;
    n = backtrace_frames(&regs, read_word, &task, pcs, FRAMES_MAX);
    if (caller_without_frame(program, &regs, n > 1 ? pcs[1] : 0)) {
        memmove(&pcs[2], &pcs[1], (n - 1) * sizeof(pcs[0]));
        pcs[1] = regs.x[30] & ADDRESS_MASK;
        n++;
    }
    for (unsigned i = 0; i < n; i++) {
        backtrace_line(line, sizeof(line), program, i, pcs[i]);
        print(context, line);
    }
}
