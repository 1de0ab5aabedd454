/*
 * Goldfish real-time clock: the register machine.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/rtc/goldfish-core.h"

#include "util/bits.h"

bool goldfish_core_read(GoldfishCore *c, uint64_t addr, uint64_t host_ns, uint32_t *value)
{
    uint64_t now = host_ns + c->offset;

    switch (addr) {
    case RTC_TIME_LOW:
        c->time_high = (uint32_t)(now >> 32);
        *value = (uint32_t)now;
        return true;
    case RTC_TIME_HIGH:
        *value = c->time_high;
        return true;
    case RTC_ALARM_LOW:
        *value = (uint32_t)c->alarm;
        return true;
    case RTC_ALARM_HIGH:
        *value = (uint32_t)(c->alarm >> 32);
        return true;
    case RTC_IRQ_ENABLED:
        *value = c->irq_enabled;
        return true;
    case RTC_ALARM_STATUS:
        *value = c->alarm_armed;
        return true;
    default:
        *value = 0;
        return false;
    }
}

bool goldfish_core_write(GoldfishCore *c, uint64_t addr, uint32_t value, uint64_t host_ns)
{
    uint64_t now = host_ns + c->offset;

    switch (addr) {
    case RTC_TIME_LOW:
        c->offset += deposit64(now, 0, 32, value) - now;
        break;
    case RTC_TIME_HIGH:
        c->offset += deposit64(now, 32, 32, value) - now;
        break;
    case RTC_ALARM_LOW:
        c->alarm = deposit64(c->alarm, 0, 32, value);
        c->alarm_armed = true;
        break;
    case RTC_ALARM_HIGH:
        c->alarm = deposit64(c->alarm, 32, 32, value);
        break;
    case RTC_IRQ_ENABLED:
        c->irq_enabled = value & 1;
        break;
    case RTC_CLEAR_ALARM:
        c->alarm_armed = false;
        break;
    case RTC_CLEAR_INTERRUPT:
        c->irq_pending = false;
        break;
    default:
        return false;
    }
    goldfish_core_tick(c, host_ns);
    return true;
}

void goldfish_core_tick(GoldfishCore *c, uint64_t host_ns)
{
    if (c->alarm_armed && host_ns + c->offset >= c->alarm) {
        c->alarm_armed = false;
        c->irq_pending = true;
    }
}

bool goldfish_core_deadline(const GoldfishCore *c, uint64_t *host_ns)
{
    *host_ns = c->alarm - c->offset;
    return c->alarm_armed;
}

bool goldfish_core_irq(const GoldfishCore *c)
{
    return c->irq_pending && c->irq_enabled;
}
