/* SPDX-License-Identifier: BSD-2-Clause */
/* The argument block of a task: built by its spawner, read by itself. No system calls here. */
#include <string.h>
#include <ukern/task.h>
#include "startup.h"

/* ---- Build. ---- */

static int put(struct startup_builder *b, const void *data, size_t n)
{
    if (n > b->size - b->used)
        return UKERN_EOVERFLOW;
    memcpy(b->block + b->used, data, n);
    b->used += n;
    return UKERN_OK;
}

/* The counts stand in a block of bytes, at no certain alignment. */
static void count(struct startup_builder *b, uint32_t arguments, uint32_t handles)
{
    struct startup_header header;

    memcpy(&header, b->block, sizeof(header));
    header.argc += arguments;
    header.handles += handles;
    memcpy(b->block, &header, sizeof(header));
}

void startup_begin(struct startup_builder *b, void *block, size_t size, uint32_t fds,
                   uint32_t priority)
{
    struct startup_header header = {.magic = STARTUP_MAGIC, .fds = fds, .priority = priority};

    *b = (struct startup_builder){.block = block, .size = size};
    put(b, &header, sizeof(header));
}

int startup_argument(struct startup_builder *b, const char *argument)
{
    int status = put(b, argument, strlen(argument) + 1);

    if (status == UKERN_OK)
        count(b, 1, 0);
    return status;
}

int startup_handle(struct startup_builder *b, const char *name, unsigned slot)
{
    size_t used = b->used;
    char number[12];
    unsigned i = sizeof(number) - 1;
    int status;

    number[i] = '\0';
    do {
        number[--i] = (char)('0' + slot % 10);
        slot /= 10;
    } while (slot);
    number[--i] = '=';

    status = put(b, name, strlen(name));
    if (status == UKERN_OK)
        status = put(b, number + i, sizeof(number) - i);
    if (status == UKERN_OK)
        count(b, 0, 1);
    else
        b->used = used;
    return status;
}

int startup_bootargs(struct startup_builder *b, const char *bootargs)
{
    return put(b, bootargs, strlen(bootargs) + 1);
}

/* ---- Read. ---- */

/* Past `n` strings from *at on; NULL: they do not end inside. */
static const char *skip_strings(const char *at, const char *end, uint32_t n)
{
    while (n-- > 0) {
        const char *nul = memchr(at, '\0', (size_t)(end - at));

        if (!nul)
            return NULL;
        at = nul + 1;
    }
    return at;
}

int startup_parse(const void *block, size_t size, struct startup *s)
{
    const char *end = (const char *)block + size;
    struct startup_header header;
    const char *arguments, *names, *bootargs;

    *s = (struct startup){.arguments = "", .names = "", .bootargs = ""};
    if (size < sizeof(header))
        return UKERN_ENOENT;
    memcpy(&header, block, sizeof(header));
    if (header.magic != STARTUP_MAGIC)
        return UKERN_ENOENT;
    if (header.argc > SPAWN_ARGS_MAX)
        return UKERN_EINVAL;

    arguments = (const char *)block + sizeof(header);
    names = skip_strings(arguments, end, header.argc);
    if (!names)
        return UKERN_EINVAL;
    bootargs = skip_strings(names, end, header.handles);
    if (!bootargs || !skip_strings(bootargs, end, 1))
        return UKERN_EINVAL;
    *s = (struct startup){arguments,      names,      bootargs,       header.argc,
                          header.handles, header.fds, header.priority};
    return UKERN_OK;
}

/* The number after '=': digits only, and not too large for a handle. */
static int parse_slot(const char *text)
{
    int slot = 0;

    if (*text == '\0')
        return UKERN_ENOENT;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || slot > (INT32_MAX - 9) / 10)
            return UKERN_ENOENT;
        slot = slot * 10 + (*text - '0');
    }
    return slot;
}

int startup_find(const struct startup *s, const char *name)
{
    size_t length = strlen(name);
    const char *at = s->names;

    for (uint32_t i = 0; i < s->handles; i++) {
        if (strncmp(at, name, length) == 0 && at[length] == '=')
            return parse_slot(at + length + 1);
        at += strlen(at) + 1;
    }
    return UKERN_ENOENT;
}
