/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Lines that come in pieces. In an image without the stream extension a write is cut into messages
 *  of 32 bytes, and those of two tasks would mix within a line. So a piece that is surely not the
 *  last opens a line: until its writer has gone on to the line's end, but not for long, others
 *  wait.
 */
#ifndef CONSOLE_LINE_H
#define CONSOLE_LINE_H

#include <stdbool.h>
#include <stdint.h>

/** How long a line may keep other writers waiting, from its first piece on. Nanoseconds. */
#define LINE_TIME 200000000u

struct line {
    bool open;
    uint64_t badge; /* whose */
    uint64_t until;
};

/** A piece of this writer's was taken; more: the line goes on in the next. */
static inline void line_piece(struct line *l, uint64_t badge, bool more, uint64_t now)
{
    if (l->open && l->badge != badge)
        return; /* an empty one, which does not wait */
    if (more && !l->open) {
        l->badge = badge;
        l->until = now + LINE_TIME;
    }
    l->open = more;
}

/** Is a line open for which others wait? */
static inline bool line_holds(struct line *l, uint64_t now)
{
    if (l->open && now >= l->until)
        l->open = false;
    return l->open;
}

/** This writer sends no more. */
static inline void line_end(struct line *l, uint64_t badge)
{
    if (l->badge == badge)
        l->open = false;
}

#endif
