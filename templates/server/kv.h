/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  The key-value protocol: the one thing that the server and its clients must agree on.
 *
 *  A message is a label and six words, and travels in registers. A key fits into two words and a
 *  value into four, so no request needs shared memory:
 *
 *      request   label = what is asked, w[0..1] = the key, w[2..5] = the value (KV_PUT)
 *      reply     label = UKERN_OK or an error, w[2..5] = the value (KV_GET, KV_WAIT)
 *
 *  Keys and values are texts, filled up with zero bytes.
 */
#ifndef KV_H
#define KV_H

enum kv_label {
    KV_PUT = 1, /**< set the key's value */
    KV_GET,     /**< its value; UKERN_ENOENT: it has none */
    KV_DELETE,  /**< forget the key; UKERN_ENOENT: it has no value */
    KV_WAIT,    /**< as KV_GET, but a key without a value is waited for */
};

#define KV_KEY_SIZE   16 /**< bytes: w[0] and w[1] */
#define KV_VALUE_SIZE 32 /**< bytes: w[2] to w[5] */

#endif
