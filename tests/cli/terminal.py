#!/usr/bin/env python3
# The process and its terminal: raw while it runs, as it was afterwards, however it ends.
# SPDX-License-Identifier: MIT
"""usage: terminal.py PROGRAM"""
import fcntl
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import termios
import time

WAIT = 60
PROGRAM = os.path.abspath(sys.argv[1])


def start_session():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    # A shell without job control starts its background jobs with these ignored, and we inherit it.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Session:
    """The program as leader of a session on a terminal of its own."""

    def __init__(self, *args):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        slave = self.slave
        self.proc = subprocess.Popen([PROGRAM, *args], stdin=slave, stdout=slave, stderr=slave,
                                     start_new_session=True, preexec_fn=start_session)
        self.output = b''

    def raw(self):
        return termios.tcgetattr(self.slave) != self.before

    def until(self, condition):
        """Reads the terminal until condition() holds; whether it came to hold."""
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            if condition():
                return True
            if select.select([self.master], [], [], 0.02)[0]:
                self.output += os.read(self.master, 65536)
        return False

    def type(self, data):
        os.write(self.master, data)

    def stopped(self):
        with open(f'/proc/{self.proc.pid}/stat', encoding='utf-8') as f:
            return f.read().rsplit(')', 1)[1].split()[0] == 'T'

    def end(self):
        """The exit status, or None if it does not end."""
        if not self.until(lambda: self.proc.poll() is not None):
            self.proc.kill()
            self.proc.wait()
            return None
        while select.select([self.master], [], [], 0.05)[0]:
            self.output += os.read(self.master, 65536)
        return self.proc.returncode


def ready(*args):
    s = Session('-M', 'virt', '-nic', 'none', *args)
    assert s.until(s.raw), 'the terminal never became raw'
    return s


def ends(s, status, text=b''):
    got = s.end()
    assert got == status, f'status {got}, expected {status}; output {s.output[-200:]}'
    assert not s.raw(), 'the terminal was not put back'
    assert text in s.output, f'{text} is not in {s.output[-200:]}'


def by_signal(number, status):
    s = ready('-S')
    s.proc.send_signal(number)
    ends(s, status, b'terminating on signal %d' % number if status == 0 else b'')


def test_sigterm():
    by_signal(signal.SIGTERM, 0)


def test_sigint():
    by_signal(signal.SIGINT, 0)


def test_sighup():
    by_signal(signal.SIGHUP, 0)


def test_sigquit():
    by_signal(signal.SIGQUIT, -signal.SIGQUIT)


def test_crash():
    by_signal(signal.SIGSEGV, -signal.SIGSEGV)


def test_many_signals():
    s = ready()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        s.proc.send_signal(number)
    ends(s, 0)


def test_ctrl_a_x():
    s = ready('-S')
    s.type(b'\x01x')
    ends(s, 0, b'terminated by Ctrl-A x')


def test_monitor_quit():
    s = ready('-S')
    s.type(b'\x01cquit\r')
    ends(s, 0, b'(qemu) quit')


def test_ctrl_c_is_the_guests():
    s = ready('-S')
    s.type(b'\x03\x1a\x1c')
    time.sleep(0.3)
    assert s.proc.poll() is None and not s.stopped()
    s.type(b'\x01x')
    ends(s, 0)


def test_ctrl_c_with_signals():
    s = ready('-S', '-serial', 'stdio', '-monitor', 'none')
    s.type(b'\x03')
    ends(s, 0, b'terminating on signal 2')


def test_suspend_and_resume():
    s = ready('-S')
    s.proc.send_signal(signal.SIGTSTP)
    assert s.until(s.stopped), 'SIGTSTP does not stop'
    assert not s.raw(), 'raw while stopped'
    s.proc.send_signal(signal.SIGCONT)
    assert s.until(s.raw), 'not raw again after SIGCONT'
    s.type(b'\x01x')
    ends(s, 0)


def test_terminal_closed():
    s = ready()
    os.close(s.slave)
    os.close(s.master)
    assert s.proc.wait(WAIT) == 0


def test_error_after_raw():
    s = Session('-M', 'virt', '-chardev', 'stdio,id=c', '-device', 'nonsense')
    ends(s, 1, b"no device type 'nonsense'")


def run(args, **kwargs):
    """The status of a process that is asked to end after it has had time to write."""
    p = subprocess.Popen([PROGRAM, '-M', 'virt', '-nic', 'none', *args], stderr=subprocess.PIPE,
                         **kwargs)
    time.sleep(1.5)
    assert p.poll() is None, f'ended with status {p.poll()}: {p.stderr.read()[-200:]}'
    p.send_signal(signal.SIGTERM)
    p.communicate(timeout=WAIT)
    return p.returncode


def test_few_descriptors():
    p = subprocess.run([PROGRAM, '-M', 'virt', '-S'], stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=WAIT, check=False,
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (6, 6)))
    assert p.returncode == 1 and b'only 6 file descriptors' in p.stderr, p.stderr


def test_little_address_space():
    p = subprocess.run([PROGRAM, '-M', 'virt', '-m', '4G'], stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=WAIT, check=False,
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (3 << 30,) * 2))
    assert p.returncode == 1 and p.stderr.count(b'\n') == 1, p.stderr
    assert b'cannot allocate 4096 MiB' in p.stderr, p.stderr


def test_stdin_closed():
    assert run([], stdout=subprocess.DEVNULL, preexec_fn=lambda: os.close(0)) == 0


def test_stdout_closed():
    assert run([], stdin=subprocess.DEVNULL, preexec_fn=lambda: os.close(1)) == 0


def test_stdout_full():
    with open('/dev/full', 'wb') as full:
        assert run([], stdin=subprocess.DEVNULL, stdout=full) == 0


def test_reader_gone():
    r, w = os.pipe()
    os.close(r)
    assert run([], stdin=subprocess.DEVNULL, stdout=w) == 0
    os.close(w)


def test_reader_never_reads():
    r, w = os.pipe()
    fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096)
    assert run([], stdin=subprocess.DEVNULL, stdout=w) == 0
    assert not fcntl.fcntl(w, fcntl.F_GETFL) & os.O_NONBLOCK, "O_NONBLOCK on the user's pipe"
    os.close(r)
    os.close(w)


def main():
    tests = [(n, f) for n, f in sorted(globals().items()) if n.startswith('test_')]
    failed = 0
    print(f'1..{len(tests)}')
    for i, (name, test) in enumerate(tests, 1):
        try:
            test()
            print(f'ok {i} - {name}', flush=True)
        except (AssertionError, subprocess.TimeoutExpired, OSError) as e:
            failed += 1
            print(f'not ok {i} - {name}\n# {e}', flush=True)
    sys.exit(failed != 0)


if __name__ == '__main__':
    main()
