# The files that the rows of the table name: made afresh for each run, in one folder.
# SPDX-License-Identifier: MIT
import gzip
import os
import socket

import badfiles
import badkernels
from make import DRAM, MIB, dtb, elf, linux_image, zboot, zstd


def make(folder):
    """Fills the folder; returns what must be kept open while the tests run."""
    files = {
        'empty': b'',
        'image.zst': zstd(linux_image()),
        'bomb.zst': zstd(b'', 1 << 32),
        'short.zst': zstd(linux_image())[:3000],
        'damaged.zst': zstd(linux_image())[:6] + b'\xff' * 100,
        'zst-in-zst': zstd(zstd(linux_image())),
        'vmlinuz-gzip': zboot(gzip.compress(linux_image()), b'gzip'),
        'vmlinuz-zstd': zboot(zstd(linux_image()), b'zstd22'),
        'vmlinuz-bomb': zboot(zstd(b'', 1 << 32), b'zstd'),
        'vmlinuz-xz': zboot(b'\xfd7zXZ', b'xzkern'),
        'vmlinuz-short': zboot(b'', b'gzip')[:40],
        'vmlinuz-outside': zboot(b'x', b'gzip', size=99999),
        'vmlinuz-nothing': zboot(b'', b'gzip'),
        'vmlinuz-damaged': zboot(b'\x1f\x8bxxxxxxxxxxxxxxx', b'gzip'),
        'text': b'this is no machine code\n' * 10,
        'kernel.bin': b'\x6f\0\0\0' * 1024,
        'kernel2.elf': elf(segments=[(DRAM + 2 * MIB, 4096, 4096)]),
        'elf-arm': elf(machine=183, segments=[(DRAM, 4096, 4096)]),
        'elf-32': elf(cls=1, segments=[(DRAM + 2 * MIB, 4096, 4096)]),
        'elf-be': elf(data=2, segments=[(DRAM, 4096, 4096)]),
        'elf-short': elf(segments=[(DRAM, 4096, 4096)])[:80],
        'elf-rel': elf(kind=1, segments=[(DRAM, 4096, 4096)]),
        'elf-nothing': elf(),
        'elf-low': elf(entry=0x1000, segments=[(0x1000, 4096, 4096)]),
        'elf-huge': elf(segments=[(DRAM, 4096, 1 << 62)]),
        'elf-wrap': elf(segments=[((1 << 64) - 4096, 4096, 8192)]),
        'elf-beyond': elf(segments=[(DRAM, 0x100000, 0x100000)]),
        'elf-shrink': elf(segments=[(DRAM, 4096, 16)]),
        'elf-overlap': elf(segments=[(DRAM, 4096, 4096), (DRAM + 16, 4096, 4096)]),
        'elf-headers': elf(segments=[(DRAM, 4096, 4096)], phnum=60000),
        'elf-entry': elf(entry=0x10, segments=[(DRAM + 2 * MIB, 4096, 4096)]),
        'image-big': linux_image(size=1 << 40),
        'image-far': linux_image(offset=1 << 40),
        'cut.gz': gzip.compress(os.urandom(20000))[:5000],
        'bad.gz': b'\x1f\x8b\x08\0' + b'\xff' * 100,
        'bomb.gz': gzip.compress(bytes(300 * MIB), 1),
        'good.dtb': dtb(),
        'magic.dtb': dtb(magic=0xd00dfeee),
        'long.dtb': dtb(total=1 << 30),
        'short.dtb': dtb()[:50],
        'initrd': os.urandom(4096),
        'odd.img': bytes(1000),
    }
    files.update(badkernels.make())
    files.update(badfiles.make())
    for name, data in files.items():
        with open(os.path.join(folder, name), 'wb') as f:
            f.write(data)
    for name, size in (('disk.img', MIB), ('big', 1 << 32), ('huge.img', 1 << 42)):
        with open(os.path.join(folder, name), 'wb') as f:
            f.truncate(size)
    os.mkdir(os.path.join(folder, 'dir'))
    os.mkfifo(os.path.join(folder, 'fifo'))
    served = socket.socket(socket.AF_UNIX)
    served.bind(os.path.join(folder, 'served.sock'))
    served.listen(1)
    return [served]
