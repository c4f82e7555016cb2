/* SPDX-License-Identifier: BSD-2-Clause */
/** @file
 *  What programs/phoenix.c understands.
 */
#ifndef PHOENIX_H
#define PHOENIX_H

enum phoenix_label {
    PHOENIX_ID = 1, /**< w0 = its task id */
    PHOENIX_CALLS,  /**< w0 = calls since it was started, this one included */
    PHOENIX_EXIT,   /**< end without an answer */
    PHOENIX_CRASH,  /**< fault without an answer */
    PHOENIX_HOLD,   /**< never answered */
    PHOENIX_TOKEN,  /**< w0 = token of the call that is held */
    PHOENIX_ANSWER, /**< w0 = a token; the reply's w0 is what answering that gave */
};

#endif
