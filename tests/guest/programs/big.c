/* SPDX-License-Identifier: BSD-2-Clause */
/* A program with much static data: ends with 0 if all of it was zero and can be written. */
#include <stdint.h>

static uint32_t zeros[4 << 20];

int main(void)
{
    for (uint32_t i = 0; i < sizeof zeros / sizeof zeros[0]; i += 256) {
        if (zeros[i] || zeros[i + 255])
            return 1;
        zeros[i] = i + 1;
    }
    for (uint32_t i = 0; i < sizeof zeros / sizeof zeros[0]; i += 256)
        if (zeros[i] != i + 1)
            return 2;
    return 0;
}
