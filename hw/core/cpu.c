/*
 * What every vCPU has: requests from other threads, and the list of vCPUs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/cpu.h"

__thread CPUState *this_cpu;

struct CPUWork {
    void (*fn)(CPUState *cpu, void *data);
    void *data;
    bool *done; /* of the waiter, under cpu->mutex; NULL: nobody waits, free after the run */
};

/* The registry of vCPUs. */
static CPUList list;

const CPUList *cpu_list(void)
{
    return &list;
}

void cpu_list_add(CPUState *cpu)
{
    list.cpus = g_renew(CPUState *, list.cpus, list.nr + 1);
    cpu->cpu_index = list.nr;
    list.cpus[list.nr++] = cpu;
}

void cpu_list_remove(CPUState *cpu)
{
    for (unsigned i = 0; i < list.nr; i++) {
        if (list.cpus[i] == cpu) {
            list.nr--;
            for (; i < list.nr; i++) {
                list.cpus[i] = list.cpus[i + 1];
                list.cpus[i]->cpu_index = i;
            }
        }
    }
    if (!list.nr) {
        g_clear_pointer(&list.cpus, g_free);
    }
}

void cpu_attention(CPUState *cpu, uint32_t bits)
{
    void (*accel)(CPUState *cpu);

    __atomic_fetch_or(&cpu->attention, bits, __ATOMIC_SEQ_CST);
    if (this_cpu == cpu) {
        return; /* awake, obviously */
    }
    /*
     * The sleeper looks at its reasons with the mutex held and then waits, so taking the mutex here
     * puts this wake-up either before its look, which then sees the reason, or into its wait.
     */
    g_mutex_lock(&cpu->mutex);
    if (cpu->sleeping) { /* else that would be a system call for nothing */
        g_cond_broadcast(&cpu->cond);
    }
    g_mutex_unlock(&cpu->mutex);
    accel = __atomic_load_n(&cpu->accel_attention, __ATOMIC_ACQUIRE);
    if (accel) {
        accel(cpu);
    }
}

void cpu_kick(CPUState *cpu)
{
    cpu_attention(cpu, CPU_ATTN_EXIT);
    if (cpu->accel_kick) {
        cpu->accel_kick(cpu);
    }
}

/* False if there is no thread to run it yet. */
static bool queue_work(CPUState *cpu, CPUWork *work)
{
    bool created;

    g_mutex_lock(&cpu->mutex);
    created = cpu->created;
    if (created) {
        g_queue_push_tail(&cpu->work, work);
    }
    g_mutex_unlock(&cpu->mutex);
    if (created) {
        cpu_kick(cpu);
    }
    return created;
}

void cpu_run_on(CPUState *cpu, void (*fn)(CPUState *cpu, void *data), void *data)
{
    bool done = false;
    CPUWork work = { fn, data, &done };

    if (this_cpu == cpu || !queue_work(cpu, &work)) {
        fn(cpu, data);
        return;
    }
    g_mutex_lock(&cpu->mutex);
    while (!done) {
        g_cond_wait(&cpu->cond, &cpu->mutex);
    }
    g_mutex_unlock(&cpu->mutex);
}

void cpu_run_on_async(CPUState *cpu, void (*fn)(CPUState *cpu, void *data), void *data)
{
    CPUWork *work = g_new(CPUWork, 1);

    *work = (CPUWork){ fn, data, NULL };
    if (!queue_work(cpu, work)) {
        g_free(work);
        fn(cpu, data);
    }
}

void cpu_process_work(CPUState *cpu)
{
    CPUWork *work;

    g_mutex_lock(&cpu->mutex);
    while ((work = g_queue_pop_head(&cpu->work))) {
        bool *done = work->done;

        g_mutex_unlock(&cpu->mutex);
        work->fn(cpu, work->data);
        g_mutex_lock(&cpu->mutex);
        if (done) {
            *done = true; /* work lies on the waiter's stack and is gone once we unlock */
            g_cond_broadcast(&cpu->cond);
        } else {
            g_free(work);
        }
    }
    g_mutex_unlock(&cpu->mutex);
}

static void cpu_instance_init(Object *obj)
{
    CPUState *cpu = CPU(obj);

    g_mutex_init(&cpu->mutex);
    g_cond_init(&cpu->cond);
    g_queue_init(&cpu->work);
}

static void cpu_instance_finalize(Object *obj)
{
    CPUState *cpu = CPU(obj);

    g_mutex_clear(&cpu->mutex);
    g_cond_clear(&cpu->cond);
}

static void cpu_class_init(ObjectClass *klass, const void *class_data)
{
    DEVICE_CLASS(klass)->category = DEVICE_CATEGORY_CPU;
}

static const TypeInfo cpu_type = {
    .name = TYPE_CPU,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(CPUState),
    .class_size = sizeof(CPUClass),
    .abstract = true,
    .class_init = cpu_class_init,
    .instance_init = cpu_instance_init,
    .instance_finalize = cpu_instance_finalize,
};
type_init(cpu_type);
