/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  For an image without kernel extensions. A member of libukern.a by itself, so that it is linked
 *  only where the image has no ukern_main() of its own.
 */
#include <ukern/ukern.h>

void ukern_main(void) {}
