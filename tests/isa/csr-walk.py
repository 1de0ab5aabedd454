#!/usr/bin/env python3
# Compares what csr-walk.c prints on ours and on another model, number by number. What is not the same
# and not in the list below fails.
#
#   csr-walk.py --ours COMMAND --program csr-walk.elf --peer TREE|COMMAND [--all]
#
# SPDX-License-Identifier: MIT

import argparse
import sys

import peer as peers

# What is compared: our -cpu, that of QEMU, the ISA string of Spike.
CONFIGS = {
    'plain': ('rv64,h=off,v=off,num-pmp-regions=16,svpbmt=off', 'rv64,h=off,num-pmp-regions=16',
              'rv64gc_zicbom_zicboz_zicntr_zihpm_sstc_svadu'),
    'h': ('rv64,num-pmp-regions=16,smstateen=on,svpbmt=on,sscofpmf=on,v=on,vlen=128',
          'rv64,num-pmp-regions=16,smstateen=on,svpbmt=on,sscofpmf=on,v=on,vlen=128',
          'rv64gcvh_zicbom_zicboz_zicntr_zihpm_smstateen_sstc_svadu_svpbmt_sscofpmf'),
    'aia': ('rv64,num-pmp-regions=16,smaia=on,ssaia=on,smstateen=on,smepmp=on,svpbmt=on',
            'rv64,num-pmp-regions=16,smaia=on,ssaia=on,smstateen=on,smepmp=on,svpbmt=on',
            'rv64gch_zicbom_zicboz_zicntr_zihpm_smaia_ssaia_smstateen_sstc_smepmp_svadu_svpbmt'),
    'double': ('rv64,num-pmp-regions=16,smstateen=on,svpbmt=on,ssdbltrp=on',
               'rv64,num-pmp-regions=16,smstateen=on,svpbmt=on,ssdbltrp=on',
               'rv64gch_zicbom_zicboz_zicntr_zihpm_smstateen_sstc_svadu_svpbmt_ssdbltrp'),
    'counters': ('rv64,num-pmp-regions=16,smstateen=on,sscofpmf=on,smcntrpmf=on,smcdeleg=on,ssccfg=on,smctr=on',
                 'rv64,num-pmp-regions=16,smstateen=on,sscofpmf=on,smcntrpmf=on,smcdeleg=on,ssccfg=on,smctr=on,'
                 'ssctr=on',
                 'rv64gch_zicbom_zicboz_zicntr_zihpm_smstateen_sstc_svadu_sscofpmf_smcntrpmf_smcdeleg_ssccfg'),
}

# Where a model differs: models, CSR numbers, modes ('' for all), fields ('' for all), the reason with
# the clause of the specification that we follow.
QEMU = ('qemu10', 'qemu11')
EXCUSED = [
    # Who may
    (QEMU, {*range(0x7a0, 0x7b0), 0x5a8, 0x6a8}, '', '',
     'tcontrol, scontext and hcontext are not there; triggers start as mcontrol, not disabled'),
    (QEMU, {*range(0x31c, 0x320), *range(0x61c, 0x620)}, '', '',
     'high halves do not exist with XLEN 64 (Smstateen, 1.1)'),
    (QEMU, {0x114, 0x154, 0x214, 0x254, 0x313, 0x613, 0x618, 0x655, 0x656, 0x657}, '', 'r w',
     'high halves do not exist with XLEN 64: illegal, not virtual (AIA, 2.5)'),
    (QEMU, {0x10a, 0x150, 0x151, 0x250, 0x251, 0x60a}, 'VS VU', 'r w',
     'what mstateen0 closes is illegal below M, not virtual (Smstateen; AIA, 2.5; Smcsrind, 7.3)'),
    (QEMU, {0x15c, 0x25c}, 'VS VU', 'r w',
     'without an IMSIC mstateen0 has no say about stopei and vstopei (AIA, 2.5)'),
    (QEMU, {*range(0x152, 0x158), *range(0x252, 0x258)}, 'VS VU', 'r w',
     'the same of what came with Sscsrind (Smcsrind, 7.3)'),
    (('qemu10',), {0x120}, '', 'r w', 'scountinhibit is illegal while menvcfg.CDE is 0 (Ssccfg)'),
    # Bits
    (QEMU, {0x15f}, 'M S', '1', 'which depth a value that has none leaves is free'),
    (QEMU, {0x321, 0x322}, 'M', '1 set', 'bit 63 is read-only 0, and there are none below 58 (Smcntrpmf)'),
    (QEMU, {0x100, 0x200, 0x300}, '', 'set cleared side 0 1 start',
     'UXL and SXL can only be 2; SD follows FS and VS; MPV and GVA are there with H; in vsstatus only what '
     'sstatus has; VS not without V (Privileged, 3.1.6, 18.2.11)'),
    (QEMU, {0x10a, 0x30a, 0x60a}, '', '', 'CBIE = 2 is reserved (CMO, 3.4); henvcfg is masked by menvcfg'
     ' as long as that has zeroes, not for ever after (Privileged, 18.2.5)'),
    (QEMU, {0x10c, 0x10d, 0x10e, 0x10f}, '', '',
     'sstateen has bits 0 to 2 only (Smstateen, 1.1)'),
    (QEMU, {0x30c, 0x60c}, 'M S', '',
     'P1P13 is for RV32, IMSIC only with an IMSIC (Smstateen, 1.2; AIA, 2.5)'),
    (QEMU, {0x141, 0x241, 0x341}, '', '', 'bit 0 of an address is zero (Privileged, 3.1.14)'),
    (QEMU, {0x104, 0x144, 0x204, 0x244, 0x303, 0x304, 0x344, 0x603, 0x645}, '', '',
     'custom interrupts that nothing raises; with H off its interrupts do not exist; VSTIP, VSEIP and SGEIP '
     'of mip are read-only, VSTIP of hvip is not (Privileged, 18.2.3, 18.4.3)'),
    (QEMU, {0x302, 0x602}, '', '', 'a software check needs Zicfilp or Zicfiss'),
    (QEMU, range(0x323, 0x340), 'M', '',
     'events that nothing counts; the filter bits need Sscofpmf; no counters 19 and above'),
    (QEMU, range(0x3a0, 0x3b0), 'M', '', 'bits 5, 6 and W without R are reserved (Privileged, 3.7.1)'),
    (QEMU, range(0x3b0, 0x3f0), 'M', '', 'pmpaddr has 54 bits (Privileged, 3.7.1)'),
    (QEMU, {0x600}, 'M S', '', 'undefined bits of hstatus; VGEIN has no files (Privileged, 18.2.1)'),
    (QEMU, {0x64a}, 'M S', '', 'htinst holds what is written'),
    (QEMU, {0x680}, 'M S', '', 'a MODE that there is not does not keep hgatp from changing, and its lowest '
     'two bits are zero (Privileged, 18.2.10)'),
    (QEMU, {0x150, 0x250, 0x350}, '', '1 set', 'the select registers have 12 bits with Sscsrind'),
    (QEMU, {0x308, 0x309, 0x608, 0x609, 0x646, 0x647}, 'M S', '',
     'mvip has what mvien has (AIA, 5.3); width of IID, and reset values of priorities, are free'),
    (QEMU, {0x747}, 'M', '', 'undefined bits of mseccfg'),
    (QEMU, {0xf12}, 'M', '', 'marchid tells who it is'),
]


def excused(model, key, field):
    config, mode, csr = key
    for models, numbers, modes, fields, _ in EXCUSED:
        if (model in models and csr in numbers and (not modes or mode in modes.split()) and
                (not fields or field in fields.split())):
            return True
    return False


def parse(lines, who):
    if not lines or lines[-1] != 'PASS':
        sys.exit(f'{who}: the program did not end well: {lines[-1:]}')
    out = {}
    for line in lines:
        words = line.split()
        if len(words) > 3 and words[3].startswith('r:'):
            out[(words[0], words[1], int(words[2], 16))] = dict(w.split(':') for w in words[3:])
    return out


def compare(name, ours, theirs, model, show_all):
    illegal = {'r': '2', 'w': '2'}
    bad = fine = 0
    for key in sorted(set(ours) | set(theirs)):
        a, b = ours.get(key, illegal), theirs.get(key, illegal)
        wrong = [f for f in dict(a, **b) if a.get(f) != b.get(f) and
                 (show_all or not excused(model, key, f))]
        if a.get('r') != b.get('r'):
            wrong = [f for f in wrong if f in 'rw']  # the rest follows
        if wrong:
            bad += 1
            print(f'{name}, {key[0]}: {key[1]} {key[2]:03x}: ' +
                  ', '.join(f'{f} {a.get(f, "-")} not {b.get(f, "-")}' for f in wrong))
        else:
            fine += 1
    print(f'{name}: {fine} lines the same or excused, {bad} differ from {model}')
    return bad


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--ours', required=True)
    p.add_argument('--program', required=True)
    p.add_argument('--peer', required=True)
    p.add_argument('--config', action='append', choices=CONFIGS)
    p.add_argument('--all', action='store_true', help='what is excused, too')
    args = p.parse_args()
    ours, theirs = peers.Model(args.ours), peers.Model(args.peer)
    bad = 0
    for name in args.config or CONFIGS:
        cpu, qemu_cpu, isa = CONFIGS[name]
        a = parse(ours.run(args.program, cpu), 'ours')
        b = parse(theirs.run(args.program, qemu_cpu, isa), 'peer')
        bad += compare(name, a, b, theirs.name(), args.all)
    return 1 if bad else 0


sys.exit(main())
