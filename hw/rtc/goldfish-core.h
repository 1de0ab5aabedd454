/*
 * The register machine of the goldfish real-time clock: nanoseconds since 1970 in two halves, one
 * alarm. No lock, no I/O; the host's time is handed in.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_RTC_GOLDFISH_CORE_H
#define VIREO_HW_RTC_GOLDFISH_CORE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RTC_TIME_LOW = 0x00,  /* reading it latches the high half */
    RTC_TIME_HIGH = 0x04,
    RTC_ALARM_LOW = 0x08, /* writing it arms the alarm with the high half written before */
    RTC_ALARM_HIGH = 0x0c,
    RTC_IRQ_ENABLED = 0x10,
    RTC_CLEAR_ALARM = 0x14,
    RTC_ALARM_STATUS = 0x18,
    RTC_CLEAR_INTERRUPT = 0x1c,
    RTC_SIZE = 0x24,
};

typedef struct GoldfishCore {
    uint64_t offset;      /* ns that the guest's clock is ahead of the host's */
    uint64_t alarm;       /* ns, guest's clock */
    uint32_t time_high;   /* latched */
    bool alarm_armed;
    bool irq_pending;
    bool irq_enabled;
} GoldfishCore;

/* Both return false where there is no register. host_ns: ns since 1970, as the host says. */
bool goldfish_core_read(GoldfishCore *c, uint64_t addr, uint64_t host_ns, uint32_t *value);
bool goldfish_core_write(GoldfishCore *c, uint64_t addr, uint32_t value, uint64_t host_ns);

/* Fires the alarm if it is due. */
void goldfish_core_tick(GoldfishCore *c, uint64_t host_ns);
/* Host time at which the alarm is due; false if none is armed. */
bool goldfish_core_deadline(const GoldfishCore *c, uint64_t *host_ns);
bool goldfish_core_irq(const GoldfishCore *c);

#endif
