/*
 * "serial-mm": a 16550A behind a register window. The shell of hw/char/serial-core.c: lock,
 * character device, receive timeout, interrupt line, device-tree node.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/char/serial-core.h"
#include "hw/char/serial.h"

#include <inttypes.h>

#include "backend/chardev.h"
#include "hw/core/clock.h"
#include "hw/core/device.h"
#include "hw/acpi/aml.h"
#include "hw/core/fdt.h"
#include "util/bits.h"

#define TYPE_SERIAL_MM "serial-mm"
OBJECT_DECLARE_SIMPLE(SerialMM, SERIAL_MM, TYPE_SERIAL_MM)

struct SerialMM {
    DeviceState parent_obj;
    SerialCore core;
    MemoryRegion mr;
    Timer timeout;
    uint8_t regshift;
    Object *chardev;
    bool input_held; /* the character device was told that there is no room */
};

static void serial_pull_timeout(SerialMM *s)
{
    if (!serial_core_wants_timeout(&s->core)) {
        timer_del(&s->timeout);
    } else {
        timer_mod_ns(&s->timeout,
                     clock_get_ns(CLOCK_VIRTUAL) + (int64_t)serial_core_timeout_ns(&s->core));
    }
}

/* Hands over what the character device takes now; the rest stays in the FIFO with THRE clear until
 * it says that it is writable. */
static void serial_drain(SerialMM *s)
{
    size_t len;
    const uint8_t *buf = serial_core_tx(&s->core, &len);

    if (len > 0) {
        Chardev *chr = (Chardev *)s->chardev;
        serial_core_tx_done(&s->core, chr ? chr_write(chr, buf, len) : len);
    }
}

static void serial_update(SerialMM *s)
{
    serial_drain(s);
    serial_pull_timeout(s);
    irq_set(&DEVICE(s)->irq_out[0], serial_core_irq(&s->core));
}

/* Asks for input again once a good part of the FIFO is free: a call for every character that the
 * guest reads would wake the main loop for every character. */
static void serial_accept_input(SerialMM *s)
{
    size_t enough = s->core.fcr & FCR_ENABLE ? SERIAL_FIFO_SIZE / 2 : 1;

    if (s->input_held && serial_core_rx_room(&s->core) >= enough) {
        s->input_held = false;
        chr_accept_input((Chardev *)s->chardev);
    }
}

static MemTxResult serial_mm_read(void *opaque, hwaddr addr, uint64_t *value, unsigned size)
{
    SerialMM *s = opaque;

    *value = serial_core_read(&s->core, (addr >> s->regshift) & 7);
    serial_update(s);
    serial_accept_input(s);
    return MEMTX_OK;
}

static MemTxResult serial_mm_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    SerialMM *s = opaque;

    serial_core_write(&s->core, (addr >> s->regshift) & 7, (uint8_t)value);
    serial_update(s);
    serial_accept_input(s); /* the FIFO may have been cleared, or loopback left */
    return MEMTX_OK;
}

static const MemoryRegionOps serial_mm_ops = {
    .read = serial_mm_read,
    .write = serial_mm_write,
    .valid = { .min = 1, .max = 8, .unaligned = true },
    .impl = { .min = 1, .max = 8 },
};

/* ---- The character device's side: main thread, no lock held ---- */

static size_t serial_can_receive(void *opaque)
{
    SerialMM *s = opaque;
    g_mutex_lock(&DEVICE(s)->lock);
    size_t room = serial_core_rx_room(&s->core);
    s->input_held = room == 0;
    g_mutex_unlock(&DEVICE(s)->lock);
    return room;
}

static void serial_receive(void *opaque, const uint8_t *buf, size_t len)
{
    SerialMM *s = opaque;
    g_mutex_lock(&DEVICE(s)->lock);
    serial_core_receive(&s->core, buf, len);
    serial_update(s);
    g_mutex_unlock(&DEVICE(s)->lock);
}

static void serial_event(void *opaque, ChrEvent event)
{
    SerialMM *s = opaque;
    if (event == CHR_EVENT_BREAK) {
        g_mutex_lock(&DEVICE(s)->lock);
        serial_core_receive_break(&s->core);
        serial_update(s);
        g_mutex_unlock(&DEVICE(s)->lock);
    }
}

static void serial_writable(void *opaque)
{
    SerialMM *s = opaque;
    g_mutex_lock(&DEVICE(s)->lock);
    serial_update(s);
    g_mutex_unlock(&DEVICE(s)->lock);
}

static void serial_timeout(void *opaque)
{
    SerialMM *s = opaque;
    g_mutex_lock(&DEVICE(s)->lock);
    /* A character that came or went meanwhile has armed the timer again or for nothing; only a
     * deadline that still stands counts. */
    if (!timer_pending(&s->timeout)) {
        serial_core_timeout(&s->core);
        irq_set(&DEVICE(s)->irq_out[0], serial_core_irq(&s->core));
    }
    g_mutex_unlock(&DEVICE(s)->lock);
}

/* ---- The firmware's console ---- */

static size_t console_write(void *opaque, const uint8_t *buf, size_t len)
{
    Chardev *chr = (Chardev *)((SerialMM *)opaque)->chardev;

    return chr ? chr_write(chr, buf, len) : len;
}

static size_t console_read(void *opaque, uint8_t *buf, size_t len)
{
    SerialMM *s = opaque;
    size_t n;

    g_mutex_lock(&DEVICE(s)->lock);
    n = serial_core_take(&s->core, buf, len);
    if (n) {
        serial_update(s);
        serial_accept_input(s);
    }
    g_mutex_unlock(&DEVICE(s)->lock);
    return n;
}

FirmwareConsole serial_mm_console(DeviceState *dev)
{
    return (FirmwareConsole){ console_write, console_read, SERIAL_MM(dev) };
}

/* ---- Life ---- */

static bool serial_mm_realize(DeviceState *dev, Error **errp)
{
    SerialMM *s = SERIAL_MM(dev);

    if (s->chardev) {
        const ChrFrontend fe = {
            .can_receive = serial_can_receive,
            .receive = serial_receive,
            .event = serial_event,
            .writable = serial_writable,
            .opaque = s,
        };
        if (!chr_attach((Chardev *)s->chardev, &fe, errp)) {
            return false;
        }
    }
    timer_init(&s->timeout, CLOCK_VIRTUAL, serial_timeout, s);
    device_init_mmio(dev, &s->mr, &serial_mm_ops, "serial",
                     (uint64_t)UART_NR_REGS << s->regshift);
    device_init_irqs(dev, 1);
    return true;
}

static void serial_mm_unrealize(DeviceState *dev)
{
    SerialMM *s = SERIAL_MM(dev);
    timer_del(&s->timeout);
    if (s->chardev) {
        chr_detach((Chardev *)s->chardev, s);
    }
}

static void serial_mm_reset(DeviceState *dev)
{
    SerialMM *s = SERIAL_MM(dev);
    serial_core_reset(&s->core);
    serial_update(s);
    serial_accept_input(s);
}

static void serial_mm_fdt(DeviceState *dev, FDTBuilder *fdt, const DeviceFDTContext *ctx)
{
    g_autofree char *node = g_strdup_printf("%s/serial@%" PRIx64, ctx->parent, ctx->base);

    fdt_set_str(fdt, node, "compatible", "ns16550a");
    fdt_set_reg(fdt, node, ctx->base, ctx->size);
    fdt_set_u32(fdt, node, "clock-frequency", SERIAL_CLOCK_HZ);
    if (SERIAL_MM(dev)->regshift) {
        fdt_set_u32(fdt, node, "reg-shift", SERIAL_MM(dev)->regshift);
    }
    fdt_set_interrupts(fdt, node, ctx->irq_phandle, ctx->irq_cells, ctx->irq);
}

/* RSCV0003: a UART compatible with the 16550. */
static void serial_mm_acpi(DeviceState *dev, Aml *aml, const DeviceACPIContext *ctx)
{
    g_autofree char *name = aml_numbered("COM", ctx->n);

    aml_open_device(aml, name);
    aml_name_str(aml, "_HID", "RSCV0003");
    aml_name_int(aml, "_UID", ctx->n);
    aml_name(aml, "_CRS");
    aml_open_resources(aml);
    aml_memory32(aml, (uint32_t)ctx->base, (uint32_t)ctx->size);
    aml_interrupt(aml, ctx->irq);
    aml_close(aml);
    aml_name(aml, "_DSD");
    aml_open_package(aml, 2);
    aml_uuid(aml, "daffd814-6eba-4d8c-8a91-bc9bbf4aa301"); /* device properties */
    aml_open_package(aml, 1);
    aml_open_package(aml, 2);
    aml_str(aml, "clock-frequency");
    aml_int(aml, SERIAL_CLOCK_HZ);
    aml_close(aml);
    aml_close(aml);
    aml_close(aml);
    aml_close(aml);
}

static char *serial_mm_describe(DeviceState *dev)
{
    SerialMM *s = SERIAL_MM(dev);
    const char *chr = s->chardev && s->chardev->name ? s->chardev->name : "none";

    g_mutex_lock(&dev->lock);
    char *text = g_strdup_printf("chardev %s, fifo %s, rx %u, tx %u", chr,
                                 s->core.fcr & FCR_ENABLE ? "on" : "off", s->core.rx_len,
                                 s->core.tx_len);
    g_mutex_unlock(&dev->lock);
    return text;
}

static const Property serial_mm_props[] = {
    { .name = "regshift", .type = &prop_u8, .offset = offsetof(SerialMM, regshift), .max = 8,
      .help = "registers are 2^regshift bytes apart" },
    PROP_LINK("chardev", SerialMM, chardev, TYPE_CHARDEV, "/chardevs",
              "character device at the other end of the line"),
    PROP_END,
};

static bool serial_mm_check(const Object *scratch, Error **errp)
{
    if (!serial_core_valid(&((const SerialMM *)scratch)->core)) {
        error_setg(errp, "FIFO positions out of range");
        return false;
    }
    return true;
}

static void serial_mm_post_load(Object *obj)
{
    SerialMM *s = SERIAL_MM(obj);
    g_mutex_lock(&DEVICE(s)->lock);
    serial_update(s);
    serial_accept_input(s);
    g_mutex_unlock(&DEVICE(s)->lock);
}

/* The machine's own reset follows and gives the values that are not zero. */
static const StateField serial_mm_fields[] = {
    S_U8(SerialMM, core.ier, .max = 0x0f),
    S_U8(SerialMM, core.fcr),
    S_U8(SerialMM, core.lcr),
    S_U8(SerialMM, core.mcr, .reset = MCR_OUT2, .max = 0x1f),
    S_U8(SerialMM, core.msr, .reset = MSR_CTS | MSR_DSR | MSR_DCD),
    S_U8(SerialMM, core.scr),
    S_U16(SerialMM, core.divisor, .reset = 12),
    S_U8(SerialMM, core.overrun, .max = LSR_OE),
    S_BOOL(SerialMM, core.thre_pending),
    S_BOOL(SerialMM, core.rx_timeout),
    S_BYTES(SerialMM, core.rx, SERIAL_FIFO_SIZE),
    S_BYTES(SerialMM, core.rx_break, SERIAL_FIFO_SIZE),
    S_U8(SerialMM, core.rx_head, .max = SERIAL_FIFO_SIZE - 1),
    S_U8(SerialMM, core.rx_len, .max = SERIAL_FIFO_SIZE),
    S_BYTES(SerialMM, core.tx, SERIAL_FIFO_SIZE),
    S_U8(SerialMM, core.tx_len, .max = SERIAL_FIFO_SIZE),
    S_BOOL(SerialMM, input_held, .flags = STATE_TRANSIENT | STATE_NO_RESET),
    S_END,
};

static const StateTable serial_mm_state = {
    .name = TYPE_SERIAL_MM,
    .fields = serial_mm_fields,
    .check = serial_mm_check,
    .post_load = serial_mm_post_load,
};

static void serial_mm_class_init(ObjectClass *klass, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    klass->props = serial_mm_props;
    klass->state = &serial_mm_state;
    dc->category = DEVICE_CATEGORY_INPUT;
    dc->realize = serial_mm_realize;
    dc->unrealize = serial_mm_unrealize;
    dc->reset = serial_mm_reset;
    dc->fdt = serial_mm_fdt;
    dc->acpi = serial_mm_acpi;
    dc->describe = serial_mm_describe;
}

static const TypeInfo serial_mm_info = {
    .name = TYPE_SERIAL_MM,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(SerialMM),
    .desc = "16550A UART behind a register window",
    .class_init = serial_mm_class_init,
};

type_init(serial_mm_info)
