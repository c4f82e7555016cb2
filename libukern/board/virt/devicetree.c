/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One walk over the children of the root, by libfdt, which checks every offset. The tree is not
 * trusted: each property's length is checked before it is read, each sum before it is made.
 */
#include <libfdt.h>
#include "devicetree.h"
#include "kmap.h"
#include "machine.h"

#define DTB_SIZE_MAX (UINT64_C(2) << 20) /* the boot protocol's limit */

#define PPI_FIRST 16 /* a tree counts private interrupts from the first one */

/* Cells of an address and of a size in the children's reg. */
struct cells {
    int address, size;
};

#define refuse(...) ukern_panic("device tree: " __VA_ARGS__)

static const void *property(const void *fdt, int node, const char *name, int *length)
{
    const void *p = fdt_getprop(fdt, node, name, length);

    if (!p && *length != -FDT_ERR_NOTFOUND)
        refuse("it is damaged (error %d at property %s)", -*length, name);
    return p;
}

static bool compatible(const char *list, int length, const char *name)
{
    return list && fdt_stringlist_contains(list, length, name);
}

static uint64_t read_cells(const char *p, int cells)
{
    uint64_t value = 0;

    for (int i = 0; i < cells; i++)
        value = value << 32 | fdt32_ld((const fdt32_t *)(const void *)(p + 4 * i));
    return value;
}

static struct cells node_cells(const void *fdt, int node)
{
    struct cells c = {fdt_address_cells(fdt, node), fdt_size_cells(fdt, node)};

    if (c.address < 1 || c.address > 2 || c.size < 1 || c.size > 2)
        refuse("#address-cells and #size-cells must be 1 or 2");
    return c;
}

/* Entry i of a node's reg; false: there is none. */
static bool node_reg(const void *fdt, int node, struct cells c, int i, struct range *out)
{
    int length, entry = 4 * (c.address + c.size);
    const char *reg = property(fdt, node, "reg", &length);
    uint64_t start, size;

    if (!reg || length / entry <= i)
        return false;
    start = read_cells(reg + i * entry, c.address);
    size = read_cells(reg + i * entry + 4 * c.address, c.size);
    if (size > UINT64_MAX - start)
        refuse("the address range at %lx of %s wraps around", start, fdt_get_name(fdt, node, NULL));
    *out = (struct range){start, start + size};
    return true;
}

/* Whole pages inside (RAM) or around (reserved) a range, as far as the linear map reaches. */
static void add_pages(struct range_list *l, struct range r, bool inside)
{
    paddr_t limit = LINEAR_SIZE;
    paddr_t start = min_u64(r.start, limit), end = min_u64(r.end, limit);

    if (inside ? !range_add(l, page_up(start), page_down(end))
               : !range_add(l, page_down(start), page_up(end)))
        refuse("more than %u memory ranges", RANGES_MAX);
}

/* A node may be there for somebody else: the secure world's memory, for one. */
static bool enabled(const void *fdt, int node)
{
    int length;
    const char *status = property(fdt, node, "status", &length);

    return !status || (length == 5 && !memcmp(status, "okay", 5)) ||
           (length == 3 && !memcmp(status, "ok", 3));
}

/* Memory has a type and nothing that it would be compatible with. */
static void read_memory(const void *fdt, int node, struct cells c, struct machine *m)
{
    int length;
    const char *type = property(fdt, node, "device_type", &length);
    struct range r;

    if (!type || length != 7 || memcmp(type, "memory", 7) || !enabled(fdt, node))
        return;

    for (int i = 0; node_reg(fdt, node, c, i, &r); i++)
        add_pages(&m->ram, r, true);
}

static void read_reserved(const void *fdt, int parent, struct machine *m)
{
    struct cells c = node_cells(fdt, parent);
    struct range r;
    int node, length;

    for (node = fdt_first_subnode(fdt, parent); node >= 0; node = fdt_next_subnode(fdt, node)) {
        bool unmapped = property(fdt, node, "no-map", &length);
        for (int i = 0; node_reg(fdt, node, c, i, &r); i++) {
            add_pages(&m->reserved, r, false);
            if (unmapped)
                add_pages(&m->unmapped, r, false);
        }
    }
    if (node != -FDT_ERR_NOTFOUND)
        refuse("it is damaged (error %d in /reserved-memory)", -node);
}

static void read_reserve_map(const void *fdt, struct machine *m)
{
    int count = fdt_num_mem_rsv(fdt);

    if (count < 0)
        refuse("it is damaged (error %d in the reserve map)", -count);
    for (int i = 0; i < count; i++) {
        uint64_t start, size;
        if (fdt_get_mem_rsv(fdt, i, &start, &size) || size > UINT64_MAX - start)
            refuse("entry %d of the reserve map is damaged", i);
        add_pages(&m->reserved, (struct range){start, start + size}, false);
    }
}

/* A physical address of one or two cells; 0: not there. */
static uint64_t read_address(const void *fdt, int node, const char *name)
{
    int length;
    const char *p = property(fdt, node, name, &length);

    if (!p)
        return 0;
    if (length != 4 && length != 8)
        refuse("%s must have 4 or 8 bytes, not %d", name, length);
    return read_cells(p, length / 4);
}

static void read_chosen(const void *fdt, int node, struct machine *m)
{
    int length;
    const char *p = property(fdt, node, "bootargs", &length);

    if (p && (length < 1 || p[length - 1]))
        refuse("bootargs does not end");
    if (p)
        m->arguments = p;
    m->initrd.start = read_address(fdt, node, "linux,initrd-start");
    m->initrd.end = read_address(fdt, node, "linux,initrd-end");
    p = property(fdt, node, "rng-seed", &length);
    if (p && length >= 8)
        m->seed = read_cells(p, 2);
}

static void read_psci(const void *fdt, int node, struct machine *m)
{
    int length;
    const char *method = property(fdt, node, "method", &length);

    if (!method || (length != 4 || (memcmp(method, "hvc", 4) && memcmp(method, "smc", 4))))
        refuse("the method of psci must be hvc or smc");
    m->firmware = method[0] == 'h' ? FIRMWARE_HVC : FIRMWARE_SMC;
}

static void read_gic(const void *fdt, int node, struct cells c, unsigned version, struct machine *m)
{
    m->gic_version = version;
    for (int i = 0; i < GIC_REGIONS; i++) {
        if (!node_reg(fdt, node, c, i, &m->gic[i]) || m->gic[i].end - m->gic[i].start < PAGE_SIZE)
            refuse("the interrupt controller lacks region %d", i);
    }
}

static void read_timer(const void *fdt, int node, struct machine *m)
{
    int length;
    const char *p = property(fdt, node, "interrupts", &length);
    uint32_t number;

    /* Secure, non-secure, virtual: three cells each, {1, number, flags} for a private interrupt. */
    if (!p || length < 36 || read_cells(p + 24, 1) != 1)
        refuse("the timer has no virtual interrupt");
    number = (uint32_t)read_cells(p + 28, 1);
    if (number >= 16)
        refuse("the timer's interrupt %u is not a private one", number);
    m->timer_irq = PPI_FIRST + number;
}

static void read_node(const void *fdt, int node, struct cells c, struct machine *m)
{
    int length;
    const char *name = fdt_get_name(fdt, node, &length);
    const char *list;
    struct range r;

    if (!name)
        refuse("it is damaged (error %d at a name)", -length);
    if (!strcmp(name, "chosen"))
        read_chosen(fdt, node, m);
    if (!strcmp(name, "reserved-memory"))
        read_reserved(fdt, node, m);
    list = property(fdt, node, "compatible", &length);
    if (!list)
        read_memory(fdt, node, c, m);
    if (!list || compatible(list, length, "virtio,mmio") || !enabled(fdt, node))
        return;
    if (compatible(list, length, "arm,psci-0.2") || compatible(list, length, "arm,psci-1.0"))
        read_psci(fdt, node, m);
    else if (compatible(list, length, "arm,armv8-timer"))
        read_timer(fdt, node, m);
    else if (compatible(list, length, "arm,cortex-a15-gic") ||
             compatible(list, length, "arm,gic-400"))
        read_gic(fdt, node, c, 2, m);
    else if (compatible(list, length, "arm,gic-v3"))
        read_gic(fdt, node, c, 3, m);
    else if (compatible(list, length, "arm,pl011") && node_reg(fdt, node, c, 0, &r))
        m->uart = r.start;
}

/* Map the tree, the header first, since it tells the size. */
static const void *map_tree(paddr_t dtb, struct machine *m)
{
    const void *fdt = arch_phys_to_virt(dtb);
    int error;

    if (!dtb || dtb & 7)
        refuse("x0 held %lx at the start: boot the raw image, not the ELF file, so that the "
               "loader passes the tree's address",
               dtb);
    if (dtb >= LINEAR_SIZE - DTB_SIZE_MAX ||
        !kmap_ram(page_down(dtb), page_up(dtb + sizeof(struct fdt_header)), true))
        refuse("it lies beyond %lx", LINEAR_SIZE);
    error = fdt_check_header(fdt);
    if (error)
        refuse("there is no sound one at %lx (error %d)", dtb, -error);
    if (fdt_off_mem_rsvmap(fdt) & 7 || fdt_off_dt_struct(fdt) & 3)
        refuse("its parts are not aligned");
    m->dtb = dtb;
    m->dtb_size = fdt_totalsize(fdt);
    if (m->dtb_size > DTB_SIZE_MAX)
        refuse("its %lu bytes are more than 2 MiB", m->dtb_size);
    if (!kmap_ram(page_down(dtb), page_up(dtb + m->dtb_size), true))
        refuse("no room to map it");
    return fdt;
}

void devicetree_read(paddr_t dtb, struct machine *m)
{
    const void *fdt = map_tree(dtb, m);
    struct cells c = node_cells(fdt, 0);
    int node;

    m->arguments = "";
    m->uart = UART_USUAL;
    read_reserve_map(fdt, m);
    for (node = fdt_first_subnode(fdt, 0); node >= 0; node = fdt_next_subnode(fdt, node))
        read_node(fdt, node, c, m);
    if (node != -FDT_ERR_NOTFOUND)
        refuse("it is damaged (error %d)", -node);
    if (!m->ram.count)
        refuse("it describes no memory");
    if (!m->gic_version)
        refuse("it describes no GICv2 or GICv3 interrupt controller");
    if (!m->timer_irq)
        refuse("it describes no Arm generic timer");
}
