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

# Small shells, and other people's awk and sed: all that stands between a user and an image runs in them, each target.
mkdir "$outside/more"
for command in gdb-multiarch dot od tar readlink rmdir sed tee cmp install xargs touch ls; do
    ! command -v $command >/dev/null || ln -s "$(command -v $command)" "$outside/more/"
done
tools=$prefix/lib/ukern-$version/tools
full=$PATH
# in_shell SHELL: sh is this one, also for scripts that say /bin/sh. Such a shell may be a name of busybox's.
in_shell() {
    rm -f "$outside/bin/sh"
    case $1 in
    busybox) ln -s "$(command -v busybox)" "$outside/bin/sh" ;;
    *) printf '#!/bin/sh\nexec %s "$@"\n' "$(command -v "$1")" >"$outside/bin/sh" && chmod +x "$outside/bin/sh" ;;
    esac
    for script in "$tools"/*; do
        case $(head -n 1 "$script" 2>/dev/null) in
        '#!'*/sh) sed "1s|.*|#!$outside/bin/sh|" "$script" >"$script.new" && cat "$script.new" >"$script" && rm "$script.new" ;;
        esac
    done
}
# with COMMAND PROGRAM: this program stands for that command.
with() {
    rm -f "$outside/bin/$1"
    ln -s "$(command -v "$2")" "$outside/bin/$1"
}
# user COMMAND...: with the commands that are chosen, and no others.
user() {
    (PATH=$outside/tools:$outside/bin:$outside/more && "$@")
}
# all_works WHAT: what a user does, from a new project to its end.
all_works() {
    rm -rf "$outside/shop"
    ok "$1: ukern new" run user "$tools/ukern" new syscall "$outside/shop"
    for target in all test graph size compile_commands.json doctor help; do
        ok "$1: make $target" run user make -C "$outside/shop" SHELL="$outside/bin/sh" $target
    done
    sed 's/Forty-two/Forty-2/' "$outside/shop/oracle.c" >"$outside/oracle.c" && cp "$outside/oracle.c" "$outside/shop/"
    user make -C "$outside/shop" SHELL="$outside/bin/sh" test >"$out" 2>&1 </dev/null
    ok "$1: a test that fails" says "$out" "was not seen: Forty-two"
    if [ -e "$outside/more/gdb-multiarch" ]; then
        user make -s -C "$outside/shop" SHELL="$outside/bin/sh" debug \
            GDB_FLAGS="-batch -ex 'ukern break oracle' -ex continue -ex 'ukern bt init'" >"$out" 2>&1 </dev/null
        ok "$1: make debug" sh -c "grep -q '^oracle stops:' '$out' && grep -qE '^#1 +main \(libuser/init/main.c:' '$out' || { sed 's/^/# /' '$out'; false; }"
    fi
    ok "$1: a misspelt name" sh -c "cd '$outside/shop' && ! PATH=$outside/tools:$outside/bin make SHELL='$outside/bin/sh' asker.memroy=1 2>&1 | cat >'$out'; grep -q 'did you mean memory' '$out'"
}
if command -v dash >/dev/null; then
    in_shell dash
    all_works dash
fi
for awk in mawk original-awk; do
    if command -v $awk >/dev/null; then
        with awk $awk
        all_works $awk
    else
        echo "# $awk is not here"
    fi
done
if command -v busybox >/dev/null; then
    for command in cat cut sed awk grep sort uniq wc tr uname head tail mkdir mktemp mkfifo rm id dirname basename touch cp mv ln stty \
        sleep readlink od chmod find ls cmp rmdir tar; do
        rm -f "$outside/more/$command"
        with $command busybox
    done
    in_shell busybox
    all_works busybox
    ok "busybox: an install" run user "$outside/bin/sh" "$tree/tools/install" "$version" "$sdk_build" '' "$outside/by-busybox"
    ok "is whole" sh -c "cd '$outside/by-busybox/lib/ukern-$version' && [ -s sdk.mk -a -s docs/index.md -a -x tools/run ] && [ ! -e tools/libs.mk ]"
    ok "busybox: an uninstall" run user "$outside/bin/sh" "$tree/tools/install" -u "$version" '' "$outside/by-busybox"
else
    echo "# busybox is not here: its shell and commands are not tested"
fi
PATH=$full
finish
