/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server. To it, the call is a message as any other, and the reply says where the answer lies
 * in its shared memory. It thinks for a while before it answers, and receives other questions
 * meanwhile: a question that is being thought about is only a token in a list.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ukern/error.h>
#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/server.h>
#include <ukern/task.h>

#include "ask.h"

#define THINKING_TIME 200000000u /* nanoseconds: 0.2 s */
#define SLOT_SIZE     64         /* bytes of the shared memory for each answer */

static const struct {
    const char *question, *answer;
} known[] = {
    {"what is six times seven?", "Forty-two."},
    {"who waits in the kernel?", "Nobody. A caller is parked as a record."},
};
#define KNOWN (sizeof known / sizeof known[0])

/* A question that is being thought about. */
struct thought {
    struct thought *next;
    uint64_t token, start; /* who asked, and when */
    unsigned answer;       /* index into known */
};

static struct thought *oldest, **newest = &oldest;
static ukern_handle memory; /* the answers: the kernel copies from here */

/* The time to think about the oldest question has passed: the deferred reply. */
static void answer_oldest(struct server *s)
{
    struct thought *t = oldest;
    struct ukern_msg reply = {.w = {(uint64_t)memory, t->answer * SLOT_SIZE,
                                    strlen(known[t->answer].answer), clock_now() - t->start}};
    int error = server_reply(t->token, &reply);

    if (error != UKERN_OK && error != UKERN_ESTALE) {
        /* Not delivered, for example because the buffer is no memory of the caller's. It may wait.
         */
        reply = (struct ukern_msg){.tag = UKERN_TAG(UKERN_EIO, 0)};
        server_reply(t->token, &reply);
    }
    oldest = t->next;
    if (oldest == NULL)
        newest = &oldest;
    s->deadline = oldest != NULL ? oldest->start + THINKING_TIME : 0;
    free(t);
}

/* ASK_REQUEST: the question is in w[1..5]. An error is the result of the program's call. */
static int ask(struct server *s, struct request *r)
{
    char question[ASK_QUESTION_MAX + 1] = "";
    struct thought *t;
    unsigned i = 0;

    if (r->token == 0)
        return SERVER_LATER; /* it came by ipc_send(): nobody waits for a reply */
    memcpy(question, &r->msg.w[1], ASK_QUESTION_MAX);
    while (i < KNOWN && strcmp(known[i].question, question) != 0)
        i++;
    if (i == KNOWN)
        return UKERN_ENOENT;
    if (strlen(known[i].answer) > r->msg.w[0])
        return UKERN_EOVERFLOW; /* the kernel would refuse the copy: say it in time */
    t = malloc(sizeof *t);
    if (t == NULL)
        return UKERN_ENOMEM;
    *t = (struct thought){.token = r->token, .start = clock_now(), .answer = i};
    *newest = t;
    newest = &t->next;
    if (s->deadline == 0)
        s->deadline = t->start + THINKING_TIME; /* then server_run() calls answer_oldest() */
    return SERVER_LATER;
}

static const struct server_handler handlers[] = {{ASK_REQUEST, ask}, {0, NULL}};

/* Memory that the kernel may copy from, with the answers in it. */
static int write_answers(void)
{
    void *slots;
    int error;

    memory = shm_create(KNOWN * SLOT_SIZE, UKERN_SHM_NORMAL);
    if (memory < 0)
        return memory;
    error = shm_map(memory, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &slots);
    for (unsigned i = 0; i < KNOWN && error == UKERN_OK; i++)
        strncpy((char *)slots + i * SLOT_SIZE, known[i].answer, SLOT_SIZE);
    return error;
}

/* server_run() receives for ever: it calls ask() for each request, and answer_oldest() when the
 * deadline that they set has come. */
int main(void)
{
    struct server s = {
        .port = task_handle("port"),
        .handlers = handlers,
        .timeout = answer_oldest,
    };
    int error = write_answers();

    if (error == UKERN_OK)
        error = server_run(&s);
    fprintf(stderr, "oracle: %s\n", ukern_strerror(error));
    return 1;
}
