/*
 * "goldfish_rtc": the shell of hw/rtc/goldfish-core.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/rtc/goldfish-core.h"

#include <inttypes.h>

#include "hw/core/clock.h"
#include "hw/core/device.h"
#include "hw/core/fdt.h"
#include "util/bits.h"

#define TYPE_GOLDFISH_RTC "goldfish_rtc"
OBJECT_DECLARE_SIMPLE(GoldfishRTC, GOLDFISH_RTC, TYPE_GOLDFISH_RTC)

struct GoldfishRTC {
    DeviceState parent_obj;
    GoldfishCore core;
    MemoryRegion mr;
    Timer alarm;
};

static uint64_t now_ns(void)
{
    return (uint64_t)clock_rtc_ns();
}

static void rtc_update(GoldfishRTC *s)
{
    uint64_t deadline;

    if (goldfish_core_deadline(&s->core, &deadline)) {
        timer_mod_ns(&s->alarm, deadline > INT64_MAX ? INT64_MAX
                                                     : clock_rtc_deadline((int64_t)deadline));
    } else {
        timer_del(&s->alarm);
    }
    irq_set(&DEVICE(s)->irq_out[0], goldfish_core_irq(&s->core));
}

static MemTxResult rtc_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    GoldfishRTC *s = opaque;
    uint32_t v;

    if (!goldfish_core_read(&s->core, addr, now_ns(), &v)) {
        device_guest_error(s, "read of 0x%" PRIx64 ", where there is no readable register", addr);
    }
    *value = v;
    return MEMTX_OK;
}

static MemTxResult rtc_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    GoldfishRTC *s = opaque;

    if (!goldfish_core_write(&s->core, addr, (uint32_t)value, now_ns())) {
        device_guest_error(s, "write of 0x%" PRIx64 ", where there is no writable register", addr);
    }
    rtc_update(s);
    return MEMTX_OK;
}

static const MemoryRegionOps rtc_ops = {
    .read = rtc_read,
    .write = rtc_write,
    .valid = { .min = 4, .max = 4 },
};

static void rtc_alarm(void *opaque)
{
    GoldfishRTC *s = opaque;
    g_mutex_lock(&DEVICE(s)->lock);
    goldfish_core_tick(&s->core, now_ns());
    rtc_update(s);
    g_mutex_unlock(&DEVICE(s)->lock);
}

static bool rtc_realize(DeviceState *dev, Error **errp)
{
    GoldfishRTC *s = GOLDFISH_RTC(dev);

    timer_init(&s->alarm, clock_rtc_source(), rtc_alarm, s);
    device_init_mmio(dev, &s->mr, &rtc_ops, TYPE_GOLDFISH_RTC, RTC_SIZE);
    device_init_irqs(dev, 1);
    return true;
}

static void rtc_unrealize(DeviceState *dev)
{
    timer_del(&GOLDFISH_RTC(dev)->alarm);
}

static void rtc_reset(DeviceState *dev)
{
    rtc_update(GOLDFISH_RTC(dev));
}

static void rtc_post_load(Object *obj)
{
    GoldfishRTC *s = GOLDFISH_RTC(obj);
    g_mutex_lock(&DEVICE(s)->lock);
    rtc_update(s);
    g_mutex_unlock(&DEVICE(s)->lock);
}

static void rtc_fdt(DeviceState *dev, FDTBuilder *fdt, const DeviceFDTContext *ctx)
{
    g_autofree char *node = g_strdup_printf("%s/rtc@%" PRIx64, ctx->parent, ctx->base);

    fdt_set_str(fdt, node, "compatible", "google,goldfish-rtc");
    fdt_set_reg(fdt, node, ctx->base, ctx->size);
    fdt_set_interrupts(fdt, node, ctx->irq_phandle, ctx->irq_cells, (uint32_t)ctx->irq);
}

/* A reset gives the host's time again. */
static const StateField rtc_fields[] = {
    S_U64(GoldfishRTC, core.offset),
    S_U64(GoldfishRTC, core.alarm),
    S_U32(GoldfishRTC, core.time_high),
    S_BOOL(GoldfishRTC, core.alarm_armed),
    S_BOOL(GoldfishRTC, core.irq_pending),
    S_BOOL(GoldfishRTC, core.irq_enabled),
    S_END,
};

static const StateTable rtc_state = {
    .name = TYPE_GOLDFISH_RTC,
    .fields = rtc_fields,
    .post_load = rtc_post_load,
};

static void rtc_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->state = &rtc_state;
    dc->realize = rtc_realize;
    dc->unrealize = rtc_unrealize;
    dc->reset = rtc_reset;
    dc->fdt = rtc_fdt;
}

static const TypeInfo rtc_info = {
    .name = TYPE_GOLDFISH_RTC,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(GoldfishRTC),
    .desc = "goldfish real-time clock with alarm",
    .class_init = rtc_class_init,
};

type_init(rtc_info)
