/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Symbol tables: `NAME.sym` in the archive turns an address of program NAME into a function, a
 *  file and a line (`kernel.sym`: of the kernel). tools/symtab makes them from the ELF file. All
 *  numbers are little-endian and 32 bits; a table needs no alignment:
 *
 *      header     magic, functions, lines, files, string bytes, base low, base high
 *      functions  {offset from base, size in bytes, name}, by ascending offset
 *      lines      {offset from base, file << 20 | line}, by ascending offset; line 0: none
 *      files      {name}
 *      strings    the names, each NUL-terminated; a name is an offset in here
 */
#ifndef UKERN_ABI_SYMTAB_H
#define UKERN_ABI_SYMTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** First word of a symbol table: "SYM1". */
#define UKERN_SYMTAB_MAGIC  UINT32_C(0x314d5953)
/** Words in the header. */
#define UKERN_SYMTAB_HEADER 7

/** Where an address is in the source. */
struct ukern_symbol {
    const char *function; /**< in the table */
    const char *file;     /**< in the table; NULL where no line is known */
    uint32_t line;        /**< 0 where no line is known */
    uint64_t offset;      /**< bytes from the start of the function */
};

/** @cond internal */
struct ukern_symtab_part {
    const unsigned char *first; /* of `count` entries of `words` words, by ascending first word */
    uint32_t count, words;
};

static inline uint32_t ukern_symtab_word(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The last entry whose first word is at most `offset`, or NULL. */
static inline const unsigned char *ukern_symtab_search(const struct ukern_symtab_part *part,
                                                       uint32_t offset)
{
    uint32_t low = 0, high = part->count;
    size_t size = 4 * (size_t)part->words;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (ukern_symtab_word(part->first + middle * size) <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? part->first + (low - 1) * size : NULL;
}
/** @endcond */

/**
 * Look an address up. Safe against a table of any content: it reads inside [table, table + size)
 * only, and what it returns is NUL-terminated in there.
 * @param table  the file's content, at any address.
 * @param size   its size, bytes.
 * @param pc     the address. For a return address, give the one before it (pc - 4), so
 *               that the line is the call's and not the next one's.
 * @param[out] out  function, file, line and offset; untouched if the result is false.
 * @return false: not a symbol table, or no function is at that address.
 */
static inline bool ukern_symtab_find(const void *table, size_t size, uint64_t pc,
                                     struct ukern_symbol *out)
{
    const unsigned char *base = (const unsigned char *)table;
    struct ukern_symtab_part functions, lines, files;
    uint64_t start, need;
    uint32_t strings_size, offset, name, line, file;
    const unsigned char *entry;
    const char *strings;

    if (!table || size < 4 * UKERN_SYMTAB_HEADER || ukern_symtab_word(base) != UKERN_SYMTAB_MAGIC)
        return false;
    functions.count = ukern_symtab_word(base + 4);
    functions.words = 3;
    lines.count = ukern_symtab_word(base + 8);
    lines.words = 2;
    files.count = ukern_symtab_word(base + 12);
    files.words = 1;
    strings_size = ukern_symtab_word(base + 16);
    start = ukern_symtab_word(base + 20) | (uint64_t)ukern_symtab_word(base + 24) << 32;

    /* Counts are 32 bits, so these 64-bit sums cannot wrap. */
    need = 4 * (UKERN_SYMTAB_HEADER + (uint64_t)functions.count * 3 + (uint64_t)lines.count * 2 +
                files.count);
    if (need > size || strings_size > size - need || strings_size == 0)
        return false;
    functions.first = base + 4 * UKERN_SYMTAB_HEADER;
    lines.first = functions.first + (size_t)functions.count * 12;
    files.first = lines.first + (size_t)lines.count * 8;
    strings = (const char *)base + need;
    if (strings[strings_size - 1] != '\0')
        return false;

    if (pc < start || pc - start > UINT32_MAX)
        return false;
    offset = (uint32_t)(pc - start);
    entry = ukern_symtab_search(&functions, offset);
    if (!entry || offset - ukern_symtab_word(entry) >= ukern_symtab_word(entry + 4))
        return false;
    name = ukern_symtab_word(entry + 8);
    if (name >= strings_size)
        return false;
    out->function = strings + name;
    out->offset = offset - ukern_symtab_word(entry);
    out->file = NULL;
    out->line = 0;

    entry = ukern_symtab_search(&lines, offset);
    if (!entry)
        return true;
    line = ukern_symtab_word(entry + 4) & 0xfffff;
    file = ukern_symtab_word(entry + 4) >> 20;
    if (line == 0 || file >= files.count)
        return true;
    name = ukern_symtab_word(files.first + 4 * (size_t)file);
    if (name >= strings_size)
        return true;
    out->file = strings + name;
    out->line = line;
    return true;
}

#endif
