#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Hosts of other kinds: compilers by their bare-metal names, the compiler of an Arm host, a C library elsewhere, and
# small shells. Stand-ins of those names call the tools that are here.
. "$UKERN/tests/sdk/outside.sh"

here=
for p in aarch64-linux-gnu- aarch64-none-elf- aarch64-elf-; do
    [ -n "$here" ] || ! command -v ${p}gcc >/dev/null || here=$p
done
[ -n "$here" ] || {
    echo "1..0 # SKIP there is no cross compiler here"
    exit 0
}
# What a system has besides compilers.
mkdir "$outside/bin"
for command in sh env cat cut sed awk grep sort uniq wc tr uname head tail mkdir mktemp mkfifo rm id dirname basename cksum touch \
    cp mv ln printf echo true false test chmod find date make pkg-config perl qemu-system-aarch64 setpriv stty sleep; do
    path=$(IFS=: && for folder in $PATH; do [ ! -x "$folder/$command" ] || echo "$folder/$command"; done | head -n 1)
    [ -z "$path" ] || ln -s "$path" "$outside/bin/"
done
# tools PREFIX: the compiler and the binutils, by this prefix.
tools() {
    rm -rf "$outside/tools"
    mkdir "$outside/tools"
    for tool in gcc as ld ar nm objcopy objdump size; do
        printf '#!/bin/sh\nexec %s "$@"\n' "$(command -v $here$tool)" >"$outside/tools/$1$tool"
        chmod +x "$outside/tools/$1$tool"
    done
    make_() {
        PATH=$outside/tools:$outside/bin make "$@"
    }
}
# works PREFIX: this prefix is found, and what it makes boots.
works() {
    rm -rf build
    make_ run TIMEOUT=60 >"$out" 2>&1 </dev/null || {
        sed 's/^/# /' "$out"
        return 1
    }
    says "$out" hello && [ "$(make_ -s print-CROSS_COMPILE)" = "$1" ]
}

hello
makefile 'TASKS := hello'
for kind in aarch64-linux-gnu- aarch64-none-elf- aarch64-elf-; do
    tools $kind
    ok "a compiler called ${kind}gcc" works $kind
done
tools ''
ok "gcc on another host is not taken for one that makes programs for Arm" sh -c "
    PATH=$outside/tools:$outside/bin make 2>&1 | grep -q 'No C compiler for 64-bit Arm is here'"
printf '#!/bin/sh\necho aarch64\n' >"$outside/tools/uname"
chmod +x "$outside/tools/uname"
ok "on an Arm host it is" works ''
ok "make doctor agrees" sh -c "PATH=$outside/tools:$outside/bin make doctor | grep -q 'ok       gcc '"

# picolibc as it is when somebody has built it: without a folder for the build that prefers speed.
tools aarch64-linux-gnu-
mkdir -p "$outside/picolibc/lib"
picolibc=$(make_ -s print-PICOLIBC)
if [ -d "$picolibc/lib/release" ]; then
    cp -R "$picolibc/include" "$outside/picolibc/"
    rm -rf "$outside/picolibc/include/release"
    cp "$picolibc/lib/release/"*.a "$outside/picolibc/lib/"
    works_with_picolibc() {
        rm -rf build
        make_ run PICOLIBC="$outside/picolibc" TIMEOUT=60 >"$out" 2>&1 </dev/null && says "$out" hello
    }
    ok "picolibc elsewhere, by PICOLIBC" works_with_picolibc
fi

# Small shells, and the commands that busybox has: all that stands between a user and an image runs in them.
# small SHELL [COMMAND...]: sh is this shell, and so are these commands busybox's.
small() {
    shell=$(command -v "$1") || return 0
    shift
    rm -f "$outside/bin/sh"
    for command in sh "$@"; do
        rm -f "$outside/bin/$command"
        ln -s "$shell" "$outside/bin/$command"
    done
    rm -rf build
    printf 'TASKS := hello\ninclude %s/sdk.mk\n' "$prefix/lib/ukern-$version" >Makefile
    make_ run TIMEOUT=60 SHELL="$outside/bin/sh" >"$out" 2>&1 </dev/null || {
        sed 's/^/# /' "$out"
        return 1
    }
    says "$out" hello
}
if command -v dash >/dev/null; then
    ok "a build and a boot with dash" small dash
fi
if command -v busybox >/dev/null; then
    ok "a build and a boot with busybox" small busybox cat cut sed awk grep sort uniq wc tr uname head tail mkdir mktemp mkfifo rm id \
        dirname basename touch cp mv ln stty sleep
    PATH=$outside/tools:$outside/bin
    ok "make doctor with busybox" run make doctor
    ok "ukern new with busybox" run sh "$prefix/lib/ukern-$version/tools/ukern" new server "$outside/shop"
    ok "makes a project that passes its test" run make -C "$outside/shop" test
    ok "make size with busybox" run make size
else
    echo "# busybox is not here: its shell and commands are not tested"
fi
finish
