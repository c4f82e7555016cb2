/* SPDX-License-Identifier: BSD-2-Clause */
#include "fdt.h"

#include <string.h>
#include <ukern/abi/errors.h>

#define MAGIC       0xd00dfeedu
#define VERSION     17u
#define HEADER_SIZE 40u
#define DEPTH_MAX   16

enum { BEGIN_NODE = 1, END_NODE = 2, PROP = 3, NOP = 4, END = 9 };

/* A property's value. */
struct value {
    const unsigned char *data;
    size_t size;
};

/* A node on the path from the root to where the reader is. */
struct node {
    uint32_t address_cells, size_cells; /* of its children */
    bool direct;                        /* its children's addresses are the CPU's */
    bool has_ranges, disabled, compatible;
    struct value reg, interrupts;
};

/* A walk over the tree. */
struct walk {
    const struct fdt *fdt;
    const char *compatible;
    size_t at;      /* offset in the structure block; a multiple of 4 */
    unsigned depth; /* nodes open */
    struct node path[DEPTH_MAX];
    bool head; /* the innermost node's properties are being read */
};

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Is [offset, offset + length) in `size` bytes? */
static bool inside(uint64_t offset, uint64_t length, size_t size)
{
    return offset <= size && length <= size - offset;
}

int fdt_open(struct fdt *fdt, const void *blob, size_t size)
{
    const unsigned char *p = blob;
    uint32_t total, nodes, nodes_size, strings, strings_size;

    if (size < HEADER_SIZE || be32(p) != MAGIC)
        return UKERN_EINVAL;
    total = be32(p + 4);
    nodes = be32(p + 8);
    strings = be32(p + 12);
    strings_size = be32(p + 32);
    nodes_size = be32(p + 36);
    if (total > size || be32(p + 24) > VERSION || be32(p + 20) < VERSION || nodes % 4 != 0 ||
        !inside(nodes, nodes_size, total) || !inside(strings, strings_size, total) ||
        strings_size == 0 || p[strings + strings_size - 1] != '\0')
        return UKERN_EINVAL;
    *fdt =
        (struct fdt){p + nodes, nodes_size & ~(size_t)3, (const char *)p + strings, strings_size};
    return UKERN_OK;
}

/* Bytes left from where the walk is. */
static size_t left(const struct walk *w)
{
    return w->fdt->nodes_size - w->at;
}

/* Step over n bytes and up to the next multiple of 4; the caller knows that n are left. */
static void skip(struct walk *w, size_t n)
{
    w->at += (n + 3) & ~(size_t)3; /* the block's size is a multiple of 4, too */
}

/* Is `word` one of the NUL-terminated strings in the value? */
static bool lists(struct value v, const char *word)
{
    size_t n = strlen(word) + 1;

    while (v.size > 0) {
        const unsigned char *end = memchr(v.data, '\0', v.size);
        size_t length = end != NULL ? (size_t)(end - v.data) + 1 : v.size;

        if (length == n && memcmp(v.data, word, n) == 0)
            return true;
        v.data += length;
        v.size -= length;
    }
    return false;
}

static int begin_node(struct walk *w)
{
    const unsigned char *name = w->fdt->nodes + w->at;
    const unsigned char *end = memchr(name, '\0', left(w));
    bool direct = true;

    if (end == NULL || w->depth == DEPTH_MAX)
        return UKERN_EINVAL;
    skip(w, (size_t)(end - name) + 1);
    if (w->depth > 0) {
        const struct node *parent = &w->path[w->depth - 1];

        /* The root's children are on the CPU's bus; others are if their parent maps them as they
         * are. */
        direct = w->depth == 1 || (parent->direct && parent->has_ranges);
    }
    w->path[w->depth++] = (struct node){.address_cells = 2, .size_cells = 1, .direct = direct};
    w->head = true;
    return UKERN_OK;
}

static int property(struct walk *w)
{
    struct node *n;
    uint32_t length, name_offset;
    struct value v;
    const char *name;

    if (left(w) < 8 || w->depth == 0 || !w->head)
        return UKERN_EINVAL;
    n = &w->path[w->depth - 1];
    length = be32(w->fdt->nodes + w->at);
    name_offset = be32(w->fdt->nodes + w->at + 4);
    w->at += 8;
    if (length > left(w) || name_offset >= w->fdt->strings_size)
        return UKERN_EINVAL;
    v = (struct value){w->fdt->nodes + w->at, length};
    name = w->fdt->strings + name_offset;
    skip(w, length);

    if (strcmp(name, "compatible") == 0)
        n->compatible = lists(v, w->compatible);
    else if (strcmp(name, "reg") == 0)
        n->reg = v;
    else if (strcmp(name, "interrupts") == 0)
        n->interrupts = v;
    else if (strcmp(name, "status") == 0)
        n->disabled = !lists(v, "okay") && !lists(v, "ok");
    else if (strcmp(name, "ranges") == 0)
        n->has_ranges = v.size == 0; /* empty: addresses pass through unchanged */
    else if (strcmp(name, "#address-cells") == 0 && v.size == 4)
        n->address_cells = be32(v.data);
    else if (strcmp(name, "#size-cells") == 0 && v.size == 4)
        n->size_cells = be32(v.data);
    return UKERN_OK;
}

/* A number of one or two cells. */
static uint64_t cells(const unsigned char *p, uint32_t count)
{
    return count == 2 ? (uint64_t)be32(p) << 32 | be32(p + 4) : be32(p);
}

/* The innermost node's properties are complete: is it a device that is wanted? */
static bool matches(const struct walk *w, struct fdt_device *d)
{
    const struct node *n, *parent;
    uint32_t type, number;

    if (w->depth < 2)
        return false;
    n = &w->path[w->depth - 1];
    parent = &w->path[w->depth - 2];
    if (!n->compatible || n->disabled || !n->direct)
        return false;
    if (parent->address_cells < 1 || parent->address_cells > 2 || parent->size_cells < 1 ||
        parent->size_cells > 2 ||
        n->reg.size < 4 * (size_t)(parent->address_cells + parent->size_cells))
        return false;
    d->base = cells(n->reg.data, parent->address_cells);
    d->size = cells(n->reg.data + 4 * (size_t)parent->address_cells, parent->size_cells);
    if (d->size == 0 || d->base > UINT64_MAX - d->size)
        return false;

    /* The binding of Arm's interrupt controller: kind (0: shared, 1: private), number, flags. */
    d->has_irq = false;
    d->irq = 0;
    if (n->interrupts.size >= 12) {
        type = be32(n->interrupts.data);
        number = be32(n->interrupts.data + 4);
        d->has_irq = type <= 1 && number < 1020 - 32;
        d->irq = number + (type == 0 ? 32 : 16);
    }
    return true;
}

/* Go on to the next node that matches. 1: *d is it; 0: the end. */
static int next_match(struct walk *w, struct fdt_device *d)
{
    int error = UKERN_OK;

    while (error == UKERN_OK && left(w) >= 4) {
        uint32_t token = be32(w->fdt->nodes + w->at);
        bool complete = w->head && (token == BEGIN_NODE || token == END_NODE);

        if (complete) {
            w->head = false;
            if (matches(w, d))
                return 1; /* the token is read again next time */
        }
        w->at += 4;
        if (token == END)
            return w->depth == 0 ? 0 : UKERN_EINVAL;
        if (token == BEGIN_NODE)
            error = begin_node(w);
        else if (token == PROP)
            error = property(w);
        else if (token == END_NODE && w->depth > 0)
            w->depth--;
        else if (token != NOP)
            error = UKERN_EINVAL;
    }
    return error == UKERN_OK ? UKERN_EINVAL : error;
}

int fdt_find(const struct fdt *fdt, const char *compatible, unsigned n, struct fdt_device *device)
{
    struct walk w = {.fdt = fdt, .compatible = compatible};
    int found;

    do
        found = next_match(&w, device);
    while (found == 1 && n-- > 0);
    return found == 1 ? UKERN_OK : found == 0 ? UKERN_ENOENT : found;
}
