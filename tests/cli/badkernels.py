# Malformed kernels: ELF files, Linux images, packed files and U-Boot images, each wrong in one way.
# SPDX-License-Identifier: MIT
import gzip
import struct
import zlib

from make import DRAM, KIB, MIB, elf, linux_image, zboot, zstd


def patched(data, *changes):
    """The bytes with (offset, format, value) written over them."""
    data = bytearray(data)
    for offset, fmt, value in changes:
        struct.pack_into(fmt, data, offset, value)
    return bytes(data)


def good_elf():
    return elf(segments=[(DRAM + 2 * MIB, 4096, 4096)], entry=DRAM + 2 * MIB)


def elf_files():
    good = good_elf()
    seg = 64 # the program header: type, flags, offset, vaddr, paddr, filesz, memsz
    at = DRAM + 2 * MIB
    out = {}
    for size in (4, 5, 16, 40, 63, 64, 100, 119, 4096, 8191):
        out[f'elf-cut{size}'] = good[:size]
    for machine in (2, 3, 8, 20, 21, 22, 40, 42, 62, 94, 247, 258, 65535):
        out[f'elf-machine{machine}'] = patched(good, (18, '<H', machine))
    for value in (0, 3, 255):
        out[f'elf-class{value}'] = patched(good, (4, 'B', value))
        out[f'elf-data{value}'] = patched(good, (5, 'B', value))
    for value in (0, 1, 4, 0xfe00, 0xffff):
        out[f'elf-type{value}'] = patched(good, (16, '<H', value))
    for value in (0, 1, 32, 55, 57, 65535):
        out[f'elf-phentsize{value}'] = patched(good, (54, '<H', value))
    out['elf-phnum0'] = patched(good, (56, '<H', 0))
    out['elf-phnum-escape'] = patched(good, (56, '<H', 0xffff))
    for name, value in (('end', 8192), ('near', 8192 - 55), ('negative', -64 & (1 << 64) - 1),
                        ('top', 1 << 63)):
        out[f'elf-phoff-{name}'] = patched(good, (32, '<Q', value))
    out['elf-no-load'] = patched(good, (seg, '<I', 4))
    out['elf-hollow'] = patched(good, (seg + 32, '<Q', 0), (seg + 40, '<Q', 0))
    for name, value in (('end', 8192), ('near', 4097), ('top', 1 << 63), ('wrap', (1 << 64) - 1)):
        out[f'elf-offset-{name}'] = patched(good, (seg + 8, '<Q', value))
    for name, value in (('longer', 4097), ('huge', 1 << 62), ('wrap', (1 << 64) - 4096)):
        out[f'elf-filesz-{name}'] = patched(good, (seg + 32, '<Q', value), (seg + 40, '<Q', value))
    out['elf-memsz-less'] = patched(good, (seg + 40, '<Q', 4095))
    out['elf-memsz-ram'] = patched(good, (seg + 40, '<Q', 126 * MIB + 1))
    out['elf-memsz-wrap'] = patched(good, (seg + 40, '<Q', (1 << 64) - 1))
    for name, value in (('virtual', 0xffffffff80000000), ('end', DRAM + 128 * MIB),
                        ('across', DRAM + 128 * MIB - 1), ('top', (1 << 64) - 4096)):
        out[f'elf-paddr-{name}'] = patched(good, (seg + 24, '<Q', value))
    out['elf-paddr-uart'] = patched(good, (seg + 24, '<Q', 0x10000000))
    out['elf-paddr-firmware'] = patched(good, (seg + 24, '<Q', DRAM))
    for name, value in (('zero', 0), ('before', at - 1), ('behind', at + 4096),
                        ('top', (1 << 64) - 1)):
        out[f'elf-entry-{name}'] = patched(good, (24, '<Q', value))
    out['elf-same'] = elf(entry=at, segments=[(at, 4096, 4096)] * 2)
    out['elf-inside'] = elf(entry=at, segments=[(at, 4096, 65536), (at + 8192, 16, 16)])
    out['elf-tail'] = elf(entry=at, segments=[(at, 4096, 65537), (at + 65536, 16, 16)])
    out['elf-65'] = elf(entry=at, segments=[(at + 64 * n, 16, 16) for n in range(65)])
    small = elf(cls=1, segments=[(DRAM + 2 * MIB, 4096, 4096)])
    for size in (20, 51, 52, 83):
        out[f'elf32-cut{size}'] = small[:size]
    out['elf32-machine'] = patched(small, (18, '<H', 40))
    out['elf32-phentsize'] = patched(small, (42, '<H', 56))
    return out


def image_files():
    good = linux_image()
    out = {
        'image-be': patched(good, (24, '<Q', 3)),
        'image-magics': patched(good, (48, '<Q', 0), (56, '<I', 0)),
        'image-unaligned': patched(good, (8, '<Q', 0x200001)),
        'image-odd': patched(good, (8, '<Q', 0x200800)),
        'image-offset-top': patched(good, (8, '<Q', (1 << 64) - 1)),
        'image-ram': patched(good, (16, '<Q', 126 * MIB + 1)),
        'image-negative': patched(good, (16, '<Q', (1 << 64) - 1)),
        'image-top': patched(good, (16, '<Q', 1 << 63)),
        'image-cut': good[:60],
        'image-zeros': patched(good, (0, '<I', 0), (48, '<Q', 0), (56, '<I', 0)),
        'raw-zeros': bytes(MIB),
        'raw-one': b'\x13',
        'raw-zero': b'\0',
        'raw-script': b'#!/bin/sh\nexec qemu\n',
        'raw-crlf': b'menu\r\n\tentry\r\n',
        'raw-xml': b'<?xml version="1.0"?>' + b' ' * 300,
    }
    return out


def packed_files():
    image = linux_image()
    gz = gzip.compress(image, mtime=0)
    zst = zstd(image)
    out = {}
    for size in (2, 3, 9, 10, 12, len(gz) // 2, len(gz) - 8, len(gz) - 4, len(gz) - 1):
        out[f'gz-cut{size}'] = gz[:size]
    out['gz-crc'] = patched(gz, (len(gz) - 8, '<I', 0))
    out['gz-length'] = patched(gz, (len(gz) - 4, '<I', 5))
    out['gz-method'] = patched(gz, (2, 'B', 7))
    out['gz-flags'] = patched(gz, (3, 'B', 0xe0))
    out['gz-block'] = patched(gz, (10, 'B', 0xff))
    out['gz-gz'] = gzip.compress(gz, mtime=0)
    out['gz-zst'] = gzip.compress(zst, mtime=0)
    out['gz-zboot'] = gzip.compress(zboot(gz, b'gzip'), mtime=0)
    out['gz-text'] = gzip.compress(b'hello, world\n', mtime=0)
    out['gz-zeros'] = gzip.compress(bytes(KIB), mtime=0)
    out['gz-nothing'] = gzip.compress(b'', mtime=0)
    out['gz-elf'] = gzip.compress(good_elf()[:70], mtime=0)
    out['gz-arm'] = gzip.compress(elf(machine=183, segments=[(DRAM, 16, 16)]), mtime=0)
    for size in (4, 5, 6, 8, 9, 100, len(zst) - 1):
        out[f'zst-cut{size}'] = zst[:size]
    out['zst-reserved'] = patched(zst, (6, 'B', 0x07))
    out['zst-window'] = patched(zst, (5, 'B', 0xff))
    out['zst-header'] = patched(zst, (4, 'B', 0x08))
    out['zst-dictionary'] = patched(zst, (4, 'B', 0x03))
    out['zst-nothing'] = zstd(b'')
    out['zst-text'] = zstd(b'hello, world\n')
    out['zst-gz'] = zstd(gz)
    for size in (8, 24, 55, 56, 511):
        out[f'zboot-cut{size}'] = zboot(gz, b'gzip')[:size]
    for name, offset, size in (('offset', 1 << 31, len(gz)), ('offset-top', 0xffffffff, 1),
                               ('size', 512, len(gz) + 1), ('size-top', 512, 0xffffffff),
                               ('both-top', 0xffffffff, 0xffffffff)):
        out[f'zboot-{name}'] = zboot(gz, b'gzip', size=size, offset=offset)
    for method in ('lz4', 'lzma', 'lzo', 'bzip2', 'GZIP', '', 'x\n\x01y'):
        name = method.strip().encode().hex() or 'none'
        out[f'zboot-by-{name}'] = zboot(gz, method.encode())
    out['zboot-long-method'] = zboot(gz, b'a' * 32)
    out['zboot-wrong'] = zboot(zst, b'gzip')
    out['zboot-wrong2'] = zboot(gz, b'zstd')
    out['zboot-cut-payload'] = zboot(gz[:20], b'gzip')
    out['zboot-zboot'] = zboot(gzip.compress(zboot(gz, b'gzip'), mtime=0), b'gzip')
    out['zboot-offset0'] = zboot(gz, b'gzip', offset=0)
    return out


def uimage(data, load=DRAM + 2 * MIB, entry=None, arch=26, comp=0, size=None, crc=None):
    head = [0x27051956, 0, 0, len(data) if size is None else size, load,
            load if entry is None else entry, zlib.crc32(data) if crc is None else crc]
    tail = bytes([5, arch, 2, comp]) + b'name'.ljust(32, b'\0')
    head[1] = zlib.crc32(struct.pack('>7I', *head) + tail)
    return struct.pack('>7I', *head) + tail + data


def uimage_files():
    code = b'\x6f\0\0\0' * 64
    good = uimage(code)
    out = {f'uimage-cut{n}': good[:n] for n in (4, 63, 64, 100, len(good) - 1)}
    out['uimage-header-crc'] = patched(good, (4, '>I', 1))
    out['uimage-crc'] = uimage(code, crc=1)
    out['uimage-size'] = uimage(code, size=0xffffffff)
    out['uimage-arm'] = uimage(code, arch=2)
    out['uimage-arch255'] = uimage(code, arch=255)
    for comp in (2, 3, 4, 5, 6, 255):
        out[f'uimage-comp{comp}'] = uimage(code, comp=comp)
    out['uimage-no-gzip'] = uimage(code, comp=1)
    out['uimage-cut-gzip'] = uimage(gzip.compress(code, mtime=0)[:15], comp=1)
    out['uimage-bomb'] = uimage(gzip.compress(bytes(200 * MIB), 1, mtime=0), comp=1)
    out['uimage-low'] = uimage(code, load=0x1000)
    out['uimage-firmware'] = uimage(code, load=DRAM)
    out['uimage-high'] = uimage(code, load=0xfffff000)
    out['uimage-end'] = uimage(code, load=DRAM + 128 * MIB - 4)
    out['uimage-entry-low'] = uimage(code, entry=DRAM)
    out['uimage-entry-end'] = uimage(code, entry=DRAM + 2 * MIB + len(code))
    out['uimage-nothing'] = uimage(b'')
    return out


def make():
    return {**elf_files(), **image_files(), **packed_files(), **uimage_files()}
