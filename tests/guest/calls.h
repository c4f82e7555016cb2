/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The pending calls of this image (kernel/calls.c). x0 is the server's port unless said otherwise.
 *  The request's label is the call's number.
 */
#ifndef CALLS_H
#define CALLS_H

enum test_call {
    CALL_READ = 256, /**< address, length: like read() */
    CALL_WRITE,      /**< address, length: like write() */
    CALL_TWO,        /**< a, b; reply w0, w1 are the results x0, x1 */
    CALL_STAGES,     /**< n: that many requests one after the other; x0 = sum of all w0, x1 = n */
    CALL_GIVE,       /**< reply w0 = how many handles, in w4 and w5; they are the results */
    CALL_MAP, /**< reply w0 = shm, w1 = offset, w2 = length, w3 = prot; x0 = address, x1 = length */
    CALL_COPY,   /**< in, its length, out, its length; reply says the arguments of ukern_copy_shm():
                    w0 = range   (0: in, 1: out), w1 to w4; and w5 = how often */
    CALL_STATUS, /**< the reply's label, by ukern_reply_status() */
    CALL_DEADLINE, /**< deadline; as CALL_STATUS */
    CALL_SMALL,    /**< in, out: 16 bytes each, which travel in w0 and w1 */
    CALL_SEND,     /**< a handle word, which travels in w5; as CALL_STATUS */
    CALL_FAIL,     /**< x0 = the error that begin returns */
    CALL_RANGES, /**< x0 = address, x1 = length, x2 = how often: the last ukern_range()'s result, at
                    once */
    CALL_COUNTS, /**< x0 = calls begun and neither completed nor cancelled, x1 = the last reason of
                    a cancel */
    CALL_LAST = 1023, /**< as CALL_STATUS */
};

#endif
