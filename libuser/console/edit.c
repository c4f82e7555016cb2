/* SPDX-License-Identifier: BSD-2-Clause */
#include "edit.h"

#include <string.h>

static char at(const struct tty *t, uint64_t position)
{
    return *ring_at(&t->in, position);
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' && c != '\t';
}

/* Columns of a byte as it is shown: control characters as ^X; a tab as a blank, since how far it
 * would go depends on what stands before it; of a UTF-8 character the first byte counts. */
static unsigned width(char c)
{
    return is_control(c) ? 2 : (c & 0xc0) != 0x80;
}

static void show_character(struct tty *t, char c)
{
    char text[3] = {c == '\t' ? ' ' : c, '\0', '\0'};

    if (is_control(c)) {
        text[0] = '^';
        text[1] = (char)(c + '@');
    }
    tty_echo(t, text);
}

static unsigned columns(const struct tty *t, uint64_t from, uint64_t to)
{
    unsigned sum = 0;

    for (; from < to; from++)
        sum += width(at(t, from));
    return sum;
}

static void repeat(struct tty *t, const char *text, unsigned n)
{
    while (n-- > 0)
        tty_echo(t, text);
}

/* Show what is behind the cursor again, and blanks over what has been there; then go back. */
static void show_rest(struct tty *t, unsigned blanks)
{
    for (uint64_t i = t->cursor; i < t->in.tail; i++)
        show_character(t, at(t, i));
    repeat(t, " ", blanks);
    repeat(t, "\b", blanks + columns(t, t->cursor, t->in.tail));
}

/* Take [from, cursor) out. */
static void cut_before(struct tty *t, uint64_t from)
{
    unsigned gone = columns(t, from, t->cursor);
    uint64_t n = t->cursor - from;

    for (uint64_t i = t->cursor; i < t->in.tail; i++)
        *ring_at(&t->in, i - n) = at(t, i);
    t->in.tail -= n;
    t->cursor = from;
    repeat(t, "\b", gone);
    show_rest(t, gone);
}

static uint64_t before(const struct tty *t)
{
    uint64_t position = t->cursor;

    while (position > t->ready && (at(t, --position) & 0xc0) == 0x80)
        continue;
    return position;
}

/* ---- Keys. ---- */

bool edit_insert(struct tty *t, char c)
{
    /* The last place is kept for the Enter that ends the line. */
    if (ring_room(&t->in) <= 1)
        return false;
    for (uint64_t i = t->in.tail++; i > t->cursor; i--)
        *ring_at(&t->in, i) = at(t, i - 1);
    *ring_at(&t->in, t->cursor++) = c;
    show_character(t, c);
    show_rest(t, 0);
    return true;
}

bool edit_left(struct tty *t)
{
    uint64_t to = before(t);

    if (t->cursor == t->ready)
        return false;
    repeat(t, "\b", columns(t, to, t->cursor));
    t->cursor = to;
    return true;
}

bool edit_right(struct tty *t)
{
    if (t->cursor == t->in.tail)
        return false;
    do
        show_character(t, at(t, t->cursor++));
    while (t->cursor < t->in.tail && (at(t, t->cursor) & 0xc0) == 0x80);
    return true;
}

bool edit_rub_out(struct tty *t)
{
    if (t->cursor == t->ready)
        return false;
    cut_before(t, before(t));
    return true;
}

void edit_rub_out_word(struct tty *t)
{
    uint64_t from = t->cursor;

    while (from > t->ready && at(t, from - 1) == ' ')
        from--;
    while (from > t->ready && at(t, from - 1) != ' ')
        from--;
    cut_before(t, from);
}

void edit_cut_left(struct tty *t)
{
    cut_before(t, t->ready);
}

void edit_cut_right(struct tty *t)
{
    unsigned gone = columns(t, t->cursor, t->in.tail);

    t->in.tail = t->cursor;
    show_rest(t, gone);
}

void edit_show(struct tty *t)
{
    for (uint64_t i = t->ready; i < t->cursor; i++)
        show_character(t, at(t, i));
    show_rest(t, 0);
}

/* ---- Lines typed before. ---- */

static void keep(struct tty *t, struct tty_line *line)
{
    line->length = (unsigned)(t->in.tail - t->ready);
    for (unsigned i = 0; i < line->length; i++)
        line->text[i] = at(t, t->ready + i);
}

/* The line typed n Enters ago; 0: the one being typed. */
static struct tty_line *line_ago(struct tty *t, unsigned n)
{
    return &t->line[(t->lines - n) % TTY_LINES];
}

void edit_remember(struct tty *t)
{
    const struct tty_line *last = line_ago(t, 1);
    struct tty_line *line = line_ago(t, 0);
    uint64_t length = t->in.tail - t->ready;

    t->ago = 0;
    if (length == 0 || length > sizeof line->text)
        return;
    keep(t, line);
    if (line->length != last->length || memcmp(line->text, last->text, line->length) != 0)
        t->lines++;
}

static bool recall(struct tty *t, unsigned ago)
{
    const struct tty_line *line = line_ago(t, ago);

    if (t->ago == 0 && t->in.tail - t->ready > sizeof line->text)
        return false; /* it could not be had back */
    if (t->ago == 0)
        keep(t, line_ago(t, 0));
    t->ago = ago;
    while (edit_right(t))
        continue;
    edit_cut_left(t);
    for (unsigned i = 0; i < line->length && edit_insert(t, line->text[i]); i++)
        continue;
    return true;
}

bool edit_older(struct tty *t)
{
    unsigned kept = t->lines < TTY_LINES ? t->lines : TTY_LINES - 1;

    return t->ago < kept && recall(t, t->ago + 1);
}

bool edit_newer(struct tty *t)
{
    return t->ago > 0 && recall(t, t->ago - 1);
}
