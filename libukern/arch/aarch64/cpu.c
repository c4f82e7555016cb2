/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPU itself: caches, counter, waiting, backtraces, firmware.
 */
#include "arch.h"
#include "kmap.h"
#include "machine.h"

#define NS_PER_S UINT64_C(1000000000)

uint64_t arch_ns_per_cycle, arch_cycles_per_ns;

static uint64_t zero_block; /* bytes that DC ZVA zeroes; 0: not to be used */
static uint64_t line_size;  /* of the smallest data cache line, bytes */

void cpu_init(void)
{
    uint64_t ctr = SYSREG_READ(ctr_el0), zva = SYSREG_READ(dczid_el0);

    line_size = UINT64_C(4) << id_field(ctr, 16);
    zero_block = zva & 16 ? 0 : UINT64_C(4) << id_field(zva, 0);
    /* A task reads the virtual counter and nothing else that would have to be shared. */
    SYSREG_WRITE(cntkctl_el1, 2);
    SYSREG_WRITE(cpacr_el1, CPACR_TRAP_EL0);
    SYSREG_WRITE(mdscr_el1, 0);
    SYSREG_WRITE(tpidrro_el0, 0);
    if (id_field(SYSREG_READ(id_aa64dfr0_el1), 8) - 1 < 14)
        SYSREG_WRITE(pmuserenr_el0, 0);
    if (id_field(SYSREG_READ(id_aa64mmfr1_el1), 20))
        __asm__ volatile(".inst 0xd500419f"); /* MSR PAN, #1; exceptions set it by themselves */
    barrier_isb();
}

void counter_init(void)
{
    uint64_t hz = SYSREG_READ(cntfrq_el0);

    if (hz < 1000 || hz > NS_PER_S)
        ukern_panic("the counter's frequency, %lu Hz, is not between 1 kHz and 1 GHz: the "
                    "firmware must set CNTFRQ_EL0",
                    hz);
    arch_ns_per_cycle = (NS_PER_S << 32) / hz;
    arch_cycles_per_ns = (hz << 32) / NS_PER_S;
    SYSREG_WRITE(cntv_ctl_el0, 0);
}

void arch_timer_set(uint64_t when)
{
    if (when == UKERN_FOREVER) {
        SYSREG_WRITE(cntv_ctl_el0, 0);
        return;
    }
    SYSREG_WRITE(cntv_cval_el0, when);
    SYSREG_WRITE(cntv_ctl_el0, 1);
}

void arch_cpu_wait(void)
{
    __asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

static bool on_emergency_stack(uint64_t frame)
{
    return range_inside(frame, 16, (uint64_t)__emergency_bottom, (uint64_t)__emergency_top);
}

static bool on_stack(uint64_t frame)
{
    return range_inside(frame, 16, (uint64_t)__stack_bottom, (uint64_t)__stack_top) ||
           on_emergency_stack(frame);
}

unsigned arch_cpu_backtrace(uint64_t *pcs, unsigned max)
{
    uint64_t frame = (uint64_t)__builtin_frame_address(0);
    unsigned n = 0;

    /* The oldest frame holds the task's frame pointer, which may be anything. */
    while (n < max && !(frame & 7) && on_stack(frame)) {
        const uint64_t *record = (const uint64_t *)frame;
        if (!range_inside(record[1], 4, (uint64_t)ukern_head, (uint64_t)__text_end))
            break;
        /* After an exception of the kernel: without the frames of the report itself. */
        if (!on_emergency_stack(record[0]))
            pcs[n++] = record[1];
        if (record[0] <= frame)
            break;
        frame = record[0];
    }
    return n;
}

void arch_page_zero(void *page)
{
    char *p = page, *end = p + PAGE_SIZE;

    if (zero_block != 64) {
        memset(page, 0, PAGE_SIZE);
        return;
    }
    for (; p < end; p += 512) {
        __asm__ volatile("dc zva, %0\n\tdc zva, %1\n\tdc zva, %2\n\tdc zva, %3"
                         :
                         : "r"(p), "r"(p + 64), "r"(p + 128), "r"(p + 192)
                         : "memory");
        __asm__ volatile("dc zva, %0\n\tdc zva, %1\n\tdc zva, %2\n\tdc zva, %3"
                         :
                         : "r"(p + 256), "r"(p + 320), "r"(p + 384), "r"(p + 448)
                         : "memory");
    }
}

void cache_clean_invalidate(void *p, size_t n)
{
    for (char *at = p; at < (char *)p + n; at += line_size)
        __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
    barrier_all();
}

void arch_code_sync(void *p, size_t n)
{
    uint64_t ctr = SYSREG_READ(ctr_el0), end = (uint64_t)p + n;

    if (!(ctr & (UINT64_C(1) << 28))) { /* IDC: no need to clean */
        for (uint64_t at = (uint64_t)p & ~(line_size - 1); at < end; at += line_size)
            __asm__ volatile("dc cvau, %0" : : "r"(at) : "memory");
    }
    __asm__ volatile("dsb ish" : : : "memory");
    if (!(ctr & (UINT64_C(1) << 29))) { /* DIC: no need to invalidate */
        /* It may be indexed by virtual address, and the task will use another one. */
        __asm__ volatile("ic ialluis" : : : "memory");
        __asm__ volatile("dsb ish" : : : "memory");
    }
    barrier_isb();
}

uint64_t machine_firmware_call(bool hvc, uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x3 __asm__("x3") = a3;

    if (hvc)
        __asm__ volatile("hvc #0"
                         : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                         :
                         : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                           "x15", "x16", "x17", "memory");
    else
        __asm__ volatile("smc #0"
                         : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                         :
                         : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                           "x15", "x16", "x17", "memory");
    return x0;
}

void machine_semihosting_exit(int code)
{
    uint64_t block[2] = {0x20026, (uint64_t)code}; /* ADP_Stopped_ApplicationExit */
    register uint64_t x0 __asm__("x0") = 0x20;     /* SYS_EXIT_EXTENDED */
    register uint64_t *x1 __asm__("x1") = block;

    __asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
}
