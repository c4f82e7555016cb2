/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The version of the SDK and of the ABI between kernel and tasks. Also read by the assembler, by
 *  the makefiles and by tools/describe: each stands on one line.
 */
#ifndef UKERN_ABI_VERSION_H
#define UKERN_ABI_VERSION_H

/** Version of the SDK, as people write it. */
#define UKERN_VERSION_TEXT "0.1.0"

/** Version of the SDK, major * 10000 + minor * 100 + patch. */
#define UKERN_VERSION 100

/**
 * Version of the ABI: it grows with each change that a program built before would not survive.
 * Each program carries it in a note (crt0.o), the kernel refuses a program of another version, and
 * `make` does so before an image is made of it. A program without a note is not checked.
 */
#define UKERN_ABI 1

/** The note: its owner is "ukern", its type this, and its content one 32-bit word, UKERN_ABI. */
#define UKERN_NOTE_ABI 1

#endif
