/*
 * -numa: nodes of RAM and CPUs, distances between them, single CPUs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/numa.h"

#include <inttypes.h>
#include <string.h>

#include "system/options.h"
#include "util/keyval.h"

typedef struct NumaParse {
    MachineState *ms;
    NumaState *numa;
    bool any_mem, any_memdev, any_cpu;
} NumaParse;

/* A node's number in `key`; the node must have been defined. */
static bool take_node(NumaParse *p, KeyVals *kv, const char *key, bool required, int *node,
                      Error **errp)
{
    const char *text = keyval_take(kv, key);
    uint64_t n;

    if (!text) {
        if (required) {
            error_setg(errp, "'%s' is missing (%s=NODE)", key, key);
        }
        return !required;
    }
    if (!parse_u64(key, text, 0, NUMA_MAX_NODES - 1, &n, errp)) {
        return false;
    }
    if (!p->numa->nodes[n].present) {
        error_setg(errp, "there is no node %" PRIu64 " yet (-numa node,nodeid=%" PRIu64
                   " makes one)", n, n);
        return false;
    }
    *node = (int)n;
    return true;
}

static bool give_cpu(NumaParse *p, uint64_t cpu, int node, Error **errp)
{
    int *now = &p->numa->cpu_node[cpu];

    if (*now != NUMA_NO_NODE && *now != node) {
        error_setg(errp, "CPU %" PRIu64 " is in node %d already", cpu, *now);
        return false;
    }
    *now = node;
    p->any_cpu = true;
    return true;
}

/* "N" or "N-M". */
static bool take_cpus(NumaParse *p, const char *text, int node, Error **errp)
{
    g_auto(GStrv) ends = g_strsplit(text, "-", 2);
    const unsigned max = p->ms->smp.max_cpus;
    uint64_t from, to;

    if (!parse_u64("cpus", ends[0] ? ends[0] : "", 0, max - 1, &from, errp)) {
        return false;
    }
    to = from;
    if (ends[1] && !parse_u64("cpus", ends[1], 0, max - 1, &to, errp)) {
        return false;
    }
    if (to < from) {
        error_setg(errp, "cpus=%s: the first is above the last", text);
        return false;
    }
    for (uint64_t n = from; n <= to; n++) {
        if (!give_cpu(p, n, node, errp)) {
            return false;
        }
    }
    return true;
}

static bool take_memory(NumaParse *p, KeyVals *kv, NumaNode *node, Error **errp)
{
    const char *mem = keyval_take(kv, "mem"), *memdev = keyval_take(kv, "memdev");

    if (mem && memdev) {
        error_setg(errp, "'mem' and 'memdev' exclude each other");
        return false;
    }
    p->any_mem |= mem != NULL;
    p->any_memdev |= memdev != NULL;
    if (p->any_mem && p->any_memdev) {
        error_setg(errp, "'%s' here and '%s' before: all nodes take the one or the other",
                   mem ? "mem" : "memdev", mem ? "memdev" : "mem");
        return false;
    }
    node->memdev = g_strdup(memdev);
    return !mem || parse_size("mem", mem, 'M', &node->mem, errp);
}

static bool node_option(NumaParse *p, KeyVals *kv, Error **errp)
{
    static const char *const known[] = { "type", "nodeid", "cpus", "mem", "memdev", "initiator",
                                         NULL };
    const char *text = keyval_take(kv, "nodeid");
    uint64_t id = 0, initiator;
    NumaNode *node;

    while (id < NUMA_MAX_NODES && p->numa->nodes[id].present) {
        id++;
    }
    if (text && !parse_u64("nodeid", text, 0, NUMA_MAX_NODES - 1, &id, errp)) {
        return false;
    }
    if (id == NUMA_MAX_NODES) {
        error_setg(errp, "there are %d nodes already, which is the most", NUMA_MAX_NODES);
        return false;
    }
    node = &p->numa->nodes[id];
    if (node->present) {
        error_setg(errp, "node %" PRIu64 " is there already", id);
        return false;
    }
    node->present = true;
    node->initiator = NUMA_NO_NODE;
    p->numa->nr_nodes++;
    text = keyval_take(kv, "initiator");
    if (text) {
        if (!parse_u64("initiator", text, 0, NUMA_MAX_NODES - 1, &initiator, errp)) {
            return false;
        }
        node->initiator = (int)initiator;
    }
    for (guint i = 0; i < kv->list->len; i++) {
        KeyVal *pair = g_ptr_array_index(kv->list, i);

        if (!strcmp(pair->key, "cpus")) {
            pair->used = true;
            if (!take_cpus(p, pair->value, (int)id, errp)) {
                return false;
            }
        }
    }
    return take_memory(p, kv, node, errp) && keyval_check_used(kv, known, errp);
}

static bool dist_option(NumaParse *p, KeyVals *kv, Error **errp)
{
    static const char *const known[] = { "type", "src", "dst", "val", NULL };
    const char *val;
    int src, dst;
    uint64_t distance;

    if (!take_node(p, kv, "src", true, &src, errp) || !take_node(p, kv, "dst", true, &dst, errp)) {
        return false;
    }
    val = keyval_take(kv, "val");
    if (!val) {
        error_setg(errp, "'val' is missing (val=DISTANCE)");
        return false;
    }
    if (!parse_u64("val", val, NUMA_DISTANCE_MIN, NUMA_UNREACHABLE, &distance, errp)) {
        return false;
    }
    if (src == dst && distance != NUMA_DISTANCE_MIN) {
        error_setg(errp, "the distance of node %d to itself is %d, not %" PRIu64, src,
                   NUMA_DISTANCE_MIN, distance);
        return false;
    }
    p->numa->nodes[src].distance[dst] = (uint8_t)distance;
    p->numa->have_distance = true;
    return keyval_check_used(kv, known, errp);
}

static bool cpu_option(NumaParse *p, KeyVals *kv, Error **errp)
{
    static const char *const known[] = { "type", "node-id", "core-id", NULL };
    const char *core;
    uint64_t cpu;
    int node;

    if (!take_node(p, kv, "node-id", true, &node, errp)) {
        return false;
    }
    core = keyval_take(kv, "core-id");
    if (!keyval_check_used(kv, known, errp)) {
        return false;
    }
    if (!core) {
        error_setg(errp, "'core-id' is missing (core-id=CPU)");
        return false;
    }
    return parse_u64("core-id", core, 0, p->ms->smp.max_cpus - 1, &cpu, errp) &&
           give_cpu(p, cpu, node, errp);
}

/* Only cpus= may be there more than once. */
static bool check_repeated(const KeyVals *kv, Error **errp)
{
    for (guint i = 0; i < kv->list->len; i++) {
        const char *key = ((KeyVal *)g_ptr_array_index(kv->list, i))->key;

        for (guint j = 0; j < i && strcmp(key, "cpus"); j++) {
            if (!strcmp(key, ((KeyVal *)g_ptr_array_index(kv->list, j))->key)) {
                error_setg(errp, "'%s' is given twice", key);
                return false;
            }
        }
    }
    return true;
}

static bool one_option(NumaParse *p, const char *text, Error **errp)
{
    static const struct {
        const char *type;
        bool (*fn)(NumaParse *p, KeyVals *kv, Error **errp);
    } types[] = { { "node", node_option }, { "dist", dist_option }, { "cpu", cpu_option } };
    g_autoptr(KeyVals) kv = keyval_parse_list(text, "type", false, errp);
    const char *type;

    if (!kv || !check_repeated(kv, errp)) {
        return false;
    }
    type = keyval_take(kv, "type");
    for (size_t i = 0; type && i < G_N_ELEMENTS(types); i++) {
        if (!strcmp(type, types[i].type)) {
            return types[i].fn(p, kv, errp);
        }
    }
    if (type && g_str_has_prefix(type, "hmat-")) {
        error_setg(errp, "'%s' is not supported: there is no table of memory attributes", type);
    } else {
        error_setg(errp, "no kind '%s' (there are: node, dist, cpu)", type ? type : "");
    }
    return false;
}

/* ---- When all is read ---- */

static bool check_nodes(const NumaParse *p, Error **errp)
{
    const NumaState *numa = p->numa;

    for (unsigned n = 0; n < numa->nr_nodes; n++) {
        int initiator;

        if (!numa->nodes[n].present) {
            error_setg(errp, "node %u is missing: nodes are numbered from 0 without gaps", n);
            return false;
        }
        initiator = numa->nodes[n].initiator;
        if (initiator != NUMA_NO_NODE && !numa->nodes[initiator].present) {
            error_setg(errp, "node %u: there is no node %d for 'initiator'", n, initiator);
            return false;
        }
    }
    return true;
}

static bool check_memory(const NumaParse *p, Error **errp)
{
    uint64_t total = 0;

    if (p->any_memdev) {
        for (unsigned n = 0; n < p->numa->nr_nodes; n++) {
            if (!p->numa->nodes[n].memdev) {
                error_setg(errp, "node %u has no 'memdev', others have", n);
                return false;
            }
        }
        return true; /* the board adds them up when it takes the backends */
    }
    for (unsigned n = 0; n < p->numa->nr_nodes; n++) {
        uint64_t mem = p->numa->nodes[n].mem;

        if (mem % 4096) {
            error_setg(errp, "node %u: 'mem' must be a multiple of 4K", n);
            return false;
        }
        total += MIN(mem, UINT64_MAX - total);
    }
    if (total != p->ms->ram_size) {
        error_setg(errp, "the nodes have %" PRIu64 " bytes of RAM, the machine %" PRIu64
                   " (give each node mem=SIZE)", total, p->ms->ram_size);
        return false;
    }
    return true;
}

/* Without any cpus= in equal parts, the last node taking what is left over; with some, all must be
 * given. */
static bool complete_cpus(NumaParse *p, Error **errp)
{
    const unsigned cpus = p->ms->smp.cpus, nodes = p->numa->nr_nodes;

    if (nodes > cpus) {
        error_setg(errp, "%u nodes are more than the %u CPUs", nodes, cpus);
        return false;
    }
    for (unsigned n = 0; n < p->ms->smp.max_cpus; n++) {
        int *node = &p->numa->cpu_node[n];

        if (*node != NUMA_NO_NODE) {
            continue;
        }
        if (p->any_cpu && n < cpus) {
            error_setg(errp, "CPU %u is in no node (cpus= of -numa node says which)", n);
            return false;
        }
        *node = (int)MIN(n / (cpus / nodes), nodes - 1);
    }
    return true;
}

/* What was not said about distances: back is as far as there, and everything else near or far. */
static bool complete_distances(NumaParse *p, Error **errp)
{
    NumaNode *nodes = p->numa->nodes;
    const unsigned nr = p->numa->nr_nodes;
    bool asymmetric = false;

    for (unsigned i = 0; i < nr; i++) {
        for (unsigned j = 0; j < i; j++) {
            uint8_t there = nodes[i].distance[j], back = nodes[j].distance[i];

            if (!there && !back) {
                error_setg(errp, "the distance between nodes %u and %u is missing", j, i);
                return false;
            }
            asymmetric |= there && back && there != back;
        }
    }
    for (unsigned i = 0; i < nr; i++) {
        for (unsigned j = 0; j < nr; j++) {
            uint8_t *d = &nodes[i].distance[j];

            if (!*d && i != j && asymmetric) {
                error_setg(errp, "the distance from node %u to %u is missing: where one pair "
                           "differs by direction, all must be given both ways", i, j);
                return false;
            }
            if (!*d) {
                *d = i == j ? NUMA_DISTANCE_MIN : nodes[j].distance[i];
            }
        }
    }
    return true;
}

bool numa_parse(GPtrArray *texts, MachineState *ms, Error **errp)
{
    NumaParse p = { .ms = ms, .numa = &ms->numa };

    if (!texts->len) {
        return true;
    }
    ms->numa.nodes = g_new0(NumaNode, NUMA_MAX_NODES);
    ms->numa.cpu_node = g_new(int, ms->smp.max_cpus);
    for (unsigned n = 0; n < ms->smp.max_cpus; n++) {
        ms->numa.cpu_node[n] = NUMA_NO_NODE;
    }
    for (guint i = 0; i < texts->len; i++) {
        if (!one_option(&p, g_ptr_array_index(texts, i), errp)) {
            option_prepend(errp, "numa", g_ptr_array_index(texts, i));
            return false;
        }
    }
    if (check_nodes(&p, errp) && check_memory(&p, errp) && complete_cpus(&p, errp) &&
        (!ms->numa.have_distance || complete_distances(&p, errp))) {
        return true;
    }
    error_prepend(errp, "-numa: ");
    return false;
}
