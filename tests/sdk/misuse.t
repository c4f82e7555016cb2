#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Whatever a user can get wrong ends with status 2 and one line that says what is wrong, where, and what to do.
# shellcheck disable=SC2016 # make expands what stands in single quotes
. "$UKERN/tests/sdk/outside.sh"

hello
echo 'int main(void) { return 0; }' >other.c
sdk=$prefix/lib/ukern-$version

# ---- Names and values in the Makefile.
makefile 'TASK := hello'
ok "a misspelt variable" refuses "Makefile: there is no variable TASK; did you mean TASKS?"
makefile 'TASKS := helo'
ok "a task without sources" refuses "there is neither helo.c nor helo/*.c; did you mean hello?"
makefile 'TASKS := hello' 'helo.memory := 1M'
ok "a property of no task" refuses "helo.memory: there is no task 'helo'; did you mean hello?"
makefile 'TASKS := hello' 'hello.memroy := 1M'
ok "a misspelt property" refuses "hello.memroy: tasks have no property 'memroy'; did you mean memory?"
makefile 'TASKS := hello' 'hello.uses := consol'
ok "a port that nobody provides" refuses "hello.uses: there is no port 'consol'; did you mean console?"
makefile 'TASKS := hello other' 'hello.provides := p' 'other.provides := p'
ok "a port that two provide" refuses "other.provides: hello provides 'p' already"
makefile 'TASKS := hello' 'hello.restart := allways'
ok "a value that is none" refuses "there is no way to restart 'allways'; did you mean always?"
makefile
ok "no task at all" refuses "TASKS is empty: name at least one task before sdk.mk is included"
makefile 'TASKS := hello' 'hello.devices := pl01'
ok "a misspelt device" refuses "hello.devices: there is no device 'pl01'; did you mean pl011?"
makefile 'TASKS := hello' 'hello.devices := frobnicator'
ok "a device that nobody knows" refuses "there are pl011, pl031, pl061, virtio-net, virtio-blk, virtio-console and virtio-rng;"
makefile 'TASKS := hello' 'hello.devices := arm,pl061'
ok "one of the device tree is no mistake" run make
makefile 'TASKS := hello' 'hello.rights := everything'
ok "no name is suggested that is not near" refuses "hello.rights: there is no right 'everything'; there are inspect, kill, log, power and device"
makefile 'TASKS := hello' 'RAW := 1' 'X := 2' 'ARM := 3'
ok "short names of the project's own are no slips of the keyboard" run make
makefile 'TASKS := hello' 'IMAGE := my img'
ok "an image with a space in its name" refuses "Makefile: IMAGE is 'my img', but names one file"
ok "nothing is said of the SDK's own files" lacks "$out" "$sdk"
makefile 'TASKS := helo' 'hello.memory := 1M' 'hello.uses := consol'
ok "what follows from a mistake" refuses "there is neither helo.c"
ok "is not told beside it" [ "$(grep -c '^Makefile: ' "$out")" = 1 ]
makefile 'TASKS := hello other' 'other.provides := o' 'hello.uses := o'
ok "a task that prints, and has no console, builds" run make
ok "with a warning" says "$out" "warning: hello prints, but nobody sees it: hello.uses lacks console"
makefile 'TASKS := hello' 'SDK_REQUIRE := 99.1'
ok "an SDK that is too old" refuses "this project needs SDK 99.1 or newer (SDK_REQUIRE); the one in $sdk is $version"
makefile 'TASKS := hello' "SDK_REQUIRE := $version"
ok "one that is new enough" run make
makefile 'TASKS := hello other' 'hello.provides := h' 'hello.uses := o' 'other.provides := o' 'other.uses := h'
ok "calls in a circle build" run make
ok "with a warning" says "$out" "warning: these tasks may call each other in a circle: hello calls other, other calls hello"
ok "which is given once" sh -c "! make -s 2>&1 | grep circle"

# ---- Files and targets.
makefile 'TASKS := hello' 'hello.sources := hello.c othr.c'
ok "a source that is not there" refuses "there is no file othr.c, which hello.sources names, and no rule to make it; did you mean other.c?"
makefile 'TASKS := hello' 'KERNEL := calls.c'
ok "an extension that is not there" refuses "there is no file calls.c, which KERNEL names"
makefile 'TASKS := hello' 'FILES := motd'
ok "a file that is not there" refuses "there is no file motd, which FILES names"
makefile 'TASKS := hello' 'FILES := made' 'made: ; echo made >made' 'all:'
ok "one that the project makes is no mistake" run make
ok "a misspelt target" refuses "there is no target tset; did you mean test?" tset

# ---- Programs.
makefile 'TASKS := hello' 'hello.sources := hello.c other.c'
ok "main() twice" refuses "program hello: main is defined twice: in hello.c:4 and in other.c:1; a program has one main()"
echo 'int nothing(void); int nothing(void) { return 0; }' >empty.c
makefile 'TASKS := empty'
ok "no main()" refuses "program empty: nothing defines main()"
printf 'int far_away(void);\nint main(void)\n{\n    return far_away();\n}\n' >caller.c
makefile 'TASKS := caller'
ok "a function that is nowhere" refuses "program caller: nothing defines far_away, which caller.c:4 wants: name the file that does in caller.sources"
makefile 'TASKS := hello' 'LDLIBS := -lnone'
ok "a library that is nowhere" refuses "program hello: there is no library none: LDLIBS names it"
printf 'static char large[8 << 20];\nint main(int argc, char **argv)\n{\n    (void)argv;\n    large[argc] = 1;\n    return large[3];\n}\n' >big.c
makefile 'TASKS := big' 'big.memory := 4M'
ok "a program that does not fit into its quota" refuses "big.memory is 4M, but program big alone takes 8"
makefile 'TASKS := hello'
run make
perl -0777 -pe 's/(ukern\0\0\0)\x01\0\0\0/$1\x07\0\0\0/' build/programs/hello >old
makefile 'TASKS := hello' 'FILES := old'
ok "a program of another ABI" refuses "program old speaks ABI 7, and this SDK's kernel ABI 1: build old with this SDK"
makefile 'TASKS := hello'
run make
"$sdk/tools/archive" archive.cpio image=build/image init="$sdk/programs/init" console="$sdk/programs/console" hello=old
make -s run TIMEOUT=60 QEMU_FLAGS='-initrd archive.cpio' >"$out" 2>&1 </dev/null
ok "is refused at boot, too" says "$out" "hello: not started: the program speaks another version of the ABI than this kernel"

printf '#include <unistd.h>\nint main(void)\n{\n    return fork();\n}\n' >caller.c
makefile 'TASKS := caller'
ok "a function of other systems" refuses "program caller: there is no fork() here, which caller.c:4 wants: a task starts another with task_spawn() (ukern/task.h)"
echo 'no library' >host.a
makefile 'TASKS := hello' 'LDLIBS := ./host.a'
ok "a library that is none" refuses "program hello: ./host.a is no library or object for 64-bit Arm: LDLIBS names it"
makefile 'TASKS := hello'
make -s
truncate -s 100 build/programs/hello
ok "a program cut short" refuses "Makefile: build/programs/hello has been cut short: remove it, and it is made again"
rm build/programs/hello
ok "is made again" run make
: >build/project.img
ok "an empty image" refuses "run: build/project.img is empty: remove it, and it is made again" run
rm build/project.img
cat >deep.c <<'END'
__attribute__((noinline)) int deep(int n)
{
    volatile char c[4096];

    c[n % 7] = 1;
    return n ? deep(n - 1) + c[2] : 0;
}

int main(void)
{
    return deep(100) & 0;
}
END
makefile 'TASKS := deep' 'CFLAGS := -w'
ok "a stack that is used up" not run make run TIMEOUT=60
ok "is told as such" says "$out" "init: task deep: its stack is used up (raise its .stack): wrote to 0x7"
makefile 'TASKS := deep' 'CFLAGS := -w' 'deep.stack := 480K' 'deep.memory := 1M'
ok "a larger one does" run make run TIMEOUT=60
makefile 'TASKS := hello'

# ---- Tools and places.
ok "a compiler that is not there" refuses "no-gcc is not here: CROSS_COMPILE says 'no-'; apt-get install gcc-aarch64-linux-gnu" CROSS_COMPILE=no-
ok "a compiler in the place of its prefix" refuses "CROSS_COMPILE says 'x-gcc' and is a prefix: CROSS_COMPILE=x- is meant" CROSS_COMPILE=x-gcc
mkdir host
printf '#!/bin/sh\n[ "$1" != -dumpmachine ] || echo x86_64-linux-gnu\n' >host/other-gcc
chmod +x host/other-gcc
ok "a compiler for another machine" sh -c "PATH=$PWD/host:$PATH make CROSS_COMPILE=other- 2>&1 | grep -q 'other-gcc makes programs for x86_64-linux-gnu, not for 64-bit Arm: set CROSS_COMPILE to the prefix of one that does'"
ok "a CPU of 32 bits" refuses "run: CPU=cortex-a15 has 32 bits, and an image needs 64: cortex-a53," run CPU=cortex-a15
ok "a TMPDIR that is none" sh -c "TMPDIR=/nowhere make -s run 2>&1 </dev/null | grep -q 'run: no file can be made in /nowhere: set TMPDIR to a folder that is there'"
ok "nor for a dry run" sh -c "TMPDIR=/nowhere make -n 2>&1 | grep -q \"TMPDIR is '/nowhere', where no file can be made: set it to a folder that is there\""
ok "a standard input that is closed is none" run sh -c 'make -s run TIMEOUT=60 <&-'
ok "and boots" says "$out" hello
ok "a locale that this machine has not is no matter" sh -c "touch hello.c && ! LC_ALL=xx_YY.UTF-8 make -s 2>&1 | grep perl"
for odd in "q'x" 'q(x' 'q&x' 'q;x' 'q#x' 'q$x' 'q:x' 'q%x'; do
    mkdir "$outside/$odd"
    { echo 'IMAGE := odd' && cat Makefile; } >"$outside/$odd/Makefile"
    cp hello.c "$outside/$odd/"
    ok "a project in $odd builds" run make -C "$outside/$odd"
done
cp Makefile "$outside/q&x/"
ok "but without an IMAGE it has no name that will do" refuses "IMAGE is 'q&x' as this folder, but names one file: letters" --no-print-directory -C "$outside/q&x"
mkdir "$outside/s'dk"
cp -R "$prefix/." "$outside/s'dk"
ok "an SDK in a path with a quote" sh -c "PKG_CONFIG_PATH=\"$outside/s'dk/lib/pkgconfig\" make 2>&1 | grep -q \"has ' in its path, which make or the shell takes for something else: move it\""
ok "a C library that is not there" refuses "picolibc, the C library of tasks, is not in '/nowhere': apt-get install picolibc-aarch64-linux-gnu" PICOLIBC=/nowhere
ok "a QEMU that is not there" sh -c "QEMU=no-qemu make run 2>&1 </dev/null | grep -q 'no-qemu is not here: apt-get install qemu-system-arm'"
ok "too little memory" refuses "run: RAM=2M is too little for this image and its tasks: give it 5M or more" run RAM=2M
ok "memory that is no size" refuses "run: RAM is 'lots', which is not a size, as 512M or 2G" run RAM=lots
mkdir bare
for command in make sh sed mkdir pkg-config uname rm grep cat cut; do ln -s "$(command -v $command)" bare/; done
ok "a machine without a compiler" sh -c "PATH=$PWD/bare make 2>&1 | grep -q 'No C compiler for 64-bit Arm is here'"
ln -s "$(command -v aarch64-linux-gnu-gcc || echo /bin/false)" bare/aarch64-linux-gnu-gcc
ok "a machine without perl" sh -c "PATH=$PWD/bare make 2>&1 | grep -q 'perl is not here: apt-get install perl'"
ok "make doctor" run make doctor
ok "says that all is well" says "$out" "ok       ukern $version"
ok "make doctor on a machine that lacks something" sh -c "PATH=$PWD/bare make doctor >$out 2>&1; [ \$? = 2 ]"
ok "says how to get it" grep -q 'MISSING.*apt-get install perl' "$out"
mkdir "$outside/a b"
cp Makefile hello.c "$outside/a b/"
ok "a path with a space" refuses "has a space in its path, which make takes for two: move the project to a folder without" -C "$outside/a b"
ok "a build folder with a space" refuses "BUILD is 'a b', which has a space in it" 'BUILD=a b'
ok "a build folder that cannot be made" refuses "cannot write to /dev/null/x" BUILD=/dev/null/x
cp -R "$prefix" "$outside/a b/sdk"
ok "an SDK in a path with a space" sh -c "PKG_CONFIG_PATH='$outside/a b/sdk/lib/pkgconfig' make >$out 2>&1; [ \$? = 2 ] && grep -q 'space' $out"
cp -R "$prefix" "$outside/mixed"
echo "0.0.1 1" >"$outside/mixed/lib/ukern-$version/lib/version"
ok "an installation of two versions" sh -c "PKG_CONFIG_PATH=$outside/mixed/lib/pkgconfig make 2>&1 | grep -q 'is stale: its libraries are of version 0.0.1 (ABI 1), its headers of $version (ABI 1): install it again'"
echo "$version 7" >"$outside/mixed/lib/ukern-$version/lib/version"
ok "one of two ABIs" sh -c "PKG_CONFIG_PATH=$outside/mixed/lib/pkgconfig make 2>&1 | grep -q 'is stale: its libraries are of version $version (ABI 7), its headers of $version (ABI 1): install it again'"
echo "$version 1" >"$outside/mixed/lib/ukern-$version/lib/version"
rm "$outside/mixed/lib/ukern-$version/lib/libuser.a"
ok "an installation that lacks a file" sh -c "PKG_CONFIG_PATH=$outside/mixed/lib/pkgconfig make 2>&1 | grep -q 'the SDK lacks .*lib/libuser.a: .*install it again'"
ok "a full disk" sh -c "$sdk/tools/archive /dev/full image=build/image 2>&1 | grep -q 'archive: cannot write /dev/full: No space left on device'"
# A disk that is full for one process and its children alone, and is gone with them.
small_disk=
for way in -m -rm; do
    unshare $way mount -t tmpfs none /tmp 2>/dev/null && small_disk="unshare $way" && break
done
if [ -n "$small_disk" ]; then
    mkdir "$outside/small"
    # full SIZE: a build of a new project on a disk of this size.
    full() {
        status=0
        $small_disk sh -c 'mount -t tmpfs -o "size=$1" none "$2" && cp Makefile hello.c "$2" && make -C "$2"' \
            sh "$1" "$outside/small" >"$out" 2>&1 || status=$?
        if [ $status != 2 ] || [ "$(grep -c "$2" "$out")" != 1 ]; then
            sed 's/^/# /' "$out"
            return 1
        fi
    }
    makefile 'TASKS := hello'
    ok "a disk that is full for the linker" full 100k 'the kernel with its extension: the disk is full'
    ok "for a tool of the SDK" full 800k 'symtab: cannot write .*: No space left on device'
    ok "for everything" full 12k 'describe: cannot write build/image: No space left on device'
else
    echo "# no mount of one's own is possible here: a full disk is tested with /dev/full alone"
fi
finish
