/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendto() and recvfrom(): like write() and read(), with an address beside the bytes. It is small
 * and travels in the message itself. See netserv/socket_abi.h.
 */
#include "socket_calls.h"

#include <ukern/ukern.h>

#include "../netserv/socket_abi.h"

/* The address stands in the caller's memory: a second range. */
static int sendto_begin(struct ukern_pending *p)
{
    uint64_t address = ukern_arg(p, 4);
    int step = ukern_begin_write(p, (ukern_handle)ukern_arg(p, 0), ukern_arg(p, 1), ukern_arg(p, 2),
                                 SOCKET_SENDTO);
    int range, error;

    if (step != UKERN_FORWARD || address == 0)
        return step;
    range = ukern_range(p, address, sizeof(struct socket_address), UKERN_IN);
    if (range < 0)
        return range;
    error = ukern_copy_in(p, range, 0, &ukern_request(p)->w[2], sizeof(struct socket_address));
    return error == UKERN_OK ? UKERN_FORWARD : error;
}

static int recvfrom_begin(struct ukern_pending *p)
{
    uint64_t address = ukern_arg(p, 4);
    int step = ukern_begin_read(p, (ukern_handle)ukern_arg(p, 0), ukern_arg(p, 1), ukern_arg(p, 2),
                                SOCKET_RECVFROM);

    if (step == UKERN_FORWARD)
        ukern_set_deadline(p, ukern_arg(p, 5));
    if (step == UKERN_FORWARD && address != 0) {
        int range = ukern_range(p, address, sizeof(struct socket_address), UKERN_OUT);

        ukern_state(p)[0] = (uint64_t)range;
        return range < 0 ? range : UKERN_FORWARD;
    }
    return step;
}

static int recvfrom_complete(struct ukern_pending *p, const struct ukern_msg *reply)
{
    int range = (int)ukern_state(p)[0];
    int error = ukern_complete_status(p, reply);

    if (error != UKERN_DONE || UKERN_TAG_LABEL(reply->tag) < 0)
        return error;
    error = ukern_copy_shm(p, 0, 0, (ukern_handle)(uint32_t)reply->w[1], reply->w[2], reply->w[0]);
    if (error != UKERN_OK)
        return error;
    ukern_result(p, reply->w[0], 0);
    if (range != 0 &&
        ukern_copy_out(p, range, 0, &reply->w[3], sizeof(struct socket_address)) != UKERN_OK)
        ukern_result(p, (uint64_t)UKERN_EFAULT, 0);
    return UKERN_DONE;
}

static const struct ukern_completion sendto_call = {"sendto", sendto_begin, ukern_complete_write,
                                                    UKERN_NOTHING_TO_CANCEL};
static const struct ukern_completion recvfrom_call = {"recvfrom", recvfrom_begin, recvfrom_complete,
                                                      UKERN_NOTHING_TO_CANCEL};

void socket_calls_register(void)
{
    ukern_register(SOCKET_SENDTO, &sendto_call);
    ukern_register(SOCKET_RECVFROM, &recvfrom_call);
}
