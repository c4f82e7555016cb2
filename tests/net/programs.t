#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The network's programs as a person uses them in the shell: what they say to mistakes, their exit codes, Ctrl-C, pipelines
# that end in sockets, IPv6 to the host; and what a machine costs that has nothing to do.
# TEST_SECONDS=600
. "$UKERN/tests/net/guest.sh"
need_lwip

# run LINE: in the shell; what it has said is in the file out.
lines=0
run() {
    lines=$((lines + 1))
    at=$(wc -c <console)
    type "$1"
    type "echo line $lines is done"
    wait_for "line $lines is done" >waited || { cat waited; return 1; }
    tail -c +$((at + 1)) console >out
}

# says LINE CODE TEXT: the line has that exit code, and says that.
answers() {
    run "$1" || return 1
    says out "$3" && if [ "$2" = 0 ]; then lacks out "ended with code"; else says out "${1%% *} ended with code $2"; fi
}

# wrong LINE...: each is refused, with the usage of its program.
wrong() {
    for line; do
        answers "$line" 2 "usage: ${line%% *}" || { echo "# $line"; return 1; }
    done
}

# Who listens on the host, and counts (client.pl): $sink, $sinks.
listener() {
    : >sink.out # or what an earlier one has said is taken for this one's
    sink=$(free_port)
    perl "$UKERN/tests/net/client.pl" "$sink" sink "$1" >sink.out &
    sinks=$!
    for _ in $(seq 300); do
        ! grep -q listens sink.out || return 0
        sleep 0.1
    done
    return 1
}

into_a_socket() {
    listener 1048576 && type "cat www/big.bin | nc 10.0.2.2 $sink" && wait $sinks
}

# Within a minute.
taken() {
    for _ in $(seq 600); do
        ! grep -q taken sink.out || return 0
        sleep 0.1
    done
    return 1
}

# no_such_name PREFIX LINE: what the name server that QEMU asks says of it, if there is one.
no_such_name() {
    run "$2" || return 1
    says out "${2%% *} ended with code 1" && no_name out "$1no.such.name.invalid: "
}

# A program that waits in a socket is ended by Ctrl-C, and its peer is told.
ended_by_ctrl_c() {
    listener 0 && type "nc 10.0.2.2 $sink" && taken && printf '\003' >&4 && wait $sinks && answers "echo on" 0 on
}

# pinged HOST TEXT: Ctrl-C ends a ping of this host that has said TEXT, and it tells how many answers there were; the last
# request may be without one yet.
pinged() {
    before=$(wc -c <console)
    type "ping -c 1000 $1"
    wait_for "$2" && printf '\003' >&4 && answers "echo on" 0 on || return 1
    tail -c +$((before + 1)) console >out
    n=$(grep -c "answers: number" out)
    sent=$(sed -n "s/.*: number \([0-9]*\).*/\1/p" out | tail -n 1)
    grep -q "^$n of $sent answers\$" out || says out "$n of $((sent + 1)) answers"
}

from_here() {
    echo "nc -l 9000 | wc &" >&4
    for _ in $(seq 50); do
        run "echo again and again | nc ::1 9000"
        ! says out refused >/dev/null || continue
        wait_for "      1       3      16"
        return
    done
    return 1
}

# asked HOST PATTERN ANSWER LINE: run the line in the shell while one on the host answers the first who asks at $sink: if the
# request matches. ANSWER is Perl; $s is the connection.
asked() {
    : >sink.out # or what an earlier one has said is taken for this one's
    sink=$(free_port)
    perl -MIO::Socket::IP -MSocket -e '
        my ($host, $port, $pattern, $answer) = @ARGV;
        alarm 60;
        $| = 1;
        my $l = IO::Socket::IP->new(LocalHost => $host, LocalPort => $port, Listen => 1) or die;
        print "listens\n";
        our $s = $l->accept or die;
        sysread $s, my $request, 4096 or die;
        die "was asked: $request" unless $request =~ /$pattern/;
        print $s eval $answer;
    ' "$1" "$sink" "$2" "$3" >sink.out 2>&1 &
    sinks=$!
    for _ in $(seq 300); do
        ! grep -q listens sink.out || break
        kill -0 $sinks 2>/dev/null || break
        sleep 0.1
    done
    run "$(echo "$4" | sed "s/PORT/$sink/")" || return 1
    wait $sinks || { sed 's/^/# /' sink.out; return 1; }
}

# The guest knows the host's ::1 as fec0::2.
by_ipv6() {
    asked ::1 '^GET /any HTTP/1.0\r\nHost: \[fec0::2\]:\d+\r' '"HTTP/1.0 200 OK\r\n\r\n", "x" x 1000000' \
        "wget [fec0::2]:PORT/any | wc" && says out "      0       1 1000000"
}

# fetched ANSWER TEXT: with this answer wget fails, and says that.
fetched() {
    asked 127.0.0.1 "^GET /x[?]y=http://z HTTP/1.0\\r\\n" "$1" "wget 10.0.2.2:PORT/x?y=http://z#there" || return 1
    says out "$2" && says out "wget ended with code 1"
}

# Its address has a query and no path, and its server is in no hurry to end the connection.
# shellcheck disable=SC2016 # perl's
fetched_whole() {
    asked 127.0.0.1 '^GET /[?]q HTTP/1.0\r\nHost: 10.0.2.2:\d+\r' \
        '$s->syswrite("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"); $s->syswrite("whole file and more"); sysread $s, my $end, 1; ""' \
        "wget http://10.0.2.2:PORT?q" && says out "whole file" && lacks out "and more" && lacks out "ended with code"
}

# What `ps` and `mem` say after ten seconds in which nobody wants anything: CPU time of the servers, in milliseconds, and all
# switches between tasks, of which the shell and the console need about fifty themselves.
figures() {
    run ps && run_cpu=$(awk '$NF == "netserv" || $NF == "netdev" || $NF == "httpd" || $NF == "echod" { sum += $4 } END { print sum }' out)
    run mem && run_switches=$(sed -n 's/.* \([0-9]*\) switches.*/\1/p' out)
    echo "# $run_cpu ms of CPU, $run_switches switches"
}

idle() {
    sleep 8 # then the timers sleep, too
    figures
    cpu=$run_cpu switches=$run_switches
    sleep 10
    figures
    [ $((run_cpu - cpu)) -le 20 ] && [ $((run_switches - switches)) -le 100 ]
}

# How many bulk clients netdev has, netserv among them: within a minute.
bulk_clients() {
    for _ in $(seq 60); do
        run netinfo || return 1
        ! grep -q " $1 of them bulk" out || return 0
        sleep 1
    done
    says out " $1 of them bulk"
}

gateway=52:55:0a:00:02:02 us=52:54:00:12:34:56
# What netdump says of a frame of the gateway's.
from_gateway="$gateway > $us type"
arp_reply="64 bytes: 00 01 08 00 06 04 00 02 52 55 0a 00 02 02 0a 00 02 02 52 54 00 12 34 56 0a 00 02 0f 00 00 00 00"

# arpings COUNT: as many answers of the gateway, with their times.
arpings() {
    answers "arping -c $1 10.0.2.2" 0 "10.0.2.2 is at $gateway" &&
        [ "$(grep -c "10.0.2.2 is at $gateway, [0-9][0-9]* us\$" out)" -eq "$1" ]
}

# dumps COUNT TYPE COMMAND...: while the command runs, netdump shows so many frames of that type; its lines are then in the file
# dump. It is a client of its own, which netdev forgets when it has ended.
dumps() {
    count=$1 type=$2
    shift 2
    at_dump=$(wc -c <console)
    echo "netdump -c $count -t $type &" >&4
    bulk_clients 2 && "$@" && bulk_clients 1 || return 1
    tail -c +$((at_dump + 1)) console | grep " type $type, " >dump
    [ "$(wc -l <dump)" -eq "$count" ] || { sed 's/^/# /' dump; return 1; }
}

dumps_arp() {
    dumps 2 0806 arpings 2 && says dump "$from_gateway 0806, $arp_reply"
}

# Of an echo: Ethernet's header, IP's and 64 bytes; 32 of them are shown.
dumps_ip() {
    dumps 1 0800 answers "ping -c 1 10.0.2.2" 0 "1 of 1 answers" && says dump "$from_gateway 0800, 98 bytes: 45 00 00 54 " &&
        grep -q "bytes:\( [0-9a-f][0-9a-f]\)\{32\}\$" dump
}

# When netdev dies, netdump waits for the next, and goes on.
netdev_dies() {
    run ps || return 1
    type "kill $(awk '$NF == "netdev" { print $1 }' out)"
    wait_for "netdump: netdev is gone; waiting for the next" && bulk_clients 2 && arpings 1
}

ok "the image is built" build_image
ok "it boots" boot
[ $tap_failed = 0 ] || { stop; finish; exit 1; }
ok "help names the programs of the image" answers help 0 "ping [-c COUNT] HOST"
ok "and no others" lacks out upper
ok "ping: mistakes" wrong ping "ping -c 0 10.0.2.2" "ping -c x 10.0.2.2" "ping -c 3x 10.0.2.2" "ping -c -1 10.0.2.2" "ping -c 99999999999 10.0.2.2" "ping -z 10.0.2.2" "ping 10.0.2.2 10.0.2.3"
ok "host: mistakes" wrong host "host -x"
ok "wget: mistakes" wrong wget "wget ftp://10.0.2.2/" "wget http://" "wget [::1" "wget 10.0.2.2:/" "wget 10.0.2.2 10.0.2.3"
ok "nc: mistakes" wrong nc "nc 10.0.2.2" "nc -x 80"
ok "iperf: mistakes" wrong iperf "iperf -c 10.0.2.2 -p 0" "iperf -s -c 10.0.2.2" "iperf -c ::1 -n -1" "iperf -c ::1 -n abc" "iperf -c ::1 -t 1x"
ok "ping: no such host" no_such_name "ping: " "ping no.such.name.invalid"
ok "host: no such host" no_such_name "" "host no.such.name.invalid"
ok "ping: one that does not answer" answers "ping -c 1 10.0.2.77" 1 "0 of 1 answers"
ok "ping: one that does" answers "ping -c 1 10.0.2.2" 0 "1 of 1 answers"
ok "ping: Ctrl-C ends it, and it tells how many answers there were" pinged 10.0.2.2 "10.0.2.2 answers: number 3,"
ok "ping: as well where there is none" pinged 10.0.2.77 "10.0.2.77 does not answer: number 2"
ok "host: a name that cannot be" answers "host a..b" 1 "a..b: there is no host of that name"
ok "host: two addresses" answers "host 1.2.3.4 ::1" 0 "::1 has IPv6 address ::1"
ok "wget: nobody listens" answers "wget 10.0.2.15:81/" 1 "port 81: connection refused: nobody listens there"
ok "wget: a port that cannot be" answers "wget 10.0.2.2:70000/" 1 "a port is a number from 0 to 65535"
ok "wget: not there" answers "wget 127.0.0.1/nothing" 1 "404 Not Found"
ok "wget: there" answers "wget http://127.0.0.1/LICENSE.lwip" 0 "Redistribution and use"
ok "wget: what is no web server" answers "wget 127.0.0.1:7/" 1 "127.0.0.1 does not speak HTTP"
ok "wget: a file that its server keeps the connection for" fetched_whole
ok "wget: one that breaks off" fetched '"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\n" . "half" x 15' "wget: 10.0.2.2: the last 40 bytes did not come"
ok "wget: one that is elsewhere" fetched '"HTTP/1.1 302 Found\r\nlocation:\thttp://there/\r\nA: b\r\n\r\n"' "wget: ask for http://there/"
ok "wget: one that is sent as nobody asked for" fetched '"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"' "wget: 10.0.2.2 sends it encoded"
# shellcheck disable=SC2016 # perl's
ok "wget: a server that resets the connection" fetched 'setsockopt $s, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0); close $s; ""' "wget: 10.0.2.2: the peer broke the connection off"
ok "arping: mistakes" wrong arping "arping 10.0.2" "arping -c 0 10.0.2.2" "arping -s 10 10.0.2.2"
ok "netdump: mistakes" wrong "netdump -t 10000" "netdump -t arp" "netdump -t 8g" "netdump -c 0" "netdump 80"
ok "netinfo: the device" answers netinfo 0 "address      52:54:00:12:34:56"
ok "whose link is up" says out "link         up, changed 0 times"
ok "arping: nobody has that address" answers "arping 10.0.2.77" 1 "no answer from 10.0.2.77"
ok "arping and netdump at once: each shows the answers" dumps_arp
ok "netdump: an echo" dumps_ip
ok "nc: nobody listens" answers "nc 127.0.0.1 81" 1 "nc: 127.0.0.1: connection refused: nobody listens there"
ok "nc: a port that cannot be" answers "nc -l 0" 1 "nc: a port is a number from 1 to 65535"
ok "nc: a port in use" answers "nc -l 80" 1 "nc: 80: that port is in use by another"
ok "a pipeline ends in a socket" into_a_socket
ok "one goes through a socket and back" answers "cat www/big.bin | nc 127.0.0.1 7 | wc" 0 " 1048576"
ok "one begins in a socket" from_here
ok "Ctrl-C ends a client, and its peer is told" ended_by_ctrl_c
if perl -MIO::Socket::IP -e 'IO::Socket::IP->new(LocalHost => "::1", Listen => 1, V6Only => 1) or exit 1'; then
    ok "1 MB from the host by IPv6" by_ipv6
else
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - 1 MB from the host by IPv6 # SKIP this machine has no ::1"
fi
ok "who has nothing to do costs nothing" idle
ok "netdump goes on with the next netdev" dumps 1 0806 netdev_dies
stop
finish
