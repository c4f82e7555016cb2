# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# For tests that are a user: the SDK is installed into $prefix, the current folder is an empty one elsewhere, and of the
# environment there are PATH and PKG_CONFIG_PATH alone. The tree that the SDK was built from is $tree, for those
# tests that install in other ways. What was built of it is $tree_build, and without the site, which a test makes anew, $sdk_build.
. "$UKERN/tests/tap.sh"
tree=$UKERN tree_build=$UKERN_BUILD
outside=$(mktemp -d)
trap 'rm -rf "$outside"' EXIT
trap 'exit 1' HUP INT TERM
# shellcheck disable=SC2034 # for the tests
version=$(sed -n 's/^#define UKERN_VERSION_TEXT "\(.*\)"$/\1/p' "$tree/libukern/include/ukern/abi/version.h")
prefix=$outside/prefix
sdk_build=$outside/sdk
mkdir "$sdk_build"
ln -s "$tree_build/lib" "$tree_build/programs" "$tree_build/third_party" "$sdk_build/"
"$tree/tools/install" "$version" "$sdk_build" '' "$prefix" || echo "not ok 9997 - the SDK can be installed"

for variable in $(env | sed -n 's/^\([A-Za-z_][A-Za-z_0-9]*\)=.*/\1/p'); do
    case $variable in PATH | PWD | TEST_* | HARNESS_*) ;; *) unset "$variable" ;; esac
done
PATH=$prefix/bin:$PATH
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
export PATH PKG_CONFIG_PATH
mkdir "$outside/project"
cd "$outside/project" || exit 1
out=$outside/out

# makefile LINE...: write the project's Makefile.
makefile() {
    printf '%s\n' "$@" "include \$(shell pkg-config --variable=sdkmk ukern)" >Makefile
}

# run COMMAND...: its output goes to $out, and is shown if it fails.
run() {
    "$@" >"$out" 2>&1 </dev/null || {
        status=$?
        sed 's/^/# /' "$out"
        return $status
    }
}

# boots TEXT: the image is built and boots, and says TEXT in a line of its own.
boots() {
    make -s run TIMEOUT=60 >"$out" 2>&1 </dev/null
    tr -d '\r' <"$out" >"$out.text"
    grep -qxF -- "$1" "$out.text" || {
        sed 's/^/# /' "$out"
        return 1
    }
}

# refuses TEXT [MAKE ARGUMENTS]: make ends with status 2, and says TEXT; nothing that is built in a line of output
# is from the compiler or the linker.
refuses() {
    refused=$1
    shift
    status=0
    make "$@" >"$out" 2>&1 </dev/null || status=$?
    if [ $status != 2 ] || ! grep -qF -- "$refused" "$out" || [ "$(grep -cv '^  [A-Z]' "$out")" -gt 3 ]; then
        echo "# status $status"
        sed 's/^/# /' "$out"
        return 1
    fi
}

# hello: a program that says hello.
hello() {
    cat >hello.c <<'END_OF_HELLO'
#include <stdio.h>

int main(void)
{
    puts("hello");
    return 0;
}
END_OF_HELLO
}
