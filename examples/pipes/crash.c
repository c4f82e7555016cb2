/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash KIND: does what no program may, to see that only this task ends, and what its supervisor
 * reports.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Addresses that the compiler cannot see through. */
static volatile uintptr_t null_address, kernel_address = (uintptr_t)0xffffffc000000000;

static void write_null(void)
{
    *(volatile int *)null_address = 1;
}

static void read_null(void)
{
    (void)*(volatile int *)null_address;
}

static void read_kernel(void)
{
    (void)*(volatile int *)kernel_address;
}

static void write_text(void)
{
    *(volatile int *)(uintptr_t)write_null = 0;
}

/* Each call keeps a page, until there are none left. */
static int overflow_stack(int depth)
{
    volatile char page[4096];

    page[0] = (char)depth;
    return depth < 0 ? 0 : overflow_stack(depth + 1) + page[0];
}

static void stack(void)
{
    overflow_stack(0);
}

static uint32_t code_in_data[] = {0xd503201f, 0xd65f03c0}; /* nop, ret */

static void execute_data(void)
{
    ((void (*)(void))(uintptr_t)code_in_data)();
}

static void privileged(void)
{
    __asm__ volatile("msr daifset, #15\n\tmsr ttbr0_el1, xzr");
}

static void undefined(void)
{
    __asm__ volatile("udf #0");
}

static void jump_between_instructions(void)
{
    ((void (*)(void))((uintptr_t)write_null + 2))();
}

static const struct {
    const char *name;
    void (*run)(void);
    const char *what;
} kinds[] = {
    {"null", write_null, "write to address 0"},
    {"read", read_null, "read from address 0"},
    {"kernel", read_kernel, "read the kernel's memory"},
    {"text", write_text, "write to its own program"},
    {"stack", stack, "call itself until the stack is full"},
    {"exec", execute_data, "execute data"},
    {"priv", privileged, "use a privileged instruction"},
    {"undef", undefined, "use an undefined instruction"},
    {"align", jump_between_instructions, "jump between two instructions"},
    {"abort", abort, "call abort()"},
};

int main(int argc, char **argv)
{
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (argc == 2 && strcmp(argv[1], kinds[i].name) == 0) {
            kinds[i].run();
            printf("crash: %s: survived!\n", kinds[i].name);
            return 1;
        }
    fprintf(stderr, "usage: crash KIND\n");
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        fprintf(stderr, "  %-8s %s\n", kinds[i].name, kinds[i].what);
    return 2;
}
