#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Two network devices, each driven by a task of its own: in two pages of registers, and in one, of which init warns.
# shellcheck disable=SC2086 # $modern and $devices are words
. "$UKERN/tests/net/guest.sh"
image=build/nettwo.img
shares="its registers share a page with a device of"

# both: either driver has a device, and both are used.
both() {
    for name in left right left; do
        wait_for "probe: net-$name is 52:54:00:00:00:0" || return 1
    done
    matches "probe: net-left is 52:54:00:00:00:0., 20 answers: success" &&
        matches "probe: net-right is 52:54:00:00:00:0., 20 answers: success" &&
        [ "$(sed -n 's/^probe: net-.* is \([0-9a-f:]*\),.*/\1/p' console | sort -u | wc -l)" -eq 2 ]
}

# plug PLACE PLACE: boot with a device in each of these places.
plug() {
    begin 120 $modern -netdev user,id=n0 -netdev user,id=n1 \
        -device "virtio-net-device,netdev=n0,mac=52:54:00:00:00:01,bus=virtio-mmio-bus.$1" \
        -device "virtio-net-device,netdev=n1,mac=52:54:00:00:00:02,bus=virtio-mmio-bus.$2"
}

ok "the image is built" build_project "$UKERN/tests/net/two"
plug 31 0
ok "in two pages: both are driven and used" both
ok "and nobody is warned" lacks console "$shares"
ok "nor are there several to choose from" lacks console "in one page"
stop
plug 30 31
ok "in one page: both are driven and used" both
ok "but it is said that each can reach the other's" says console "right.devices virtio-net: $shares left"
ok "the drivers say it, too, by their names" says console "[left] there are 2 network devices in one page, of which left drives one"
stop
# With one device only the second of the two has none.
begin 60 $modern -netdev user,id=n0 -device virtio-net-device,netdev=n0,mac=52:54:00:00:00:01
ok "one device for two: who has it is said" wait_for "right.devices virtio-net: task left has it already; right is not started"
ok "the other is used all the same" wait_for "probe: net-left is 52:54:00:00:00:01, 20 answers: success"
stop
finish
