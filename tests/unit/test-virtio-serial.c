/*
 * virtio-serial: the control messages, data both ways with a slow peer, opening and closing, a port
 * that comes and goes, and drivers that do it wrong. The character device is one made here.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/virtio-rig.h"

#include "chardev/chardev-int.h"

/* ---- A character device that takes as much as it is told to. ---- */

#define TYPE_CHARDEV_PEER "chardev-peer"
OBJECT_DECLARE_SIMPLE(Peer, PEER, TYPE_CHARDEV_PEER)

struct Peer {
    Chardev parent_obj;
    GString *got;
    size_t room;  /* bytes it still takes */
    bool is_open;
};

static bool peer_attach(Chardev *chr, const ChrFrontend *fe, Error **errp)
{
    chr->fe = *fe;
    chr->attached = true;
    if (PEER(chr)->is_open) {
        fe->event(fe->opaque, CHR_EVENT_OPENED);
    }
    return true;
}

static void peer_detach(Chardev *chr, void *opaque)
{
    chr->attached = false;
}

static size_t peer_write(Chardev *chr, const uint8_t *buf, size_t len)
{
    Peer *p = PEER(chr);
    size_t n = MIN(len, p->room);

    g_string_append_len(p->got, (const char *)buf, n);
    p->room -= n;
    return n;
}

static void peer_init(Object *obj)
{
    PEER(obj)->got = g_string_new(NULL);
    PEER(obj)->room = SIZE_MAX;
}

static void peer_finalize(Object *obj)
{
    g_string_free(PEER(obj)->got, TRUE);
}

static void peer_class_init(ObjectClass *klass, const void *data)
{
    CHARDEV_CLASS(klass)->attach = peer_attach;
    CHARDEV_CLASS(klass)->detach = peer_detach;
    CHARDEV_CLASS(klass)->write = peer_write;
}

static const TypeInfo peer_type = {
    .name = TYPE_CHARDEV_PEER,
    .parent = TYPE_CHARDEV,
    .instance_size = sizeof(Peer),
    .class_init = peer_class_init,
    .instance_init = peer_init,
    .instance_finalize = peer_finalize,
};
type_init(peer_type);

static Peer *peer_new(const char *id)
{
    Object *o = object_new_known(TYPE_CHARDEV_PEER);

    g_assert_true(object_add_child(object_container("/chardevs"), id, o, NULL));
    object_unref(o);
    return PEER(o);
}

static void peer_free(Peer *p)
{
    object_unparent(p);
}

/* Gives the guest as much of text as it takes; returns that. */
static size_t peer_say(Peer *p, const char *text)
{
    const ChrFrontend *fe = &p->parent_obj.fe;
    size_t done = 0, len = strlen(text), n;

    while (done < len && (n = fe->can_receive(fe->opaque))) {
        n = MIN(n, len - done);
        fe->receive(fe->opaque, (const uint8_t *)text + done, n);
        done += n;
    }
    return done;
}

/* ---- The guest's side ---- */

typedef struct Con {
    Rig *r;
    Ring q[8];
    unsigned nr;
} Con;

#define CONTROL_BUF (RIG_FREE + 0x10000)
#define DATA (RIG_FREE + 0x40000)

static DeviceState *port_new(Rig *r, const char *type, const char *const *props, char **msg)
{
    DeviceState *dev = DEVICE(object_new_known(type));
    Error *err = NULL;

    for (; props && *props; props += 2) {
        object_property_set_known(dev, props[0], props[1]);
    }
    g_assert_true(bus_attach(g_ptr_array_index(r->dev->buses, 0), dev, NULL));
    if (!device_realize(dev, &err)) {
        g_assert_nonnull(msg);
        *msg = g_strdup(error_get_pretty(err));
        error_free(err);
        bus_detach(dev);
        object_unref(dev);
        return NULL;
    }
    return dev;
}

static void port_free(DeviceState *dev)
{
    device_unrealize(dev);
    bus_detach(dev);
    object_unref(dev);
}

static Con con_new(bool legacy, const char *const *props)
{
    Con c = { .r = rig_new(legacy) };

    rig_plug(c.r, "virtio-serial-device", props);
    return c;
}

/* Brings up ports 0 to nr-1. */
static void con_start(Con *c, unsigned nr, uint64_t drop)
{
    rig_negotiate(c->r, drop);
    c->nr = drop & BIT_ULL(1) ? 2 : 2 * nr + 2;
    for (unsigned i = 0; i < c->nr; i++) {
        ring_setup(&c->q[i], c->r, i, 16);
    }
    rig_driver_ok(c->r);
    ring_settle();
}

static void control_send(Con *c, unsigned nr, unsigned event, unsigned value)
{
    Seg s = { CONTROL_BUF, 8, false };
    uint8_t msg[8];

    st32_le(msg, nr);
    st16_le(msg + 4, event);
    st16_le(msg + 6, value);
    rig_poke(c->r, CONTROL_BUF, msg, 8);
    ring_add(&c->q[3], &s, 1);
    ring_kick(&c->q[3]);
    ring_take(&c->q[3], NULL);
}

/* One more buffer for control messages. */
static void control_room(Con *c, unsigned slot)
{
    Seg s = { CONTROL_BUF + 0x1000 + slot * 512, 512, true };

    ring_add(&c->q[2], &s, 1);
    ring_kick(&c->q[2]);
}

/* The next control message as "nr event value name", in the buffer of that slot. */
static char *control_take(Con *c, unsigned slot)
{
    uint32_t len = ring_take(&c->q[2], NULL);
    char msg[512] = { 0 };

    rig_peek(c->r, CONTROL_BUF + 0x1000 + slot * 512, msg, len);
    return g_strdup_printf("%u %u %u %s", ld32_le(msg), ld16_le(msg + 4), ld16_le(msg + 6), msg + 8);
}

static void expect_control(Con *c, unsigned slot, const char *want)
{
    g_autofree char *got = control_take(c, slot);

    g_assert_cmpstr(got, ==, want);
}

static bool control_quiet(Con *c)
{
    return ring_used_idx(&c->q[2]) == c->q[2].used_seen;
}

static void output(Con *c, unsigned queue, const char *text)
{
    Seg segs[2] = { { DATA, strlen(text) / 2, false },
                    { DATA + strlen(text) / 2, strlen(text) - strlen(text) / 2, false } };

    rig_poke(c->r, DATA, text, strlen(text));
    ring_add(&c->q[queue], segs, 2);
    ring_kick(&c->q[queue]);
}

static void input_room(Con *c, unsigned queue, unsigned len)
{
    Seg s = { DATA + 0x10000, len, true };

    ring_add(&c->q[queue], &s, 1);
    ring_kick(&c->q[queue]);
}

static void expect_input(Con *c, unsigned queue, const char *want)
{
    char got[256] = { 0 };
    uint32_t n = ring_take(&c->q[queue], NULL);

    g_assert_cmpuint(n, ==, strlen(want));
    rig_peek(c->r, DATA + 0x10000, got, n);
    g_assert_cmpstr(got, ==, want);
}

/* ---- Tests ---- */

/* A driver without multiport: port 0 is all there is. */
static void test_console(void)
{
    for (int legacy = 0; legacy < 2; legacy++) {
        Con c = con_new(legacy, NULL);
        Peer *p = peer_new("c0");
        DeviceState *port = port_new(c.r, "virtconsole", (const char *[]){ "chardev", "c0", NULL },
                                     NULL);

        g_assert_cmpint(rd(c.r, R_DEVICE_ID), ==, 3);
        g_assert_cmphex(rig_offered(c.r) & 7, ==, 6);
        g_assert_cmpint(rig_read(c.r, R_CONFIG + 4, 4), ==, 31);
        /* Emergency write, before anything is set up. */
        wr(c.r, R_CONFIG + 8, '!');
        con_start(&c, 0, BIT_ULL(1));
        output(&c, 1, "hello");
        ring_take(&c.q[1], NULL);
        g_assert_cmpstr(p->got->str, ==, "!hello");
        g_assert_cmpint(peer_say(p, "x"), ==, 0);
        input_room(&c, 0, 4);
        input_room(&c, 0, 4);
        g_assert_cmpint(peer_say(p, "keys"), ==, 4);
        expect_input(&c, 0, "keys");
        g_assert_cmpint(peer_say(p, "abcdefgh"), ==, 4);
        expect_input(&c, 0, "abcd");
        port_free(port);
        rig_free(c.r);
        peer_free(p);
    }
}

static void test_multiport(void)
{
    Con c = con_new(false, NULL);
    Peer *p0 = peer_new("c0"), *p1 = peer_new("c1");
    DeviceState *console = port_new(c.r, "virtconsole", (const char *[]){ "chardev", "c0", NULL },
                                    NULL);
    DeviceState *port = port_new(c.r, "virtserialport",
                                 (const char *[]){ "chardev", "c1", "name", "org.test", NULL }, NULL);
    DeviceState *late;

    con_start(&c, 2, 0);
    control_send(&c, 0, 0, 1); /* before there is a buffer for the answers: they wait */
    for (unsigned i = 0; i < 8; i++) {
        control_room(&c, i);
    }
    expect_control(&c, 0, "0 1 1 ");
    expect_control(&c, 1, "1 1 1 ");
    control_send(&c, 0, 3, 1);
    expect_control(&c, 2, "0 4 1 ");
    expect_control(&c, 3, "0 6 1 ");
    control_send(&c, 1, 3, 1);
    expect_control(&c, 4, "1 7 1 org.test");
    g_assert_true(control_quiet(&c)); /* nobody on the host's side */
    chr_send_event(&p1->parent_obj, CHR_EVENT_OPENED);
    expect_control(&c, 5, "1 6 1 ");
    /* Input waits until the guest has opened the port. */
    input_room(&c, 4, 16);
    g_assert_cmpint(peer_say(p1, "early"), ==, 0);
    control_send(&c, 1, 6, 1);
    g_assert_cmpint(peer_say(p1, "early"), ==, 5);
    expect_input(&c, 4, "early");
    output(&c, 5, "from port 1");
    ring_take(&c.q[5], NULL);
    g_assert_cmpstr(p1->got->str, ==, "from port 1");
    g_assert_cmpstr(p0->got->str, ==, "");
    chr_send_event(&p1->parent_obj, CHR_EVENT_CLOSED);
    expect_control(&c, 6, "1 6 0 ");
    /* One goes, another comes in its place. */
    port_free(port);
    expect_control(&c, 7, "1 2 1 ");
    late = port_new(c.r, "virtserialport", NULL, NULL);
    g_assert_true(control_quiet(&c));
    control_room(&c, 0);
    expect_control(&c, 0, "1 1 1 ");
    output(&c, 5, "into the void");
    ring_take(&c.q[5], NULL);
    g_assert_false(rig_broken(c.r));
    port_free(late);
    port_free(console);
    rig_free(c.r);
    peer_free(p0);
    peer_free(p1);
}

/* A peer that takes little: nothing is lost, nothing twice, and the chain comes back when all is out. */
static void test_slow_peer(void)
{
    Con c = con_new(false, NULL);
    Peer *p = peer_new("c0");
    DeviceState *port = port_new(c.r, "virtconsole", (const char *[]){ "chardev", "c0", NULL }, NULL);

    con_start(&c, 0, BIT_ULL(1));
    p->room = 3;
    output(&c, 1, "0123456789");
    g_assert_cmpint(ring_used_idx(&c.q[1]), ==, 0);
    for (unsigned i = 0; i < 3; i++) {
        p->room = 2;
        p->parent_obj.fe.writable(p->parent_obj.fe.opaque);
        g_assert_cmpint(ring_used_idx(&c.q[1]), ==, 0);
    }
    p->room = 100;
    p->parent_obj.fe.writable(p->parent_obj.fe.opaque);
    g_assert_cmpint(ring_used_idx(&c.q[1]), ==, 1);
    g_assert_cmpstr(p->got->str, ==, "0123456789");
    /* A reset in the middle of a chain forgets it. */
    p->room = 4;
    output(&c, 1, "abcdefgh");
    wr(c.r, R_STATUS, 0);
    p->room = 100;
    p->parent_obj.fe.writable(p->parent_obj.fe.opaque);
    con_start(&c, 0, BIT_ULL(1));
    output(&c, 1, "new");
    ring_take(&c.q[1], NULL);
    g_assert_cmpstr(p->got->str, ==, "0123456789abcdnew");
    port_free(port);
    rig_free(c.r);
    peer_free(p);
}

static void test_numbers(void)
{
    Con c = con_new(false, (const char *[]){ "max_ports", "4", NULL });
    DeviceState *a, *b, *d;
    char *msg;

    static const struct {
        const char *type, *nr, *want;
    } bad[] = {
        { "virtserialport", "0", "port number 0 is for a virtconsole" },
        { "virtserialport", "4", "property 'nr' is 4, expected less than the 4 of max_ports" },
        { "virtconsole", "2", "port number 2 is in use already" },
        { "virtserialport", "4294967295", "no free port: max_ports is 4, and port 0 is for a virtconsole" },
    };
    a = port_new(c.r, "virtserialport", NULL, NULL);
    b = port_new(c.r, "virtserialport", (const char *[]){ "nr", "2", NULL }, NULL);
    d = port_new(c.r, "virtserialport", NULL, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_null(port_new(c.r, bad[i].type, (const char *[]){ "nr", bad[i].nr, NULL }, &msg));
        g_assert_cmpstr(msg, ==, bad[i].want);
        g_free(msg);
    }
    port_free(a);
    a = port_new(c.r, "virtconsole", NULL, NULL); /* port 0 */
    g_assert_null(port_new(c.r, "virtconsole", (const char *[]){ "nr", "0", NULL }, &msg));
    g_free(msg);
    port_free(a);
    port_free(b);
    port_free(d);
    rig_free(c.r);
}

typedef struct Hostile {
    const char *name;
    void (*act)(Con *c);
    bool broken;
} Hostile;

static void raw_control(Con *c, const void *msg, unsigned len)
{
    Seg s = { CONTROL_BUF, len, false };

    rig_poke(c->r, CONTROL_BUF, msg, len);
    ring_add(&c->q[3], &s, 1);
    ring_kick(&c->q[3]);
}
static void h_short(Con *c) { raw_control(c, "1234567", 7); }
static void h_writable(Con *c)
{
    Seg s = { CONTROL_BUF, 8, true };

    ring_add(&c->q[3], &s, 1);
    ring_kick(&c->q[3]);
}
static void h_number(Con *c) { control_send(c, 0x7fffffff, 3, 1); }
static void h_negative(Con *c) { control_send(c, 0xffffffff, 6, 1); }
static void h_unused(Con *c) { control_send(c, 30, 3, 1); }
static void h_event(Con *c) { control_send(c, 0, 77, 1); }
static void h_refused(Con *c) { control_send(c, 0, 3, 0); }
static void h_small_buffer(Con *c)
{
    Seg s = { CONTROL_BUF + 0x1000, 7, true };

    ring_add(&c->q[2], &s, 1);
    control_send(c, 0, 0, 1);
}
static void h_control_readable(Con *c)
{
    Seg s[] = { { CONTROL_BUF, 8, false }, { CONTROL_BUF + 0x1000, 64, true } };

    ring_add(&c->q[2], s, 2);
    control_send(c, 0, 0, 1);
}
static void h_ready_often(Con *c)
{
    for (unsigned i = 0; i < 100; i++) {
        control_send(c, 0, 0, i & 1);
        control_send(c, 0, 3, 1);
    }
}
static void h_output_writable(Con *c)
{
    Seg s = { DATA, 100, true };

    ring_add(&c->q[1], &s, 1);
    ring_kick(&c->q[1]);
}
static void h_input_readable(Con *c)
{
    Seg s = { DATA, 100, false };

    ring_add(&c->q[0], &s, 1);
    ring_kick(&c->q[0]);
    g_assert_cmpint(peer_say(PEER(object_resolve_path("/chardevs/c0")), "x"), ==, 0);
}
static void h_config(Con *c)
{
    for (unsigned off = 0; off < 256; off += 4) {
        wr(c->r, R_CONFIG + off, 0xffffffff);
    }
}

static const Hostile hostile[] = {
    { "control message of 7 bytes", h_short, true },
    { "control message that can be written", h_writable, true },
    { "port 2^31-1", h_number },
    { "port 2^32-1", h_negative },
    { "port that is not there", h_unused },
    { "unknown event", h_event },
    { "port not set up", h_refused },
    { "control buffer of 7 bytes", h_small_buffer, true },
    { "control buffer that can be read", h_control_readable, true },
    { "ready again and again", h_ready_often },
    { "output that can be written", h_output_writable },
    { "input that can be read", h_input_readable, true },
    { "configuration written all over", h_config },
};

static void test_hostile(gconstpointer data)
{
    const Hostile *h = data;
    Con c = con_new(false, NULL);
    Peer *p = peer_new("c0");
    DeviceState *port = port_new(c.r, "virtconsole", (const char *[]){ "chardev", "c0", NULL }, NULL);

    con_start(&c, 1, 0);
    h->act(&c);
    g_assert_cmpint(rig_broken(c.r), ==, h->broken);
    ring_settle();
    g_string_truncate(p->got, 0);
    con_start(&c, 1, 0);
    output(&c, 1, "alive");
    ring_take(&c.q[1], NULL);
    g_assert_cmpstr(p->got->str, ==, "alive");
    port_free(port);
    rig_free(c.r);
    peer_free(p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-serial/console", test_console);
    g_test_add_func("/virtio-serial/multiport", test_multiport);
    g_test_add_func("/virtio-serial/slow-peer", test_slow_peer);
    g_test_add_func("/virtio-serial/numbers", test_numbers);
    for (unsigned i = 0; i < G_N_ELEMENTS(hostile); i++) {
        g_autofree char *path = g_strdup_printf("/virtio-serial/hostile/%s", hostile[i].name);

        g_test_add_data_func(path, &hostile[i], test_hostile);
    }
    return g_test_run();
}
