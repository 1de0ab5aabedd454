/*
 * The VNC server: its options, its passwords, and the main thread's part.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ui/vnc.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "chardev/socket.h"
#include "system/secret.h"
#include "ui/vnc-int.h"
#include "util/keyval.h"

#define FIRST_PORT 5900
#define MAX_DISPLAY (65535 - FIRST_PORT)

static GPtrArray *servers; /* main thread */

/* ---- The console's viewer; main thread ---- */

static void viewer_damage(void *opaque, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
    VncServer *s = opaque;
    VncRect *r = s->rects;

    g_mutex_lock(&s->lock);
    if (s->nr_rects == VNC_MAX_RECTS) {
        /* Too many to be worth it: one that holds all. */
        uint32_t x1 = x + w, y1 = y + h;

        for (unsigned i = 0; i < VNC_MAX_RECTS; i++) {
            x1 = MAX(x1, r[i].x + r[i].w);
            y1 = MAX(y1, r[i].y + r[i].h);
            x = MIN(x, r[i].x);
            y = MIN(y, r[i].y);
        }
        w = x1 - x;
        h = y1 - y;
        s->nr_rects = 0;
    }
    r[s->nr_rects++] = (VncRect){ x, y, w, h };
    g_mutex_unlock(&s->lock);
}

static void viewer_resize(void *opaque, uint32_t w, uint32_t h)
{
    VncServer *s = opaque;

    g_mutex_lock(&s->lock);
    s->nr_rects = 0;
    g_mutex_unlock(&s->lock);
}

static void viewer_cursor(void *opaque)
{
    VncServer *s = opaque;

    g_mutex_lock(&s->lock);
    s->cursor_changed = true;
    g_mutex_unlock(&s->lock);
}

/* The display device was taken out: clients keep the last picture. */
static void viewer_gone(void *opaque)
{
    VncServer *s = opaque;

    g_mutex_lock(&s->copy);
    s->con = NULL;
    g_mutex_unlock(&s->copy);
}

static void set_active(VncServer *s, bool on)
{
    const ConsoleViewer v = { viewer_damage, viewer_resize, viewer_cursor, viewer_gone, s };
    DisplayConsole *con = s->console_name ? console_by_name(s->console_name) : console_by_index(0);

    if (s->con && (!on || con != s->con)) {
        console_viewer_remove(s->con, s);
        viewer_gone(s);
    }
    if (on && con && !s->con) {
        g_mutex_lock(&s->copy);
        s->con = con;
        g_mutex_unlock(&s->copy);
        console_viewer_add(con, &v);
    }
}

/* What the thread has left for us. */
static gboolean vnc_main(gpointer opaque)
{
    VncServer *s = opaque;
    static const unsigned at_once = VNC_MAX_INPUT;
    g_autofree VncInput *input = g_new(VncInput, at_once);
    unsigned n;
    bool wanted;

    g_mutex_lock(&s->lock);
    s->scheduled = false;
    wanted = s->wanted;
    n = s->nr_input;
    memcpy(input, s->input, n * sizeof(input[0]));
    s->nr_input = 0;
    g_mutex_unlock(&s->lock);

    if (wanted != s->active || (wanted && !s->con)) {
        set_active(s, wanted);
    }
    g_mutex_lock(&s->lock);
    s->active = wanted;
    g_cond_broadcast(&s->ready);
    g_mutex_unlock(&s->lock);
    for (unsigned i = 0; i < n; i++) {
        vnc_input_deliver(s, &input[i]);
    }
    return G_SOURCE_REMOVE;
}

void vnc_schedule_main(VncServer *s)
{
    if (!s->scheduled && !s->stop) {
        s->scheduled = true;
        g_idle_add_full(G_PRIORITY_DEFAULT, vnc_main, s, NULL);
    }
}

/* ---- Options ---- */

static void server_free(void *p)
{
    VncServer *s = p;

    if (s->thread) {
        vnc_thread_stop(s);
    }
    g_idle_remove_by_data(s);
    set_active(s, false);
    if (s->listen_fd >= 0) {
        close(s->listen_fd);
    }
    if (s->path) {
        unlink(s->path);
    }
    close(s->wake_fd);
    g_hash_table_unref(s->pressed);
    g_ptr_array_unref(s->clients);
    g_mutex_clear(&s->lock);
    g_mutex_clear(&s->copy);
    g_cond_clear(&s->ready);
    g_free(s->id);
    g_free(s->where);
    g_free(s->path);
    g_free(s->console_name);
    g_free(s);
}

static VncServer *server_alloc(void)
{
    VncServer *s = g_new0(VncServer, 1);

    s->listen_fd = -1;
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->pressed = g_hash_table_new(NULL, NULL);
    s->clients = g_ptr_array_new_with_free_func(g_free);
    g_mutex_init(&s->lock);
    g_mutex_init(&s->copy);
    g_cond_init(&s->ready);
    return s;
}

/* HOST:DISPLAY, trying displays up to `to`. */
static bool listen_tcp(VncServer *s, const char *where, const char *to_text, Error **errp)
{
    const char *colon = strrchr(where, ':');
    g_autofree char *host = colon ? g_strndup(where, colon - where) : NULL;
    uint64_t display, to;

    if (!colon) {
        error_setg(errp, "'%s' is not HOST:DISPLAY (:0 is port %d of every address)", where,
                   FIRST_PORT);
        return false;
    }
    if (!parse_u64("display", colon + 1, 0, MAX_DISPLAY, &display, errp)) {
        return false;
    }
    to = display;
    if (to_text && !parse_u64("to", to_text, display, MAX_DISPLAY, &to, errp)) {
        return false;
    }
    for (uint64_t d = display; d <= to; d++) {
        g_autofree char *port = g_strdup_printf("%u", (unsigned)(FIRST_PORT + d));
        Error *err = NULL;

        s->listen_fd = socket_chardev_listen(NULL, *host ? host : NULL, port, &err);
        if (s->listen_fd >= 0) {
            s->where = g_strdup_printf("%s:%s", host, port);
            return true;
        }
        if (d == to) {
            error_setg(errp, "%s", error_get_pretty(err));
        }
        error_free(err);
    }
    return false;
}

static bool listen_somewhere(VncServer *s, const char *where, const char *to, Error **errp)
{
    if (!g_str_has_prefix(where, "unix:")) {
        return listen_tcp(s, where, to, errp);
    }
    s->listen_fd = socket_chardev_listen(where + strlen("unix:"), NULL, NULL, errp);
    if (s->listen_fd < 0) {
        return false;
    }
    s->path = g_strdup(where + strlen("unix:"));
    s->where = g_strdup(where);
    return true;
}

static bool parse_share(VncServer *s, const char *text, Error **errp)
{
    static const char *const names[] = { "allow-exclusive", "force-shared", "ignore", NULL };

    for (int i = 0; text && names[i]; i++) {
        if (g_str_equal(text, names[i])) {
            s->share = i;
            return true;
        }
    }
    if (text) {
        error_setg(errp, "share=%s: expected allow-exclusive, force-shared or ignore", text);
    }
    return !text;
}

static void set_password(VncServer *s, const char *password)
{
    g_mutex_lock(&s->lock);
    memset(s->password, 0, sizeof(s->password));
    g_strlcpy(s->password, password, sizeof(s->password));
    s->password_set = *password != 0;
    g_mutex_unlock(&s->lock);
}

static bool parse_password(VncServer *s, const char *on, const char *secret, Error **errp)
{
    g_autofree char *text = NULL;

    if (on && !parse_bool("password", on, &s->password_wanted, errp)) {
        return false;
    }
    if (!secret) {
        return true;
    }
    if (on) {
        error_setg(errp, "password and password-secret exclude each other");
        return false;
    }
    text = secret_text(secret, errp);
    if (!text) {
        return false;
    }
    s->password_wanted = true;
    set_password(s, text);
    return true;
}

static bool parse_console(VncServer *s, const char *device, const char *head, Error **errp)
{
    uint64_t n = 0;

    if (head && !parse_u64("head", head, 0, 255, &n, errp)) {
        return false;
    }
    if (!device && head) {
        error_setg(errp, "head=%s needs display=ID", head);
        return false;
    }
    if (device) {
        s->console_name = g_strdup_printf("%s.%u", device, (unsigned)n);
        if (!console_by_name(s->console_name)) {
            error_setg(errp, "there is no display '%s' with an output %u", device, (unsigned)n);
            return false;
        }
    }
    return true;
}

static bool configure(VncServer *s, KeyVals *kv, Error **errp)
{
    static const char *const known[] = { "vnc", "id", "password", "password-secret", "to", "share",
                                         "display", "head", NULL };
    const char *where = keyval_take(kv, "vnc"), *id = keyval_take(kv, "id");
    const char *to = keyval_take(kv, "to"), *password = keyval_take(kv, "password");
    const char *secret = keyval_take(kv, "password-secret"), *share = keyval_take(kv, "share");
    const char *device = keyval_take(kv, "display"), *head = keyval_take(kv, "head");

    s->id = g_strdup(id ? id : "default");
    return keyval_check_used(kv, known, errp) && parse_share(s, share, errp) &&
           parse_password(s, password, secret, errp) && parse_console(s, device, head, errp) &&
           listen_somewhere(s, where ? where : "", to, errp);
}

bool vnc_server_new(const char *spec, Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_parse(spec, "vnc", true, errp);
    VncServer *s;

    if (!kv) {
        return false;
    }
    if (g_str_equal(spec, "none")) {
        return true;
    }
    s = server_alloc();
    if (!configure(s, kv, errp) || !vnc_thread_start(s, errp)) {
        server_free(s);
        return false;
    }
    if (!servers) {
        servers = g_ptr_array_new_with_free_func(server_free);
    }
    g_ptr_array_add(servers, s);
    return true;
}

void vnc_stop_all(void)
{
    if (servers) {
        g_clear_pointer(&servers, g_ptr_array_unref);
    }
}

bool vnc_set_password(const char *password, Error **errp)
{
    bool any = false;

    for (guint i = 0; servers && i < servers->len; i++) {
        VncServer *s = servers->pdata[i];

        if (s->password_wanted) {
            set_password(s, password);
            any = true;
        }
    }
    if (!any) {
        error_setg(errp, "no VNC server asks for a password (-vnc ...,password=on does)");
    }
    return any;
}

void vnc_print(GString *out)
{
    if (!servers || !servers->len) {
        g_string_append(out, "Server: disabled\n");
    }
    for (guint i = 0; servers && i < servers->len; i++) {
        VncServer *s = servers->pdata[i];

        g_string_append_printf(out, "%s:\n  Server: %s\n    Auth: %s\n", s->id, s->where,
                               s->password_wanted ? "vnc" : "none");
        g_mutex_lock(&s->lock);
        for (guint c = 0; c < s->clients->len; c++) {
            g_string_append_printf(out, "  Client: %s\n", (char *)s->clients->pdata[c]);
        }
        if (!s->clients->len) {
            g_string_append(out, "  Client: none\n");
        }
        g_mutex_unlock(&s->lock);
    }
}
