/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  Under the name by which programs include it; all is in socket.h. */
#include "../../socket.h"
