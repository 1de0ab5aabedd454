/*
 * NUMA: which RAM and which CPUs are near each other, as -numa says.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_HW_CORE_NUMA_H
#define VIREO_HW_CORE_NUMA_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

#define NUMA_MAX_NODES 128
#define NUMA_NO_NODE (-1)

enum { NUMA_DISTANCE_MIN = 10, NUMA_DISTANCE_DEFAULT = 20, NUMA_DISTANCE_MAX = 254,
       NUMA_UNREACHABLE = 255 };

typedef struct NumaNode {
    bool present;       /* -numa node said so */
    uint64_t mem;       /* bytes; those of memdev if that is given */
    char *memdev;       /* id of a memory backend, or NULL */
    int initiator;      /* the node whose CPUs are nearest, or NUMA_NO_NODE */
    uint8_t distance[NUMA_MAX_NODES]; /* to each node; 0: not given */
} NumaNode;

/* Of a machine; all zero without -numa. RAM lies in the order of the nodes. */
typedef struct NumaState {
    unsigned nr_nodes;
    NumaNode *nodes;    /* [NUMA_MAX_NODES], or NULL */
    int *cpu_node;      /* [max_cpus], or NULL */
    bool have_distance; /* every distance is filled in */
} NumaState;

void numa_free(NumaState *n);

/* The node of a CPU; 0 without NUMA. */
static inline int numa_cpu_node(const NumaState *n, unsigned cpu)
{
    return n->cpu_node ? n->cpu_node[cpu] : 0;
}

#endif
