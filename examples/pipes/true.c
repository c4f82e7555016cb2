/* SPDX-License-Identifier: BSD-2-Clause */
/* true: ends with code 0. */
int main(void)
{
    return 0;
}
