/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"

static struct {
    uint64_t frames, objects, used;
} base;
static uint64_t seed;

static char panic_text[4096];
static int panic_pipe;

/* A test of one module links without the rest of the kernel too: stand-ins that the kernel's own
 * functions replace. */
__attribute__((weak)) void ukern_panic(const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (const char *c = text; *c; c++)
        board.panic_putc(*c);
    board.power(UKERN_POWER_OFF, 1);
}

__attribute__((weak)) void ukern_main(void) {}

void unit_machine(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    sim_reset(UNIT_RAM, UNIT_BOOT);
}

void unit_rebase(void)
{
    base.frames = frame_free_count();
    base.objects = slab_count();
    base.used = account_root.used;
}

int unit_before(void **state)
{
    (void)state;
    seed = 1;
    frame_fail_after = 0;
    unit_rebase();
    return 0;
}

int unit_after(void **state)
{
    (void)state;
    frame_fail_after = 0;
    if (frame_free_count() == base.frames && slab_count() == base.objects &&
        account_root.used == base.used)
        return 0;
    print_error("left behind: %ld frames, %ld objects, %ld bytes\n",
                (long)(base.frames - frame_free_count()), (long)(slab_count() - base.objects),
                (long)(account_root.used - base.used));
    return -1;
}

uint64_t unit_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * UINT64_C(0x2545f4914f6cdd1d);
}

uint64_t unit_below(uint64_t n)
{
    return unit_random() % n;
}

static void send_char(char c)
{
    if (write(panic_pipe, &c, 1) != 1)
        _exit(2);
}

static void leave(enum ukern_power action, int code)
{
    (void)action, (void)code;
    _exit(0);
}

/* In a process of its own: nothing that a broken invariant left behind meets the tests that follow.
 */
const char *unit_panic(void (*f)(void *), void *arg)
{
    int ends[2];
    memset(panic_text, 0, sizeof(panic_text));
    fflush(NULL);
    if (pipe(ends))
        fail_msg("no pipe");
    pid_t child = fork();
    if (child == 0) {
        panic_pipe = ends[1];
        sim_putc_hook = send_char;
        sim_power_hook = leave;
        f(arg);
        _exit(1);
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t n; length < sizeof(panic_text) - 1 &&
                    (n = read(ends[0], panic_text + length, sizeof(panic_text) - 1 - length)) > 0;)
        length += (size_t)n;
    close(ends[0]);
    int status;
    waitpid(child, &status, 0);
    return panic_text;
}
