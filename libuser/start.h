/* SPDX-License-Identifier: BSD-2-Clause */
/* What crt0 and the compiler call by name. */
#ifndef LIBUSER_START_H
#define LIBUSER_START_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Noreturn void ukern_start(char *block, size_t size);

/* -fstack-protector */
extern uintptr_t __stack_chk_guard;
_Noreturn void __stack_chk_fail(void);

/* Called by the C library around constructors and destructors. */
void _init(void);
void _fini(void);

#endif
