/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  A command line becomes a pipeline: words, 'quoted', "quoted" or with \ before single characters;
 *  stages with | between them; & at the end: do not wait; # starts a comment. < and > are kept for
 *  what they mean elsewhere: they are mistakes. Pure C.
 */
#ifndef SHELL_PARSE_H
#define SHELL_PARSE_H

#include <stdbool.h>

struct stage {
    char **argv; /**< NULL-terminated */
    int argc;    /**< at least 1 */
};

struct pipeline {
    struct stage *stage;
    unsigned stages; /**< 0: the line is empty */
    bool background;
    char *text;   /**< the words' characters */
    char **words; /**< behind all argv */
};

/**
 * @param[out] mistake  a sentence, where the result is UKERN_EINVAL.
 * @return UKERN_OK: pipeline_free() it some time; UKERN_EINVAL; UKERN_ENOMEM.
 */
int pipeline_parse(const char *line, struct pipeline *p, const char **mistake);
void pipeline_free(struct pipeline *p);

#endif
