/*
 * RISC-V's advanced interrupt architecture as an accelerator's kernel provides it in place of devices of
 * ours: the supervisor-level interrupt file of each hart, and perhaps the APLIC in front of them.
 *
 * An accelerator that can do it leaves the table in MachineState.host_aia before the board is made.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_HOST_AIA_H
#define VIREO_HW_CORE_HOST_AIA_H

#include "softmmu/memory.h"
#include "util/event-notifier.h"

typedef struct HostAIAConfig {
    hwaddr aplic;         /* its registers; only with sources */
    unsigned sources;     /* highest source; 0: the APLIC is a device, which sends messages */
    unsigned ids;         /* highest identity of the files: 63, 127, ... */
    unsigned nr_harts;
    const hwaddr *imsic;  /* [nr_harts] page of each hart's file; lives as long as the machine */
    unsigned guest_bits, hart_bits, group_bits, group_shift; /* of those addresses */
    /* It works now: registers can be set, lines driven. A vCPU's thread, before any of them runs. */
    void (*ready)(void *opaque);
    void *opaque;
} HostAIAConfig;

typedef struct HostAIA {
    /* The command line wants the APLIC to be a device of ours. */
    bool split;
    /* Once, while the board is made. The kernel may have fewer identities than were asked for:
     * config->ids says. */
    bool (*create)(HostAIAConfig *config, Error **errp);
    /* Any thread from here on; before ready() the lines and messages are lost. */
    void (*set_line)(unsigned source, bool level);
    void (*send_msi)(hwaddr addr, uint32_t data);
    /* A message that an event descriptor sends, without us: its number, or -errno. */
    int (*add_route)(hwaddr addr, uint32_t data);
    void (*remove_route)(int route);
    bool (*set_irqfd)(int route, const EventNotifier *e, bool on);
    /* Registers of the APLIC by offset, of a hart's file as siselect has them. vCPUs paused. */
    bool (*get_aplic)(unsigned offset, uint32_t *value);
    bool (*set_aplic)(unsigned offset, uint32_t value);
    bool (*get_imsic)(unsigned hart, unsigned reg, uint64_t *value);
    bool (*set_imsic)(unsigned hart, unsigned reg, uint64_t value);
    /* How the kernel does it: "emulated", ... */
    const char *(*mode)(void);
} HostAIA;

#endif
