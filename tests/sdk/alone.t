#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Projects that replace parts of the SDK: the first task, the board, and everything but libukern.a.
. "$UKERN/tests/sdk/outside.sh"

# ---- The first task: with libuser, but no console server and no image description to follow.
cat >init.c <<'END'
#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/task.h>

int main(void)
{
    ukern_handle system = task_handle("system");
    void *page;

    if (shm_map(shm_device(system, 0x09000000, 4096), 0, 4096, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &page) < 0)
        return 1;
    for (const char *c = "my own init\n"; *c != '\0'; c++)
        *(volatile unsigned *)page = (unsigned char)*c;
    system_power(system, UKERN_POWER_OFF, 0);
    return 0;
}
END
makefile 'PROGRAMS := init' 'SDK_TASKS :='
ok "a first task of one's own boots" boots "my own init"
ok "the SDK's own is not in the image" [ "$(cpio -t <build/archive.cpio 2>/dev/null | tr '\n' ' ')" = "image kernel.sym init init.sym " ]

# ---- The board.
rm -rf "$outside/project/build" init.c
hello
sed -e 's/\.name = "virt"/.name = "mine"/' \
    -e 's/^    info->arguments = machine.arguments;/    for (const char *c = "my own board\\n"; *c; c++)\n        panic_putc(*c);\n&/' \
    "$prefix/lib/ukern-$version/libukern/board/virt/board.c" >myboard.c
makefile 'TASKS := hello' 'BOARD := myboard.c'
ok "a board of one's own boots" boots "my own board"
ok "and its tasks run" boots hello
ok "it is in the image" grep -q mine build/project.img
echo 'int nonsense(void); int nonsense(void) { return 1; }' >>myboard.c
ok "an edit of it" run make
ok "is built anew" says "$out" "LD      libukern with myboard.c"
ok "and nothing else" lacks "$out" "hello"

# ---- libukern.a alone: no libuser, no sdk.mk. A linker line of one's own, and a first task in assembly.
mkdir "$outside/alone"
cd "$outside/alone" || exit 1
cat >first.S <<'END'
        .globl _start
_start: mov     x0, #SYSTEM                     // shm_device(system, UART, a page)
        mov     x1, #0x09000000
        mov     x2, #4096
        mov     x8, #15
        svc     #0
        mov     x1, #-1                         // shm_map(it, self, anywhere, 0, a page, read and write)
        mov     x2, #0
        mov     x3, #0
        mov     x4, #4096
        mov     x5, #3
        mov     x8, #16
        svc     #0
        mov     x1, x0
        adr     x2, text
1:      ldrb    w3, [x2], #1
        cbz     w3, 2f
        str     w3, [x1]
        b       1b
2:      mov     x0, #20                         // the extension's call: 700(20)
        mov     x8, #700
        svc     #0
        mov     x2, x0                          // system_power(system, off, what it said)
        mov     x0, #SYSTEM
        mov     x1, #0
        mov     x8, #38
        svc     #0
text:   .asciz  "only the kernel\n"
END
cat >extension.c <<'END'
#include <ukern/ukern.h>

static int begin(struct ukern_pending *p)
{
    ukern_result(p, ukern_arg(p, 0) + 1, 0);
    return UKERN_DONE;
}

static int complete(struct ukern_pending *p, const struct ukern_msg *reply)
{
    (void)p, (void)reply;
    return UKERN_EPROTO;
}

static const struct ukern_completion next = {"next", begin, complete, UKERN_NOTHING_TO_CANCEL};

void ukern_main(void)
{
    ukern_register(700, &next);
}
END
cross=
for p in aarch64-linux-gnu- aarch64-none-elf- aarch64-elf-; do
    ! command -v ${p}gcc >/dev/null || {
        cross=$p
        break
    }
done
system=$(sed -n 's/.*UKERN_INIT_SYSTEM = \([0-9]*\).*/\1/p' "$(pkg-config --variable=includedir ukern)/ukern/abi/types.h")
# What a Makefile of one's own would do.
alone() {
    set -e
    # shellcheck disable=SC2046 # flags are words
    ${cross}gcc -c -O2 -ffreestanding -mgeneral-regs-only $(pkg-config --cflags ukern) extension.c
    ${cross}gcc -c -DSYSTEM="$system" first.S
    ${cross}ld -z max-page-size=4096 -z noexecstack -Ttext=0x200000 -o init first.o
    echo init | cpio -o -H newc >archive.cpio 2>/dev/null
    printf '.section .archive, "a"\n.incbin "archive.cpio"\n' | ${cross}as -o archive.o -
    # shellcheck disable=SC2046
    ${cross}ld -nostdlib -z max-page-size=4096 -z noexecstack -T $(pkg-config --variable=ldscript ukern) -o image.elf \
        extension.o archive.o $(pkg-config --libs ukern)
    ${cross}objcopy -O binary image.elf image.img
}
ok "libukern.a links into an image by itself" run alone
status=0
"$prefix/lib/ukern-$version/tools/run" -s -n -t 60 -a semihosting image.img >"$out" 2>&1 || status=$?
ok "it boots, and runs a first task that knows nothing of libuser" grep -q "only the kernel" "$out"
ok "which calls its extension" [ $status = 21 ]
finish
