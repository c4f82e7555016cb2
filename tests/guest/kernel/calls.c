/* SPDX-License-Identifier: BSD-2-Clause */
#include <ukern/ukern.h>
void ukern_main(void) {}
