#!/usr/bin/env python3
# Compares what aia-walk.c prints on ours and on another model, field by field. What is not the same and
# not in the list below fails.
#
#   aia-walk.py --ours COMMAND --program aia-walk.elf --peer TREE|COMMAND [--all]
#
# SPDX-License-Identifier: MIT

import re
import struct
import sys

import peer as peers

CPU = 'rv64,num-pmp-regions=16,smaia=on,ssaia=on,sscofpmf=on'
MACHINES = ('virt,aia=aplic', 'virt,aia=aplic-imsic,aia-guests=3')

def hexes(line):
    """The fields of a line that have a name and a value."""
    return {k: int(v, 16) for k, _, v in (w.partition(':') for w in line.split()) if v and k != 'op'}


def external(f):
    return (f['sip'] & f['sie']) >> 9 & 1


def guest_external(f):
    return (f['mip'] & f['mie']) >> 10 & 1


def vti(f):
    return f['hvictl'] >> 30 & 1 and (f['hvictl'] >> 16 & 0xfff in (0, 9) or not f['hvictl'] & 0xff)


# Where QEMU differs: expressions for the line and for the field, a condition, the reason with the clause that
# we follow.
EXCUSED = [
    ('[MS]-sourcecfg ', '=0', None, 'modes 2 and 3 are reserved (4.5.2)'),
    ('M-sourcecfg ', '=400', None, 'a child index that there is not (4.5.2: WLRL)'),
    ('[MS]-inactive-target ', '', None, 'the target of an inactive source is read-only zero (4.5.16)'),
    ('[MS]-target ', '(1|set):', None, 'reserved bits, and the guest index of a machine-level domain (4.5.16)'),
    ('[MS]-genmsi ', '(1|set):', None, 'bit 11 is reserved (4.5.15)'),
    ('reg [01] 3', '(1|set):', None, 'interrupts that cannot be enabled have no number (5.2.1, 5.4.1)'),
    ('reg [01] [7-9a-f][0-9a-f] traps:0 cause:0 0:0 1:0 set:0 ', 'length', None,
     'registers of a file that are reserved, or for identities that there are not, read zero (3.7, 3.8)'),
    ('reg [2-4] [7-9a-f][0-9a-f] traps:0 cause:0 0:0 1:0 set:0 ', 'length', None, 'the same'),
    ('hart ', 'stopi:', external,
     'an external interrupt without a number comes after those that have one, and has 255 in stopi (5.4.1)'),
    ('hart ', 'vstopi:', guest_external, 'what hideleg does not delegate does not count, and an external interrupt '
     'without a number comes last (6.3.3)'),
    ('hart ', 'vstopi:', vti, 'VTI with IID = 9 is no interrupt by itself, with 0 it is one; a number of 0 is 0 '
     'where DPR is (6.3.2, 6.3.3)'),
]


def excused(line, field):
    return any(re.match(where, line) and re.match(what, field) and (not when or when(hexes(line)))
               for where, what, when, _ in EXCUSED)


def lines_of(model, program, machine):
    lines = model.run(program, CPU, machine=machine, more=['-smp', '2'])
    if not lines or lines[-1] != 'PASS':
        sys.exit(f'{model.name()}, {machine}: the program did not end well: {lines[-2:]}')
    return lines[:-1]


def compare(machine, ours, theirs, show_all, most):
    bad = excuses = 0
    for a, b in zip(ours, theirs):
        if a == b:
            continue
        fields, peer_fields = a.split(), b.split()
        if len(fields) == len(peer_fields):
            wrong = [f'{x} not {y}' for x, y in zip(fields, peer_fields)
                     if x != y and (show_all or not excused(a, x))]
        else:
            wrong = [f'peer {b}'] if show_all or not excused(a, 'length') else []
        if not wrong:
            excuses += 1
            continue
        bad += 1
        if bad <= most:
            print(f'{machine}: {a}: ' + ', '.join(wrong))
    if len(ours) != len(theirs):
        bad += 1
        print(f'{machine}: {len(ours)} lines, peer {len(theirs)}')
    print(f'{machine}: {len(ours)} lines, {excuses} of them excused, {bad} differ')
    return bad


def main():
    p = peers.parser()
    p.add_argument('--all', action='store_true', help='what is excused, too')
    p.add_argument('--most', type=int, default=100, help='lines told')
    args = p.parse_args()
    ours, theirs = peers.Model(args.ours), peers.Model(args.peer)
    bad = 0
    lacks = struct.pack('<2Q', *[theirs.name() == 'qemu10'] * 2)
    with peers.told(args.program, b'aia-walk', lacks) as elf:
        for machine in MACHINES:
            bad += compare(machine, lines_of(ours, elf, machine), lines_of(theirs, elf, machine),
                           args.all, args.most)
    return 1 if bad else 0


sys.exit(main())
