#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What goes wrong before the first task runs, and machines that are not the usual one. Each mistake is named, and ends
# the machine with a failure.
. "$UKERN/tests/tap.sh"

cat >hello.c <<'END'
#include <stdio.h>

int main(void)
{
    puts("hello");
    return 0;
}
END
cat >calls.c <<'END'
#include <ukern/ukern.h>

static int begin(struct ukern_pending *p) { return (int)ukern_arg(p, 0); }
static int complete(struct ukern_pending *p, const struct ukern_msg *reply) { return (int)(ukern_arg(p, 0) + reply->tag); }
static const struct ukern_completion good = {"good", begin, complete, UKERN_NOTHING_TO_CANCEL};
static const struct ukern_completion other = {"other", begin, complete, UKERN_NOTHING_TO_CANCEL};
static const struct ukern_completion hasty = {"hasty", begin, complete, NULL};
static const struct ukern_completion hollow = {"hollow", NULL, complete, UKERN_NOTHING_TO_CANCEL};
static const struct ukern_completion endless = {"endless", begin, NULL, UKERN_NOTHING_TO_CANCEL};
static const struct ukern_completion nameless = {NULL, begin, complete, UKERN_NOTHING_TO_CANCEL};

void ukern_main(void)
{
    const struct ukern_completion *all[] = {&good, &other, &hasty, &hollow, &endless, &nameless, NULL};

    (void)all;
    REGISTER
}
END
cat >Makefile <<'END'
IMAGE := boot
TASKS := hello
hello.uses := console
KERNEL := $(if $(REGISTER),calls.c)
CFLAGS := $(if $(REGISTER),'-DREGISTER=$(REGISTER)')
include $(UKERN)/sdk.mk
END

# build [REGISTER=...]: the image.
build() {
    make -s UKERN="$UKERN" UKERN_BUILD="$UKERN_BUILD" BUILD=build "$@" >make.log 2>&1 || {
        sed 's/^/# /' make.log
        return 1
    }
}
# boot [OPTION...]: run it; what it shows is in out, its status in $status.
boot() {
    status=0
    "$UKERN/tools/run" -n -t 60 -a semihosting build/boot.img "$@" >out 2>&1 || status=$?
    tr -d '\r' <out >out.text
    mv out.text out
}
# stops TEXT: it ended with status 1, said TEXT, and did not run.
stops() {
    [ $status = 1 ] && says out "$1" && lacks out hello
}
# works: it said hello and ended well.
works() {
    [ $status = 0 ] && says out hello
}

# ---- Registration. The parentheses keep the compiler from looking at the numbers.
registers() {
    build REGISTER="$1" && boot && stops "ukern: cannot start: $2"
}
ok "a number below the range" registers '(ukern_register)(255, all[0]);' 'good (255): the number is not one of 256 to 1023'
ok "a number above it" registers '(ukern_register)(1024, all[0]);' 'good (1024): the number is not one of 256 to 1023'
ok "a number far above it" registers '(ukern_register)(0xffffffff, all[0]);' 'good (4294967295): the number is not'
ok "a number of the kernel's" registers '(ukern_register)(1, all[0]);' 'good (1): the number is not'
ok "one number twice" registers '(ukern_register)(300, all[0]); ukern_register(300, all[1]);' 'other (300): the number is taken'
ok "no cancel" registers '(ukern_register)(300, all[2]);' 'hasty (300): cancel is missing'
ok "no begin" registers '(ukern_register)(300, all[3]);' 'hollow (300): name, begin and complete must be set'
ok "no complete" registers '(ukern_register)(300, all[4]);' 'endless (300): name, begin and complete must be set'
ok "no name" registers '(ukern_register)(300, all[5]);' '(no name) (300): name, begin and complete must be set'
ok "nothing at all" registers '(ukern_register)(300, all[6]);' '(no name) (300)'
ok "the first and the last number are good" build REGISTER='ukern_register(256, all[0]); ukern_register(1023, all[1]);'
boot
ok "and the image runs" works

# ---- A kernel that fails before the first task.
build REGISTER='ukern_panic(good.name);'
boot
ok "a panic stops the machine with its reason" stops 'ukern panic: good'
ok "and names function, file and line" grep -q ' ukern_main (calls.c:[0-9]*)' out
build REGISTER='*(volatile int *)(size_t)all[0]->cancel = 1;'
boot
ok "a write to code, too" stops 'ukern panic: '
ok "with the place" grep -q '#0 0x[0-9a-f]* ukern_main (calls.c:[0-9]*)' out

# ---- Archives.
build
boot
ok "the image's own archive" works
[ -f build/archive.cpio ] || echo "not ok 9996 - the archive is there"
archive() {
    boot -initrd archive
}
cp build/archive.cpio archive
archive
ok "the same as -initrd" works
"$UKERN/tools/archive" archive image=build/image
archive
ok "an archive without init" stops 'ukern: cannot start: init: the archive has no program of this name'
"$UKERN/tools/archive" archive
archive
ok "an archive of nothing" stops 'ukern: cannot start: init: the archive has no program'
"$UKERN/tools/archive" archive init=Makefile
archive
ok "an init that is no program" stops 'ukern: cannot start: init: the file is not an ELF program'
head -c 200 "$UKERN_BUILD/programs/init" >short
"$UKERN/tools/archive" archive init=short
archive
ok "an init that is cut off" stops 'ukern: cannot start: init: '
"$UKERN/tools/archive" archive init="$UKERN_BUILD/programs/init"
archive
ok "no description: init says it, though there is no console" says out 'init: the boot archive has no file "image"'
ok "and it is a failure" [ $status = 1 ]

malformed='ukern: cannot start: archive: malformed'
# spoil OFFSET BYTES: the archive with other bytes there.
spoil() {
    cp build/archive.cpio archive
    printf '%s' "$2" | dd of=archive bs=1 seek="$1" conv=notrunc 2>/dev/null
    archive
}
spoil 0 070702
ok "another magic" stops "$malformed"
spoil 0 070707
ok "an old format" stops "$malformed"
spoil 54 fffffff0
ok "a file larger than the archive" stops "$malformed"
spoil 54 ffffffff
ok "a file as large as numbers go" stops "$malformed"
spoil 54 0000000g
ok "a number that is none" stops "$malformed"
spoil 94 ffffffff
ok "an endless name" stops "$malformed"
spoil 94 00000000
ok "a name without its end" stops "$malformed"
spoil 115 xxxxxxxxxxxxxxxxxxxxxxxxx
ok "a name that runs into the data" stops "$malformed"
for size in 1 50 109 111 116 300; do
    head -c $size build/archive.cpio >archive
    archive
    ok "cut off after $size bytes" stops 'ukern: cannot start: '
done
head -c 100000 /dev/urandom >archive
archive
ok "noise" stops "$malformed"
head -c 100000 /dev/zero >archive
archive
ok "zeros" stops 'ukern: cannot start: '

# ---- Machines.
for cpu in cortex-a53 cortex-a57 cortex-a72 cortex-a76 neoverse-n1 max; do
    status=0
    "$UKERN/tools/run" -n -t 60 -c $cpu -a semihosting build/boot.img >out 2>&1 || status=$?
    ok "a $cpu" works
done
for machine in virtualization=on secure=on gic-version=3 gic-version=3,virtualization=on highmem=off; do
    boot -M $machine
    ok "a machine with $machine" works
done
for memory in 32M 64M 1G; do
    boot -m $memory
    ok "$memory of memory" works
done
boot -smp 4
ok "four CPUs, of which one is used" works
finish
