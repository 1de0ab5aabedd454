#!/usr/bin/env python3
# The C library's functions on memory and strings, whichever it has chosen for these harts, compared with
# Python's own at every alignment and at the end of a page that is followed by one without access.
#
# SPDX-License-Identifier: MIT

import ctypes
import mmap
import random

PAGE = mmap.PAGESIZE
c = ctypes.CDLL(None, use_errno=True)
for name in ('memcpy', 'memmove', 'memset', 'memchr', 'memrchr', 'strchr', 'strrchr', 'strcpy', 'strncpy',
             'mmap', 'rawmemchr', 'strchrnul'):
    getattr(c, name).restype = ctypes.c_void_p
for name in ('strlen', 'strnlen', 'strspn', 'strcspn'):
    getattr(c, name).restype = ctypes.c_size_t
V, S = ctypes.c_void_p, ctypes.c_size_t
c.mmap.argtypes = [V, S, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
c.mprotect.argtypes = [V, S, ctypes.c_int]


def room():
    """Two pages, and behind them one that must not be touched. Where it is."""
    at = c.mmap(None, 3 * PAGE, 3, 0x22, -1, 0)
    assert at not in (None, ctypes.c_void_p(-1).value)
    assert c.mprotect(at + 2 * PAGE, PAGE, 0) == 0
    return at


a, b = room(), room()
r = random.Random(2)


def put(at, data):
    ctypes.memmove(at, data, len(data))


def get(at, n):
    return ctypes.string_at(at, n)


def sign(n):
    return (n > 0) - (n < 0)


def index(found, base):
    return found - base if found else -1


def one(n, x, y):
    """Strings of n bytes at x and y, the first with its zero at the end of what may be read."""
    text = bytes(r.choice(b'abcdxyz\xff\x80') for _ in range(n))
    other = bytearray(text)
    if n and r.random() < .7:
        other[r.randrange(n)] = r.randrange(1, 256)
    other = bytes(other)
    put(x, text + b'\0')
    put(y, other + b'\0')
    byte = r.choice([0x61, 0x7a, 0xff, 1])
    assert c.strlen(V(x)) == n
    assert c.strnlen(V(x), S(n // 2)) == n // 2
    assert index(c.memchr(V(x), byte, S(n)), x) == text.find(byte)
    assert index(c.memrchr(V(x), byte, S(n)), x) == text.rfind(byte)
    assert index(c.strchr(V(x), byte), x) == text.find(byte)
    assert index(c.strrchr(V(x), byte), x) == text.rfind(byte)
    assert index(c.strchrnul(V(x), byte), x) == (text + bytes([byte])).find(byte)
    assert index(c.rawmemchr(V(x), 0), x) == n
    want = (text > other) - (text < other)
    assert sign(c.strcmp(V(x), V(y))) == want
    assert sign(c.memcmp(V(x), V(y), S(n))) == want
    k = r.randrange(n + 2)
    assert sign(c.strncmp(V(x), V(y), S(k))) == (text[:k] > other[:k]) - (text[:k] < other[:k])
    c.strcpy(V(y), V(x))
    assert get(y, n + 1) == text + b'\0'
    c.memset(V(y), byte, S(n))
    assert get(y, n + 1) == bytes([byte]) * n + b'\0'
    c.memcpy(V(y), V(x), S(n))
    assert get(y, n + 1) == text + b'\0'
    c.strncpy(V(y), V(x), S(n // 2))
    assert get(y, n + 1) == text + b'\0'
    assert c.strspn(V(x), b'abcd') == n - len(text.lstrip(b'abcd'))
    # Over itself, both ways.
    base = a + r.randrange(64)
    data = bytes(r.getrandbits(8) for _ in range(n + 70))
    for src, dst in ((0, 70 - r.randrange(70)), (r.randrange(70), 0)):
        put(base, data)
        c.memmove(V(base + dst), V(base + src), S(n))
        assert get(base, n + 70) == data[:dst] + data[src:src + n] + data[dst + n:]


lengths = list(range(0, 70)) + [127, 128, 129, 255, 256, 257, 1000, PAGE - 70]
for length in lengths:
    for shift in range(0, 9):
        one(length, a + 2 * PAGE - length - 1, b + 2 * PAGE - length - 1 - shift)
        one(length, a + shift, b + PAGE + 8 - shift)
print('all the same')
