/*
 * Semihosting: the calls, as "Semihosting for AArch32 and AArch64" numbers them, with the fields of 64
 * bits that RISC-V's 64-bit harts use. Off unless asked for.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/semihosting.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hw/core/clock.h"
#include "system/chardev.h"
#include "util/byteorder.h"
#include "util/keyval.h"
#include "util/log.h"

#define MAX_NAME 4096
#define CHUNK 65536
#define MAX_TRANSFER (256u << 20) /* of one call; the rest is reported as not done */
#define MAX_STRING (16u << 20)    /* of WRITE0 */
#define FAILED UINT64_MAX
#define REASON_EXIT 0x20026       /* ADP_Stopped_ApplicationExit */

static struct {
    SemihostOps ops;
    SemihostFiles *files;
    char *cmdline;
    uint64_t ram, ram_size;
    LogLimit limit;
    int error; /* errno of the last call that failed; atomic */
} state;

/* One call. */
typedef struct Call {
    const SemihostGuest *g;
    uint64_t arg;
    uint64_t field[4]; /* of the block at arg, as many as the table says */
    bool again;
} Call;

static uint64_t fail(int error)
{
    __atomic_store_n(&state.error, error, __ATOMIC_RELAXED);
    return FAILED;
}

/* -1 becomes the guest's, with errno. */
static uint64_t result_of(int64_t r)
{
    return r < 0 ? fail(errno) : (uint64_t)r;
}

static bool get(Call *c, uint64_t va, void *buf, size_t len)
{
    return c->g->read(c->g->cpu, va, buf, len);
}

static bool put(Call *c, uint64_t va, const void *buf, size_t len)
{
    return c->g->write(c->g->cpu, va, buf, len);
}

static bool put_u64(Call *c, uint64_t va, uint64_t value)
{
    uint8_t bytes[8];

    stn_le(bytes, 8, value);
    return put(c, va, bytes, 8);
}

/* A name of len bytes at va. g_free(); NULL and the error kept. */
static char *get_name(Call *c, uint64_t va, uint64_t len)
{
    g_autofree char *name = NULL;

    if (len > MAX_NAME) {
        fail(ENAMETOOLONG);
        return NULL;
    }
    name = g_malloc0(len + 1);
    if (!get(c, va, name, len)) {
        fail(EFAULT);
        return NULL;
    }
    if (strlen(name) != len) {
        fail(EINVAL);
        return NULL;
    }
    return g_steal_pointer(&name);
}

/* ---- Files ---- */

static uint64_t do_open(Call *c)
{
    g_autofree char *name = get_name(c, c->field[0], c->field[2]);

    return !name ? FAILED : c->field[1] > 11 ? fail(EINVAL)
           : result_of(semihost_open(state.files, name, (unsigned)c->field[1]));
}

static uint64_t do_close(Call *c)
{
    return result_of(semihost_close(state.files, c->field[0]));
}

/* READ and WRITE return how many bytes they have not moved. */
static uint64_t do_write(Call *c)
{
    g_autofree uint8_t *buf = g_malloc(CHUNK);
    uint64_t va = c->field[1], len = c->field[2], left = len;

    while (left && len - left < MAX_TRANSFER) {
        size_t n = MIN(left, CHUNK);
        ssize_t done;

        if (!get(c, va, buf, n)) {
            fail(EFAULT);
            break;
        }
        done = semihost_write(state.files, c->field[0], buf, n);
        if (done < 0) {
            fail(errno);
            break;
        }
        left -= (uint64_t)done;
        va += (uint64_t)done;
        if ((size_t)done < n) {
            break;
        }
    }
    return left;
}

static uint64_t do_read(Call *c)
{
    g_autofree uint8_t *buf = g_malloc(CHUNK);
    uint64_t va = c->field[1], len = c->field[2], left = len;

    while (left && len - left < MAX_TRANSFER) {
        bool again = false;
        ssize_t done = semihost_read(state.files, c->field[0], buf, MIN(left, CHUNK), &again);

        if (again) {
            c->again = left == len; /* what came before that is enough */
            break;
        }
        if (done <= 0) {
            if (done < 0) {
                fail(errno);
            }
            break;
        }
        if (!put(c, va, buf, (size_t)done)) {
            fail(EFAULT);
            break;
        }
        left -= (uint64_t)done;
        va += (uint64_t)done;
        if ((size_t)done < CHUNK) {
            break;
        }
    }
    return left;
}

static uint64_t do_isatty(Call *c)
{
    return result_of(semihost_is_tty(state.files, c->field[0]));
}

static uint64_t do_seek(Call *c)
{
    return result_of(semihost_seek(state.files, c->field[0], c->field[1]));
}

static uint64_t do_flen(Call *c)
{
    return result_of(semihost_length(state.files, c->field[0]));
}

static uint64_t do_tmpnam(Call *c)
{
    g_autofree char *name = g_strdup_printf("%s/vireo-%d-%02x", g_get_tmp_dir(), (int)getpid(),
                                            (unsigned)(c->field[1] & 0xff));
    size_t size = strlen(name) + 1;

    if (size > c->field[2]) {
        return fail(ENAMETOOLONG);
    }
    return put(c, c->field[0], name, size) ? 0 : fail(EFAULT);
}

static uint64_t do_remove(Call *c)
{
    g_autofree char *name = get_name(c, c->field[0], c->field[1]);

    return name ? result_of(unlink(name)) : FAILED;
}

static uint64_t do_rename(Call *c)
{
    g_autofree char *from = get_name(c, c->field[0], c->field[1]);
    g_autofree char *to = from ? get_name(c, c->field[2], c->field[3]) : NULL;

    return to ? result_of(rename(from, to)) : FAILED;
}

/* ---- Console ---- */

static uint64_t do_writec(Call *c)
{
    uint8_t byte;

    if (!get(c, c->arg, &byte, 1)) {
        return fail(EFAULT);
    }
    semihost_console_write(state.files, &byte, 1);
    return 0;
}

static uint64_t do_write0(Call *c)
{
    uint64_t va = c->arg;
    char buf[256];

    while (va - c->arg < MAX_STRING) {
        /* Not across the end of a page: the string may end before it. */
        size_t n = sizeof(buf) - (va & (sizeof(buf) - 1)), len;

        if (!get(c, va, buf, n)) {
            return fail(EFAULT);
        }
        len = strnlen(buf, n);
        semihost_console_write(state.files, buf, len);
        if (len < n) {
            return 0;
        }
        va += n;
    }
    return fail(E2BIG);
}

static uint64_t do_readc(Call *c)
{
    uint8_t byte;

    return semihost_console_read(state.files, &byte, 1, &c->again) == 1 ? byte : FAILED;
}

/* ---- The process ---- */

static uint64_t do_iserror(Call *c)
{
    return (int64_t)c->field[0] < 0;
}

static uint64_t do_clock(Call *c)
{
    return (uint64_t)clock_get_ns(CLOCK_VIRTUAL) / 10000000;
}

static uint64_t do_time(Call *c)
{
    return (uint64_t)clock_rtc_ns() / 1000000000;
}

/* Whoever runs a guest does not expect it to run commands. */
static uint64_t do_system(Call *c)
{
    log_guest_error(&state.limit, "semihosting", "SYS_SYSTEM is refused");
    return fail(EPERM);
}

static uint64_t do_errno(Call *c)
{
    return (uint64_t)__atomic_load_n(&state.error, __ATOMIC_RELAXED);
}

static uint64_t do_cmdline(Call *c)
{
    size_t len = strlen(state.cmdline);

    if (len >= c->field[1]) {
        return fail(E2BIG);
    }
    return put(c, c->field[0], state.cmdline, len + 1) && put_u64(c, c->arg + 8, len)
               ? 0 : fail(EFAULT);
}

/* Where the program ends is not known: the heap is the third quarter of RAM and the stack the last. */
static uint64_t do_heapinfo(Call *c)
{
    uint64_t quarter = state.ram_size / 4 & ~4095ULL, end = state.ram + state.ram_size;
    const uint64_t values[4] = { end - 2 * quarter, end - quarter, end, end - quarter };

    for (unsigned i = 0; i < 4; i++) {
        if (!put_u64(c, c->field[0] + 8 * i, values[i])) {
            return fail(EFAULT);
        }
    }
    return 0;
}

static uint64_t do_elapsed(Call *c)
{
    return put_u64(c, c->arg, (uint64_t)clock_get_ns(CLOCK_VIRTUAL)) ? 0 : fail(EFAULT);
}

static uint64_t do_tickfreq(Call *c)
{
    return 1000000000;
}

static uint64_t do_exit(Call *c)
{
    uint8_t block[16];
    uint64_t reason = c->arg, code = 0;

    /* Harts of 64 bits pass a block; programs made from 32-bit ones pass the reason itself, an address
     * where this board has nothing. */
    if (reason >> 8 != REASON_EXIT >> 8) {
        reason = 0;
        if (get(c, c->arg, block, sizeof(block))) {
            reason = ldn_le(block, 8);
            code = ldn_le(block + 8, 8);
        }
    }
    if (reason != REASON_EXIT) {
        log_guest_error(&state.limit, "semihosting", "the program stopped for reason 0x%" PRIx64, reason);
        code = 1;
    }
    machine_request_shutdown(SHUTDOWN_GUEST_SHUTDOWN, (int)(code & 0xff));
    return 0;
}

typedef struct Service {
    uint64_t (*fn)(Call *c);
    unsigned fields; /* 64-bit fields of the block at arg that it reads */
} Service;

static const Service services[] = {
    [0x01] = { do_open, 3 },    [0x02] = { do_close, 1 },   [0x03] = { do_writec, 0 },
    [0x04] = { do_write0, 0 },  [0x05] = { do_write, 3 },   [0x06] = { do_read, 3 },
    [0x07] = { do_readc, 0 },   [0x08] = { do_iserror, 1 }, [0x09] = { do_isatty, 1 },
    [0x0a] = { do_seek, 2 },    [0x0c] = { do_flen, 1 },    [0x0d] = { do_tmpnam, 3 },
    [0x0e] = { do_remove, 2 },  [0x0f] = { do_rename, 4 },  [0x10] = { do_clock, 0 },
    [0x11] = { do_time, 0 },    [0x12] = { do_system, 0 },  [0x13] = { do_errno, 0 },
    [0x15] = { do_cmdline, 2 }, [0x16] = { do_heapinfo, 1 }, [0x18] = { do_exit, 0 },
    [0x20] = { do_exit, 0 },    [0x30] = { do_elapsed, 0 }, [0x31] = { do_tickfreq, 0 },
};

static SemihostOutcome call(const SemihostGuest *g, uint64_t number, uint64_t arg,
                            uint64_t *result)
{
    const Service *s = number < G_N_ELEMENTS(services) ? &services[number] : NULL;
    Call c = { .g = g, .arg = arg };
    uint8_t block[sizeof(c.field)];

    if (!s || !s->fn) {
        log_guest_error(&state.limit, "semihosting", "there is no call 0x%" PRIx64, number);
        *result = fail(ENOSYS);
        return SEMIHOST_DONE;
    }
    if (s->fields) {
        if (!get(&c, arg, block, 8 * s->fields)) {
            *result = fail(EFAULT);
            return SEMIHOST_DONE;
        }
        for (unsigned i = 0; i < s->fields; i++) {
            c.field[i] = ldn_le(block + 8 * i, 8);
        }
    }
    *result = s->fn(&c);
    return c.again ? SEMIHOST_AGAIN : SEMIHOST_DONE;
}

/* ---- Options ---- */

typedef struct Config {
    bool enable, userspace;
    const char *chardev;
    GString *args;
} Config;

static bool target_ok(const char *target, Error **errp)
{
    if (!strcmp(target, "auto") || !strcmp(target, "native")) {
        return true;
    }
    if (!strcmp(target, "gdb")) {
        error_setg(errp, "target=gdb: not supported yet; native and auto are");
    } else {
        error_setg(errp, "target=%s: expected native or auto", target);
    }
    return false;
}

/* One pair of -semihosting-config. Strings stay the options'. */
static bool config_pair(Config *cfg, const KeyVal *p, Error **errp)
{
    static const char *const known[] = { "enable", "target", "chardev", "userspace", "arg", NULL };
    const char *near;

    if (!strcmp(p->key, "enable")) {
        return parse_bool("enable", p->value, &cfg->enable, errp);
    }
    if (!strcmp(p->key, "userspace")) {
        return parse_bool("userspace", p->value, &cfg->userspace, errp);
    }
    if (!strcmp(p->key, "target")) {
        return target_ok(p->value, errp);
    }
    if (!strcmp(p->key, "chardev")) {
        cfg->chardev = p->value;
        return true;
    }
    if (!strcmp(p->key, "arg")) {
        g_string_append_printf(cfg->args, "%s%s", cfg->args->len ? " " : "", p->value);
        return true;
    }
    near = nearest_name(p->key, known);
    if (near) {
        error_setg(errp, "no property '%s' (did you mean '%s'?)", p->key, near);
    } else {
        error_setg(errp, "no property '%s' (there are: enable, target, chardev, userspace, arg)",
                   p->key);
    }
    return false;
}

static bool install(const Config *cfg, const Options *o, MachineState *ms, Error **errp)
{
    Object *chr = NULL;

    if (cfg->chardev) {
        chr = object_child(object_container(CHARDEV_CONTAINER), cfg->chardev);
        if (!chr) {
            error_setg(errp, "chardev=%s: there is no chardev of that id", cfg->chardev);
            return false;
        }
    }
    state.files = semihost_files_new(chr ? CHARDEV(chr) : NULL, errp);
    if (!state.files) {
        return false;
    }
    if (cfg->args->len) {
        state.cmdline = g_strdup(cfg->args->str);
    } else {
        const char *program = o->kernel ? o->kernel : o->bios ? o->bios : "";
        state.cmdline = g_strjoin(o->append ? " " : "", program, o->append ? o->append : "", NULL);
    }
    state.ram = ms->ram.addr;
    state.ram_size = ms->ram_size;
    state.ops = (SemihostOps){ .userspace = cfg->userspace, .call = call };
    semihost_set_ops(&state.ops);
    return true;
}

bool semihosting_start(const Options *o, MachineState *ms, Error **errp)
{
    g_autoptr(GString) args = g_string_new(NULL);
    g_autoptr(KeyVals) kv = NULL;
    Config cfg = { .enable = o->semihosting, .args = args };

    if (o->semihosting_config) {
        cfg.enable = true;
        kv = keyval_parse_list(o->semihosting_config, "enable", false, errp);
        for (guint i = 0; kv && i < kv->list->len; i++) {
            if (!config_pair(&cfg, g_ptr_array_index(kv->list, i), errp)) {
                option_prepend(errp, "semihosting-config", o->semihosting_config);
                return false;
            }
        }
        if (!kv) {
            option_prepend(errp, "semihosting-config", o->semihosting_config);
            return false;
        }
    }
    if (!cfg.enable) {
        return true;
    }
    if (!install(&cfg, o, ms, errp)) {
        option_prepend(errp, "semihosting-config", o->semihosting_config);
        return false;
    }
    return true;
}

void semihosting_end(void)
{
    semihost_set_ops(NULL);
    if (state.files) {
        semihost_files_free(state.files);
        state.files = NULL;
    }
    g_free(state.cmdline);
    state.cmdline = NULL;
}
