#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# netserv in QEMU, alone on a wire with a host made of raw frames (wire/): TCP under loss, disorder and overlap, floods,
# and frames of any kind. FRAMES sets how many random ones there are (200000).
# TEST_SECONDS=900
FRAMES=${FRAMES:-200000}
. "$UKERN/tests/net/guest.sh"
need_lwip

# same FILE NAME: what httpd gives is that file.
same() {
    peer get "/$2" got && cmp got "$1"
}

lossy() {
    peer lossy "$1" got && [ "$(sha256sum <got)" = "$(sha256sum <build/big.bin)" ]
}

ok "the image is built" build_image
ok "the peer is built" build_wire
on_wire 1800
ok "nobody answers DHCP: the address is the configured one" wait_for "[netserv] 10.0.2.15, gateway 10.0.2.2, as configured"
[ $tap_failed = 0 ] || { stop; finish; exit 1; }
ok "ping" peer ping
ok "a small file" same "$UKERN/examples/net/httpd/index.html" index.html
ok "thirteen transfers, through loss of 1, 5 and 20%, disorder, duplicates and overlap" lossy 1
ok "5000 echo requests, all answered" peer echo 5000
# Nobody but ARP answers now.
./peer "$work/host.sock" "$work/guest.sock" idle 45 & # the program itself, so that it can be ended
idle=$!
type "wget 10.0.2.99/ &"
type "host nowhere.example &"
type "ping -c 1 10.0.2.98 &"
type "wget [2001:db8::1]/"
ok "a way that there is none: a program is told" wait_for "wget: 2001:db8::1 port 80: no way leads to that address"
ok "a host that does not answer pings" wait_for "10.0.2.98 does not answer: number 1"
ok "a name server that is silent" wait_for "nowhere.example: the name server does not answer"
ok "a host that is silent" wait_for "wget: 10.0.2.99 port 80: the peer does not answer" 120
kill $idle
wait $idle 2>/dev/null
peer names 120 &
router=$!
sleep 3
type "host six.example"
ok "a name server that a router announces is asked when IPv4's is silent" wait_for "six.example has address 192.0.2.7"
ok "for both families" wait_for "six.example has IPv6 address 2001:db8::7"
ok "the router has heard it" wait $router
lines=$(wc -l <console)
ok "20000 ARP frames" peer arp 20000
ok "20000 echo requests" peer icmp 20000
ok "2000 connections that nobody completes" peer syn 2000
ok "$((FRAMES / 2)) random frames" peer random $((FRAMES / 2)) 1
ok "and it serves on" peer get /status.json status.json
cp status.json status.before
ok "$((FRAMES - FRAMES / 2)) others" peer random $((FRAMES - FRAMES / 2)) 2
ok "transfers go on as before" same build/big.bin big.bin
ok "and the status page" peer get /status.json status.json
for task in $tasks; do
    ok "$task needs no more memory than before" not_grown "$task" 16384
done
ok "nothing of it was said on the console" [ "$(wc -l <console)" -eq "$lines" ]
stop
finish
