/*
 * The process: -daemonize, -pidfile, -name, -msg, -overcommit, -run-with.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/keyval.h"

/* There is one process. Main thread. */
static struct {
    char *guest_name;
    char *chroot_dir;
    const struct passwd *user;
    char *pidfile; /* ours to remove: its name within pid_dir */
    int pid_dir;   /* its folder, so that it is found from within a chroot */
    int pid_fd;
    int ready_fd;  /* daemon: to the waiting parent; 0: none */
    int null_fd;   /* daemon: what standard input and output become */
} self;

/* ---- -name, -msg, -overcommit, -run-with ---- */

static bool parse_name(const char *text, Error **errp)
{
    static const char *const known[] = { "guest", "process", "debug-threads", NULL };
    g_autoptr(KeyVals) kv = keyval_parse(text, "guest", false, errp);
    const char *guest, *process, *threads;
    bool on;

    if (!kv) {
        return false;
    }
    guest = keyval_take(kv, "guest");
    process = keyval_take(kv, "process");
    threads = keyval_take(kv, "debug-threads"); /* threads always have names */
    if (!keyval_check_used(kv, known, errp) ||
        (threads && !parse_bool("debug-threads", threads, &on, errp))) {
        return false;
    }
    self.guest_name = g_strdup(guest);
    if (process) {
        prctl(PR_SET_NAME, process, 0, 0, 0);
    }
    return true;
}

static bool parse_msg(const char *text, Error **errp)
{
    static const char *const known[] = { "timestamp", "guest-name", NULL };
    g_autoptr(KeyVals) kv = keyval_parse(text, NULL, false, errp);
    const char *timestamp, *guest;
    bool stamp = false, name = false;

    if (!kv) {
        return false;
    }
    timestamp = keyval_take(kv, "timestamp");
    guest = keyval_take(kv, "guest-name");
    if (!keyval_check_used(kv, known, errp) ||
        (timestamp && !parse_bool("timestamp", timestamp, &stamp, errp)) ||
        (guest && !parse_bool("guest-name", guest, &name, errp))) {
        return false;
    }
    error_set_format(stamp, name ? self.guest_name : NULL);
    return true;
}

static bool parse_overcommit(const char *text, Error **errp)
{
    static const char *const known[] = { "mem-lock", "cpu-pm", NULL };
    g_autoptr(KeyVals) kv = keyval_parse(text, NULL, false, errp);
    const char *lock, *pm;
    bool on = false, cpu_pm = false, on_fault;

    if (!kv) {
        return false;
    }
    lock = keyval_take(kv, "mem-lock");
    pm = keyval_take(kv, "cpu-pm");
    on_fault = lock && !strcmp(lock, "on-fault");
    if (!keyval_check_used(kv, known, errp)) {
        return false;
    }
    if (lock && !on_fault && !parse_bool("mem-lock", lock, &on, NULL)) {
        error_setg(errp, "invalid value '%s' for 'mem-lock': expected one of on, off, on-fault", lock);
        return false;
    }
    if (pm && !parse_bool("cpu-pm", pm, &cpu_pm, errp)) {
        return false;
    }
    if (cpu_pm) {
        error_setg(errp, "cpu-pm=on is for accelerators that let the guest sleep on the host's CPU");
        return false;
    }
    if ((on || on_fault) &&
        mlockall(MCL_CURRENT | MCL_FUTURE | (on ? 0 : MCL_ONFAULT)) != 0) {
        error_setg_errno(errp, errno, "cannot lock memory (ulimit -l)");
        return false;
    }
    return true;
}

static bool parse_run_with(const char *text, Error **errp)
{
    static const char *const known[] = { "chroot", "user", "async-teardown", NULL };
    g_autoptr(KeyVals) kv = keyval_parse(text, NULL, false, errp);
    const char *dir, *user, *teardown;
    bool on = false;

    if (!kv) {
        return false;
    }
    dir = keyval_take(kv, "chroot");
    user = keyval_take(kv, "user");
    teardown = keyval_take(kv, "async-teardown");
    if (!keyval_check_used(kv, known, errp) ||
        (teardown && !parse_bool("async-teardown", teardown, &on, errp))) {
        return false;
    }
    if (on) {
        error_setg(errp, "async-teardown=on is not supported");
        return false;
    }
    if (user) {
        self.user = getpwnam(user); /* the only call of its kind, so its buffer stays */
        if (!self.user) {
            error_setg(errp, "there is no user '%s'", user);
            return false;
        }
    }
    self.chroot_dir = g_strdup(dir);
    return true;
}

static bool parse_one(const char *option, const char *text, bool (*parse)(const char *, Error **),
                      Error **errp)
{
    if (text && !parse(text, errp)) {
        option_prepend(errp, option, text);
        return false;
    }
    return true;
}

/* ---- -daemonize ---- */

/* The parent's part: ends with the daemon's status, or 0 once it runs. */
static void G_GNUC_NORETURN wait_for_daemon(pid_t child, int fd)
{
    char byte;
    ssize_t n;
    int status = 0;

    do {
        n = read(fd, &byte, 1);
    } while (n < 0 && errno == EINTR);
    if (n == 1) {
        _exit(0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static bool daemonize(const Options *o, Error **errp)
{
    int fds[2];
    pid_t child;

    if (o->nographic) {
        error_setg(errp, "-daemonize: a daemon has no terminal for -nographic (use -display none)");
        return false;
    }
    if (pipe2(fds, O_CLOEXEC) != 0 || (child = fork()) < 0) {
        error_setg_errno(errp, errno, "-daemonize: cannot start another process");
        return false;
    }
    if (child > 0) {
        close(fds[1]);
        wait_for_daemon(child, fds[0]);
    }
    close(fds[0]);
    self.ready_fd = fds[1];
    self.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (self.null_fd < 0) {
        error_setg_errno(errp, errno, "-daemonize: cannot open '/dev/null'");
        return false;
    }
    setsid();
    return true;
}

bool process_begin(const Options *o, Error **errp)
{
    return parse_one("name", o->name, parse_name, errp) &&
           parse_one("msg", o->msg, parse_msg, errp) &&
           parse_one("run-with", o->run_with, parse_run_with, errp) &&
           (!o->daemonize || daemonize(o, errp)) &&
           parse_one("overcommit", o->overcommit, parse_overcommit, errp);
}

/* ---- -pidfile ---- */

static bool pidfile_create(const char *path, Error **errp)
{
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid()), *folder = NULL;
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot open the file");
        return false;
    }
    if (fcntl(fd, F_SETLK, &lock) != 0) {
        lock.l_type = F_WRLCK;
        if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) {
            error_setg(errp, "process %d runs and holds the file", (int)lock.l_pid);
        } else {
            error_setg_errno(errp, errno, "cannot lock the file");
        }
        close(fd);
        return false;
    }
    if (ftruncate(fd, 0) != 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        error_setg_errno(errp, errno, "cannot write the file");
        unlink(path);
        close(fd);
        return false;
    }
    self.pidfile = g_path_get_basename(path);
    folder = g_path_get_dirname(path);
    self.pid_dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    self.pid_fd = fd; /* held open for its lock */
    return true;
}

/* ---- -run-with ---- */

static bool confine(Error **errp)
{
    const struct passwd *u = self.user;

    if (self.chroot_dir && (chroot(self.chroot_dir) != 0 || chdir("/") != 0)) {
        error_setg_errno(errp, errno, "cannot make '%s' the root directory", self.chroot_dir);
        return false;
    }
    if (u && (initgroups(u->pw_name, u->pw_gid) != 0 || setgid(u->pw_gid) != 0 ||
              setuid(u->pw_uid) != 0)) {
        error_setg_errno(errp, errno, "cannot become user '%s'", u->pw_name);
        return false;
    }
    if (u && u->pw_uid != 0 && setuid(0) == 0) {
        error_setg(errp, "user '%s' could become root again", u->pw_name);
        return false;
    }
    return true;
}

bool process_confine(const Options *o, Error **errp)
{
    if (o->pidfile && !pidfile_create(o->pidfile, errp)) {
        option_prepend(errp, "pidfile", o->pidfile);
        return false;
    }
    if (!confine(errp)) {
        option_prepend(errp, "run-with", o->run_with);
        return false;
    }
    return true;
}

void process_ready(const Options *o)
{
    if (!self.ready_fd) {
        return;
    }
    dup2(self.null_fd, STDIN_FILENO);
    dup2(self.null_fd, STDOUT_FILENO);
    if (!o->log_items || o->log_file) {
        dup2(self.null_fd, STDERR_FILENO); /* otherwise the log goes on where it was asked to go */
    }
    close(self.null_fd);
    (void)!write(self.ready_fd, "", 1);
    close(self.ready_fd);
    self.ready_fd = 0;
}

void process_end(void)
{
    if (self.pidfile) {
        unlinkat(self.pid_dir, self.pidfile, 0);
        g_clear_pointer(&self.pidfile, g_free);
    }
}

const char *process_guest_name(void)
{
    return self.guest_name;
}
