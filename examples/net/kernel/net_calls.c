/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls of simple clients of netdev (netdev/net.h): one frame each, copied once by the
 * kernel between the caller's buffer and netdev's memory. examples/pipes/kernel/pipe_calls.c tells
 * how such calls work.
 */
#include "net_calls.h"

#include <ukern/ukern.h>

#include "../netdev/net.h"

/* net_send(x0 = net, x1 = frame, x2 = bytes) -> x0 = bytes, or an error. */
static int send_begin(struct ukern_pending *p)
{
    return ukern_begin_write(p, (ukern_handle)ukern_arg(p, 0), ukern_arg(p, 1), ukern_arg(p, 2),
                             NET_SEND);
}

/*
 * net_recv(x0 = net, x1 = buffer, x2 = bytes, x3 = deadline) -> x0 = bytes of the frame, or an
 * error. Deadline 0 means: only look. That is the server's to answer, not the kernel's: a call
 * whose deadline has passed would not even reach it.
 */
static int recv_begin(struct ukern_pending *p)
{
    uint64_t deadline = ukern_arg(p, 3);
    int step = ukern_begin_read(p, (ukern_handle)ukern_arg(p, 0), ukern_arg(p, 1), ukern_arg(p, 2),
                                NET_RECV);

    if (step != UKERN_FORWARD)
        return step;
    ukern_request(p)->w[1] = deadline == 0 ? NET_POLL : 0;
    if (deadline != 0)
        ukern_set_deadline(p, deadline);
    return UKERN_FORWARD;
}

/* net_info(x0 = net, x1 = buffer, x2 = bytes, x3 = deadline) -> x0 = bytes of struct net_info, or
 * an error. */
static int info_begin(struct ukern_pending *p)
{
    int step = ukern_begin_read(p, (ukern_handle)ukern_arg(p, 0), ukern_arg(p, 1), ukern_arg(p, 2),
                                NET_INFO);

    if (step == UKERN_FORWARD)
        ukern_set_deadline(p, ukern_arg(p, 3));
    return step;
}

static const struct ukern_completion send_call = {"net_send", send_begin, ukern_complete_write,
                                                  UKERN_NOTHING_TO_CANCEL};
static const struct ukern_completion recv_call = {"net_recv", recv_begin, ukern_complete_read,
                                                  UKERN_NOTHING_TO_CANCEL};
static const struct ukern_completion info_call = {"net_info", info_begin, ukern_complete_read,
                                                  UKERN_NOTHING_TO_CANCEL};

void net_calls_register(void)
{
    ukern_register(NET_SEND, &send_call);
    ukern_register(NET_RECV, &recv_call);
    ukern_register(NET_INFO, &info_call);
}
