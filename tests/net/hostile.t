#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# netdev and netserv in QEMU under clients that lie about their rings and ask for anything (hostile/), while an honest
# client and a host on the wire go on. STEPS sets how many steps each of the two kinds of liars makes (4000), SEED where
# they begin.
# TEST_SECONDS=900
STEPS=${STEPS:-4000}
. "$UKERN/tests/net/guest.sh"
need_lwip

# fetched: a file as it is. While siege.c counts, all sockets are its own for a moment, and connections are broken off.
fetched() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        ! peer get /big.bin got 2>peer.err || return 0
        sleep 0.5
    done
    sed "s/^/# /" peer.err
    return 1
}

# While the siege lasts: what is fetched is what it should be, and pings are answered.
go_on() {
    rounds=0
    while ! grep -qF "siege: settles" console; do
        rounds=$((rounds + 1))
        fetched && cmp got build/big.bin && peer ping || return 1
        kill -0 "$qemu" || return 1
    done
    echo "# $rounds rounds"
    [ $rounds -ge 3 ]
}

ok "the image is built" build_project "$UKERN/tests/net/hostile"
ok "the peer is built" build_wire
image=build/nethostile.img words="steps=$STEPS seed=${SEED:-1}"
on_wire 900 -m 512M
wait_for "[netserv] 10.0.2.15" 120
ok "a host on the wire is served" fetched # before anything is counted
ok "the siege begins" wait_for "siege: begins" 600
[ $tap_failed = 0 ] || { stop; finish; exit 1; }
ok "a host on the wire goes on meanwhile" go_on
ok "then all comes to rest" wait_for "siege: netdev cut" 300
ok "$STEPS steps of one who lies about rings; an honest client goes on" matches "siege: ringliar: .* lives, .*; the honest client got what it sent"
ok "$STEPS steps of one who asks for anything; an honest client goes on" matches "siege: sockliar: .* lives, .*; the honest client got what it sent"
ok "who is cut off is told of, now and then" says console "[netdev] a client is cut off: "
ok "nothing is left of them: objects, frames, handles, clients, sockets" says console "all as before"
ok "the device was never reset" matches "siege: netdev cut [0-9]* clients off and reset the device 0 times"
ok "nobody else died" lacks console "init: task"
sed -n 's/^siege/# siege/p' console
stop
finish
