/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The terminal: a UART with a line discipline for input and a ring for output, between them and
 *  the clients.
 *
 *  Output waits in a ring of shared memory, into which the kernel copies straight from the writers.
 *  The kernel's log goes into the same ring, between lines. Nothing is dropped: who writes into a
 *  full ring waits.
 */
#ifndef CONSOLE_TERMINAL_H
#define CONSOLE_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <ukern/abi/types.h>

#include "pl011.h"
#include "ring.h"
#include "tty.h"

#define OUTPUT_SIZE 16384
#define INPUT_SIZE  4096
/* Writes up to this many bytes are not mixed with others. */
#define WHOLE_WRITE 4096

struct terminal {
    struct pl011 uart;
    struct tty tty;
    struct ring out;
    unsigned echo_sent;  /* of tty.echo */
    uint64_t echo_line;  /* position in `out` at which an echo last began a new line */
    bool owe_newline;    /* \r is sent, its \n not yet */
    char last;           /* the last character put into `out` */
    bool last_is_log;    /* it came from the kernel's log */
    ukern_handle system; /* with UKERN_R_LOG, or an error: no log is shown */
    uint64_t log_position;
    bool log_left; /* the log may have more */
};

/** memory: OUTPUT_SIZE + INPUT_SIZE bytes, output first. */
void terminal_init(struct terminal *t, void *registers, char *memory, bool script,
                   ukern_handle system);
/** n bytes have been copied to the end of `out` by others. */
void terminal_wrote(struct terminal *t, uint64_t n);
/** Append text; there must be room. */
void terminal_print(struct terminal *t, const char *text, uint64_t n);
/** How much of a write of n bytes can be taken now; 0: it must wait. */
uint64_t terminal_room(const struct terminal *t, uint64_t n);
/** Clear the screen; what stands before the line being typed, as a prompt, is shown again. */
void terminal_clear(struct terminal *t);
/** Send what the device takes now; take from the log what fits. */
void terminal_send(struct terminal *t);
/** Is all output, echo and log with it, on the wire? */
bool terminal_drained(const struct terminal *t);
/** Set the device's interrupts to what is awaited now. */
void terminal_rearm(struct terminal *t);

#endif
