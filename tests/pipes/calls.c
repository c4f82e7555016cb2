/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../examples/pipes/kernel/pipe_calls.c"
