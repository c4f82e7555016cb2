#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# pipetest.c and its cases in QEMU, which prints TAP itself.
. "$UKERN/tests/tap.sh"
image=$BUILD/tests/pipetest
make -s -C "$UKERN/tests/pipes" UKERN_BUILD="$UKERN_BUILD" BUILD="$image" >make.log 2>&1 || {
    cat make.log
    exit 1
}
exec "$UKERN/tools/run" -n -t 100 -a semihosting "$image/pipetest.img"
