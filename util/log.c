/*
 * The log of -d and -D.
 *
 * SPDX-License-Identifier: MIT
 */
#include "util/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/keyval.h"

#define LIMIT_WINDOW_US 1000000
#define LIMIT_LINES 10

unsigned log_mask_active;

static int log_fd = STDERR_FILENO;
static GMutex log_lock; /* guards log_fd and keeps the lines of threads apart */

const LogItem log_items[] = {
    { LOG_IN_ASM, "in_asm", "guest code as it is decoded" },
    { LOG_OP, "op", "operations of each block, and of each region that is compiled" },
    { LOG_OP_OPT, "op_opt", "operations of each region after they were optimised" },
    { LOG_OUT_ASM, "out_asm", "host code of each region" },
    { LOG_INT, "int", "interrupts and exceptions taken" },
    { LOG_EXEC, "exec", "each block as it is entered" },
    { LOG_CPU, "cpu", "integer registers before each block" },
    { LOG_FPU, "fpu", "with cpu: floating-point registers too" },
    { LOG_MMU, "mmu", "page walks and their outcome" },
    { LOG_UNIMP, "unimp", "what the guest asks for and is not implemented" },
    { LOG_GUEST_ERRORS, "guest_errors", "what the guest does that hardware leaves undefined" },
    { LOG_PAGE, "page", "the memory map as it changes" },
    { LOG_NOCHAIN, "nochain", "do not chain blocks, so that exec shows every one" },
    { LOG_ICOUNT, "icount", "at the end: instructions run and the hash of their trace (-icount)" },
    { LOG_TRACE, "trace", "device register accesses" },
    { LOG_SBI, "sbi", "calls of the SBI that we answer, and their results" },
    { LOG_VNC, "vnc", "what the VNC server and its clients do" },
    { 0, NULL, NULL },
};

static const LogItem *find_item(const char *name)
{
    for (const LogItem *it = log_items; it->name; it++) {
        if (!strcmp(it->name, name)) {
            return it;
        }
    }
    return NULL;
}

bool log_parse_items(const char *items, unsigned *mask, Error **errp)
{
    char **parts = g_strsplit(items, ",", -1);
    unsigned result = 0;
    bool ok = true;

    for (char **p = parts; *p && ok; p++) {
        const LogItem *it = find_item(*p);

        if (it) {
            result |= it->mask;
        } else {
            const char *names[G_N_ELEMENTS(log_items)];
            const char *near;

            for (size_t i = 0; i < G_N_ELEMENTS(log_items); i++) {
                names[i] = log_items[i].name;
            }
            near = nearest_name(*p, names);
            if (near) {
                error_setg(errp, "no log item '%s' (did you mean '%s'?)", *p, near);
            } else {
                error_setg(errp, "no log item '%s' ('-d help' lists them)", *p);
            }
            ok = false;
        }
    }
    if (ok && !parts[0]) {
        error_setg(errp, "empty list of log items ('-d help' lists them)");
        ok = false;
    }
    g_strfreev(parts);
    if (ok) {
        *mask = result;
    }
    return ok;
}

void log_set_mask(unsigned mask)
{
    __atomic_store_n(&log_mask_active, mask, __ATOMIC_RELAXED);
}

/* The name with its one "%d" replaced; anything else after "%" would be a format for nobody. */
static char *expand_name(const char *path, Error **errp)
{
    const char *pct = strchr(path, '%');

    if (!pct) {
        return g_strdup(path);
    }
    if (pct[1] != 'd' || strchr(pct + 1, '%')) {
        error_setg(errp, "log file name '%s': only one '%%d' (the process id) is allowed", path);
        return NULL;
    }
    return g_strdup_printf("%.*s%d%s", (int)(pct - path), path, (int)getpid(), pct + 2);
}

bool log_set_file(const char *path, Error **errp)
{
    int fd = STDERR_FILENO, old;

    if (path) {
        g_autofree char *name = expand_name(path, errp);

        if (!name) {
            return false;
        }
        fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0) {
            error_setg_errno(errp, errno, "cannot open log file '%s'", name);
            return false;
        }
    }
    g_mutex_lock(&log_lock);
    old = log_fd;
    log_fd = fd;
    g_mutex_unlock(&log_lock);
    if (old != STDERR_FILENO) {
        close(old);
    }
    return true;
}

static void log_write(const char *text, size_t len)
{
    g_mutex_lock(&log_lock);
    while (len) {
        ssize_t n = write(log_fd, text, len);

        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n <= 0) {
            break; /* disk full or pipe gone: the log ends, the guest does not */
        }
        text += n;
        len -= n;
    }
    g_mutex_unlock(&log_lock);
}

void log_printf(unsigned mask, const char *fmt, ...)
{
    char buf[512];
    va_list ap;
    int n;

    if (!log_enabled(mask)) {
        return;
    }
    va_start(ap, fmt);
    n = vsnprintf(buf, sizeof(buf), fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof(buf)) {
        log_write(buf, n);
    } else if (n >= 0) {
        char *big;

        va_start(ap, fmt);
        big = g_strdup_vprintf(fmt, ap);
        va_end(ap);
        log_write(big, strlen(big));
        g_free(big);
    }
}

/*
 * Whether a line may pass; *dropped is what was held back before it. Two threads at the edge of a
 * window may let one line more or less through, which does no harm.
 */
static bool limit_pass(LogLimit *l, uint32_t *dropped)
{
    int64_t now = g_get_monotonic_time();
    int64_t start = __atomic_load_n(&l->window_start_us, __ATOMIC_RELAXED);

    if (start == 0 || now - start >= LIMIT_WINDOW_US) {
        __atomic_store_n(&l->window_start_us, now, __ATOMIC_RELAXED);
        __atomic_store_n(&l->in_window, 0, __ATOMIC_RELAXED);
    }
    if (__atomic_fetch_add(&l->in_window, 1, __ATOMIC_RELAXED) >= LIMIT_LINES) {
        __atomic_fetch_add(&l->dropped, 1, __ATOMIC_RELAXED);
        return false;
    }
    *dropped = __atomic_exchange_n(&l->dropped, 0, __ATOMIC_RELAXED);
    return true;
}

static void G_GNUC_PRINTF(4, 0)
limited(unsigned mask, LogLimit *limit, const char *who, const char *fmt, va_list ap)
{
    uint32_t dropped = 0;
    g_autofree char *text = NULL;

    if (!log_enabled(mask) || !limit_pass(limit, &dropped)) {
        return;
    }
    text = g_strdup_vprintf(fmt, ap);
    if (dropped) {
        log_printf(mask, "%s: %" PRIu32 " more lines dropped\n", who, dropped);
    }
    log_printf(mask, "%s: %s\n", who, text);
}

void log_guest_error(LogLimit *limit, const char *who, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    limited(LOG_GUEST_ERRORS, limit, who, fmt, ap);
    va_end(ap);
}

void log_unimp(LogLimit *limit, const char *who, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    limited(LOG_UNIMP, limit, who, fmt, ap);
    va_end(ap);
}
