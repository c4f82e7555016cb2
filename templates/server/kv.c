/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server: keeps values by key. server_run() receives a request, looks its label up in the table
 * of handlers, and sends what the handler filled in; a handler that returns an error replies that.
 *
 * One request is special. KV_WAIT may have nothing to reply yet: its handler keeps the *token* of
 * the request, which names the waiting caller, and returns SERVER_LATER. The caller sleeps, the
 * server goes on with others, and when somebody puts the key, the reply goes to that token.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ukern/error.h>
#include <ukern/server.h>
#include <ukern/task.h>

#include "kv.h"

struct entry {
    struct entry *next;
    char key[KV_KEY_SIZE], value[KV_VALUE_SIZE];
};

/* Somebody who waits for a key that has no value yet. */
struct waiter {
    struct waiter *next;
    char key[KV_KEY_SIZE];
    uint64_t token;
};

static struct entry *entries;
static struct waiter *waiters;

/* The link that points to the entry of this key, or the last link, which is NULL. */
static struct entry **find(const char *key)
{
    struct entry **link = &entries;

    while (*link != NULL && memcmp((*link)->key, key, KV_KEY_SIZE) != 0)
        link = &(*link)->next;
    return link;
}

/* Whoever sent the request chose its words, but a key is any 16 bytes, so there is none to refuse.
 */
static const char *key_of(const struct request *r)
{
    return (const char *)&r->msg.w[0];
}

static void set_value(struct ukern_msg *reply, const struct entry *e)
{
    memcpy(&reply->w[2], e->value, KV_VALUE_SIZE);
}

/* The key has a value now: answer all who waited for it. */
static void wake_waiters(const struct entry *e)
{
    struct waiter **link = &waiters;

    while (*link != NULL) {
        struct waiter *w = *link;
        struct ukern_msg reply = {0};

        if (memcmp(w->key, e->key, KV_KEY_SIZE) != 0) {
            link = &w->next;
            continue;
        }
        set_value(&reply, e);
        server_reply(w->token, &reply); /* an error says that it is gone, which is fine */
        *link = w->next;
        free(w);
    }
}

static int put(struct server *s, struct request *r)
{
    struct entry **link = find(key_of(r));

    (void)s;
    if (*link == NULL) {
        *link = calloc(1, sizeof **link);
        if (*link == NULL)
            return UKERN_ENOMEM;
        memcpy((*link)->key, key_of(r), KV_KEY_SIZE);
    }
    memcpy((*link)->value, &r->msg.w[2], KV_VALUE_SIZE);
    wake_waiters(*link);
    return SERVER_REPLY;
}

static int get(struct server *s, struct request *r)
{
    const struct entry *e = *find(key_of(r));

    (void)s;
    if (e == NULL)
        return UKERN_ENOENT;
    set_value(&r->reply, e);
    return SERVER_REPLY;
}

static int forget(struct server *s, struct request *r)
{
    struct entry **link = find(key_of(r)), *e = *link;

    (void)s;
    if (e == NULL)
        return UKERN_ENOENT;
    *link = e->next;
    free(e);
    return SERVER_REPLY;
}

static int wait(struct server *s, struct request *r)
{
    struct waiter *w;

    if (get(s, r) == SERVER_REPLY)
        return SERVER_REPLY;
    if (r->token == 0)
        return SERVER_LATER; /* it came by ipc_send(): nobody waits for a reply */
    w = malloc(sizeof *w);
    if (w == NULL)
        return UKERN_ENOMEM;
    *w = (struct waiter){.next = waiters, .token = r->token};
    memcpy(w->key, key_of(r), KV_KEY_SIZE);
    waiters = w;
    return SERVER_LATER;
}

/* A caller that waited has died, or its deadline has passed: forget it. */
static void cancelled(struct server *s, uint64_t badge, uint64_t token)
{
    (void)s;
    (void)badge;
    for (struct waiter **link = &waiters; *link != NULL; link = &(*link)->next)
        if ((*link)->token == token) {
            struct waiter *w = *link;

            *link = w->next;
            free(w);
            return;
        }
}

static const struct server_handler handlers[] = {
    {KV_PUT, put}, {KV_GET, get}, {KV_DELETE, forget}, {KV_WAIT, wait}, {0, NULL},
};

int main(void)
{
    /* task_handle("port") is the first port that the Makefile says this task provides. */
    struct server s = {
        .port = task_handle("port"),
        .handlers = handlers,
        .cancelled = cancelled,
    };
    int error = server_run(&s);

    fprintf(stderr, "kv: cannot serve: %s\n", ukern_strerror(error));
    return 1;
}
