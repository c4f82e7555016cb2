#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What programs see of sockets: calls/ in QEMU, which prints TAP itself.
. "$UKERN/tests/tap.sh"
if [ ! -e "$UKERN_BUILD/third_party/lwip/tcp.c" ]; then
    echo "1..0 # SKIP lwIP is not fetched: make setup"
    exit 0
fi
image=$BUILD/tests/net-calls
make -s -C "$UKERN/tests/net/calls" UKERN_BUILD="$UKERN_BUILD" BUILD="$image" >make.log 2>&1 || {
    cat make.log
    exit 1
}
exec "$UKERN/tools/run" -n -t 250 -a semihosting "$image/calls.img" -global virtio-mmio.force-legacy=false \
    -device virtio-net-device,netdev=n0 -netdev user,id=n0,restrict=on
