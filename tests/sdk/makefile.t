#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Mistakes in a Makefile or on make's command line: each ends with status 2 and one line that says what is wrong, where,
# and what to do. (misuse.t has those in programs, tools and places.)
# shellcheck disable=SC2016 # make expands what stands in single quotes
. "$UKERN/tests/sdk/outside.sh"

hello
echo 'int main(void) { return 0; }' >other.c

# ---- Names of tasks.
makefile 'TASKS := hello' 'SDK_TASKS := consol'
ok "a task that the SDK has not" refuses "Makefile: SDK_TASKS: there is no task of the SDK 'consol'; did you mean console?"
makefile 'TASKS := hello console'
ok "the SDK's console" refuses "Makefile: TASKS: the SDK has a console, and starts it (SDK_TASKS): leave it out"
makefile 'TASKS := hello init'
ok "the first task" refuses "Makefile: TASKS: init is what starts the tasks, and starts by itself: leave it out; an init of your own goes into PROGRAMS"
makefile 'TASKS := hello kernel'
ok "a name that the archive has" refuses "Makefile: TASKS: 'kernel' means something of the system's own: choose another name"
makefile 'TASKS := hello.c'
ok "a file in TASKS" refuses "Makefile: TASKS: 'hello.c' is a file; did you mean hello?"
makefile 'TASKS := "hello"'
ok "quotes in TASKS" refuses "Makefile: TASKS: '\"hello\"' cannot be a name: letters, digits, _ and - only"
makefile 'TASKS := hello other' 'other.provides := system'
ok "a port of the system's own" refuses "other.provides: 'system' means something of the system's own"
makefile 'TASKS := hello' 'hello.provides := a b c d e f g h i j k l m n o p'
ok "more than a task can be given" refuses "Makefile: hello: what it provides, uses and drives makes more than the 16 handles"
makefile 'TASKS := hello' "hello.args := $(seq 1 128 | tr '\n' ' ')"
ok "more arguments than a task can have" refuses "hello.args: a task can have 127 arguments at most"
makefile 'TASKS := hello' 'hello.provides := p' 'hello.uses := p console'
ok "a task that uses its own port builds" run make
ok "with a warning" says "$out" "warning: hello.uses: hello provides p itself, and a call to itself fails with UKERN_EDEADLK"
# Many tasks that may all call each other: one circle is told, at once.
many=$(seq -f t%g 1 11 | tr '\n' ' ')
makefile "TASKS := $many" "\$(foreach t,$many,\$(eval \$t.program := hello)\$(eval \$t.provides := p\$t)\$(eval \$t.uses := \$(addprefix p,$many)))" \
    'PROGRAMS := hello'
ok "eleven that all call each other build" run make build/image
ok "with a warning" says "$out" "t1 calls t10, t10 calls t1;"

makefile 'TASKS := hello' 'SDK_TASKS :=' 'hello.uses := console'
ok "a console that is left out, and used" refuses "hello.uses: there is no port 'console'; there is archive"
makefile 'TASKS := hello' 'hello.devices := pl031 pl031'
ok "a device twice" refuses "hello.devices: pl031 stands there twice"
printf 'define TASKS\nhello\nother\nendef\ninclude $(shell pkg-config --variable=sdkmk ukern)\n' >Makefile
ok "tasks line by line are no mistake" run make
makefile 'TASKS := hello' "hello.args := $(head -c 3001 /dev/zero | tr '\0' a)"
ok "arguments too long for a task" refuses "hello.args: a task can have 127 arguments at most, and 3000 characters"
ok "no task at all is told with an example" refuses "TASKS is empty: name at least one task before sdk.mk is included, as TASKS := hello" TASKS=

# ---- What is set too late.
makefile 'TASKS := hello'
echo 'hello.memory := 1M' >>Makefile
ok "a property after the include" refuses "Makefile:3: hello.memory is set after sdk.mk was included, which is too late: set it above line 2"
printf 'include $(shell pkg-config --variable=sdkmk ukern)\nTASKS := hello\n' >Makefile
ok "TASKS after the include" refuses "Makefile:2: TASKS is set after sdk.mk was included, which is too late: set it above line 1"
echo 'include $(shell pkg-config --variable=sdkmk ukern)' >common.mk
printf 'TASKS := hello\ninclude common.mk\nexport CFLAGS += -DX\n' >Makefile
ok "what is set after a file that includes sdk.mk" refuses "Makefile:3: CFLAGS is set after sdk.mk was included, which is too late: set it above line 2"
makefile 'TASKS := hello'
printf 'TIMEOUT := 60\nMINE := 1\nsay:\n\tCFLAGS=x; echo said\ndefine TEXT\nBUILD = x\nendef\n' >>Makefile
ok "what is not too late" run make say
makefile 'TASKS := hello' 'include $(shell pkg-config --variable=sdkmk ukern)'
ok "sdk.mk twice" refuses "sdk.mk is included twice by Makefile, or by what it includes: once is enough"

# ---- Values, and variables of other Makefiles.
makefile 'TASKS := hello'
ok "DEBUG=yes" refuses "Makefile: DEBUG is 'yes', which is neither 1 nor empty" DEBUG=yes
ok "UKERN_TRACE=yes" refuses "Makefile: UKERN_TRACE is 'yes', which is neither 1 nor empty" UKERN_TRACE=yes
ok "UKERN_TRACE=0 is none" [ "$(make -s print-ukern_variant UKERN_TRACE=0)" = "" ]
ok "V=verbose" refuses "Makefile: V is 'verbose', which is neither 1 nor empty" V=verbose
ok "TIMEOUT=abc" refuses "Makefile: TIMEOUT is 'abc', which is not a number of seconds, as 10" run TIMEOUT=abc
ok "of the environment" sh -c "TIMEOUT=0 make run 2>&1 | grep -q \"TIMEOUT is '0', which is not a number of seconds\""
ok "TRACE_ROWS=all" refuses "Makefile: TRACE_ROWS is 'all', which is not a number of messages, from 10 on" TRACE_ROWS=all
ok "TRACE_TASKS that is nearly a task" refuses "Makefile: TRACE_TASKS: there is no task 'helo'; did you mean hello?" trace TRACE_TASKS=helo
ok "one that is none" not run make trace TRACE_TASKS=nobody TIMEOUT=60
ok "is told with those that were there" says "$out" "trace: TRACE_TASKS: no task 'nobody' was there; there were console, hello, init"
ok "LDFLAGS" refuses "Makefile: LDFLAGS does nothing here: libraries, and -L for where they are, go into LDLIBS" LDFLAGS=-lm
ok "CC of the environment is somebody else's" sh -c "CC=clang make"
makefile 'TASKS := hello' 'CC := clang'
ok "CC" refuses "Makefile: CC does nothing here: the tools are found by themselves, or by their prefix: set CROSS_COMPILE"
makefile 'TASKS := hello'
ok "a quote in BOOTARGS" run make run TIMEOUT=60 BOOTARGS="it's \"so\" \$\$(false)"
ok "arrives" says "$out" hello
ok "a quote in a target" refuses "Makefile: there is no target it's" "it's"

makefile 'TASKS := hello' 'CFLAGS := -DX="a'
ok "a quote that is not closed" refuses 'Makefile: CFLAGS: a quote is not closed: -DX="a'
makefile 'TASKS := hello' "CFLAGS := -DX='a b' -DY=\\\"z\\\" -DZ=\\\\"
ok "quotes that are" run make
makefile 'TASKS := hello' 'IMAGE := im  ' 'BUILD := out # here' 'CPU := max '
ok "blanks behind values" run make run TIMEOUT=60
ok "are no part of them" [ -e out/im.img ]
rm -r out
makefile 'TASKS := hello' 'BUILD := .'
ok "BUILD=. would be removed by make clean" refuses "BUILD is '.', which is this folder or one above it, and make clean removes all of BUILD"
ok "so would a folder above" refuses "BUILD is '/', which is this folder or one above it" clean BUILD=/
ok "or none" refuses "BUILD is '', which is this folder or one above it" clean BUILD=
mkdir src
echo 'int main(void) { return 0; }' >src/main.c
ok "or one with sources" refuses "BUILD is 'src', where files of yours are, and make clean removes all of BUILD" clean BUILD=src
ok "which are still there" [ -e src/main.c ]
makefile 'TASKS := hello'

# ---- Sources and files.
mkdir folder
makefile 'TASKS := hello' 'hello.hot := nowhere'
ok "a file of names that is not there" refuses "hello.hot: there is no file 'nowhere'; it names functions and variables, one a line"
makefile 'TASKS := hello' 'hello.hot := hello.c other.c'
ok "two of them" refuses "hello.hot: 'hello.c other.c' is more than one file"
makefile 'TASKS := hello' 'hello.sources := hello.cc'
ok "C++" refuses "Makefile: hello.sources: hello.cc is C++; the SDK builds C and assembly: .c and .S"
echo 'int main() {}' >plus.cpp
makefile 'TASKS := plus'
ok "a task that is C++" refuses "there is neither plus.c nor plus/*.c; plus.cpp is C++, which the SDK does not build"
makefile 'TASKS := hello' 'hello.sources := hello.c list.h'
ok "a header" refuses "hello.sources: list.h is a header: the files that include it are enough"
makefile 'TASKS := hello' 'hello.sources := hello.o'
ok "an object" refuses "hello.sources: hello.o is built already, and no source; libraries go into LDLIBS"
makefile 'TASKS := hello' 'hello.sources := folder'
ok "a folder of sources" refuses 'hello.sources: folder is a folder: name the files in it, as $(wildcard folder/*.c)'
makefile 'TASKS := hello' 'hello.sources := hello.c hello.c'
ok "a source twice" refuses "hello.sources: hello.c stands there twice"
echo 'void ukern_main(void); void ukern_main(void) {}' >twice.c
makefile 'TASKS := hello' 'KERNEL := twice.c twice.c'
ok "one of an extension" refuses "KERNEL: twice.c stands there twice"
makefile 'TASKS := hello' 'KERNEL := calls.txt'
ok "an extension that is no C" refuses "KERNEL: the SDK cannot tell what calls.txt is; it builds .c and .S"
mkdir odd.c
makefile 'TASKS := odd'
ok "a folder of a source's name" refuses "odd.sources: odd.c is a folder"
rmdir odd.c
makefile 'TASKS := hello' 'hello.sources := $(wildcard nowhere/*.c)'
ok "no source at all" refuses "Makefile: hello.sources is set, but names no file"
makefile 'TASKS := hello' 'FILES := folder'
ok "a folder in FILES" refuses 'Makefile: FILES: folder is a folder: name the files in it, as $(wildcard folder/*)'
makefile 'TASKS := hello' "FILES := it's"
ok "a quote in the name of a file" refuses "FILES: the name 'it's' has a ' in it"
makefile 'TASKS := hello' "FILES := motd="
ok "a new name for nothing" refuses "FILES: 'motd=' is neither FILE nor NEWNAME=FILE"
makefile 'TASKS := hello' 'FILES := hello.c src/hello.c hello=src/main.c kernel.sym=hello.c'
ok "two files of one name" not run make
ok "are told" says "$out" "FILES: two files are called 'hello.c': hello.c and src/hello.c; rename one with NEWNAME=src/hello.c"
ok "a file and a program" says "$out" "FILES: two files are called 'hello': the program hello and src/main.c; rename one with NEWNAME=src/main.c"
ok "a file and one of the SDK's" says "$out" "FILES: two files are called 'kernel.sym': symbols of kernel and hello.c; rename one with NEWNAME=hello.c"
makefile 'TASKS := hello' 'FILES := text=motd'
ok "a renamed file that is not there" refuses "there is no file motd, which FILES names"
makefile 'TASKS := hello' 'BOARD := nope.c'
ok "a board that is not there" refuses "there is no file nope.c, which BOARD names"
echo 'int nothing;' >empty.c
makefile 'TASKS := hello' 'BOARD := empty.c'
ok "a board's source that has none" refuses "BOARD: none of its files defines board"
makefile 'TASKS := hello' 'KERNEL := empty.c'
ok "an extension without ukern_main()" refuses "KERNEL: none of its files defines ukern_main"
printf 'void ukern_mian(void);\nvoid ukern_mian(void) {}\n' >calls.c
makefile 'TASKS := hello' 'KERNEL := calls.c'
ok "one that misspells it" refuses "KERNEL: none of its files defines ukern_main; is ukern_mian meant to be it?"
printf 'static void __attribute__((used)) ukern_main(void) {}\n' >calls.c
ok "one that hides it" refuses "KERNEL: ukern_main is static, so that nothing outside of its file can find it"
makefile 'TASKS := hello'
mkdir tests
echo hello >'tests/a b.test'
ok "a test with a space in its name runs" run make test TESTS=b
ok "under that name" grep -qx 'ok 1 - a b' "$out"
ok "a test that is not there" refuses "TESTS: no file is tests/*none*.test; there are: a b" -s test TESTS=none
rm -r tests
ok "nor any at all" refuses "TESTS: no file is tests/*none*.test" -s test TESTS=none

# ---- A dry run tells, and writes nothing.
make -s clean
ok "a dry run" run make -n CFLAGS=-DX
ok "writes nothing" [ ! -e build ]
ok "and tells every step" grep -q 'objcopy -O binary build/project.elf' "$out"
make -s
find . -exec stat -c '%n %Y %s' {} + | sort >"$outside/before"
ok "one with other flags, and clean" run make -n CFLAGS=-DX clean all compile_commands.json
ok "shows what they change" grep -q 'DX .*hello.c' "$out"
ok "so does one with another task" sh -c "make -n SDK_TASKS= | grep -q tools/archive"
ok "make -q says the same by its status" sh -c "make -q && ! make -q CFLAGS=-DX"
find . -exec stat -c '%n %Y %s' {} + | sort >"$outside/after"
ok "and all stays as it was" cmp "$outside/before" "$outside/after"
makefile 'TASKS := hello' 'KERNEL := nope.c'
ok "a mistake is one in a dry run, too" refuses "there is no file nope.c" -n

# ---- In the SDK's own folder.
ok "a misspelt target of the SDK" refuses "Makefile: there is no target chekc; did you mean check?" --no-print-directory -C "$tree" chekc
mkdir -p "$outside/made/third_party/libfdt" "$outside/made/lib"
make -s -C "$tree" BUILD="$outside/made" clean >/dev/null
ok "make clean keeps what setup has fetched" [ "$(ls "$outside/made")" = third_party ]
ok "the command knows its version" [ "$(ukern --version)" = "ukern $version" ]
finish
