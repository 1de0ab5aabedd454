/*
 * What the files of the VNC server share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_UI_VNC_INT_H
#define VIREO_UI_VNC_INT_H

#include "ui/console.h"

#define VNC_MAX_CLIENTS 32
#define VNC_MAX_RECTS 64
#define VNC_MAX_INPUT 1024
#define VNC_PASSWORD_MAX 8 /* what the protocol's cipher takes */

typedef enum VncInputKind { VNC_KEY, VNC_POINTER, VNC_RELEASE_ALL, VNC_SIZE } VncInputKind;

typedef struct VncInput {
    VncInputKind kind;
    uint32_t keysym;
    bool down;
    uint8_t buttons;
    uint16_t x, y, width, height; /* VNC_SIZE: what the client's window has now */
} VncInput;

typedef struct VncRect {
    uint32_t x, y, w, h;
} VncRect;

typedef enum VncShare { VNC_SHARE_ALLOW_EXCLUSIVE, VNC_SHARE_FORCE_SHARED, VNC_SHARE_IGNORE } VncShare;

struct _rfbScreenInfo;

/*
 * A server has a thread of its own, in which everything of libvncserver happens, so that a client
 * that is slow holds up nothing but other clients, and those not for long.
 *
 * Locks: `copy` is held while the console is read, to keep it from going away; then the console's;
 * then `lock`, for what the two threads leave for each other.
 */
typedef struct VncServer {
    char *id, *where;   /* for the user */
    char *path;         /* of a local socket, to unlink */
    char *console_name; /* display= and head=, or NULL: the first console */
    int listen_fd, wake_fd;
    bool password_wanted;
    VncShare share;
    GThread *thread;

    GMutex copy;
    DisplayConsole *con; /* changed on the main thread with `copy` held */

    GMutex lock;
    GCond ready;
    bool stop;
    bool wanted;        /* clients are there */
    bool active;        /* we are a viewer of the console */
    bool scheduled;     /* vnc_main() will run */
    VncRect rects[VNC_MAX_RECTS];
    unsigned nr_rects;
    bool cursor_changed;
    VncInput input[VNC_MAX_INPUT];
    unsigned nr_input;
    char password[VNC_PASSWORD_MAX + 1];
    bool password_set;
    GPtrArray *clients; /* char *: their addresses */

    /* The thread's own. */
    struct _rfbScreenInfo *screen;
    uint32_t *fb;
    unsigned nr_clients;

    /* The main thread's own. */
    uint8_t buttons;
    uint16_t last_x, last_y;
    GHashTable *pressed; /* keysym to key code */
} VncServer;

/* vnc-thread.c: false if libvncserver cannot. */
bool vnc_thread_start(VncServer *s, Error **errp);
void vnc_thread_stop(VncServer *s);

/* vnc-input.c. From the thread: queues for the main thread, dropped if it is too much. */
void vnc_input_queue(VncServer *s, const VncInput *in);
/* On the main thread. */
void vnc_input_deliver(VncServer *s, const VncInput *in);

/* vnc-thread.c wants the main thread to look at what it left. `lock` held. */
void vnc_schedule_main(VncServer *s);

#endif
