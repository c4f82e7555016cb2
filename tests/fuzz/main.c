/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a fuzz target without libFuzzer: on so many inputs made from a seed, or on those files.
 *
 *   NAME [RUNS [SEED]]     TAP; SEED 1 if not said otherwise
 *   NAME FILE...
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define LONGEST 4096u
#define RUNS    1000u

static uint64_t state;

static uint32_t random32(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32);
}

/* Few different bytes make some inputs do one thing often. */
static size_t make(uint8_t *data)
{
    size_t n = random32() % 8 == 0 ? LONGEST : random32() % 400;
    uint8_t some[8];
    unsigned kind = random32() % 4;

    for (unsigned i = 0; i < sizeof some; i++)
        some[i] = (uint8_t)random32();
    for (size_t i = 0; i < n; i++)
        data[i] = kind == 0 ? some[random32() % 8] : (uint8_t)random32();
    return n;
}

static int replay(const char *name)
{
    static uint8_t data[1u << 20];
    FILE *file = fopen(name, "rb");
    size_t n;

    if (file == NULL) {
        perror(name);
        return 1;
    }
    n = fread(data, 1, sizeof data, file);
    fclose(file);
    LLVMFuzzerTestOneInput(data, n);
    printf("%s: %zu bytes do no harm\n", name, n);
    return 0;
}

int main(int argc, char **argv)
{
    static uint8_t data[LONGEST];
    char *end = NULL;
    unsigned long runs = argc > 1 ? strtoul(argv[1], &end, 10) : RUNS;

    if (end != NULL && *end != 0) {
        int failed = 0;

        for (int i = 1; i < argc; i++)
            failed |= replay(argv[i]);
        return failed;
    }
    state = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    printf("1..1\n");
    fflush(stdout);
    for (unsigned long i = 0; i < runs; i++)
        LLVMFuzzerTestOneInput(data, make(data));
    printf("ok 1 - %lu inputs\n", runs);
    return 0;
}
