#!/usr/bin/env python3
# What the options of the process do: actions, daemons, pid files, configuration files, clocks.
# SPDX-License-Identifier: MIT
"""usage: process.py PROGRAM"""
import json
import os
import pwd
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

TIMEOUT = 60


def finisher(value):
    """Code that writes value to the test finisher at 0x100000 and then spins."""
    low = value & 0xfff
    high = (value + 0x800) >> 12
    return struct.pack('<5I', 0x00100537, high << 12 | 0x5b7, low << 20 | 0x58593, 0x00b52023,
                       0x0000006f)


class Monitor:
    """A human monitor on a local socket."""

    def __init__(self, path):
        end = time.monotonic() + TIMEOUT
        self.sock = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.sock.connect(path)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
        self.sock.settimeout(TIMEOUT)
        self.read()

    def read(self):
        text = b''
        while not text.endswith(b'(qemu) '):
            more = self.sock.recv(4096)
            if not more:
                break
            text += more
        return text.decode()

    def run(self, command):
        self.sock.sendall(command.encode() + b'\r')
        return self.read()


class Test:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.n = 0
        self.failed = 0

    def path(self, name, data=None):
        path = os.path.join(self.folder, name)
        if data is not None:
            with open(path, 'wb') as f:
                f.write(data)
        return path

    def ok(self, good, what, why=''):
        self.n += 1
        self.failed += not good
        print(f'{"ok" if good else "not ok"} {self.n} - {what}')
        if not good:
            print(f'# {why}')

    def run(self, *args):
        p = subprocess.run([self.program, '-M', 'virt', '-nodefaults', *args], cwd=self.folder,
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT,
                           check=False)
        return p.returncode, p.stdout.decode(), p.stderr.decode()

    def start(self, *args):
        """Runs it with a monitor; returns the process and the monitor."""
        sock = self.path(f'mon{self.n}')
        p = subprocess.Popen([self.program, '-M', 'virt', '-nodefaults', *args, '-monitor',
                              f'unix:{sock},server=on,wait=off'], cwd=self.folder,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        return p, Monitor(sock)


def wait_state(mon, want):
    for _ in range(1200):
        status = mon.run('info status')
        if want in status:
            return True
        time.sleep(0.05)
    return False


def actions(t):
    off = t.path('off', finisher(0x5555))
    fail = t.path('fail', finisher(0x53333))
    reboot = t.path('reboot', finisher(0x7777))
    rows = [
        (off, [], 0), (fail, [], 5), (fail, ['-action', 'panic=exit-failure'], 1),
        (reboot, ['-no-reboot'], 0), (reboot, ['-action', 'reboot=shutdown'], 0),
        (fail, ['-action', 'panic=pause', '-action', 'panic=shutdown'], 5),
    ]
    for bios, args, want in rows:
        status = t.run('-bios', bios, *args)[0]
        t.ok(status == want, f'{os.path.basename(bios)} {args}: status {want}', f'got {status}')
    rows = [
        (off, ['-action', 'shutdown=pause'], 'paused (shutdown)'),
        (off, ['-no-shutdown'], 'paused (shutdown)'),
        (fail, ['-action', 'panic=pause'], 'paused (guest-panicked)'),
        (fail, ['-action', 'panic=none'], 'running'),
        (reboot, ['-action', 'reboot=shutdown,shutdown=pause'], 'paused (shutdown)'),
    ]
    for bios, args, want in rows:
        p, mon = t.start('-bios', bios, *args)
        good = wait_state(mon, want)
        mon.run('quit')
        status = p.wait(TIMEOUT)
        t.ok(good and status == 0, f'{os.path.basename(bios)} {args}: {want}', f'status {status}')


def daemon(t):
    pid, mon = t.path('pid'), t.path('dmon')
    spin = t.path('spin', struct.pack('<I', 0x6f))
    args = ['-bios', spin, '-daemonize', '-display', 'none', '-pidfile', pid, '-monitor',
            f'unix:{mon},server=on,wait=off']
    status, out, err = t.run(*args)
    t.ok((status, out, err) == (0, '', ''), 'a daemon lets its parent go', f'{status} {out}{err}')
    number = int(open(pid, encoding='ascii').read())
    t.ok(os.path.exists(f'/proc/{number}') and os.getsid(number) == number,
         'the pid file names a session leader of its own')
    links = [os.readlink(f'/proc/{number}/fd/{fd}') for fd in range(3)]
    t.ok(links == ['/dev/null'] * 3, 'standard input, output and error are /dev/null', links)
    status, _, err = t.run('-bios', spin, '-pidfile', pid)
    want = (f'qemu-system-riscv64: -pidfile {pid}: process {number} runs and holds the file\n')
    t.ok((status, err) == (1, want), 'a pid file in use is refused', err)
    Monitor(mon).run('quit')
    for _ in range(1200):
        if not os.path.exists(pid):
            break
        time.sleep(0.05)
    t.ok(not os.path.exists(pid), 'the pid file is removed at the end')
    status, _, err = t.run('-daemonize', '-bios', '/nonexistent')
    t.ok(status == 1 and err.count('\n') == 1, 'a daemon that cannot start says so', err)


def confinement(t):
    spin = t.path('spin2', struct.pack('<I', 0x6f))
    root = t.path('root')
    os.mkdir(root)
    if os.getuid() != 0:
        print('# not root: -run-with is not tried')
        return
    p, mon = t.start('-bios', spin, '-run-with', f'user=nobody,chroot={root}', '-pidfile', 'rpid')
    uid = pwd.getpwnam('nobody').pw_uid
    status = open(f'/proc/{p.pid}/status', encoding='ascii').read()
    for _ in range(1200):
        status = open(f'/proc/{p.pid}/status', encoding='ascii').read()
        if f'Uid:\t{uid}\t{uid}\t{uid}\t{uid}' in status:
            break
        time.sleep(0.05)
    t.ok(f'Uid:\t{uid}\t{uid}\t{uid}\t{uid}' in status, '-run-with user=')
    t.ok(os.readlink(f'/proc/{p.pid}/root') == root, '-run-with chroot=')
    mon.run('quit')
    t.ok(p.wait(TIMEOUT) == 0, 'it still ends in order')


def config(t):
    off = t.path('off2', finisher(0x5555))
    t.path('vm.cfg', f'''# a comment
[machine]
  firmware = "{off}"
[memory]
  size = "64M"
[device "r0"]
  driver = "virtio-rng-device"
  max-bytes = "100"
'''.encode())
    p, mon = t.start('-readconfig', 'vm.cfg', '-S', '-set', 'device.r0.max-bytes=77',
                     '-set', 'device.r0.period=5')
    tree = mon.run('info qtree')
    t.ok('id "r0"' in tree, '-readconfig makes devices')
    t.ok(re.search(r'max-bytes = 77\b', tree) and re.search(r'period = 5\b', tree),
         '-set changes and adds')
    mon.run('cont')
    t.ok(p.wait(TIMEOUT) == 0, 'and the machine runs')
    rows = [
        (b'x = "1"\n', 'line 1: a property before the first section'),
        (b'[drive\n', "line 1: '[drive' is no section (expected [NAME] or [NAME \"ID\"])"),
        (b'\n[devcie]\n', "line 2: no group 'devcie' (did you mean 'device'?)"),
        (b'[device]\ndriver=virtio\n',
         "line 2: 'driver=virtio' is no property (expected KEY = \"VALUE\")"),
        (b'[device]\ndriver="a\xff"\n', 'the file is not UTF-8 text'),
    ]
    for text, want in rows:
        t.path('bad.cfg', text)
        status, _, err = t.run('-readconfig', 'bad.cfg')
        t.ok(status == 1 and err == f'qemu-system-riscv64: -readconfig bad.cfg: {want}\n', want, err)


def clocks(t):
    # lui a0, 0x101; lw a1, 0(a0); lw a2, 4(a0); auipc a3, 0x10; sw a1, 0(a3); sw a2, 4(a3); j .
    read = t.path('read', struct.pack('<7I', 0x00101537, 0x00052583, 0x00452603, 0x00010697,
                                      0x00b6a023, 0x00c6a223, 0x0000006f))
    rows = [
        ('base=2001-02-03T04:05:06', 981173106), ('base=2001-02-03T04:05:06,clock=vm', 981173106),
        ('base=utc,clock=rt', time.time()), ('utc', time.time()),
    ]
    for rtc, want in rows:
        p, mon = t.start('-bios', read, '-rtc', rtc)
        text = mon.run('xp /2xw 0x8001000c')
        for _ in range(1200):
            if not text.rstrip('(qemu) \r\n').endswith(' 0x00000000'):
                break
            time.sleep(0.05)
            text = mon.run('xp /2xw 0x8001000c')
        mon.run('quit')
        p.wait(TIMEOUT)
        low, high = [int(x, 16) for x in re.search(r': (0x\w+) (0x\w+)', text).groups()]
        got = (high << 32 | low) / 1e9
        t.ok(abs(got - want) < TIMEOUT, f'-rtc {rtc}', f'{got} is not about {want}')


def messages(t):
    _, _, err = t.run('-name', 'web', '-msg', 'timestamp=on,guest-name=on', '-bios', '/nonexistent')
    t.ok(re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z web qemu-system-riscv64: -bios', err) or
         re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z web qemu-system-riscv64: ', err),
         '-msg puts time and name in front', err)
    off = t.path('opensbi-riscv64-generic-fw_dynamic.bin', finisher(0x5555))
    t.ok(t.run('-L', '/nonexistent', '-L', t.folder)[0] == 0, '-L finds the firmware')
    t.ok(t.run('-L', t.folder, '-bios', os.path.basename(off))[0] == 0, '-L finds -bios NAME')
    args = json.dumps({'driver': 'virtio-rng-device', 'id': 'j'})
    t.ok(t.run('-L', t.folder, '-device', args)[0] == 0, 'options in JSON')


def default_signals():
    """What runs this may ignore some, as nohup does, and that would be handed on."""
    for number in (1, 2, 15):
        signal.signal(number, signal.SIG_DFL)


def limits(t):
    """What a host can deny a process: descriptors, memory, room, streams."""
    spin = t.path('spin', struct.pack('<I', 0x6f))
    off = t.path('off', finisher(0x5555))
    sh = lambda script, *args: subprocess.run(
        ['sh', '-c', script, t.program, '-M', 'virt', '-nodefaults', *args], cwd=t.folder,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False)
    for option in ('-version', '-help', '-cpu help'):
        p = sh(f'exec "$0" {option} > /dev/full')
        want = b'cannot write to the standard output: No space left on device'
        t.ok(p.returncode == 1 and p.stderr.count(b'\n') == 1 and want in p.stderr,
             f'{option} into a full device', f'{p.returncode} {p.stderr}')
    p = sh('ulimit -n 20; exec "$0" "$@"', '-bios', off)
    t.ok(p.returncode == 1 and p.stderr == b'qemu-system-riscv64: only 20 file descriptors are '
         b'allowed, at least 64 are needed (ulimit -n)\n', '20 descriptors', p.stderr)
    # Whatever is refused first, it is one line; sanitizers need more than any limit for themselves.
    if b'__asan_init' not in open(t.program, 'rb').read():
        for kib in (100000, 400000, 700000):
            p = sh(f'ulimit -v {kib}; exec "$0" "$@"', '-bios', off, '-m', '1G')
            t.ok(p.returncode == 1 and p.stderr.count(b'\n') == 1 and
                 p.stderr.startswith(b'qemu-system-riscv64: '), f'{kib} KiB of address space',
                 f'{p.returncode} {p.stderr}')
    p = sh('exec "$0" "$@" <&- >&-', '-bios', off)
    t.ok((p.returncode, p.stderr) == (0, b''), 'no input and no output', p.stderr)
    p = sh('exec "$0" "$@" <&- >&- 2>&-', '-bios', off, '-pidfile', 'closed.pid', '-serial', 'stdio')
    t.ok(p.returncode == 0, 'no streams at all', p.returncode)
    p = sh('ulimit -f 0; exec "$0" "$@"', '-bios', off, '-pidfile', 'limit.pid')
    t.ok(p.returncode == 1 and p.stderr.count(b'\n') == 1 and b'-pidfile' in p.stderr and
         not os.path.exists(t.path('limit.pid')), 'a pid file that may not grow',
         f'{p.returncode} {p.stderr}')
    for wait in (0, 0.002, 0.01, 0.03, 0.1):
        for number in (15, 2, 1):
            p = subprocess.Popen([t.program, '-M', 'virt', '-nodefaults', '-bios', spin],
                                 cwd=t.folder, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                 preexec_fn=default_signals)
            time.sleep(wait)
            p.send_signal(number)
            try:
                _, err = p.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                p.kill()
                _, err = p.communicate()
            # Before the program's first line the default action of the signal ends it.
            good = p.returncode == 0 or (p.returncode == -number and not err)
            t.ok(good and err.count(b'\n') <= 1, f'signal {number} after {wait} s',
                 f'{p.returncode} {err}')


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix='process-') as folder:
        os.chmod(folder, 0o755)
        t = Test(os.path.abspath(sys.argv[1]), os.path.realpath(folder))
        for part in (actions, daemon, confinement, config, clocks, messages,
                     limits):
            part(t)
        print(f'1..{t.n}')
    sys.exit(1 if t.failed else 0)


if __name__ == '__main__':
    main()
