# A guest with a shell on its serial line, driven by a test.
#
# SPDX-License-Identifier: MIT

import os
import pathlib
import re
import selectors
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
GUEST_DIR = pathlib.Path(os.environ.get('VIREO_GUEST_DIR', TOP / '.cache/guest'))
KERNEL = GUEST_DIR / 'kernel'
INITRAMFS = GUEST_DIR / 'initramfs.cpio.gz'
# For guests of several harts: the OpenSBI of Debian 12, which is the default firmware there, wakes a hart with
# an IPI that it never clears, so that the hart spins in sbi_hsm_hart_wait(), and marks it as to be started
# before it has written where. A hart that sees the mark in between starts at the kernel's first instruction.
OPENSBI = GUEST_DIR / 'opensbi.bin'
# Sanitizers and slow machines need more time.
SCALE = float(os.environ.get('VIREO_TIMEOUT_SCALE', '1'))
# How guests run that say nothing of it.
ACCEL = os.environ.get('VIREO_GUEST_ACCEL')


class Failure(Exception):
    pass


class Guest:
    """An emulator process; use it in a with statement."""

    last = None # the one made last, for whoever wants to show its log

    def __init__(self, emulator, *args, append='', kernel=KERNEL, initrd=INITRAMFS, smp=1,
                 mem='512M', initrd_args=True):
        command = [str(emulator), '-M', 'virt', '-m', mem, '-smp', str(smp), '-nographic',
                   '-kernel', str(kernel), '-append', f'console=ttyS0 {append}'.strip()]
        if smp > 1 and '-bios' not in args:
            command += ['-bios', str(OPENSBI)]
        if initrd_args:
            command += ['-initrd', str(initrd)]
        if ACCEL and '-accel' not in args:
            command += ['-accel', ACCEL]
        self.command = command + list(args)
        self.log = ''
        self.seen = 0
        Guest.last = self

    def __enter__(self):
        self.started = time.monotonic()
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        return self

    def __exit__(self, kind, value, traceback):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.selector.close()
        self.process.stdin.close()
        self.process.stdout.close()

    def _read(self, timeout):
        """Reads what there is; False at the end of the process's output."""
        if not self.selector.select(max(0, timeout)):
            return True
        data = self.process.stdout.read()
        if data == b'':
            return False
        if data:
            self.log += data.decode('utf-8', 'replace').replace('\r', '')
        return True

    def expect(self, pattern, timeout=120):
        """Waits for a line of output that matches; returns the match. Output before it is spent."""
        end = time.monotonic() + timeout * SCALE
        regex = re.compile(pattern, re.M)
        while True:
            if match := regex.search(self.log, self.seen):
                self.seen = match.end()
                return match
            left = end - time.monotonic()
            if left <= 0:
                raise Failure(f'"{pattern}" did not come within {timeout * SCALE:.0f} s')
            if not self._read(left):
                raise Failure(f'the emulator ended ({self.process.wait()}) before "{pattern}"')

    def send(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def shell(self, timeout=180):
        """Waits for the initramfs's shell and makes it quiet."""
        self.expect(r"^Type 'poweroff' or press", timeout)
        self.expect('# ', 60)
        # The echo of this very line must not match what it prints.
        self.send("stty -echo; PS1= PS2=; echo shell''-ready\n")
        self.expect('^shell-ready\n', 60)

    def run(self, command, timeout=60):
        """Runs a command in the shell; returns its output. A status other than 0 is a failure."""
        self.send(f'{command}\necho end-of-command $?\n')
        start = self.seen
        match = self.expect(r'end-of-command (\d+)\n', timeout)
        output = self.log[start:match.start()]
        if match.group(1) != '0':
            raise Failure(f'"{command}" ended with {match.group(1)}: {output[-300:]}')
        return output.strip()

    def ends(self, status=0, timeout=60):
        """Waits for the emulator to end by itself."""
        end = time.monotonic() + timeout * SCALE
        while self._read(end - time.monotonic()):
            if time.monotonic() > end:
                raise Failure(f'the emulator did not end within {timeout * SCALE:.0f} s')
        if (got := self.process.wait()) != status:
            raise Failure(f'the emulator ended with status {got}, not {status}')
