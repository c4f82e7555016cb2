/* SPDX-License-Identifier: BSD-2-Clause */
/* spin: uses the CPU for ever and never calls the kernel. The others go on. */
int main(void)
{
    for (;;)
        __asm__ volatile("");
}
