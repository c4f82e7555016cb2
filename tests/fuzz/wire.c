/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netserv under a netdev that lies: in its answers, in the rings, in what lies in the pool. netserv
 * touches no memory but what the kernel has mapped, has no frame out twice in one place, and keeps no
 * handle too many; when a true netdev comes again, it sends and receives as ever.
 */
#include "fuzz.h"
#include "link.h"
#include "../../examples/net/netdev/net_client.h"

#define SERVER 7 /* handle of `net` */
#define AREA   20
#define POOL   21
#define SLOTS  256u

static struct memory {
    uint8_t *bytes;
    size_t size;
    bool mapped; /* by netserv */
} area, pool;
static unsigned handles; /* of netserv, that were made for it */
static unsigned lies;    /* of the next answers */
static bool scribbled, out[SLOTS];
static uint32_t tx_taken, returned_taken;

/* ---- The kernel, and netdev's answers. ---- */

ukern_handle task_handle(const char *name)
{
    return strcmp(name, "net") == 0 ? SERVER : UKERN_ENOENT;
}

ukern_handle handle_mint(ukern_handle port, uint32_t rights, uint64_t badge)
{
    (void)port, (void)rights, (void)badge;
    handles++;
    return 9;
}

int handle_close(ukern_handle h)
{
    MUST(h != SERVER && handles > 0);
    handles--;
    return UKERN_OK;
}

int notify(ukern_handle port, uint64_t bits)
{
    (void)port, (void)bits;
    return UKERN_OK;
}

static void make(struct memory *m, size_t size)
{
    MUST(!m->mapped);
    free(m->bytes);
    MUST(posix_memalign((void **)&m->bytes, 4096, size) == 0);
    memset(m->bytes, 0, size);
    m->size = size;
}

/* A new area and pool; a liar's may be small. */
static void open_area(void)
{
    struct net_area *a;

    make(&area, lies ? (1 + byte() % 16) * 4096u : 256u * 1024);
    make(&pool, lies ? (1 + byte() % 4) * 4096u : 64u * NET_BUFFER_SIZE);
    a = (struct net_area *)(void *)area.bytes;
    if (area.size >= sizeof *a)
        a->link = 1, a->alive = NET_ALIVE;
    memset(out, 0, sizeof out);
    tx_taken = returned_taken = 0;
    scribbled = false;
}

int ipc_call_until(ukern_handle port, struct ukern_msg *m, uint64_t deadline)
{
    int label = UKERN_TAG_LABEL(m->tag);

    (void)port, (void)deadline;
    if (lies && byte() % 4 == 0)
        return UKERN_EPEER; /* netserv has its handle still */
    if (label == NET_OPEN) {
        handles--; /* moved */
        open_area();
    }
    *m = (struct ukern_msg){UKERN_TAG(UKERN_OK, label == NET_OPEN ? 2 : label == NET_DUP), {2}};
    m->w[1] = area.size;
    m->w[2] = pool.size;
    if (lies) {
        lies--;
        m->w[1] = four();
        m->w[2] = four();
        if (byte() % 4 == 0)
            m->tag = UKERN_TAG(-(int)(byte() % 30), UKERN_TAG_HANDLES(m->tag));
        if (byte() % 4 == 0)
            m->tag = UKERN_TAG(UKERN_TAG_LABEL(m->tag), byte() % 3);
    }
    m->w[4] = AREA;
    m->w[5] = label == NET_OPEN ? POOL : 8;
    handles += UKERN_TAG_HANDLES(m->tag);
    return UKERN_OK;
}

int ipc_call(ukern_handle port, struct ukern_msg *m)
{
    return ipc_call_until(port, m, UKERN_FOREVER);
}

int net_info_until(ukern_handle net, struct net_info *info, uint64_t deadline)
{
    (void)net, (void)deadline;
    *info = (struct net_info){.mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56}, .mtu = 1500};
    if (lies && byte() % 4 == 0)
        info->mtu = (uint16_t)four();
    return lies && byte() % 4 == 0 ? UKERN_EIO : UKERN_OK;
}

int shm_info(ukern_handle h, struct shm_facts *facts)
{
    if (h != AREA && h != POOL)
        return UKERN_ETYPE;
    facts->size = h == AREA ? area.size : pool.size;
    return UKERN_OK;
}

int shm_map(ukern_handle h, uint64_t offset, size_t size, unsigned protection, void *hint,
            void **address)
{
    (void)offset, (void)size, (void)protection, (void)hint;
    if (h != AREA && h != POOL)
        return UKERN_ETYPE;
    (h == AREA ? &area : &pool)->mapped = true;
    *address = (h == AREA ? &area : &pool)->bytes;
    return UKERN_OK;
}

/* Gone for good, so that the sanitizer meets who touches it. */
int shm_unmap(void *address)
{
    struct memory *m = address == area.bytes ? &area : &pool;

    MUST(m->mapped && address == m->bytes);
    free(m->bytes);
    *m = (struct memory){0};
    return UKERN_OK;
}

/* ---- netdev's side of the rings. ---- */

static struct net_area *rings(void)
{
    return wire_is_open() ? (struct net_area *)(void *)area.bytes : NULL;
}

static void receive(bool honest)
{
    struct net_area *a = rings();
    uint32_t buffer = byte() % 64;
    struct net_desc d = {.offset = buffer * NET_BUFFER_SIZE + 14, .id = buffer};

    if (a == NULL || (buffer + 1) * NET_BUFFER_SIZE > pool.size)
        return;
    d.length = (uint32_t)link_frame(pool.bytes + d.offset);
    if (!honest) {
        unsigned what = byte();

        d.offset = what & 1 ? four() : d.offset;
        d.length = what & 2 ? four() : d.length;
        d.id = what & 4 ? four() : d.id;
        d.flags = (uint16_t)(what & 8 ? byte() : 0);
        a->rx.produced += what & 16 ? four() : 0;
    }
    a->rx_slot[a->rx.produced % NET_SLOTS] = d;
    a->rx.produced++;
    if (!honest || net_passes(a->rx.produced - 1, a->rx.produced, a->rx.wake_at))
        link_woken(WIRE_BITS);
}

static void done(bool honest)
{
    struct net_area *a = rings();
    uint32_t id = byte();

    if (a == NULL || (honest && !out[id]))
        return;
    a->done_slot[a->done.produced % NET_SLOTS] =
        (struct net_done){.id = id, .descriptors = (uint16_t)(honest ? 1 : four())};
    a->done.produced += honest || byte() % 4 ? 1 : four();
    out[id] = false;
}

/* What netserv sends. While nobody has scribbled, each frame lies in a place of its own. */
static void look(void)
{
    struct net_area *a = rings();

    while (a != NULL && tx_taken != a->tx.produced && !scribbled) {
        const struct net_desc *d = &a->tx_slot[tx_taken++ % NET_SLOTS];

        MUST(d->id < SLOTS && !out[d->id]);
        MUST(d->length <= WIRE_FRAME && d->offset == d->id * WIRE_FRAME);
        MUST(d->offset + d->length <= area.size - NET_DATA_OFFSET);
        out[d->id] = true;
    }
}

static void scribble(void)
{
    uint32_t at = four();

    if (rings() == NULL)
        return;
    scribbled = true;
    for (unsigned n = 1 + byte() % 4; n > 0; n--, at++)
        area.bytes[at % (byte() % 2 ? 512 : area.size)] = (uint8_t)byte();
}

/* By which netserv knows the netdev that it has now; 0: it has none. */
static uint64_t current(void)
{
    static uint64_t badge = WIRE_BADGE;

    while (wire_is_open() && !wire_hangup(badge))
        badge++;
    return wire_is_open() ? badge : 0;
}

static void reopen_now(void)
{
    for (unsigned i = 0; i < 100 && !wire_is_open(); i++) {
        link_clock += SECOND;
        link_run();
    }
}

static void step(void)
{
    switch (byte() % 16) {
    case 0:
        scribble();
        break;
    case 1:
        receive(false);
        break;
    case 2:
        done(false);
        break;
    case 3:
        lies = byte() % 8;
        link_hangup(byte() % 4 ? current() : byte());
        break;
    case 4:
        link_clock += four() % SECOND * (1 + byte() % 3);
        link_run();
        break;
    case 5:
    case 6:
    case 7:
        done(true);
        break;
    case 8:
    case 9:
        link_woken(WIRE_BITS);
        link_run();
        break;
    case 10:
        link_flush();
        break;
    default:
        receive(true);
        break;
    }
    look();
}

/* A true netdev: a ping is answered. */
static void settle(void)
{
    struct net_area *a;
    uint32_t before;

    lies = 0;
    link_hangup(current());
    reopen_now();
    a = rings();
    MUST(a != NULL && !scribbled && handles == 1);
    fuzz_begin((const uint8_t *)"\0\0\0\1\0", 4); /* who has; ping */
    receive(true);
    link_run();
    look();
    before = a->tx.produced;
    fuzz_begin((const uint8_t *)"\1\1", 2);
    receive(true);
    link_run();
    look();
    MUST(a->tx.produced > before && a->returned.produced == 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;

    fuzz_begin(data, 0);
    if (!begun)
        link_begin();
    begun = true;
    reopen_now();
    fuzz_begin(data, size);
    while (fuzz_at < fuzz_end)
        step();
    settle();
    return 0;
}
