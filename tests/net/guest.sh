# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# For scripts that test the image of examples/net: `. "$UKERN/tests/net/guest.sh"` after deciding to run at all.
. "$UKERN/tests/tap.sh"

# Who drives the device (examples/net/Makefile), and the tasks that must not grow.
DRIVER=${DRIVER:-netdev}
tasks="netserv httpd echod"
[ "$DRIVER" = netserv ] || tasks="netdev $tasks"

# Reasons not to run.
need_lwip() {
    [ -e "$UKERN_BUILD/third_party/lwip/tcp.c" ] && return
    echo "1..0 # SKIP lwIP is not fetched: make setup"
    exit 0
}

need_curl() {
    command -v curl >/dev/null && return
    echo "1..0 # SKIP curl is not here: make setup, or apt-get install curl"
    exit 0
}

# build_project FOLDER: a project of the tests, into build.
build_project() {
    make -s -j2 -C "$1" UKERN_BUILD="$UKERN_BUILD" BUILD="$work/build" all >build.log 2>&1 ||
        { sed 's/^/# /' build.log; return 1; }
}

# In one folder for all scripts.
build_image() {
    build_shared "net-example-$DRIVER" "$UKERN/examples/net" -j2 DRIVER="$DRIVER" all && ln -s "$shared" build
}

# A port that nobody has, by TCP or UDP.
free_port() {
    perl -MIO::Socket::INET -e 'for (1 .. 100) {
        my $tcp = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) or die;
        my $port = $tcp->sockport;
        print($port), exit if IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Proto => "udp")
    } die'
}

# shellcheck disable=SC2034 # for the scripts
modern="-global virtio-mmio.force-legacy=false"

# begin SECONDS OPTIONS...: the image $image (build/net.img), with boot arguments $words, in the background, with options of QEMU;
# its console is the file console, its keyboard `type`.
begin() {
    seconds=$1
    shift
    rm -f input
    mkfifo input
    exec 4<>input
    : >console
    "$UKERN/tools/run" -t "$seconds" -a "${words:-}" "${image:-build/net.img}" "$@" <input >console 2>&1 &
    qemu=$!
}

# The same, with one network device whose other end is n0.
start() {
    seconds=$1
    shift
    # shellcheck disable=SC2086 # two words
    begin "$seconds" $modern -device virtio-net-device,netdev=n0 "$@"
}

# A host made of raw frames (wire/), which is the other end of the wire of a guest that on_wire has started.
build_wire() {
    ${HOST_CC:-gcc} -std=gnu11 -O1 -g -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all \
        -o peer "$UKERN"/tests/net/wire/*.c
}

on_wire() {
    seconds=$1
    shift
    start "$seconds" "$@" -netdev "dgram,id=n0,local.type=unix,local.path=$work/guest.sock,remote.type=unix,remote.path=$work/host.sock"
}

peer() {
    ./peer "$work/host.sock" "$work/guest.sock" "$@"
}

# monitor, qtest COMMAND...: of QEMU, if it was started with a socket of that name in $work.
monitor() {
    perl "$UKERN/tests/net/control.pl" "$work/monitor" "$@"
}

qtest() {
    perl "$UKERN/tests/net/control.pl" "$work/qtest" "$@"
}

type() {
    echo "$*" >&4
}

# wait_for TEXT [SECONDS]: on the console, within a minute if not said otherwise. Not if QEMU has ended.
wait_for() {
    for _ in $(seq $((${2:-60} * 10))); do
        ! grep -qF -- "$1" console || return 0
        kill -0 "$qemu" 2>/dev/null || break
        sleep 0.1
    done
    grep -qF -- "$1" console && return 0
    sed 's/^/# /' console
    return 1
}

# more COUNT PATTERN: the console has it more often than that, within a minute.
more() {
    for _ in $(seq 600); do
        [ "$(grep -c -- "$2" console)" -le "$1" ] || return 0
        kill -0 "$qemu" 2>/dev/null || break
        sleep 0.1
    done
    [ "$(grep -c -- "$2" console)" -gt "$1" ]
}

# matches PATTERN: a line of the console does.
matches() {
    grep -q -- "$1" console || {
        sed 's/^/# /' console
        return 1
    }
}

stop() {
    kill "$qemu" 2>/dev/null
    wait "$qemu" 2>/dev/null
    return 0
}

# of TASK FIELD [FILE]: that figure of the task, from the file status.json or another.
of() {
    sed "s/.*\"name\":\"$1\"[^}]*\"$2\":\([0-9]*\).*/\1/" "${3:-status.json}"
}

# not_grown TASK BYTES: from status.before to status.json, by more than that.
not_grown() {
    [ -s status.before ] && [ -s status.json ] || return 1
    now=$(of "$1" used)
    before=$(of "$1" used status.before)
    echo "# $1 had $before bytes, has $now"
    [ -n "$now" ] && [ "$now" -le $((before + $2)) ]
}

# Boot with ports of the host that nobody has. Another may take one meanwhile: then QEMU says so, and we take others.
boot() {
    for _ in 1 2 3 4 5; do
        http=$(free_port) echo=$(free_port) iperf=$(free_port) back=$(free_port)
        url=http://127.0.0.1:$http
        start 900 -netdev "user,id=n0,hostfwd=tcp:127.0.0.1:$http-:80,hostfwd=tcp:127.0.0.1:$echo-:7,hostfwd=udp:127.0.0.1:$echo-:7,hostfwd=tcp:127.0.0.1:$iperf-:5001,hostfwd=udp:127.0.0.1:$iperf-:5001,hostfwd=tcp:127.0.0.1:$back-:$back"
        for _ in $(seq 600); do
            ! grep -qF "[netserv] 10.0.2.15" console || return 0
            ! grep -qF "Could not set up host forwarding" console || break
            sleep 0.1
        done
        stop
        grep -qF "Could not set up host forwarding" console || break
    done
    sed 's/^/# /' console
    return 1
}

# no_name FILE TEXT: it has the text, and behind it what the name server that QEMU asks says of a name that there is not; or
# that it is silent, as on a machine without one.
no_name() {
    grep -qF -- "$2there is no host of that name" "$1" || says "$1" "$2the name server does not answer"
}

# The limit is for a hang only.
get() {
    curl -sS --noproxy '*' -m 300 "$@"
}

