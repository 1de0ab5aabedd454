#!/usr/bin/env python3
# Compares which words are instructions, and what else they do in a sandbox (words.c), with another model.
#
#   words.py rows FILE.insn... > words-rows.h       the rows, for words.c
#   words.py check --ours COMMAND --program words.elf --peer TREE|COMMAND [--blocks N] [--seed N]
#
# All words of 16 bits, N blocks of 65,536 random words of 32, and as many that are one bit away from an
# instruction.
#
# SPDX-License-Identifier: MIT

import collections
import os
import struct
import sys

import peer as peers

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../../target/riscv/isa'))
import geninsn  # noqa: E402

MAGIC = struct.pack('<Q', 0x7364726f776f6572)
KINDS = {0: '16 bits', 1: 'random', 2: 'one bit away'}
AT_ONCE = 16     # blocks of one run

# What both have: our -cpu, that of QEMU, the ISA string of Spike.
CPU = {
    'ours': 'max,vlen=128,zalasr=off',
    'qemu10': 'max,vlen=128',
    'qemu11': 'max,vlen=128',
    'spike': 'rv64imafdcbvh_zicbom_zicboz_zicbop_zicond_zicntr_zihpm_zihintntl_zimop_zcmop_zcb_zfh_zfa_zacas_zabha_zawrs_zbc_zbkb_zbkc_zbkx_zknd_zkne_zknh_zksed_zksh_zkr_svinval_svnapot_svpbmt_zvfh_sstc_zicclsm',
}

# What is not compared: models, mask, bits, the reason.
QEMU = ('qemu10', 'qemu11')
ALL = (*QEMU, 'spike')
V0 = 'v0 as the mask and as a source has two EEWs: reserved (V, 5.2)'
SKIPPED = [
    *((ALL, 0x03f0707f, funct3 << 12 | 0x57, V0) for funct3 in range(7)),
    *((ALL, 0x020ff07f, funct3 << 12 | 0x57, V0) for funct3 in range(3)),
    *((ALL, 0x02007fff, width << 12 | 0x27, V0) for width in (0, 5, 6, 7)),
    *((ALL, 0x07f0707f, 0x04000000 | width << 12 | opcode, V0) for width in (0, 5, 6, 7)
      for opcode in (0x07, 0x27)),
    *((ALL, 0xf80ff07f, 0x1800002f | width << 12, 'an SC that fails need not be checked like a store '
      '(A, 13.2)') for width in (2, 3)),
    (QEMU, 0xffffffff, 0x18000073, 'Svinval fences are illegal in U (Privileged, Svinval)'),
    (QEMU, 0xffffffff, 0x18100073, 'the same'),
    (QEMU, 0xffffffff, 0x00d00073, 'wrs.nto with TW leaves mtval zero there, which is allowed'),
    (QEMU, 0xffffffff, 0x10400073, 'sctrclr as well'),
]


def parameters(**params):
    skips = params['skips']
    words = [params[name] for name in ('kind', 'seed', 'blocks', 'detail', 'vectors')]
    return struct.pack('<6Q', *words, len(skips)) + b''.join(struct.pack('<2I', *skip) for skip in skips)


def run(model, elf, timeout, **params):
    with peers.told(elf, MAGIC, parameters(**params)) as program:
        lines = model.run(program, CPU['ours'] if model.name() == 'ours' else CPU[model.name()],
                          CPU['spike'], timeout)
    if not lines or lines[-1] != 'PASS':
        sys.exit(f'{model.name()}: the program did not end well: {lines[-2:]}')
    return lines


def totals(lines):
    return {int(w[1], 16): (w[2], int(w[3], 16), int(w[4], 16))
            for w in (line.split() for line in lines if line.startswith('= '))}


def row_of(table, word):
    for row in table.rows:
        if word & row.mask == row.bits and (row.width == 32) == (word & 3 == 3):
            return row.name
    return '-'


def explain(table, ours, theirs, elf, seed, args, params, seen):
    """The words of a block that differ, some of each row."""
    p = dict(params, seed=seed, blocks=1, detail=1)
    a, b = run(ours, elf, args.timeout, **p), run(theirs, elf, args.timeout, **p)
    for x, y in zip(a, b):
        if x == y or x.startswith('='):
            continue
        w = int(x.split()[0], 16)
        name = row_of(table, w)
        kind = (name, x.split()[1], y.split()[1])
        seen[kind] += 1
        if seen[kind] <= 3:
            print(f'  {w:08x} {name}: cause, offset, tval, registers {x.split()[1:]}, '
                  f'peer {y.split()[1:]}')


def check(args):
    table = geninsn.load([os.path.join(HERE, '../../target/riscv/isa', n) for n in sorted(
        os.listdir(os.path.join(HERE, '../../target/riscv/isa'))) if n.endswith('.insn')])
    ours, theirs = peers.Model(args.ours), peers.Model(args.peer)
    skips = [(mask, bits) for models, mask, bits, _ in SKIPPED if theirs.name() in models]
    bad, seen = 0, collections.Counter()
    for kind in args.kind or KINDS:
        words = legal = left_out = 0
        todo = 1 if kind == 0 else args.blocks
        for first in range(0, todo, AT_ONCE):
            params = dict(kind=kind, seed=args.seed + first, blocks=min(AT_ONCE, todo - first),
                          detail=0, vectors=1, skips=skips)
            a = totals(run(ours, args.program, args.timeout, **params))
            b = totals(run(theirs, args.program, args.timeout, **params))
            for seed in a:
                words += 65536
                legal += a[seed][1]
                left_out += a[seed][2]
                if a[seed] != b.get(seed):
                    bad += 1
                    if bad <= args.explain:
                        print(f'{KINDS[kind]}, block {seed} differs')
                        explain(table, ours, theirs, args.program, seed, args, params, seen)
        print(f'{KINDS[kind]}: {words} words, {legal} ran to their end, {left_out} left out, '
              f'compared with {theirs.name()}', flush=True)
    for kind, count in seen.most_common():
        print(f'  {count} of {kind}')
    print(f'{bad} blocks differ')
    return 1 if bad else 0


def rows(files):
    print('/* Generated by words.py; do not edit. */')
    for row in geninsn.load(files).rows:
        print(f'{{ {row.mask:#x}, {row.bits:#x} }}, /* {row.name} */')
    return 0


def main():
    if sys.argv[1:2] == ['rows']:
        return rows(sys.argv[2:])
    p = peers.parser()
    p.add_argument('what', choices=['check'])
    p.add_argument('--blocks', type=int, default=4)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--kind', type=int, action='append', choices=KINDS)
    p.add_argument('--explain', type=int, default=2, help='blocks of which the words are told')
    p.add_argument('--timeout', type=int, default=300)
    return check(p.parse_args())


sys.exit(main())
