/* SPDX-License-Identifier: BSD-2-Clause */
/* A second client: sleeps, without polling, until somebody puts the key. */
#include <stdio.h>

#include <ukern/error.h>

#include "kv_client.h"

int main(void)
{
    kv_value value;
    int error = kv_wait("answer", value);

    if (error != UKERN_OK) {
        fprintf(stderr, "waiter: %s\n", ukern_strerror(error));
        return 1;
    }
    printf("waiter: the answer is %s\n", value);
    return 0;
}
