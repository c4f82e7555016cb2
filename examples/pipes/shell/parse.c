/* SPDX-License-Identifier: BSD-2-Clause */
#include "parse.h"

#include <stdlib.h>
#include <string.h>
#include <ukern/abi/errors.h>

/* Where the parser is. */
struct parser {
    const char *at;
    char *text;   /* next character of a word goes here */
    char **words; /* next word goes here */
    const char *mistake;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool ends_word(char c)
{
    return c == '\0' || is_space(c) || c == '|' || c == '&';
}

/* A quoted part of a word; *p->at is the opening quote. */
static bool quoted(struct parser *p)
{
    char quote = *p->at++;

    for (; *p->at != quote; p->at++) {
        if (quote == '"' && *p->at == '\\' && (p->at[1] == '"' || p->at[1] == '\\'))
            p->at++;
        if (*p->at == '\0') {
            p->mistake = "a quote is not closed";
            return false;
        }
        *p->text++ = *p->at;
    }
    p->at++;
    return true;
}

static bool word(struct parser *p)
{
    *p->words++ = p->text;
    while (!ends_word(*p->at)) {
        if (*p->at == '<' || *p->at == '>') {
            p->mistake =
                "there is no < or >: `cat FILE | ...` reads a file of the image, none can be "
                "written; quote the character to have it in a word";
            return false;
        }
        if (*p->at == '\'' || *p->at == '"') {
            if (!quoted(p))
                return false;
            continue;
        }
        if (*p->at == '\\' && p->at[1] != '\0')
            p->at++;
        *p->text++ = *p->at++;
    }
    *p->text++ = '\0';
    return true;
}

static void skip_space(struct parser *p)
{
    while (is_space(*p->at))
        p->at++;
    if (*p->at == '#')
        p->at += strlen(p->at);
}

/* Words up to the end of the stage. */
static bool stage(struct parser *p, struct stage *s)
{
    s->argv = p->words;
    for (skip_space(p); !ends_word(*p->at); skip_space(p))
        if (!word(p))
            return false;
    s->argc = (int)(p->words - s->argv);
    *p->words++ = NULL;
    return true;
}

static bool stages(struct parser *p, struct pipeline *line)
{
    for (;;) {
        struct stage *s = &line->stage[line->stages];

        if (!stage(p, s))
            return false;
        if (s->argc == 0 && line->stages == 0 && *p->at == '\0')
            return true; /* an empty line */
        if (s->argc == 0) {
            p->mistake = "a program's name is missing before or after | or &";
            return false;
        }
        line->stages++;
        if (*p->at != '|')
            break;
        p->at++;
    }
    if (*p->at == '&') {
        line->background = true;
        p->at++;
        skip_space(p);
        if (*p->at != '\0')
            p->mistake = "nothing may come after &";
    }
    return p->mistake == NULL;
}

int pipeline_parse(const char *line, struct pipeline *p, const char **mistake)
{
    size_t n = strlen(line) + 1;
    struct parser parser = {.at = line};

    /* Each character makes at most one word or stage, and each stage one NULL. */
    *p = (struct pipeline){.stage = calloc(n, sizeof *p->stage),
                           .text = malloc(2 * n),
                           .words = calloc(2 * n, sizeof *p->words)};
    if (p->stage == NULL || p->text == NULL || p->words == NULL) {
        pipeline_free(p);
        return UKERN_ENOMEM;
    }
    parser.text = p->text;
    parser.words = p->words;
    if (stages(&parser, p))
        return UKERN_OK;
    *mistake = parser.mistake;
    pipeline_free(p);
    return UKERN_EINVAL;
}

void pipeline_free(struct pipeline *p)
{
    free(p->stage);
    free(p->text);
    free(p->words);
    *p = (struct pipeline){0};
}
