# A debugger's end of the remote protocol, and the emulator at the other end.
#
# SPDX-License-Identifier: MIT

import os
import re
import select
import socket
import subprocess
import tempfile
import time


class Machine:
    """An emulator that runs an ELF file and waits for a debugger on a local socket."""

    def __init__(self, emulator, elf, *args, paused=True):
        self.dir = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.dir.name, 'gdb')
        command = [emulator, '-M', 'virt', '-bios', 'none', '-kernel', elf, '-display', 'none',
                   '-serial', 'null', '-monitor', 'none', '-gdb', f'unix:{self.path}', *args]
        self.proc = subprocess.Popen(command + (['-S'] if paused else []), stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        end = time.monotonic() + 60
        while not os.path.exists(self.path):
            if self.proc.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f'no socket: {self.proc.stdout.read()!r}')
            time.sleep(0.02)

    def connect(self, ack=False):
        return Remote(self.path, ack)

    def alive(self):
        return self.proc.poll() is None

    def close(self):
        self.proc.kill()
        out = self.proc.communicate()[0].decode()
        self.dir.cleanup()
        return out


def frame(data):
    """A packet as it goes over the line."""
    escaped = b''.join(b'}' + bytes([c ^ 0x20]) if c in b'#$}*' else bytes([c]) for c in data)
    return b'$' + escaped + b'#%02x' % (sum(escaped) & 255)


class Remote:
    def __init__(self, path, ack=False):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.rest = b''
        self.acks = b''
        self.ack = True
        if not ack:
            assert self.ask('QStartNoAckMode') == 'OK'
            self.ack = False

    def close(self):
        self.sock.close()

    def raw(self, data):
        self.sock.sendall(data)

    def send(self, text):
        self.raw(frame(text.encode('latin1')))

    def bytes(self, timeout=100):
        """What comes next: one packet's framed bytes, or an acknowledgement."""
        while True:
            if m := re.match(rb'[+-]', self.rest):
                break
            if m := re.match(rb'\$([^#]*)#(..)', self.rest, re.S):
                break
            if not select.select([self.sock], [], [], timeout)[0]:
                raise TimeoutError(f'no answer; so far {self.rest!r}')
            data = self.sock.recv(65536)
            if not data:
                raise EOFError('closed')
            self.rest += data
        self.rest = self.rest[m.end():]
        return m

    def packet(self, timeout=100):
        while True:
            m = self.bytes(timeout)
            if m.group(0) in (b'+', b'-'):
                self.acks += m.group(0)
                continue
            assert sum(m.group(1)) & 255 == int(m.group(2), 16), m.group(0)
            if self.ack:
                self.raw(b'+')
            data = re.sub(rb'\}(.)', lambda e: bytes([e.group(1)[0] ^ 0x20]), m.group(1), flags=re.S)
            return data.decode('latin1')

    def ask(self, text, timeout=100):
        self.send(text)
        return self.packet(timeout)

    # ---- What a debugger wants ----

    def read(self, reg):
        """A register's value; None if there is none."""
        text = self.ask(f'p{reg:x}')
        return None if text.startswith('E') else int.from_bytes(bytes.fromhex(text), 'little')

    def write(self, reg, value, size=8):
        return self.ask(f'P{reg:x}={value.to_bytes(size, "little").hex()}')

    @property
    def pc(self):
        return self.read(32)

    def memory(self, addr, n):
        text = self.ask(f'm{addr:x},{n:x}')
        return text if text.startswith('E') else bytes.fromhex(text)

    def u64(self, addr):
        return int.from_bytes(self.memory(addr, 8), 'little')

    def monitor(self, line):
        self.send('qRcmd,' + line.encode().hex())
        out = ''
        while (p := self.packet()) != 'OK':
            assert p.startswith('O'), p
            out += bytes.fromhex(p[1:]).decode()
        return out

    def xfer(self, what):
        text = ''
        while True:
            part = self.ask(f'qXfer:{what}:{len(text):x},fff')
            assert part[:1] in ('m', 'l'), part
            text += part[1:]
            if part[0] == 'l':
                return text


def symbols(nm, elf):
    out = subprocess.run([nm, elf], capture_output=True, text=True, check=True).stdout
    return {name: int(addr, 16) for addr, _, name in map(str.split, out.splitlines())}
