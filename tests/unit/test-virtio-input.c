/*
 * Virtio keyboard, mouse and tablet: configuration, events, lights, malformed buffers; routing of
 * input and the names of keys.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tests/unit/virtio-rig.h"

#include <linux/input-event-codes.h>

#include "system/cpus.h"
#include "ui/input.h"

#define EVENTS RIG_FREE
#define STATUS (RIG_FREE + 0x10000)

static void start(Rig *r, Ring *evt, Ring *sts, unsigned buffers)
{
    rig_negotiate(r, 0);
    ring_setup(evt, r, 0, 64);
    ring_setup(sts, r, 1, 64);
    rig_driver_ok(r);
    for (unsigned i = 0; i < buffers; i++) {
        Seg s = { EVENTS + 8 * i, 8, true };

        ring_add(evt, &s, 1);
    }
    ring_kick(evt);
}

/* What the configuration space answers; returns the length. */
static unsigned ask(Rig *r, uint8_t select, uint8_t subsel, uint8_t *data)
{
    address_space_st(&r->as, RIG_MMIO + R_CONFIG, select, 1);
    address_space_st(&r->as, RIG_MMIO + R_CONFIG + 1, subsel, 1);
    for (unsigned i = 0; i < 128; i++) {
        data[i] = rig_read(r, R_CONFIG + 8 + i, 1);
    }
    return rig_read(r, R_CONFIG + 2, 1);
}

static bool bit(const uint8_t *data, unsigned n)
{
    return data[n / 8] >> (n % 8) & 1;
}

static void expect_event(Ring *evt, uint16_t type, uint16_t code, uint32_t value)
{
    unsigned head;
    uint8_t raw[8];

    g_assert_cmpint(ring_take(evt, &head), ==, 8);
    rig_peek(evt->rig, EVENTS + 8 * head, raw, 8);
    g_assert_cmpint(ld16_le(raw), ==, type);
    g_assert_cmpint(ld16_le(raw + 2), ==, code);
    g_assert_cmpint(ld32_le(raw + 4), ==, value);
}

static void test_config(void)
{
    static const char *const props[] = { "serial", "K-77", NULL };
    Rig *r = rig_new(false);
    uint8_t d[128], zero[128] = { 0 };

    rig_plug(r, "virtio-keyboard-device", props);
    g_assert_cmpint(rd(r, R_DEVICE_ID), ==, 18);
    g_assert_cmpint(ask(r, 1, 0, d), ==, strlen("QEMU Virtio Keyboard"));
    g_assert_cmpmem(d, 20, "QEMU Virtio Keyboard", 20);
    g_assert_cmpint(ask(r, 2, 0, d), ==, 4);
    g_assert_cmpmem(d, 4, "K-77", 4);
    g_assert_cmpint(ask(r, 3, 0, d), ==, 8);
    g_assert_cmpmem(d, 8, "\x06\x00\x27\x06\x01\x00\x01\x00", 8);
    g_assert_cmpint(ask(r, 0x11, EV_KEY, d), >, 16);
    g_assert_true(bit(d, KEY_A) && bit(d, KEY_F12) && bit(d, KEY_RIGHTMETA) && !bit(d, BTN_LEFT));
    g_assert_cmpint(ask(r, 0x11, EV_LED, d), ==, 1);
    g_assert_cmpint(d[0], ==, 7);
    g_assert_cmpint(ask(r, 0x11, EV_REP, d), ==, 1);
    /* Nothing there: no length, no bytes of the last answer. */
    for (unsigned sel = 0; sel < 256; sel++) {
        if (sel == 1 || sel == 2 || sel == 3 || sel == 0x11) {
            continue;
        }
        g_assert_cmpint(ask(r, sel, 0, d), ==, 0);
        g_assert_cmpmem(d, 128, zero, 128);
    }
    g_assert_cmpint(ask(r, 1, 1, d), ==, 0);
    g_assert_cmpint(ask(r, 0x11, EV_ABS, d), ==, 0);
    g_assert_cmpint(ask(r, 0x12, ABS_X, d), ==, 0);
    /* The answer is read-only, and the space ends. */
    ask(r, 1, 0, d);
    address_space_st(&r->as, RIG_MMIO + R_CONFIG + 8, 0xff, 1);
    g_assert_cmpint(rig_read(r, R_CONFIG + 8, 1), ==, 'Q');
    g_assert_cmphex(rig_read(r, R_CONFIG + 136, 1), ==, 0xff);
    wr(r, R_STATUS, 0);
    g_assert_cmpint(rig_read(r, R_CONFIG, 1), ==, 0); /* reset */
    rig_free(r);

    /* A transport that would be a legacy one is not, for its sake. */
    r = rig_new(true);
    g_assert_cmpint(rd(r, R_VERSION), ==, 1);
    rig_plug(r, "virtio-tablet-device", NULL);
    g_assert_cmpint(rd(r, R_VERSION), ==, 2);
    g_assert_cmpint(ask(r, 0x12, ABS_Y, d), ==, 20);
    g_assert_cmpint(ld32_le(d), ==, 0);
    g_assert_cmpint(ld32_le(d + 4), ==, 0x7fff);
    g_assert_cmpint(ask(r, 0x12, 2, d), ==, 0);
    g_assert_cmpint(ask(r, 0x11, EV_ABS, d), ==, 1);
    g_assert_cmpint(ask(r, 0x11, EV_REL, d), ==, 2);
    g_assert_true(bit(d, REL_WHEEL) && !bit(d, REL_X));
    ask(r, 0x11, EV_KEY, d);
    g_assert_true(bit(d, BTN_LEFT) && bit(d, BTN_MIDDLE) && !bit(d, KEY_A));
    g_assert_cmpint(ask(r, 2, 0, d), ==, 0); /* no serial */
    rig_free(r);
}

static void test_events(void)
{
    Rig *r = rig_new(false);
    Ring evt, sts;

    rig_plug(r, "virtio-keyboard-device", NULL);
    input_key(KEY_Q, true); /* nobody listens yet */
    start(r, &evt, &sts, 8);
    g_assert_cmpint(ring_used_idx(&evt), ==, 0);
    input_key(KEY_A, true);
    expect_event(&evt, EV_KEY, KEY_A, 1);
    expect_event(&evt, EV_SYN, SYN_REPORT, 0);
    g_assert_true(r->irq);
    input_key(KEY_A, false);
    expect_event(&evt, EV_KEY, KEY_A, 0);
    expect_event(&evt, EV_SYN, SYN_REPORT, 0);
    const InputEvent motion[] = { { INPUT_ABS, ABS_X, 5 }, { INPUT_BUTTON, BTN_LEFT, 1 } };
    input_send(motion, 2); /* not for a keyboard */
    g_assert_cmpint(ring_used_idx(&evt), ==, 4);

    /* What the driver is too slow for waits for it, in order; then it overflows in whole groups. */
    for (unsigned i = 0; i < 300; i++) {
        input_key(KEY_B, i % 2 == 0);
    }
    g_assert_cmpint(ring_used_idx(&evt), ==, 8);
    for (unsigned i = 0; i < 2; i++) {
        expect_event(&evt, EV_KEY, KEY_B, i == 0);
        expect_event(&evt, EV_SYN, SYN_REPORT, 0);
    }
    for (unsigned i = 2; i < 128; i++) {
        for (unsigned n = 0; n < 2; n++) {
            Seg s = { EVENTS + 8 * evt.next_free, 8, true };

            ring_add(&evt, &s, 1);
        }
        ring_kick(&evt);
        expect_event(&evt, EV_KEY, KEY_B, i % 2 == 0);
        expect_event(&evt, EV_SYN, SYN_REPORT, 0);
    }
    rig_free(r);
}

static void test_routing(void)
{
    Rig *r = rig_new(false), *r2 = rig_new(false);
    GString *out = g_string_new(NULL);
    Ring evt, sts, evt2, sts2;
    const InputEvent motion[] = { { INPUT_ABS, ABS_X, 5 }, { INPUT_ABS, ABS_Y, 99999 } };
    const InputEvent click[] = { { INPUT_BUTTON, BTN_LEFT, 1 }, { INPUT_WHEEL, REL_WHEEL, -1 } };
    const InputEvent rel[] = { { INPUT_REL, REL_X, -3 } };

    input_print_mice(out);
    g_assert_cmpstr(out->str, ==, "No mouse devices connected\n");
    g_assert_false(input_is_absolute());
    rig_plug(r, "virtio-tablet-device", NULL);
    rig_plug(r2, "virtio-mouse-device", NULL);
    start(r, &evt, &sts, 32);
    start(r2, &evt2, &sts2, 32);
    /* Movements go where they can; buttons to the device that came last, or was chosen. */
    input_send(motion, 2);
    expect_event(&evt, EV_ABS, ABS_X, 5);
    expect_event(&evt, EV_ABS, ABS_Y, 0x7fff);
    expect_event(&evt, EV_SYN, SYN_REPORT, 0);
    input_send(click, 2);
    expect_event(&evt2, EV_KEY, BTN_LEFT, 1);
    expect_event(&evt2, EV_REL, REL_WHEEL, -1);
    expect_event(&evt2, EV_SYN, SYN_REPORT, 0);
    g_assert_false(input_is_absolute());
    g_assert_false(input_select_mouse(99));
    g_string_truncate(out, 0);
    input_print_mice(out);
    g_assert_nonnull(strstr(out->str, "* Mouse #"));
    g_assert_nonnull(strstr(out->str, "QEMU Virtio Tablet (absolute)"));
    unsigned tablet = strtoul(strstr(strstr(out->str, "\n"), "#") + 1, NULL, 10);
    g_assert_true(input_select_mouse(tablet));
    g_assert_true(input_is_absolute());
    input_send(click, 1);
    expect_event(&evt, EV_KEY, BTN_LEFT, 1);
    input_send(rel, 1);
    expect_event(&evt2, EV_REL, REL_X, -3);
    g_string_free(out, TRUE);
    rig_free(r);
    rig_free(r2);
}

static void put_status(Ring *sts, uint16_t type, uint16_t code, uint32_t value, unsigned len)
{
    uint8_t raw[8];
    Seg s = { STATUS, len, false };

    st16_le(raw, type);
    st16_le(raw + 2, code);
    st32_le(raw + 4, value);
    rig_poke(sts->rig, STATUS, raw, 8);
    ring_add(sts, &s, 1);
    ring_kick(sts);
    g_assert_cmpint(ring_take(sts, NULL), ==, 0);
}

static void test_status(void)
{
    Rig *r = rig_new(false);
    Ring evt, sts;

    rig_plug(r, "virtio-keyboard-device", NULL);
    start(r, &evt, &sts, 8);
    put_status(&sts, EV_LED, LED_CAPSL, 1, 8);
    g_assert_cmpint(input_leds(), ==, INPUT_LED_CAPS);
    put_status(&sts, EV_LED, LED_NUML, 1, 8);
    put_status(&sts, EV_LED, LED_CAPSL, 0, 8);
    g_assert_cmpint(input_leds(), ==, INPUT_LED_NUM);
    /* Nonsense changes nothing and comes back. */
    put_status(&sts, EV_LED, 31, 1, 8);
    put_status(&sts, 0xffff, 0xffff, 1, 8);
    put_status(&sts, EV_LED, LED_CAPSL, 1, 7);
    g_assert_cmpint(input_leds(), ==, INPUT_LED_NUM);
    g_assert_false(rig_broken(r));
    wr(r, R_STATUS, 0);
    g_assert_cmpint(input_leds(), ==, 0);
    rig_free(r);
}

static void test_malformed(void)
{
    Rig *r = rig_new(false);
    Ring evt, sts;
    Seg small = { EVENTS, 7, true }, wrong = { EVENTS, 8, false };

    rig_plug(r, "virtio-keyboard-device", NULL);
    for (int i = 0; i < 2; i++) {
        start(r, &evt, &sts, 0);
        ring_add(&evt, i ? &small : &wrong, 1);
        ring_kick(&evt);
        input_key(KEY_A, true);
        g_assert_true(rig_broken(r));
        input_key(KEY_A, true); /* dead, but harmless */
        ring_kick(&sts);
    }
    /* And alive again after a reset. */
    start(r, &evt, &sts, 2);
    input_key(KEY_C, true);
    expect_event(&evt, EV_KEY, KEY_C, 1);
    rig_free(r);
}

static void test_keys(void)
{
    int shift;

    for (unsigned i = 0; key_name_at(i); i++) {
        uint16_t code = key_from_name(key_name_at(i));

        g_assert_cmpint(code, !=, 0);
        g_assert_cmpint(code, ==, input_key_at(i));
        g_assert_nonnull(key_name(code));
    }
    g_assert_cmpint(key_from_name("ret"), ==, KEY_ENTER);
    g_assert_cmpint(key_from_name("nope"), ==, 0);
    g_assert_null(key_name(0x2ff));
    /* Every printable character of ASCII can be typed. */
    for (uint32_t c = 0x20; c < 0x7f; c++) {
        g_assert_cmpint(key_from_keysym(c, &shift), !=, 0);
        if (c != ' ') {
            g_assert_cmpint(shift, ==, (g_ascii_isupper(c) || strchr("!@#$%^&*()_+{}:\"~|<>?", c)) != 0);
        }
    }
    g_assert_cmpint(key_from_keysym(0xff0d, &shift), ==, KEY_ENTER);
    g_assert_cmpint(shift, ==, -1);
    g_assert_cmpint(key_from_keysym(0xffb7, &shift), ==, KEY_KP7);
    g_assert_cmpint(key_from_keysym(0xff95, &shift), ==, KEY_KP7);
    g_assert_cmpint(key_from_keysym(0, &shift), ==, 0);
    g_assert_cmpint(key_from_keysym(0xffffffff, &shift), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    vm_start(); /* input is for running machines only */
    g_test_add_func("/virtio-input/config", test_config);
    g_test_add_func("/virtio-input/events", test_events);
    g_test_add_func("/virtio-input/routing", test_routing);
    g_test_add_func("/virtio-input/status", test_status);
    g_test_add_func("/virtio-input/malformed", test_malformed);
    g_test_add_func("/input/keys", test_keys);
    return g_test_run();
}
