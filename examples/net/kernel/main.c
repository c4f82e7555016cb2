/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel extension of this image: the calls of byte streams (read, write ...), which are those
 * of the pipes example under another name, and the calls of netdev's and netserv's clients. */
#define ukern_main register_stream_calls
#include "../../pipes/kernel/pipe_calls.c"
#undef ukern_main

#include "net_calls.h"
#include "socket_calls.h"

void ukern_main(void);

void ukern_main(void)
{
    register_stream_calls();
    net_calls_register();
    socket_calls_register();
}
