/*
 * The host's kernel behind KVMSys.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/kvm/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Not used by GLib or the main loop; its arrival is all that it means. */
#define KICK_SIGNAL SIGUSR1

static int host_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static int host_close(int fd)
{
    return close(fd) < 0 ? -errno : 0;
}

static int host_ioctl(int fd, unsigned long request, void *arg)
{
    int r = ioctl(fd, request, arg);

    return r < 0 ? -errno : r;
}

static void *host_mmap(int fd, size_t size, int *err)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (p == MAP_FAILED) {
        *err = errno;
        return NULL;
    }
    return p;
}

static void host_munmap(void *p, size_t size)
{
    munmap(p, size);
}

static int host_prctl(int what, unsigned long value)
{
    int r = prctl(what, value, 0, 0, 0);

    return r < 0 ? -errno : r;
}

static int host_eventfd(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    return fd < 0 ? -errno : fd;
}

static void kick_handler(int sig)
{
}

static void host_kick_receive(void)
{
    struct sigaction sa = { .sa_handler = kick_handler };
    sigset_t set;

    sigemptyset(&sa.sa_mask);
    sigaction(KICK_SIGNAL, &sa, NULL);
    sigemptyset(&set);
    sigaddset(&set, KICK_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void host_kick_send(pthread_t thread)
{
    pthread_kill(thread, KICK_SIGNAL);
}

static char *host_read_text(const char *path)
{
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

static bool host_is_riscv(void)
{
#if defined(__riscv) && __riscv_xlen == 64
    return true;
#else
    return false;
#endif
}

static const KVMSys host_sys = {
    .open = host_open,
    .close = host_close,
    .ioctl = host_ioctl,
    .mmap = host_mmap,
    .munmap = host_munmap,
    .prctl = host_prctl,
    .eventfd = host_eventfd,
    .kick_receive = host_kick_receive,
    .kick_send = host_kick_send,
    .read_text = host_read_text,
    .riscv_host = host_is_riscv,
};

static const KVMSys *in_force = &host_sys;

const KVMSys *kvm_sys(void)
{
    return in_force;
}

void kvm_sys_replace(const KVMSys *sys)
{
    in_force = sys ? sys : &host_sys;
}

size_t kvm_page_size(void)
{
    return in_force->page_size ? in_force->page_size : (size_t)sysconf(_SC_PAGESIZE);
}
