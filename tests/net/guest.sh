# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# For scripts that test the image of examples/net: `. "$UKERN/tests/net/guest.sh"` after deciding to run at all.
. "$UKERN/tests/tap.sh"

# Who drives the device (examples/net/Makefile), and the tasks that must not grow.
DRIVER=${DRIVER:-netdev}
tasks="netserv httpd echod"
[ "$DRIVER" = netserv ] || tasks="netdev $tasks"

# In one folder for all scripts: built once.
build_image() {
    ln -s "$BUILD/tests/net-example-$DRIVER" build
    make -s -j2 -C "$UKERN/examples/net" UKERN_BUILD="$UKERN_BUILD" BUILD="$BUILD/tests/net-example-$DRIVER" DRIVER="$DRIVER" all >build.log 2>&1 ||
        { sed "s/^/# /" build.log; return 1; }
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

# begin SECONDS QEMU_OPTIONS...: in the background; its console is the file console, its keyboard `type`.
begin() {
    seconds=$1
    shift
    rm -f input
    mkfifo input
    exec 4<>input
    : >console
    "$UKERN/tools/run" -t "$seconds" build/net.img "$@" <input >console 2>&1 &
    qemu=$!
}

# The same, with one network device whose other end is n0.
start() {
    seconds=$1
    shift
    # shellcheck disable=SC2086 # two words
    begin "$seconds" $modern -device virtio-net-device,netdev=n0 "$@"
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
        http=$(free_port) echo=$(free_port) iperf=$(free_port)
        url=http://127.0.0.1:$http
        start 900 -netdev "user,id=n0,hostfwd=tcp:127.0.0.1:$http-:80,hostfwd=tcp:127.0.0.1:$echo-:7,hostfwd=udp:127.0.0.1:$echo-:7,hostfwd=tcp:127.0.0.1:$iperf-:5001"
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

# The limit is for a hang only.
get() {
    curl -sS --noproxy '*' -m 300 "$@"
}

