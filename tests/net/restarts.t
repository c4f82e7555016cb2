#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# netdev and netserv are killed again and again while they have work: they come back, every client of netserv is told, and no
# memory is lost. With DRIVER=netserv there is only one to kill, and the device itself must work again after each.
# KILLS sets how often (6); init makes pauses of up to ten seconds between them.
# TEST_SECONDS=900
KILLS=${KILLS:-6}
. "$UKERN/tests/net/guest.sh"
need_lwip
need_curl

# What the kernel counts when netserv is new and has served one file: $free KiB of memory, $objects.
counts() {
    serves || return 1
    sleep 1
    said=$(grep -c "objects$" console)
    type mem
    more "$said" "objects$" || return 1
    free=$(sed -n "s/^memory .* which \(.*\) KiB are free/\1/p" console | tail -n 1)
    objects=$(sed -n "s/^kernel .*, \(.*\) objects/\1/p" console | tail -n 1)
    echo "# $free KiB are free, there are $objects objects"
}

serves() {
    get --retry 60 --retry-all-errors --retry-delay 1 -o got "$url/big.bin" 2>/dev/null && cmp got build/big.bin
}

# said TEXT: how often.
said() {
    grep -c -- "$1" console
}

# Kill all that drive the device, and wait until they are back and say so.
kill_all() {
    shells=$(said " shell\$")
    type ps
    more "$shells" " shell\$" || return 1
    netdevs=$(said "netdev. 52:54") netservs=$(said "netserv. 10.0.2.15")
    for task in $drivers; do
        type kill "$(sed -n "s/^ *\([0-9]*\) .* $task\$/\1/p" console | tail -n 1)"
    done
    [ "$DRIVER" = netserv ] || more "$netdevs" "netdev. 52:54" || return 1
    more "$netservs" "netserv. 10.0.2.15"
}

# Each client is told when netserv ends: one that waits for bytes, and those that wait for connections.
told() {
    "$UKERN/tests/net/client.pl" "$echo" hold &
    peer=$!
    type "wget 127.0.0.1/stream/1000000000000 | wc &"
    sleep 1
    kill_all && wait $peer || return 1
    for client in wget: httpd: echod: iperf:; do
        more 0 "$client.* netserv .*: open the socket" || return 1
    done
}

# So often, while bytes are on their way to us.
kill_often() {
    ( while :; do get -o /dev/null "$url/stream/30000000" 2>/dev/null || sleep 0.1; done ) &
    load=$!
    count=0
    while [ $count -lt "$KILLS" ] && kill_all; do
        count=$((count + 1))
    done
    kill $load
    wait $load 2>/dev/null
    [ $count -eq "$KILLS" ]
}

ok "the image is built" build_image
drivers="netdev netserv"
[ "$DRIVER" = netdev ] || drivers=netserv
ok "it boots" boot
[ $tap_failed = 0 ] || { stop; finish; exit 1; }
ok "served" serves
ok "every client is told when netserv ends" told
ok "counts of a new netserv" counts
free_before=$free objects_before=$objects
ok "$KILLS times killed and there again: $drivers" kill_often
ok "and it serves; then" counts
# A page or two of init's come and go with how many end at a time; a page lost by each kill would be more.
ok "no memory is lost" [ $((free + 8)) -ge "$free_before" ]
ok "and no kernel object" [ "$objects" -le "$objects_before" ]
stop
finish
