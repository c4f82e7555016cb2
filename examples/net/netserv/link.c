/* SPDX-License-Identifier: BSD-2-Clause */
#include "link.h"

#include <ctype.h>
#include <lwip/dhcp.h>
#include <lwip/dhcp6.h>
#include <lwip/dns.h>
#include <lwip/ethip6.h>
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <stdio.h>
#include <string.h>
#include <ukern/error.h>
#include <ukern/irq.h>

#include "names.h"
#include "train.h"
#include "wire.h"

#define BATCH       (64u + TRAIN_PIECES)
#define TURN        256u /* frames of one run, which is over then: requests have their turn */
#define ROUNDS      16u  /* and so it is after these */
#define MILLISECOND UINT64_C(1000000)
#define SECOND      UINT64_C(1000000000)
/* After so long without a frame nothing is going on that a timer of lwIP would be needed for,
 * unless a connection is open: a late tick only keeps an ARP entry a little longer. */
#define QUIET       (5 * SECOND)
#define NAP         (60 * SECOND)
#define MTU_MIN     576u
#define MTU_MAX     1500u
#define RETRY       1000u /* milliseconds */
#define TOO_SMALL   1     /* no error of the system: the device's MTU */

static struct netif nif;
static ukern_handle our_port;
static struct link_config config;
static bool out_of_room;
static unsigned mtu; /* what the device offers */
static bool unsent;  /* frames were sent, but not let out */
static bool asleep;  /* the wire wakes us when something comes */
static uint64_t now; /* read once at each event: a system call each time would cost much */
static uint64_t last_frame;

uint32_t sys_now(void)
{
    return (uint32_t)(now / MILLISECOND);
}

uint64_t link_now(void)
{
    return now;
}

uint32_t link_random(void)
{
    static uint64_t state;

    /* splitmix64, stirred with the time of each call. */
    state += UINT64_C(0x9e3779b97f4a7c15) + clock_now();
    uint64_t z = state;

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32);
}

static err_t output(struct netif *n, struct pbuf *p)
{
    uint8_t *room;

    (void)n;
    if (p->tot_len > WIRE_FRAME)
        return ERR_VAL;
    room = wire_room();
    if (room == NULL) {
        out_of_room = true;
        return wire_is_open() ? ERR_MEM : ERR_IF; /* TCP keeps it */
    }
    pbuf_copy_partial(p, room, p->tot_len, 0);
    wire_send(p->tot_len);
    unsent = true;
    last_frame = now;
    return ERR_OK;
}

/* Buffers whose frames are in the train: given back when it has passed. */
static uint32_t held[BATCH];
static unsigned holds;

static void end_train(void)
{
    train_end();
    for (unsigned i = 0; i < holds; i++)
        wire_give_back(held[i]);
    holds = 0;
    if (unsent)
        wire_flush(); /* an acknowledgement: the peer shall not wait until all has passed */
    unsent = false;
}

/* The buffers of one frame; 0: there is none. */
static unsigned next_frame(struct train_piece piece[TRAIN_PIECES], bool *trusted)
{
    static const uint8_t nothing[1];
    const uint8_t *data;
    unsigned count = 0;
    struct net_desc d;
    bool good = true;

    while (wire_receive(&d, &data)) {
        if (count == 0)
            *trusted = d.flags & (NET_CSUM_PARTIAL | NET_CSUM_GOOD);
        good &= data != NULL;
        held[holds++] = d.id;
        piece[count++] = (struct train_piece){data, d.length};
        if (!(d.flags & NET_MORE))
            break;
        if (count == TRAIN_PIECES) { /* more than a frame has: the rest is none either */
            good = false;
            break;
        }
    }
    if (count > 0 && !good) { /* one byte is a frame that nobody takes */
        piece[0] = (struct train_piece){nothing, 1};
        count = 1;
    }
    return count;
}

/* Frames that have come, at most so many. How many are left of that: 0: more may be there. */
static unsigned take_in(unsigned left)
{
    struct train_piece piece[TRAIN_PIECES];
    bool trusted = false;
    unsigned count;

    while (left > 0 && (count = next_frame(piece, &trusted)) > 0) {
        train_frame(piece, count, trusted);
        if (holds > BATCH - TRAIN_PIECES)
            end_train();
        last_frame = now;
        left--;
    }
    end_train();
    return left;
}

static void ask_dhcp(void);
static void reopen(void *arg);

/* A netdev that has taken its memory back, or lies: for connections it is as if it had died. */
static void drop_broken(void)
{
    static uint64_t quiet_until;

    if (!wire_broken())
        return;
    asleep = false;
    wire_close();
    sys_timeout(RETRY, reopen, NULL);
    if (now >= quiet_until)
        fprintf(stderr,
                "netserv: the driver of the network has cut us off, or lies: it is asked anew\n");
    quiet_until = now + NAP;
}

static void link_state(void)
{
    bool up = wire_link();

    if (up && !netif_is_link_up(&nif)) {
        netif_set_link_up(&nif);
        ask_dhcp();
    } else if (!up && netif_is_link_up(&nif))
        netif_set_link_down(&nif);
}

/* Take in at most so many frames, and send what waited for room. How many are left of that. */
static unsigned exchange(unsigned left)
{
    asleep = false;
    wire_awake();
    link_state();
    left = take_in(left);
    if (out_of_room && wire_room() != NULL) {
        out_of_room = false;
        tcp_txnow();
    }
    return left;
}

/* May timers come late? */
static bool quiet(void)
{
    return wire_is_open() && now - last_frame > QUIET && tcp_active_pcbs == NULL &&
           (netif_dhcp_data(&nif) == NULL || dhcp_supplied_address(&nif));
}

static uint64_t next_deadline(void)
{
    uint32_t sleep = sys_timeouts_sleeptime();
    uint64_t latest = wire_deadline(), next = UKERN_FOREVER;

    if (quiet())
        next = now + NAP;
    else if (sleep != SYS_TIMEOUTS_SLEEPTIME_INFINITE)
        next = now + sleep * MILLISECOND;
    return next < latest ? next : latest;
}

void link_flush(void)
{
    if (unsent && wire_is_open())
        wire_flush();
    unsent = false;
}

/* Has nothing come since we slept, and is nothing due? */
static bool idle(void)
{
    return asleep && wire_deadline() > now && sys_timeouts_sleeptime() > 0;
}

uint64_t link_run(void)
{
    unsigned left = TURN;

    link_flush(); /* an answer: it shall not wait for what comes in */
    now = clock_now();
    if (idle()) {
        netif_poll_all();
        link_flush();
        if (!out_of_room)
            return next_deadline();
    }
    for (unsigned round = 0; round < ROUNDS && left > 0; round++) {
        drop_broken();
        if (wire_is_open())
            left = exchange(left);
        sys_check_timeouts();
        netif_poll_all();
        if (!wire_is_open())
            return next_deadline();
        wire_flush();
        unsent = false;
        asleep = left > 0 && wire_may_sleep(out_of_room);
        if (asleep)
            return next_deadline();
    }
    return now;
}

bool link_ready(void)
{
    if (!netif_is_link_up(&nif))
        return false;
    for (int8_t i = 1; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(&nif, i)))
            return true;
    return !ip4_addr_isany_val(*netif_ip4_addr(&nif));
}

/* The address that a router's announcement has made. */
static void say_address6(struct netif *n)
{
    static bool said;
    char text[IP6ADDR_STRLEN_MAX];

    for (int8_t i = 1; i < LWIP_IPV6_NUM_ADDRESSES && !said; i++) {
        if (!ip6_addr_ispreferred(netif_ip6_addr_state(n, i)))
            continue;
        ip6addr_ntoa_r(netif_ip6_addr(n, i), text, sizeof text);
        for (char *c = text; *c != 0; c++)
            *c = (char)tolower((unsigned char)*c);
        printf("[netserv] %s, by the router\n", text);
        fflush(stdout);
        said = true;
    }
}

static void say_address(struct netif *n)
{
    static ip4_addr_t said;
    char address[16], gateway[16];

    say_address6(n);
    if (ip4_addr_isany_val(*netif_ip4_addr(n)) || ip4_addr_cmp(&said, netif_ip4_addr(n)))
        return;
    said = *netif_ip4_addr(n);
    ip4addr_ntoa_r(netif_ip4_addr(n), address, sizeof address);
    ip4addr_ntoa_r(netif_ip4_gw(n), gateway, sizeof gateway);
    printf("[netserv] %s, gateway %s, %s\n", address, gateway,
           dhcp_supplied_address(n) ? "by DHCP" : "as configured");
    fflush(stdout);
}

static void use_static(void)
{
    ip_addr_t dns;

    netif_set_addr(&nif, &config.address, &config.mask, &config.gateway);
    ip_addr_copy_from_ip4(dns, config.dns);
    names_set(0, &dns);
}

static void give_up_dhcp(void *arg)
{
    static bool said;

    (void)arg;
    if (dhcp_supplied_address(&nif) || !netif_is_link_up(&nif))
        return;
    if (!said)
        printf("[netserv] no DHCP server has answered\n");
    said = true;
    fflush(stdout);
    if (ip4_addr_isany_val(config.address))
        return; /* go on asking */
    dhcp_release_and_stop(&nif);
    use_static();
}

/* At first, and when the link comes up: it may lead to another network now, whose DHCP server
 * answers. Until then the address stays what it is. */
static void ask_dhcp(void)
{
    if (!config.dhcp || !netif_is_up(&nif) || dhcp_supplied_address(&nif))
        return;
    sys_untimeout(give_up_dhcp, NULL);
    sys_timeout(config.patience * 1000, give_up_dhcp, NULL);
    dhcp_start(&nif);
}

static err_t setup(struct netif *n)
{
    n->name[0] = 'e';
    n->name[1] = 'n';
    n->mtu = MTU_MAX;
    n->hwaddr_len = 6;
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    n->output = etharp_output;
    n->output_ip6 = ethip6_output;
    n->linkoutput = output;
    n->hostname = "ukern";
    return ERR_OK;
}

static int open_device(void)
{
    struct net_info info;
    int error = wire_open(our_port, &info);

    if (error != UKERN_OK)
        return error;
    mtu = info.mtu;
    if (mtu < MTU_MIN) {
        wire_close();
        return TOO_SMALL;
    }
    memcpy(nif.hwaddr, info.mac, sizeof info.mac);
    nif.mtu = info.mtu < MTU_MAX ? info.mtu : MTU_MAX; /* larger ones would not fit WIRE_FRAME */
    asleep = false;
    out_of_room = false;
    return UKERN_OK;
}

/* There is a device, for the first time or again. */
static void start(void)
{
    static bool started;

    link_state();
    if (started) {
        tcp_txnow();
        return;
    }
    started = true;
    netif_set_default(&nif);
    netif_create_ip6_linklocal_address(&nif, 1);
    netif_set_ip6_autoconfig_enabled(&nif, 1);
    dhcp6_enable_stateless(&nif);
    netif_set_up(&nif);
    if (config.dhcp)
        ask_dhcp();
    else
        use_static();
}

static void complain(int error)
{
    if (error == TOO_SMALL)
        fprintf(stderr,
                "netserv: frames of %u bytes at most are too small for IP: the device's MTU must "
                "be %u or more\n",
                mtu, MTU_MIN);
    else
        fprintf(stderr, "netserv: there is no network: %s\n", wire_strerror(error));
}

/* Open the device, or try again in a second. */
static void reopen(void *arg)
{
    static int said;
    int error = open_device();

    (void)arg;
    if (error == UKERN_OK) {
        said = UKERN_OK;
        start();
        return;
    }
    if (error != said)
        complain(error);
    said = error;
    netif_set_link_down(&nif);
    sys_timeout(RETRY, reopen, NULL);
}

void link_init(ukern_handle port, const struct link_config *c)
{
    our_port = port;
    config = *c;
    lwip_init();
    netif_add(&nif, NULL, NULL, NULL, NULL, setup, netif_input);
    netif_set_status_callback(&nif, say_address);
    train_init(&nif);
    now = clock_now();
    reopen(NULL);
}

void link_woken(uint64_t bits)
{
    if (bits & WIRE_BITS) {
        asleep = false;
        wire_woken();
    }
}

void link_hangup(uint64_t gone)
{
    if (wire_hangup(gone))
        reopen(NULL);
}
