/* SPDX-License-Identifier: BSD-2-Clause */
/* A client: puts some values, looks them up, and lets waiter.c go at the end. */
#include <stdio.h>

#include <ukern/error.h>

#include "kv_client.h"

static void show(const char *key)
{
    kv_value value;
    int error = kv_get(key, value);

    if (error == UKERN_OK)
        printf("client: %s is %s\n", key, value);
    else
        printf("client: %s: %s\n", key, ukern_strerror(error));
}

int main(void)
{
    int error = kv_put("sky", "blue");

    if (error != UKERN_OK) {
        fprintf(stderr, "client: no server: %s\n", ukern_strerror(error));
        return 1;
    }
    show("sky");
    kv_put("sky", "full of stars");
    show("sky");
    show("grass");
    kv_delete("sky");
    show("sky");
    error = kv_put("a key that is too long", "");
    printf("client: a long key: %s\n", ukern_strerror(error));

    return kv_put("answer", "42") == UKERN_OK ? 0 : 1;
}
