#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Devices that are not there, will not do, or stop: what the console says, what a program is told, and that it goes on
# when the device does.
# shellcheck disable=SC2086 # $modern is two words
. "$UKERN/tests/net/guest.sh"
need_lwip

# bad DESCRIPTION LINE QEMU_OPTIONS...: with that machine the console says that line, once; a program is told, and all goes on.
bad() {
    what=$1 line=$2
    shift 2
    begin 120 "$@"
    ok "$what: it is said" wait_for "$line"
    # Programs start as the shell takes them from the archive; each ends by itself.
    type wget 10.0.2.2/
    ok "$what: a program is told" wait_for "wget: 10.0.2.2 port 80: there is no network, or no address yet"
    type ping -c 1 10.0.2.2
    ok "$what: another, too" wait_for "0 of 1 answers"
    type host example.org
    ok "$what: and one that asks for a name" wait_for "example.org: there is no network, or no address yet"
    ok "$what: it is said once" [ "$(grep -cF -- "$line" console)" -eq 1 ]
    type exit 3
    ok "$what: the shell goes on" ends
}

# The status register of the device that is driven: it has the last but one of 32 places.
status=$(printf "0x%x" $((0x0a000000 + 30 * 0x200 + 0x70)))

# The machine ends by itself.
ends() {
    for _ in $(seq 300); do
        kill -0 $qemu 2>/dev/null || return 0
        sleep 0.1
    done
    sed 's/^/# /' console
    stop
    return 1
}

user="-netdev user,id=n0"
ok "the image is built" build_image
bad "no device" "netdev.devices virtio-net: this machine has no such device" $modern
ok "no device: netserv knows" says console "netserv: there is no network: no driver provides \`net\`"
bad "a legacy device" "start QEMU with -global virtio-mmio.force-legacy=false" $user -device virtio-net-device,netdev=n0
bad "an address of no station" "the device's address is not that of one station" \
    $modern $user -device virtio-net-device,netdev=n0,mac=01:00:00:00:00:01
bad "an MTU of 60" "the device's MTU is less than 68 bytes" $modern $user -device virtio-net-device,netdev=n0,host_mtu=60
bad "an MTU of 500" "netserv: frames of 500 bytes at most are too small for IP" \
    $modern $user -device virtio-net-device,netdev=n0,host_mtu=500

# QEMU itself refuses an address of another length.
begin 20 $modern $user -device virtio-net-device,netdev=n0,mac=52:54:00:12:34
ok "an address of five bytes: QEMU refuses it" ends
ok "and says so" says console "doesn't take value '52:54:00:12:34'"

# A machine whose link is down at first; with a second device, and an MTU that is larger than what netserv uses.
begin 300 $modern $user -device virtio-net-device,netdev=n0,host_mtu=9000 -netdev user,id=n1 \
    -device virtio-net-device,netdev=n1,mac=52:54:00:12:34:99 -S -monitor "unix:$work/monitor,server,nowait" \
    -qtest "unix:$work/qtest,server,nowait" -qtest-log /dev/null
ok "the link is down" monitor "set_link n0 off" "set_link n1 off" cont
ok "two devices: it is said" wait_for "there are 2 network devices in one page, of which netdev drives one"
ok "one of them is driven" wait_for "[netdev] 52:54:00:12:34:99"
ok "with its link down" wait_for "link down"
type wget 10.0.2.2/
ok "link down: a program is told" wait_for "there is no network, or no address yet"
sleep 6
ok "link down: DHCP is waited for" lacks console "no DHCP server has answered"
ok "the link comes up" monitor "set_link n1 on"
ok "netdev says so" wait_for "[netdev] the link is up"
ok "and DHCP answers" wait_for "[netserv] 10.0.2.15, gateway 10.0.2.2, by DHCP"
type ping -c 1 10.0.2.2
ok "an MTU of 9000: ping" wait_for "1 of 1 answers"

# The device is stopped behind the driver's back: it interrupts no more, and says nothing.
type ping -c 12 10.0.2.2
ok "many pings" wait_for "number 3,"
ok "the device stops" qtest "writel $status 0"
ok "it is found out" wait_for "[netdev] the device misbehaves: the device has stopped; it is reset"
# Its last ones: 12 questions in 12 seconds.
ok "and answers come again" wait_for "number 12,"

# It is taken away: not even its magic number can be read. QEMU cannot do that to a device of this bus; a link that goes down
# is what a program sees of it. What the driver does then: tests/unit/test_nic.c.
ok "the link goes down" monitor "set_link n1 off"
ok "netdev says that, too" wait_for "[netdev] the link is down"
type wget 10.0.2.2:7/
ok "a program is told" wait_for "wget: 10.0.2.2 port 7: there is no network, or no address yet"
stop
finish
