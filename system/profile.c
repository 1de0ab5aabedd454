/*
 * The profiler of guests: a timer for each vCPU's thread, whose signal notes where it is and asks for
 * its attention; when it has left the guest it takes the sample itself.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "accel/accel.h"
#include "system/profile-fold.h"
#include "util/keyval.h"

#define DEFAULT_HZ 997 /* prime: not in step with a guest's own timer */

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

typedef struct VCPUProfile {
    timer_t timer;
    bool on;     /* the timer exists */
} VCPUProfile;

typedef struct Profile {
    char *path;
    int fd;
    bool made;   /* the file was not there before */
    unsigned hz;
    bool paused;
    GMutex lock; /* guards fold */
    Fold fold;
} Profile;

static Profile *profile;

/* ---- Taking samples ---- */

static uintptr_t host_pc(const ucontext_t *uc)
{
#if defined(__x86_64__)
    return (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return uc->uc_mcontext.pc;
#elif defined(__riscv)
    return uc->uc_mcontext.__gregs[REG_PC];
#else
    return 0;
#endif
}

/* On the vCPU's thread, at any place: nothing but its own words. */
static void on_signal(int sig, siginfo_t *info, void *context)
{
    CPUState *cpu = this_cpu;

    if (!cpu || !__atomic_load_n(&cpu->profile, __ATOMIC_RELAXED) || cpu->sample_due ||
        !__atomic_load_n(&cpu->running, __ATOMIC_RELAXED))
        return;
    if (cpu->accel->note)
        cpu->accel->note(cpu, host_pc(context));
    cpu->sample_due = true;
    __atomic_fetch_or(&cpu->attention, CPU_ATTN_EXIT, __ATOMIC_SEQ_CST);
}

void profile_take(CPUState *cpu)
{
    const AccelClass *accel = cpu->accel;
    CPUNote note;
    CPUSample *s;
    bool noted;

    cpu->sample_due = false;
    if (!__atomic_load_n(&cpu->profile, __ATOMIC_RELAXED))
        return;
    s = g_new(CPUSample, 1);
    noted = accel->noted && accel->noted(cpu, &note);
    if (accel->state_out)
        accel->state_out(cpu);
    CPU_GET_CLASS(cpu)->sample(cpu, noted ? &note : NULL, s);
    g_mutex_lock(&profile->lock);
    if (!profile->paused)
        fold_add(&profile->fold, cpu, noted ? &note : NULL, s);
    g_mutex_unlock(&profile->lock);
    g_free(s);
}

/* ---- Timers ---- */

static void start_timer(CPUState *cpu, void *data)
{
    VCPUProfile *v = g_new0(VCPUProfile, 1);
    struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF };
    const long ns = 1000000000 / (long)profile->hz;
    const struct itimerspec every = { .it_interval = { ns / 1000000000, ns % 1000000000 },
                                      .it_value = { ns / 1000000000, ns % 1000000000 } };
    sigset_t set;

    ev.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    sigemptyset(&set);
    sigaddset(&set, SIGPROF);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    v->on = timer_create(CLOCK_MONOTONIC, &ev, &v->timer) == 0 && timer_settime(v->timer, 0, &every, NULL) == 0;
    if (!v->on)
        warn_report("-profile: no timer for vCPU %d: %s", cpu->cpu_index, g_strerror(errno));
    __atomic_store_n(&cpu->profile, v, __ATOMIC_RELEASE);
}

static void stop_timer(CPUState *cpu, void *data)
{
    VCPUProfile *v = cpu->profile;

    if (!v)
        return;
    if (v->on)
        timer_delete(v->timer);
    __atomic_store_n(&cpu->profile, NULL, __ATOMIC_RELEASE);
    g_free(v);
}

static void start_sampling(void)
{
    struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };
    CPUState *cpu;

    sigfillset(&sa.sa_mask);
    sigaction(SIGPROF, &sa, NULL);
    CPU_FOREACH(cpu) {
        cpu_run_on(cpu, start_timer, NULL);
    }
}

/* ---- The option ---- */

/* FILE or FILE@OFFSET into *table, which is made if need be. */
static bool add_symbols(SymbolTable **table, const char *key, const char *value, Error **errp)
{
    const char *at = strrchr(value, '@');
    g_autofree char *path = at ? g_strndup(value, at - value) : g_strdup(value);
    uint64_t offset = 0;

    if (at && !parse_u64(key, at + 1, 0, UINT64_MAX, &offset, errp)) {
        return false;
    }
    if (!*table) {
        *table = symbol_table_new();
    }
    if (symbol_table_add_file(*table, path, offset, errp)) {
        return true;
    }
    error_prepend(errp, "%s: ", key);
    return false;
}

static bool parse(Profile *p, const char *text, Error **errp)
{
    static const char *const known[] = { "file", "hz", "kernel", "user", NULL };
    g_autoptr(KeyVals) kv = keyval_parse_list(text, "file", false, errp);
    uint64_t hz = DEFAULT_HZ;

    if (!kv) {
        return false;
    }
    for (guint i = 0; i < kv->list->len; i++) {
        KeyVal *k = kv->list->pdata[i];

        k->used = g_strv_contains(known, k->key);
        if ((!strcmp(k->key, "kernel") && !add_symbols(&p->fold.kernel, k->key, k->value, errp)) ||
            (!strcmp(k->key, "user") && !add_symbols(&p->fold.user, k->key, k->value, errp)) ||
            (!strcmp(k->key, "hz") && !parse_u64("hz", k->value, 1, 10000, &hz, errp))) {
            return false;
        }
        if (!strcmp(k->key, "file")) {
            g_free(p->path);
            p->path = g_strdup(k->value);
        }
    }
    if (!keyval_check_used(kv, known, errp)) {
        return false;
    }
    if (!p->path || !*p->path) {
        error_setg(errp, "the name of the file to write is missing");
        return false;
    }
    p->hz = (unsigned)hz;
    return true;
}

static bool open_file(Profile *p, Error **errp)
{
    p->made = access(p->path, F_OK) != 0;
    p->fd = open(p->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (p->fd < 0) {
        error_setg(errp, "cannot write '%s': %s", p->path, g_strerror(errno));
    }
    return p->fd >= 0;
}

static void profile_free(Profile *p)
{
    if (p->fd >= 0) {
        close(p->fd);
    }
    fold_clear(&p->fold);
    g_mutex_clear(&p->lock);
    g_free(p->path);
    g_free(p);
}

bool profile_start(const char *text, MachineState *ms, Error **errp)
{
    AccelState *accel = ms->accel;
    const AccelClass *ac = ACCEL_CLASS(accel->parent_obj.klass);
    Profile *p = g_new0(Profile, 1);

    p->fd = -1;
    g_mutex_init(&p->lock);
    fold_init(&p->fold);
    if (!parse(p, text, errp) || (ac->observe && !ac->observe(accel, ACCEL_PROFILE, errp)) ||
        !open_file(p, errp)) {
        profile_free(p);
        return false;
    }
    profile = p;
    start_sampling();
    return true;
}

/* ---- The monitor, and the end ---- */

bool profile_active(void)
{
    return profile != NULL;
}

bool profile_write(Error **errp)
{
    g_autoptr(GString) out = g_string_new(NULL);
    gsize done = 0;

    g_mutex_lock(&profile->lock);
    fold_print(&profile->fold, out);
    g_mutex_unlock(&profile->lock);
    /* Not a pipe: what was written before is replaced. */
    if (lseek(profile->fd, 0, SEEK_SET) == 0 && ftruncate(profile->fd, 0) != 0 && errno != EINVAL) {
        error_setg(errp, "cannot write '%s': %s", profile->path, g_strerror(errno));
        return false;
    }
    while (done < out->len) {
        ssize_t n = write(profile->fd, out->str + done, out->len - done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            error_setg(errp, "cannot write '%s': %s", profile->path, g_strerror(n ? errno : ENOSPC));
            return false;
        }
        done += (gsize)n;
    }
    return true;
}

void profile_switch(bool on)
{
    g_mutex_lock(&profile->lock);
    profile->paused = !on;
    g_mutex_unlock(&profile->lock);
}

void profile_reset(void)
{
    g_mutex_lock(&profile->lock);
    fold_reset(&profile->fold);
    g_mutex_unlock(&profile->lock);
}

void profile_info(GString *out)
{
    g_mutex_lock(&profile->lock);
    g_string_append_printf(out, "%" G_GUINT64_FORMAT " samples, %u a second of each CPU that runs%s; "
                           "%u different stacks\n", profile->fold.n_samples, profile->hz,
                           profile->paused ? ", switched off now" : "",
                           g_hash_table_size(profile->fold.stacks));
    g_mutex_unlock(&profile->lock);
}

void profile_end(bool cancel)
{
    Error *err = NULL;
    CPUState *cpu;

    if (!profile) {
        return;
    }
    CPU_FOREACH(cpu) {
        cpu_run_on(cpu, stop_timer, NULL);
    }
    if (cancel && profile->made) {
        unlink(profile->path);
    } else if (!cancel && !profile_write(&err)) {
        warn_report("-profile: %s", error_get_pretty(err));
        error_free(err);
    }
    g_clear_pointer(&profile, profile_free);
}
