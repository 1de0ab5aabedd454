/*
 * Monitor topics that answer "why": info why, info interrupts.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/internal.h"

#include <string.h>

#include "accel/accel.h"
#include "hw/core/device.h"

typedef struct Question {
    uint64_t va;
    CPUAccessKind kind;
    char mode;
    GString *out;
    bool ok;
} Question;

static void ask_why(CPUState *cpu, void *data)
{
    Question *q = data;

    q->ok = CPU_GET_CLASS(cpu)->explain_access(cpu, q->va, q->kind, q->mode, q->out);
}

/* What a word behind the address says; false if it is part of the address. */
static bool qualifier(const char *word, Question *q)
{
    static const char *const kinds[] = { "load", "store", "fetch" };

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_equal(word, kinds[i])) {
            q->kind = (CPUAccessKind)i;
            return true;
        }
    }
    if (word[0] && !word[1] && strchr("usm", word[0])) {
        q->mode = word[0];
        return true;
    }
    if (g_str_equal(word, "vs") || g_str_equal(word, "vu")) {
        q->mode = g_ascii_toupper(word[1]);
        return true;
    }
    return false;
}

void monitor_info_why(Monitor *mon, const char *args)
{
    g_autofree char *text = g_strdup(args);
    Question q = { .kind = CPU_ACCESS_LOAD };
    CPUState *cpu;
    char *space;

    while ((space = strrchr(text, ' ')) && qualifier(space + 1, &q)) {
        *space = '\0';
        g_strchomp(text);
    }
    if (!*text) {
        monitor_printf(mon, "info why: an address is needed\n");
        return;
    }
    cpu = monitor_cpu(mon);
    if (!cpu || !monitor_eval(mon, text, &q.va)) {
        return;
    }
    q.out = g_string_new(NULL);
    accel_run_on(cpu, ask_why, &q);
    g_string_append(q.out, q.ok ? "the access is allowed\n" : "the access faults\n");
    monitor_write(mon, q.out->str, q.out->len);
    g_string_free(q.out, TRUE);
}

static void ask_interrupts(CPUState *cpu, void *data)
{
    CPU_GET_CLASS(cpu)->explain_interrupts(cpu, data);
}

static int controller_visit(Object *obj, void *opaque)
{
    DeviceState *dev = object_dynamic_cast(obj, TYPE_DEVICE);

    if (dev && dev->realized && DEVICE_GET_CLASS(dev)->explain_irqs) {
        g_autofree char *path = object_path(obj);

        g_string_append_printf(opaque, "%s (%s):\n", path, object_type_name(obj));
        DEVICE_GET_CLASS(dev)->explain_irqs(dev, opaque);
    }
    return 0;
}

void monitor_info_interrupts(Monitor *mon, const char *args)
{
    GString *out = g_string_new(NULL);
    MachineState *ms = current_machine();
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        accel_run_on(cpu, ask_interrupts, out);
    }
    if (ms) {
        object_walk(&ms->parent_obj, controller_visit, out);
    }
    monitor_write(mon, out->str, out->len);
    g_string_free(out, TRUE);
}
