/*
 * Questions (q) and settings (Q): what the server can do, threads, the target description, the
 * monitor's commands.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gdbstub/internal.h"

#include <inttypes.h>
#include <string.h>

#include "monitor/monitor.h"

/* ---- What there is ---- */

static bool supported(GDBStub *stub, const char *args, size_t len)
{
    g_auto(GStrv) features = g_strsplit(args + (*args == ':'), ";", -1);

    for (char **f = features; *f; f++) {
        if (g_str_equal(*f, "multiprocess+")) {
            stub->multiprocess = true;
        } else if (g_str_equal(*f, "swbreak+")) {
            stub->swbreak = true;
        } else if (g_str_equal(*f, "hwbreak+")) {
            stub->hwbreak = true;
        }
    }
    /* No memory map: it would speak of physical addresses, and GDB asks for virtual ones. */
    g_string_printf(stub->reply,
                    "PacketSize=%x;qXfer:features:read+;qXfer:threads:read+;vContSupported+;"
                    "QStartNoAckMode+;swbreak+;hwbreak+%s",
                    GDB_PACKET_MAX, stub->multiprocess ? ";multiprocess+" : "");
    return true;
}

static bool attached(GDBStub *stub, const char *args, size_t len)
{
    g_string_assign(stub->reply, "1");
    return true;
}

static bool symbol(GDBStub *stub, const char *args, size_t len)
{
    return gdb_ok(stub); /* none is wanted */
}

/* ---- Threads ---- */

static bool this_thread(GDBStub *stub, const char *args, size_t len)
{
    g_string_assign(stub->reply, "QC");
    gdb_thread_append(stub, stub->reply, stub->cpu_g);
    return true;
}

static bool next_threads(GDBStub *stub, const char *args, size_t len)
{
    unsigned nr = cpu_list()->nr;

    g_string_assign(stub->reply, (unsigned)stub->next_thread < nr ? "m" : "l");
    while ((unsigned)stub->next_thread < nr && stub->reply->len < GDB_PACKET_MAX - 16) {
        if (stub->reply->len > 1) {
            g_string_append_c(stub->reply, ',');
        }
        gdb_thread_append(stub, stub->reply, stub->next_thread++);
    }
    return true;
}

static bool first_threads(GDBStub *stub, const char *args, size_t len)
{
    stub->next_thread = 0;
    return next_threads(stub, args, len);
}

static const char *thread_state(CPUState *cpu)
{
    return __atomic_load_n(&cpu->halted, __ATOMIC_RELAXED) ? "halted" : "running";
}

static bool thread_extra(GDBStub *stub, const char *args, size_t len)
{
    int thread = gdb_thread_parse(&args);
    g_autofree char *text = NULL;

    if (thread <= 0 || *args) {
        return gdb_error(stub, GDB_EINVAL);
    }
    text = g_strdup_printf("hart %d [%s]", thread - 1, thread_state(gdb_cpu(thread - 1)));
    gdb_hex_append(stub->reply, text, strlen(text));
    return true;
}

/* ---- qXfer ---- */

/* The part "OFFSET,LENGTH" of a text: m and what there is of it, l if that is the last. */
static bool transfer(GDBStub *stub, const char *text, size_t size, const char *range)
{
    uint64_t offset, n;

    if (!gdb_hex_number(&range, &offset) || *range++ != ',' || !gdb_hex_number(&range, &n) ||
        *range || offset > size) {
        return gdb_error(stub, GDB_EINVAL);
    }
    /* Escaping may double what is sent. */
    n = MIN(n, GDB_PACKET_MAX / 2 - 8);
    g_string_append_c(stub->reply, offset + n < size ? 'm' : 'l');
    g_string_append_len(stub->reply, text + offset, MIN(n, size - offset));
    return true;
}

static void describe(GDBStub *stub)
{
    const CPUDebugOps *ops = gdb_ops(gdb_cpu(0));
    GString *target = g_string_new("<?xml version=\"1.0\"?>\n"
                                   "<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target>\n");

    stub->xml = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_string_append_printf(target, "<architecture>%s</architecture>\n", ops->arch);
    for (unsigned i = 0;; i++) {
        GString *xml = g_string_new("<?xml version=\"1.0\"?>\n"
                                    "<!DOCTYPE feature SYSTEM \"gdb-target.dtd\">\n");
        const char *name = ops->feature(gdb_cpu(0), i, xml);
        if (!name) {
            g_string_free(xml, TRUE);
            break;
        }
        g_string_append_printf(target, "<xi:include href=\"%s\"/>\n", name);
        g_hash_table_insert(stub->xml, g_strdup(name), g_string_free(xml, FALSE));
    }
    g_string_append(target, "</target>\n");
    g_hash_table_insert(stub->xml, g_strdup("target.xml"), g_string_free(target, FALSE));
}

static bool xfer_features(GDBStub *stub, const char *args, size_t len)
{
    const char *colon = strchr(args, ':');
    g_autofree char *name = g_strndup(args, colon ? (size_t)(colon - args) : 0);
    const char *text;

    if (!stub->xml) {
        describe(stub);
    }
    text = g_hash_table_lookup(stub->xml, name);
    return text && colon ? transfer(stub, text, strlen(text), colon + 1)
                         : gdb_error(stub, 0);
}

static bool xfer_threads(GDBStub *stub, const char *args, size_t len)
{
    g_autoptr(GString) xml = g_string_new("<?xml version=\"1.0\"?>\n<threads>\n");
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        g_string_append(xml, "<thread id=\"");
        gdb_thread_append(stub, xml, cpu->cpu_index);
        g_string_append_printf(xml, "\" core=\"%d\" name=\"hart %d\">%s</thread>\n", cpu->cpu_index,
                               cpu->cpu_index, thread_state(cpu));
    }
    g_string_append(xml, "</threads>\n");
    return *args == ':' ? transfer(stub, xml->str, xml->len, args + 1)
                        : gdb_error(stub, 0);
}

/* ---- The monitor's commands ---- */

static bool run_command(GDBStub *stub, const char *args, size_t len)
{
    g_autofree char *line = g_malloc0(len / 2 + 1), *text = NULL;
    g_autoptr(GString) part = g_string_new(NULL);
    const size_t most = (GDB_PACKET_MAX - 8) / 2;
    size_t size;

    if (len % 2 || !gdb_hex_bytes(args, line, len / 2)) {
        return gdb_error(stub, GDB_EINVAL);
    }
    text = monitor_run_to_string(line, stub->cpu_g);
    size = strlen(text);
    for (size_t at = 0; at < size; at += most) {
        g_string_assign(part, "O");
        gdb_hex_append(part, text + at, MIN(most, size - at));
        gdb_send(stub, part->str, part->len);
    }
    return gdb_ok(stub);
}

/* ---- Settings ---- */

static bool no_ack(GDBStub *stub, const char *args, size_t len)
{
    stub->no_ack = stub->reader.no_sum = true;
    return gdb_ok(stub);
}

static bool step_bits(GDBStub *stub, const char *args, size_t len)
{
    g_string_printf(stub->reply, "ENABLE=%x,NOIRQ=%x,NOTIMER=%x", GDB_STEP_ENABLE, GDB_STEP_NO_IRQ,
                    GDB_STEP_NO_TIMER);
    return true;
}

static bool step_flags(GDBStub *stub, const char *args, size_t len)
{
    g_string_printf(stub->reply, "0x%x", stub->step_flags);
    return true;
}

static bool set_step_flags(GDBStub *stub, const char *args, size_t len)
{
    uint64_t v;

    if (!gdb_hex_number(&args, &v) || *args ||
        (v & ~(uint64_t)(GDB_STEP_ENABLE | GDB_STEP_NO_IRQ | GDB_STEP_NO_TIMER))) {
        return gdb_error(stub, GDB_EINVAL);
    }
    stub->step_flags = (unsigned)v;
    return gdb_ok(stub);
}

static bool physical(GDBStub *stub, const char *args, size_t len)
{
    g_string_assign(stub->reply, stub->physical ? "1" : "0");
    return true;
}

static bool set_physical(GDBStub *stub, const char *args, size_t len)
{
    uint64_t v;

    if (!gdb_hex_number(&args, &v) || *args || v > 1) {
        return gdb_error(stub, GDB_EINVAL);
    }
    stub->physical = v;
    return gdb_ok(stub);
}

static bool extensions(GDBStub *stub, const char *args, size_t len)
{
    g_string_assign(stub->reply, "sstepbits;sstep;PhyMemMode");
    return true;
}

static bool none(GDBStub *stub, const char *args, size_t len)
{
    return true;
}

static const GDBCommand queries[] = {
    { "Supported", supported },
    { "Attached", attached },
    { "Symbol", symbol },
    { "fThreadInfo", first_threads },
    { "sThreadInfo", next_threads },
    { "ThreadExtraInfo,", thread_extra },
    { "Xfer:features:read:", xfer_features },
    { "Xfer:threads:read:", xfer_threads },
    { "Rcmd,", run_command },
    { "qemu.sstepbits", step_bits },
    { "qemu.sstep", step_flags },
    { "qemu.PhyMemMode", physical },
    { "qemu.Supported", extensions },
    { "CRC:", none }, /* not the C that follows */
    { "C", this_thread },
    { NULL },
};

static const GDBCommand settings[] = {
    { "StartNoAckMode", no_ack },
    { "qemu.sstep:", set_step_flags },
    { "qemu.sstep=", set_step_flags },
    { "qemu.PhyMemMode:", set_physical },
    { NULL },
};

bool gdb_query(GDBStub *stub, const char *args, size_t len)
{
    return gdb_dispatch(stub, queries, args, len);
}

bool gdb_set(GDBStub *stub, const char *args, size_t len)
{
    return gdb_dispatch(stub, settings, args, len);
}
