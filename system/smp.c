/*
 * -smp and -m: how many CPUs in what arrangement, and how much RAM.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/smp.h"

#include <inttypes.h>

#include "system/options.h"
#include "util/bits.h"
#include "util/keyval.h"

/* More is a slip of the finger on any board; four of them multiplied fit 64 bits. */
#define SMP_NUMBER_MAX 65535
#define MEMORY_SLOTS_MAX 256

typedef struct SmpGiven {
    uint64_t cpus, maxcpus, sockets, clusters, cores, threads; /* 0: not given */
} SmpGiven;

static const struct {
    const char *name;
    size_t offset;
} smp_keys[] = {
    { "cpus", offsetof(SmpGiven, cpus) },         { "maxcpus", offsetof(SmpGiven, maxcpus) },
    { "sockets", offsetof(SmpGiven, sockets) },   { "clusters", offsetof(SmpGiven, clusters) },
    { "cores", offsetof(SmpGiven, cores) },       { "threads", offsetof(SmpGiven, threads) },
};

/* Levels that only other boards have. */
static bool take_absent(KeyVals *kv, Error **errp)
{
    static const char *const absent[] = { "drawers", "books", "dies", "modules" };

    for (size_t i = 0; i < G_N_ELEMENTS(absent); i++) {
        const char *value = keyval_take(kv, absent[i]);
        uint64_t n = 1;

        if (value && !parse_u64(absent[i], value, 1, SMP_NUMBER_MAX, &n, errp)) {
            return false;
        }
        if (n > 1) {
            error_setg(errp, "this board has no %s: only %s=1 is possible", absent[i], absent[i]);
            return false;
        }
    }
    return true;
}

static bool take_one(SmpGiven *g, const char *text, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse(text, "cpus", false, errp);
    const char *names[G_N_ELEMENTS(smp_keys) + 1] = { NULL };

    if (!kv) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(smp_keys); i++) {
        const char *value = keyval_take(kv, smp_keys[i].name);

        names[i] = smp_keys[i].name;
        if (value && !parse_u64(smp_keys[i].name, value, 1, SMP_NUMBER_MAX,
                                (uint64_t *)((char *)g + smp_keys[i].offset), errp)) {
            return false;
        }
    }
    return take_absent(kv, errp) && keyval_check_used(kv, names, errp);
}

/* What was not given follows from what was: cores take what is left over. */
static bool complete(const SmpGiven *g, uint64_t limit, CPUTopology *t, Error **errp)
{
    uint64_t sockets = MAX(g->sockets, 1), clusters = MAX(g->clusters, 1);
    uint64_t threads = MAX(g->threads, 1), cores = g->cores;
    uint64_t max = g->maxcpus ? g->maxcpus : g->cpus;
    uint64_t others, cpus, product;

    if (!cores) {
        others = sockets * clusters * threads;
        cores = max ? MAX(max / others, 1) : 1;
    } else if (!g->sockets && max) {
        others = clusters * cores * threads;
        sockets = MAX(max / others, 1);
    }
    product = sockets * clusters * cores * threads;
    max = max ? max : product;
    cpus = g->cpus ? g->cpus : max;
    if (product != max) {
        error_setg(errp,
                   "sockets %" PRIu64 " * clusters %" PRIu64 " * cores %" PRIu64
                   " * threads %" PRIu64 " is %" PRIu64 ", not maxcpus %" PRIu64,
                   sockets, clusters, cores, threads, product, max);
        return false;
    }
    if (max > limit) {
        error_setg(errp, "%" PRIu64 " CPUs are more than the board's %" PRIu64, max, limit);
        return false;
    }
    if (cpus > max) {
        error_setg(errp, "cpus %" PRIu64 " is above maxcpus %" PRIu64, cpus, max);
        return false;
    }
    *t = (CPUTopology){ .cpus = (unsigned)cpus, .max_cpus = (unsigned)max,
                        .sockets = (unsigned)sockets, .clusters = (unsigned)clusters,
                        .cores = (unsigned)cores, .threads = (unsigned)threads };
    return true;
}

bool smp_parse(GPtrArray *texts, unsigned max_cpus, CPUTopology *t, Error **errp)
{
    SmpGiven g = { 0 };
    const char *last = NULL;

    for (guint i = 0; i < texts->len; i++) {
        last = g_ptr_array_index(texts, i);
        if (!take_one(&g, last, errp)) {
            option_prepend(errp, "smp", last);
            return false;
        }
    }
    if (!complete(&g, max_cpus, t, errp)) {
        option_prepend(errp, "smp", last);
        return false;
    }
    return true;
}

/* maxmem and slots are for RAM that is added later, which no device here can be: they are checked,
 * and that is all. */
static bool take_hotplug(KeyVals *kv, uint64_t size, Error **errp)
{
    const char *maxmem = keyval_take(kv, "maxmem"), *slots = keyval_take(kv, "slots");
    uint64_t max = 0, n = 0;

    if ((maxmem && !parse_size("maxmem", maxmem, 'M', &max, errp)) ||
        (slots && !parse_u64("slots", slots, 0, MEMORY_SLOTS_MAX, &n, errp))) {
        return false;
    }
    if (n && !maxmem) {
        error_setg(errp, "'slots' needs 'maxmem'");
        return false;
    }
    if (maxmem && max < size) {
        error_setg(errp, "maxmem %s is below the size of RAM", maxmem);
        return false;
    }
    return true;
}

static bool memory_one(const char *text, uint64_t max, uint64_t *size, Error **errp)
{
    static const char *const known[] = { "size", "maxmem", "slots", NULL };
    g_autoptr(KeyVals) kv = keyval_parse(text, "size", false, errp);
    const char *value;

    if (!kv) {
        return false;
    }
    value = keyval_take(kv, "size");
    if (value && !parse_size("size", value, 'M', size, errp)) {
        return false;
    }
    if (!take_hotplug(kv, *size, errp) || !keyval_check_used(kv, known, errp)) {
        return false;
    }
    if (*size == 0) {
        error_setg(errp, "the size of RAM must not be 0");
        return false;
    }
    if (*size % (4 * KiB)) {
        error_setg(errp, "the size of RAM must be a multiple of 4K");
        return false;
    }
    if (*size > max) {
        error_setg(errp, "the board takes at most %" PRIu64 "G of RAM", (uint64_t)(max / GiB));
        return false;
    }
    return true;
}

bool memory_parse(GPtrArray *texts, uint64_t def, uint64_t max, uint64_t *size, Error **errp)
{
    *size = def;
    for (guint i = 0; i < texts->len; i++) {
        const char *text = g_ptr_array_index(texts, i);

        if (!memory_one(text, max, size, errp)) {
            option_prepend(errp, "m", text);
            return false;
        }
    }
    return true;
}
