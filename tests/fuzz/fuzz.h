/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Fuzz targets: each file but main.c is one. `make fuzz` links them with libFuzzer, `make check` with
 *  main.c, which makes its inputs from a seed. A target reads its input as a stream of bytes; when
 *  they are used up, they are zero.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** One input; crashes if something is wrong. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *fuzz_at, *fuzz_end;

static inline void fuzz_begin(const uint8_t *data, size_t size)
{
    fuzz_at = data;
    fuzz_end = data + size;
}

static inline unsigned byte(void)
{
    return fuzz_at < fuzz_end ? *fuzz_at++ : 0;
}

static inline uint32_t four(void)
{
    uint32_t n = byte();

    n |= (uint32_t)byte() << 8;
    n |= (uint32_t)byte() << 16;
    return n | (uint32_t)byte() << 24;
}

/** Must hold. */
#define MUST(what)                                                                                 \
    do {                                                                                           \
        if (!(what))                                                                               \
            __builtin_trap();                                                                      \
    } while (0)

#endif
