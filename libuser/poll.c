/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll(): asks each server, and waits on a port of its own. The rules are told in ukern/stream.h.
 *
 * Each server gets a handle of that port with a badge, the number of the round. So not only a
 * notification wakes poll(): when a server dies, or drops the handle for another reason, the port
 * hears a hangup, and all are asked again. Hangups of earlier rounds mean nothing.
 */
#include <errno.h>
#include <poll.h>
#include <ukern/irq.h>
#include <ukern/ipc.h>
#include <ukern/stream.h>
#include <ukern/task.h>
#include "fd.h"

#define READY_BIT     UINT64_C(1)
#define HANDLE_RIGHTS (UKERN_R_TRANSFER | UKERN_R_NOTIFY)

static uint64_t round_number;

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

/* Ask one server what is ready; watcher: the handle that it is to notify when nothing is, or
 * negative. It is given away or closed. */
static short ask(const struct pollfd *p, ukern_handle watcher)
{
    struct ukern_msg msg = {.tag = UKERN_TAG(STREAM_POLL, watcher >= 0 ? 1 : 0)};
    int status;

    msg.w[0] =
        (p->events & POLLIN ? STREAM_IN : 0) | (uint64_t)(p->events & POLLOUT ? STREAM_OUT : 0);
    msg.w[1] = READY_BIT;
    msg.w[2] = task_self();
    if (watcher >= 0)
        msg.w[5] = UKERN_SEND_HANDLE(watcher, UKERN_R_NOTIFY) | UKERN_SEND_MOVE;

    status = ipc_call(p->fd, &msg);
    if (status < 0 && watcher >= 0)
        handle_close(watcher); /* if it has not moved */
    if (status == UKERN_EHANDLE || status == UKERN_ETYPE || status == UKERN_ERIGHTS)
        return POLLNVAL;
    if (status < 0)
        return POLLERR | POLLHUP;
    status = UKERN_TAG_LABEL(msg.tag);
    if (status == UKERN_ENOSYS)
        return p->events & (POLLIN | POLLOUT); /* such a stream never says that it would wait */
    return status < 0 ? POLLERR : events_of(p, status);
}

/* Ask all; port: where to wait, or negative. How many are ready, or an error. */
static int ask_all(struct pollfd *fds, nfds_t count, ukern_handle port)
{
    int ready = 0;

    for (nfds_t i = 0; i < count; i++) {
        const struct descriptor *d = fd_get(fds[i].fd);
        ukern_handle watcher = -1;

        fds[i].revents = 0;
        if (fds[i].fd < 0)
            continue;
        if (port >= 0 && ready == 0 && fd_valid(fds[i].fd) && !(d && d->file)) {
            watcher = handle_mint(port, HANDLE_RIGHTS, round_number);
            if (watcher < 0)
                return watcher;
        }
        if (!fd_valid(fds[i].fd))
            fds[i].revents = POLLNVAL;
        else if (d && d->file)
            fds[i].revents = fds[i].events & (POLLIN | POLLOUT);
        else
            fds[i].revents = ask(&fds[i], watcher);
        ready += fds[i].revents != 0;
    }
    return ready;
}

/* What earlier rounds have left at the port. */
static void drain(ukern_handle port)
{
    struct ukern_event ev;

    while (ipc_recv(port, &ev, 0) >= 0)
        continue;
}

/* Wait for a reason to ask again. */
static int wait_event(ukern_handle port, uint64_t deadline)
{
    struct ukern_event ev;
    int type;

    do {
        type = ipc_recv(port, &ev, deadline);
    } while (type >= 0 && type != UKERN_EV_NOTIFY && ev.badge != round_number);
    return type;
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    uint64_t deadline = UKERN_FOREVER;
    int result = ask_all(fds, count, -1);
    ukern_handle port;

    if (result > 0 || timeout == 0)
        return result;
    if (timeout > 0)
        deadline = clock_now() + (uint64_t)timeout * UINT64_C(1000000);
    port = wait_port();
    if (port < 0)
        return (int)fd_result(port);
    for (;;) {
        drain(port);
        round_number++;
        result = ask_all(fds, count, port);
        if (result != 0)
            return (int)fd_result(result);
        result = wait_event(port, deadline);
        if (result < 0)
            return result == UKERN_ETIMEDOUT ? 0 : (int)fd_result(result);
    }
}
