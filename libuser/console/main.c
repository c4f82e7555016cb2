/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console: the server behind the file descriptors 0, 1 and 2. It drives a PL011 by interrupts and
 * speaks the byte stream protocol (ukern/stream.h, ukern/console.h). With the boot argument
 * `script` its input is not typed by a person: no echo, plain output.
 *
 * Requests that cannot be done at once wait in queues, first come, first served. Bytes count when
 * the reply has arrived: a reader that died meanwhile takes none along.
 *
 * If this task itself dies, the next one serves the callers that are still queued. What was typed
 * and not read yet is lost, and the kernel's log is shown again from its beginning: nobody knows
 * how far the dead one got.
 */
#include <stdlib.h>
#include <string.h>

#include <ukern/console.h>
#include <ukern/irq.h>
#include <ukern/memory.h>
#include <ukern/server.h>
#include <ukern/task.h>
#include <ukern/watch.h>

#include "line.h"
#include "terminal.h"

#define BIT_UART 1u
#define BIT_LOG  2u

/* How often a drain looks whether the last character has left. Nanoseconds. */
#define DRAIN_POLL 1000000u

/* A request that waits for its turn. */
struct waiter {
    struct waiter *next;
    uint64_t token, badge, length;
    bool by_message;
    uint64_t data[4]; /* by_message: what to write */
};

struct queue {
    struct waiter *head, **tail;
};

static struct terminal terminal;
static ukern_handle memory;
static struct queue readers = {.tail = &readers.head};
static struct queue writers = {.tail = &writers.head};
static struct queue drains = {.tail = &drains.head};
static struct watch *watchers;
static struct line line; /* that a writer sends in pieces */

/* Who hears of Ctrl-C. */
static ukern_handle interrupt_port = -1;
static uint64_t interrupt_bits, interrupt_badge;

/* ---- Queues. ---- */

static int enqueue(struct queue *q, const struct waiter *w)
{
    struct waiter *kept = malloc(sizeof *kept);

    if (kept == NULL)
        return UKERN_ENOMEM;
    *kept = *w;
    kept->next = NULL;
    *q->tail = kept;
    q->tail = &kept->next;
    return SERVER_LATER;
}

static void dequeue(struct queue *q, struct waiter **link)
{
    struct waiter *w = *link;

    *link = w->next;
    if (q->tail == &w->next)
        q->tail = link;
    free(w);
}

/* Answer with a label alone; whether it arrives does not matter. */
static void answer_label(uint64_t token, int label)
{
    struct ukern_msg reply = {.tag = UKERN_TAG(label, 0)};

    server_reply(token, &reply);
}

/* Drop those with this badge, or, if token is not 0, the one with this token. */
static void forget(struct queue *q, uint64_t badge, uint64_t token)
{
    for (struct waiter **link = &q->head; *link != NULL;) {
        if (token != 0 ? (*link)->token == token : (*link)->badge == badge) {
            answer_label((*link)->token, UKERN_ECANCELED);
            dequeue(q, link);
        } else {
            link = &(*link)->next;
        }
    }
}

/* ---- Bytes. ---- */

/* Answer a pending call; false: it reached nobody. `base` is where the ring starts in the shared
 * memory. */
static bool answer_segments(uint64_t token, uint64_t n, uint64_t base,
                            const struct ring_segment segment[2])
{
    struct ukern_msg reply = {UKERN_TAG(0, 0),
                              {n, (uint64_t)memory, base + segment[0].offset, segment[0].length,
                               base + segment[1].offset, segment[1].length}};
    int error = server_reply(token, &reply);

    if (error == UKERN_OK)
        return true;
    if (error != UKERN_ESTALE)
        answer_label(token, UKERN_EIO); /* its buffer was not what it must be */
    return false;
}

/* Give a reader n bytes (0: the end). */
static void serve_reader(const struct waiter *w, uint64_t n)
{
    struct tty *y = &terminal.tty;
    struct ukern_msg reply = {.tag = UKERN_TAG((int)n, 0)};
    struct ring_segment segment[2];
    bool arrived;

    if (w->by_message) {
        for (uint64_t i = 0; i < n; i++)
            ((char *)&reply.w[2])[i] = *ring_at(&y->in, y->in.head + i);
        arrived = server_reply(w->token, &reply) == UKERN_OK;
    } else {
        ring_segments(&y->in, y->in.head, n, segment);
        arrived = answer_segments(w->token, n, OUTPUT_SIZE, segment);
    }
    if (arrived && w->length > 0)
        tty_take(y, n);
}

/* Take n bytes from a writer. */
static void serve_writer(const struct waiter *w, uint64_t n)
{
    struct ukern_msg reply = {.tag = UKERN_TAG((int)n, 0)};
    struct ring_segment segment[2];
    bool more = false;

    if (w->by_message) {
        if (server_reply(w->token, &reply) == UKERN_OK)
            terminal_print(&terminal, (const char *)w->data, n);
        more = n == STREAM_INLINE_MAX && terminal.last != '\n';
    } else {
        ring_segments(&terminal.out, terminal.out.tail, n, segment);
        if (answer_segments(w->token, n, 0, segment))
            terminal_wrote(&terminal, n);
    }
    if (more || line.open)
        line_piece(&line, w->badge, more, clock_now());
}

/* ---- What can go on now does. ---- */

/* Do others wait for the end of a line? */
static bool line_held(void)
{
    return line.open && line_holds(&line, clock_now());
}

static unsigned ready_bits(void)
{
    unsigned ready = 0;

    if (tty_offer(&terminal.tty, 1) >= 0)
        ready |= STREAM_IN;
    if (!line_held() && terminal_room(&terminal, WHOLE_WRITE) > 0)
        ready |= STREAM_OUT;
    return ready;
}

/* Read the device; Ctrl-C works at once, whoever has not read yet. */
static void receive(void)
{
    char c;

    while (!tty_full(&terminal.tty) && pl011_get(&terminal.uart, &c)) {
        enum tty_event event = tty_input(&terminal.tty, c);

        if (event == TTY_CLEAR)
            terminal_clear(&terminal);
        if (event != TTY_INTERRUPT)
            continue;
        while (readers.head != NULL) {
            answer_label(readers.head->token, UKERN_ECANCELED);
            dequeue(&readers, &readers.head);
        }
        if (interrupt_port >= 0)
            notify(interrupt_port, interrupt_bits);
    }
}

static void serve_readers(void)
{
    int64_t n;

    while (readers.head != NULL) {
        n = tty_offer(&terminal.tty, readers.head->length);
        if (n < 0)
            return;
        serve_reader(readers.head, (uint64_t)n);
        dequeue(&readers, &readers.head);
    }
}

/* The writer whose turn it is: the first, or the one whose line is open. NULL: none. */
static struct waiter **next_writer(void)
{
    struct waiter **link = &writers.head;

    if (*link != NULL && line_held())
        while (*link != NULL && (*link)->badge != line.badge)
            link = &(*link)->next;
    return *link != NULL ? link : NULL;
}

static void serve_writers(void)
{
    struct waiter **link;
    uint64_t n;

    while ((link = next_writer()) != NULL) {
        n = terminal_room(&terminal, (*link)->length);
        if (n == 0)
            return;
        serve_writer(*link, n);
        dequeue(&writers, link);
        terminal_send(&terminal);
    }
}

static void serve_drains(struct server *s)
{
    s->deadline = 0;
    if (drains.head == NULL)
        return;
    if (writers.head != NULL || !terminal_drained(&terminal)) {
        s->deadline = clock_now() + DRAIN_POLL;
        return;
    }
    while (drains.head != NULL) {
        answer_label(drains.head->token, UKERN_OK);
        dequeue(&drains, &drains.head);
    }
}

/* After every event: move what can move. */
static void turn(struct server *s)
{
    receive();
    serve_readers();
    terminal_send(&terminal);
    serve_writers();
    receive(); /* readers have made room */
    serve_drains(s);
    if (watchers != NULL)
        watch_wake(&watchers, ready_bits());
    if (line.open && (writers.head != NULL || watchers != NULL) &&
        (s->deadline == 0 || line.until < s->deadline))
        s->deadline = line.until;
    terminal_rearm(&terminal);
}

/* ---- Requests. ---- */

static int start_read(struct server *s, struct request *r, bool by_message)
{
    struct waiter w = {
        .token = r->token, .badge = r->badge, .length = r->msg.w[0], .by_message = by_message};
    int64_t n = readers.head == NULL ? tty_offer(&terminal.tty, w.length) : UKERN_EAGAIN;
    int result = SERVER_LATER;

    if (by_message && w.length > STREAM_INLINE_MAX)
        return UKERN_EINVAL;
    if (r->token == 0)
        return SERVER_LATER; /* it does not wait for an answer, so nobody does for it */
    if (n >= 0)
        serve_reader(&w, (uint64_t)n);
    else if (r->msg.w[1] & STREAM_NONBLOCK)
        return UKERN_EAGAIN;
    else
        result = enqueue(&readers, &w);
    turn(s);
    return result;
}

static int start_write(struct server *s, struct request *r, bool by_message)
{
    struct waiter w = {
        .token = r->token, .badge = r->badge, .length = r->msg.w[0], .by_message = by_message};
    bool turn_now = line_held() ? line.badge == w.badge : writers.head == NULL;
    uint64_t n = turn_now ? terminal_room(&terminal, w.length) : 0;
    int result = SERVER_LATER;

    if (by_message && w.length > STREAM_INLINE_MAX)
        return UKERN_EINVAL;
    if (r->token == 0)
        return SERVER_LATER;
    memcpy(w.data, &r->msg.w[2], sizeof w.data);
    if (n > 0 || w.length == 0)
        serve_writer(&w, n);
    else if (r->msg.w[1] & STREAM_NONBLOCK)
        return UKERN_EAGAIN;
    else
        result = enqueue(&writers, &w);
    turn(s);
    return result;
}

static int do_read(struct server *s, struct request *r)
{
    return start_read(s, r, false);
}

static int do_read_inline(struct server *s, struct request *r)
{
    return start_read(s, r, true);
}

static int do_write(struct server *s, struct request *r)
{
    return start_write(s, r, false);
}

static int do_write_inline(struct server *s, struct request *r)
{
    return start_write(s, r, true);
}

static int do_poll(struct server *s, struct request *r)
{
    (void)s;
    return watch_poll(&watchers, r, ready_bits());
}

/* Closing a terminal changes nothing for others who hold it. */
static int do_close(struct server *s, struct request *r)
{
    (void)s;
    (void)r;
    return SERVER_REPLY;
}

static void set_interrupt(ukern_handle port, uint64_t bits, uint64_t badge)
{
    if (interrupt_port >= 0)
        handle_close(interrupt_port);
    interrupt_port = port;
    interrupt_bits = bits;
    interrupt_badge = badge;
}

static int do_control(struct server *s, struct request *r)
{
    struct waiter w = {.token = r->token, .badge = r->badge};
    uint32_t rights;
    int result;

    switch (r->msg.w[0]) {
    case STREAM_IS_TERMINAL:
        r->reply.tag = UKERN_TAG(!terminal.tty.script, 0);
        return SERVER_REPLY;
    case CONSOLE_DRAIN:
        if (r->token == 0)
            return SERVER_LATER;
        result = enqueue(&drains, &w);
        turn(s);
        return result;
    case CONSOLE_INTERRUPT:
        if (UKERN_TAG_HANDLES(r->msg.tag) == 0) {
            set_interrupt(-1, 0, 0);
            return SERVER_REPLY;
        }
        if (UKERN_TAG_HANDLES(r->msg.tag) != 1 ||
            handle_info((ukern_handle)r->msg.w[5], &rights, NULL) != UKERN_TYPE_PORT ||
            !(rights & UKERN_R_NOTIFY))
            return UKERN_EINVAL;
        set_interrupt(request_take(r, 0), r->msg.w[1], r->badge);
        return SERVER_REPLY;
    default:
        return UKERN_ENOSYS;
    }
}

static const struct server_handler handlers[] = {
    {STREAM_READ, do_read},
    {STREAM_WRITE, do_write},
    {STREAM_READ_INLINE, do_read_inline},
    {STREAM_WRITE_INLINE, do_write_inline},
    {STREAM_CLOSE, do_close},
    {STREAM_POLL, do_poll},
    {STREAM_CONTROL, do_control},
    {0, NULL},
};

/* ---- Other events. ---- */

static void notified(struct server *s, uint64_t bits)
{
    if (bits & BIT_LOG)
        terminal.log_left = terminal.system >= 0;
    turn(s); /* which serves the UART, too: BIT_UART only wakes */
}

static void hangup(struct server *s, uint64_t badge)
{
    forget(&readers, badge, 0);
    forget(&writers, badge, 0);
    forget(&drains, badge, 0);
    line_end(&line, badge);
    watch_close(&watchers, badge);
    if (interrupt_port >= 0 && interrupt_badge == badge)
        set_interrupt(-1, 0, 0);
    turn(s);
}

static void cancelled(struct server *s, uint64_t badge, uint64_t token)
{
    forget(&readers, badge, token);
    forget(&writers, badge, token);
    forget(&drains, badge, token);
    turn(s);
}

/* ---- Start. ---- */

static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);

    for (const char *p = text; (p = strstr(p, word)) != NULL; p += n)
        if ((p == text || p[-1] == ' ') && (p[n] == '\0' || p[n] == ' '))
            return true;
    return false;
}

/* The supervisor hears of a failure by the exit code: there is nothing to print on. */
int main(void)
{
    struct server s = {.port = task_handle("port"),
                       .handlers = handlers,
                       .notified = notified,
                       .hangup = hangup,
                       .cancelled = cancelled,
                       .timeout = turn};
    ukern_handle system = task_handle("system");
    void *registers, *bytes;

    memory = shm_create(OUTPUT_SIZE + INPUT_SIZE, UKERN_SHM_NORMAL);
    if (shm_map(task_handle("pl011"), 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &registers) ||
        shm_map(memory, 0, 0, UKERN_PROT_READ | UKERN_PROT_WRITE, NULL, &bytes) ||
        irq_bind_auto(task_handle("pl011-irq"), s.port, BIT_UART))
        return 1;
    if (system >= 0 && log_bind(system, s.port, BIT_LOG) < 0)
        system = -1;
    terminal_init(&terminal, registers, bytes, has_word(task_bootargs(), "script"), system);
    turn(&s);
    return server_run(&s) == UKERN_OK ? 0 : 1;
}
