/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's side of the protocol: fill a message, call the server, unpack its reply. */
#include <stddef.h>
#include <string.h>

#include <ukern/ipc.h>
#include <ukern/task.h>

#include "kv_client.h"

/* A text into the words of a message, whose bytes are zero. */
static int pack(uint64_t *words, size_t size, const char *text)
{
    size_t n = strlen(text);

    if (n > size)
        return UKERN_EOVERFLOW;
    memcpy(words, text, n);
    return UKERN_OK;
}

/*
 * One request and its reply. There are two kinds of failure. ipc_call() fails if the message did
 * not get there and back: this task was not given the port, or the server died meanwhile. Otherwise
 * the label of the reply is what the server itself has to say.
 */
static int ask(enum kv_label label, const char *key, const char *value, char *answer)
{
    struct ukern_msg m = {.tag = UKERN_TAG(label, 0)};
    int error = pack(&m.w[0], KV_KEY_SIZE, key);

    if (error == UKERN_OK && value != NULL)
        error = pack(&m.w[2], KV_VALUE_SIZE, value);
    if (error == UKERN_OK)
        error = ipc_call(task_handle("kv"), &m);
    if (error == UKERN_OK)
        error = UKERN_TAG_LABEL(m.tag);
    if (error == UKERN_OK && answer != NULL) {
        memcpy(answer, &m.w[2], KV_VALUE_SIZE);
        answer[KV_VALUE_SIZE] = '\0';
    }
    return error;
}

int kv_put(const char *key, const char *value)
{
    return ask(KV_PUT, key, value, NULL);
}

int kv_get(const char *key, kv_value value)
{
    return ask(KV_GET, key, NULL, value);
}

int kv_wait(const char *key, kv_value value)
{
    return ask(KV_WAIT, key, NULL, value);
}

int kv_delete(const char *key)
{
    return ask(KV_DELETE, key, NULL, NULL);
}
