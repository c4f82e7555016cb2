#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# sdk.mk as a project outside of the tree meets it: by pkg-config, with nothing but C files and variables.
# shellcheck disable=SC2016 # make expands what stands in single quotes
. "$UKERN/tests/tap.sh"
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL V BUILD IMAGE CFLAGS TESTS
PKG_CONFIG_PATH=$UKERN_BUILD/pkgconfig
export PKG_CONFIG_PATH UKERN_BUILD

# makefile LINE...: write the project's Makefile.
makefile() {
    printf '%s\n' "$@" "include \$(shell pkg-config --variable=sdkmk ukern)" >Makefile
}
build() {
    make "$@" >out 2>&1 || {
        status=$?
        sed 's/^/# /' out
        return $status
    }
}
# refuses TEXT: the build fails, and says TEXT.
refuses() {
    ! make >out 2>&1 && says out "$1"
}

cat >hello.c <<'END'
#include <stdio.h>

#ifndef WORD
#define WORD "hello"
#endif
int main(void)
{
    puts(WORD);
    return 0;
}
END
printf 'TASKS := hello\nhello.uses := console\ninclude $(shell pkg-config --variable=sdkmk ukern)\n' >Makefile
ok "the smallest project builds" build
ok "one line for each step" [ "$(grep -c ' CC  *hello.c$' out)" = 1 ]
ok "no command is shown" lacks out -O2
ok "its image boots and its task prints" sh -c 'make -s run TIMEOUT=60 </dev/null | grep -x hello'
ok "nothing is built twice" build
ok "in words" lacks out '  '
ok "make -s says nothing" [ -z "$(touch hello.c; make -s 2>&1)" ]
touch hello.c
ok "V=1 shows commands" build V=1
ok "all of them" says out " -O2 "

ok "a changed flag" build CFLAGS='-DWORD=\"changed\"'
ok "rebuilds what it touches" says out "CC      hello.c"
ok "and only that" lacks out "LD      kernel"
ok "and changes the image" grep -q changed build/project.img
echo '#define WORD "header"' >word.h
sed -i '1i #include "word.h"' hello.c
ok "a header" build
echo '#define WORD "header two"' >word.h
ok "is a dependency" build
ok "without being told" grep -q 'header two' build/project.img
touch hello.c
ok "with BUILD written in full" build BUILD="$PWD/build"
echo '#define WORD "header three"' >word.h
ok "and in short again" build BUILD=./build
ok "it is one still" grep -q 'header three' build/project.img

ok "programs hold no writable code" sh -c "! ${CROSS_COMPILE-}readelf -lW build/programs/hello.elf | grep 'LOAD.*RWE'"
ok "nor does the image" sh -c "! ${CROSS_COMPILE-}readelf -lW build/project.elf | grep 'LOAD.*RWE'"
ok "libukern.a exports ukern_ names only" [ -z "$("${CROSS_COMPILE-}nm" --defined-only -g "$UKERN_BUILD/lib/libukern.a" |
    awk 'NF == 3 && $3 !~ /^ukern_/')" ]
ok "it wants nothing but ukern_main and the linker script's marks" [ -z "$("${CROSS_COMPILE-}nm" -u "$UKERN_BUILD/lib/libukern.a" |
    awk '$1 == "U" && $2 != "ukern_main" && $2 !~ /^__/')" ]
make -s BUILD=other >/dev/null 2>&1
ok "the same sources make the same image" cmp build/project.img other/project.img

# A kernel extension, a program that is not started, and files.
cat >extension.c <<'END'
#include <ukern/ukern.h>

struct block {
    char text[300];
};
struct block first, second;

void ukern_main(void)
{
    second = first; /* the compiler calls memcpy */
    ukern_log("the extension is here\n");
}
END
mkdir -p tool
echo 'int main(void) { return 0; }' >tool/main.c
echo words >words.txt
makefile 'TASKS := hello' 'hello.uses := console' 'PROGRAMS := tool' 'KERNEL := extension.c' \
    'FILES := words.txt renamed=words.txt'
ok "extension, program and files" build
ok "are in the archive" sh -c "cpio -t <build/archive.cpio 2>/dev/null | tr '\n' ' ' |
    grep -q 'kernel.sym .*hello hello.sym tool tool.sym words.txt renamed'"
ok "the extension is in the image" grep -q 'the extension is here' build/project.img

# What NAME.hot names comes first.
cat >busy.c <<'END'
#include <stdio.h>
char large[100000], count;
__attribute__((noinline)) static void seldom(void) { puts(large); }
__attribute__((noinline)) static void often(void) { count++; }
int main(void) { seldom(); often(); }
END
printf '# A comment.\noften # and one more\n\ncount\n' >often.txt
first() { "${CROSS_COMPILE-}nm" -n build/programs/busy.elf | grep -v "^000000000000" | grep -m 1 " [$1] [^$]" | sed 's/.* //'; }
makefile 'TASKS := busy' 'busy.hot := often.txt'
ok "a program with a list of what is hot" build
ok "begins with that function" [ "$(first tT)" = often ]
ok "and that variable" [ "$(first bB)" = count ]
echo seldom >often.txt
ok "a change of the list" build
ok "links it anew" [ "$(first tT)" = seldom ]
makefile 'TASKS := busy'
ok "and without a list" build
ok "it is as the compiler has it" [ "$(first tT)" != seldom ]


# Mistakes are errors that name the nearest right name.
makefile 'TASK := hello'
ok "a misspelt variable" refuses "there is no variable TASK; did you mean TASKS?"
makefile 'TASKS := helo'
ok "a task without sources" refuses "there is neither helo.c nor helo/*.c; did you mean hello?"
makefile 'TASKS := hello' 'helo.memory := 1M'
ok "a property of no task" refuses "helo.memory: there is no task 'helo'; did you mean hello?"
makefile 'TASKS := hello' 'hello.memroy := 1M'
ok "a misspelt property" refuses "hello.memroy: tasks have no property 'memroy'; did you mean memory?"
makefile 'TASKS := hello' 'hello.uses := consol'
ok "an unknown port" refuses "hello.uses: there is no port 'consol'; did you mean console?"
makefile 'TASKS := hello' 'hello.rights := kil'
ok "an unknown right" refuses "there is no right 'kil'; did you mean kill?"
makefile 'TASKS := hello' 'hello.restart := allways'
ok "an unknown way to restart" refuses "did you mean always?"
makefile 'TASKS := hello' 'hello.memory := lots'
ok "a size that is none" refuses "hello.memory: 'lots' is not a size"
makefile 'TASKS := hello' 'hello.priority := 64'
ok "a priority that is none" refuses "hello.priority: '64' is not a number from 0 to 63"
makefile 'TASKS := hello tool' 'hello.provides := p' 'tool.provides := p'
ok "a port that two provide" refuses "hello provides 'p' already"
makefile 'TASKS := hello' 'hello.program := tol' 'PROGRAMS := tool'
ok "a program that is none" refuses "did you mean tool?"
makefile 'TASKS := hello' 'FILES := hello=words.txt'
ok "two files of one name" refuses "two files are called 'hello'"
makefile
ok "no task at all" refuses "TASKS is empty"
makefile 'TASKS := hello' 'MY_SOURCES := a' 'VERBOSE := b'
ok "a project's own variables are its own" build
makefile 'TASKS := hello'
ok "make help tells of every variable" sh -c 'make help >help; for v in IMAGE TASKS PROGRAMS KERNEL FILES BUILD; do
    grep -q "^  $v " help || exit 1; done'
ok "make clean removes what was built" make -s clean
ok "all of it" [ ! -e build ]
finish
