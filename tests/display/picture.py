# Pictures of tests: reading PPM and PNG, and cells of a text screen.
#
# SPDX-License-Identifier: MIT

import pathlib
import struct
import zlib


class Picture:
    def __init__(self, width, height, rgb):
        self.width, self.height, self.rgb = width, height, rgb

    def __eq__(self, other):
        return (self.width, self.height, self.rgb) == (other.width, other.height, other.rgb)

    def cell(self, column, row, width=8, height=16):
        """The pixels of one character."""
        starts = (3 * ((row * height + y) * self.width + column * width) for y in range(height))
        return b''.join(self.rgb[start:start + 3 * width] for start in starts)


def read_ppm(path):
    data = pathlib.Path(path).read_bytes()
    magic, width, height, depth, rgb = data.split(maxsplit=3)[:3] + [b'', b'']
    header = b'%s\n%s %s\n255\n' % (magic, width, height)
    assert magic == b'P6' and data.startswith(header), data[:20]
    rgb = data[len(header):]
    assert len(rgb) == int(width) * int(height) * 3
    return Picture(int(width), int(height), rgb)


def unfilter(raw, width, height):
    stride, bpp = width * 3, 3
    out, above = bytearray(), bytearray(stride)
    for y in range(height):
        kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        if kind == 0:
            pass
        elif kind == 2:
            line = bytearray((a + b) & 255 for a, b in zip(line, above))
        else:
            for i in range(stride):
                left = line[i - bpp] if i >= bpp else 0
                up, corner = above[i], above[i - bpp] if i >= bpp else 0
                if kind == 1:
                    guess = left
                elif kind == 3:
                    guess = (left + up) // 2
                else:
                    p = left + up - corner
                    guess = min((abs(p - left), 0, left), (abs(p - up), 1, up),
                                (abs(p - corner), 2, corner))[2]
                line[i] = (line[i] + guess) & 255
        out += line
        above = line
    return bytes(out)


def read_png(path):
    data = pathlib.Path(path).read_bytes()
    assert data.startswith(b'\x89PNG\r\n\x1a\n'), data[:8]
    at, body, size = 8, b'', None
    while at < len(data):
        length, kind = struct.unpack('>I4s', data[at:at + 8])
        chunk = data[at + 8:at + 8 + length]
        if kind == b'IHDR':
            *size, depth, colour = struct.unpack('>IIBB', chunk[:10])
            assert (depth, colour) == (8, 2)
        elif kind == b'IDAT':
            body += chunk
        at += length + 12
    return Picture(*size, unfilter(zlib.decompress(body), *size))
