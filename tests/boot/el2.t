#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The guest tests of faults and registers once more, on a machine whose CPU starts at EL2.
image=$BUILD/tests/guest
make -s -C "$UKERN/tests/guest" UKERN_BUILD="$UKERN_BUILD" BUILD="$image" IMAGE=guest >&2 || exit 1
exec "$UKERN/tools/run" -n -t 200 -a "semihosting only=regs,fault,call" "$image/guest.img" -M virtualization=on,gic-version=3
