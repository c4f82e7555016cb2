/* SPDX-License-Identifier: BSD-2-Clause */
/* A server that init starts again whenever it ends: phoenix (programs/phoenix.c). Its port stays.
 */
#include "phoenix.h"
#include "test.h"

static uint64_t ask(int label)
{
    struct ukern_msg m = message(label, 0);

    OK(ipc_call_until(given("phoenix"), &m, SOON));
    return m.w[0];
}

/* End it in the way of `label`: this call, and nothing else, fails. */
static void end_by(int label)
{
    struct ukern_msg m = message(label, 0);

    EQUAL(ipc_call_until(given("phoenix"), &m, SOON), UKERN_EPEER);
    CHECK(ask(PHOENIX_ID) != 0);  /* waits in the queue until the next one serves */
    EQUAL(ask(PHOENIX_CALLS), 2); /* and that one has forgotten all */
}

TEST(restart_exit, "a server that ends is started again, and the old handle reaches the new one")
{
    end_by(PHOENIX_EXIT);
}

TEST(restart_crash,
     "a server that crashes is started again, and the old handle reaches the new one")
{
    end_by(PHOENIX_CRASH);
}

TEST(restart_killed,
     "a server that is killed while it holds calls: these fail, those in the queue are served")
{
    ukern_handle system = given("system"),
                 victim = HANDLE(task_open(system, ask(PHOENIX_ID), UKERN_R_KILL)), held, queued;
    struct ukern_msg m = message(PHOENIX_ID, 0);
    struct child c;

    child_init(&c, "phoenix_caller");
    child_give(&c, "port", given("phoenix"));
    child_number(&c, PHOENIX_HOLD);
    held = child_start(&c);
    await_state(held, UKERN_TASK_REPLY);
    OK(task_kill(victim, 0));
    queued = play_number("phoenix_caller", given("phoenix"), PHOENIX_ID);
    EQUAL(finish(held), UKERN_EPEER);
    EQUAL(finish(queued), 0);
    OK(ipc_call_until(given("phoenix"), &m, SOON));
    CHECK(m.w[0] != 0);
}

/* Makes one call with label argv[1]; ends with the result. */
ROLE(phoenix_caller)
{
    struct ukern_msg m = message((int)argument(argc, argv, 1), 0);

    return ipc_call_until(given("port"), &m, SOON);
}

TEST(restart_token, "the new server cannot answer what the old one had taken")
{
    uint64_t token;
    struct child c;
    ukern_handle held;
    struct ukern_msg m;

    child_init(&c, "phoenix_caller");
    child_give(&c, "port", given("phoenix"));
    child_number(&c, PHOENIX_HOLD);
    held = child_start(&c);
    await_state(held, UKERN_TASK_REPLY);
    token = ask(PHOENIX_TOKEN);
    CHECK(token != 0);
    m = message(PHOENIX_CRASH, 0);
    EQUAL(ipc_call_until(given("phoenix"), &m, SOON), UKERN_EPEER);
    EQUAL(finish(held), UKERN_EPEER);
    m = message(PHOENIX_ANSWER, token);
    OK(ipc_call_until(given("phoenix"), &m, SOON));
    EQUAL(m.w[0], UKERN_ESTALE);
}
