/* SPDX-License-Identifier: BSD-2-Clause */
#include "tty.h"

#include <string.h>
#include <ukern/abi/errors.h>

#define CTRL(letter) ((letter)&0x1f)
#define BACKSPACE    0x08
#define DELETE       0x7f
#define ESCAPE       0x1b
#define BELL         "\a"
#define RUB_OUT      "\b \b"

void tty_init(struct tty *t, char *bytes, uint64_t size, bool script)
{
    memset(t, 0, sizeof *t);
    t->in = (struct ring){.bytes = bytes, .size = size};
    t->script = script;
}

static void echo(struct tty *t, const char *text)
{
    size_t n = strlen(text);

    if (t->script || n > sizeof t->echo - t->echo_used)
        return;
    memcpy(t->echo + t->echo_used, text, n);
    t->echo_used += (unsigned)n;
}

/* Control characters are shown as ^X, so that what is seen is what is there. */
static void echo_character(struct tty *t, char c)
{
    char text[3] = {c, '\0', '\0'};

    if ((unsigned char)c < ' ' && c != '\t') {
        text[0] = '^';
        text[1] = (char)(c + '@');
    }
    echo(t, text);
}

/* Take the last character of the line being typed back: in UTF-8, up to its first byte. */
static bool rub_out(struct tty *t)
{
    char c;

    if (t->in.tail == t->ready)
        return false;
    do {
        t->in.tail--;
        c = *ring_at(&t->in, t->in.tail);
    } while ((c & 0xc0) == 0x80 && t->in.tail > t->ready);
    if ((unsigned char)c < ' ' && c != '\t')
        echo(t, RUB_OUT);
    echo(t, RUB_OUT);
    return true;
}

static void rub_out_word(struct tty *t)
{
    while (t->in.tail > t->ready && *ring_at(&t->in, t->in.tail - 1) == ' ')
        rub_out(t);
    while (t->in.tail > t->ready && *ring_at(&t->in, t->in.tail - 1) != ' ')
        rub_out(t);
}

static void put(struct tty *t, char c)
{
    /* The last place is kept for the Enter that ends the line. */
    if (ring_room(&t->in) <= (c == '\n' ? 0 : 1)) {
        echo(t, BELL);
        return;
    }
    *ring_at(&t->in, t->in.tail++) = c;
    if (c == '\n')
        echo(t, "\n");
    else
        echo_character(t, c);
}

static void end_of_input(struct tty *t)
{
    bool empty = t->in.tail == t->ready;

    t->ready = t->in.tail;
    if (t->script)
        t->over = true;
    else if (empty && t->ends < TTY_ENDS)
        t->end[t->ends++] = t->ready;
}

static enum tty_event interrupt(struct tty *t)
{
    echo(t, "^C\n");
    t->in.head = t->ready = t->in.tail;
    t->ends = 0;
    return TTY_INTERRUPT;
}

/*
 * Keys like the arrows send ESC [ and more, up to a letter or ~. Without an effect here, they must
 * not become text either. Is c part of such a sequence?
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
        return t->escape == TTY_SEQUENCE;
    case TTY_SEQUENCE:
        if (c < ' ' || c >= '@')
            t->escape = TTY_PLAIN; /* its end, or it is broken off */
        return c >= ' ' && c <= '~';
    }
    return false;
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
        put(t, '\n');
        t->ready = t->in.tail;
        return TTY_READY;
    case BACKSPACE:
    case DELETE:
        if (!rub_out(t))
            echo(t, BELL);
        return TTY_NOTHING;
    case CTRL('U'):
        while (rub_out(t))
            ;
        return TTY_NOTHING;
    case CTRL('W'):
        rub_out_word(t);
        return TTY_NOTHING;
    case '\0':
        return TTY_NOTHING;
    default:
        put(t, c);
        /* A script's line may be longer than the ring: hand over what is there. */
        if (t->script && tty_full(t))
            t->ready = t->in.tail;
        return t->script ? TTY_READY : TTY_NOTHING;
    }
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
