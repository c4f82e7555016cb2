/* SPDX-License-Identifier: BSD-2-Clause */
/* false: ends with code 1. */
int main(void)
{
    return 1;
}
