/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The line discipline: what a person types becomes lines. Pure C, no device: characters go in one
 *  by one, the echo comes out in a small buffer, readers see whole lines.
 *
 *  Keys: Enter ends the line; Backspace takes a character back, Delete the one under the cursor,
 *  Ctrl-W a word, Ctrl-U what is before the cursor, Ctrl-K what is behind it; Left, Right, Home,
 *  End and Ctrl-B, -F, -A, -E move the cursor; Up, Down and Ctrl-P, -N show lines typed before;
 *  Ctrl-L clears the screen; Ctrl-D hands over what is there, and on an empty line means the end of
 *  input; Ctrl-C throws all unread input away and interrupts. In a line that is longer than the
 *  screen is wide, a cursor that moves is shown in the wrong row. A script (not a terminal) gets no
 *  echo; it is not edited but by Backspace, Ctrl-U and Ctrl-W, and its Ctrl-D is the end for good.
 */

#ifndef CONSOLE_TTY_H
#define CONSOLE_TTY_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

#define TTY_ENDS 16   /* most Ctrl-D that can wait to be read */
#define TTY_ECHO 4096 /* echo that a slow line can fall behind; more is not shown */

#define TTY_LINES    16  /* typed before and kept, with the one being typed: a power of two */
#define TTY_LINE_MAX 256 /* longer ones are not kept */

enum tty_escape { TTY_PLAIN, TTY_ESCAPE, TTY_SEQUENCE };

struct tty_line {
    unsigned length;
    char text[TTY_LINE_MAX];
};

struct tty {
    struct ring in;         /* head: next byte to read; tail: end of the line being typed */
    uint64_t ready;         /* position: lines before it are complete. head <= ready <= tail */
    uint64_t cursor;        /* position. ready <= cursor <= tail */
    uint64_t end[TTY_ENDS]; /* positions at which the input ends once, ascending */
    unsigned ends;
    bool script;
    bool over;              /* script: no more input comes after `ready` */
    enum tty_escape escape; /* in the middle of a key that sends several characters */
    char parameter;         /* of such a key: its first digit, or 0 */
    char last;              /* the character before: a CR LF pair is one Enter */
    char echo[TTY_ECHO];    /* to be shown */
    unsigned echo_used;
    struct tty_line line[TTY_LINES]; /* the last is at (lines - 1) % TTY_LINES */
    unsigned lines;                  /* that were kept */
    unsigned ago;                    /* how many Enters ago the line that is shown was typed */
};

enum tty_event { TTY_NOTHING, TTY_READY, TTY_INTERRUPT, TTY_CLEAR };

/** `bytes` is a ring of `size` bytes, a power of two. */
void tty_init(struct tty *t, char *bytes, uint64_t size, bool script);
/** A character has come in. TTY_READY: readers may go on. TTY_INTERRUPT: Ctrl-C. TTY_CLEAR:
 * Ctrl-L: clear the screen, show the prompt, then tty_show(). */
enum tty_event tty_input(struct tty *t, char c);
/** Show the line being typed again. */
void tty_show(struct tty *t);
/** Show a text, unless it is a script. */
void tty_echo(struct tty *t, const char *text);
/** Is there no room for another character of a script? Then leave it in the device. */
bool tty_full(const struct tty *t);
/**
 * What a reader that wants `want` bytes can have: up to one line.
 * @return bytes, at most want; 0: the end of input (or want is 0); UKERN_EAGAIN: nothing yet.
 */
int64_t tty_offer(const struct tty *t, uint64_t want);
/** The reader has got the n bytes (0: the end) that tty_offer() said. */
void tty_take(struct tty *t, uint64_t n);

#endif
