# Malformed device trees, disks, configuration files and firmware tables, each wrong in one way.
# SPDX-License-Identifier: MIT
import struct

from badkernels import patched
from make import KIB, MIB

BEGIN, END, PROP, NOP, FINISH = struct.pack('>I', 1), struct.pack('>I', 2), 3, struct.pack('>I', 4), \
    struct.pack('>I', 9)


def begin(name):
    return BEGIN + name + bytes(4 - len(name) % 4)


def prop(offset, data, size=None):
    return struct.pack('>III', PROP, len(data) if size is None else size, offset) + data + \
        bytes(-len(data) % 4)


def tree(nodes, strings=b'a\0', reserve=bytes(16)):
    """A blob of these tokens: header, reservations, structure, strings."""
    struct_at = 40 + len(reserve)
    strings_at = struct_at + len(nodes)
    return struct.pack('>10I', 0xd00dfeed, strings_at + len(strings), struct_at, strings_at, 40, 17,
                       16, 0, len(strings), len(nodes)) + reserve + nodes + strings


def dtb_files():
    good = tree(begin(b'') + prop(0, b'x\0') + begin(b'n') + END + END + FINISH)
    out = {f'dtb-cut{n}': good[:n] for n in (1, 3, 4, 7, 8, 28, 39, 40, 56, len(good) - 1)}
    fields = ('magic', 'total', 'struct', 'strings', 'reserve', 'version', 'compatible', None,
              'strings-size', 'struct-size')
    for n, name in enumerate(fields):
        for value in (0, 0x7ffffffc, 0xffffffff) if name else ():
            if (name, value) not in (('compatible', 0), ('version', 0x7ffffffc),
                                     ('version', 0xffffffff)):
                out[f'dtb-{name}-{value:x}'] = patched(good, (4 * n, '>I', value))
    out['dtb-version1'] = patched(good, (20, '>I', 1), (24, '>I', 1))
    out['dtb-compatible18'] = patched(good, (20, '>I', 18), (24, '>I', 18))
    out['dtb-total-small'] = patched(good, (4, '>I', 60))
    out['dtb-struct-odd'] = patched(good, (8, '>I', 57))
    out['dtb-reserve-odd'] = patched(good, (16, '>I', 41))
    out['dtb-reserve-open'] = tree(begin(b'') + END + FINISH, reserve=b'\1' * 16)
    out['dtb-no-end'] = tree(begin(b'') + FINISH)
    out['dtb-no-finish'] = tree(begin(b'') + END)
    out['dtb-no-root'] = tree(FINISH)
    out['dtb-two-roots'] = tree(begin(b'') + END + begin(b'') + END + FINISH)
    out['dtb-end-first'] = tree(END + FINISH)
    out['dtb-two-ends'] = tree(begin(b'') + END + END + FINISH)
    out['dtb-token'] = tree(begin(b'') + struct.pack('>I', 7) + END + FINISH)
    out['dtb-name-open'] = tree(BEGIN + b'n' * 4)
    out['dtb-prop-outside'] = tree(prop(0, b'x') + begin(b'') + END + FINISH)
    out['dtb-prop-late'] = tree(begin(b'') + begin(b'n') + END + prop(0, b'x') + END + FINISH)
    out['dtb-prop-name'] = tree(begin(b'') + prop(1000, b'x') + END + FINISH)
    out['dtb-prop-open'] = tree(begin(b'') + prop(0, b'x') + END + FINISH, strings=b'a')
    out['dtb-prop-long'] = tree(begin(b'') + prop(0, b'x', 1000) + END + FINISH)
    out['dtb-prop-top'] = tree(begin(b'') + prop(0, b'x', 0xffffffff) + END + FINISH)
    out['dtb-twice'] = tree(begin(b'') + (begin(b'n') + END) * 2 + END + FINISH)
    for depth in (65, 5000):
        out[f'dtb-deep{depth}'] = tree(begin(b'') + begin(b'n') * depth + END * (depth + 1) + FINISH)
    out['dtb-gzip'] = b'\x1f\x8b\x08\0' + good
    out['dtb-source'] = b'/dts-v1/;\n/ { };\n'
    out['dtb-swapped'] = b''.join(good[i:i + 4][::-1] for i in range(0, 40, 4)) + good[40:]
    return out


def disk_files():
    """Images of other formats, whole sectors of them."""
    out = {}
    for version in (1, 2, 3, 4):
        out[f'qcow2-v{version}'] = (b'QFI\xfb' + struct.pack('>I', version)).ljust(512, b'\0')
    heads = {'qcow2-cut': b'QFI\xfb', 'qed': b'QED\0', 'vmdk': b'KDMV', 'vhdx': b'vhdxfile',
             'vmdk-text': b'# Disk DescriptorFile\n', 'vpc': b'conectix',
             'luks': b'LUKS\xba\xbe\0\2', 'parallels': b'WithoutFreeSpace',
             'parallels2': b'WithouFreSpacExt', 'vdi': bytes(64) + b'\x7f\x10\xda\xbe'}
    for name, head in heads.items():
        out[f'{name}.img'] = head.ljust(5 if name == 'qcow2-cut' else 1024, b'\0')
    for name, size in (('byte', 1), ('half', MIB // 2), ('less', 32 * MIB - 1),
                       ('more', 32 * MIB + 1), ('double', 64 * MIB)):
        out[f'flash-{name}'] = bytes(size)
    return out


def config_files():
    texts = {
        'early': b'x = "1"\n', 'open': b'[drive\n', 'close': b'drive]\n', 'nameless': b'[]\n',
        'space': b'[a b]\n', 'quote': b'[device "a]\n', 'group': b'[devcie]\n', 'far': b'[zzzzzz]\n',
        'bare': b'[device]\ndriver=virtio\n', 'half': b'[device]\ndriver = "virtio\n',
        'key': b'[device]\n= "x"\n', 'value': b'[device]\ndriver =\n', 'junk': b'[device]\n??\n',
        'after': b'[device]\ndriver = "a" b\n', 'latin': b'[device]\ndriver = "a\xff"\n',
        'nul': b'[device]\ndriver = "a\0b"\n', 'bom': b'\xef\xbb\xbf[device]\n',
        'utf16': '[device]\n'.encode('utf-16'), 'type': b'[device]\n  driver = "virtoi-rng-device"\n',
        'no-driver': b'[device "a"]\n', 'twice': b'[memory]\nsize = "64M"\nsize = "65M"\n',
        'unit': b'[memory]\n  size = "64Q"\n', 'empty-value': b'[memory]\n  size = ""\n',
        'smp': b'[smp-opts]\n  cpus = "0"\n', 'prop': b'[machine]\n  alcint = "on"\n',
        'long': b'[device]\ndriver = "' + b'x' * 200 + b'"\n', 'large': b'#' * (MIB + 1),
        'object': b'[object "r"]\n  qom-type = "rng-bultin"\n',
    }
    return {f'{name}.cfg': text for name, text in texts.items()}


def table_files():
    """Tables of SMBIOS: type, length, handle, the rest; strings; two zero bytes."""
    good = struct.pack('<BBH', 1, 8, 5) + b'\1\0\0\0' + b'text\0\0'
    out = {f'smbios-cut{n}': good[:n] for n in (1, 3, 4, 5, 8, len(good) - 2)}
    for length in (0, 3, 13, 255):
        out[f'smbios-length{length}'] = patched(good, (1, 'B', length))
    out['smbios-open'] = good[:-2] + b'xx'
    out['smbios-one-zero'] = good[:-2] + b'x\0'
    out['smbios-two'] = good + good
    out['smbios-more'] = good + b'x\0\0'
    out['smbios-large'] = good[:-2] + b'x' * 70000 + b'\0\0'
    out['picture.bmp'] = b'BM'
    out['picture.jpg'] = b'\xff\xd8'
    out['secret-latin'] = b'\xff\xfe'
    out['secret-long'] = b'x' * (2 * MIB)
    out['keys-short'] = b'x' * (4 * KIB)
    return out


def make():
    return {**dtb_files(), **disk_files(), **config_files(), **table_files()}
