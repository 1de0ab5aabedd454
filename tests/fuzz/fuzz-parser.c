/*
 * A libFuzzer harness for what reads text or files from outside: FUZZ_PARSER chooses which.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chardev/telnet.h"
#include "hw/core/fdt.h"
#include "hw/core/loader.h"
#include "monitor/monitor.h"
#include "monitor/readline.h"
#include "system/chardev.h"
#include "system/config.h"
#include "tests/fuzz/fuzz.h"
#include "util/bits.h"
#include "util/keyval.h"

static char *text_of(const uint8_t *data, size_t size)
{
    return g_strndup((const char *)data, size);
}

/* The input as a file of the folder that the harness is confined to. */
static const char *file_of(const uint8_t *data, size_t size)
{
    static const char name[] = "fuzz-input";
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        perror(name);
        exit(1);
    }
    close(fd);
    return name;
}

/* ---- Options ---- */

static void keyval(const uint8_t *data, size_t size)
{
    g_autofree char *text = text_of(data, size);
    g_autoptr(KeyVals) G_GNUC_UNUSED once = keyval_parse(text, "type", true, NULL);
    g_autoptr(KeyVals) list = keyval_parse_list(text, NULL, false, NULL);
    uint64_t u;
    int64_t i;
    bool b;

    for (guint n = 0; list && n < list->list->len; n++) {
        const KeyVal *p = list->list->pdata[n];

        parse_size(p->key, p->value, 'M', &u, NULL);
        parse_u64(p->key, p->value, 0, UINT64_MAX, &u, NULL);
        parse_i64(p->key, p->value, INT64_MIN, INT64_MAX, &i, NULL);
        parse_bool(p->key, p->value, &b, NULL);
    }
}

static void options(const uint8_t *data, size_t size)
{
    g_autofree char *text = text_of(data, size);
    g_auto(GStrv) args = g_strsplit(text, "\n", 64);
    g_autoptr(Options) o = options_new();

    options_parse(o, (int)g_strv_length(args), args, NULL);
}

static void config(const uint8_t *data, size_t size)
{
    g_autoptr(Options) o = options_new();

    options_add(o, "readconfig", file_of(data, size), NULL);
    options_add(o, "device", "virtio-rng-device,id=a", NULL);
    options_add(o, "set", "device.a.b=c", NULL);
    options_apply_config(o, NULL);
}

/* ---- Images ---- */

static void fdt(const uint8_t *data, size_t size)
{
    g_autoptr(FDTBuilder) b = fdt_builder_from_file(file_of(data, size), NULL);
    int n;

    if (b) {
        fdt_set_str(b, "/chosen", "bootargs", "quiet");
        fdt_phandle(b, "/cpus/cpu@0");
        g_free(fdt_builder_finish(b, &n, NULL));
    }
}

static void image(const uint8_t *data, size_t size, bool elf)
{
    AddressSpace *as = &current_machine()->as;
    LoadedImage out;
    ImageLoader l;
    const char *path = file_of(data, size);

    image_loader_init(&l, as);
    if (elf ? load_elf(&l, "-bios", path, 0x80000000, 0x80000000 + 16 * MiB, &out, NULL)
            : load_kernel(&l, path, 0x80200000, 0x80000000 + 16 * MiB, &out, NULL)) {
        image_loader_reset(&l);
    }
    image_loader_destroy(&l);
}

static void elf(const uint8_t *data, size_t size)
{
    image(data, size, true);
}

static void kernel(const uint8_t *data, size_t size)
{
    image(data, size, false);
}

/* ---- What people and programs type ---- */

/* Commands that would open sockets and files on the host, as they are asked to. */
static bool opens_things(const char *text)
{
    static const char *const names[] = { "chardev", "netdev", "gdbserver", "hostfwd", "object",
                                         "device_add", "logfile", "save", "dump", "change" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strstr(text, names[i])) {
            return true;
        }
    }
    return false;
}

static void monitor(const uint8_t *data, size_t size)
{
    g_autofree char *text = text_of(data, MIN(size, 512));

    if (!opens_things(text)) {
        g_free(monitor_run_to_string(text, 0));
    }
}

static void nothing(void *opaque, const char *text, size_t len)
{
}

static void no_line(void *opaque, const char *line)
{
}

static void readline(const uint8_t *data, size_t size)
{
    static const ReadlineOps ops = { .echo = nothing, .line = no_line };
    Readline *rl = readline_new(&ops, NULL, "> ");

    readline_input(rl, data, size);
    readline_free(rl);
}

static void gdb(const uint8_t *data, size_t size)
{
    Chardev *chr = CHARDEV(object_child(object_container(CHARDEV_CONTAINER), "g0"));
    g_autofree char *text = text_of(data, size);

    /* qRcmd runs monitor commands, which have a harness of their own. */
    if (strstr(text, "qRcmd")) {
        return;
    }
    /* As a debugger's library would send them, with checksums; then raw. */
    g_auto(GStrv) packets = g_strsplit(text, "\n", 32);

    for (char **k = packets; *k; k++) {
        g_autoptr(GString) s = g_string_new(NULL);
        uint8_t sum = 0;

        for (const char *c = *k; *c; c++) {
            sum += (uint8_t)*c;
        }
        g_string_printf(s, "$%s#%02x+", *k, sum);
        chardev_inject(chr, (const uint8_t *)s->str, s->len);
    }
    chardev_inject(chr, data, size);
    for (unsigned i = 0; i < 8 && g_main_context_iteration(NULL, FALSE); i++) {
    }
}

static void telnet(const uint8_t *data, size_t size)
{
    Chardev *chr = CHARDEV(object_child(object_container(CHARDEV_CONTAINER), "s0"));
    g_autofree uint8_t *copy = g_memdup2(data, size);
    TelnetState t = { 0 };

    telnet_input(&t, chr, copy, size);
}

static const struct {
    const char *name;
    void (*run)(const uint8_t *data, size_t size);
} parsers[] = {
    { "keyval", keyval }, { "options", options }, { "config", config },   { "fdt", fdt },
    { "elf", elf },       { "kernel", kernel },   { "monitor", monitor }, { "readline", readline },
    { "gdb", gdb },       { "telnet", telnet },
};

static void (*chosen)(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("FUZZ_PARSER");

    if (name && g_str_equal(name, "list")) {
        for (size_t i = 0; i < G_N_ELEMENTS(parsers); i++) {
            puts(parsers[i].name);
        }
        exit(0);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(parsers); i++) {
        if (name && g_str_equal(parsers[i].name, name)) {
            chosen = parsers[i].run;
        }
    }
    if (!chosen) {
        fprintf(stderr, "FUZZ_PARSER names the parser to fuzz; FUZZ_PARSER=list lists them\n");
        exit(1);
    }
    fuzz_start("-M virt -m 16M -S -nodefaults -display none -bios none -chardev null,id=s0"
               " -serial chardev:s0 -chardev ringbuf,id=g0 -gdb chardev:g0");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    chosen(data, size);
    return 0;
}
