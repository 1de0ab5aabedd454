# The independent models that the tests of this directory compare with: QEMU (a command, or a tree that
# scripts/fetch-outer unpacked, run by chroot) and Spike.
# SPDX-License-Identifier: MIT

import argparse
import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

BOARD = ['-bios', 'none', '-display', 'none', '-serial', 'stdio', '-monitor', 'none']
QEMU_IN_TREE = '/usr/bin/qemu-system-riscv64'


def parser():
    """Of a comparison's arguments: which two models run which program."""
    p = argparse.ArgumentParser()
    p.add_argument('--ours', required=True)
    p.add_argument('--program', required=True)
    p.add_argument('--peer', required=True)
    return p


@contextlib.contextmanager
def told(program, magic, parameters):
    """A file: the program, with these bytes behind the word by which it finds its parameters."""
    with open(program, 'rb') as f:
        data = bytearray(f.read())
    at = data.index(magic) + len(magic)
    data[at:at + len(parameters)] = parameters
    with tempfile.NamedTemporaryFile(suffix='.elf') as f:
        f.write(data)
        f.flush()
        yield f.name


class Model:
    """Something that runs a bare-metal ELF file and prints what it writes to the UART."""

    def __init__(self, what):
        self.root = what if os.path.isdir(what) else None
        self.command = ['chroot', what, QEMU_IN_TREE] if self.root else shlex.split(what)
        if self.root and os.geteuid():
            self.command = ['unshare', '-r', *self.command]
        self.is_spike = os.path.basename(self.command[0]) == 'spike'
        self.version = 0
        if not self.is_spike:
            out = subprocess.run(self.command + ['--version'], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, check=False).stdout
            m = re.match(rb'QEMU emulator version (\d+)|Vireo version ()', out)
            if not m:
                sys.exit(f'{what}: not something that runs')
            self.version = int(m.group(1) or 0)

    def name(self):
        return 'spike' if self.is_spike else f'qemu{self.version}' if self.version else 'ours'

    def run(self, elf, cpu, spike_isa=None, timeout=120, machine='virt', more=()):
        if self.is_spike:
            args = self.command + [f'--isa={spike_isa}', '--pmpregions=64', elf]
            return self.output(args, timeout)
        if 0 < self.version < 11:
            cpu = cpu.replace(',num-pmp-regions=16', '')  # 16 is what they have
        command = [*self.command, '-M', machine, *BOARD, *more, '-cpu', cpu]
        if not self.root:
            return self.output([*command, '-kernel', elf], timeout)
        with tempfile.NamedTemporaryFile(dir=os.path.join(self.root, 'tmp'), suffix='.elf') as f:
            with open(elf, 'rb') as original:
                shutil.copyfileobj(original, f)
            f.flush()
            inside = '/tmp/' + os.path.basename(f.name)
            return self.output([*command, '-kernel', inside], timeout)

    @staticmethod
    def output(args, timeout):
        try:
            p = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=timeout, check=False)
            out = p.stdout
        except subprocess.TimeoutExpired as e:
            out = (e.stdout or b'') + b'\ntimeout\n'
        return out.decode('latin-1').replace('\r', '').splitlines()
