#!/usr/bin/env python3
# Runs random programs in two emulators and compares what is left: registers, flags, memory, traps.
# SPDX-License-Identifier: MIT

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile

import forms
import generate
import vector

HERE = os.path.dirname(os.path.abspath(__file__))
ISA = os.path.join(HERE, '../../target/riscv/isa')
ARGS = ['-M', 'virt', '-display', 'none', '-serial', 'stdio', '-monitor', 'none']
NAMES = {'tr': 'traps', 'me': 'memory', 'ha': 'history', 'cs': 'fcsr'}
COUNT = b'in'.hex()     # how many instructions: what an emulator means by that is its own business


def run(command, image, root='', timeout=int(os.environ.get("RUN_TIMEOUT", 60))):
    with tempfile.NamedTemporaryFile(suffix='.bin', dir=root or None) as f:
        f.write(image)
        f.flush()
        try:
            p = subprocess.run(shlex.split(command) + ARGS + ['-bios', f.name[len(root):]],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            return ['timeout']
    lines = p.stdout.decode('latin-1').splitlines()
    if p.returncode:
        lines.append(f'exit status {p.returncode}')
    global executed
    executed = sum(int(line[4:], 16) for line in lines if line.startswith(COUNT))
    return [line for line in lines if not line.startswith(COUNT)]


executed = 0    # instructions of the bodies in the last run


# Extensions that a peer may not have or not switch on by itself.
OPTIONAL = ('zicond', 'zicbom', 'zicboz', 'zicbop', 'zihintntl', 'zcb', 'zcmop', 'zimop',
            'zfhmin', 'zfh', 'zfa', 'zacas', 'zabha', 'zama16b', 'zbkb', 'zbkc', 'zbkx', 'zknd', 'zkne',
            'zknh', 'zksed', 'zksh', 'zfbfmin', 'zalasr', 'zicfilp', 'zicfiss')
# The same, of those that need vectors.
VECTOR = ('zvbb', 'zvkb', 'zvbc', 'zvkg', 'zvkned', 'zvknha', 'zvknhb', 'zvksed', 'zvksh', 'zvfbfmin',
          'zvfbfwma')
# What QEMU does right from this version on.
ATOMICS_FAULT_WELL = 8
VS_GOES = 10
ROWS_RIGHT = {'ctzw': 8}


def probe(peer, root, vectors):
    """The peer's command with what it can switch on, what it lacks, and its major version."""
    version = subprocess.run(shlex.split(peer) + ['--version'], stdout=subprocess.PIPE, check=False)
    m = re.match(rb'QEMU emulator version (\d+)', version.stdout)
    if not m:
        print(f'{peer} is not QEMU: nothing to compare with')
        sys.exit(77)
    on, without = [], []
    for ext in OPTIONAL + (VECTOR if vectors else ()):
        needs = 'v=on,zfbfmin=on,zvfbfmin=on,' if ext.startswith('zv') else ''
        # QEMU puts a new file where the tree's is: never name a device here.
        with tempfile.TemporaryDirectory(dir=root or None) as tree:
            dtb = os.path.join(tree, 'dtb')[len(root):]
            p = subprocess.run(shlex.split(peer) + ['-cpu', f'rv64,{needs}{ext}=on', '-display', 'none',
                                                    '-M', f'virt,dumpdtb={dtb}'], check=False,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if p.returncode == 0:
            on.append(f'{ext}=on')
        else:
            without.append(ext)
    return f'{peer} -cpu {",".join(["rv64"] + on)}', without, int(m.group(1))


def name_of(line):
    kind, number = line[:2], line[2:4]
    try:
        tag = bytes.fromhex(kind).decode()
        return {'x': 'x%d', 'f': 'f%d'}[tag[0]] % int(number, 16)
    except (ValueError, KeyError):
        try:
            return NAMES[bytes.fromhex(line[:4]).decode()]
        except (ValueError, KeyError):
            return '?'


def differences(ours, peer):
    if len(ours) < 60 or len(peer) < 60:
        return [f'ours ends: {ours[-1:]}', f'peer ends: {peer[-1:]}']
    return [f'{name_of(a)}: {a[4:]}, peer {b[4:]}' for a, b in zip(ours, peer) if a != b]


class Comparison:
    def __init__(self, args):
        self.args = args
        self.executed = 0
        peer = f'chroot {shlex.quote(args.root)} {args.peer}' if args.root else args.peer
        self.form = forms.FORMS.get(args.form)
        self.peer, self.without, self.version = probe(peer, args.root, args.vlen)
        if args.vlen:
            self.without += [e for e in ('h', 'zcb', 'zcmop', 'zimop', 'zacas', 'zabha')
                             if e not in self.without]
            self.peer += f',v=on,vext_spec=v1.0,vlen={args.vlen}'
            if self.version >= vector.HALF_RIGHT:
                self.peer += ',zvfh=on'
        if self.form:
            self.without = [w for w in self.without if w not in self.form.needs]
        # Without V mstatus.VS is not there, but in old ones.
        no_vectors = ['v=off'] if not args.vlen and self.version >= VS_GOES else []
        self.ours = f'{args.ours} {args.ours_extra} -cpu {",".join(["max"] + no_vectors + [w + "=off" for w in self.without])}'
        self.table, self.sequences = generate.load(ISA)
        if args.vlen:
            self.ours += f',v=on,vext_spec=v1.0,vlen={args.vlen}'
        if self.form:
            self.without += self.form.off
            gone = '|'.join(self.form.off) or 'nothing'
            self.peer = ','.join([re.sub(f',({gone})=on', '', self.peer), *self.form.theirs])
            self.ours = ','.join([self.ours, *self.form.ours])
        if args.form == 'harts':
            self.peer += ' -smp 2'
            self.ours += ' -smp 2'
        self.harnesses = []
        for name in args.harness:
            with open(name, 'rb') as f:
                self.harnesses.append(f.read())

    def generator(self, seed):
        without = self.without + ['zcmp', 'zcmt']   # forms.py has its own for these
        kind = self.form or (vector.Generator if self.args.vlen else generate.Generator)
        g = kind(self.table, self.sequences, seed, without, [r for r, v in ROWS_RIGHT.items() if self.version < v])
        g.guests, g.delegate = self.args.guests, self.args.delegate
        g.atomics_fault_well = self.version >= ATOMICS_FAULT_WELL
        if self.args.vlen:
            g.prepare(self.args.vlen, self.version, self.args.wild)
        return g

    def image(self, seed, count, iterations):
        if self.args.form == 'harts':
            return forms.two_images(lambda n: self.generator(2 * seed + n), self.harnesses, count, iterations)
        g = self.generator(seed)
        return g.image(self.harnesses[0], count, iterations)

    def compare(self, seed, count, iterations):
        image = self.image(seed, count, iterations)
        ours = run(self.ours, image)
        self.executed += executed
        peer = run(self.peer, image, self.args.root)
        if ours == peer and len(ours) >= 60:
            return []
        return differences(ours, peer) or ['lengths differ']

    def shrink(self, seed):
        """The shortest beginning of the program that still differs."""
        low, high = 0, self.args.count
        iterations = 1 if self.compare(seed, high, 1) else self.args.iterations
        while high - low > 1:
            mid = (low + high) // 2
            if self.compare(seed, mid, iterations):
                high = mid
            else:
                low = mid
        path = os.path.join(tempfile.gettempdir(), f'random-{seed}.bin')
        with open(path, 'wb') as f:
            f.write(self.image(seed, high, iterations))
        print(f'  first {high} units, {iterations} iterations differ; image in {path}; look with')
        print('  riscv64-linux-gnu-objdump -b binary -m riscv:rv64 -D --adjust-vma=0x80000000 '
              f'--start-address=0x80010000 {path} | tail -20')
        for d in self.compare(seed, high, iterations)[:8]:
            print('  ' + d)


def main():
    p = argparse.ArgumentParser(description='Compares random programs in two emulators.')
    p.add_argument('--ours', required=True, help='command of the emulator under test')
    p.add_argument('--ours-extra', default='', help='more options for it')
    p.add_argument('--peer', required=True, help='command to compare with')
    p.add_argument('--root', default='', help='the tree in which the peer is run by chroot')
    p.add_argument('--harness', required=True, action='append', help='harness.S as a flat binary; for two harts two')
    p.add_argument('--form', choices=forms.FORMS, help='programs of another kind')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--programs', type=int, default=20)
    p.add_argument('--count', type=int, default=1000, help='units of instructions per program')
    p.add_argument('--iterations', type=int, default=10)
    p.add_argument('--vlen', type=int, default=0, help='vector programs, with registers of so many bits')
    p.add_argument('--guests', action='store_true', help='in VS and VU, with two stages of translation')
    p.add_argument('--delegate', action='store_true', help='S and VS take traps')
    p.add_argument('--wild', action='store_true',
                   help='vector register numbers as they come: mostly illegal instructions')
    args = p.parse_args()
    c = Comparison(args)
    failed = 0
    for seed in range(args.seed, args.seed + args.programs):
        diff = c.compare(seed, args.count, args.iterations)
        if diff:
            failed += 1
            print(f'seed {seed}: {len(diff)} differences: {"; ".join(diff[:4])}', flush=True)
            c.shrink(seed)
            if failed == 3:
                break
    without = ','.join(c.without) or 'nothing'
    print(f'{args.programs} programs, {c.executed} instructions, compared with {c.peer} (without {without}), '
          f'{failed} differ')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
