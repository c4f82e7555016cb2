/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The kernel as a library: what a kernel extension may call.
 *
 *  An extension adds *pending system calls*. A caller enters the kernel, `begin`
 *  names a server and fills a request, the kernel parks the caller and sends the
 *  request as a message. When the server replies, `complete` checks the reply and
 *  asks the kernel to copy data and hand over handles; then the caller goes on.
 *
 *  @code
 *  static int begin(struct ukern_pending *p)      // x0 = server, x1 = buffer, x2 = size
 *  {
 *      return ukern_begin_write(p, (ukern_handle)ukern_arg(p, 0), ukern_arg(p, 1), ukern_arg(p, 2),
 *  MY_REQUEST);
 *  }
 *  static const struct ukern_completion my_call = {"my_call", begin, ukern_complete_write,
 *  UKERN_NOTHING_TO_CANCEL};
 *
 *  void ukern_main(void) { ukern_register(600, &my_call); }
 *  @endcode
 */
#ifndef UKERN_UKERN_H
#define UKERN_UKERN_H

#include <stddef.h>
#include <stdint.h>
#include <ukern/abi/types.h>
#include <ukern/abi/version.h>

/** A system call that waits for a server: the record of one parked caller. */
struct ukern_pending;

/** What begin and complete return when all is well; a negative error otherwise. */
enum ukern_step {
    UKERN_DONE = 0,    /**< the caller goes on with its results */
    UKERN_FORWARD = 1, /**< send the request (again) and wait for the reply */
};

/** Most memory ranges of the caller that one call may declare. */
#define UKERN_RANGES 4
/** Most copies between the caller and shared memory that one completion may ask for. */
#define UKERN_COPIES 2

/** The three functions of a pending system call. */
struct ukern_completion {
    const char *name; /**< for messages and traces */
    /**
     * In the caller's system call: check the arguments, ukern_target(), declare
     * ranges, fill ukern_request(). Returns UKERN_FORWARD, UKERN_DONE (result at
     * once) or an error for the caller.
     */
    int (*begin)(struct ukern_pending *p);
    /**
     * On the server's reply, in the server's system call. Returns UKERN_DONE,
     * UKERN_FORWARD for a further stage, or an error *for the server*: then
     * nothing happened and the caller stays parked. An error for the caller is a
     * result: ukern_result(p, UKERN_Exxx, 0) and UKERN_DONE.
     */
    int (*complete)(struct ukern_pending *p, const struct ukern_msg *reply);
    /**
     * The call ends without complete: why is UKERN_EPEER (the server died),
     * UKERN_ETIMEDOUT, UKERN_EKILLED (the caller died) or UKERN_EFAULT (a copy failed
     * after complete asked for it). Undo what begin took. Must not
     * be NULL: say UKERN_NOTHING_TO_CANCEL where begin takes nothing.
     */
    void (*cancel)(struct ukern_pending *p, int why);
};

/** A cancel function for calls whose begin takes nothing. */
void ukern_nothing_to_cancel(struct ukern_pending *p, int why);
/** Says that begin takes nothing which cancel would have to give back. */
#define UKERN_NOTHING_TO_CANCEL ukern_nothing_to_cancel

/**
 * Supplied by the project: called once, before the first task runs, to register
 * completions. The table is sealed when it returns.
 */
void ukern_main(void);

/**
 * Add a pending system call. A failure is also named on the console at boot, and the image stops.
 * @param number  UKERN_SYS_EXT_FIRST to UKERN_SYS_EXT_END - 1.
 * @param c       must stay in place; all three functions set.
 * @return UKERN_OK; UKERN_EOVERFLOW: number out of range; UKERN_EEXIST: taken; UKERN_EINVAL: a
 *         function or the name is missing; UKERN_EBUSY: the table is sealed.
 */
int ukern_register(uint32_t number, const struct ukern_completion *c);
/** The same; a constant number out of range is an error where it is compiled. */
#define ukern_register(number, ...)                                                                \
    __extension__({                                                                                \
        _Static_assert(__builtin_choose_expr(                                                      \
                           __builtin_constant_p(number),                                           \
                           (number) >= UKERN_SYS_EXT_FIRST && (number) < UKERN_SYS_EXT_END, 1),    \
                       "this number is not for extensions: take one of 256 to 1023");              \
        (ukern_register)(number, __VA_ARGS__);                                                     \
    })

/** Argument register i (0 to 7) of the call. */
uint64_t ukern_arg(const struct ukern_pending *p, unsigned i);

/** Four words that live as long as the call, zero at begin: state between stages. */
uint64_t *ukern_state(struct ukern_pending *p);

/** The deadline of the call, nanoseconds since boot; UKERN_FOREVER unless set. Call it in begin. */
void ukern_set_deadline(struct ukern_pending *p, uint64_t deadline);

/**
 * Name the server through one of the caller's own handles.
 * @return UKERN_OK, UKERN_EHANDLE, UKERN_ETYPE (not a port), UKERN_ERIGHTS (no UKERN_R_CALL).
 */
int ukern_target(struct ukern_pending *p, ukern_handle port);

/** The request to send: zero at first. A complete that returns UKERN_FORWARD fills it again; it is
 * zero again before. */
struct ukern_msg *ukern_request(struct ukern_pending *p);

/** Direction of a declared range, seen from the caller. */
enum ukern_direction {
    UKERN_IN = UKERN_PROT_READ,   /**< the kernel reads the caller's memory */
    UKERN_OUT = UKERN_PROT_WRITE, /**< the kernel writes the caller's memory */
};

/**
 * Declare memory of the caller that the call may touch. Only begin may do so.
 * @param address  any value; refused if the range wraps or leaves the user half.
 * @param length   bytes; with 0 the address is ignored.
 * @return index of the range, from 0; UKERN_EFAULT; UKERN_ENOMEM: more than UKERN_RANGES.
 */
int ukern_range(struct ukern_pending *p, uint64_t address, uint64_t length,
                enum ukern_direction direction);

/**
 * Copy a little from a declared range into kernel memory, at once.
 * @param length  bytes, at most UKERN_PAGE_SIZE.
 * @return UKERN_OK; UKERN_EFAULT: outside the range, or a page is not readable;
 *         UKERN_EOVERFLOW: longer than a page.
 */
int ukern_copy_in(struct ukern_pending *p, int range, uint64_t offset, void *to, size_t length);

/** The same, from kernel memory into a declared UKERN_OUT range of the caller. */
int ukern_copy_out(struct ukern_pending *p, int range, uint64_t offset, const void *from,
                   size_t length);

/**
 * Ask for a copy between a declared range and shared memory of the server, in
 * complete. The kernel does it after complete has returned UKERN_DONE, in bounded
 * steps; every page is checked before the first byte. If the caller's memory is
 * not what it must be, the caller gets UKERN_EFAULT and the server is told the same.
 * The range's direction says which way; up to UKERN_COPIES a call.
 * @param range_offset  where in the range, bytes.
 * @param shm           handle in the *server's* table; needs UKERN_R_READ for a copy
 *                      to the caller, UKERN_R_WRITE for one from it.
 * @param shm_offset    where in the shared memory, bytes.
 * @param length        bytes; 0 is nothing.
 * @return UKERN_OK or UKERN_EPROTO (beyond the range, beyond the shared memory, no such
 *         handle, right or kind): return it from complete as it is.
 */
int ukern_copy_shm(struct ukern_pending *p, int range, uint64_t range_offset, ukern_handle shm,
                   uint64_t shm_offset, uint64_t length);

/**
 * Map shared memory of the server into the caller, in complete; `*address` is where.
 * @return UKERN_OK; UKERN_EPROTO: as ukern_copy_shm(), or a second mapping; UKERN_ENOMEM: the
 * caller's quota or address space is used up (make it a result, or return it to tell the server).
 */
int ukern_map_shm(struct ukern_pending *p, ukern_handle shm, uint64_t shm_offset, uint64_t length,
                  unsigned prot, uint64_t *address);

/**
 * Hand a handle of the server over to the caller, in complete; its new number
 * becomes result register `result` (0 or 1). Up to two; all or none.
 * @param word  a handle word as in a message (UKERN_SEND_HANDLE()).
 * @return UKERN_OK or UKERN_EPROTO (no such handle, not transferable, third one).
 */
int ukern_give_handle(struct ukern_pending *p, unsigned result, uint64_t word);

/** Set the caller's results, x0 and x1. */
void ukern_result(struct ukern_pending *p, uint64_t x0, uint64_t x1);

/**
 * The status in a server's reply (the tag's label): zero or more, or an error.
 * A code that only the kernel may give is refused.
 * @param[out] status  the label.
 * @return UKERN_OK or UKERN_EPROTO: return it from complete as it is.
 */
int ukern_reply_status(const struct ukern_msg *reply, int64_t *status);

/**
 * The complete of a call whose result is the reply's status, and nothing else: x0 = status, x1 = 0.
 * @return UKERN_DONE or UKERN_EPROTO, as ukern_reply_status().
 */
int ukern_complete_status(struct ukern_pending *p, const struct ukern_msg *reply);

/**
 * @name Calls like read and write
 * The request is {label, w[0] = length, w[1] = flags (argument 3 of the call)}.
 * The reply is {label = status, w[0] = bytes, w[1] = shm handle, w[2], w[3] = offset and
 * length of the first segment, w[4], w[5] of the second}; bytes must equal the
 * segments' sum and not exceed what was asked. A negative status is the caller's result.
 * @{
 */
/**
 * A begin for calls that fill the caller's buffer: server, range and request.
 * @param port     handle of the caller.
 * @param address  of the caller's buffer.
 * @param length   of it, bytes.
 * @param label    of the request.
 * @return UKERN_FORWARD, or an error of ukern_target() or ukern_range(): begin returns it as it is.
 */
int ukern_begin_read(struct ukern_pending *p, ukern_handle port, uint64_t address, uint64_t length,
                     uint32_t label);
/** The complete that belongs to ukern_begin_read(): checks the reply, asks for the copies. */
int ukern_complete_read(struct ukern_pending *p, const struct ukern_msg *reply);
/** As ukern_begin_read(), for calls that take the caller's bytes. */
int ukern_begin_write(struct ukern_pending *p, ukern_handle port, uint64_t address, uint64_t length,
                      uint32_t label);
/** The complete that belongs to ukern_begin_write(). */
int ukern_complete_write(struct ukern_pending *p, const struct ukern_msg *reply);
/** @} */

/**
 * Append to the kernel's log, printf style: %s %d %u %x %lu %lx %p %c only.
 */
void ukern_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Stop the machine: prints the sentence, registers and a symbolised backtrace. For kernel bugs
 * only. */
_Noreturn void ukern_panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
