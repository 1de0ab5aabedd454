/*
 * EDID 1.4: what a monitor says of itself (VESA E-EDID, release A revision 2).
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "hw/display/virtio-gpu.h"
#include "util/byteorder.h"

#define DPI 96
#define REFRESH_HZ 60

/* The letters of a manufacturer, five bits each, A is 1. */
#define PNP_ID(a, b, c) (((a) - '@') << 10 | ((b) - '@') << 5 | ((c) - '@'))

static uint32_t millimetres(uint32_t pixels)
{
    return pixels * 254 / (DPI * 10);
}

/* 3.10.2: the detailed timing of the preferred mode, with blanking that any driver accepts. */
static void put_timing(uint8_t *d, uint32_t w, uint32_t h)
{
    uint32_t hblank = 160, hfront = 48, hsync = 32, vblank = 23, vfront = 3, vsync = 6;
    uint64_t clock = (uint64_t)(w + hblank) * (h + vblank) * REFRESH_HZ / 10000;
    uint32_t wmm = millimetres(w), hmm = millimetres(h);

    st16_le(d, MIN(clock, UINT16_MAX));
    d[2] = w;
    d[3] = hblank;
    d[4] = (w >> 8) << 4 | hblank >> 8;
    d[5] = h;
    d[6] = vblank;
    d[7] = (h >> 8) << 4 | vblank >> 8;
    d[8] = hfront;
    d[9] = hsync;
    d[10] = vfront << 4 | vsync;
    d[11] = 0;
    d[12] = wmm;
    d[13] = hmm;
    d[14] = (wmm >> 8) << 4 | hmm >> 8;
    d[17] = 0x1e; /* digital separate sync, both positive */
}

/* 3.10.3: a descriptor with a text of up to 13 characters. */
static void put_text(uint8_t *d, uint8_t tag, const char *text)
{
    size_t len = strlen(text);

    memset(d + 5, ' ', 13);
    d[3] = tag;
    memcpy(d + 5, text, MIN(len, 13));
    if (len < 13) {
        d[5 + len] = '\n';
    }
}

/* 3.9: width in units of 8 from 31, aspect 00 16:10, 01 4:3, 11 16:9, and 60 Hz. */
static const uint8_t standard[8][2] = {
    { 0xd1, 0xc0 }, /* 1920x1080 */
    { 0xb3, 0x00 }, /* 1680x1050 */
    { 0xa9, 0x40 }, /* 1600x1200 */
    { 0x95, 0x00 }, /* 1440x900 */
    { 0x81, 0x80 }, /* 1280x1024 */
    { 0x81, 0x00 }, /* 1280x800 */
    { 0x81, 0xc0 }, /* 1280x720 */
    { 0x61, 0x40 }, /* 1024x768 */
};

void edid_make(uint8_t *edid, uint32_t width, uint32_t height)
{
    static const uint8_t magic[8] = { 0, 255, 255, 255, 255, 255, 255, 0 };
    /* sRGB's primaries and white point. */
    static const uint8_t chroma[10] = { 0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54 };
    uint8_t sum = 0;

    /* A detailed timing has 12 bits for each side. */
    width = MIN(width, 4095);
    height = MIN(height, 4095);
    memset(edid, 0, EDID_BYTES);
    memcpy(edid, magic, sizeof(magic));
    edid[8] = PNP_ID('V', 'R', 'O') >> 8;
    edid[9] = PNP_ID('V', 'R', 'O') & 0xff;
    st16_le(edid + 10, 1);
    edid[16] = 1;
    edid[17] = 2024 - 1990;
    edid[18] = 1; /* version 1.4 */
    edid[19] = 4;
    edid[20] = 0xa5; /* digital, 8 bits a colour, DisplayPort */
    edid[21] = MIN(millimetres(width) / 10, 255);
    edid[22] = MIN(millimetres(height) / 10, 255);
    edid[23] = 120; /* gamma 2.2 */
    edid[24] = 0x06; /* sRGB, the first timing is the native mode */
    memcpy(edid + 25, chroma, sizeof(chroma));
    edid[35] = 0x21; /* 640x480 and 800x600 at 60 Hz */
    edid[36] = 0x08; /* 1024x768 at 60 Hz */
    memcpy(edid + 38, standard, sizeof(standard));
    put_timing(edid + 54, width, height);
    put_text(edid + 72, 0xfc, "Vireo Monitor");
    edid[90 + 3] = 0xfd; /* range limits: 50 to 125 Hz, 30 to 255 kHz, 2550 MHz, no formula */
    memcpy(edid + 90 + 5, "\x32\x7d\x1e\xff\xff\x01\n      ", 13);
    edid[108 + 3] = 0x10; /* an empty descriptor */
    for (unsigned i = 0; i < EDID_BYTES - 1; i++) {
        sum += edid[i];
    }
    edid[127] = -sum;
}
