/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  System calls and faults with every register known (registers.S).
 */
#ifndef REGISTERS_H
#define REGISTERS_H

/** Register n holds PATTERN + n, where it was not given another value. */
#define PATTERN 0x1200

#ifndef __ASSEMBLER__
#include <stdint.h>

/** A system call: in is x0 to x7, x9, x10; out is x0 to x30 after it. */
void registers_call(uint64_t number, const uint64_t in[10], uint64_t out[31]);
/** Reads the word at `address`, which may fault at registers_read_at; out is x0 to x30 after it. */
void registers_read(uint64_t address, uint64_t out[31]);
/** Spins until CNTVCT_EL0 is so far; how many of x2 to x30 have changed meanwhile. */
uint64_t registers_spin(uint64_t until);
extern const char registers_read_at[];

/** Instructions that fault at crash_KIND_at. */
#define CRASH(kind)                                                                                \
    _Noreturn void crash_##kind(void);                                                             \
    extern const char crash_##kind##_at[]
CRASH(read);
CRASH(write);
CRASH(exec);
CRASH(align);
CRASH(illegal);
CRASH(break);

/** Give every vector register, FPCR and FPSR a value that depends on `seed`. */
void fpu_fill(uint64_t seed);
/** How many of them have another value. */
uint64_t fpu_differs(uint64_t seed);

/** Code of a task that looks at the registers that it was born with. */
extern const char born_clean[], born_clean_end[];

extern const struct forbidden {
    const char *text;
    void (*run)(void);
} forbidden[], forbidden_end[];
#endif

#endif
