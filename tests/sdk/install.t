#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Installing: what is put where, the smallest project, moved and read-only trees, several versions, uninstalling, and
# the tarball and the package that others install from.
# shellcheck disable=SC2016 # make expands what stands in single quotes
. "$UKERN/tests/sdk/outside.sh"

for file in sdk.mk lib/libukern.a lib/libuser.a lib/crt0.o libukern/ukern.ld libuser/task.ld \
    libukern/include/ukern/ukern.h libuser/include/ukern/ipc.h programs/init templates tools/describe LICENSE; do
    ok "$file is installed" [ -e "$prefix/lib/ukern-$version/$file" ]
done
ok "the guides are" [ -e "$prefix/lib/ukern-$version/docs/design.md" ]
ok "pkg-config knows the version" [ "$(pkg-config --modversion ukern)" = "$version" ]
ok "no file knows where it was built" [ -z "$(grep -rlF "$tree/" "$prefix")" ]
ok "nor where it was installed" [ -z "$(grep -rlF "$prefix" "$prefix")" ]

hello
printf 'TASKS = hello\ninclude $(shell pkg-config --variable=sdkmk ukern)\n' >Makefile
ok "two lines are a project" [ "$(wc -l <Makefile)" = 2 ]
find "$prefix" -exec stat -c '%n %Y %s' {} + | sort >"$outside/before"
chmod -R a-w "$prefix"
ok "they boot" boots hello
ok "nothing is built twice" [ -z "$(make -s)" ]
find "$prefix" -exec stat -c '%n %Y %s' {} + | sort >"$outside/after"
ok "an SDK that cannot be written is enough, and stays as it is" cmp "$outside/before" "$outside/after"
chmod -R u+w "$prefix"
mkdir sub
ok "a folder for everything that is built" sh -c 'make -s BUILD=/tmp/$$/all; [ -e /tmp/$$/all/project.img ]; s=$?; rm -rf /tmp/$$; exit $s'

# The examples are of use here, too.
examples=$prefix/lib/ukern-$version/examples
pipes() {
    echo 'echo a whole system' | make -s -C "$examples/pipes" run BUILD="$outside/pipes" TIMEOUT=120 >"$out" 2>&1
    says "$out" "a whole system"
}
ok "the example of pipes boots where it is installed" pipes
ok "and builds nothing there" [ ! -e "$examples/pipes/build" ]
ok "that of the network says what it needs" not run make -C "$examples/net" BUILD="$outside/net"
ok "and how to get it" says "$out" "elsewhere say where it is by LWIP=DIR"

mv "$prefix" "$outside/moved"
ok "the tree can be moved" sh -c "PKG_CONFIG_PATH=$outside/moved/lib/pkgconfig make -s && [ -e build/project.img ]"
mv "$outside/moved" "$prefix"

# What is said to somebody whose shell does not know the place yet.
installed() {
    "$tree/tools/install" "$version" "$sdk_build" "$1" "$outside/told" >"$out"
}
ok "a new place" installed ""
ok "is told, for projects" says "$out" "    export PKG_CONFIG_PATH=$outside/told/lib/pkgconfig"
ok "and for the command" says "$out" "    export PATH=$outside/told/bin:\$PATH"
PATH=$outside/told/bin:$PATH PKG_CONFIG_PATH=$outside/told/lib/pkgconfig installed ""
ok "a place that the shell knows is not told" [ ! -s "$out" ]
installed "$outside/root-of-a-package"
ok "nor that of a package" [ ! -s "$out" ]

# Another version beside this one.
"$tree/tools/install" 9.9.9 "$sdk_build" '' "$prefix"
ok "a second version lives beside the first" [ -e "$prefix/lib/ukern-$version/sdk.mk" -a -e "$prefix/lib/ukern-9.9.9/sdk.mk" ]
ok "the last one installed is found" [ "$(pkg-config --modversion ukern)" = 9.9.9 ]
ok "each is found by its name" [ "$(pkg-config --modversion "ukern-$version")" = "$version" ]
other=$prefix/lib/ukern-9.9.9
sed -i 's/"[0-9.]*"/"9.9.9"/' "$other/libukern/include/ukern/abi/version.h"
echo "9.9.9 $(cut -d ' ' -f 2 "$other/lib/version")" >"$other/lib/version"
# with NAME: a project that asks for the SDK of this name builds and boots with it, and with nothing of the other.
with() {
    mkdir -p "$outside/with-$1"
    cp hello.c "$outside/with-$1/"
    printf 'TASKS = hello\ninclude $(shell pkg-config --variable=sdkmk %s)\n' "$1" >"$outside/with-$1/Makefile"
    run make -C "$outside/with-$1" run V=1 TIMEOUT=60 && says "$out" hello && says "$out" "lib/$2/" && lacks "$out" "lib/$3/"
}
ok "a project can ask for the first" with "ukern-$version" "ukern-$version" ukern-9.9.9
ok "another for the second" with ukern-9.9.9 ukern-9.9.9 "ukern-$version"
ok "a third for the last one installed" with ukern ukern-9.9.9 "ukern-$version"
echo 'SDK_REQUIRE := 9.9' | cat - "$outside/with-ukern-$version/Makefile" >Makefile
ok "one that needs the second does not do with the first" refuses "this project needs SDK 9.9 or newer (SDK_REQUIRE); the one in $prefix/lib/ukern-$version is $version"
printf 'TASKS = hello\ninclude $(shell pkg-config --variable=sdkmk ukern)\n' >Makefile
"$tree/tools/install" -u 9.9.9 '' "$prefix"
ok "uninstalling one leaves the other" [ "$(pkg-config --modversion ukern)" = "$version" ]
ok "with its command" sh -c "$prefix/bin/ukern version | grep -qF '$version'"
ok "and nothing of its own" [ -z "$(find "$prefix" -name '*9.9.9*')" ]
ok "a kernel that watches itself works here, too" run make run UKERN_MEASURE=1 TIMEOUT=60
ok "as its library is among those that are installed" sh -c "make -n -C '$tree' BUILD='$tree_build' install PREFIX='$prefix' | grep -q UKERN_MEASURE=1"
make -s -C "$tree" BUILD="$tree_build" uninstall PREFIX="$prefix"
ok "make uninstall removes everything" [ -z "$(find "$prefix" ! -type d)" ]

ok "PREFIX with a space is refused" not "$tree/tools/install" 1 "$tree_build" '' "/tmp/a b" 2>"$out"
ok "in words" says "$out" "cannot have a space"
ok "a relative PREFIX is refused" not "$tree/tools/install" 1 "$tree_build" '' prefix 2>"$out"
ok "a folder that cannot be written is named" not "$tree/tools/install" 1 "$tree_build" '' /dev/null/p 2>"$out"
ok "with what to do" says "$out" "cannot write to /dev/null/p: install as a user who may, or set PREFIX"

# The tarball is the same from any folder, and holds all that it needs to make itself.
"$tree/tools/dist" "$version" "$outside/one"
mkdir "$outside/elsewhere"
tar -xzf "$outside/one/ukern-$version.tar.gz" -C "$outside/elsewhere"
"$outside/elsewhere/ukern-$version/tools/dist" "$version" "$outside/two"
ok "the same sources make the same tarball" cmp "$outside/one/ukern-$version.tar.gz" "$outside/two/ukern-$version.tar.gz"
ok "nothing that was built is in it" [ -z "$(tar -tzf "$outside/one/ukern-$version.tar.gz" | grep '/build/')" ]

# The package, as dpkg unpacks it.
if command -v dpkg-deb >/dev/null; then
    cp -R "$tree_build/lib" "$tree_build/programs" "$outside/one/"
    mkdir -p "$outside/one/third_party/libfdt"
    cp "$tree_build/third_party/libfdt/"*.h "$outside/one/third_party/libfdt/"
    ok "a package is made" run "$tree/tools/deb" "$version" "$outside/one"
    mkdir -p "$outside/root/var/lib/dpkg"
    : >"$outside/root/var/lib/dpkg/status"
    ok "it installs" run dpkg --root="$outside/root" --force-not-root --force-depends \
        --log="$outside/dpkg.log" --install "$outside/one/ukern_${version}_all.deb"
    PKG_CONFIG_PATH=$outside/root/usr/lib/pkgconfig
    make -s clean
    ok "and a project outside of it boots" boots hello
    ok "its first page leads to the guides" [ -s "$outside/root/usr/share/doc/ukern/$(sed -n 's/.*](\([^)]*index\.md\)).*/\1/p' "$outside/root/usr/share/doc/ukern/README.md")" ]
    # The same for real, with dpkg's own database and /usr, as far as this process and its children see them.
    cat >"$outside/for-real" <<'END'
set -e
mount -t tmpfs none "$1"
for folder in usr var; do
    mkdir "$1/$folder" "$1/$folder.work"
    mount -t overlay -o "lowerdir=/$folder,upperdir=$1/$folder,workdir=$1/$folder.work" none "/$folder" 2>/dev/null || exit 77
done
[ $# -gt 1 ] || exit 0
unset PKG_CONFIG_PATH
PATH=/usr/sbin:/usr/bin:/sbin:/bin
dpkg --force-depends -i "$2" >/dev/null
dpkg -s ukern | grep '^Status: install ok installed'
cd "$3"
make -s run TIMEOUT=60 </dev/null
ukern --version
ukern new server shop >/dev/null
make -s -C shop test
dpkg -r ukern >/dev/null
[ -z "$(find /usr/lib/ukern* /usr/lib/pkgconfig/ukern* /usr/bin/ukern 2>/dev/null)" ] && echo 'all is gone'
END
    mkdir "$outside/over"
    if unshare -m sh "$outside/for-real" "$outside/over" 2>/dev/null; then
        make -s clean
        printf 'TASKS = hello\ninclude $(shell pkg-config --variable=sdkmk ukern)\n' >Makefile
        ok "the package installs into /usr" run unshare -m sh "$outside/for-real" "$outside/over" "$outside/one/ukern_${version}_all.deb" "$PWD"
        ok "as dpkg knows" says "$out" "Status: install ok installed"
        ok "a project boots without any variable of the environment" grep -qx hello "$out"
        ok "the command is there" says "$out" "ukern $version"
        ok "and makes a project that passes its test" grep -q '^ok 1 - ' "$out"
        ok "dpkg -r takes all away" says "$out" "all is gone"
    else
        echo "# no overlay of /usr is possible here: dpkg is tested with --root alone"
    fi
else
    echo "# no dpkg-deb here: the package is not tested"
fi
finish
