/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The image description: file `image` of the archive, made by sdk.mk from the project's make
 *  variables. Text, one setting a line, the key first:
 *
 *      TASKS pipeserv shell
 *      pipeserv.provides pipe
 *      shell.uses pipe console archive
 *      shell.memory 1M
 *
 *  Pure C, no system call. Mistakes are named one by one; what is right is taken.
 */
#ifndef INIT_IMAGE_H
#define INIT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukern/supervisor.h>

/** Some words of a line. */
struct words {
    char **word;
    unsigned count;
};

/** A task as the description wants it. Numbers are 0 where nothing was said. */
struct image_task {
    char *name;
    char *program;                   /**< file in the archive; default: the name */
    struct words provides;           /**< names of its ports */
    struct words uses;               /**< names of ports that it may call, "archive" */
    struct words devices;            /**< see devices.h */
    struct words dma;                /**< sizes of the DMA memory for them */
    struct words args;               /**< after its name */
    enum supervisor_restart restart; /**< default: never */
    uint64_t memory, stack;          /**< bytes */
    int priority;                    /**< -1: not said */
    uint32_t rights;                 /**< of the system handle; 0: it gets none */
    uint32_t given;                  /**< bits: properties seen */
};

struct image {
    struct image_task *tasks;
    unsigned count;
};

/** Told of each mistake: the line's number (from 1) and a sentence. */
typedef void image_complain(void *context, unsigned line, const char *sentence);

/**
 * Read a description.
 * @param text  NUL-terminated; is cut into words in place, and must stay.
 * @return UKERN_OK, also when there were complaints; UKERN_ENOMEM; UKERN_ENOENT: it names no task.
 */
int image_parse(char *text, struct image *image, image_complain *complain, void *context);

/** Bytes, with K, M or G for 1024 to some power. false: not a size, or 0. */
bool image_size(const char *text, uint64_t *size);

/** The task that provides this port, or NULL. */
const struct image_task *image_provider(const struct image *image, const char *port);

#endif
