/* SPDX-License-Identifier: BSD-2-Clause */
#include "link.h"

#include <ctype.h>
#include <lwip/dhcp.h>
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
#include <ukern/task.h>

#include "../netdev/net.h"
#include "../netdev/net_client.h"
#include "train.h"

#define SLOTS       NET_SLOTS
#define BATCH       (64u + TRAIN_PIECES)
#define SLOT_SIZE   2048u /* a frame and room to spare */
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
static struct net net;
static ukern_handle our_port;
static struct link_config config;
static uint16_t free_slot[SLOTS];
static unsigned free_slots;
static bool out_of_room;
static ukern_handle server = -1; /* netdev's, with a badge of our own */
static uint64_t badge;           /* of netdev's handle of our port */
static unsigned mtu;             /* what netdev offers */
static uint64_t now; /* read once at each event: a system call each time would cost much */
static uint64_t last_frame;

uint32_t sys_now(void)
{
    return (uint32_t)(now / MILLISECOND);
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

static void reap(void)
{
    struct net_done done;

    while (net_done(&net, &done))
        if (done.id < SLOTS && free_slots < SLOTS)
            free_slot[free_slots++] = (uint16_t)done.id;
}

static err_t output(struct netif *n, struct pbuf *p)
{
    struct net_desc d = {.length = p->tot_len};

    (void)n;
    if (net.area == NULL)
        return ERR_IF;
    if (p->tot_len > SLOT_SIZE)
        return ERR_VAL;
    if (free_slots == 0)
        reap();
    if (free_slots == 0 || net_room(&net) == 0) {
        out_of_room = true;
        return ERR_MEM; /* TCP keeps it */
    }
    d.id = free_slot[--free_slots];
    d.offset = d.id * SLOT_SIZE;
    pbuf_copy_partial(p, net.data + d.offset, p->tot_len, 0);
    net_transmit(&net, &d, 1);
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
        net_return(&net, held[i]);
    holds = 0;
}

/* The buffers of one frame; 0: there is none. */
static unsigned next_frame(struct train_piece piece[TRAIN_PIECES], bool *trusted)
{
    unsigned count = 0;
    struct net_desc d;
    bool good = true;

    while (net_receive(&net, &d)) {
        if (count == 0)
            *trusted = d.flags & (NET_CSUM_PARTIAL | NET_CSUM_GOOD);
        good &= d.offset <= net.pool_size && d.length <= net.pool_size - d.offset;
        if (count < TRAIN_PIECES) {
            held[holds++] = d.id;
            piece[count++] = (struct train_piece){net.pool + d.offset, d.length};
        } else {
            net_return(&net, d.id); /* more than a frame has: nothing leads there */
            good = false;
        }
        if (!(d.flags & NET_MORE))
            break;
    }
    if (count > 0 && !good) { /* one byte is a frame that nobody takes */
        piece[0] = (struct train_piece){net.pool, 1};
        count = 1;
    }
    return count;
}

/* Frames that have come. */
static bool take_in(void)
{
    struct train_piece piece[TRAIN_PIECES];
    bool any = false, trusted = false;
    unsigned count;

    while ((count = next_frame(piece, &trusted)) > 0) {
        train_frame(piece, count, trusted);
        if (holds > BATCH - TRAIN_PIECES)
            end_train();
        any = true;
    }
    end_train();
    if (any)
        last_frame = now;
    return any;
}

static void ask_dhcp(void);

static void link_state(void)
{
    bool up = net.area != NULL && __atomic_load_n(&net.area->link, __ATOMIC_RELAXED) != 0;

    if (up && !netif_is_link_up(&nif)) {
        netif_set_link_up(&nif);
        ask_dhcp();
    } else if (!up && netif_is_link_up(&nif))
        netif_set_link_down(&nif);
}

/* May timers come late? */
static bool quiet(void)
{
    return net.area != NULL && now - last_frame > QUIET && tcp_active_pcbs == NULL &&
           (netif_dhcp_data(&nif) == NULL || dhcp_supplied_address(&nif));
}

static uint64_t next_deadline(void)
{
    uint32_t sleep = sys_timeouts_sleeptime();

    if (quiet())
        return now + NAP;
    return sleep == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? UKERN_FOREVER : now + sleep * MILLISECOND;
}

uint64_t link_run(void)
{
    now = clock_now();
    for (;;) {
        if (net.area != NULL) {
            link_state();
            take_in();
            reap();
            if (out_of_room && free_slots > 0) {
                out_of_room = false;
                tcp_txnow();
            }
        }
        sys_check_timeouts();
        netif_poll_all();
        if (net.area == NULL)
            return next_deadline();
        net_flush(&net);
        if (net_may_sleep(&net, out_of_room ? NET_WAKE_RX | NET_WAKE_DONE : NET_WAKE_RX))
            return next_deadline();
    }
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
    if (!ip_addr_isany(&dns))
        dns_setserver(0, &dns);
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
    int error;

    net_close(&net);
    if (server >= 0)
        handle_close(server);
    server = task_handle("net");
    if (server < 0)
        return server;
    /* A badge of its own ends with this task: the next netserv finds its place free. */
    server = net_dup(server);
    if (server < 0)
        return server;
    badge = badge == 0 ? LINK_BADGE : badge + 1;
    error = net_open(&net, server, our_port, LINK_WAKE, badge, NET_FILTER_OWN, 0);
    if (error == UKERN_OK) {
        error = net_info(net.server, &info);
        if (error != UKERN_OK)
            net_close(&net);
    }
    if (error != UKERN_OK)
        return error;
    mtu = info.mtu;
    if (mtu < MTU_MIN) {
        net_close(&net);
        return TOO_SMALL;
    }
    memcpy(nif.hwaddr, info.mac, sizeof info.mac);
    nif.mtu = info.mtu < MTU_MAX ? info.mtu : MTU_MAX; /* larger ones would not fit a slot */
    free_slots = 0;
    for (uint16_t i = 0; i < SLOTS && (i + 1) * (size_t)SLOT_SIZE <= net.data_size; i++)
        free_slot[free_slots++] = i;
    out_of_room = false;
    return UKERN_OK;
}

/* netdev serves us, for the first time or again. */
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
    else if (error == UKERN_ENOENT)
        fprintf(stderr, "netserv: there is no network: no driver provides `net`\n");
    else
        fprintf(stderr, "netserv: no network device: %s\n", ukern_strerror(error));
}

/* Open netdev, or try again in a second. */
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

void link_hangup(uint64_t gone)
{
    if (net.area != NULL && gone == badge)
        reopen(NULL);
}
