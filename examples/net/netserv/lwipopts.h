/* SPDX-License-Identifier: BSD-2-Clause */
/** @file  How lwIP is built. */
#ifndef NETSERV_LWIPOPTS_H
#define NETSERV_LWIPOPTS_H

/* One task, no operating system: the raw interface, called from one loop. */
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET          0
#define LWIP_NETCONN         0

#define LWIP_IPV4                  1
#define LWIP_IPV6                  1
/* Link-local addresses are of the link of the device, not of that of the loopback. */
#define LWIP_IPV6_SCOPES           1
#define LWIP_IPV6_NUM_ADDRESSES    4
#define IPV6_FRAG_COPYHEADER       1 /* with pointers of 64 bits */
#define MEMP_NUM_MLD6_GROUP        8
#define LWIP_ARP                   1
#define LWIP_ICMP                  1
#define LWIP_RAW                   1
#define LWIP_UDP                   1
#define LWIP_TCP                   1
#define LWIP_DHCP                  1
#define LWIP_DNS                   1
#define DHCP_DOES_ARP_CHECK        0
#define DNS_TABLE_SIZE             16
#define DNS_MAX_REQUESTS           16
#define DNS_MAX_NAME_LENGTH        256
#define LWIP_NETIF_HOSTNAME        1
#define LWIP_NETIF_STATUS_CALLBACK 1
/* 127.0.0.1 */
#define LWIP_HAVE_LOOPIF           1
#define LWIP_NETIF_LOOPBACK        1

/* Name servers by IPv6, too: names.h. */
#define DNS_MAX_SERVERS                4
#define LWIP_DHCP_MAX_DNS_SERVERS      2
#define LWIP_DHCP6_MAX_DNS_SERVERS     2
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 2
#define LWIP_IPV6_DHCP6                1
#define LWIP_IPV6_DHCP6_STATELESS      1

/* Memory: all of it is set aside, so what is out is out, and says so. */
#define MEM_ALIGNMENT                  8
#define MEM_SIZE                       (2 * 1024 * 1024)
#define MEMP_NUM_PBUF                  2048
#define MEMP_NUM_TCP_PCB               320
#define MEMP_NUM_TCP_PCB_LISTEN        32
#define MEMP_NUM_UDP_PCB               64
#define MEMP_NUM_RAW_PCB               16
#define MEMP_NUM_TCP_SEG               4096
#define MEMP_NUM_REASSDATA             16
#define IP_REASS_MAX_PBUFS             96
#define MEMP_NUM_SYS_TIMEOUT           16
#define PBUF_POOL_SIZE                 64 /* what is received lies in buffers of train.c */
#define PBUF_POOL_BUFSIZE              1536
#define LWIP_SUPPORT_CUSTOM_PBUF       1
/* They compare the window with PBUF_POOL_SIZE; train.c has more than that. */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1

/* TCP: a window as large as a socket's ring (sock.h). */
#define TCP_MSS                  1460
#define LWIP_WND_SCALE           1
#define TCP_RCV_SCALE            2
#define TCP_WND                  (128 * 1024)
#define TCP_SND_BUF              (128 * 1024)
#define TCP_SND_QUEUELEN         512
/* A reader that takes little at a time causes no acknowledgement each time. */
#define TCP_WND_UPDATE_THRESHOLD (TCP_WND / 4)
#define TCP_SNDLOWAT             32768
#define TCP_QUEUE_OOSEQ          1
#define LWIP_TCP_SACK_OUT        1
#define TCP_LISTEN_BACKLOG       1
#define LWIP_HOOK_FILENAME       "hooks.h"
/* A silent peer is given up after half a minute. */
#define LWIP_TCP_RTO_TIME        1000
#define TCP_SYNMAXRTX            4
#define TCP_MSL                  10000UL
#define LWIP_TCP_KEEPALIVE       1
#define SO_REUSE                 1

/* What a train is made of has been checked. */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1

#define LWIP_STATS      0
#define LWIP_NO_CTYPE_H 0

#endif
