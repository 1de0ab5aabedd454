/*
 * Interrupts and event descriptors that the kernel handles under KVM: the order of the calls that make
 * its AIA, what is said when one fails, lines, messages, routes. The kernel is a log.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accel/kvm/irq.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { SOURCES = 96, HARTS = 2 };

static struct {
    KVMState state;
    MachineState *ms;
    GString *log;
    const char *fail; /* the call, as it is logged, that gets err */
    int err;
    unsigned eintr;   /* every n-th call is interrupted; 0: none */
    unsigned calls, ready;
    uint32_t mode, ids;
    int most_routes;
    bool no_ioeventfd;
} t;

static int answer(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

static int answer(const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    if (t.eintr && ++t.calls % t.eintr == 0) {
        return -EINTR;
    }
    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_string_append_printf(t.log, "%s ", text);
    return t.fail && g_str_has_prefix(text, t.fail) ? -t.err : 0;
}

static int device_ioctl(unsigned long request, const struct kvm_device_attr *a)
{
    bool get = request == KVM_GET_DEVICE_ATTR;
    uint64_t v = 0;
    int r;

    if (!get && a->addr) {
        memcpy(&v, (void *)(uintptr_t)a->addr,
               a->group == KVM_AIA_GRP_ADDR || a->group == KVM_AIA_GRP_IMSIC ? 8 : 4);
    }
    r = get ? answer("get:%u:%" PRIx64, a->group, a->attr)
            : answer("set:%u:%" PRIx64 "=%" PRIx64, a->group, a->attr, v);
    if (r == 0 && get && a->group == KVM_AIA_GRP_CONFIG) {
        v = a->attr == KVM_AIA_CONFIG_MODE ? t.mode : t.ids;
        memcpy((void *)(uintptr_t)a->addr, &v, 4);
    }
    return r;
}

static int vm_ioctl(unsigned long request, void *arg)
{
    if (request == KVM_CREATE_DEVICE) {
        struct kvm_create_device *d = arg;

        d->fd = 102;
        return answer("create:%u", d->type);
    } else if (request == KVM_IRQ_LINE) {
        const struct kvm_irq_level *l = arg;

        return answer("line:%u=%u", l->irq, l->level);
    } else if (request == KVM_SIGNAL_MSI) {
        const struct kvm_msi *m = arg;

        return answer("msi:%x:%x=%u", m->address_hi, m->address_lo, m->data);
    } else if (request == KVM_SET_GSI_ROUTING) {
        const struct kvm_irq_routing *r = arg;
        g_autoptr(GString) text = g_string_new(NULL);
        unsigned pins = 0;

        for (unsigned i = 0; i < r->nr; i++) {
            const struct kvm_irq_routing_entry *e = &r->entries[i];

            if (e->type == KVM_IRQ_ROUTING_IRQCHIP) {
                g_assert_cmpuint(e->gsi, ==, e->u.irqchip.pin);
                pins++;
            } else {
                g_string_append_printf(text, ",%u:%x:%x=%u", e->gsi, e->u.msi.address_hi,
                                       e->u.msi.address_lo, e->u.msi.data);
            }
        }
        return answer("routes:%u%s", pins, text->str);
    } else if (request == KVM_IRQFD) {
        const struct kvm_irqfd *f = arg;

        return answer("irqfd:%u:%u:%u", f->fd, f->gsi, f->flags);
    } else if (request == KVM_IOEVENTFD) {
        const struct kvm_ioeventfd *e = arg;

        return answer("ioeventfd:%" PRIx64 ":%u:%d:%u=%" PRIu64, e->addr, e->len, e->fd, e->flags,
                      e->datamatch);
    } else if (request == KVM_CHECK_EXTENSION) {
        unsigned cap = (unsigned)(uintptr_t)arg;

        return cap == KVM_CAP_IRQ_ROUTING ? t.most_routes
               : cap == KVM_CAP_IOEVENTFD ? !t.no_ioeventfd : 1;
    }
    g_assert_not_reached();
}

static int fake_ioctl(int fd, unsigned long request, void *arg)
{
    g_assert_cmpint(fd, ==, request == KVM_SET_DEVICE_ATTR || request == KVM_GET_DEVICE_ATTR ? 102
                                                                                            : 101);
    return fd == 102 ? device_ioctl(request, arg) : vm_ioctl(request, arg);
}

static int fake_close(int fd)
{
    return answer("close:%d", fd);
}

static const KVMSys fake = { .ioctl = fake_ioctl, .close = fake_close };

static void expect(const char *log)
{
    g_assert_cmpstr(t.log->str, ==, log);
    g_string_truncate(t.log, 0);
}

static void setup(KVMIrqchip irqchip, unsigned mode)
{
    memset(&t, 0, sizeof(t));
    t.log = g_string_new(NULL);
    t.ms = g_new0(MachineState, 1);
    t.mode = KVM_AIA_MODE_AUTO;
    t.ids = 2047;
    t.most_routes = 4096;
    t.state = (KVMState){ .irqchip = irqchip, .aia_mode = (int)mode, .ms = t.ms, .fd = 100,
                          .vmfd = 101,
                          .when_ready = g_array_new(FALSE, FALSE, sizeof(KVMReady)) };
    kvm_sys_replace(&fake);
    kvm_set_state(&t.state);
    kvm_aia_init(&t.state);
}

static void teardown(void)
{
    kvm_aia_free(&t.state);
    g_assert_null(t.ms->host_aia);
    kvm_set_state(NULL);
    kvm_sys_replace(NULL);
    g_array_unref(t.state.when_ready);
    g_string_free(t.log, TRUE);
    g_free(t.ms);
}

static void ready(void *opaque)
{
    t.ready++;
}

static HostAIAConfig config(unsigned sources)
{
    static const hwaddr imsic[HARTS] = { 0x28000000, 0x28001000 };

    return (HostAIAConfig){ .aplic = 0xd000000, .sources = sources, .ids = 255, .nr_harts = HARTS,
                            .imsic = imsic, .hart_bits = 1, .group_shift = 24, .ready = ready };
}

static bool all_ready(Error **errp)
{
    bool ok = true;

    for (guint i = 0; ok && i < t.state.when_ready->len; i++) {
        const KVMReady *r = &g_array_index(t.state.when_ready, KVMReady, i);

        ok = r->fn(r->opaque, errp);
    }
    return ok;
}

/* Made and started. */
static const HostAIA *start(void)
{
    HostAIAConfig c = config(t.ms->host_aia->split ? 0 : SOURCES);

    g_assert_true(t.ms->host_aia->create(&c, NULL));
    g_assert_true(all_ready(NULL));
    g_assert_cmpuint(t.ready, ==, 1);
    g_string_truncate(t.log, 0);
    return t.ms->host_aia;
}

/* ---- The order ---- */

static void test_order(void)
{
    HostAIAConfig c = config(SOURCES);

    setup(KVM_IRQCHIP_ON, KVM_AIA_MODE_EMUL);
    g_assert_false(t.ms->host_aia->split);
    g_assert_true(t.ms->host_aia->create(&c, NULL));
    g_assert_cmpuint(c.ids, ==, 255);
    expect("create:11 get:0:0 set:0:0=0 get:0:1 set:0:1=ff set:0:2=60 set:0:3=0 set:0:5=1 set:0:6=0 "
           "set:1:0=d000000 ");
    t.ms->host_aia->set_line(1, true); /* too early: there is nobody yet */
    t.ms->host_aia->send_msi(0x28000000, 1);
    expect("");
    g_assert_true(all_ready(NULL));
    expect("set:1:1=28000000 set:1:2=28001000 set:2:0=0 ");
    g_assert_cmpuint(t.ready, ==, 1);
    g_assert_cmpstr(t.ms->host_aia->mode(), ==, "emulated");
    kvm_aia_free(&t.state);
    expect("close:102 ");
    kvm_aia_init(&t.state);
    teardown();
}

/* Groups of harts; the mode is the one that the kernel has already. */
static void test_groups(void)
{
    HostAIAConfig c = config(0);

    setup(KVM_IRQCHIP_SPLIT, KVM_AIA_MODE_AUTO);
    g_assert_true(t.ms->host_aia->split);
    c.group_bits = 2;
    c.guest_bits = 3;
    g_assert_true(t.ms->host_aia->create(&c, NULL));
    expect("create:11 get:0:0 get:0:1 set:0:1=ff set:0:2=0 set:0:3=2 set:0:4=18 set:0:5=1 set:0:6=3 ");
    g_assert_true(all_ready(NULL));
    expect("set:1:1=28000000 set:1:2=28001000 set:2:0=0 ");
    teardown();
}

static void test_off(void)
{
    setup(KVM_IRQCHIP_OFF, KVM_AIA_MODE_AUTO);
    g_assert_null(t.ms->host_aia);
    teardown();
}

static void test_interrupted(void)
{
    for (unsigned n = 2; n < 5; n++) {
        setup(KVM_IRQCHIP_ON, KVM_AIA_MODE_HWACCEL);
        t.eintr = n;
        start();
        teardown();
    }
}

/* ---- What the host lacks ---- */

typedef struct Failure {
    const char *call;
    int err;
    KVMIrqchip irqchip;
    unsigned mode;
    bool late; /* when the vCPUs exist */
    const char *says; /* NULL: nothing, it works all the same */
} Failure;

static const Failure failures[] = {
    { "create", ENODEV, KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO, false, "host has no AIA" },
    { "create", EEXIST, KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO, false, "File exists" },
    { "create", EBUSY, KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO, false, "busy" },
    { "set:0:0", EINVAL, KVM_IRQCHIP_ON, KVM_AIA_MODE_HWACCEL, false,
      "riscv-aia=hwaccel: the host's CPUs have no interrupt files for guests" },
    { "set:0:0", EINVAL, KVM_IRQCHIP_SPLIT, KVM_AIA_MODE_HWACCEL, false, "riscv-aia=auto or emul" },
    { "set:0:0", EBUSY, KVM_IRQCHIP_ON, KVM_AIA_MODE_EMUL, false, "busy" },
    { "get:0:0", EINVAL, KVM_IRQCHIP_ON, KVM_AIA_MODE_EMUL, false, NULL },
    { "set:0:1", EINVAL, KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO, false, "identities: 255" },
    { "set:0:2", EINVAL, KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO, false, "sources: 96" },
    { "set:0:5", EINVAL, KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO, false, "hart bits: 1" },
    { "set:1:0", EINVAL, KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO, false, "0xd000000" },
    { "set:1:2", EINVAL, KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO, true, "0x28001000" },
    { "set:2:0", EBUSY, KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO, true, "cannot start" },
};

static void test_failure(gconstpointer data)
{
    const Failure *f = data;
    HostAIAConfig c = config(f->irqchip == KVM_IRQCHIP_SPLIT ? 0 : SOURCES);
    Error *err = NULL;
    bool ok;

    setup(f->irqchip, f->mode);
    t.fail = f->call;
    t.err = f->err;
    ok = t.ms->host_aia->create(&c, &err);
    if (f->late) {
        g_assert_true(ok);
        ok = all_ready(&err);
    }
    g_assert_cmpint(ok, ==, f->says == NULL);
    if (f->says) {
        g_assert_nonnull(strstr(error_get_pretty(err), f->says));
        g_assert_cmpuint(t.ready, ==, 0);
        error_free(err);
    }
    teardown();
}

/* Without guest interrupt files the kernel knows emulation only, and has chosen it. */
static void test_no_guest_files(void)
{
    HostAIAConfig c = config(SOURCES);

    setup(KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO);
    t.mode = KVM_AIA_MODE_EMUL;
    t.fail = "set:0:0";
    t.err = EINVAL;
    g_assert_true(t.ms->host_aia->create(&c, NULL));
    g_assert_cmpstr(t.ms->host_aia->mode(), ==, "emulated");
    teardown();
}

static void test_few_ids(void)
{
    HostAIAConfig c = config(SOURCES);
    Error *err = NULL;

    setup(KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO);
    t.ids = 63;
    g_assert_false(t.ms->host_aia->create(&c, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "63 identities"));
    error_free(err);
    teardown();

    c = config(SOURCES);
    setup(KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO);
    t.ids = 127;
    g_assert_true(t.ms->host_aia->create(&c, NULL));
    g_assert_cmpuint(c.ids, ==, 127);
    teardown();
}

/* ---- At work ---- */

static void test_lines(void)
{
    const HostAIA *h;
    uint32_t v;
    uint64_t v64;

    setup(KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO);
    g_assert_false(t.ms->host_aia->get_aplic(0, &v)); /* not made yet */
    h = start();
    h->set_line(10, true);
    h->set_line(10, false);
    h->send_msi(0x100028001000, 7);
    expect("line:10=1 line:10=0 msi:1000:28001000=7 ");
    g_assert_true(h->get_aplic(0x3004, &v));
    g_assert_true(h->set_aplic(0x1c00, 6));
    g_assert_true(h->get_imsic(1, 0x70, &v64));
    g_assert_true(h->set_imsic(1, 0xc0, 0xfedcba9876543210));
    expect("get:3:3004 set:3:1c00=6 get:4:1070 set:4:10c0=fedcba9876543210 ");
    t.fail = "set:4";
    t.err = EINVAL;
    g_assert_false(h->set_imsic(1, 0xc1, 0));
    teardown();
}

static void test_routes(void)
{
    const EventNotifier e = { 55 };
    HostAIAConfig c = config(SOURCES);
    const HostAIA *h;
    int a, b;

    setup(KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO);
    h = t.ms->host_aia;
    g_assert_true(h->create(&c, NULL));
    g_string_truncate(t.log, 0);
    a = h->add_route(0x28000000, 33);
    g_assert_cmpint(a, ==, SOURCES + 1);
    expect(""); /* the kernel would forget it at INIT */
    g_assert_true(all_ready(NULL));
    expect("set:1:1=28000000 set:1:2=28001000 set:2:0=0 routes:97,97:0:28000000=33 ");
    b = h->add_route(0x28001000, 34);
    g_assert_cmpint(b, ==, a + 1);
    expect("routes:97,97:0:28000000=33,98:0:28001000=34 ");
    g_assert_true(h->set_irqfd(b, &e, true));
    g_assert_true(h->set_irqfd(b, &e, false));
    expect("irqfd:55:98:0 irqfd:55:98:1 ");
    h->remove_route(a);
    expect("routes:97,98:0:28001000=34 ");
    g_assert_cmpint(h->add_route(0x28001000, 35), ==, a); /* its number is free again */
    g_string_truncate(t.log, 0);

    t.fail = "routes";
    t.err = EINVAL;
    g_assert_cmpint(h->add_route(0x28001000, 36), ==, -EINVAL);
    t.fail = NULL;
    t.most_routes = SOURCES + 3;
    g_assert_cmpint(h->add_route(0x28001000, 36), ==, -ENOSPC);
    teardown();

    setup(KVM_IRQCHIP_SPLIT, KVM_AIA_MODE_AUTO);
    h = start();
    g_assert_cmpint(h->add_route(0x28001000, 1), ==, 0); /* no lines in the kernel */
    expect("routes:0,0:0:28001000=1 ");
    teardown();
}

static void test_ioeventfd(gconstpointer data)
{
    static const MemoryRegionOps ops = { 0 };
    MemoryEventfd e = { .addr = 0x50, .size = 4, .match = true, .data = 3, .fd = 77 };
    MemoryEventfd any = { .addr = 0x54, .fd = 78, .data = 9 };
    bool lacks = GPOINTER_TO_INT(data);
    MemoryRegion root, dev;

    setup(KVM_IRQCHIP_ON, KVM_AIA_MODE_AUTO);
    t.no_ioeventfd = lacks;
    memory_region_init(&root, NULL, "root", UINT64_MAX);
    memory_region_init_io(&dev, NULL, &ops, NULL, NULL, "dev", 0x1000);
    memory_region_add_subregion(&root, 0x10001000, &dev);
    address_space_init(&t.ms->as, &root, "memory");
    kvm_ioeventfd_init(&t.state);
    g_assert_cmpint(address_space_takes_eventfds(&t.ms->as), ==, !lacks);
    memory_region_add_eventfd(&dev, &e);
    memory_region_add_eventfd(&dev, &any);
    expect(lacks ? "" : "ioeventfd:10001050:4:77:1=3 ioeventfd:10001054:0:78:0=0 ");
    memory_region_del_eventfd(&dev, &any);
    memory_region_set_address(&dev, 0x20000000);
    expect(lacks ? "" : "ioeventfd:10001054:0:78:4=0 ioeventfd:10001050:4:77:5=3 "
                        "ioeventfd:20000050:4:77:1=3 ");
    t.fail = "ioeventfd";
    t.err = ENOSPC;
    memory_region_set_address(&dev, 0x30000000); /* no room: the store comes to us, that is all */
    g_string_truncate(t.log, 0);
    t.fail = NULL;
    kvm_ioeventfd_free(&t.state);
    expect(lacks ? "" : "ioeventfd:30000050:4:77:5=3 ");
    g_assert_false(address_space_takes_eventfds(&t.ms->as));
    address_space_destroy(&t.ms->as);
    memory_region_destroy(&dev);
    memory_region_destroy(&root);
    teardown();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kvm-irq/order", test_order);
    g_test_add_func("/kvm-irq/groups", test_groups);
    g_test_add_func("/kvm-irq/off", test_off);
    g_test_add_func("/kvm-irq/interrupted", test_interrupted);
    for (size_t i = 0; i < G_N_ELEMENTS(failures); i++) {
        g_autofree char *path = g_strdup_printf("/kvm-irq/failure/%s/%d/%zu", failures[i].call,
                                                failures[i].err, i);

        g_test_add_data_func(path, &failures[i], test_failure);
    }
    g_test_add_func("/kvm-irq/no-guest-files", test_no_guest_files);
    g_test_add_func("/kvm-irq/few-ids", test_few_ids);
    g_test_add_func("/kvm-irq/lines", test_lines);
    g_test_add_func("/kvm-irq/routes", test_routes);
    g_test_add_data_func("/kvm-irq/ioeventfd", GINT_TO_POINTER(false), test_ioeventfd);
    g_test_add_data_func("/kvm-irq/ioeventfd-lacking", GINT_TO_POINTER(true), test_ioeventfd);
    return g_test_run();
}
