/* SPDX-License-Identifier: BSD-2-Clause */
#include "terminal.h"

#include <string.h>
#include <ukern/task.h>

/* The log is read in pieces of this size. */
#define LOG_PIECE 512

#define CLEAR_SCREEN "\x1b[H\x1b[2J"
#define PROMPT_MAX   80 /* longest prompt that is shown again */

void terminal_init(struct terminal *t, void *registers, char *memory, bool script,
                   ukern_handle system)
{
    memset(t, 0, sizeof *t);
    t->out = (struct ring){.bytes = memory, .size = OUTPUT_SIZE};
    tty_init(&t->tty, memory + OUTPUT_SIZE, INPUT_SIZE, script);
    t->last = '\n';
    t->system = system;
    t->log_left = system >= 0;
    pl011_init(&t->uart, registers);
}

void terminal_wrote(struct terminal *t, uint64_t n)
{
    if (n == 0)
        return;
    t->out.tail += n;
    t->last = *ring_at(&t->out, t->out.tail - 1);
    t->last_is_log = false;
}

void terminal_print(struct terminal *t, const char *text, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        *ring_at(&t->out, t->out.tail + i) = text[i];
    terminal_wrote(t, n);
}

uint64_t terminal_room(const struct terminal *t, uint64_t n)
{
    uint64_t room = ring_room(&t->out);
    uint64_t least = n < WHOLE_WRITE ? n : WHOLE_WRITE;

    /* A line of the log that is begun is shown to its end first. */
    if (room < least || (t->last_is_log && t->last != '\n' && t->log_left))
        return 0;
    return n < room ? n : room;
}

/* One character; on a terminal a new line needs \r, too. */
static bool send_character(struct terminal *t, char c)
{
    if (c == '\n' && !t->tty.script && !t->owe_newline) {
        if (!pl011_put(&t->uart, '\r'))
            return false;
        t->owe_newline = true;
    }
    if (!pl011_put(&t->uart, c))
        return false;
    t->owe_newline = false;
    return true;
}

static bool send_echo(struct terminal *t)
{
    struct tty *y = &t->tty;

    while (t->echo_sent < y->echo_used)
        if (!send_character(t, y->echo[t->echo_sent]))
            return false;
        else if (y->echo[t->echo_sent++] == '\n')
            t->echo_line = t->out.head;
    t->echo_sent = y->echo_used = 0;
    return true;
}

/* An echo must not come between \r and \n. */
static bool send_output(struct terminal *t)
{
    if (t->owe_newline && t->out.head != t->out.tail && *ring_at(&t->out, t->out.head) == '\n') {
        if (!send_character(t, '\n'))
            return false;
        t->out.head++;
    }
    if (!send_echo(t))
        return false;
    for (; t->out.head != t->out.tail; t->out.head++)
        if (!send_character(t, *ring_at(&t->out, t->out.head)))
            return false;
    return true;
}

/* Move some of the log into the ring. It begins on a line of its own. */
static bool take_log(struct terminal *t)
{
    char piece[LOG_PIECE];
    int64_t n;

    if (!t->log_left || ring_room(&t->out) <= LOG_PIECE)
        return false;
    n = log_read(t->system, t->log_position, piece, sizeof piece, &t->log_position);
    if (n <= 0) {
        t->log_left = false;
        return false;
    }
    if (t->last != '\n' && !t->last_is_log)
        terminal_print(t, "\n", 1);
    terminal_print(t, piece, (uint64_t)n);
    t->last_is_log = true;
    return true;
}

void terminal_clear(struct terminal *t)
{
    char prompt[PROMPT_MAX + 1] = "";
    uint64_t start = t->out.head;
    uint64_t oldest = t->out.tail > t->out.size ? t->out.tail - t->out.size : 0;

    if (oldest < t->echo_line)
        oldest = t->echo_line;
    while (start > oldest && t->out.head - start < PROMPT_MAX &&
           *ring_at(&t->out, start - 1) != '\n')
        start--;
    for (uint64_t i = start; i < t->out.head; i++)
        prompt[i - start] = *ring_at(&t->out, i);
    tty_echo(&t->tty, CLEAR_SCREEN);
    tty_echo(&t->tty, prompt);
    tty_show(&t->tty);
}

void terminal_send(struct terminal *t)
{
    do {
        if (!send_output(t))
            return;
    } while (take_log(t));
}

bool terminal_drained(const struct terminal *t)
{
    return t->out.head == t->out.tail && t->tty.echo_used == 0 && !t->log_left &&
           pl011_idle(&t->uart);
}

void terminal_rearm(struct terminal *t)
{
    pl011_interrupts(&t->uart, !tty_full(&t->tty),
                     t->out.head != t->out.tail || t->tty.echo_used > 0);
}
