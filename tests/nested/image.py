# What the outer machine of the nested tests starts from: an initramfs with kvm.ko, the emulator that is
# built for RISC-V and its libraries, and the kernel and initramfs of the inner machine.
#
# SPDX-License-Identifier: MIT

import lzma
import pathlib
import subprocess

INIT = '''#!/bin/sh
/bin/busybox --install -s /bin
export PATH=/sbin:/bin HOME=/root TERM=linux ENV=/etc/shrc
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /tmp && mount -t devpts devpts /dev/pts
exec </dev/console >/dev/console 2>&1
for m in $(cat /modules/order); do insmod /modules/$m; done
ip link set lo up
if [ -d /sys/class/net/eth0 ]; then
    ip link set eth0 up
    ip addr add 10.0.2.15/24 dev eth0
    ip route add default via 10.0.2.2
fi
cd /root
grep -qw only-boot /proc/cmdline && poweroff -f
echo "Type 'poweroff' or press a key: shell of WHERE"
setsid cttyhack sh
poweroff -f
'''


class Cpio:
    """An archive in the format that the kernel unpacks."""

    def __init__(self):
        self.parts = []
        self.names = set()
        self.size = 0

    def _add(self, name, mode, data):
        header = [len(self.names) + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        self._pad(b'070701' + b''.join(b'%08X' % x for x in header) + name.encode() + b'\0')
        self._pad(data)
        self.names.add(name)

    def _pad(self, data):
        data += bytes(-len(data) % 4)
        self.parts.append(data)
        self.size += len(data)

    def directory(self, name):
        if name and name not in self.names:
            self.directory(name.rpartition('/')[0])
            self._add(name, 0o40755, b'')

    def file(self, name, data, mode=0o644):
        self.directory(name.rpartition('/')[0])
        self._add(name, 0o100000 | mode, data)

    def link(self, name, target):
        self.directory(name.rpartition('/')[0])
        self._add(name, 0o120777, target.encode())

    def write(self, path):
        self._add('TRAILER!!!', 0, b'')
        pathlib.Path(path).write_bytes(b''.join(self.parts))


def modules(tree, names):
    """The named modules of the tree's kernel and what they need, in an order in which they load."""
    directory = next((tree / 'lib/modules').iterdir())
    found = {}
    needs = {}
    for line in (directory / 'modules.dep').read_text().splitlines():
        path, _, deps = line.partition(':')
        name = pathlib.Path(path).name.split('.')[0].replace('-', '_')
        found[name] = path
        needs[path] = deps.split()
    order = []
    for name in names:
        if name in found: # else it is built in
            order += reversed(needs[found[name]])
            order.append(found[name])
    result = {}
    for path in dict.fromkeys(order):
        data = (directory / path).read_bytes()
        result[pathlib.Path(path).name.split('.')[0] + '.ko'] = \
            lzma.decompress(data) if path.endswith('.xz') else data
    return result


def base(tree, where, loaded):
    """An archive with busybox and an init that loads modules and starts a shell."""
    cpio = Cpio()
    for name in ('dev', 'proc', 'sys', 'tmp', 'root', 'etc', 'sbin'):
        cpio.directory(name)
    cpio.file('bin/busybox', (tree / 'usr/bin/busybox').read_bytes(), 0o755)
    cpio.link('bin/sh', 'busybox')
    cpio.file('init', INIT.replace('WHERE', where).encode(), 0o755)
    cpio.file('etc/passwd', b'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\n')
    shrc = ''.join(f"alias {c}='sync; busybox {c} -f'\n" for c in ('poweroff', 'reboot'))
    cpio.file('etc/shrc', shrc.encode())
    for name, data in loaded.items():
        cpio.file(f'modules/{name}', data)
    cpio.file('modules/order', ''.join(f'{name}\n' for name in loaded).encode())
    return cpio


def libraries(program, directory, readelf):
    """Names of the libraries that a program needs, and those need in turn."""
    todo, seen = [program], set()
    while todo:
        out = subprocess.run([readelf, '-d', todo.pop()], capture_output=True, text=True,
                             check=True).stdout
        for line in out.splitlines():
            if '(NEEDED)' in line:
                name = line.split('[')[1].split(']')[0]
                if name not in seen:
                    seen.add(name)
                    todo.append(directory / name)
    return seen


def make(tree, kernel, program, sysroot, output, extra=()):
    """Writes the outer machine's initramfs; extra are pairs of a name in it and a path here."""
    inner = base(tree, 'inner', modules(tree, ['virtio_mmio', 'virtio_blk', 'virtio_net',
                                               'virtio_pci']))
    inner_path = output.with_suffix('.inner')
    inner.write(inner_path)
    outer = base(tree, 'outer', {})
    kvm = modules(tree, ['kvm'])
    for name, data in kvm.items():
        outer.file(f'modules/{name}', data)
    outer.file('modules/order.kvm', ''.join(f'{name}\n' for name in kvm).encode())
    outer.file('bin/qemu-system-riscv64', program.read_bytes(), 0o755)
    directory = sysroot / 'usr/lib/riscv64-linux-gnu'
    for name in sorted(libraries(program, directory, 'riscv64-linux-gnu-readelf')):
        outer.file(f'lib/{name}', (directory / name).read_bytes(), 0o755)
    outer.file('inner/kernel', kernel.read_bytes())
    outer.file('inner/initramfs', inner_path.read_bytes())
    for name, path in extra:
        data = path if isinstance(path, bytes) else pathlib.Path(path).read_bytes()
        outer.file(name, data, 0o755)
    outer.write(output)
