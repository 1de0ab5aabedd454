/*
 * The controlling terminal: raw while we run in the foreground, otherwise as it was found.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chardev/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "system/chardev.h"

/* One process has one terminal. Written on the main thread; the handler of a fatal signal reads. */
static struct {
    int fd;
    bool signals;
    volatile sig_atomic_t saved; /* `old` holds what to put back */
    volatile sig_atomic_t raw;   /* raw mode is on now */
    struct termios old;
} term = { .fd = -1 };

/* From the background, changing the terminal would stop the process (SIGTTOU) or, if that is
 * ignored, disturb whoever is in the foreground. */
static bool in_foreground(void)
{
    return tcgetpgrp(term.fd) == getpgrp();
}

static void go_raw(void)
{
    struct termios t = term.old;

    t.c_iflag &= ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    t.c_lflag &= ~(ECHO | ECHONL | ICANON | IEXTEN);
    if (!term.signals) {
        t.c_lflag &= ~ISIG;
    }
    t.c_cflag &= ~(CSIZE | PARENB);
    t.c_cflag |= CS8;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (in_foreground() && tcsetattr(term.fd, TCSANOW, &t) == 0) {
        term.raw = 1;
    }
}

void terminal_restore(void)
{
    if (term.raw) {
        /* SIGTTOU is blocked or ignored by system/: were we in the background, it would stop us
         * on the way out. */
        tcsetattr(term.fd, TCSANOW, &term.old);
        term.raw = 0;
    }
}

/* A crash must not leave the user with a dead keyboard. SA_RESETHAND: the signal then acts as if
 * we had not been here. */
static void on_crash(int sig)
{
    terminal_restore();
    raise(sig);
}

static void catch_crashes(void)
{
    static const int signals[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGTRAP };
    struct sigaction sa = { .sa_handler = on_crash, .sa_flags = SA_RESETHAND | SA_NODEFER };

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct sigaction old;

        /* Whoever has a handler already (a sanitizer) keeps it. */
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
            sigaction(signals[i], &sa, NULL);
        }
    }
}

void terminal_raw(int fd, bool signals)
{
    if (!isatty(fd) || tcgetattr(fd, &term.old) != 0) {
        return;
    }
    if (!term.saved) {
        atexit(terminal_restore);
        catch_crashes();
    }
    term.fd = fd;
    term.signals = signals;
    term.saved = 1;
    go_raw();
}

void terminal_suspend(void)
{
    terminal_restore();
}

void terminal_resume(void)
{
    /* What the shell did to the terminal meanwhile is what we give back at the end. */
    if (term.saved && !term.raw && in_foreground() && tcgetattr(term.fd, &term.old) == 0) {
        go_raw();
    }
}
