#!/usr/bin/env python3
# Compares what csr-walk.c prints on ours and on another model, number by number. What is not the same
# and not in the list below fails.
#
#   csr-walk.py --ours COMMAND --program csr-walk.elf --peer TREE|COMMAND [--all]
#
# SPDX-License-Identifier: MIT

import struct
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
                 'rv64gch_zicbom_zicboz_zicntr_zihpm_smstateen_sstc_svadu_sscofpmf_smcntrpmf_smcdeleg_ssccfg_smcsrind_sscsrind'),
    'more': ('rv64,num-pmp-regions=16,smstateen=on,zicfilp=on,zimop=on,zcmop=on,zicfiss=on,smnpm=on,ssnpm=on,smmpm=on,smrnmi=on',
             'rv64,num-pmp-regions=16,smstateen=on,zicfilp=on,zimop=on,zcmop=on,zicfiss=on,smnpm=on,ssnpm=on,smmpm=on,'
             'smrnmi=on',
             'rv64gch_zicbom_zicboz_zicntr_zihpm_smstateen_sstc_svadu_zicfilp_zimop_zcmop_zicfiss_smnpm_ssnpm_smmpm_smrnmi'),
}

# Spike has all registers of PMP, all counters, and no Smctr; Smaia brings it the indirect registers of Smcsrind.
AS_SPIKE = (('num-pmp-regions=16', 'num-pmp-regions=64,pmu-mask=0xfffffff8'), (',smctr=on', ''),
            ('smaia=on,ssaia=on', 'smaia=on,ssaia=on,smcsrind=on,sscsrind=on'))

# Where a model differs: models, CSR numbers, modes ('' for all), fields ('' for all), the reason with
# the clause of the specification that we follow.
QEMU = ('qemu10', 'qemu11')
SPIKE = ('spike',)
ALL = (*QEMU, *SPIKE)
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
    (ALL, {0xf12}, 'M', '', 'marchid tells who it is'),
    (QEMU, {0x742}, 'M', '', 'which causes mncause holds is free (Smrnmi, WLRL)'),

    (QEMU, {0x011}, 'U VS VU', 'r w', 'menvcfg.SSE closes ssp to all below M, henvcfg and senvcfg to guests (Zicfiss)'),
    (QEMU, {0x011}, '', '1 set', 'bits 0 to 2 of ssp are zero where XLEN is never 32 (Zicfiss)'),
    (QEMU, {0x741}, 'M', '1 set', 'bit 0 of an address is zero (Smrnmi)'),
    (QEMU, {0x744}, 'M', '1 set', 'MNPELP is there with Zicfilp; MNPP cannot be 2 (Smrnmi)'),

    # Spike. Who may
    (SPIKE, {0x7a5}, 'M', '', 'tcontrol is there when the trigger module is (Sdtrig: optional)'),
    (SPIKE, {0x5a8, 0x6a8}, 'S U VS VU', 'r w', 'CONTEXT of mstateen0 and hstateen0 has a say (Smstateen, 1.2)'),
    (SPIKE, {0x608, 0x609, 0x646, 0x647, 0xdb0, 0xeb0}, 'S VS VU', 'r w',
     'AIA of mstateen0 and hstateen0 opens them (AIA, 2.5)'),
    (SPIKE, {0x25c}, 'VS VU', 'r w', 'without an IMSIC mstateen0 has no say about vstopei (AIA, 2.5)'),
    (SPIKE, {0x151, 0x152, 0x153, 0x155, 0x156, 0x157}, 'VS', 'r w',
     'a select that nobody has should be illegal, so that M can emulate it (Sscsrind, 7.2)'),
    (SPIKE, {0x151, 0x152, 0x153, 0x155, 0x156, 0x157}, 'VU', 'r w',
     'what mstateen0 closes is illegal below M, not virtual (Smcsrind, 7.3)'),
    (SPIKE, {0x351, 0x352, 0x353, 0x355, 0x356, 0x357}, 'VS VU', 'r w',
     'a register of M is illegal for guests, not virtual (Privileged, 18.6.1)'),
    (SPIKE, {0x120}, 'VS VU', 'r w', 'scountinhibit is virtual for guests with menvcfg.CDE, illegal without (Ssccfg)'),
    (SPIKE, {0xda0}, 'VS VU', 'w', 'a write of a read-only register is illegal, not virtual (Privileged, 2.1)'),
    # Bits
    (SPIKE, {0x105, 0x205, 0x305}, '', '1 set cleared side', 'what MODE = 3 leaves is free (Privileged, 3.1.7)'),
    (SPIKE, {0x10a, 0x30a, 0x60a}, '', 'start 1 set cleared side',
     'FIOM exists where satp can have a MODE (Privileged, 3.1.18); what reserved CBIE and PMM leave is free'),
    (SPIKE, {0x10c, 0x30c, 0x60c}, '', 'start 0 1 set cleared side',
     'no custom state: C is 0; CONTEXT, AIA and IMSIC are for what there is; bit 60 needs Smcsrind, bit 56 '
     'Priv 1.13 (Smstateen, 1.2)'),
    (SPIKE, {0x150, 0x250, 0x350}, '', '1 set', 'the select registers have 12 bits, which is enough (Smcsrind)'),
    (SPIKE, {0x280}, 'M S', '1', 'a MODE that there is not changes nothing (Privileged, 18.2.13: either way)'),
    (SPIKE, {0x104, 0x144, 0x204, 0x244, 0x603}, '', 'start 1 set', 'Shlcofideleg comes with Sscofpmf'),
    (SPIKE, {0x301}, 'M', '0 set cleared', 'misa is read-only (Privileged, 3.1.1)'),
    (SPIKE, {0x302, 0x602}, 'M S', '1 set', 'misaligned fetches, hardware errors: raised by neither (Privileged, 3.1.8)'),
    (SPIKE, {0x308, 0x309, 0x608, 0x645, 0x646, 0x647}, 'M S', '1 set',
     'mvien, mvip, hvien, hvip have the local interrupts, too, hviprio is not zero (AIA, 5.3, 6.3)'),
    (SPIKE, {0x609}, 'M S', '1 set', 'the width of IID is free (AIA, 6.3.2)'),
    (SPIKE, range(0x323, 0x340), 'M', 'set', 'which events there are is free (Privileged, 3.1.10)'),
    (SPIKE, {0x7a3}, 'M', '1', 'what a reserved mhselect leaves is free (Sdtrig)'),
    (SPIKE, {0x3a0}, 'M', 'set cleared side', 'W without R is reserved; what it leaves is free (Privileged, 3.7.1)'),
    (SPIKE, {0x742}, 'M', 'start 0 1 set cleared', 'which causes mncause holds is free (Smrnmi, WLRL)'),
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


def walk(ours, theirs, program, name, show_all):
    cpu, qemu_cpu, isa = CONFIGS[name]
    if theirs.name() == 'spike':
        for was, becomes in AS_SPIKE:
            cpu = cpu.replace(was, becomes)
    a = parse(ours.run(program, cpu), 'ours')
    b = parse(theirs.run(program, qemu_cpu, isa), 'peer')
    return compare(name, a, b, theirs.name(), show_all)


def main():
    p = peers.parser()
    p.add_argument('--config', action='append', choices=CONFIGS)
    p.add_argument('--all', action='store_true', help='what is excused, too')
    args = p.parse_args()
    ours, theirs = peers.Model(args.ours), peers.Model(args.peer)
    bad = 0
    does_not_stand = struct.pack('<2Q', *[theirs.name() in QEMU] * 2)
    with peers.told(args.program, b'csr-walk', does_not_stand) as elf:
        for name in args.config or CONFIGS:
            bad += walk(ours, theirs, elf, name, args.all)
    return 1 if bad else 0


sys.exit(main())
