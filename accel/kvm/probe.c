/*
 * Why KVM cannot be used, in words that help: each obstacle has its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/kvm/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#define DEVICE "/dev/kvm"

/* What /proc/cpuinfo says of the hypervisor extension: 1 yes, 0 no, -1 it does not say. */
static int host_has_h(void)
{
    g_autofree char *text = kvm_sys()->read_text("/proc/cpuinfo");
    const char *isa = text ? strstr(text, "isa\t") : NULL;

    isa = isa ? strchr(isa, ':') : NULL;
    isa = isa ? strstr(isa, "rv64") : NULL;
    if (!isa) {
        return -1;
    }
    /* Single letters end at the first '_'; those of longer names come after it, or after z, s, x. */
    for (isa += 4; *isa && !strchr("_zsx \n", *isa); isa++) {
        if (*isa == 'h') {
            return 1;
        }
    }
    return 0;
}

static bool module_loaded(void)
{
    g_autofree char *modules = kvm_sys()->read_text("/proc/modules");

    return modules && (g_str_has_prefix(modules, "kvm ") || strstr(modules, "\nkvm "));
}

static char *why_no_device(int err)
{
    if (host_has_h() == 0) {
        return g_strdup("this host's CPUs have no hypervisor extension (no 'h' in the isa line of "
                        "/proc/cpuinfo); use -accel tcg");
    }
    if (err != ENOENT) {
        return g_strdup_printf(DEVICE " is there, but no driver answers (%s): is the kvm module "
                               "loaded? (modprobe kvm; dmesg says why it may have refused)",
                               g_strerror(err));
    }
    if (module_loaded()) {
        return g_strdup("the kvm module is loaded, but there is no " DEVICE ": in a container it "
                        "must be passed in (--device " DEVICE ")");
    }
    return g_strdup("there is no " DEVICE ": the kvm module is not loaded, or the kernel has no KVM "
                    "(try modprobe kvm; dmesg says if the module refused)");
}

static char *why_not_open(int err)
{
    switch (err) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return why_no_device(err);
    case EACCES:
    case EPERM:
        return g_strdup("no permission to open " DEVICE ": the user must be in the group that owns "
                        "it (usermod -aG kvm USER, then log in again)");
    default:
        return g_strdup_printf("cannot open " DEVICE ": %s", g_strerror(err));
    }
}

static char *why_not_this_host(void)
{
    struct utsname u;

    return g_strdup_printf("this host is %s; KVM runs guests of the host's own architecture, so it needs a "
                           "RISC-V host with the H extension",
                           uname(&u) == 0 ? u.machine : "of another architecture");
}

bool kvm_available(char **reason)
{
    const KVMSys *sys = kvm_sys();
    int fd, version;

    if (!sys->riscv_host()) {
        *reason = why_not_this_host();
        return false;
    }
    do {
        fd = sys->open(DEVICE, O_RDWR);
    } while (fd == -EINTR);
    if (fd < 0) {
        *reason = why_not_open(-fd);
        return false;
    }
    version = kvm_fd_ioctl(fd, KVM_GET_API_VERSION, NULL);
    sys->close(fd);
    if (version == KVM_API_VERSION) {
        return true;
    }
    *reason = version < 0 ? g_strdup_printf(DEVICE " does not answer like KVM: %s",
                                            g_strerror(-version))
                          : g_strdup_printf(DEVICE " speaks version %d of the interface, %d is "
                                            "needed", version, KVM_API_VERSION);
    return false;
}

bool kvm_check_capabilities(Error **errp)
{
    static const struct {
        unsigned cap;
        const char *what;
    } needed[] = {
        { KVM_CAP_USER_MEMORY, "memory of the process as guest memory (USER_MEMORY)" },
        { KVM_CAP_ONE_REG, "access to registers (ONE_REG)" },
        { KVM_CAP_MP_STATE, "stopped and running vCPUs (MP_STATE)" },
        { KVM_CAP_IMMEDIATE_EXIT, "a way out of KVM_RUN (IMMEDIATE_EXIT)" },
        { KVM_CAP_READONLY_MEM, "read-only memory (READONLY_MEM)" },
        { KVM_CAP_SYNC_MMU, "guest memory that the host may move (SYNC_MMU)" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (!kvm_check_extension(needed[i].cap)) {
            error_setg(errp, "this host's KVM lacks a capability: %s; a newer kernel has it",
                       needed[i].what);
            return false;
        }
    }
    return true;
}
