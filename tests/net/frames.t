#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# netdev in QEMU, with frames from a peer on the host. FRAMES sets how many random ones (200000).
# TEST_SECONDS=900
# shellcheck disable=SC2086,SC2094 # $modern is two words; info is a word, too
. "$UKERN/tests/net/guest.sh"
FRAMES=${FRAMES:-200000}

# boot SECONDS QEMU_OPTIONS...: in the background; its console is the file console.
boot() {
    seconds=$1
    shift
    "$UKERN/tools/run" -n -t "$seconds" build/nettest.img "$@" >console 2>&1 &
    qemu=$!
}

# wait_for TEXT [TIMES]: on the console, within half a minute.
wait_for() {
    for _ in $(seq 300); do
        [ "$(grep -cF -- "$1" console)" -lt "${2:-1}" ] || return 0
        sleep 0.1
    done
    sed 's/^/# /' console
    return 1
}

peer() {
    perl "$UKERN/tests/net/peer.pl" "$work/host.sock" "$work/guest.sock" "$@"
}

# figure NAME TEST VALUE: one of the figures that `peer info` has printed.
figure() {
    value=$(sed -n "s/^$1 //p" info)
    test "$value" "$2" "$3" || { sed 's/^/# /' info; return 1; }
}

ok "the test image is built" build_project "$UKERN/tests/net/image"

boot 900 $modern -device virtio-net-device,netdev=n0 \
    -netdev "dgram,id=n0,local.type=unix,local.path=$work/guest.sock,remote.type=unix,remote.path=$work/host.sock"
ok "netdev drives the device" wait_for "[netdev] 52:54:00:12:34:56"
ok "a bulk client is there" wait_for "echo: ready"
for how in 0 1 2; do
    ok "liar $how is cut off" wait_for "liar: $how: cut off, then UKERN_EIO"
done
ok "2000 frames come back as they were" peer echo 2000 1
ok "$FRAMES random frames do no harm" peer flood "$FRAMES" 2
ok "a client that fetches nothing is told" wait_for "slow: success after 100 lost frames"
ok "some frames were kept for it" wait_for "frames were kept"
ok "a bad argument is named" wait_for "slow: a frame of 13 bytes: UKERN_EINVAL"
ok "a deadline is kept" wait_for "slow: a deadline: UKERN_ETIMEDOUT"
peer info >info
ok "the device was never reset" figure resets -eq 0
ok "three clients were cut off" figure cut_off -eq 3
ok "frames were counted" figure rx_frames -gt 2000
ok "there are fewer interrupts than frames" figure interrupts -lt "$(sed -n 's/^rx_frames //p' info)"

for life in 2 3; do
    peer command K
    ok "netdev is killed; the client goes on with netdev number $life" wait_for "echo: ready" $life
    ok "and frames come back" peer echo 500 $life
done
peer command X
ok "the system ends" wait $qemu

# Bad hardware.
boot 20 $modern
ok "no device: it is said" wait_for "netdev.devices virtio-net: this machine has no such device"
ok "no device: a client is not left waiting" wait_for "echo: net_open: there is nothing of that name"
kill $qemu 2>/dev/null
wait $qemu 2>/dev/null
boot 20 -netdev user,id=n0 -device virtio-net-device,netdev=n0
ok "a legacy device: what to do is said" wait_for "force-legacy=false"
kill $qemu 2>/dev/null
wait $qemu 2>/dev/null
boot 20 $modern -netdev user,id=n0 -device virtio-net-device,netdev=n0 -netdev user,id=n1 -device virtio-net-device,netdev=n1
ok "two devices: it is said" wait_for "there are 2 network devices in one page"
kill $qemu 2>/dev/null
wait $qemu 2>/dev/null
finish
