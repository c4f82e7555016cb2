/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What the kernel and tasks agree on: handles, rights, messages, events and the
 *  structures that a system call reads or writes. One truth, included by both.
 */
#ifndef UKERN_ABI_TYPES_H
#define UKERN_ABI_TYPES_H

#include <stdint.h>
#include <ukern/abi/errors.h>

/** A page of memory, in bytes. Sizes and addresses of mappings are multiples of it. */
#define UKERN_PAGE_SIZE UINT64_C(4096)

/** A deadline that never comes. Deadlines are absolute, in nanoseconds since boot. */
#define UKERN_FOREVER UINT64_MAX

/** System call numbers from here on belong to extensions (see ukern_register()). */
#define UKERN_SYS_EXT_FIRST 256
/** One past the last system call number of extensions. */
#define UKERN_SYS_EXT_END   1024

/** Numbers of the kernel's own system calls, UKERN_SYS_name, from syscalls.def. */
enum ukern_sys {
#define UKERN_SYSCALL(number, name, arguments, results, text) UKERN_SYS_##name = (number),
#include <ukern/abi/syscalls.def>
#undef UKERN_SYSCALL
};

/** A handle: a small integer in the task's own table. Never negative. */
typedef int32_t ukern_handle;

/** In place of a task handle: the calling task itself. */
#define UKERN_SELF     ((ukern_handle)-1)
/** In place of a slot: the lowest free one. */
#define UKERN_ANY_SLOT (-1)

/** Kinds of objects that a handle can name. */
enum ukern_type {
    UKERN_TYPE_NONE,   /**< no handle */
    UKERN_TYPE_PORT,   /**< where a server receives */
    UKERN_TYPE_SHM,    /**< memory */
    UKERN_TYPE_TASK,   /**< a task */
    UKERN_TYPE_IRQ,    /**< an interrupt line */
    UKERN_TYPE_SYSTEM, /**< the machine itself: devices, log, power, all tasks */
};

/** Rights of a handle; each call names those that it needs. */
enum ukern_right {
    UKERN_R_TRANSFER = 0x0001, /**< any: may be copied, granted and sent in a message */
    UKERN_R_CALL = 0x0002,     /**< port: ipc_call, ipc_send, pending calls */
    UKERN_R_NOTIFY = 0x0004,   /**< port: notify */
    UKERN_R_RECV = 0x0008,     /**< port: receive; holding it makes one a server of the port */
    UKERN_R_MINT = 0x0010,     /**< port: choose badges */
    UKERN_R_READ = 0x0020,     /**< shm: map and copy for reading */
    UKERN_R_WRITE = 0x0040,    /**< shm: map and copy for writing */
    UKERN_R_MANAGE = 0x0080,   /**< shm: take back; task: grant, map, priority; irq: bind, ack */
    UKERN_R_INSPECT = 0x0100,  /**< task, system: look into */
    UKERN_R_KILL = 0x0200,     /**< task, system: end a task */
    UKERN_R_WAIT = 0x0400,     /**< task: wait for its end */
    UKERN_R_DEVICE = 0x0800,   /**< system: reach device memory, interrupt lines and DMA memory */
    UKERN_R_LOG = 0x1000,      /**< system: read and write the kernel's log */
    UKERN_R_POWER = 0x2000,    /**< system: power off and reset */
    UKERN_R_ALL = 0x3fff,      /**< all of them */
};

/** Words of a message. */
#define UKERN_MSG_WORDS 6

/**
 * A message: a tag and six words, all in registers. Tag bits 31:0 are the label
 * (what is asked, or the server's result), bits 33:32 say how many handles
 * travel (0 to 2), the rest is zero. One handle stands in w[5], two in w[4] and w[5].
 */
struct ukern_msg {
    uint64_t tag;                /**< UKERN_TAG() */
    uint64_t w[UKERN_MSG_WORDS]; /**< what both sides agree on; handles stand last */
};

/** A tag from a label (any 32-bit value) and a number of handles (0 to 2). */
#define UKERN_TAG(label, handles) ((uint64_t)(uint32_t)(label) | ((uint64_t)(handles) << 32))
/** The label of a tag, as a signed number. */
#define UKERN_TAG_LABEL(tag)      ((int32_t)(uint32_t)(tag))
/** How many handles travel with a message of this tag. */
#define UKERN_TAG_HANDLES(tag)    ((unsigned)((tag) >> 32))

/**
 * A handle word as the sender writes it: the handle, the rights that the receiver
 * gets (0: the same as the sender's), and whether the sender gives its own up.
 * The receiver finds the number of its new handle in the same word.
 */
#define UKERN_SEND_HANDLE(handle, rights)                                                          \
    ((uint64_t)(uint32_t)(handle) | ((uint64_t)(uint16_t)(rights) << 32))
/** Flag in a handle word: the sender's handle is closed when the message is delivered. */
#define UKERN_SEND_MOVE (UINT64_C(1) << 63)

/** What ipc_recv() returned: zero or more is one of these, negative an error. */
enum ukern_event_type {
    UKERN_EV_MESSAGE = 0,   /**< msg, badge, token (0: the sender wants no reply) */
    UKERN_EV_NOTIFY = 1,    /**< msg.tag = the bits, now cleared */
    UKERN_EV_HANGUP = 2,    /**< badge: its last handle is gone */
    UKERN_EV_CANCELLED = 3, /**< badge, token: that caller will not take a reply any more */
    /** badge: a supervised task has ended; msg.tag = task id, w[0] = code, w[1] = ukern_exit_reason
     */
    UKERN_EV_EXIT = 4,
    /** badge, token: a supervised task faulted; msg.tag = task id, w[] = cause, ESR, address, pc,
     * sp, link register. Reply with label UKERN_FAULT_RESUME or UKERN_FAULT_KILL. */
    UKERN_EV_FAULT = 5,
};

/** Flag of irq_bind: to receive at the port after its bits were received is to acknowledge. */
#define UKERN_IRQ_AUTO 1

/** Answer to UKERN_EV_FAULT: end the task (reason UKERN_EXIT_FAULT). */
#define UKERN_FAULT_KILL   0
/** Answer to UKERN_EV_FAULT: run the faulting instruction again. */
#define UKERN_FAULT_RESUME 1

/** Why a task faulted: w[0] of UKERN_EV_FAULT. */
enum ukern_fault_cause {
    UKERN_FAULT_READ,     /**< read from memory that is not mapped for reading */
    UKERN_FAULT_WRITE,    /**< write to memory that is not mapped for writing */
    UKERN_FAULT_EXEC,     /**< ran into memory that is not executable */
    UKERN_FAULT_ALIGN,    /**< misaligned access, stack or program counter */
    UKERN_FAULT_ILLEGAL,  /**< undefined or privileged instruction */
    UKERN_FAULT_BREAK,    /**< breakpoint instruction (abort(), assertion) */
    UKERN_FAULT_EXTERNAL, /**< the bus answered with an error */
    UKERN_FAULT_OTHER,    /**< none of these */
};

/** Why a task ended. */
enum ukern_exit_reason {
    UKERN_EXIT_NORMAL, /**< task_exit(code) */
    UKERN_EXIT_KILLED, /**< task_kill(h, code) */
    UKERN_EXIT_FAULT,  /**< faulted; code = ukern_fault_cause */
};

/** Protection of a mapping: bits. Nothing is ever writable and executable. */
enum ukern_prot {
    UKERN_PROT_READ = 1,  /**< may be read */
    UKERN_PROT_WRITE = 2, /**< may be written */
    UKERN_PROT_EXEC = 4,  /**< only the program loader makes such mappings */
    /** Of shm_map() alone: when the memory is taken back, the mapping stays, and a page of the task's
     * own, zeroed, is at each of its pages instead. */
    UKERN_PROT_STAY = 8,
};

/** Flavour of shared memory. */
enum ukern_shm_flavour {
    UKERN_SHM_NORMAL, /**< ordinary memory, cached */
    UKERN_SHM_DMA,    /**< physically contiguous, uncached; has a bus address */
    UKERN_SHM_DEVICE, /**< registers: uncached, in order, never executable, never copied by the
                         kernel */
    UKERN_SHM_BOOT,   /**< memory that came with the image (archive, device tree): read-only */
};

/** Longest task name, with the final NUL, in bytes. */
#define UKERN_NAME_MAX   32
/** Largest argument block of a new task, in bytes. */
#define UKERN_ARGS_MAX   4096
/** Most handles that spawn grants at once. */
#define UKERN_GRANTS_MAX 64
/** Priorities are 0 (least urgent) to 63. */
#define UKERN_PRIORITIES 64

/** One handle that a new task is born with. */
struct ukern_grant {
    ukern_handle handle; /**< the spawner's handle; needs UKERN_R_TRANSFER */
    uint32_t rights;     /**< rights of the copy, a subset; 0: the same */
    int32_t slot;        /**< its number in the new task, or UKERN_ANY_SLOT */
    uint32_t reserved;   /**< zero */
};

/** Arguments of task_spawn. */
struct ukern_spawn {
    ukern_handle image;    /**< shm with the ELF file; needs UKERN_R_READ */
    uint32_t grant_count;  /**< entries in grants, at most UKERN_GRANTS_MAX */
    uint64_t image_offset; /**< where the file starts, bytes, any alignment */
    uint64_t image_size;   /**< its size, bytes */
    uint64_t memory;       /**< quota of the new task, bytes; reserved from the spawner's own */
    uint64_t stack;        /**< stack size, bytes, rounded up to pages */
    uint32_t priority;     /**< base priority, at most max_priority */
    uint32_t max_priority; /**< highest that it may give itself or its own children; at most the
                              spawner's */
    ukern_handle
        supervisor; /**< port (needs UKERN_R_MINT) that gets its exit and faults, or -1 for none */
    uint32_t reserved;         /**< zero */
    uint64_t supervisor_badge; /**< badge of those events */
    uint64_t args;             /**< address of the argument block; copied to the new task's stack */
    uint64_t args_size;        /**< bytes, at most UKERN_ARGS_MAX */
    uint64_t grants;           /**< address of struct ukern_grant[grant_count] */
    char name[UKERN_NAME_MAX]; /**< NUL-terminated, without control characters */
};

/** What a task is doing, as task_info tells it. */
enum ukern_task_state {
    UKERN_TASK_LOADING, /**< its program is being loaded */
    UKERN_TASK_READY,   /**< running or ready to */
    UKERN_TASK_SEND,    /**< its message waits to be received */
    UKERN_TASK_REPLY,   /**< a server holds its call */
    UKERN_TASK_RECV,    /**< waits for an event */
    UKERN_TASK_WAIT,    /**< waits for a task's end */
    UKERN_TASK_FAULT,   /**< its supervisor is looking at its fault */
    UKERN_TASK_DYING,   /**< being taken apart */
    UKERN_TASK_DEAD,    /**< ended; only handles keep its exit code */
};

/** Result of task_info. */
struct ukern_task_info {
    uint64_t id;               /**< for people and logs; it opens nothing */
    uint32_t state;            /**< enum ukern_task_state */
    uint32_t priority;         /**< now, with what it inherited */
    uint32_t base_priority;    /**< what it was given */
    int32_t exit_code;         /**< when dead */
    uint32_t exit_reason;      /**< when dead: enum ukern_exit_reason */
    uint32_t handles;          /**< handles in use */
    uint64_t cpu_ns;           /**< CPU time, nanoseconds */
    uint64_t ipc_count;        /**< messages that it sent: calls, sends and replies */
    uint64_t memory_used;      /**< bytes of its quota in use */
    uint64_t memory_limit;     /**< bytes */
    uint64_t waiting_ns;       /**< how long it has been blocked; 0 when it is not */
    uint64_t waiting_for;      /**< id of the task that holds its call, or 0 */
    char name[UKERN_NAME_MAX]; /**< NUL-terminated, without control characters */
};

/** Result of system_info. */
struct ukern_system_info {
    uint64_t memory_total; /**< bytes of RAM that the kernel manages */
    uint64_t memory_free;  /**< bytes in free frames */
    uint64_t frames_free;  /**< free frames of UKERN_PAGE_SIZE */
    uint64_t objects;      /**< kernel objects alive, of every kind */
    uint64_t tasks;        /**< tasks that are not dead */
    uint64_t uptime_ns;    /**< since boot, nanoseconds */
    uint64_t idle_ns;      /**< of which no task ran, nanoseconds */
    uint64_t switches;     /**< changes of the running task by the scheduler: not the direct ones of
                              calls and replies */
    uint64_t interrupts;   /**< device and timer interrupts taken */
    uint64_t boot_ns;      /**< counter at the first user instruction, nanoseconds since reset */
    uint64_t kernel_text;  /**< bytes of kernel text and read-only data */
    uint64_t kernel_data;  /**< bytes of kernel data, .bss and stacks */
    uint64_t max_masked_ns; /**< longest time that interrupts had to wait since this was last asked,
                               in a build with UKERN_MEASURE; else 0 */
};

/** Registers of a stopped task, as task_regs gives them. */
struct ukern_regs {
    uint64_t x[31];  /**< x0 to x30 */
    uint64_t sp;     /**< stack pointer */
    uint64_t pc;     /**< next instruction */
    uint64_t pstate; /**< flags */
    uint32_t
        complete; /**< 0: the task is in a system call and only x19 to x30, sp, pc, pstate count */
    uint32_t reserved; /**< zero */
};

/** Action of system_power. */
enum ukern_power {
    UKERN_POWER_OFF,   /**< switch the machine off */
    UKERN_POWER_RESET, /**< start it again */
};

/** Handles that the first task is born with. */
enum ukern_init_handle {
    UKERN_INIT_SYSTEM = 16,  /**< system, with every right */
    UKERN_INIT_ARCHIVE = 17, /**< shm, read-only: the cpio archive */
    UKERN_INIT_DTB = 18,     /**< shm, read-only: the device tree */
};

/**
 * Result registers of a system call: x0 to x7, x9 and x10. The trap hands the
 * argument registers over in the same form.
 */
struct ukern_sysregs {
    uint64_t x[8];              /**< x0 to x7 */
    uint64_t deadline_or_badge; /**< x9: deadline in, badge out */
    uint64_t token;             /**< x10: reply token, in and out */
};

#endif
