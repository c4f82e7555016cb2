/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Handles: a task's own small integers for objects, with rights. The first HANDLE_FIRST live in
 *  one small array, the rest in pages under a directory page that is made when it is needed.
 */
#ifndef CORE_HANDLE_H
#define CORE_HANDLE_H

#include "core.h"
#include "account.h"
#include "shm.h"

struct task;
struct client;

struct handle {
    void *object;          /* struct port, shm, task or irq; NULL for system */
    uint64_t badge;        /* port: the client's badge, or 0; shm: the generation it was made in */
    struct client *client; /* port: whose copies are counted, or NULL */
    uint16_t rights;
    uint8_t type;        /* enum ukern_type; UKERN_TYPE_NONE: free */
    uint8_t port_rights; /* of a port, those of the hot paths; else 0. handle_open() sets it */
};

/* CALL, NOTIFY and RECV fit. */
_Static_assert((UKERN_R_CALL | UKERN_R_NOTIFY | UKERN_R_RECV) <= UINT8_MAX, "port_rights");

#define HANDLE_FIRST    32
#define HANDLE_PER_PAGE 128
#define HANDLE_PAGES    256
#define HANDLE_MAX      (HANDLE_FIRST + HANDLE_PER_PAGE * HANDLE_PAGES)

struct handle_page {
    struct handle *slots; /* NULL: not made yet */
    uint64_t used;
};

struct handle_table {
    struct handle *first;          /* HANDLE_FIRST slots */
    struct handle_page *directory; /* HANDLE_PAGES, or NULL */
    uint32_t used;                 /* handles open */
    uint32_t first_used;           /* of them in `first` */
    struct account *account;
};

int handle_table_init(struct handle_table *t, struct account *a); /* UKERN_OK or UKERN_ENOMEM */
/* Free the (empty) table's memory. */
void handle_table_free(struct handle_table *t);

/* The open handle h, or NULL. */
struct handle *handle_get(const struct handle_table *t, uint64_t h);
/* h with this type and all these rights: UKERN_OK, UKERN_EHANDLE, UKERN_ETYPE, UKERN_ERIGHTS or,
 * for a revoked shm, UKERN_EREVOKED. */
int handle_find(const struct handle_table *t, uint64_t h, unsigned type, unsigned rights,
                struct handle **out);
/* The port handle h with this right, if it is among the first ones; NULL: ask handle_find(). */
static inline struct handle *handle_quick(const struct handle_table *t, uint64_t h, unsigned right)
{
    return likely(h < HANDLE_FIRST && (t->first[h].port_rights & right)) ? &t->first[h] : NULL;
}
/* The shm handle h with these rights, as handle_quick(). */
static inline struct handle *handle_quick_shm(const struct handle_table *t, uint64_t h,
                                              unsigned rights)
{
    const struct shm *s;
    struct handle *e;

    if (unlikely(h >= HANDLE_FIRST))
        return NULL;
    e = &t->first[h];
    if (unlikely(e->type != UKERN_TYPE_SHM || (rights & ~(unsigned)e->rights)))
        return NULL;
    s = e->object;
    return likely(!s->dead && e->badge == s->generation) ? e : NULL;
}
/* handle_find() of a port. */
static inline int handle_find_port(const struct handle_table *t, uint64_t h, unsigned right,
                                   struct handle **out)
{
    *out = handle_quick(t, h, right);
    return likely(*out) ? UKERN_OK : handle_find(t, h, UKERN_TYPE_PORT, right, out);
}
/* handle_find() of a shm. */
static inline int handle_find_shm(const struct handle_table *t, uint64_t h, unsigned rights,
                                  struct handle **out)
{
    *out = handle_quick_shm(t, h, rights);
    return likely(*out) ? UKERN_OK : handle_find(t, h, UKERN_TYPE_SHM, rights, out);
}
/* Make room for `count` more at the lowest free slots, or at one given slot: their numbers into
 * out. Nothing is opened yet. UKERN_OK, UKERN_ENOMEM, UKERN_EINVAL (slot out of range). The slot
 * given may be open. */
int handle_reserve(struct handle_table *t, int64_t slot, unsigned count, uint32_t *out);
/* Open a reserved slot. The references that h stands for are taken by the caller before. */
void handle_open(struct handle_table *t, uint32_t slot, const struct handle *h);
/* Take a handle out of the table: the references that it stood for are the caller's now. */
struct handle handle_take(struct handle_table *t, uint32_t slot);
/* The lowest open slot at or after `from`, looking at no more than 128 slots a call: *next is where
 * to go on; -1: none among them. */
int32_t handle_next(const struct handle_table *t, uint32_t from, uint32_t *next);

/* One more reference for a copy of *h. */
void handle_ref(const struct handle *h);
/* Drop the references of a handle that `by` closes: whatever takes long is left on by's cleanup
 * list. */
void handle_drop(struct task *by, const struct handle *h);

#endif
