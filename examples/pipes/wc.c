/* SPDX-License-Identifier: BSD-2-Clause */
/* wc [FILE...]: lines, words and bytes. */
#include <stdbool.h>
#include "io.h"

struct counts {
    unsigned long lines, words, bytes;
};

static struct counts total;

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void show(const struct counts *c, const char *name)
{
    printf("%7lu %7lu %7lu%s%s\n", c->lines, c->words, c->bytes, *name ? " " : "", name);
}

static void count(int fd, const char *name)
{
    struct counts c = {0};
    bool in_word = false;
    size_t n;

    while ((n = io_read("wc", fd, name)) > 0) {
        c.bytes += n;
        for (size_t i = 0; i < n; i++) {
            bool space = is_space(io_buffer[i]);

            c.words += in_word && space;
            c.lines += io_buffer[i] == '\n';
            in_word = !space;
        }
    }
    c.words += in_word;
    show(&c, fd == STDIN_FILENO ? "" : name);
    total.lines += c.lines;
    total.words += c.words;
    total.bytes += c.bytes;
}

int main(int argc, char **argv)
{
    int failed = io_each(argc, argv, count);

    if (argc > 2)
        show(&total, "total");
    return failed;
}
