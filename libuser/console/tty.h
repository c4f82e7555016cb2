/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The line discipline: what a person types becomes lines. Pure C, no device: characters go in one
 *  by one, the echo comes out in a small buffer, readers see whole lines.
 *
 *  Keys: Enter ends the line; Backspace and Delete take a character back, Ctrl-U the line, Ctrl-W a
 *  word; Ctrl-D hands over what is there, and on an empty line means the end of input; Ctrl-C
 *  throws all unread input away and interrupts. A script (not a terminal) gets no echo, and its
 *  Ctrl-D is the end for good.
 */
#ifndef CONSOLE_TTY_H
#define CONSOLE_TTY_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

#define TTY_ENDS 16  /* most Ctrl-D that can wait to be read */
#define TTY_ECHO 512 /* echo that a slow line can fall behind; more is not shown */

enum tty_escape { TTY_PLAIN, TTY_ESCAPE, TTY_SEQUENCE };

struct tty {
    struct ring in;         /* head: next byte to read; tail: end of the line being typed */
    uint64_t ready;         /* position: lines before it are complete. head <= ready <= tail */
    uint64_t end[TTY_ENDS]; /* positions at which the input ends once, ascending */
    unsigned ends;
    bool script;
    bool over; /* script: no more input comes after `ready` */
    enum tty_escape
        escape; /* keys that send several characters, as arrows do: taken, without effect */
    char last;  /* the character before: a CR LF pair is one Enter */
    char echo[TTY_ECHO]; /* to be shown */
    unsigned echo_used;
};

enum tty_event { TTY_NOTHING, TTY_READY, TTY_INTERRUPT };

/** `bytes` is a ring of `size` bytes, a power of two. */
void tty_init(struct tty *t, char *bytes, uint64_t size, bool script);
/** A character has come in. TTY_READY: readers may go on. TTY_INTERRUPT: Ctrl-C. */
enum tty_event tty_input(struct tty *t, char c);
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
