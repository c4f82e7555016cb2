/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"
#include "port.h"
#include "syscall.h"

static char ring[LOG_SIZE];
static uint64_t written; /* bytes since boot */
static uint64_t seen;    /* of them somebody has read so many */
static struct port *listener;
static uint64_t listener_bits;

void log_text(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ring[written++ % LOG_SIZE] = text[i];
    if (listener)
        port_notify(listener, listener_bits);
}

size_t log_copy(uint64_t *at, char *to, size_t n)
{
    uint64_t oldest = written > LOG_SIZE ? written - LOG_SIZE : 0;
    size_t count = 0;

    if (*at < oldest)
        *at = oldest;
    for (; *at < written && count < n; (*at)++)
        to[count++] = ring[*at % LOG_SIZE];
    return count;
}

void log_rest(void (*put)(char c))
{
    uint64_t oldest = written > LOG_SIZE ? written - LOG_SIZE : 0;

    for (uint64_t at = max_u64(seen, oldest); at < written; at++)
        put(ring[at % LOG_SIZE]);
    seen = written;
}

void log_bind(struct port *p, uint64_t bits)
{
    if (listener)
        port_put(listener);
    listener = p;
    listener_bits = bits;
}

/* ---- Formatting ---- */

static void put_number(void (*put)(char c), uint64_t n, unsigned base)
{
    char digits[20];
    int i = 0;

    do {
        digits[i++] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n);
    while (i)
        put(digits[--i]);
}

static void put_string(void (*put)(char c), const char *s)
{
    while (*s)
        put(*s++);
}

void format_text(void (*put)(char c), const char *f, va_list arguments)
{
    for (; *f; f++) {
        bool wide = false;
        int64_t d;
        if (*f != '%') {
            put(*f);
            continue;
        }
        f++;
        for (; *f == 'l'; f++)
            wide = true;
        switch (*f) {
        case 's':
            put_string(put, va_arg(arguments, const char *));
            break;
        case 'c':
            put((char)va_arg(arguments, int));
            break;
        case 'd':
            d = wide ? va_arg(arguments, long) : va_arg(arguments, int);
            if (d < 0)
                put('-');
            put_number(put, d < 0 ? -(uint64_t)d : (uint64_t)d, 10);
            break;
        case 'u':
            put_number(put, wide ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned),
                       10);
            break;
        case 'x':
            put_number(put, wide ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned),
                       16);
            break;
        case 'p':
            put_string(put, "0x");
            put_number(put, (uintptr_t)va_arg(arguments, void *), 16);
            break;
        case '\0':
            return;
        default:
            put(*f);
        }
    }
}

static void put_log(char c)
{
    ring[written++ % LOG_SIZE] = c;
}

void ukern_log(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    format_text(put_log, format, arguments);
    va_end(arguments);
    log_text(NULL, 0);
}

/* ---- System calls ---- */

static int find(struct task *t, uint64_t handle)
{
    struct handle *h;

    return handle_find(&t->handles, handle, UKERN_TYPE_SYSTEM, UKERN_R_LOG, &h);
}

int64_t sys_log_write(struct task *t, struct ukern_sysregs *r)
{
    char text[256];
    size_t n = min_u64(r->x[2], sizeof text);
    int rc = find(t, r->x[0]);

    if (!rc)
        rc = aspace_copy_in(t->aspace, text, r->x[1], n);
    if (rc)
        return rc;
    log_text(text, n);
    return (int64_t)n;
}

int64_t sys_log_read(struct task *t, struct ukern_sysregs *r)
{
    char text[256];
    uint64_t at = r->x[1];
    size_t n;
    int rc = find(t, r->x[0]);

    if (rc)
        return rc;
    n = log_copy(&at, text, min_u64(r->x[3], sizeof text));
    rc = aspace_copy_out(t->aspace, r->x[2], text, n);
    if (rc)
        return rc;
    if (n)
        seen = max_u64(seen, at);
    r->x[1] = at;
    return (int64_t)n;
}

int64_t sys_log_bind(struct task *t, struct ukern_sysregs *r)
{
    struct handle *h;
    int rc = find(t, r->x[0]);

    if (!rc)
        rc = handle_find(&t->handles, r->x[1], UKERN_TYPE_PORT, UKERN_R_RECV, &h);
    if (rc)
        return rc;
    if (!r->x[2])
        return UKERN_EINVAL;
    port_ref(h->object);
    log_bind(h->object, r->x[2]);
    if (written)
        port_notify(listener, listener_bits);
    return UKERN_OK;
}
