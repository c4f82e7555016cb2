#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# netserv, httpd and echod in QEMU, with curl and perl on the host as their peers, on 127.0.0.1 only.
if [ "${SOCKETS:-}" != 1 ]; then
    echo "1..0 # SKIP takes real peers on this machine; run it by: make check TESTS=net/sockets SOCKETS=1"
    exit 0
fi
if [ ! -e "$UKERN_BUILD/third_party/lwip/tcp.c" ]; then
    echo "1..0 # SKIP lwIP is not fetched: make setup"
    exit 0
fi
if ! command -v curl >/dev/null; then
    echo "1..0 # SKIP curl is not here: apt-get install curl"
    exit 0
fi
. "$UKERN/tests/tap.sh"

build_image() {
    make -s -C "$UKERN/examples/net" UKERN_BUILD="$UKERN_BUILD" BUILD="$work/build" all >build.log 2>&1 ||
        { sed 's/^/# /' build.log; return 1; }
}

# A port that nobody has.
free_port() {
    perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) or die;
        print $s->sockport'
}

# wait_for TEXT: on the console, within half a minute.
wait_for() {
    for _ in $(seq 300); do
        ! grep -qF -- "$1" console || return 0
        sleep 0.1
    done
    sed 's/^/# /' console
    return 1
}

get() {
    curl -sS -m 30 "$@"
}

# same FILE PATH: what httpd gives is that file.
same() {
    [ "$(get "$url/$2" | sha256sum)" = "$(sha256sum <"$1")" ]
}

keep_alive() {
    get -v "$url/" "$url/README.md" "$url/status" -o /dev/null -o /dev/null -o /dev/null 2>&1 | grep -c 'Re-using' >reused
    [ "$(cat reused)" -eq 2 ]
}

short_connections() {
    for _ in $(seq "$1"); do
        [ "$(get -o /dev/null -w '%{http_code}' -H 'Connection: close' "$url/")" = 200 ] || return 1
    done
}

parallel() {
    for i in 1 2 3 4 5 6 7 8; do
        get "$url/big.bin" -o "par$i" &
        all="$all $!"
    done
    # shellcheck disable=SC2086 # a list of process ids
    wait $all
    for i in 1 2 3 4 5 6 7 8; do
        cmp "par$i" build/big.bin || return 1
    done
}

status_code() {
    [ "$(get -o /dev/null -w '%{http_code}' "$@")" = "$want" ]
}

# udp_echo COUNT; a lost datagram is sent again, twice at most.
udp_echo() {
    perl -MIO::Socket::INET -e 'my ($port, $n) = @ARGV;
        my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Proto => "udp") or die;
        for my $i (1 .. $n) {
            my $text = "$i " . "x" x ($i * 7 % 1400);
            my $good = 0;
            for (1 .. 3) {
                $s->send($text);
                my $in = "";
                vec($in, fileno $s, 1) = 1;
                while (!$good && select(my $ready = $in, undef, undef, 3)) {
                    $s->recv(my $got, 2000);
                    $good = 1 if $got eq $text;
                }
                last if $good;
            }
            die "datagram $i is lost\n" unless $good;
        }' "$echo_port" "$1"
}

tcp_echo() {
    perl -MIO::Socket::INET -e 'my ($port, $n) = @ARGV;
        my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die;
        alarm 60;
        my ($out, $in) = (join("", map { chr(($_ * 7 + ($_ >> 8)) & 255) } 1 .. $n), "");
        if (!fork) { print $s $out; $s->flush; shutdown $s, 1; exit 0 }
        $in .= $_ while sysread $s, $_, 65536;
        exit($in eq $out ? 0 : 1)' "$echo_port" "$1"
}

# netserv_time: CPU time that the task has used, nanoseconds.
netserv_time() {
    get "$url/status.json" | sed 's/.*"name":"netserv"[^}]*"cpu":\([0-9]*\).*/\1/'
}

idle() {
    before=$(netserv_time)
    sleep 6
    after=$(netserv_time)
    echo "# $(((after - before) / 6000)) us of CPU a second"
    [ $((after - before)) -lt 120000000 ]
}

type() {
    echo "$*" >&4
}

ok "the image is built" build_image
http_port=$(free_port)
echo_port=$(free_port)
url=http://127.0.0.1:$http_port
user=user,id=n0,hostfwd=tcp:127.0.0.1:$http_port-:80,hostfwd=tcp:127.0.0.1:$echo_port-:7,hostfwd=udp:127.0.0.1:$echo_port-:7
mkfifo input
exec 4<>input
"$UKERN/tools/run" -t 200 build/net.img -global virtio-mmio.force-legacy=false \
    -device virtio-net-device,netdev=n0 -netdev "$user" <input >console 2>&1 &
qemu=$!

ok "an address comes by DHCP" wait_for "[netserv] 10.0.2.15, gateway 10.0.2.2, by DHCP"
ok "a small file" same "$UKERN/examples/net/httpd/index.html" index.html
ok "1 MiB, twice" eval "same build/big.bin big.bin && same build/big.bin big.bin"
ok "8 times 1 MiB at once" parallel
ok "a connection is used again" keep_alive
ok "50 short connections" short_connections 50
want=404
ok "no such file: 404" status_code "$url/nothing"
want=405
ok "another method: 405" status_code -X DELETE "$url/"
want=400
ok "nonsense: 400" status_code "$url/%zz"
ok "the status page" eval "get '$url/status' | grep -q '<title>ukern status'"
ok "its figures" eval "get '$url/status.json' | grep -q '\"name\":\"netserv\"'"
ok "1 KiB comes back by TCP" tcp_echo 1000
ok "300 KB come back by TCP" tcp_echo 300000
ok "200 datagrams come back by UDP" udp_echo 200
type ping -c 2 10.0.2.2
ok "ping" wait_for "2 of 2 answers"
type ping -c 1 127.0.0.1
ok "ping to itself" wait_for "1 of 1 answers"
type host 1.2.3.4
ok "an address is its own name" wait_for "1.2.3.4 has address 1.2.3.4"
ok "idle, netserv uses hardly any CPU" idle
kill $qemu 2>/dev/null
finish
