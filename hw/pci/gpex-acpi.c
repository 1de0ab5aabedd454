/*
 * The PCI Express host bridge in ACPI's namespace (ACPI 6.5, 6.2.13 _PRT; PCI Firmware 3.3, 4.1 and
 * 4.5).
 *
 * Pins go to the interrupt controller by way of link devices, although their lines are fixed: a line
 * that _PRT itself names would be taken as active low.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/acpi/aml.h"
#include "hw/pci/pci-host.h"

#define SLOTS 32
/* What the system may control: hot plug, power management events, error reporting and the PCI
 * Express capability are all its own. There is no firmware that would want them. */
#define OSC_GRANTED 0x1f
enum { OSC_FAILED = 0x04, OSC_UNKNOWN_REVISION = 0x08, OSC_MASKED = 0x10 };

static void write_links(Aml *aml, uint32_t irq)
{
    static const char *const both[] = { "_PRS", "_CRS" };

    for (unsigned pin = 0; pin < PCI_NUM_PINS; pin++) {
        g_autofree char *name = aml_numbered("L", pin);

        aml_open_device(aml, name);
        aml_name_str(aml, "_HID", "PNP0C0F");
        aml_name_int(aml, "_UID", pin);
        for (unsigned i = 0; i < 2; i++) {
            aml_name(aml, both[i]);
            aml_open_resources(aml);
            aml_interrupt(aml, irq + pin);
            aml_close(aml);
        }
        aml_open_method(aml, "_SRS", 1); /* nothing to choose from */
        aml_close(aml);
        aml_close(aml);
    }
}

/* Slot n is turned by n. */
static void write_routing(Aml *aml)
{
    aml_name(aml, "_PRT");
    aml_open_package(aml, SLOTS * PCI_NUM_PINS);
    for (unsigned i = 0; i < SLOTS * PCI_NUM_PINS; i++) {
        unsigned slot = i / PCI_NUM_PINS, pin = i % PCI_NUM_PINS;
        g_autofree char *link = aml_numbered("L", (slot + pin) % PCI_NUM_PINS);

        aml_open_package(aml, 4);
        aml_int(aml, slot << 16 | 0xffff); /* any function */
        aml_int(aml, pin);
        aml_ref(aml, link);
        aml_int(aml, 0);
        aml_close(aml);
    }
    aml_close(aml);
}

static void write_windows(Aml *aml, const PCIHost *s)
{
    aml_name(aml, "_CRS");
    aml_open_resources(aml);
    aml_passed_on(aml, AML_BUS_NUMBERS, 16, 0, s->ecam_size >> 20, 0);
    aml_passed_on(aml, AML_MEMORY, 32, s->mem32.base, s->mem32.size, 0);
    aml_passed_on(aml, AML_IO, 32, 0, s->ports.size, s->ports.base);
    aml_passed_on(aml, AML_MEMORY, 64, s->mem64.base, s->mem64.size, 0);
    aml_close(aml);
}

/* A dword of _OSC's buffer gets more bits. */
static void or_field(Aml *aml, const char *field, unsigned bits)
{
    aml_op(aml, AML_OR);
    aml_ref(aml, field);
    aml_int(aml, bits);
    aml_ref(aml, field);
}

static void return_buffer(Aml *aml)
{
    aml_op(aml, AML_RETURN);
    aml_op(aml, AML_ARG0 + 3);
}

static void name_field(Aml *aml, const char *field, unsigned offset)
{
    aml_op(aml, AML_DWORD_FIELD);
    aml_op(aml, AML_ARG0 + 3);
    aml_int(aml, offset);
    aml_ref(aml, field);
}

/* PCI Firmware 3.3, 4.5.1: arguments are UUID, revision, count, and the buffer of dwords: status,
 * what the system supports, what it wants to control. */
static void write_osc(Aml *aml)
{
    aml_open_method(aml, "_OSC", 4);
    name_field(aml, "STAT", 0);
    aml_open_if(aml);
    aml_op(aml, AML_NOT);
    aml_op(aml, AML_EQUAL);
    aml_op(aml, AML_ARG0);
    aml_uuid(aml, "33db4d5b-1ff7-401c-9657-7441c03dd766");
    or_field(aml, "STAT", OSC_FAILED);
    return_buffer(aml);
    aml_close(aml);

    aml_open_if(aml);
    aml_op(aml, AML_NOT);
    aml_op(aml, AML_EQUAL);
    aml_op(aml, AML_ARG0 + 1);
    aml_int(aml, 1);
    or_field(aml, "STAT", OSC_UNKNOWN_REVISION);
    aml_close(aml);

    name_field(aml, "CTRL", 8);
    aml_op(aml, AML_AND);
    aml_ref(aml, "CTRL");
    aml_int(aml, OSC_GRANTED);
    aml_op(aml, AML_LOCAL0);
    aml_open_if(aml);
    aml_op(aml, AML_NOT);
    aml_op(aml, AML_EQUAL);
    aml_op(aml, AML_LOCAL0);
    aml_ref(aml, "CTRL");
    or_field(aml, "STAT", OSC_MASKED);
    aml_op(aml, AML_STORE);
    aml_op(aml, AML_LOCAL0);
    aml_ref(aml, "CTRL");
    aml_close(aml);
    return_buffer(aml);
    aml_close(aml);
}

/* Configuration space must not be used for anything else (PCI Firmware 3.3, 4.1.2). */
static void write_reserved(Aml *aml, const DeviceACPIContext *ctx)
{
    aml_open_device(aml, "RES0");
    aml_name_str(aml, "_HID", "PNP0C02");
    aml_name(aml, "_CRS");
    aml_open_resources(aml);
    aml_memory32(aml, (uint32_t)ctx->base, (uint32_t)ctx->size);
    aml_close(aml);
    aml_close(aml);
}

void gpex_acpi(DeviceState *dev, Aml *aml, const DeviceACPIContext *ctx)
{
    const PCIHost *s = GPEX_HOST(dev);

    write_links(aml, ctx->irq);
    aml_open_device(aml, "PCI0");
    aml_name_str(aml, "_HID", "PNP0A08");
    aml_name_str(aml, "_CID", "PNP0A03");
    aml_name_int(aml, "_SEG", 0);
    aml_name_int(aml, "_BBN", 0);
    aml_name_int(aml, "_UID", 0);
    aml_name_int(aml, "_CCA", 1);
    aml_name_int(aml, "_CBA", ctx->base);
    write_routing(aml);
    write_windows(aml, s);
    write_osc(aml);
    write_reserved(aml, ctx);
    aml_close(aml);
}
