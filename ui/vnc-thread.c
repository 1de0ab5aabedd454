/*
 * The VNC server's thread: clients, pictures, and libvncserver.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ui/vnc-int.h"

#include <errno.h>
#include <poll.h>
#include <rfb/rfb.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/log.h"

/* A client that takes or sends nothing in the middle of a message is dropped after this. */
#define CLIENT_WAIT_MS 3000
#define POLL_US 15000
/* How long a first client may wait for the picture's true size. */
#define FIRST_FRAME_US 1000000
#define DEFAULT_WIDTH 640
#define DEFAULT_HEIGHT 480
/* What is compared at a time. */
#define TILE_WIDTH 64u
#define TILE_HEIGHT 16u

static void G_GNUC_PRINTF(1, 2) log_line(const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    log_printf(LOG_VNC, "vnc: %s\n", g_strchomp(text));
}

static VncServer *server_of(rfbClientPtr cl)
{
    return cl->screen->screenData;
}

/* ---- What clients do ---- */

static void on_key(rfbBool down, rfbKeySym keysym, rfbClientPtr cl)
{
    VncInput in = { .kind = VNC_KEY, .keysym = keysym, .down = down != 0 };

    vnc_input_queue(server_of(cl), &in);
}

static void on_pointer(int buttons, int x, int y, rfbClientPtr cl)
{
    VncInput in = { .kind = VNC_POINTER, .buttons = buttons,
                    .width = cl->screen->width, .height = cl->screen->height };

    in.x = CLAMP(x, 0, cl->screen->width - 1);
    in.y = CLAMP(y, 0, cl->screen->height - 1);
    vnc_input_queue(server_of(cl), &in);
    rfbDefaultPtrAddEvent(buttons, x, y, cl);
}

/* The guest may follow or not; clients hear of it when there is another picture. */
static int on_size(int width, int height, int n, rfbExtDesktopScreen *screens, rfbClientPtr cl)
{
    VncInput in = { .kind = VNC_SIZE, .width = width, .height = height };

    if (n != 1 || !width || !height) {
        return rfbExtDesktopSize_InvalidScreenLayout;
    }
    vnc_input_queue(server_of(cl), &in);
    return rfbExtDesktopSize_Success;
}

static void on_gone(rfbClientPtr cl)
{
    VncServer *s = server_of(cl);
    VncInput in = { .kind = VNC_RELEASE_ALL };

    s->nr_clients--;
    vnc_input_queue(s, &in);
    g_mutex_lock(&s->lock);
    g_ptr_array_remove(s->clients, cl->clientData);
    s->wanted = s->nr_clients > 0;
    vnc_schedule_main(s);
    g_mutex_unlock(&s->lock);
}

static enum rfbNewClientAction on_new(rfbClientPtr cl)
{
    VncServer *s = server_of(cl);

    cl->clientGoneHook = on_gone;
    cl->clientData = g_strdup(cl->host && *cl->host ? cl->host : "local");
    s->nr_clients++;
    g_mutex_lock(&s->lock);
    g_ptr_array_add(s->clients, cl->clientData);
    g_mutex_unlock(&s->lock);
    return RFB_CLIENT_ACCEPT;
}

static rfbBool check_password(rfbClientPtr cl, const char *response, int len)
{
    VncServer *s = server_of(cl);
    char password[VNC_PASSWORD_MAX + 1];
    uint8_t expected[CHALLENGESIZE];
    uint8_t differ = 0;
    bool set;

    g_mutex_lock(&s->lock);
    memcpy(password, s->password, sizeof(password));
    set = s->password_set;
    g_mutex_unlock(&s->lock);
    if (!set || len != CHALLENGESIZE) {
        return FALSE;
    }
    memcpy(expected, cl->authChallenge, CHALLENGESIZE);
    rfbEncryptBytes(expected, password);
    for (int i = 0; i < CHALLENGESIZE; i++) {
        differ |= expected[i] ^ (uint8_t)response[i];
    }
    return differ == 0;
}

/* ---- The picture ---- */

static void use_framebuffer(VncServer *s, uint32_t *fb, uint32_t w, uint32_t h)
{
    rfbClientIteratorPtr it;
    rfbClientPtr cl;

    rfbNewFramebuffer(s->screen, (char *)fb, (int)w, (int)h, 8, 3, 4);
    /* That chose an order of colours which is not ours. */
    s->screen->serverFormat.redShift = 16;
    s->screen->serverFormat.greenShift = 8;
    s->screen->serverFormat.blueShift = 0;
    it = rfbGetClientIterator(s->screen);
    while ((cl = rfbClientIteratorNext(it))) {
        s->screen->setTranslateFunction(cl);
    }
    rfbReleaseClientIterator(it);
    g_free(s->fb);
    s->fb = fb;
}

/* Copies a tile; whether it was another one. */
static bool copy_tile(VncServer *s, const DisplaySurface *from, const VncRect *t)
{
    bool changed = false;

    for (uint32_t y = t->y; y < t->y + t->h; y++) {
        uint32_t *to = s->fb + (size_t)y * from->width + t->x;
        const uint32_t *src = from->pixels + (size_t)y * (from->stride / 4) + t->x;

        if (memcmp(to, src, (size_t)t->w * 4)) {
            memcpy(to, src, (size_t)t->w * 4);
            changed = true;
        }
    }
    return changed;
}

/*
 * A rectangle of the surface into the buffer of the same size. Guests like to say that all of it has
 * changed: only what really has goes to the clients.
 */
static void copy_rect(VncServer *s, const DisplaySurface *from, const VncRect *r)
{
    if (r->x >= from->width || r->y >= from->height) {
        return;
    }
    uint32_t x1 = r->x + MIN(r->w, from->width - r->x), y1 = r->y + MIN(r->h, from->height - r->y);

    for (uint32_t y = r->y; y < y1; y += TILE_HEIGHT) {
        VncRect run = { 0, y, 0, MIN(TILE_HEIGHT, y1 - y) };

        for (uint32_t x = r->x; x < x1; x += TILE_WIDTH) {
            VncRect t = { x, y, MIN(TILE_WIDTH, x1 - x), run.h };

            if (copy_tile(s, from, &t)) {
                run.x = run.w ? run.x : x;
                run.w = x + t.w - run.x;
            } else if (run.w) {
                rfbMarkRectAsModified(s->screen, run.x, y, run.x + run.w, y + run.h);
                run.w = 0;
            }
        }
        if (run.w) {
            rfbMarkRectAsModified(s->screen, run.x, y, run.x + run.w, y + run.h);
        }
    }
}

static void take_cursor(VncServer *s, const ConsoleCursor *c)
{
    rfbCursorPtr rc;
    unsigned stride = (c->w + 7) / 8;

    if (!c->defined || !c->visible) {
        rfbSetCursor(s->screen, NULL);
        return;
    }
    /* libvncserver frees it with free(). */
    rc = calloc(1, sizeof(*rc));
    if (!rc) {
        return;
    }
    rc->cleanup = rc->cleanupMask = rc->cleanupRichSource = TRUE;
    rc->width = c->w;
    rc->height = c->h;
    rc->xhot = c->hot_x;
    rc->yhot = c->hot_y;
    rc->mask = calloc(c->h, stride);
    rc->richSource = calloc(c->h, (size_t)c->w * 4);
    if (!rc->mask || !rc->richSource) {
        rfbFreeCursor(rc);
        return;
    }
    memcpy(rc->richSource, c->argb, (size_t)c->w * c->h * 4);
    for (uint32_t i = 0; i < c->w * c->h; i++) {
        if (c->argb[i] >> 31) {
            rc->mask[i / c->w * stride + i % c->w / 8] |= 0x80 >> (i % c->w % 8);
        }
    }
    rfbSetCursor(s->screen, rc);
}

/* Brings libvncserver's copy up to date with the console. */
static void take_changes(VncServer *s)
{
    VncRect rects[VNC_MAX_RECTS];
    unsigned n;
    bool cursor;

    g_mutex_lock(&s->lock);
    n = s->nr_rects;
    memcpy(rects, s->rects, n * sizeof(rects[0]));
    s->nr_rects = 0;
    cursor = s->cursor_changed;
    s->cursor_changed = false;
    g_mutex_unlock(&s->lock);
    if (!n && !cursor) {
        return;
    }
    g_mutex_lock(&s->copy);
    if (s->con) {
        const DisplaySurface *from = console_lock(s->con);

        if ((int)from->width != s->screen->width || (int)from->height != s->screen->height) {
            uint32_t *fb = g_try_malloc0_n((size_t)from->width * from->height, 4);

            if (fb) {
                use_framebuffer(s, fb, from->width, from->height);
                rects[0] = (VncRect){ 0, 0, from->width, from->height };
                n = 1;
            } else {
                n = 0;
            }
        }
        for (unsigned i = 0; i < n; i++) {
            copy_rect(s, from, &rects[i]);
        }
        if (cursor) {
            take_cursor(s, console_lock_cursor(s->con));
        }
        console_unlock(s->con);
    }
    g_mutex_unlock(&s->copy);
}

/* ---- The loop ---- */

/* Waits until the console shows us what it has, so that the client begins with the right size. */
static void wait_for_picture(VncServer *s)
{
    gint64 end = g_get_monotonic_time() + FIRST_FRAME_US;

    g_mutex_lock(&s->lock);
    s->wanted = true;
    vnc_schedule_main(s);
    while (!s->active && !s->stop && g_cond_wait_until(&s->ready, &s->lock, end)) {
    }
    g_mutex_unlock(&s->lock);
    take_changes(s);
}

static void new_client(VncServer *s)
{
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0) {
        return;
    }
    /* libvncserver keeps descriptors in an fd_set. */
    if (fd >= FD_SETSIZE || s->nr_clients >= VNC_MAX_CLIENTS) {
        log_line("refused a client: there are %u", s->nr_clients);
        close(fd);
        return;
    }
    if (!s->nr_clients) {
        wait_for_picture(s);
    }
    rfbNewClient(s->screen, fd);
    if (!s->nr_clients) {
        g_mutex_lock(&s->lock);
        s->wanted = false;
        vnc_schedule_main(s);
        g_mutex_unlock(&s->lock);
    }
}

static bool stopping(VncServer *s)
{
    g_mutex_lock(&s->lock);
    bool stop = s->stop;
    g_mutex_unlock(&s->lock);
    return stop;
}

static gpointer vnc_thread(gpointer opaque)
{
    VncServer *s = opaque;

    while (!stopping(s)) {
        struct pollfd fds[] = { { s->listen_fd, POLLIN, 0 }, { s->wake_fd, POLLIN, 0 } };

        if (poll(fds, 2, s->nr_clients ? 0 : -1) < 0 && errno != EINTR) {
            break;
        }
        if (fds[0].revents & POLLIN) {
            new_client(s);
        }
        take_changes(s);
        if (s->nr_clients) {
            rfbProcessEvents(s->screen, POLL_US);
        }
    }
    rfbShutdownServer(s->screen, TRUE);
    rfbScreenCleanup(s->screen);
    g_clear_pointer(&s->fb, g_free);
    return NULL;
}

bool vnc_thread_start(VncServer *s, Error **errp)
{
    rfbScreenInfoPtr screen;

    rfbLog = rfbErr = log_line;
    screen = rfbGetScreen(NULL, NULL, DEFAULT_WIDTH, DEFAULT_HEIGHT, 8, 3, 4);
    if (!screen) {
        error_setg(errp, "libvncserver cannot start");
        return false;
    }
    s->screen = screen;
    screen->screenData = s;
    screen->desktopName = "Vireo";
    screen->port = screen->ipv6port = 0; /* the descriptors are ours */
    screen->autoPort = FALSE;
    screen->maxClientWait = CLIENT_WAIT_MS;
    screen->permitFileTransfer = FALSE;
    screen->alwaysShared = s->share != VNC_SHARE_ALLOW_EXCLUSIVE;
    screen->dontDisconnect = s->share == VNC_SHARE_FORCE_SHARED;
    screen->deferUpdateTime = 5;
    screen->kbdAddEvent = on_key;
    screen->ptrAddEvent = on_pointer;
    screen->newClientHook = on_new;
    screen->setDesktopSizeHook = on_size;
    if (s->password_wanted) {
        screen->authPasswdData = s;
        screen->passwordCheck = check_password;
    }
    s->fb = g_new0(uint32_t, DEFAULT_WIDTH * DEFAULT_HEIGHT);
    screen->frameBuffer = (char *)s->fb;
    screen->serverFormat.redShift = 16;
    screen->serverFormat.blueShift = 0;
    rfbSetCursor(screen, NULL);
    rfbInitServer(screen);
    s->thread = g_thread_new("vnc", vnc_thread, s);
    return true;
}

void vnc_thread_stop(VncServer *s)
{
    uint64_t one = 1;

    g_mutex_lock(&s->lock);
    s->stop = true;
    g_cond_broadcast(&s->ready);
    g_mutex_unlock(&s->lock);
    if (write(s->wake_fd, &one, sizeof(one)) < 0) {
        log_line("cannot wake the thread: %s", g_strerror(errno));
    }
    g_thread_join(s->thread);
    s->thread = NULL;
}
