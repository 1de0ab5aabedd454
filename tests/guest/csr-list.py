#!/usr/bin/env python3
# Compares the listing of csr-list.c with the one that was checked against the specification, and on
# request with another emulator's.
#
#   csr-list.py --ours COMMAND --program csr-list.elf --expected csr-list.txt
#   csr-list.py --ours COMMAND --program csr-list.elf --peer "qemu-system-riscv64 -cpu rv64,h=off"
#
# SPDX-License-Identifier: MIT

import argparse
import difflib
import shlex
import subprocess
import sys

ARGS = ['-M', 'virt', '-bios', 'none', '-display', 'none', '-serial', 'stdio', '-monitor', 'none']

# Where QEMU 10 answers otherwise, and why we do not follow.
KNOWN = {
    'UXL and SXL can have one value only': {0x100, 0x300},
    'CBIE = 2 is reserved': {0x10a, 0x30a},
    'bit 0 of an address is zero': {0x141, 0x341},
    'what needs H, Sscofpmf, Smcdeleg, Smdbltrp': {0x302, 0x303, 0x304, 0x30a, 0x344},
    'events that nothing counts': set(range(0x323, 0x340)),
    'bits 5, 6 and W without R are reserved': {0x3a0, 0x3a2},
    'pmpaddr has 54 bits': set(range(0x3b0, 0x3c0)),
}


# stvec, sscratch, mtvec, mscratch hold addresses of the program: only the bits that follow are told.
ADDRESSES = {0x105, 0x140, 0x305, 0x340}


def plain(line):
    words = line.split()
    if int(words[0], 16) in ADDRESSES:
        words = [words[0], words[1], words[3]]
    return ' '.join(words)


def listing(command, program):
    p = subprocess.run(shlex.split(command) + ARGS + ['-kernel', program],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60, check=False)
    lines = p.stdout.decode('latin-1').replace('\r', '').splitlines()
    if not lines or lines[-1] != 'PASS':
        sys.exit(f'{command}: the program did not end well: {lines[-1:]}')
    return [plain(line) for line in lines if line.startswith('0x')]


def by_number(lines):
    return {int(line.split()[0], 16): line for line in lines}


def compare_peer(ours, peer):
    excused = set().union(*KNOWN.values())
    a, b = by_number(ours), by_number(peer)
    bad = 0
    for number in sorted(set(a) | set(b)):
        if a.get(number) != b.get(number) and number not in excused:
            print(f'ours {a.get(number)}\npeer {b.get(number)}')
            bad += 1
    return bad


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--ours', required=True)
    p.add_argument('--program', required=True)
    p.add_argument('--expected')
    p.add_argument('--peer')
    p.add_argument('--write', action='store_true', help='write the expected listing anew')
    args = p.parse_args()
    ours = listing(args.ours, args.program)
    if args.write:
        with open(args.expected, 'w', encoding='ascii') as f:
            f.write('\n'.join(ours) + '\n')
        return 0
    if args.peer:
        return min(compare_peer(ours, listing(args.peer, args.program)), 1)
    with open(args.expected, encoding='ascii') as f:
        expected = f.read().splitlines()
    for line in difflib.unified_diff(expected, ours, 'expected', 'ours', lineterm='', n=0):
        print(line)
    return int(ours != expected)


sys.exit(main())
