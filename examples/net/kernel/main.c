/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel extension of this image. */
#include <ukern/ukern.h>

#include "net_calls.h"

void ukern_main(void)
{
    net_calls_register();
}
