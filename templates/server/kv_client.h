/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What programs call: the protocol of kv.h as four functions. Each returns UKERN_OK or an error,
 *  which ukern_strerror() says in words. UKERN_EOVERFLOW: the key or the value is too long.
 */
#ifndef KV_CLIENT_H
#define KV_CLIENT_H

#include "kv.h"

/** Room for a value and the NUL that ends it. */
typedef char kv_value[KV_VALUE_SIZE + 1];

/** Set a key's value, whether it has one already or not. */
int kv_put(const char *key, const char *value);

/** Look a key up. UKERN_ENOENT: it has no value. */
int kv_get(const char *key, kv_value value);

/** Look a key up, and sleep until it has a value. */
int kv_wait(const char *key, kv_value value);

/** Forget a key. UKERN_ENOENT: it has no value. */
int kv_delete(const char *key);

#endif
