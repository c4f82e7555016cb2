/* SPDX-License-Identifier: BSD-2-Clause */
/* A server that ends when it is asked to; init starts it again. */
#include <ukern/ipc.h>
#include <ukern/task.h>

#include "phoenix.h"

int main(void)
{
    ukern_handle port = task_handle("port");
    struct ukern_msg m = {0, {0}}, late = {0, {0}};
    struct ukern_event ev = {.token = 0};
    uint64_t calls = 0, held = 0;

    for (;;) {
        if (ipc_reply_recv(ev.token, &m, port, &ev, UKERN_FOREVER) != UKERN_EV_MESSAGE) {
            ev.token = 0;
            continue;
        }
        calls++;
        m = (struct ukern_msg){0, {0}};
        switch (UKERN_TAG_LABEL(ev.msg.tag)) {
        case PHOENIX_ID:
            m.w[0] = task_self();
            break;
        case PHOENIX_CALLS:
            m.w[0] = calls;
            break;
        case PHOENIX_EXIT:
            return 3;
        case PHOENIX_CRASH:
            __asm__ volatile("udf #0");
            break;
        case PHOENIX_HOLD:
            held = ev.token;
            ev.token = 0;
            break;
        case PHOENIX_TOKEN:
            m.w[0] = held;
            break;
        case PHOENIX_ANSWER:
            m.w[0] = (uint64_t)(int64_t)ipc_reply(ev.msg.w[0], &late);
            break;
        }
    }
}
