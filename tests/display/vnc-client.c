/*
 * A VNC client for tests, on libvncclient: reads commands from standard input, one a line, and
 * answers each with a line.
 *
 *   type TEXT     presses and lets go the key of each character, as a keyboard with Shift does
 *   key SYM       an X11 keysym in hexadecimal
 *   move X Y, button MASK
 *   resize W H    asks for a picture of that size
 *   size          answers "size W H"
 *   wait MS       takes updates for so long
 *   save FILE     the picture as PPM
 *
 * Usage: vnc-client HOST:DISPLAY [PASSWORD]
 *
 * SPDX-License-Identifier: MIT
 */
#include <rfb/rfbclient.h>

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *password;
static int x, y;

static char *get_password(rfbClient *c)
{
    return strdup(password ? password : "");
}

static void quiet(const char *fmt, ...)
{
}

/* Serves the connection for so many milliseconds; false when it has ended. */
static bool serve(rfbClient *c, int ms)
{
    struct timespec t;
    long end, now;

    clock_gettime(CLOCK_MONOTONIC, &t);
    end = t.tv_sec * 1000 + t.tv_nsec / 1000000 + ms;
    do {
        int n = WaitForMessage(c, 5000);

        if (n < 0 || (n > 0 && !HandleRFBServerMessage(c))) {
            return false;
        }
        clock_gettime(CLOCK_MONOTONIC, &t);
        now = t.tv_sec * 1000 + t.tv_nsec / 1000000;
    } while (now < end);
    return true;
}

static void press(rfbClient *c, uint32_t sym)
{
    SendKeyEvent(c, sym, TRUE);
    serve(c, 15);
    SendKeyEvent(c, sym, FALSE);
    serve(c, 15);
}

static void type(rfbClient *c, const char *text)
{
    for (; *text; text++) {
        bool shift = strchr("~!@#$%^&*()_+{}|:\"<>?", *text) || (*text >= 'A' && *text <= 'Z');

        if (shift) {
            SendKeyEvent(c, 0xffe1, TRUE);
        }
        press(c, (unsigned char)*text);
        if (shift) {
            SendKeyEvent(c, 0xffe1, FALSE);
        }
    }
}

static bool save(rfbClient *c, const char *path)
{
    FILE *f = fopen(path, "wb");

    if (!f) {
        return false;
    }
    fprintf(f, "P6\n%d %d\n255\n", c->width, c->height);
    for (int i = 0; i < c->width * c->height; i++) {
        uint32_t p = ((uint32_t *)c->frameBuffer)[i];

        fputc(p >> c->format.redShift & 0xff, f);
        fputc(p >> c->format.greenShift & 0xff, f);
        fputc(p >> c->format.blueShift & 0xff, f);
    }
    return fclose(f) == 0;
}

/* False: end. */
static bool command(rfbClient *c, char *line)
{
    unsigned a = 0, b = 0;
    bool ok = true;

    line[strcspn(line, "\n")] = 0;
    if (!strncmp(line, "type ", 5)) {
        type(c, line + 5);
    } else if (sscanf(line, "key %x", &a) == 1) {
        press(c, a);
    } else if (sscanf(line, "move %d %d", &x, &y) == 2) {
        SendPointerEvent(c, x, y, 0);
    } else if (sscanf(line, "button %u", &a) == 1) {
        SendPointerEvent(c, x, y, (int)a);
    } else if (sscanf(line, "wait %u", &a) == 1) {
        ok = serve(c, (int)a);
    } else if (sscanf(line, "resize %u %u", &a, &b) == 2) {
        ok = SendExtDesktopSize(c, a, b);
    } else if (!strcmp(line, "size")) {
        printf("size %d %d\n", c->width, c->height);
        fflush(stdout);
        return true;
    } else if (!strncmp(line, "save ", 5)) {
        ok = save(c, line + 5);
    } else {
        ok = false;
    }
    puts(ok ? "ok" : "failed");
    fflush(stdout);
    return true;
}

int main(int argc, char **argv)
{
    rfbClient *c = rfbGetClient(8, 3, 4);
    char line[1024];

    if (argc < 2) {
        fprintf(stderr, "Usage: vnc-client HOST:DISPLAY [PASSWORD]\n");
        return 2;
    }
    rfbClientLog = rfbClientErr = quiet;
    password = argc > 2 ? argv[2] : NULL;
    c->GetPassword = get_password;
    c->canHandleNewFBSize = TRUE;
    c->appData.encodingsString = "copyrect tight zrle hextile raw";
    argc = 2;
    if (!rfbInitClient(c, &argc, argv)) {
        puts("refused");
        return 1;
    }
    puts("connected");
    fflush(stdout);
    for (;;) {
        struct pollfd p = { 0, POLLIN, 0 };

        if (!serve(c, 1)) {
            puts("disconnected");
            return 1;
        }
        if (poll(&p, 1, 0) > 0) {
            if (!fgets(line, sizeof(line), stdin)) {
                break;
            }
            command(c, line);
        }
    }
    rfbClientCleanup(c);
    return 0;
}
