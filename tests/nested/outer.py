# The outer machine of the nested tests: an emulator with the H extension, in whose Linux guest the
# emulator under test runs with KVM, on the same console.
#
# SPDX-License-Identifier: MIT

import os
import pathlib
import re
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'linux'))
from guest import GUEST_DIR, KERNEL, Failure, Guest

import image

SYSROOT = pathlib.Path(os.environ.get('VIREO_SYSROOT',
                                      pathlib.Path(__file__).resolve().parents[2] / '.cache/sysroot'))
TREE = GUEST_DIR / 'tree'
BIOS = GUEST_DIR / 'opensbi.bin'

# A kernel that does something to an address at which nothing is; raw machine code.
LUI_T0 = 0x600002b7             # lui t0, 0x60000
SET_FS = [0x00002337, 0x10032073]  # lui t1, 2; csrs sstatus, t1
LOOP = 0x0000006f               # j .
HOLES = {
    'amo': [LUI_T0, 0x00b2a52f, LOOP],           # amoadd.w a0, a1, (t0)
    'fp': [LUI_T0, *SET_FS, 0x0002b507, LOOP],   # fld fa0, 0(t0)
}


class Files:
    """The files of outer machines, in a directory of their own; use it in a with statement."""

    def __init__(self, program, chroot, peer=None, kvmtool=None):
        self.chroot = chroot
        extra = [(f'inner/{name}', b''.join(w.to_bytes(4, 'little') for w in words))
                 for name, words in HOLES.items()]
        if peer:
            libs = peer / 'usr/lib/riscv64-linux-gnu'
            other = peer / 'usr/bin/qemu-system-riscv64'
            extra += [(f'peer/{name}', libs / name)
                      for name in image.libraries(other, libs, 'riscv64-linux-gnu-readelf')]
            extra.append(('peer/qemu-system-riscv64', other))
        if kvmtool:
            extra.append(('peer/lkvm', pathlib.Path(kvmtool)))
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='nested-', dir=chroot))
        self.directory.chmod(0o755)
        image.make(TREE, KERNEL, pathlib.Path(program), SYSROOT, self.directory / 'initramfs', extra)
        shutil.copy(KERNEL, self.directory / 'kernel')
        shutil.copy(BIOS, self.directory / 'bios')

    def __enter__(self):
        return self

    def __exit__(self, *args):
        shutil.rmtree(self.directory, ignore_errors=True)

    def seen_inside(self, name):
        path = self.directory / name
        return '/' + str(path.relative_to(self.chroot)) if self.chroot else str(path)


class Outer(Guest):
    """A machine with a shell in which qemu-system-riscv64 is the emulator under test."""

    def __init__(self, emulator, files, machine='virt', cpu='rv64', smp=2):
        super().__init__(emulator)
        command = [emulator]
        if files.chroot:
            command = ['chroot', str(files.chroot), '/usr/bin/qemu-system-riscv64']
            if os.geteuid() != 0:
                command = ['unshare', '-r'] + command
        self.command = command + [
            '-M', machine, '-cpu', cpu, '-smp', str(smp), '-m', '1500M', '-display', 'none',
            '-serial', 'stdio', '-monitor', 'none', '-bios', files.seen_inside('bios'),
            '-kernel', files.seen_inside('kernel'), '-initrd', files.seen_inside('initramfs'),
            '-append', 'console=ttyS0 quiet panic=-1']

    def boot(self):
        self.expect('shell of outer', 180)
        self.seen = self.log.rindex("Type 'poweroff'")
        self.shell()

    def start(self, args, accel='kvm', append='quiet', program='qemu-system-riscv64'):
        """Starts the emulator under test, or another, in the outer guest's shell, with a Linux guest."""
        self.command_line(f'{program} -accel {accel} -m 256M -nographic -kernel /inner/kernel '
                          f'-initrd /inner/initramfs -append "console=ttyS0 {append}" {args}')

    def command_line(self, line):
        """Starts a program in the outer guest's shell; see ended()."""
        self.send(f'{line}; echo emulator-ended $?\n')

    def inner_shell(self):
        self.expect('shell of inner', 120)
        self.seen = self.log.rindex("Type 'poweroff'")
        self.shell()

    def ended(self, status=0, timeout=60):
        """The emulator under test ends; the outer guest's shell is back."""
        got = int(self.expect(r'emulator-ended (\d+)\n', timeout).group(1))
        if got != status:
            raise Failure(f'the inner emulator ended with {got}, not {status}')

    def poweroff(self):
        self.send('poweroff\n')
        self.expect('reboot: Power down')
        self.ended()

    def monitor(self, command, until, timeout=30):
        """A command to the monitor of the emulator under test."""
        self.send(f'{command}\n')
        return self.expect(until, timeout)

    def refuses(self, command, pattern, status=1):
        """A command line that ends with one line, which matches."""
        self.send(f'{command} 2>&1; echo emulator-ended $?\n')
        start = self.seen
        self.ended(status)
        text = self.log[start:self.seen]
        lines = [x for x in text.splitlines()
                 if x.strip() and not x.startswith(('emulator-ended', '['))]
        if len(lines) != 1 or not re.search(pattern, lines[0]):
            raise Failure(f'"{command}" says {lines}, not "{pattern}"')
