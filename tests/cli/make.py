# The makers of files that more than one page of them uses.
# SPDX-License-Identifier: MIT
import struct

KIB, MIB = 1 << 10, 1 << 20
DRAM = 0x80000000


def elf(cls=2, data=1, machine=243, kind=2, entry=DRAM, segments=(), phnum=None, phoff=64):
    """An ELF file with one program header per (vaddr, filesz, memsz[, offset])."""
    endian = '<' if data == 1 else '>'
    ident = b'\x7fELF' + bytes([cls, data, 1]) + bytes(9)
    phnum = len(segments) if phnum is None else phnum
    if cls == 1:
        text = ident + struct.pack(endian + 'HHIIIIIHHHHHH', kind, machine, 1, segments[0][0], 52,
                                   0, 0, 52, 32, 1, 40, 0, 0)
        text += struct.pack(endian + 'IIIIIIII', 1, 0x1000, *segments[0][:1] * 2,
                            *segments[0][1:3], 5, 0x1000)
        return text + bytes(0x2000 - len(text))
    head = struct.pack(endian + 'HHIQQQIHHHHHH', kind, machine, 1, entry, phoff, 0, 0, 64, 56,
                       phnum, 64, 0, 0)
    body = b''
    for seg in segments:
        vaddr, filesz, memsz = seg[:3]
        offset = seg[3] if len(seg) > 3 else 0x1000
        body += struct.pack(endian + 'IIQQQQQQ', 1, 5, offset, vaddr, vaddr, filesz, memsz, 0x1000)
    text = ident + head + body
    return text + bytes(0x1000 - len(text)) + b'\x13\0\0\0' * 1024


def linux_image(size=0x10000, offset=0x200000, magic=b'RSC\x05'):
    """The header of a Linux Image and nothing behind it."""
    return struct.pack('<IIQQQIIQQ4sI', 0x6f, 0, offset, size, 0, 2, 0, 0, 0x5643534952, magic,
                       0) + bytes(4096 - 64)


def dtb(magic=0xd00dfeed, total=None):
    """A tree of one empty root node."""
    struct_block = struct.pack('>II', 1, 0) + struct.pack('>II', 2, 9)
    size = 56 + len(struct_block)
    return struct.pack('>10I', magic, size if total is None else total, 56, size, 40, 17, 16, 0, 0,
                       len(struct_block)) + bytes(16) + struct_block


def zstd(data, claim=None):
    """A frame of raw blocks; with `claim`, one that goes on repeating a byte for that many."""
    out = struct.pack('<IBB', 0xfd2fb528, 0, 0x58) # no content size, a window of 2 MiB
    blocks = [data[i:i + 65536] for i in range(0, len(data), 65536)] or [b'']
    for n, block in enumerate(blocks):
        last = n == len(blocks) - 1 and claim is None
        out += struct.pack('<I', len(block) << 3 | last)[:3] + block
    for left in range(claim or 0, 0, -131072):
        out += struct.pack('<I', 131072 << 3 | 1 << 1 | (left <= 131072))[:3] + b'\0'
    return out


def zboot(payload, method, size=None, offset=512):
    """Linux's EFI image that holds a packed kernel."""
    head = b'MZ\0\0zimg' + struct.pack('<II', offset, len(payload) if size is None else size)
    head += bytes(8) + method.ljust(32, b'\0')
    return head.ljust(512, b'\0') + payload
