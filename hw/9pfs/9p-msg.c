/*
 * 9P: the fields of messages.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/9pfs/9p.h"

#include <string.h>

#include "util/byteorder.h"

#define QID_DIR 0x80
#define QID_SYMLINK 0x02

const uint8_t *p9_bytes(P9Req *r, size_t len)
{
    const uint8_t *p = r->in + r->in_at;

    if (r->bad || len > r->in_len - r->in_at) {
        r->bad = true;
        return NULL;
    }
    r->in_at += len;
    return p;
}

uint8_t p9_u8(P9Req *r)
{
    const uint8_t *p = p9_bytes(r, 1);

    return p ? *p : 0;
}

uint16_t p9_u16(P9Req *r)
{
    const uint8_t *p = p9_bytes(r, 2);

    return p ? ld16_le(p) : 0;
}

uint32_t p9_u32(P9Req *r)
{
    const uint8_t *p = p9_bytes(r, 4);

    return p ? ld32_le(p) : 0;
}

uint64_t p9_u64(P9Req *r)
{
    const uint8_t *p = p9_bytes(r, 8);

    return p ? ld64_le(p) : 0;
}

const char *p9_str(P9Req *r)
{
    uint16_t len = p9_u16(r);
    const uint8_t *p = p9_bytes(r, len);
    char *text;

    if (!p || memchr(p, 0, len)) {
        r->bad = true;
        return "";
    }
    text = g_strndup((const char *)p, len);
    g_ptr_array_add(r->strings, text);
    return text;
}

uint8_t *p9_put_room(P9Req *r, size_t len)
{
    uint8_t *p = r->out + r->out_len;

    if (r->full || len > r->out_max - r->out_len) {
        r->full = true;
        return NULL;
    }
    r->out_len += len;
    return p;
}

void p9_put_u8(P9Req *r, uint8_t v)
{
    uint8_t *p = p9_put_room(r, 1);

    if (p) {
        *p = v;
    }
}

void p9_put_u16(P9Req *r, uint16_t v)
{
    uint8_t *p = p9_put_room(r, 2);

    if (p) {
        st16_le(p, v);
    }
}

void p9_put_u32(P9Req *r, uint32_t v)
{
    uint8_t *p = p9_put_room(r, 4);

    if (p) {
        st32_le(p, v);
    }
}

void p9_put_u64(P9Req *r, uint64_t v)
{
    uint8_t *p = p9_put_room(r, 8);

    if (p) {
        st64_le(p, v);
    }
}

void p9_put_str(P9Req *r, const char *text)
{
    size_t len = MIN(strlen(text), UINT16_MAX);
    uint8_t *p;

    p9_put_u16(r, len);
    p = p9_put_room(r, len);
    if (p) {
        memcpy(p, text, len);
    }
}

int p9_qid(P9Session *s, uint64_t dev, uint64_t ino, mode_t mode, uint8_t qid[13])
{
    uint64_t id;
    int ret = FS_BACKEND_GET_CLASS(s->fs)->file_id(s->fs, dev, ino, &id);

    if (ret == 0) {
        qid[0] = S_ISDIR(mode) ? QID_DIR : S_ISLNK(mode) ? QID_SYMLINK : 0;
        st32_le(qid + 1, 0);
        st64_le(qid + 5, id);
    }
    return ret;
}

int p9_put_qid(P9Req *r, const struct stat *st)
{
    uint8_t qid[13], *p;
    int ret = p9_qid(r->s, st->st_dev, st->st_ino, st->st_mode, qid);

    if (ret < 0) {
        return ret;
    }
    /* The version tells a client that caches that the file has changed. */
    st32_le(qid + 1, (uint32_t)st->st_mtim.tv_sec ^ (uint32_t)st->st_mtim.tv_nsec ^
                         (uint32_t)(st->st_size << 8));
    p = p9_put_room(r, sizeof(qid));
    if (p) {
        memcpy(p, qid, sizeof(qid));
    }
    return 0;
}
