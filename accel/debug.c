/*
 * The list of breakpoints and watchpoints.
 *
 * It changes in exclusive sections only, so that vCPUs read it without a lock.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/debug.h"

#include <inttypes.h>

#include "accel/exclusive.h"

#define MAX_POINTS 4096 /* a debugger gone wild does not make every TLB miss slow */

/* There is one debugger for the one machine. */
static struct {
    DebugPoint *list;
    unsigned nr;
} points;

static bool is_break(DebugKind kind)
{
    return kind == DEBUG_BREAK_SW || kind == DEBUG_BREAK_HW;
}

static int find(DebugKind kind, vaddr addr, vaddr len)
{
    for (unsigned i = 0; i < points.nr; i++) {
        const DebugPoint *p = &points.list[i];
        if (p->kind == kind && p->addr == addr && (is_break(kind) || p->len == len))
            return (int)i;
    }
    return -1;
}

static bool tell_accel(bool code, bool data, Error **errp)
{
    MachineState *ms = current_machine();
    AccelClass *ac;

    if (!ms || !ms->accel)
        return true;
    ac = ACCEL_CLASS(((Object *)ms->accel)->klass);
    return !ac->debug_changed || ac->debug_changed((AccelState *)ms->accel, code, data, errp);
}

bool debug_insert(DebugKind kind, vaddr addr, vaddr len, Error **errp)
{
    bool done;

    if (!is_break(kind) && (len == 0 || addr + (len - 1) < addr)) {
        error_setg(errp, "a watchpoint of %" PRIu64 " bytes at %#" PRIx64 " is not possible", len,
                   addr);
        return false;
    }
    if (find(kind, addr, len) >= 0)
        return true;
    if (points.nr == MAX_POINTS) {
        error_setg(errp, "there are %d breakpoints and watchpoints already", MAX_POINTS);
        return false;
    }
    start_exclusive();
    points.list = g_renew(DebugPoint, points.list, points.nr + 1);
    points.list[points.nr++] = (DebugPoint){ kind, addr, len };
    done = tell_accel(is_break(kind), !is_break(kind), errp);
    if (!done)
        points.nr--;
    end_exclusive();
    return done;
}

bool debug_remove(DebugKind kind, vaddr addr, vaddr len, Error **errp)
{
    int i = find(kind, addr, len);

    if (i < 0) {
        error_setg(errp, "there is none at %#" PRIx64, addr);
        return false;
    }
    start_exclusive();
    for (unsigned j = (unsigned)i + 1; j < points.nr; j++)
        points.list[j - 1] = points.list[j];
    points.nr--;
    tell_accel(is_break(kind), !is_break(kind), NULL);
    end_exclusive();
    return true;
}

void debug_remove_all(void)
{
    if (!points.nr)
        return;
    start_exclusive();
    g_clear_pointer(&points.list, g_free);
    points.nr = 0;
    tell_accel(true, true, NULL);
    end_exclusive();
}

void debug_flush_code(void)
{
    start_exclusive();
    tell_accel(true, false, NULL);
    end_exclusive();
}

const DebugPoint *debug_points(unsigned *nr)
{
    *nr = points.nr;
    return points.list;
}

const DebugPoint *debug_break_at(vaddr pc)
{
    for (unsigned i = 0; i < points.nr; i++) {
        const DebugPoint *p = &points.list[i];
        if (is_break(p->kind) && p->addr == pc)
            return p;
    }
    return NULL;
}

static bool overlaps(const DebugPoint *p, vaddr first, vaddr last)
{
    return !is_break(p->kind) && p->addr <= last && p->addr + (p->len - 1) >= first;
}

bool debug_watches(vaddr first, vaddr last)
{
    for (unsigned i = 0; i < points.nr; i++) {
        if (overlaps(&points.list[i], first, last))
            return true;
    }
    return false;
}

const DebugPoint *debug_watch_at(vaddr va, unsigned size, bool load, bool store)
{
    vaddr last = va + (size - 1);

    /* An access that wraps around the end of the address space: what is up there. */
    if (last < va)
        last = UINT64_MAX;
    for (unsigned i = 0; i < points.nr; i++) {
        const DebugPoint *p = &points.list[i];
        if (overlaps(p, va, last) && (p->kind == DEBUG_WATCH_ACCESS ||
                                      (p->kind == DEBUG_WATCH_WRITE ? store : load)))
            return p;
    }
    return NULL;
}
