#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# netserv, httpd and echod in QEMU, with curl and perl on the host as their peers, on 127.0.0.1 only.
# CONNECTIONS sets how many short ones are made in a row (5000), SIZE how many bytes the large file has (104857600).
# CROWDS=all has three crowds of connections that do nothing, which take minutes, where the default has one; CROWDS= none. PICTURES= draws none.
# TEST_SECONDS=900
CONNECTIONS=${CONNECTIONS:-5000}
SIZE=${SIZE:-104857600}
. "$UKERN/tests/net/guest.sh"
need_lwip
need_curl

client() {
    perl "$UKERN/tests/net/client.pl" "$@"
}

# same FILE PATH: what httpd gives is that file.
same() {
    get -o got "$url/$2" && cmp got "$1"
}

stream() {
    get -o got "$url/stream/$1" && [ "$(sha256sum <got)" = "$(client 0 stream "$1" | sha256sum)" ]
    result=$?
    rm -f got
    return $result
}

# ranged RANGE COMMAND: what httpd gives of big.bin is what the command prints.
ranged() {
    get -o got -r "$1" -w '%{http_code}' "$url/big.bin" >code && [ "$(cat code)" = 206 ] && eval "$2" | cmp - got
}

# big.bin of which the first 700,001 bytes, or all, are there.
resumed() {
    [ -e part ] || head -c 700001 build/big.bin >part
    get -C - -o part "$url/big.bin" && cmp part build/big.bin
}

keep_alive() {
    get -v "$url/" "$url/README.md" "$url/status" -o /dev/null -o /dev/null -o /dev/null 2>&1 | grep -c 'Re-using' >reused
    [ "$(cat reused)" -eq 2 ]
}

# Files at once; curl does all of them in one process.
parallel_files() {
    rm -f file?
    get -Z --parallel-immediate --parallel-max 8 "$url/big.bin?[1-8]" -o 'file#1' 2>/dev/null || return 1
    for i in 1 2 3 4 5 6 7 8; do
        cmp "file$i" build/big.bin || return 1
    done
}

status_code() {
    [ "$(get -o /dev/null -w '%{http_code}' "$@")" = "$want" ]
}

# Of one connection: a body would be taken for the second answer.
two_heads() {
    [ "$(get -I "$url/nothing" "$url/nothing" -w "%{http_code} %{num_connects} " -o head1 -o head2)" = "404 1 404 0 " ]
}

status() {
    get "$url/status.json" >status.json
}

# skipped DESCRIPTION REASON
skipped() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

# more_than COUNT TEXT: so often the console has it, within a minute.
more_than() {
    for _ in $(seq 600); do
        [ "$(grep -cF -- "$2" console)" -le "$1" ] || return 0
        sleep 0.1
    done
    sed 's/^/# /' console
    return 1
}

# What iperf has said tells of 4 MiB each way.
in_both() {
    [ "$(grep -c "4.00 MBytes" iperf.out)" -eq 2 ] && return
    sed "s/^/# /" iperf.out
    return 1
}

# So few datagrams have room wherever one waits (netserv keeps 64 for a socket): however busy the host is, none is lost.
reported() {
    sed -n '/Server Report/,$p' "$1" | grep -q " 50000 Bytes .* 0/50 (0%)" && return
    sed "s/^/# /" "$1"
    return 1
}

# With iperf of version 2 on the host, both ways.
real_iperf() {
    if ! command -v iperf >/dev/null; then
        skipped "iperf of the host" "it is not here: apt-get install iperf"
        return
    fi
    ok "iperf of the host to the guest" sh -c "iperf -c 127.0.0.1 -p $iperf -n 4M >iperf.out && grep -q '4.*MBytes' iperf.out"
    sink=$(free_port)
    iperf -s -p "$sink" >iperf.in 2>&1 &
    sinks=$!
    sleep 2
    type iperf -c 10.0.2.2 -p "$sink" -n 5
    wait_for "iperf: to 10.0.2.2: 5.0 MiB" 20 >iperf.log || type iperf -c 10.0.2.2 -p "$sink" -n 5 # it began late
    ok "and from the guest" wait_for "iperf: to 10.0.2.2: 5.0 MiB"
    kill $sinks
    wait $sinks 2>/dev/null
    way=$(free_port)
    for both in d r; do
        iperf -c 127.0.0.1 -p "$iperf" -n 4M "-$both" -L "$way" >iperf.out 2>&1
        ok "both directions, -$both" in_both
    done
    iperf -u -c 127.0.0.1 -p "$iperf" -l 1000 -n 50000 -f B >iperf.out 2>&1
    ok "iperf of the host by UDP: the report has all 50 datagrams" reported iperf.out
    iperf -s -p "$sink" >iperf.in 2>&1 &
    sinks=$!
    sleep 2
    for both in d r; do
        type iperf -c 10.0.2.2 -p "$sink" -n 2 "-$both" -L "$back"
        sleep 1
    done
    ok "both directions, asked for by the guest" eval 'more_than 1 "iperf: to 10.0.2.2: 2.0 MiB" && more_than 1 "iperf: from 10.0.2.2: 2.0 MiB"'
    kill $sinks
    wait $sinks 2>/dev/null
    iperf -u -s -p "$sink" >iperf.in 2>&1 &
    sinks=$!
    sleep 2
    type iperf -u -c 10.0.2.2 -p "$sink" -b 500k -t 1
    ok "and from the guest, which tells what the host has seen: all 43, and the end" more 0 "^iperf: seen by 10.0.2.2: 0.1 MiB.*, 0 of 4[34] lost"
    kill $sinks
    wait $sinks 2>/dev/null
}

# back_by_nc FILE OPTION...: echo sends it back.
back_by_nc() {
    file=$1
    shift
    timeout 300 nc "$@" 127.0.0.1 "$echo" <"$file" >got
    cmp got "$file"
}

# With nc of the host, as the README says it.
real_nc() {
    if ! nc -h 2>&1 | grep -q OpenBSD; then
        skipped "nc of the host" "it is not here: make setup, or apt-get install netcat-openbsd"
        return
    fi
    echo hello >hello
    ok "nc of the host: echo by TCP" back_by_nc hello -N
    ok "a mebibyte" back_by_nc build/big.bin -N
    ok "echo by UDP" back_by_nc hello -u -w 1
}

# Echod keeps what its client does not read, 64 KiB at most: again, until its heap has had that many, in whole pages.
clogged() {
    status && before=$(of echod used)
    for _ in 1 2 3 4 5; do
        client "$echo" clog 10 && status || return 1
        [ "$(of echod used)" -lt $((before + 69632)) ] || return 0
    done
    echo "# echod had $before bytes, has $(of echod used)"
    return 1
}

# drawn NAME WIDTHxHEIGHT COLOURS OPTION...: the status page as a browser draws it, kept as $BUILD/tests/status-NAME.png.
drawn() {
    name=$1 size=$2 colours=$3
    shift 3
    if ! command -v chromium >/dev/null; then
        skipped "the status page in a browser, $name" "chromium is not here: apt-get install chromium"
        return
    fi
    rm -f "$BUILD/tests/status-$name.png"
    browse "$@" --dump-dom "$url/status" >dom
    # shellcheck disable=SC2086 # several words
    ok "the status page in a browser, $name: figures, curves, tasks" drawn_right dom dom init console pipeserv iperfd shell $tasks
    ok "it is live" says dom ">live</span>"
    browse "$@" --window-size="${size%x*},${size#*x}" --hide-scrollbars --screenshot="$BUILD/tests/status-$name.png" "$url/status"
    # shellcheck disable=SC2086 # each colour is a word
    ok "a picture of $size with what is drawn on it" drawn_right picture "$BUILD/tests/status-$name.png" "$size" $colours
}

drawn_right() {
    perl "$UKERN/tests/net/page.pl" "$@"
}

browse() {
    profile=$(mktemp -d "$work/profile.XXXXXX")
    chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --no-proxy-server --user-data-dir="$profile" \
        --virtual-time-budget=6000 "$@" 2>browser.err
    rm -rf "$profile"
}

# end TASK COMMAND...: kill the task while the command runs; the status is the command's.
end() {
    task=$1
    shift
    "$@" &
    running=$!
    sleep 1
    status
    type kill "$(sed "s/.*\"id\":\([0-9]*\),\"name\":\"$task\".*/\1/" status.json)"
    wait $running
}

delayed() {
    end netdev get --limit-rate 6M -o got "$url/stream/30000000" && [ "$(sha256sum <got)" = "$(client 0 stream 30000000 | sha256sum)" ]
}

# httpd with a connection that lingers and one whose peer reads slowly: the next one can have its port at once.
again() {
    get -H 'Connection: close' -o got "$url/README.md" || return 1
    end httpd get --limit-rate 100k -o /dev/null "$url/stream/100000000" 2>/dev/null
    get --retry 60 --retry-all-errors --retry-delay 1 -o got "$url/big.bin" 2>/dev/null && cmp got build/big.bin &&
        ! grep -q "port 80: that port is in use" console
}

# crowded PORT COUNT PATH COMMAND...: while so many connections are held that do nothing more, the command does what it
# should.
crowded() {
    rm -f crowd.in crowd.out
    mkfifo crowd.in
    client "$1" hoard "$2" ${3:+"$3"} <crowd.in >crowd.out 2>&1 &
    crowd=$!
    exec 5>crowd.in
    shift 3
    for _ in $(seq 5000); do
        grep -q held crowd.out && break
        kill -0 $crowd 2>/dev/null || break
        sleep 0.1
    done
    grep -q held crowd.out && "$@"
    result=$?
    exec 5>&-
    wait $crowd || sed "s/^/# /" crowd.out
    return $result
}

# Within a minute.
none_left() {
    for _ in $(seq 60); do
        status && ! grep -q '"connections":1,' status.json || return 0
        sleep 1
    done
    return 1
}

idle() {
    status
    before=$(of netserv cpu)
    sleep 6
    status
    after=$(of netserv cpu)
    echo "# $(((after - before) / 6000)) us of CPU a second"
    [ $((after - before)) -lt 300000000 ]
}

ok "the image is built" build_image
ok "it boots, and an address comes by DHCP" boot
[ $tap_failed = 0 ] || { stop; finish; exit 1; }
ok "from QEMU's server" wait_for "[netserv] 10.0.2.15, gateway 10.0.2.2, by DHCP"
# httpd may need a moment more than the address.
for _ in $(seq 100); do
    get -o page "$url/" 2>page.err && break
    sleep 0.2
done
ok "a small file" same "$UKERN/examples/net/httpd/index.html" index.html
ok "0 bytes" stream 0
ok "1 byte" stream 1
ok "1 MiB, twice" eval "same build/big.bin big.bin && same build/big.bin big.bin"
ok "$SIZE bytes" stream "$SIZE"
ok "a range of a file" ranged 1000-300000 "tail -c +1001 build/big.bin | head -c 299001"
ok "and its last bytes" ranged -5000 "tail -c 5000 build/big.bin"
ok "what was broken off goes on" resumed
ok "what is there whole stays so" resumed
ok "8 times 1 MiB at once" parallel_files
ok "a connection is used again" keep_alive
want=404
ok "no such file: 404" status_code "$url/nothing"
ok "no such stream: 404" status_code "$url/stream"
ok "by the whole address: 404" status_code --request-target "http://guest/nothing" "$url"
for file in init image netserv netserv.sym ../init; do
    ok "what is not below www, $file: 404" status_code --path-as-is "$url/$file"
done
ok "no way leads out of the image: 404" status_code --path-as-is "$url/../../%2e%2e/etc/passwd"
ok "HEAD of what is not there, and the connection is used again" two_heads
want=405
ok "another method: 405" status_code -X DELETE "$url/"
want=400
ok "nonsense: 400" status_code "$url/%zz"
ok "no Host: 400" status_code -H Host: "$url/"
ok "a stream of nonsense: 400" status_code "$url/stream/-1"
want=416
ok "a range that is not there: 416" status_code -r 1048576- "$url/big.bin"
ok "the status page" eval "get '$url/status' | grep '<title>ukern status' >/dev/null"
ok "its figures" eval "status && grep -q '\"name\":\"netserv\"' status.json"
ok "nothing of it comes from elsewhere" eval "get -o page '$url/status' && ! grep -Ei '(src|href|action) *=|url\(|@import|https?:' page"
# The page, its cards, the dot beside `live`; bars of memory, which are out of a phone's sight.
if [ -n "${PICTURES-yes}" ]; then
    drawn wide 1280x900 "f4f5f8=100000 ffffff=300000 0d9a74=40 3a6df0=500"
    drawn phone 420x1000 "10131b=50000 181d29=150000 3fd0a2=40" --blink-settings=preferredColorScheme=0
fi
CROWDS=${CROWDS-yes}
[ -z "$CROWDS" ] || { client "$http" drip; echo "status $?"; } >drip.out 2>&1 & # goes on meanwhile
drip=$!
ok "what is not read for long comes back by TCP" clogged
ok "1 KB comes back by TCP" client "$echo" tcp 1000
ok "3 MB come back by TCP" client "$echo" tcp 3000000
ok "2000 datagrams come back by UDP" client "$echo" udp 2000
ok "200 connections at once" client "$http" parallel 200 /README.md
ok "200 aborted transfers" client "$http" abort 200 /stream/3000000
ok "after them, a small file" same "$UKERN/examples/net/httpd/index.html" index.html
if [ -n "$CROWDS" ]; then
    wait $drip # a crowd would show them out earlier
    ok "who does nothing for long is shown out" grep -q "^status 0" drip.out
    ok "while 240 others want half of something or nothing, a small file" crowded "$http" 240 / same "$UKERN/examples/net/httpd/index.html" index.html
    # QEMU dials for the guest one after the other: each crowd takes a minute or two.
    if [ "$CROWDS" = all ]; then
        ok "while 240 others do not read, a small file" crowded "$http" 240 /stream/100000000 same "$UKERN/examples/net/httpd/index.html" index.html
        ok "while 240 others are at echo, 1 KB comes back" crowded "$echo" 240 "" client "$echo" tcp 1000
    fi
fi
ok "no connection is left over from it" none_left
# All caches are full by now: what grows from here on is a leak.
sleep 1
status
cp status.json status.before
ok "$CONNECTIONS short connections in a row" client "$http" short "$CONNECTIONS" /
ok "200 aborted ones" client "$http" abort 200 /stream/3000000
sleep 1
status
for task in $tasks; do
    ok "$task needs no more memory than before" not_grown "$task" 16384
done
ok "no connection is left over" grep -q '"connections":1,' status.json
ok "4 MB to the iperf server" client "$iperf" send 4000000
ok "it counts them" wait_for "iperf: from 10.0.2.2: 3.8 MiB"
sink=$(free_port)
client "$sink" sink 3145728 >sink.out &
sinks=$!
for _ in $(seq 300); do
    ! grep -q listens sink.out || break
    sleep 0.1
done
type iperf -c 10.0.2.2 -p "$sink" -n 3
ok "3 MiB from the iperf client" wait $sinks
ok "which says so" wait_for "iperf: to 10.0.2.2: 3.0 MiB"
type iperf -u -c ::1 -b 5M -t 1
ok "iperf by UDP to itself: what was sent, and what was seen" eval 'wait_for "iperf: from ::1: 0.6 MiB" && more 0 "^iperf: seen by ::1: 0.6 MiB.*, 0 of 426 lost"'
type iperf -c
ok "what iperf takes it says" wait_for "usage: iperf -s [-p PORT]"
ok "the iperf server gets nonsense by UDP" client "$iperf" nonsense 5000
real_iperf
real_nc
ok "what is not read for long comes back again" client "$echo" clog 10
type ping -c 2 10.0.2.2
ok "ping to the gateway" wait_for "2 of 2 answers"
type ping -c 1 127.0.0.1
ok "ping to itself" wait_for "1 of 1 answers"
type host 1.2.3.4
ok "an address is its own name" wait_for "1.2.3.4 has address 1.2.3.4"
type host no.such.name.invalid
ok "QEMU's name server is asked; what it does not know is said" eval 'wait_for "no.such.name.invalid: " && no_name console "no.such.name.invalid: "'
type ping -c 3 fec0::2
ok "ping to the gateway by IPv6" wait_for "3 of 3 answers"
type host fec0::2
ok "an IPv6 address is its own name" wait_for "fec0::2 has IPv6 address fec0::2"
type wget 127.0.0.1:81/
ok "where nobody listens: refused" wait_for "connection refused: nobody listens there"
type 'wget [::1]/nothing'
ok "a file that is not there, by IPv6" wait_for "404 Not Found"
type iperf -c ::1 -n 3
ok "iperf to itself" wait_for "iperf: to ::1: 3.0 MiB"
sleep 1
status
for task in $tasks; do
    ok "after all that, $task needs no more memory either" not_grown "$task" 32768
done
ok "idle, netserv uses hardly any CPU" idle
if [ "$DRIVER" = netdev ]; then
    ok "netdev is killed in the middle of a transfer, which is only delayed" delayed
    ok "by another netdev" more 1 "netdev. 52:54:00:12:34:56"
fi
ok "httpd is killed: the next one can have its port at once" again
ok "netserv is killed: a connection breaks off" end netserv client "$echo" hold
ok "another netserv gets an address" more 1 "netserv. 10.0.2.15, gateway 10.0.2.2, by DHCP"
ok "and serves" eval "get --retry 20 --retry-all-errors --retry-delay 1 -o got '$url/big.bin' 2>/dev/null && cmp got build/big.bin"
stop
finish
