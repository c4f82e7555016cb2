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
    listener 1048576 && type "cat big.bin | nc 10.0.2.2 $sink" && wait $sinks
}

# Within a minute.
taken() {
    for _ in $(seq 600); do
        ! grep -q taken sink.out || return 0
        sleep 0.1
    done
    return 1
}

# A program that waits in a socket is ended by Ctrl-C, and its peer is told.
ended_by_ctrl_c() {
    listener 0 && type "nc 10.0.2.2 $sink" && taken && printf '\003' >&4 && wait $sinks && answers "echo on" 0 on
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

# One answer to one who asks by HTTP on the host's ::1, which the guest knows as fec0::2.
by_ipv6() {
    sink=$(free_port)
    perl -MIO::Socket::IP -e '
        alarm 60;
        my $l = IO::Socket::IP->new(LocalHost => "::1", LocalPort => shift, Listen => 1, V6Only => 1) or exit 77;
        $| = 1;
        print "listens\n";
        my $s = $l->accept or die;
        sysread $s, my $request, 4096 or die;
        die unless $request =~ m{^GET /any HTTP/1.0\r\n};
        print $s "HTTP/1.0 200 OK\r\n\r\n", "x" x 1000000;
    ' "$sink" >sink.out &
    sinks=$!
    for _ in $(seq 300); do
        ! grep -q listens sink.out || break
        kill -0 $sinks 2>/dev/null || break
        sleep 0.1
    done
    run "wget [fec0::2]:$sink/any | wc" || return 1
    wait $sinks || return 1
    says out "      0       1 1000000"
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
ok "ping: no such host" answers "ping no.such.name.invalid" 1 "ping: no.such.name.invalid: "
ok "ping: one that does not answer" answers "ping -c 1 10.0.2.77" 1 "0 of 1 answers"
ok "ping: one that does" answers "ping -c 1 10.0.2.2" 0 "1 of 1 answers"
ok "host: a name that cannot be" answers "host a..b" 1 "a..b: there is no host of that name"
ok "host: two addresses" answers "host 1.2.3.4 ::1" 0 "::1 has IPv6 address ::1"
ok "wget: nobody listens" answers "wget 10.0.2.15:81/" 1 "port 81: connection refused: nobody listens there"
ok "wget: a port that cannot be" answers "wget 10.0.2.2:70000/" 1 "a port is a number from 0 to 65535"
ok "wget: not there" answers "wget 127.0.0.1/nothing" 1 "404 Not Found"
ok "wget: there" answers "wget http://127.0.0.1/LICENSE.lwip" 0 "Redistribution and use"
ok "wget: what is no web server" answers "wget 127.0.0.1:7/" 1 "127.0.0.1 does not speak HTTP"
ok "nc: nobody listens" answers "nc 127.0.0.1 81" 1 "nc: 127.0.0.1: connection refused: nobody listens there"
ok "nc: a port that cannot be" answers "nc -l 0" 1 "nc: a port is a number from 1 to 65535"
ok "nc: a port in use" answers "nc -l 80" 1 "nc: 80: that port is in use by another"
ok "a pipeline ends in a socket" into_a_socket
ok "one goes through a socket and back" answers "cat big.bin | nc 127.0.0.1 7 | wc" 0 " 1048576"
ok "one begins in a socket" from_here
ok "Ctrl-C ends a client, and its peer is told" ended_by_ctrl_c
if perl -MIO::Socket::IP -e 'IO::Socket::IP->new(LocalHost => "::1", Listen => 1, V6Only => 1) or exit 1'; then
    ok "1 MB from the host by IPv6" by_ipv6
else
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - 1 MB from the host by IPv6 # SKIP this machine has no ::1"
fi
ok "who has nothing to do costs nothing" idle
stop
finish
