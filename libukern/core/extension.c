/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an extension may ask of a pending call (ukern/ukern.h). Every value from the caller or
 * the server is checked here, once, without overflow.
 */
#include "pending.h"
#include "ipc.h"
#include "task.h"

uint64_t ukern_arg(const struct ukern_pending *p, unsigned i)
{
    ASSERT(i < 8);
    return p->caller->result.x[i];
}

uint64_t *ukern_state(struct ukern_pending *p)
{
    return p->state;
}

void ukern_set_deadline(struct ukern_pending *p, uint64_t deadline)
{
    p->deadline = deadline;
}

struct ukern_msg *ukern_request(struct ukern_pending *p)
{
    if (!p->message) { /* a further stage: zero at first, like the one before */
        p->request = (struct ukern_msg){0};
        p->message = &p->request;
    }
    return p->message;
}

void ukern_result(struct ukern_pending *p, uint64_t x0, uint64_t x1)
{
    p->result[0] = x0;
    p->result[1] = x1;
}

static inline int target(struct ukern_pending *p, ukern_handle port)
{
    struct handle *h;
    int rc = handle_find_port(&p->caller->handles, (uint32_t)port, UKERN_R_CALL, &h);

    if (!rc) {
        p->target = port;
        p->target_handle = h;
    }
    return rc;
}

int ukern_target(struct ukern_pending *p, ukern_handle port)
{
    return target(p, port);
}

static inline int declare(struct ukern_pending *p, uint64_t address, uint64_t length,
                          enum ukern_direction direction)
{
    ASSERT(p->phase == PENDING_BEGIN);
    if (p->ranges == UKERN_RANGES)
        return UKERN_ENOMEM;
    if (length && !range_inside(address, length, USER_LOW, USER_HIGH))
        return UKERN_EFAULT;
    p->range[p->ranges] = (struct pending_range){address, length, direction};
    return p->ranges++;
}

int ukern_range(struct ukern_pending *p, uint64_t address, uint64_t length,
                enum ukern_direction direction)
{
    return declare(p, address, length, direction);
}

/* The declared range, if [offset, offset + length) lies in it; else NULL. */
static inline const struct pending_range *range_part(const struct ukern_pending *p, int range,
                                                     uint64_t offset, uint64_t length)
{
    if (range < 0 || range >= p->ranges || !range_inside(offset, length, 0, p->range[range].length))
        return NULL;
    return &p->range[range];
}

int ukern_copy_in(struct ukern_pending *p, int range, uint64_t offset, void *to, size_t length)
{
    const struct pending_range *r = range_part(p, range, offset, length);

    if (length > PAGE_SIZE)
        return UKERN_EOVERFLOW;
    if (!r || r->direction != UKERN_IN)
        return UKERN_EFAULT;
    return aspace_copy_in(p->caller->aspace, to, r->address + offset, length);
}

int ukern_copy_out(struct ukern_pending *p, int range, uint64_t offset, const void *from,
                   size_t length)
{
    const struct pending_range *r = range_part(p, range, offset, length);

    if (length > PAGE_SIZE)
        return UKERN_EOVERFLOW;
    if (!r || r->direction != UKERN_OUT)
        return UKERN_EFAULT;
    return aspace_copy_out(p->caller->aspace, r->address + offset, from, length);
}

/* The shm that the server's handle names, if [offset, offset + length) lies in it; else NULL. */
static inline struct shm *server_shm(const struct ukern_pending *p, ukern_handle shm,
                                     unsigned right, uint64_t offset, uint64_t length)
{
    struct handle *h;
    struct shm *s;

    if (p->phase != PENDING_COMPLETE ||
        handle_find_shm(&p->server->handles, (uint32_t)shm, right, &h))
        return NULL;
    s = h->object;
    return range_inside(offset, length, 0, s->pages << PAGE_SHIFT) ? s : NULL;
}

static inline __attribute__((always_inline)) int add_copy(struct ukern_pending *p, int range,
                                                          uint64_t range_offset, ukern_handle shm,
                                                          uint64_t shm_offset, uint64_t length)
{
    const struct pending_range *r = range_part(p, range, range_offset, length);
    struct shm *s;

    if (length == 0)
        return UKERN_OK;
    if (!r || p->copies == UKERN_COPIES)
        return UKERN_EPROTO;
    s = server_shm(p, shm, r->direction == UKERN_OUT ? UKERN_R_READ : UKERN_R_WRITE, shm_offset,
                   length);
    if (!s || s->flavour == UKERN_SHM_DEVICE)
        return UKERN_EPROTO;
    p->copy_bytes += length; /* of a range, each: it cannot overflow */
    p->copy[p->copies++] =
        (struct pending_copy){s, r->address + range_offset, shm_offset, length, r->direction};
    return UKERN_OK;
}

int ukern_copy_shm(struct ukern_pending *p, int range, uint64_t range_offset, ukern_handle shm,
                   uint64_t shm_offset, uint64_t length)
{
    return add_copy(p, range, range_offset, shm, shm_offset, length);
}

int ukern_map_shm(struct ukern_pending *p, ukern_handle shm, uint64_t shm_offset, uint64_t length,
                  unsigned prot, uint64_t *address)
{
    unsigned right = UKERN_R_READ | (prot & UKERN_PROT_WRITE ? UKERN_R_WRITE : 0);
    struct shm *s = server_shm(p, shm, right, shm_offset, length);
    int rc;

    if (!s || p->mapping || !length || shm_offset % PAGE_SIZE || !(prot & UKERN_PROT_READ) ||
        (prot & ~(unsigned)(UKERN_PROT_READ | UKERN_PROT_WRITE)))
        return UKERN_EPROTO;
    rc = aspace_map(p->caller->aspace, s, 0, shm_offset >> PAGE_SHIFT,
                    page_up(length) >> PAGE_SHIFT, prot, &p->mapping);
    if (rc)
        return rc == UKERN_ENOMEM ? rc : UKERN_EPROTO;
    p->mapping->worker = &p->mapping;
    *address = p->mapping->node.key;
    return UKERN_OK;
}

int ukern_give_handle(struct ukern_pending *p, unsigned result, uint64_t word)
{
    uint64_t message[1 + UKERN_MSG_WORDS] = {UKERN_TAG(0, 1)};

    message[UKERN_MSG_WORDS] = word;
    if (p->phase != PENDING_COMPLETE || p->gives == 2 || result > 1 ||
        ipc_check(p->server, message) != UKERN_OK)
        return UKERN_EPROTO;
    p->give[p->gives] = word;
    p->give_result[p->gives++] = (uint8_t)result;
    return UKERN_OK;
}

/* ---- Status and the calls like read and write ---- */

static bool kernel_only(int64_t status)
{
    switch (status) {
#define GIVEN_BY_KERNEL(name) case UKERN_##name:
#define GIVEN_BY_ANY(name)
#define UKERN_ERROR(name, number, giver, text) GIVEN_BY_##giver(name)
#include <ukern/abi/errors.def>
#undef UKERN_ERROR
        return true;
    default:
        return false;
    }
}

int ukern_reply_status(const struct ukern_msg *reply, int64_t *status)
{
    *status = UKERN_TAG_LABEL(reply->tag);
    return kernel_only(*status) ? UKERN_EPROTO : UKERN_OK;
}

int ukern_complete_status(struct ukern_pending *p, const struct ukern_msg *reply)
{
    int64_t status;
    int rc = ukern_reply_status(reply, &status);

    if (rc)
        return rc;
    ukern_result(p, (uint64_t)status, 0);
    return UKERN_DONE;
}

static inline int begin_transfer(struct ukern_pending *p, ukern_handle port, uint64_t address,
                                 uint64_t length, uint32_t label, enum ukern_direction direction)
{
    int rc = target(p, port);

    if (rc)
        return rc;
    rc = declare(p, address, length, direction);
    if (rc < 0)
        return rc;
    p->message->tag = UKERN_TAG(label, 0);
    p->message->w[0] = length;
    p->message->w[1] = p->caller->result.x[3];
    return UKERN_FORWARD;
}

static int complete_transfer(struct ukern_pending *p, const struct ukern_msg *reply)
{
    uint64_t first = reply->w[3], second = reply->w[5];
    int64_t status;
    int rc = ukern_reply_status(reply, &status);

    if (rc)
        return rc;
    if (status >= 0) {
        ukern_handle shm = (ukern_handle)(uint32_t)reply->w[1];
        if (first > reply->w[0] || second != reply->w[0] - first ||
            reply->w[0] > p->range[0].length)
            return UKERN_EPROTO;
        rc = add_copy(p, 0, 0, shm, reply->w[2], first);
        if (unlikely(second) && !rc)
            rc = ukern_copy_shm(p, 0, first, shm, reply->w[4], second);
        if (rc)
            return rc;
        status = (int64_t)reply->w[0];
    }
    ukern_result(p, (uint64_t)status, 0);
    return UKERN_DONE;
}

int ukern_begin_read(struct ukern_pending *p, ukern_handle port, uint64_t address, uint64_t length,
                     uint32_t label)
{
    return begin_transfer(p, port, address, length, label, UKERN_OUT);
}

int ukern_begin_write(struct ukern_pending *p, ukern_handle port, uint64_t address, uint64_t length,
                      uint32_t label)
{
    return begin_transfer(p, port, address, length, label, UKERN_IN);
}

int ukern_complete_read(struct ukern_pending *p, const struct ukern_msg *reply)
{
    return complete_transfer(p, reply);
}

int ukern_complete_write(struct ukern_pending *p, const struct ukern_msg *reply)
{
    return complete_transfer(p, reply);
}
