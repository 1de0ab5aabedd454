/*
 * From samples to lines of folded stacks: names of processes and functions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/profile-fold.h"

#include <inttypes.h>
#include <string.h>

#define MAX_STACKS 200000  /* different ones; a guest could make any number */
#define COMM_SIZE 16       /* TASK_COMM_LEN */
#define TASK_SIZE_SEEN 16384
#define COMM_TRIES 200

void fold_init(Fold *f)
{
    f->stacks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void fold_clear(Fold *f)
{
    g_clear_pointer(&f->stacks, g_hash_table_unref);
    symbol_table_free(f->kernel);
    symbol_table_free(f->user);
    f->kernel = f->user = NULL;
}

void fold_reset(Fold *f)
{
    g_hash_table_remove_all(f->stacks);
    f->n_samples = f->n_lost = 0;
}

/* ---- Functions ---- */

static const char *function_at(const Fold *f, char mode, vaddr pc, uint64_t *offset)
{
    const SymbolTable *own = mode == 'u' ? f->user : mode == 's' || mode == 'm' ? f->kernel : NULL;
    const char *name = own ? symbol_table_at(own, pc, offset) : NULL;

    /* Symbols of what was loaded are of the machine itself, not of a guest's guest. */
    return name || g_ascii_isupper(mode) ? name : symbol_at(pc, offset);
}

static bool same_function(const Fold *f, char mode, vaddr a, vaddr b)
{
    uint64_t offset_a, offset_b;
    const char *name_a = function_at(f, mode, a, &offset_a), *name_b = function_at(f, mode, b, &offset_b);

    return name_a && name_b ? a - offset_a == b - offset_b : a == b;
}

/* Names come from files and from the guest. */
static void append_name(GString *out, const char *name)
{
    for (const char *p = name; *p; p++)
        g_string_append_c(out, *p == ';' || *p == ' ' || !g_ascii_isprint(*p) ? '_' : *p);
}

static void append_function(const Fold *f, const CPUSample *s, vaddr pc, GString *out)
{
    uint64_t offset;
    const char *name = function_at(f, s->mode, pc, &offset);

    g_string_append_c(out, ';');
    if (name)
        append_name(out, name);
    else
        g_string_append_printf(out, "0x%" PRIx64, pc);
    if ((s->mode == 's' || s->mode == 'S') && s->space)
        g_string_append(out, "_[k]"); /* what flame graphs colour as the kernel's */
}

/* A function that has not made its frame yet hides its caller, which its return address still shows. */
static bool add_hidden_caller(const Fold *f, CPUSample *s)
{
    uint64_t offset;

    if (!s->link || !function_at(f, s->mode, s->pc[0], &offset) || offset)
        return false;
    if (s->n == CPU_SAMPLE_FRAMES)
        s->n--;
    memmove(&s->pc[2], &s->pc[1], (s->n - 1) * sizeof(s->pc[0]));
    s->pc[1] = s->link - 2;
    s->n++;
    return true;
}

/*
 * The sample shows the vCPU at the next place where it could be stopped, note where it was. Where that
 * function is among the callers, what it called has begun since; where it is not, it has returned since,
 * and what has only just begun was called after that.
 */
static void append_stack(const Fold *f, const CPUNote *note, CPUSample *s, GString *out)
{
    bool begun = add_hidden_caller(f, s);
    unsigned innermost = 0;
    bool returned = note != NULL;

    for (unsigned n = 0; note && n < s->n && returned; n++) {
        if (same_function(f, s->mode, note->pc, s->pc[n])) {
            innermost = n;
            returned = false;
        }
    }
    if (returned && begun)
        innermost = 1;
    for (unsigned n = s->n; n-- > innermost;)
        append_function(f, s, s->pc[n], out);
    if (returned)
        append_function(f, s, note->pc, out);
}

/* ---- Processes ---- */

/* The first task of Linux is "swapper": its name shows where names are. */
static void find_comm(Fold *f, CPUState *cpu)
{
    static const char *const names[] = { "swapper/0", "swapper" };
    const CPUClass *cc = CPU_GET_CLASS(cpu);
    g_autofree char *task = NULL;
    uint64_t addr;

    if (!f->kernel ? !symbol_find("init_task", &addr) : !symbol_table_find(f->kernel, "init_task", &addr)) {
        f->comm_offset = -1;
        return;
    }
    if (++f->comm_tries > COMM_TRIES) {
        f->comm_offset = -1;
        return;
    }
    task = g_malloc0(TASK_SIZE_SEEN);
    for (size_t at = 0; at < TASK_SIZE_SEEN; at += 1024) {
        if (!cc->read_kernel(cpu, addr + at, task + at, 1024))
            break;
    }
    for (size_t n = 0; n < G_N_ELEMENTS(names); n++) {
        size_t len = strlen(names[n]) + 1;
        char *at = memmem(task, TASK_SIZE_SEEN, names[n], len);

        if (at && at != task) {
            f->comm_offset = (int)(at - task);
            return;
        }
    }
}

static bool append_comm(Fold *f, CPUState *cpu, const CPUSample *s, GString *out)
{
    char comm[COMM_SIZE + 1] = "";

    if (!s->thread || !s->space || g_ascii_isupper(s->mode) || f->comm_offset < 0)
        return false;
    if (!f->comm_offset && s->mode == 's')
        find_comm(f, cpu);
    if (f->comm_offset <= 0 || !(s->thread >> 63) ||
        !CPU_GET_CLASS(cpu)->read_kernel(cpu, s->thread + (uint64_t)f->comm_offset, comm, COMM_SIZE) || !*comm)
        return false;
    append_name(out, comm);
    return true;
}

static void append_process(Fold *f, CPUState *cpu, const CPUSample *s, GString *out)
{
    if (s->mode == 'm') {
        g_string_append(out, "M-mode");
        return;
    }
    if (g_ascii_isupper(s->mode))
        g_string_append_printf(out, "guest_%u;", s->vmid);
    if (append_comm(f, cpu, s, out))
        return;
    if (!s->space)
        g_string_append(out, "unpaged");
    else if (s->asid)
        g_string_append_printf(out, "asid_%u_root_0x%" PRIx64, s->asid, s->space);
    else
        g_string_append_printf(out, "root_0x%" PRIx64, s->space);
}

/* ---- Counting ---- */

void fold_add(Fold *f, CPUState *cpu, const CPUNote *note, CPUSample *s)
{
    g_autoptr(GString) line = g_string_new(NULL);
    gpointer key, count;

    f->n_samples++;
    append_process(f, cpu, s, line);
    append_stack(f, note, s, line);
    if (g_hash_table_lookup_extended(f->stacks, line->str, &key, &count)) {
        g_hash_table_insert(f->stacks, g_string_free(g_steal_pointer(&line), FALSE),
                            GSIZE_TO_POINTER(GPOINTER_TO_SIZE(count) + 1));
    } else if (g_hash_table_size(f->stacks) < MAX_STACKS) {
        g_hash_table_insert(f->stacks, g_string_free(g_steal_pointer(&line), FALSE), GSIZE_TO_POINTER(1));
    } else {
        f->n_lost++;
    }
}

void fold_print(const Fold *f, GString *out)
{
    g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(f->stacks), (GCompareFunc)strcmp);

    for (GList *k = keys; k; k = k->next)
        g_string_append_printf(out, "%s %zu\n", (const char *)k->data,
                               GPOINTER_TO_SIZE(g_hash_table_lookup(f->stacks, k->data)));
    if (f->n_lost)
        g_string_append_printf(out, "other_stacks %" PRIu64 "\n", f->n_lost);
}
