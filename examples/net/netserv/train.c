/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A train's headers are those of its first segment, in a buffer of our own with the lengths of
 * all; what may be joined to it differs only in what follows from its place: sequence number,
 * lengths, checksums and PSH. All that is decided, is decided on a copy of the headers.
 *
 * lwIP keeps some buffers longer than its input function runs, such as what came out of order.
 * Each of our buffers has room of its own, to where those bytes are then moved.
 */
#include "train.h"

#include <lwip/pbuf.h>
#include <lwip/priv/tcp_priv.h>
#include <string.h>

#define ROOM        TRAIN_PIECE /* of a cell; a frame that is no train is no longer */
#define HEADERS_MAX 114u        /* Ethernet, IPv6, TCP with all options */
#define MEMBERS_MAX 64u
#define ETHERNET    14u
#define PLAIN       54u /* bytes of headers: Ethernet, IPv4 and TCP without options */
#define LENGTH_MAX  (65535u - ETHERNET) /* of a packet: with its frame it is a pbuf of 16 bits */
#define ACK         0x10u
#define PSH         0x08u

struct cell {
    struct pbuf_custom pbuf; /* the first member: lwIP gives it back by this address */
    struct cell *next;
    bool free, lent; /* lent: its bytes lie in the frame's own memory */
};

/* What of a TCP segment's headers is of interest. */
struct segment {
    uint8_t bytes[HEADERS_MAX];
    bool v6;
    uint32_t tcp, headers; /* where TCP begins; bytes of all headers */
    uint32_t payload;      /* bytes */
    uint32_t sequence;
};

static struct netif *interface;
static struct cell cells[TRAIN_CELLS], *spare;
static unsigned spares;
static uint8_t rooms[TRAIN_CELLS][ROOM];

static struct {
    struct segment first;
    struct cell *member[MEMBERS_MAX];
    unsigned members;
    uint32_t length; /* of the IP packet */
    uint32_t next;   /* sequence number */
} train;

/* ---- Cells. ---- */

static void give_back(struct pbuf *p)
{
    struct cell *c = (struct cell *)(void *)p;

    c->free = true;
    c->next = spare;
    spare = c;
    spares++;
}

void train_init(struct netif *n)
{
    interface = n;
    for (unsigned i = TRAIN_CELLS; i-- > 0;) {
        cells[i].pbuf.custom_free_function = give_back;
        give_back(&cells[i].pbuf.pbuf);
    }
}

static uint8_t *room_of(const struct cell *c)
{
    return rooms[c - cells];
}

unsigned train_spare(void)
{
    return spares;
}

static unsigned out_of_order(const struct tcp_pcb *pcb)
{
    unsigned n = 0;

    for (const struct tcp_seg *s = pcb->ooseq; s != NULL; s = s->next)
        n++;
    return n;
}

/* No cell is free. Segments that came out of order are kept for as long as a peer likes, so the
 * connection that has the most of them loses its own: they can come again. */
static void reclaim(void)
{
    struct tcp_pcb *most = NULL;

    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next)
        if (pcb->ooseq != NULL && (most == NULL || out_of_order(pcb) > out_of_order(most)))
            most = pcb;
    if (most != NULL)
        tcp_free_ooseq(most);
}

/* A cell for bytes of the frame's own memory, or, without, for its own room. NULL: none is free. */
static struct cell *take(const uint8_t *data, uint32_t length)
{
    struct cell *c;

    if (spare == NULL)
        reclaim();
    c = spare;
    if (c == NULL)
        return NULL;
    spare = c->next;
    spares--;
    c->free = false;
    c->lent = data != NULL;
    pbuf_alloced_custom(PBUF_RAW, (uint16_t)length, PBUF_REF, &c->pbuf,
                        c->lent ? (void *)(uintptr_t)data : room_of(c), (uint16_t)length);
    return c;
}

/* ---- Headers. ---- */

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void copy_bytes(const struct train_piece *piece, unsigned count, uint32_t n, uint8_t *to)
{
    for (unsigned i = 0; i < count && n > 0; i++) {
        uint32_t part = piece[i].length < n ? piece[i].length : n;

        memcpy(to, piece[i].data, part);
        to += part;
        n -= part;
    }
}

/* Does it say that it comes from an address of ours, or from 127.0.0.1? Nobody else has those: an answer would
 * come back to us, and be answered, and so on. (Who asks whether it may have an address has not yet: he must
 * hear who has.) */
static bool forged(const uint8_t *b, uint32_t frame)
{
    uint32_t source;

    if (frame >= ETHERNET + 20 && get16(b + 12) == 0x0800) {
        memcpy(&source, b + ETHERNET + 12, sizeof source);
        return b[ETHERNET + 12] == 127 ||
               (source != 0 && source == ip4_addr_get_u32(netif_ip4_addr(interface)));
    }
    if (frame < ETHERNET + 40 || get16(b + 12) != 0x86dd)
        return false;
    for (int8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(interface, i)) &&
            memcmp(netif_ip6_addr(interface, i)->addr, b + ETHERNET + 8, 16) == 0)
            return true;
    return false;
}

/* Is it a plain segment with data, of the kind that can be joined? */
static bool parse(struct segment *s, uint32_t frame)
{
    const uint8_t *b = s->bytes;
    uint32_t packet;

    if (frame < ETHERNET + 40)
        return false;
    s->v6 = get16(b + 12) == 0x86dd;
    if (get16(b + 12) == 0x0800 && b[14] == 0x45 && (get16(b + 20) & 0x3fff) == 0 && b[23] == 6) {
        s->tcp = ETHERNET + 20;
        packet = get16(b + 16);
    } else if (s->v6 && frame >= ETHERNET + 60 && b[14] >> 4 == 6 && b[20] == 6) {
        s->tcp = ETHERNET + 40;
        packet = 40 + get16(b + 18);
    } else {
        return false;
    }
    s->headers = s->tcp + (b[s->tcp + 12] >> 4) * 4u;
    if (packet > LENGTH_MAX || s->headers < s->tcp + 20 || ETHERNET + packet > frame ||
        ETHERNET + packet <= s->headers)
        return false;
    s->payload = ETHERNET + packet - s->headers;
    s->sequence = get16(b + s->tcp + 4) << 16 | get16(b + s->tcp + 6);
    return (b[s->tcp + 13] & ~PSH) == ACK;
}

/* The sum of a header: n bytes, a multiple of four. */
static uint32_t header_sum(const uint8_t *at, uint32_t n)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < n; i += 4) {
        uint32_t word;

        memcpy(&word, at + i, sizeof word);
        sum += word;
    }
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    return (uint32_t)((sum & 0xffff) + (sum >> 16));
}

/* Do the checksums say that it arrived as it was sent? (TCP is summed up where it lies, not in the copy of
 * its header: who could change it meanwhile could have sent it so.) */
static bool sound(const struct segment *s, const struct train_piece *piece, unsigned count)
{
    const uint8_t *b = s->bytes;
    uint32_t left = s->headers + s->payload, skip = s->tcp;
    uint32_t addresses = s->v6 ? 32 : 8, sum = header_sum(b + s->tcp - addresses, addresses);
    bool odd = false;

    if (!s->v6 && header_sum(b + ETHERNET, 20) != 0xffff)
        return false;
    sum += lwip_htons(6) + lwip_htons((uint16_t)(left - s->tcp));
    for (unsigned i = 0; i < count && left > 0; i++) {
        uint32_t n = piece[i].length < left ? piece[i].length : left;
        uint32_t part;

        left -= n;
        if (n <= skip) {
            skip -= n;
            continue;
        }
        part = checksum(piece[i].data + skip, (int)(n - skip));
        sum += odd ? (part & 0xff) << 8 | part >> 8 : part;
        odd ^= (n - skip) & 1;
        skip = 0;
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

/* Are its headers those of the train's first segment, but for what follows from its place? */
static bool alike(const struct segment *s)
{
    const struct segment *f = &train.first;
    const uint8_t *a = f->bytes, *b = s->bytes;

    if (s->headers != f->headers || s->tcp != f->tcp ||
        memcmp(a, b, 16) != 0 || /* addresses, type, version, service */
        memcmp(a + s->tcp, b + s->tcp, 4) != 0 ||
        memcmp(a + s->tcp + 8, b + s->tcp + 8, 5) != 0 ||   /* acknowledged, size of the header */
        memcmp(a + s->tcp + 14, b + s->tcp + 14, 2) != 0 || /* window */
        memcmp(a + s->tcp + 20, b + s->tcp + 20, s->headers - s->tcp - 20) != 0) /* options */
        return false;
    return s->v6 ? memcmp(a + 16, b + 16, 2) == 0 && memcmp(a + 20, b + 20, 34) == 0
                 : memcmp(a + 22, b + 22, 2) == 0 && memcmp(a + 26, b + 26, 8) == 0;
}

/* The same for most, which have no options, and in words: then all that parse() and forged() ask for is so, as it
 * was with the first one, and this finishes the rest of s. */
static bool alike_plain(struct segment *s, uint32_t frame)
{
    static const _Alignas(8) uint8_t equal[PLAIN + 2] = {
        [0 ... 15] = 0xff,    /* addresses, type, version, service */
        [20 ... 23] = 0xff,   /* fragment, time to live, protocol */
        [26 ... 37] = 0xff,   /* addresses, ports */
        [42 ... 46] = 0xff,   /* acknowledged, size of the header */
        [47] = (uint8_t)~PSH, /* flags */
        [48 ... 49] = 0xff,   /* window */
    };
    const struct segment *f = &train.first;
    uint64_t differs = 0;
    uint32_t packet;

    if (frame < sizeof equal || f->headers != PLAIN || f->v6)
        return false;
#pragma GCC unroll 7
    for (unsigned i = 0; i < sizeof equal; i += 8) {
        uint64_t a, b, mask;

        memcpy(&a, f->bytes + i, sizeof a);
        memcpy(&b, s->bytes + i, sizeof b);
        memcpy(&mask, equal + i, sizeof mask);
        differs |= (a ^ b) & mask;
    }
    packet = get16(s->bytes + 16);
    if (differs != 0 || packet > LENGTH_MAX || ETHERNET + packet > frame ||
        ETHERNET + packet <= PLAIN)
        return false;
    s->v6 = false;
    s->tcp = f->tcp;
    s->headers = PLAIN;
    s->payload = ETHERNET + packet - PLAIN;
    s->sequence = get16(s->bytes + s->tcp + 4) << 16 | get16(s->bytes + s->tcp + 6);
    return true;
}

/* Has the train room for s, and does it end where s begins? */
static bool follows(const struct segment *s, unsigned pieces)
{
    return train.members + pieces <= MEMBERS_MAX && s->sequence == train.next &&
           train.length + s->payload <= LENGTH_MAX;
}

/* ---- Trains. ---- */

/* The segment's payload; false: too few cells, and nothing is taken. */
static bool join(const struct segment *s, const struct train_piece *piece, unsigned count)
{
    uint32_t skip = s->headers, left = s->payload;
    unsigned before = train.members;

    for (unsigned i = 0; i < count && left > 0; i++) {
        uint32_t n = piece[i].length - (piece[i].length < skip ? piece[i].length : skip);
        struct cell *c;

        if (n == 0) {
            skip -= piece[i].length;
            continue;
        }
        n = n < left ? n : left;
        c = train.members < MEMBERS_MAX ? take(piece[i].data + skip, n) : NULL;
        if (c == NULL) {
            while (train.members > before)
                give_back(&train.member[--train.members]->pbuf.pbuf);
            return false;
        }
        train.member[train.members++] = c;
        left -= n;
        skip = 0;
    }
    train.length += s->payload;
    train.next = s->sequence + s->payload;
    train.first.bytes[s->tcp + 13] |= s->bytes[s->tcp + 13];
    return true;
}

static void begin(const struct segment *s, const struct train_piece *piece, unsigned count)
{
    struct cell *c = take(NULL, s->headers);

    if (c == NULL)
        return; /* lost, as on any wire */
    train.first = *s;
    train.member[0] = c;
    train.members = 1;
    train.length = s->headers - ETHERNET;
    if (!join(s, piece, count)) {
        give_back(&c->pbuf.pbuf);
        train.members = 0;
    }
}

/* Into lwIP. `checked`: the transport's checksum is known to be right. */
static void enter(struct pbuf *p, bool checked)
{
    if (checked)
        NETIF_SET_CHECKSUM_CTRL(interface, NETIF_CHECKSUM_ENABLE_ALL & ~(NETIF_CHECKSUM_CHECK_IP |
                                                                         NETIF_CHECKSUM_CHECK_TCP |
                                                                         NETIF_CHECKSUM_CHECK_UDP));
    if (interface->input(p, interface) != ERR_OK)
        pbuf_free(p);
    NETIF_SET_CHECKSUM_CTRL(interface, NETIF_CHECKSUM_ENABLE_ALL);
}

void train_end(void)
{
    struct segment *f = &train.first;
    uint32_t total = 0;

    if (train.members == 0)
        return;
    put16(f->bytes + (f->v6 ? 18 : 16), f->v6 ? train.length - 40 : train.length);
    memcpy(room_of(train.member[0]), f->bytes, f->headers);
    for (unsigned i = train.members; i-- > 0;) {
        struct pbuf *p = &train.member[i]->pbuf.pbuf;

        total += p->len;
        p->tot_len = (uint16_t)total;
        p->next = i + 1 < train.members ? &train.member[i + 1]->pbuf.pbuf : NULL;
    }
    enter(&train.member[0]->pbuf.pbuf, true);
    for (unsigned i = 1; i < train.members; i++) {
        struct cell *c = train.member[i];
        struct pbuf *p = &c->pbuf.pbuf;

        if (c->free)
            continue;
        memcpy(room_of(c), p->payload, p->len);
        p->payload = room_of(c);
        c->lent = false;
    }
    train.members = 0;
}

/* A frame that is no segment with data: as it is. */
static void single(const struct train_piece *piece, unsigned count, uint32_t length, bool trusted)
{
    struct cell *c;

    train_end();
    c = length <= ROOM ? take(NULL, length) : NULL;
    if (c == NULL)
        return;
    copy_bytes(piece, count, length, room_of(c));
    enter(&c->pbuf.pbuf, trusted);
}

void train_frame(const struct train_piece *piece, unsigned count, bool trusted)
{
    struct segment s;
    uint32_t length = 0;
    bool same;

    if (count > TRAIN_PIECES)
        return;
    for (unsigned i = 0; i < count; i++) {
        if (piece[i].length > TRAIN_PIECE)
            return; /* would not fit a cell, should lwIP keep it */
        length += piece[i].length;
    }
    if (count > 0 && piece[0].length >= HEADERS_MAX)
        memcpy(s.bytes, piece[0].data, HEADERS_MAX); /* of a size that the compiler knows */
    else
        copy_bytes(piece, count, length < HEADERS_MAX ? length : HEADERS_MAX, s.bytes);
    __asm__ volatile("" ::: "memory"); /* read once: what is checked is what is used */
    same = train.members > 0 && alike_plain(&s, length);
    if (!same && forged(s.bytes, length))
        return;
    if (!same && !parse(&s, length)) {
        single(piece, count, length, trusted);
        return;
    }
    if (!trusted && !sound(&s, piece, count))
        return;
    same = same || (train.members > 0 && alike(&s));
    if (!same || !follows(&s, count) || !join(&s, piece, count)) {
        train_end();
        begin(&s, piece, count);
    }
}
