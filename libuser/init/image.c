/* SPDX-License-Identifier: BSD-2-Clause */
#include "image.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is being read, for complaints. */
struct reader {
    struct image *image;
    image_complain *complain;
    void *context;
    unsigned line;
    const char *key;
};

__attribute__((format(printf, 2, 3))) static void mistake(const struct reader *r,
                                                          const char *format, ...)
{
    char sentence[160];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    r->complain(r->context, r->line, sentence);
}

/* ---- Words. ---- */

/* The next word of *at, which is moved behind it; NULL: none is left on this line. */
static char *next_word(char **at)
{
    char *word = *at + strspn(*at, " \t\r");

    if (*word == '\0')
        return NULL;
    *at = word + strcspn(word, " \t\r");
    if (**at != '\0')
        *(*at)++ = '\0';
    return word;
}

static int split(char *text, struct words *w)
{
    char *word, **bigger;

    while ((word = next_word(&text)) != NULL) {
        bigger = realloc(w->word, (w->count + 1) * sizeof *w->word);
        if (bigger == NULL)
            return UKERN_ENOMEM;
        w->word = bigger;
        w->word[w->count++] = word;
    }
    return UKERN_OK;
}

/* ---- Values. ---- */

static int read_words(struct reader *r, char *value, void *to)
{
    (void)r;
    return split(value, to);
}

static int read_program(struct reader *r, char *value, void *to)
{
    char *word = next_word(&value);

    if (word == NULL || next_word(&value) != NULL)
        mistake(r, "%s wants the name of one program", r->key);
    else
        *(char **)to = word;
    return UKERN_OK;
}

static int read_restart(struct reader *r, char *value, void *to)
{
    char *word = next_word(&value);
    enum supervisor_restart *restart = to;

    if (word != NULL && strcmp(word, "always") == 0)
        *restart = SUPERVISOR_ALWAYS;
    else if (word != NULL && strcmp(word, "on-failure") == 0)
        *restart = SUPERVISOR_ON_FAILURE;
    else if (word != NULL && strcmp(word, "never") == 0)
        *restart = SUPERVISOR_NEVER;
    else
        mistake(r, "%s wants always, on-failure or never", r->key);
    return UKERN_OK;
}

bool image_size(const char *text, uint64_t *size)
{
    unsigned shift = 0;
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *size = strtoull(text, &end, 0);
    if (errno != 0)
        return false;
    if (*end == 'K' || *end == 'k')
        shift = 10;
    else if (*end == 'M' || *end == 'm')
        shift = 20;
    else if (*end == 'G' || *end == 'g')
        shift = 30;
    if (end[shift != 0] != '\0' || *size > UINT64_MAX >> shift)
        return false;
    *size <<= shift;
    return *size > 0;
}

static int read_size(struct reader *r, char *value, void *to)
{
    char *word = next_word(&value);

    if (word == NULL || !image_size(word, to))
        mistake(r, "%s wants a size, as 512K or 16M", r->key);
    return UKERN_OK;
}

static int read_dma(struct reader *r, char *value, void *to)
{
    struct words *sizes = to;
    uint64_t size;
    int error = split(value, sizes);

    for (unsigned i = 0; i < sizes->count; i++) {
        if (image_size(sizes->word[i], &size))
            continue;
        mistake(r, "%s wants sizes, as 64K or 1M; it gets none", r->key);
        sizes->count = 0;
    }
    return error;
}

static int read_priority(struct reader *r, char *value, void *to)
{
    char *word = next_word(&value), *end;
    long priority = -1;

    if (word != NULL && *word >= '0' && *word <= '9') {
        priority = strtol(word, &end, 10);
        if (*end != '\0')
            priority = -1;
    }
    if (priority < 0 || priority >= UKERN_PRIORITIES)
        mistake(r, "%s wants a number from 0 to %d", r->key, UKERN_PRIORITIES - 1);
    else
        *(int *)to = (int)priority;
    return UKERN_OK;
}

static int read_rights(struct reader *r, char *value, void *to)
{
    static const struct {
        const char *name;
        uint32_t right;
    } known[] = {
        {"inspect", UKERN_R_INSPECT}, {"kill", UKERN_R_KILL},     {"log", UKERN_R_LOG},
        {"power", UKERN_R_POWER},     {"device", UKERN_R_DEVICE},
    };
    uint32_t *rights = to;
    char *word;

    while ((word = next_word(&value)) != NULL) {
        uint32_t right = 0;

        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (strcmp(word, known[i].name) == 0)
                right = known[i].right;
        if (right == 0)
            mistake(r, "%s: there is no right \"%s\"; it may be inspect, kill, log, power, device",
                    r->key, word);
        *rights |= right;
    }
    return UKERN_OK;
}

/* ---- Lines. ---- */

static const struct property {
    const char *name;
    int (*read)(struct reader *r, char *value, void *to);
    size_t member;
} properties[] = {
    {"provides", read_words, offsetof(struct image_task, provides)},
    {"uses", read_words, offsetof(struct image_task, uses)},
    {"devices", read_words, offsetof(struct image_task, devices)},
    {"dma", read_dma, offsetof(struct image_task, dma)},
    {"args", read_words, offsetof(struct image_task, args)},
    {"program", read_program, offsetof(struct image_task, program)},
    {"restart", read_restart, offsetof(struct image_task, restart)},
    {"memory", read_size, offsetof(struct image_task, memory)},
    {"stack", read_size, offsetof(struct image_task, stack)},
    {"priority", read_priority, offsetof(struct image_task, priority)},
    {"rights", read_rights, offsetof(struct image_task, rights)},
};

static struct image_task *find_task(const struct image *image, const char *name)
{
    for (unsigned i = 0; i < image->count; i++)
        if (strcmp(image->tasks[i].name, name) == 0)
            return &image->tasks[i];
    return NULL;
}

static int add_task(struct reader *r, char *name)
{
    struct image *image = r->image;
    struct image_task *bigger;

    if (strlen(name) >= UKERN_NAME_MAX || strchr(name, '.') != NULL) {
        mistake(r, "\"%s\" cannot be a task's name: it is too long or has a dot in it", name);
        return UKERN_OK;
    }
    if (find_task(image, name) != NULL) {
        mistake(r, "task %s is named twice", name);
        return UKERN_OK;
    }
    bigger = realloc(image->tasks, (image->count + 1) * sizeof *image->tasks);
    if (bigger == NULL)
        return UKERN_ENOMEM;
    image->tasks = bigger;
    image->tasks[image->count++] =
        (struct image_task){.name = name, .program = name, .priority = -1};
    return UKERN_OK;
}

static int read_property(struct reader *r, char *key, char *dot, char *value)
{
    struct image_task *task;

    *dot = '\0';
    task = find_task(r->image, key);
    *dot = '.';
    if (task == NULL) {
        mistake(r, "%s: there is no such task in TASKS", key);
        return UKERN_OK;
    }
    for (unsigned i = 0; i < sizeof properties / sizeof properties[0]; i++) {
        if (strcmp(dot + 1, properties[i].name) != 0)
            continue;
        if (task->given & (1u << i)) {
            mistake(r, "%s is set twice; the first one counts", key);
            return UKERN_OK;
        }
        task->given |= 1u << i;
        return properties[i].read(r, value, (char *)task + properties[i].member);
    }
    mistake(r, "%s: there is no such property", key);
    return UKERN_OK;
}

/* tasks_only: TASKS may stand anywhere, and must be known before the properties. */
static int read_line(struct reader *r, char *line, bool tasks_only)
{
    char *at = line + strspn(line, " \t\r");
    size_t key_length = strcspn(at, " \t\r");
    char *value = at + key_length, *dot, *name;
    int error = UKERN_OK;

    if (key_length == 0 || *at == '#')
        return UKERN_OK;
    if ((key_length == 5 && memcmp(at, "TASKS", 5) == 0) != tasks_only)
        return UKERN_OK;
    if (tasks_only) {
        while (error == UKERN_OK && (name = next_word(&value)) != NULL)
            error = add_task(r, name);
        at[0] = '#'; /* done with this line */
        return error;
    }
    if (*value != '\0')
        *value++ = '\0';
    r->key = at;
    dot = strchr(at, '.');
    if (dot != NULL)
        return read_property(r, at, dot, value);
    mistake(r, "%s: there is no such setting", at);
    return UKERN_OK;
}

/* Text is in [text, end); *end is NUL. Both passes count the lines alike. */
static int read_lines(struct reader *r, char *text, const char *end, bool tasks_only)
{
    int error = UKERN_OK;

    r->line = 0;
    for (char *line = text, *next; error == UKERN_OK && line < end; line = next) {
        next = line;
        while (next < end && *next != '\n')
            next++;
        r->line++;
        *next = '\0';
        error = read_line(r, line, tasks_only);
        if (tasks_only && next < end)
            *next = '\n';
        next++;
    }
    return error;
}

int image_parse(char *text, struct image *image, image_complain *complain, void *context)
{
    struct reader r = {.image = image, .complain = complain, .context = context};
    const char *end = text + strlen(text);
    int error;

    *image = (struct image){NULL, 0};
    error = read_lines(&r, text, end, true);
    if (error == UKERN_OK)
        error = read_lines(&r, text, end, false);
    if (error == UKERN_OK && image->count == 0)
        error = UKERN_ENOENT;
    return error;
}

const struct image_task *image_provider(const struct image *image, const char *port)
{
    for (unsigned i = 0; i < image->count; i++)
        for (unsigned k = 0; k < image->tasks[i].provides.count; k++)
            if (strcmp(image->tasks[i].provides.word[k], port) == 0)
                return &image->tasks[i];
    return NULL;
}
