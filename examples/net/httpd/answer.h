/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  HTTP: what is answered to a request, and its bytes one after the other. */
#ifndef HTTPD_ANSWER_H
#define HTTPD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define REQUEST_MAX 4096 /**< bytes of a request's head */

struct answer {
    char head[512];
    size_t head_size;
    const char *body; /**< NULL: it is made up as it goes */
    size_t body_size;
    size_t first; /**< of a body that is made up: which byte of all is its first */
    char *made;   /**< memory of a body that was made, not found */
    size_t sent;  /**< of head and body; whoever sends counts */
    bool last;    /**< end the connection after it */
    bool head_only;
};

/** Find the files to serve. false: no archive was granted. */
bool answer_init(void);
/**
 * Take the first request off what has come, if it is whole, and begin to answer it.
 * @param text         zero-terminated, changed: what belongs to later requests is moved to its begin.
 * @param[in,out] have bytes of it.
 * @param connections  how many there are, for the status.
 * @return false: there is no whole request.
 */
bool answer_begin(struct answer *a, char *text, size_t *have, unsigned connections);
/** The next bytes to be sent: how many lie at *from; 0: all have been. */
size_t answer_next(const struct answer *a, const char **from);
/** Give its memory back. */
void answer_end(struct answer *a);

#endif
