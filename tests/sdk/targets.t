#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What a project can do besides building and booting: each target of sdk.mk; and the ways to build.
# shellcheck disable=SC2016 # make expands what stands in single quotes
. "$UKERN/tests/sdk/outside.sh"

hello
mkdir -p answer lib tests
cat >answer/main.c <<'END'
#include "words.h"
#include <ukern/server.h>
#include <ukern/task.h>

static int get(struct server *s, struct request *r)
{
    (void)s;
    r->reply.w[0] = WORD;
    return SERVER_REPLY;
}

static const struct server_handler handlers[] = {{1, get}, {0, NULL}};

int main(void)
{
    struct server s = {.port = task_handle("answer"), .handlers = handlers};

    return server_run(&s);
}
END
echo '#define WORD 42' >lib/words.h
cat >ask.c <<'END'
#include <stdio.h>
#include <string.h>
#include <ukern/ipc.h>
#include <ukern/task.h>

int main(void)
{
    struct ukern_msg m = {UKERN_TAG(1, 0), {0}};
    char line[40];
    int error = ipc_call(task_handle("answer"), &m);

    printf("the answer is %d (%d)\n", (int)m.w[0], error);
    while (fgets(line, sizeof line, stdin) != NULL)
        printf("you said %s", line);
    return 3;
}
END
makefile 'TASKS := answer ask' 'answer.provides := answer' 'answer.uses :=' 'answer.rights := inspect' \
    'ask.uses := answer console' 'CFLAGS := -Ilib' 'FILES := Makefile'
printf '# a talk\n> hello\nthe answer is 42 (0)\nyou said hello\n= 3\n' >tests/talk.test
printf '! the answer\n' >tests/wrong.test
ok "make test types its script in and compares" run make test TESTS=talk
ok "its output is TAP" grep -qx 'ok 1 - talk' "$out"
ok "a test that is not there is no success" not run make test TESTS=tlak
ok "and those that are there are named" says "$out" "TESTS: no file is tests/*tlak*.test; there are:"
ok "a test fails where the wrong thing is seen" not run make test TESTS=wrong
ok "with the line and the exit status" sh -c "grep -q 'tests/wrong.test: line 1 was seen: the answer' $out && grep -q 'the exit status was 3 instead of 0' $out"
rm tests/wrong.test

ok "make graph" run make graph
ok "draws tasks, ports, devices" [ "$(grep -c -e '"task ask" -> "task answer" \[label = "answer"\]' -e '"task console" -> "device pl011"' build/project.dot)" = 2 ]
ok "make size" run make size
ok "shows programs and modules" sh -c "grep -q '^answer ' $out && grep -q 'libukern/core/ipc.c' $out"
sed -i 's/return 3/puts("something more to say"); return 3/' ask.c
ok "make size after a change" run make size
ok "shows the difference" grep -Eq '^ask .*  \+[0-9]+$' "$out"
ok "make compile_commands.json" run make compile_commands.json
ok "has each source" [ "$(grep -c '"file": "\(answer/main.c\|ask.c\)"' compile_commands.json)" = 2 ]
ok "in JSON" perl -MJSON::PP -e 'local $/; decode_json(<STDIN>)' <compile_commands.json
if command -v doxygen >/dev/null; then
    ok "make doc" run make doc
    ok "makes a site" [ -e build/doc/html/index.html ]
fi
ok "make help tells of every target" sh -c 'make help >help; for t in all run debug test trace size graph doc compile_commands.json doctor help clean print-VAR; do
    grep -q "^  $t " help || { echo "# $t"; exit 1; }; done'
ok "and of every variable" sh -c 'for v in $(make print-ukern_variables); do grep -q "^  .*\<$v\>" help || case $v in QEMU) ;; *) echo "# $v"; exit 1 ;; esac; done'
ok "and of every property" sh -c 'for p in $(make print-ukern_properties); do grep -q "^  NAME.$p " help || { echo "# $p"; exit 1; }; done'
# In each table the names, what they mean and the examples stand under each other.
columns() {
    make -s "$@" help | perl -ne '
        @at = () if /^\S/;
        next unless /^  \S/ && /  \S.*  \S/;
        /^(  \S.*?  +)(\S.*?  +)\S/ or next;
        @at = (length $1, length "$1$2") unless @at;
        $bad = print "# $_" if "@at" ne join " ", length $1, length "$1$2";
        END { $? = $bad || !$. }'
}
ok "in columns" columns
ok "as make help of the SDK" columns -C "$tree"

# ---- Ways to build.
make -s clean
ok "in parallel" run make -j4
ok "a header of a sub-folder is a dependency" sh -c "sed -i s/42/43/ lib/words.h; make -s run TIMEOUT=60 </dev/null | grep -q 'the answer is 43'"
ok "a debug variant lives beside it" run make DEBUG=1
ok "in a folder of its own" [ -e build/debug/project.img ]
ok "built for a debugger" sh -c "make -n -B V=1 DEBUG=1 | grep -q -- -Og"
ok "and leaves the other as it is" [ -z "$(make -s -n | grep -v true)" ]
cat >two.mk <<'END'
IMAGE := two
BUILD := build/two
TASKS := hello
include $(shell pkg-config --variable=sdkmk ukern)
END
ok "a second image in one project" sh -c "make -s -f two.mk run TIMEOUT=60 </dev/null | grep -qx hello"
ok "has its own name" [ -e build/two/two.img ]
sed -i 's/"[0-9.]*"/"0.1.9"/' "$prefix/lib/ukern-$version/libukern/include/ukern/abi/version.h"
echo "0.1.9 1" >"$prefix/lib/ukern-$version/lib/version"
ok "another version of the SDK" run make
ok "rebuilds everything" [ "$(grep -c 'CC ' "$out")" = 2 ]

# ---- A library of one's own, which a rule of the project makes, and which changes.
mkdir -p "$outside/library/lib"
cd "$outside/library" || exit 1
cat >use.c <<'END_OF_USE'
#include <stdio.h>

int secret(void);

int main(void)
{
    printf("the secret is %d\n", secret());
    return 0;
}
END_OF_USE
library='lib/libsecret.a: lib/secret.c; @$(CROSS_COMPILE)gcc -c -o lib/secret.o $< && rm -f $@ && $(CROSS_COMPILE)ar rc $@ lib/secret.o'
for how in lib/libsecret.a '-Llib -lsecret'; do
    echo 'int secret(void); int secret(void) { return 41; }' >lib/secret.c
    makefile 'TASKS := use' "LDLIBS := $how"
    echo "$library" >>Makefile
    [ "$how" = lib/libsecret.a ] || make -s lib/libsecret.a
    ok "a library of one's own: LDLIBS := $how" boots "the secret is 41"
    sed -i 's/41/1041/' lib/secret.c
    make -s lib/libsecret.a
    ok "that has changed" boots "the secret is 1041"
    rm -rf lib/*.[oa] build
done
makefile 'TASKS := use' 'LDLIBS := lib/nope.a'
ok "one that is not there" refuses "Makefile: there is no file lib/nope.a, which LDLIBS names, and no rule to make it"
finish
