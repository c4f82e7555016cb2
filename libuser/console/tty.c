/* SPDX-License-Identifier: BSD-2-Clause */
#include "edit.h"

#include <string.h>
#include <ukern/abi/errors.h>

#define CTRL(letter) ((letter)&0x1f)
#define BACKSPACE    0x08
#define DELETE       0x7f
#define ESCAPE       0x1b
#define BELL         "\a"

void tty_init(struct tty *t, char *bytes, uint64_t size, bool script)
{
    memset(t, 0, sizeof *t);
    t->in = (struct ring){.bytes = bytes, .size = size};
    t->script = script;
}

void tty_echo(struct tty *t, const char *text)
{
    size_t n = strlen(text);

    if (t->script || n > sizeof t->echo - t->echo_used)
        return;
    memcpy(t->echo + t->echo_used, text, n);
    t->echo_used += (unsigned)n;
}

static void bell_unless(struct tty *t, bool done)
{
    if (!done)
        tty_echo(t, BELL);
}

/* The next line begins behind this one. */
static void hand_over(struct tty *t)
{
    t->ready = t->cursor = t->in.tail;
}

/* edit_insert() has kept a place for it. */
static void enter(struct tty *t)
{
    if (ring_room(&t->in) == 0) {
        tty_echo(t, BELL);
        return;
    }
    if (!t->script)
        edit_remember(t);
    *ring_at(&t->in, t->in.tail++) = '\n';
    tty_echo(t, "\n");
    hand_over(t);
}

static void end_of_input(struct tty *t)
{
    bool empty = t->in.tail == t->ready;

    hand_over(t);
    if (t->script)
        t->over = true;
    else if (empty && t->ends < TTY_ENDS)
        t->end[t->ends++] = t->ready;
}

static enum tty_event interrupt(struct tty *t)
{
    tty_echo(t, "^C\n");
    hand_over(t);
    t->in.head = t->ready;
    t->ends = t->ago = 0;
    return TTY_INTERRUPT;
}

static void key_home(struct tty *t)
{
    while (edit_left(t))
        continue;
}

static void key_end(struct tty *t)
{
    while (edit_right(t))
        continue;
}

static void key_delete(struct tty *t)
{
    bool done = edit_right(t);

    bell_unless(t, done);
    if (done)
        edit_rub_out(t);
}

/* ESC [ 3 ~ and its like, by the digit. */
static void numbered_key(struct tty *t, char digit)
{
    if (digit == '1' || digit == '7')
        key_home(t);
    else if (digit == '4' || digit == '8')
        key_end(t);
    else if (digit == '3')
        key_delete(t);
}

/* The last character of ESC [ A and its like. Others have no effect. */
static void key(struct tty *t, char last)
{
    switch (last) {
    case 'A':
        bell_unless(t, edit_older(t));
        break;
    case 'B':
        bell_unless(t, edit_newer(t));
        break;
    case 'C':
        bell_unless(t, edit_right(t));
        break;
    case 'D':
        bell_unless(t, edit_left(t));
        break;
    case 'H':
        key_home(t);
        break;
    case 'F':
        key_end(t);
        break;
    case '~':
        numbered_key(t, t->parameter);
        break;
    }
}

/*
 * Keys like the arrows send ESC [ and more, up to a letter or ~. None of it may become text. Is c
 * part of such a sequence?
 */
static bool in_sequence(struct tty *t, char c)
{
    switch (t->escape) {
    case TTY_PLAIN:
        if (c != ESCAPE || t->script)
            return false;
        t->escape = TTY_ESCAPE;
        return true;
    case TTY_ESCAPE:
        t->escape = c == '[' || c == 'O' ? TTY_SEQUENCE : TTY_PLAIN;
        t->parameter = '\0';
        return t->escape == TTY_SEQUENCE;
    case TTY_SEQUENCE:
        if (t->parameter == '\0')
            t->parameter = c;
        if (c >= ' ' && c < '@')
            return true;
        t->escape = TTY_PLAIN; /* its end, or it is broken off */
        if (c >= '@' && c <= '~')
            key(t, c);
        return c >= '@' && c <= '~';
    }
    return false;
}

/* The keys of a terminal that a script has not: its characters are text. */
static enum tty_event control_key(struct tty *t, char c)
{
    switch (c) {
    case CTRL('A'):
        key_home(t);
        break;
    case CTRL('B'):
        key(t, 'D');
        break;
    case CTRL('E'):
        key_end(t);
        break;
    case CTRL('F'):
        key(t, 'C');
        break;
    case CTRL('K'):
        edit_cut_right(t);
        break;
    case CTRL('L'):
        return TTY_CLEAR;
    case CTRL('N'):
        key(t, 'B');
        break;
    case CTRL('P'):
        key(t, 'A');
        break;
    default:
        bell_unless(t, edit_insert(t, c));
    }
    return TTY_NOTHING;
}

enum tty_event tty_input(struct tty *t, char c)
{
    char last = t->last;

    t->last = c;
    if (t->over || (c == '\n' && last == '\r') || in_sequence(t, c))
        return TTY_NOTHING;
    switch (c) {
    case CTRL('C'):
        return interrupt(t);
    case CTRL('D'):
        end_of_input(t);
        return TTY_READY;
    case '\r':
    case '\n':
        enter(t);
        return TTY_READY;
    case BACKSPACE:
    case DELETE:
        bell_unless(t, edit_rub_out(t));
        return TTY_NOTHING;
    case CTRL('U'):
        edit_cut_left(t);
        return TTY_NOTHING;
    case CTRL('W'):
        edit_rub_out_word(t);
        return TTY_NOTHING;
    case '\0':
        return TTY_NOTHING;
    }
    if (!t->script)
        return control_key(t, c);
    edit_insert(t, c);
    /* A script's line may be longer than the ring: hand over what is there. */
    if (tty_full(t))
        hand_over(t);
    return TTY_READY;
}

void tty_show(struct tty *t)
{
    edit_show(t);
}

bool tty_full(const struct tty *t)
{
    return t->script && ring_room(&t->in) <= 1;
}

/* Where this read must stop at the latest. */
static uint64_t limit(const struct tty *t)
{
    return t->ends > 0 ? t->end[0] : t->ready;
}

int64_t tty_offer(const struct tty *t, uint64_t want)
{
    uint64_t n = 0, most = limit(t) - t->in.head;

    if (want == 0)
        return 0;
    if (most == 0)
        return t->ends > 0 || t->over ? 0 : UKERN_EAGAIN;
    if (want < most)
        most = want;
    while (n < most)
        if (*ring_at(&t->in, t->in.head + n++) == '\n')
            break;
    return (int64_t)n;
}

void tty_take(struct tty *t, uint64_t n)
{
    t->in.head += n;
    if (n > 0 || t->ends == 0)
        return;
    t->ends--;
    memmove(t->end, t->end + 1, t->ends * sizeof t->end[0]);
}
