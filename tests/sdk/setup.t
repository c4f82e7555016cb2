#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tools/setup and tools/fetch on machines that lack something: a PATH with everything but one command,
# and stand-ins for apt-get, sudo and id.
. "$UKERN/tests/tap.sh"

unset CROSS_COMPILE PICOLIBC
mkdir bin
for command in sh env cat sed awk grep sort tr uname head tail mkdir rm id dirname basename sha256sum cut find tar cp mv ln touch \
    gcc make pkg-config perl prove qemu-system-aarch64 aarch64-linux-gnu-gcc gdb-multiarch dot cpio xz doxygen curl iperf nc.openbsd; do
    ln -s "$(command -v $command || echo /bin/true)" bin/
done
all="$work/bin"
# What setup may find in sbin must not spoil the picture, and what was fetched stays.
mkdir -p build
ln -s "$UKERN_BUILD/third_party" build/third_party
setup() {
    PATH=$all BUILD=$work/build PICOLIBC=${PICOLIBC:-} "$UKERN/tools/setup" >out 2>err </dev/null
}
stand_in() {
    rm -f "bin/$1"
    cat >"bin/$1"
    chmod +x "bin/$1"
}

ok "with everything there it does nothing" setup
ok "and says so" [ "$(cat out)" = "setup: everything is here" ]

rm bin/doxygen bin/dot
stand_in id <<'END'
#!/bin/sh
echo 1000
END
stand_in apt-get <<END
#!/bin/sh
echo "\$@" >>$work/apt
case "\$*" in *simulate*) exit \$([ -e $work/lists ] && echo 0 || echo 100) ;; esac
case "\$*" in *update*) touch $work/lists ;; esac
case "\$*" in *"install -y"*) ln -s /bin/true $work/bin/doxygen; ln -s /bin/true $work/bin/dot ;; esac
END
ok "without the right to install it fails" not setup
ok "it prints the exact command" says err \
    "sudo apt-get update && sudo apt-get install -y --no-install-recommends doxygen graphviz"
ok "and has tried nothing" [ ! -e apt ]

stand_in sudo <<END
#!/bin/sh
echo "\$@" >>$work/sudo
[ "\$1" != -n ] || exit 0
exec "\$@"
END
ok "with sudo it installs" setup
ok "it says what" says out "setup: installing doxygen graphviz"
ok "never loaded lists are updated first" [ "$(sed -n 2p apt)" = "-q update" ]
ok "only what is missing is installed" says apt "install -y --no-install-recommends doxygen graphviz"
ok "sudo is used for apt-get alone" [ -z "$(grep -v -e apt-get -e '^-n true' sudo)" ]

# Compilers and a C library that are somewhere else.
stand_in aarch64-linux-gnu-gcc </dev/null
rm bin/aarch64-linux-gnu-gcc apt
stand_in aarch64-elf-gcc </dev/null
ok "a bare-metal compiler will do" setup
ok "and nothing is installed beside it" [ ! -e apt ]
rm bin/aarch64-elf-gcc
stand_in uname <<'END'
#!/bin/sh
echo aarch64
END
ok "so will that of an Arm host" setup
rm bin/uname && ln -s "$(command -v uname)" bin/uname
ok "without one it is missing" not setup
ok "and named" says out "installing gcc-aarch64-linux-gnu"
stand_in aarch64-elf-gcc </dev/null
pico_setup() {
    PICOLIBC=$work/pico setup
}
ok "picolibc is looked for where PICOLIBC says" not pico_setup
ok "and if it cannot be had, what to do is said" says err "give make PICOLIBC=DIR, the folder with its include/ and lib/"
mkdir -p pico/include && : >pico/include/stdio.h
ok "found there, it is enough" pico_setup

rm bin/doxygen bin/apt-get
ok "without apt-get it fails" not setup
ok "and names what is missing" says err "doxygen"

# The machine's apt configuration, in both forms, becomes deb-src entries.
mkdir -p etc/parts
cat >etc/main.list <<'END'
# deb http://comment.invalid x y
deb [arch=amd64] http://one.invalid/debian stable main contrib
deb-src http://two.invalid/debian stable main
END
cat >etc/parts/three.sources <<'END'
Types: deb deb-src
URIs: http://three.invalid/debian
Suites: stable
Components: main
END
stand_in apt-config <<END
#!/bin/sh
echo "main='$work/etc/main.list'; parts='$work/etc/parts/'"
END
stand_in apt-cache <<'END'
#!/bin/sh
echo "Version: 1:1.2-3"
END
stand_in apt-get <<END
#!/bin/sh
for word; do case \$word in Dir::Etc::sourceparts=*) cat "\${word#*=}"/* >$work/entries ;; esac; done
case "\$*" in *" source "*) cp $work/part.orig.tar.xz part_1.2.orig.tar.xz ;; esac
END
mkdir -p part-1.2/lib
echo text >part-1.2/lib/file.c
tar -cJf part.orig.tar.xz part-1.2
sum=$(sha256sum part.orig.tar.xz | cut -d ' ' -f 1)
echo "part source-part 1.2 $sum lib" >list
fetch() {
    PATH=$all "$UKERN/tools/fetch" list parts >out 2>err
}
ok "a part is fetched" fetch
ok "its files are there" [ "$(cat parts/part/file.c)" = text ]
ok ".list entries become deb-src" says entries "deb-src [arch=amd64] http://one.invalid/debian stable main contrib"
ok ".sources entries become deb-src" says entries "Types: deb-src"
ok "comments do not" lacks entries comment.invalid
ok "nothing private is left over" [ ! -e parts/.fetch ]
rm entries
ok "a second time it is left alone" fetch
ok "without a word to apt" [ ! -e entries ]
echo "part source-part 1.2 00$sum lib" >list
ok "a wrong sha256 is refused" not fetch
ok "and both sums are named" says err "has sha256 $sum"
ok "the good part stays" [ -e parts/part/file.c ]
echo "part source-part 1.3 $sum lib" >list
ok "a version that is not offered is refused" not fetch
ok "and what is offered is named" says err "they offer: 1:1.2-3"
finish
