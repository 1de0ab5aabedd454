/*
 * Sockets of the `virt` board: one for each NUMA node, with the node's harts, which must follow each
 * other because interrupt controllers number them from a base.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/riscv/virt.h"

/* Harts of a node; *first is the first. False if others lie between them. */
static bool find_harts(const MachineState *ms, int node, VirtSocket *socket)
{
    unsigned last = 0;

    *socket = (VirtSocket){ 0 };
    for (unsigned n = 0; n < ms->smp.cpus; n++) {
        if (numa_cpu_node(&ms->numa, n) == node) {
            if (!socket->nr_harts++) {
                socket->first_hart = n;
            }
            last = n;
        }
    }
    return !socket->nr_harts || last - socket->first_hart + 1 == socket->nr_harts;
}

bool virt_make_sockets(VirtMachineState *s, Error **errp)
{
    MachineState *ms = MACHINE(s);

    s->nr_sockets = MAX(ms->numa.nr_nodes, 1);
    if (s->nr_sockets > VIRT_MAX_SOCKETS) {
        error_setg(errp, "-numa node: the board has room for %d nodes, not %u", VIRT_MAX_SOCKETS,
                   s->nr_sockets);
        return false;
    }
    for (unsigned n = 0; n < s->nr_sockets; n++) {
        VirtSocket *socket = &s->sockets[n];

        if (!find_harts(ms, (int)n, socket)) {
            error_setg(errp, "-numa: the CPUs of node %u do not follow each other; each node's "
                       "must, as in cpus=0-1 and cpus=2-3", n);
            return false;
        }
        if (!socket->nr_harts) {
            error_setg(errp, "-numa: node %u has no CPU; on this board each must have one", n);
            return false;
        }
    }
    return true;
}

/* As on QEMU's board: the second socket takes the virtio devices, the third PCIe. */
unsigned virt_irq_socket(const VirtMachineState *s, VirtMap map)
{
    unsigned wanted = map == VIRT_VIRTIO ? 1 : map == VIRT_PCIE_ECAM ? 2 : 0;

    /* The kernel has one APLIC for all sockets. */
    return virt_has_kernel_aplic(s) ? 0 : MIN(wanted, s->nr_sockets - 1);
}
