#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What the network example costs is not above its gates, with netdev and without. Its frames come from the host when they
# come, so that one round differs from another by up to a tenth: bench/network takes the least of ROUNDS (3). A gate lies above
# what each round took on a machine whose cores were busy with other things, and below a fifth more than the least of them.
# `make bench` shows the figures.
# TEST_SECONDS=600
. "$UKERN/tests/net/guest.sh"
. "$UKERN/tests/bench/figures.sh"
need_lwip

for DRIVER in netdev netserv; do
    rm -f build
    ok "the image is built, with the driver in $DRIVER" build_image
done
images=$BUILD/tests/net-example
"$UKERN/bench/network" -o network.json "$images-netdev/net.img" "$images-netserv/net.img" >table 2>&1
ok "the benchmark runs" [ $? = 0 ]
sed 's/^/# /' table
while read -r netdev own name what; do
    ok "$what, with netdev: at most $netdev instructions" at_most network.json "$name" "$netdev"
    ok "$what, without: at most $own" at_most network.json "own_$name" "$own"
done <<'GATES'
1560000 1410000 tcp_in_mib a MiB in
3700000 3150000 tcp_out_mib a MiB out
4200 2960 udp_packet a packet of a UDP echo
36500 27500 connection a connection
9700 7350 round_trip a round trip by TCP
42500 35500 page a small page
GATES
finish
