/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The line being typed: a cursor in it, and the lines before it. Each change is shown by its echo:
 *  what is behind the cursor is written again, and backspaces lead back.
 */
#ifndef CONSOLE_EDIT_H
#define CONSOLE_EDIT_H

#include "tty.h"

/** Put a character in at the cursor; false: there is no room. */
bool edit_insert(struct tty *t, char c);
/** Move by a character. false: there is none, as for the next two. */
bool edit_left(struct tty *t);
bool edit_right(struct tty *t);
/** Take the character before the cursor back. */
bool edit_rub_out(struct tty *t);
/** Take the word before the cursor back. */
void edit_rub_out_word(struct tty *t);
/** Take everything before the cursor back, or everything from it on. */
void edit_cut_left(struct tty *t);
void edit_cut_right(struct tty *t);
/** Show the line again, as after the screen was cleared. */
void edit_show(struct tty *t);

/** Keep the line that is complete now, to be found by edit_older(). */
void edit_remember(struct tty *t);
/** Show a line typed before, or the next after it; at last the one being typed. false: no more. */
bool edit_older(struct tty *t);
bool edit_newer(struct tty *t);

#endif
