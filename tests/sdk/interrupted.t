#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A build that is killed while one of its steps writes leaves nothing half done that the next one takes for made.
# TEST_SECONDS=900
. "$UKERN/tests/sdk/outside.sh"

cat >hello.c <<'END'
#include "word.h"
#include <stdio.h>

int main(void)
{
    puts(WORD);
    return 0;
}
END
makefile 'IMAGE := whole' 'TASKS := hello' 'KERNEL := call.c'
printf '%s\n' '#include <ukern/ukern.h>' 'void ukern_main(void) {}' >call.c
cross=$(make -s print-CROSS_COMPILE)

# Tools that do their work; and where it is the file that HALF names, cut it in half and kill all of the build.
mkdir "$outside/tools"
for tool in gcc as ld objcopy objdump nm perl; do
    real=$(command -v "$([ $tool = perl ] || echo "$cross")$tool")
    cat >"$outside/tools/$tool" <<END
#!/bin/sh
[ "\$HALF" ] || exec $real "\$@"
mark=\$(mktemp "$outside/mark.XXXXXX")
sleep 0.05
$real "\$@" || exit
for file in \$(find build/ -type f -newer "\$mark" '(' -name "\$HALF" -o -name "\$HALF.new" ')' 2>/dev/null); do
    truncate -s \$((\$(wc -c <"\$file") / 2)) "\$file"
    kill -KILL 0
done
END
    chmod +x "$outside/tools/$tool"
done

# build [HALF]: in a group of processes of its own.
build() {
    HALF=${1:-} PATH=$outside/tools:$PATH perl -e 'setpgrp; exec @ARGV' make CROSS_COMPILE="$outside/tools/" >"$out" 2>&1 </dev/null
}

say() {
    word=$1
    echo "#define WORD \"$word\"" >word.h
}

# The image is built, and is the one that says the word.
built() {
    build || { sed 's/^/# /' "$out"; return 1; }
    cmp build/whole.img "$outside/$word.img"
}

for word in one two; do
    say $word
    build || sed 's/^/# /' "$out"
    cp build/whole.img "$outside/$word.img"
done

# repaired FILE: a build that is killed in the middle of this file is finished by the next, which knows what depends on what, too.
repaired() {
    rm -rf build
    status=0
    build "$1" || status=$?
    [ $status = 137 ] || { sed 's/^/# /' "$out"; return 1; }
    built || return 1
    if [ "$word" = one ]; then say two; else say one; fi
    built
}
for file in hello.c.o hello.c.d hello.elf hello hello.sym call.c.o bare.elf kernel.sym archive.cpio whole.elf whole.img; do
    ok "killed while it writes $file" repaired $file
done
ok "nothing is left of it" [ -z "$(find build -name '*.new')" ]
finish
