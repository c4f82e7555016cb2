#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A project outside with system calls of its own: one with two results, one with two stages, and what is said of mistakes.
. "$UKERN/tests/sdk/outside.sh"

cat >calls.h <<'END'
enum { DIVIDE = 600, TWICE = 601, LABEL_DIVIDE = 1, LABEL_ADD_SEVEN = 2 };
END
cat >calls.c <<'END'
#include "calls.h"
#include <ukern/ukern.h>

/* divide(x0 = server, x1, x2) -> x0 = quotient, x1 = remainder */
static int divide_begin(struct ukern_pending *p)
{
    int error = ukern_target(p, (ukern_handle)ukern_arg(p, 0));

    *ukern_request(p) = (struct ukern_msg){UKERN_TAG(LABEL_DIVIDE, 0), {ukern_arg(p, 1), ukern_arg(p, 2)}};
    return error == UKERN_OK ? UKERN_FORWARD : error;
}

static int divide_complete(struct ukern_pending *p, const struct ukern_msg *reply)
{
    int64_t status;
    int error = ukern_reply_status(reply, &status);

    if (error != UKERN_OK)
        return error;
    ukern_result(p, status < 0 ? (uint64_t)status : reply->w[0], reply->w[1]);
    return UKERN_DONE;
}

/* twice(x0 = server, x1) -> x0 = x1 + 7 + 7, which takes two requests; x1 = 2 */
static int twice_begin(struct ukern_pending *p)
{
    int error = ukern_target(p, (ukern_handle)ukern_arg(p, 0));

    *ukern_request(p) = (struct ukern_msg){UKERN_TAG(LABEL_ADD_SEVEN, 0), {ukern_arg(p, 1)}};
    return error == UKERN_OK ? UKERN_FORWARD : error;
}

static int twice_complete(struct ukern_pending *p, const struct ukern_msg *reply)
{
    uint64_t stage = ++*ukern_state(p);

    if (stage == 2) {
        ukern_result(p, reply->w[0], stage);
        return UKERN_DONE;
    }
    *ukern_request(p) = (struct ukern_msg){UKERN_TAG(LABEL_ADD_SEVEN, 0), {reply->w[0]}};
    return UKERN_FORWARD;
}

static const struct ukern_completion divide = {"divide", divide_begin, divide_complete, UKERN_NOTHING_TO_CANCEL};
static const struct ukern_completion twice = {"twice", twice_begin, twice_complete, UKERN_NOTHING_TO_CANCEL};

#ifndef NUMBER
#define NUMBER DIVIDE
#endif
void ukern_main(void)
{
    ukern_register(NUMBER, &divide);
    ukern_register(TWICE, &twice);
}
END
cat >maths.c <<'END'
#include "calls.h"
#include <ukern/server.h>
#include <ukern/task.h>

static int divide(struct server *s, struct request *r)
{
    (void)s;
    if (r->msg.w[1] == 0)
        return UKERN_EINVAL;
    r->reply.w[0] = r->msg.w[0] / r->msg.w[1];
    r->reply.w[1] = r->msg.w[0] % r->msg.w[1];
    return SERVER_REPLY;
}

static int add_seven(struct server *s, struct request *r)
{
    (void)s;
    r->reply.w[0] = r->msg.w[0] + 7;
    return SERVER_REPLY;
}

static const struct server_handler handlers[] = {{LABEL_DIVIDE, divide}, {LABEL_ADD_SEVEN, add_seven}, {0, NULL}};

int main(void)
{
    struct server s = {.port = task_handle("maths"), .handlers = handlers};

    return server_run(&s);
}
END
cat >user.c <<'END'
#include "calls.h"
#include <stdio.h>
#include <ukern/syscall.h>
#include <ukern/task.h>

int main(void)
{
    uint64_t server = (uint64_t)task_handle("maths"), second = 0;
    int64_t first = ukern_trap4(DIVIDE, server, 17, 5, 0, &second);

    printf("17 / 5 = %d rest %d\n", (int)first, (int)second);
    printf("by zero: %d\n", (int)ukern_trap4(DIVIDE, server, 17, 0, 0, NULL));
    first = ukern_trap4(TWICE, server, 100, 0, 0, &second);
    printf("twice: %d in %d stages\n", (int)first, (int)second);
    printf("no such handle: %d\n", (int)ukern_trap4(TWICE, 999, 1, 0, 0, NULL));
    return 0;
}
END
makefile 'TASKS := maths user' 'KERNEL := calls.c' 'maths.provides := maths' 'user.uses := maths console'
mkdir tests
cat >tests/calls.test <<'END'
17 / 5 = 3 rest 2
by zero: -1
twice: 114 in 2 stages
no such handle: -2
! panic
END
ok "make test boots it and compares what it says" run make test
ok "in TAP" says "$out" "ok 1 - calls"
echo 'something else' >>tests/calls.test
ok "make test ends with an error where something else is said" not run make test
ok "it names the line" says "$out" "tests/calls.test: line 6 was not seen: something else"
ok "and shows what was said" says "$out" "#   twice: 114 in 2 stages"
rm -r tests

# compiles_not NUMBER: make ends with status 2, and one line says what is wrong, and where.
compiles_not() {
    status=0
    make CFLAGS="-DNUMBER=$1" >"$out" 2>&1 || status=$?
    [ $status = 2 ] && [ "$(grep -c 'calls.c:[0-9]' "$out")" = 1 ] &&
        grep -q '^calls.c:[0-9]*:5: error: .*this number is not for extensions: take one of 256 to 1023' "$out"
}
ok "a constant number of the kernel's own does not compile" compiles_not 12
ok "nor does the last one before those of extensions" compiles_not 255
ok "nor the first one behind them" compiles_not 1024
ok "the first and the last one do" sh -c "make -s CFLAGS=-DNUMBER=256 && make -s CFLAGS=-DNUMBER=1023"
sed -i 's/^void ukern_main/static volatile unsigned number = 12;\n&/' calls.c
ok "one that is computed is refused at boot" not run make test TIMEOUT=20 CFLAGS=-DNUMBER=number
ok "in words that name the call and the numbers that it may have" says "$out" "divide"
sed '/divide_begin(struct/,/{/s/{/{\n    if (ukern_arg(p, 1) == 17)\n        *(volatile int *)16 = 0;/' calls.c >bad.c
run make -s run KERNEL=bad.c TIMEOUT=60 || true
ok "a mistake in the extension stops the machine" says "$out" "ukern panic: "
ok "with function, file and line" grep -q '#0 0x[0-9a-f]* divide_begin (bad.c:8)' "$out"
ok "and the task that made the call" grep -q '^task [0-9]* (user)' "$out"
ok "a caller without the extension hears of it" sh -c "sed -i /KERNEL/d Makefile; make -s run TIMEOUT=60 </dev/null | grep -q 'by zero: -7'"
sed -i -e "s/^void ukern_main/int missing(void);\n&/" -e "s/ukern_register(TWICE/missing();\n    &/" calls.c
ok "an extension that does not link" refuses "the kernel with its extension: nothing defines missing, which calls.c:" KERNEL=calls.c
finish
