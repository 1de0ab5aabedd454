/*
 * Signals: SIGINT, SIGTERM and SIGHUP end the process in order, SIGTSTP and SIGCONT take the
 * terminal out of and into raw mode. They are blocked in every thread and read from a descriptor,
 * so no code has to be safe against a handler.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/signals.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "hw/core/machine.h"
#include "system/chardev.h"
#include "system/mainloop.h"
#include "util/error.h"

static void handled_set(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGTSTP);
    sigaddset(set, SIGCONT);
}

void signals_block(void)
{
    sigset_t set;

    handled_set(&set);
    /* A background process that restores its terminal must not be stopped for it. */
    sigaddset(&set, SIGTTOU);
    sigprocmask(SIG_BLOCK, &set, NULL);
    /* Writing to a socket or pipe whose reader is gone gives EPIPE instead. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* an image at the limit of file sizes is an error of the write */
}

static void report_end(const struct signalfd_siginfo *si)
{
    g_autofree char *path = g_strdup_printf("/proc/%u/comm", si->ssi_pid);
    g_autofree char *comm = NULL;

    if (si->ssi_code == SI_KERNEL || si->ssi_pid == 0) {
        error_report("terminating on signal %u", si->ssi_signo);
    } else if (g_file_get_contents(path, &comm, NULL, NULL)) {
        error_report("terminating on signal %u from pid %u (%s)", si->ssi_signo, si->ssi_pid,
                     g_strstrip(comm));
    } else {
        error_report("terminating on signal %u from pid %u", si->ssi_signo, si->ssi_pid);
    }
}

static gboolean signal_ready(gint fd, GIOCondition cond, gpointer data)
{
    struct signalfd_siginfo si;

    if (read(fd, &si, sizeof(si)) != sizeof(si)) {
        return G_SOURCE_CONTINUE;
    }
    switch (si.ssi_signo) {
    case SIGTSTP:
        terminal_suspend();
        kill(getpid(), SIGSTOP);
        break;
    case SIGCONT:
        terminal_resume();
        break;
    default:
        report_end(&si);
        machine_request_shutdown(SHUTDOWN_HOST_SIGNAL, 0);
        break;
    }
    return G_SOURCE_CONTINUE;
}

void signals_watch(void)
{
    sigset_t set;
    int fd;

    handled_set(&set);
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        warn_report("signals cannot be watched; they end the process at once");
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        return;
    }
    g_unix_fd_add(fd, G_IO_IN, signal_ready, NULL);
}
