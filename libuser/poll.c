/* SPDX-License-Identifier: BSD-2-Clause */
/* poll(): asks each server, and waits on a port of its own. The rules are told in ukern/stream.h.
 */
#include <poll.h>
#include <ukern/irq.h>
#include <ukern/ipc.h>
#include <ukern/stream.h>
#include <ukern/task.h>
#include "fd.h"

#define POLL_BITS 63 /* bits of the port that watchers use; the last is WAIT_SLEEP */
#define ALL_BITS  ((UINT64_C(1) << POLL_BITS) - 1)

static uint64_t bit_of(nfds_t i)
{
    return UINT64_C(1) << (i % POLL_BITS);
}

static short events_of(const struct pollfd *p, int ready)
{
    short events = 0;

    if (ready & STREAM_IN)
        events |= p->events & POLLIN;
    if (ready & STREAM_OUT)
        events |= p->events & POLLOUT;
    if (ready & STREAM_HANGUP)
        events |= POLLHUP;
    return events;
}

/* Ask one server what is ready; port: where it is to notify when nothing is, or negative. */
static short ask(const struct pollfd *p, uint64_t bit, ukern_handle port)
{
    struct ukern_msg msg = {.tag = UKERN_TAG(STREAM_POLL, port >= 0 ? 1 : 0)};
    const struct descriptor *d = fd_get(p->fd);
    int status;

    if (!fd_valid(p->fd))
        return POLLNVAL;
    if (d && d->file)
        return p->events & (POLLIN | POLLOUT);
    msg.w[0] =
        (p->events & POLLIN ? STREAM_IN : 0) | (uint64_t)(p->events & POLLOUT ? STREAM_OUT : 0);
    msg.w[1] = bit;
    msg.w[2] = task_self();
    if (port >= 0)
        msg.w[5] = UKERN_SEND_HANDLE(port, UKERN_R_NOTIFY);

    status = ipc_call(p->fd, &msg);
    if (status == UKERN_EHANDLE || status == UKERN_ETYPE || status == UKERN_ERIGHTS)
        return POLLNVAL;
    if (status < 0)
        return POLLERR | POLLHUP;
    status = UKERN_TAG_LABEL(msg.tag);
    if (status == UKERN_ENOSYS)
        return p->events & (POLLIN | POLLOUT); /* such a stream never says that it would wait */
    return status < 0 ? POLLERR : events_of(p, status);
}

/* Ask those whose bits are set. How many are ready. */
static int ask_all(struct pollfd *fds, nfds_t count, uint64_t bits, ukern_handle port)
{
    int ready = 0;

    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].fd < 0 || !(bits & bit_of(i)))
            continue;
        fds[i].revents = ask(&fds[i], bit_of(i), ready ? -1 : port);
        if (fds[i].revents)
            ready++;
    }
    return ready;
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    uint64_t deadline = UKERN_FOREVER, bits = ALL_BITS;
    ukern_handle port = -1;
    int ready, status;

    for (nfds_t i = 0; i < count; i++)
        fds[i].revents = 0;
    if (timeout >= 0)
        deadline = clock_now() + (uint64_t)timeout * UINT64_C(1000000);
    if (timeout != 0) {
        port = wait_port();
        if (port < 0)
            return (int)fd_result(port);
    }
    for (;;) {
        ready = ask_all(fds, count, bits, port);
        if (ready || timeout == 0)
            return ready;
        status = notify_wait(port, ALL_BITS, &bits, deadline);
        if (status == UKERN_ETIMEDOUT)
            return 0;
        if (status < 0)
            return (int)fd_result(status);
    }
}
