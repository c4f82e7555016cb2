/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  Access to system registers and the bits of them that the kernel uses.
 */
#ifndef ARCH_AARCH64_SYSREG_H
#define ARCH_AARCH64_SYSREG_H

#ifndef __ASSEMBLER__
#include <stdint.h>

#define SYSREG_READ(name)                                                                          \
    ({                                                                                             \
        uint64_t read_;                                                                            \
        __asm__ volatile("mrs %0, " #name : "=r"(read_));                                          \
        read_;                                                                                     \
    })
#define SYSREG_WRITE(name, value)                                                                  \
    do {                                                                                           \
        uint64_t value_ = (value);                                                                 \
        __asm__ volatile("msr " #name ", %x0" : : "rZ"(value_) : "memory");                        \
    } while (0)

static inline void barrier_isb(void)
{
    __asm__ volatile("isb" : : : "memory");
}

/* Stores so far, page table entries too, are seen by every observer, table walks included. */
static inline void barrier_stores(void)
{
    __asm__ volatile("dsb ishst" : : : "memory");
}

static inline void barrier_all(void)
{
    __asm__ volatile("dsb sy" : : : "memory");
}

/* A four-bit field of an ID register. */
static inline unsigned id_field(uint64_t value, unsigned shift)
{
    return (value >> shift) & 15;
}
#endif

#define SCTLR_M      (1 << 0)
#define SCTLR_C      (1 << 2)
#define SCTLR_SA     (1 << 3)
#define SCTLR_SA0    (1 << 4)
#define SCTLR_EOS    (1 << 11)
#define SCTLR_I      (1 << 12)
#define SCTLR_DZE    (1 << 14)
#define SCTLR_UCT    (1 << 15)
#define SCTLR_WXN    (1 << 19)
#define SCTLR_TSCXT  (1 << 20)
#define SCTLR_EIS    (1 << 22)
#define SCTLR_SPAN   (1 << 23)
#define SCTLR_NTLSMD (1 << 28)
#define SCTLR_LSMAOE (1 << 29)
#define SCTLR_ENIA   (1 << 31)

/* One on every CPU; with SPAN, which is one where there is no PAN. */
#define SCTLR_RES1 (SCTLR_EOS | SCTLR_TSCXT | SCTLR_EIS | SCTLR_NTLSMD | SCTLR_LSMAOE)

#define CPACR_TRAP_EL0 (1 << 20) /* FPEN: the FPU traps from EL0 only */
#define CPACR_OPEN     (3 << 20)

/* Exception classes of ESR_EL1. */
#define ESR_EC(esr)   (((esr) >> 26) & 63)
#define EC_UNKNOWN    0x00
#define EC_WFX        0x01
#define EC_FP         0x07
#define EC_BTI        0x0d
#define EC_ILLEGAL    0x0e
#define EC_SVC64      0x15
#define EC_HVC64      0x16
#define EC_SMC64      0x17
#define EC_SYSREG     0x18
#define EC_SVE        0x19
#define EC_FPAC       0x1c
#define EC_SME        0x1d
#define EC_IABT_LOWER 0x20
#define EC_IABT       0x21
#define EC_PC_ALIGN   0x22
#define EC_DABT_LOWER 0x24
#define EC_DABT       0x25
#define EC_SP_ALIGN   0x26
#define EC_SERROR     0x2f
#define EC_BRK64      0x3c
#define ESR_WNR       (1 << 6)
#define ESR_CM        (1 << 8)
#define ESR_FSC(esr)  ((esr)&63)
#define FSC_EXTERNAL  0x10
#define FSC_WALK      0x14 /* 0x14 to 0x17: external abort on a table walk */
#define FSC_ECC       0x18
#define FSC_ALIGN     0x21

#endif
