# SPDX-License-Identifier: BSD-2-Clause
#
# netdev and netserv, for any image of the network: what they are made of, and what they are given. To be included after DRIVER
# is set, and before sdk.mk; TASKS names netserv, and netdev unless DRIVER is netserv.
network := $(patsubst ./%,%,$(dir $(lastword $(MAKEFILE_LIST))))

# Who drives the device: netdev, a task of its own, which can be killed and started again under live connections; or
# netserv itself, which saves the switches between the two for each packet. netserv/wire.h tells more.
#
# Registers, interrupt and memory of this one device, and nothing else of the machine. The memory: queues, and room for
# frames to be sent; receive buffers; and an area for each bulk client.
# As whole programs, functions within others where it saves a call: a packet passes through many small ones of many files.
# Nobody computes with floating point, so no registers of it need be kept apart.
network_flags := -O3 -flto=auto -mgeneral-regs-only
ifeq ($(DRIVER),netdev)
netdev.sources  := $(wildcard $(network)netdev/*.c)
netdev.cflags   := $(network_flags)
netdev.hot      := $(network)netdev/hot
netdev.provides := net
netdev.uses     := console
netdev.devices  := virtio-net
netdev.dma      := 256K 4M 1M 1M 1M
netdev.restart  := always
# They go before most programs, so that what is to be sent leaves at once. Neither goes before the other, nor before the
# programs that answer the network (httpd, echod, iperfd): so each works off all there is before its turn ends, and none
# of them falls behind.
netdev.priority := 40
netserv.uses    := net
network_wire    := netserv/wire_netdev.c
else ifeq ($(DRIVER),netserv)
netserv.devices := virtio-net
netserv.dma     := 768K 1M
network_wire    := netserv/wire_device.c $(addprefix netdev/,driver.c registers.c nic.c virtio.c virtqueue.c)
else
$(error DRIVER is '$(DRIVER)': netdev or netserv)
endif

# lwIP as `make setup` has fetched it; this task is made of it and a part of the pipes example.
lwip := $(abspath $(or $(LWIP),$(or $(UKERN_BUILD),$(network)../../build)/third_party/lwip))
lwip_sources := altcp altcp_alloc altcp_tcp def dhcp dhcp6 dns etharp ethernet ethip6 icmp icmp6 inet6 inet_chksum init ip ip4 ip4_addr \
    ip4_frag ip6 ip6_addr ip6_frag mld6 nd6 mem memp netif pbuf raw stats sys tcp tcp_in tcp_out timeouts udp
netserv.sources  := $(filter-out %/wire_netdev.c %/wire_device.c,$(wildcard $(network)netserv/*.c)) $(addprefix $(network),$(network_wire)) \
    $(network)../pipes/pipeserv/pipe.c $(lwip_sources:%=$(lwip)/%.c)
# The sum: what system headers include is no dependency, and lwipopts.h is included by lwIP's.
netserv.cflags   := -I$(network)netserv -isystem $(lwip) -DOPTIONS=$(firstword $(shell cksum <$(network)netserv/lwipopts.h)) \
    -Wno-cast-qual -Wno-shadow -Wno-address -Wno-unused-parameter $(network_flags)
netserv.hot      := $(network)netserv/hot
netserv.provides := socket
netserv.uses     += console
netserv.memory   := 112M
netserv.priority := 40
netserv.restart  := always

ifeq ($(filter clean help,$(MAKECMDGOALS))$(wildcard $(lwip)/tcp.c),)
$(error lwIP is not in $(lwip): `make setup` in the SDK's source folder fetches it to build/third_party/lwip; elsewhere say where it is by LWIP=DIR)
endif
