# Random programs from the instruction tables: an image for harness.S, the same for every emulator.
# SPDX-License-Identifier: MIT

import os
import random
import re
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../../target/riscv/isa'))
import genfuse  # noqa: E402
import geninsn  # noqa: E402

BASE, POOL, DATA, REGS, CONFIG, BODY = (0x80000000, 0x80002000, 0x80003000, 0x80005000,
                                        0x80005200, 0x80010000)
ITERATION_END, CHECKPOINT = BASE + 0x10, BASE + 0x20
ALIAS = 0x40000000
STACK = 0x8000b000
OTHER, SHARED = 0x80200000, 0x80400000
# What may be given to S: all but calls, and guest-page faults to HS only.
DELEGATED = 0xb0ff
GUEST_FAULTS = 0xd00000
SP, S0, TEMP, POOL_REG, DATA_REG = 2, 8, 29, 30, 31
RESERVED = {SP, S0, TEMP, POOL_REG, DATA_REG}
CHECK_EVERY = 25
C_NOP, LPAD = struct.pack('<H', 1), struct.pack('<I', 0x17)

# Rows that change the machine around the program, wait, or have no defined outcome.
EXCLUDED = {'hfence.vvma', 'hfence.gvma', 'hinval.vvma', 'hinval.gvma',
            *(f'hlv.{t}' for t in ('b', 'bu', 'h', 'hu', 'w', 'wu', 'd')), 'hlvx.hu', 'hlvx.wu',
            *(f'hsv.{t}' for t in 'bhwd'),
            'mret', 'sret', 'mnret', 'wfi', 'wrs.nto', 'wrs.sto', 'sfence.vma', 'sinval.vma',
            'sfence.w.inval', 'sfence.inval.ir', 'ebreak', 'c.ebreak', 'c.addi16sp',
            'cbo.inval', 'lr.w', 'lr.d', 'sc.w', 'sc.d'}
SIZES = {'b': 1, 'h': 2, 'w': 4, 'd': 8, 'q': 16}  # of atomics, by the end of their names
LOADS = {'b': 'lb', 'h': 'lhu', 'w': 'lw', 'd': 'ld', 'q': 'ld'}
SSTATUS = 0x100
EPCS = (0x141, 0x341)
CSRS = (0x001, 0x001, 0x002, 0x003, 0x003, SSTATUS, 0x140, 0x141, 0x142, 0x143, 0x340, 0x341, 0x342,
        0x343)

CORNERS = [0, 1, 2, 3, 7, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
           0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffff80000000,
           0xffffffffffffffff, 0xfffffffffffffffe, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa]
F64 = [0x3ff0000000000000, 0x4000000000000000, 0x3fe0000000000000, 0x3ff8000000000000,
       0x7ff0000000000000, 0x7ff8000000000000, 0x7ff4000000000000, 0x7ff0000000000001, 1, 2,
       0x000fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff, 0x41dfffffffc00000,
       0x41e0000000000000, 0x43e0000000000000, 0x43f0000000000000, 0x3ca0000000000000,
       0x36a0000000000000, 0x380fffffffffffff, 0x47efffffe0000000, 0x3fefffffffffffff]
F32 = [0x3f800000, 0x40000000, 0x3f000000, 0x3fc00000, 0x7f800000, 0x7fc00000, 0x7fa00000,
       0x7f800001, 1, 0x007fffff, 0x00800000, 0x7f7fffff, 0x4effffff, 0x4f000000, 0x5f000000,
       0x5f800000, 0x33800000, 0x3f7fffff]


F16 = [0x3c00, 0x4000, 0x3800, 0x3e00, 0x7c00, 0x7e00, 0x7d00, 0x7c01, 1, 2, 0x03ff, 0x0400, 0x7bff,
       0x5bff, 0x5c00, 0x77ff, 0x7800, 0x1000, 0x3bff]


class Generator:
    def __init__(self, table, sequences, seed, without=(), without_rows=()):
        self.rng = random.Random(seed)
        self.table = table
        self.without = without = {w.lower() for w in without}
        self.zama16b = 'zama16b' not in without
        self.rows = [r for r in table.rows if r.name not in EXCLUDED and 'vs' not in r.flags
                     and r.name not in without_rows
                     and self.available(r)]
        by = {r.name: r for r in self.rows}
        self.plain = [r for r in self.rows if r.end() == 'none' or r.name == 'fence.i']
        self.branches = [r for r in self.rows if r.end() == 'branch']
        self.jumps = [r for r in self.rows if r.end() == 'jump']
        self.indirect = [by[n] for n in ('jalr', 'c.jr', 'c.jalr') if n in by]
        self.sequences = [[by[n] for n in s] for s in sequences if all(n in by for n in s)]
        self.by = by
        self.atomics_fault_well = self.reservations = True
        self.last_rd = {'x': 5, 'f': 5}
        self.vectors = 0
        self.guests = False
        self.closed = set() # pages that the first stage does not give
        self.delegate = False
        self.csrs = CSRS
        self.looping = False    # TEMP is taken
        self.base, self.two = BASE, False
        self.extra = b''    # what is at STACK
        self.landing_pads = False

    def available(self, row):
        """Whether both have the row: one of the alternatives that it requires."""
        return any(not {w.lower() for w in re.findall(r'\w+', part)} & self.without
                   for part in (row.requires or '').split('|'))

    # ---- Values ----

    def value(self):
        r = self.rng
        kind = r.randrange(10)
        if kind == 8:
            return 0xffffffffffff0000 | r.choice(F16) | r.randrange(2) << 15
        if kind == 9:
            return (0xffffffffffff0000 | r.getrandbits(10) | r.randrange(8, 24) << 10 |
                    r.randrange(2) << 15)
        if kind == 0:
            return r.choice(CORNERS)
        if kind == 1:
            return 1 << r.randrange(64)
        if kind == 2:
            return r.choice(F64) | r.randrange(2) << 63
        if kind == 3:
            return 0xffffffff00000000 | r.choice(F32) | r.randrange(2) << 31
        if kind == 4:   # floating-point numbers near one another
            return r.getrandbits(52) | r.randrange(1013, 1033) << 52 | r.randrange(2) << 63
        if kind == 5:
            return (0xffffffff00000000 | r.getrandbits(23) | r.randrange(117, 137) << 23 |
                    r.randrange(2) << 31)
        if kind == 6:
            return r.getrandbits(r.randrange(1, 65))
        return r.getrandbits(64)

    def register(self, cls, prime, writing):
        r = self.rng
        if cls == 'f':
            n = self.last_rd['f'] if r.random() < 0.25 else r.randrange(32)
            return 8 + (n & 7) if prime else n
        allowed = range(8, 16) if prime else range(32)
        allowed = [n for n in allowed if not writing or n not in RESERVED]
        if r.random() < 0.3 and self.last_rd['x'] in allowed:
            return self.last_rd['x']
        return r.choice(allowed)

    # ---- Encoding ----

    @staticmethod
    def encode(row, operands):
        bits = row.bits
        for op, source in row.format.fields.items():
            enc = source.encodings(operands[op])
            if enc is None:
                raise ValueError(f'{row.name}: {op}={operands[op]:#x} does not fit')
            bits = (bits & ~enc[0]) | enc[1]
        return struct.pack('<I' if row.width == 32 else '<H', bits)

    def immediate(self, source):
        r = self.rng
        if source.kind.startswith('const'):
            return source.const
        v = r.choice((0, 1, -1, r.getrandbits(source.width))) if r.random() < 0.5 \
            else r.getrandbits(source.width)
        v &= (1 << source.width) - 1
        if source.kind == 's' and v >> (source.width - 1):
            v -= 1 << source.width
        return v << source.shift

    def fits(self, row, operands):
        for op, value in row.excludes:
            if operands[op] == value:
                return False
        # Fixed bits of the pattern that belong to an operand must agree with it.
        for op, source in row.format.fields.items():
            mask, bits = source.encodings(operands[op])
            if (row.bits ^ bits) & mask & row.mask:
                return False
        return True

    def operands(self, row, fixed=None):
        """Random operands; fixed ones keep their value."""
        for _ in range(200):
            out = dict(fixed or {})
            for op, source in row.format.fields.items():
                if op in out:
                    continue
                if source.kind in ('x', 'f'):
                    out[op] = self.register(source.kind, source.prime, op == 'rd')
                elif source.kind.startswith('const'):
                    out[op] = source.const
                elif source.kind == 'rm':
                    out[op] = self.rng.choice((0, 1, 2, 3, 4, 7, 7, 7, 7, 7, 7, 7, 7, 5, 6))
                elif source.kind == 'aqrl':
                    out[op] = self.rng.randrange(4)
                else:
                    out[op] = self.immediate(source)
            # The same register read and written (c.addi) must not be one that stays.
            rd = row.format.fields.get('rd')
            if rd and rd.kind == 'x' and out['rd'] in RESERVED:
                continue
            if rd and rd.bits() and 'rs1' in row.format.fields and \
                    row.format.fields['rs1'].bits() == rd.bits():
                out['rs1'] = out['rd']
            if all(s.encodings(out[o]) for o, s in row.format.fields.items()) and \
                    self.fits(row, out):
                if rd and rd.register_class():
                    self.last_rd[rd.register_class()] = out['rd']
                return out
        return None

    def addi(self, rd, rs1, imm):
        return self.encode(self.by['addi'], {'rd': rd, 'rs1': rs1, 'imm': imm})

    # ---- Units: runs of instructions that a branch may skip as a whole ----

    def memory(self, row):
        """A load, store or atomic with an address in the data area (or the pool, for loads)."""
        rs1 = row.source('rs1')
        if rs1.kind.startswith('const'):
            o = self.operands(row)
            return self.encode(row, o) if o else b''
        if rs1.prime:
            o = self.operands(row, {'rs1': S0})
            return self.encode(row, o) if o else b''
        if row.source('imm'):
            base = DATA_REG
            if 'store' not in row.flags and self.rng.random() < 0.6:
                base = POOL_REG
            o = self.operands(row, {'rs1': base})
            if base == POOL_REG and o:
                o['imm'] &= ~7
            return self.encode(row, o) if o else b''
        if not self.reservations and not self.atomics_fault_well:
            return b''
        size = 64 if row.name.startswith('cbo') else SIZES[re.sub(r'\.(aq|rl|aqrl)$', '', row.name)[-1]]
        offset = self.rng.randrange(-2048, 2048) & -size
        if self.rng.random() < 0.03 and self.misaligned_same(row, offset, size):
            offset |= 1
        o = self.operands(row, {'rs1': TEMP})
        if row.name.startswith('amocas') and o['rd'] == 0:
            return b''  # after it, QEMU 10 takes x0 for something else than 0
        out = self.addi(TEMP, DATA_REG, offset)
        if row.name.startswith('amocas') and self.rng.random() < 0.7:  # what is expected is there
            load = self.by[LOADS[row.name[-1]]]
            out += self.encode(load, {'rd': o['rd'], 'rs1': TEMP, 'imm': 0})
            if row.name == 'amocas.q' and o['rd'] and o['rd'] + 1 not in RESERVED:
                out += self.encode(load, {'rd': o['rd'] + 1, 'rs1': TEMP, 'imm': 8})
        return out + self.encode(row, o)

    def misaligned_same(self, row, offset, size):
        """Whether a misaligned atomic does the same everywhere: it traps, or with Zama16b it is done. QEMU
        does it across 16 bytes as well, and not for Zabha and Zacas; the manual has it otherwise."""
        if not self.atomics_fault_well or not self.zama16b:
            return self.atomics_fault_well
        return size in (4, 8) and offset % 16 + size < 16 and not row.name.startswith('amocas')

    def csr(self, row):
        o = self.operands(row, {'imm': self.rng.choice([c for c in self.csrs if c != SSTATUS or not self.looping])})
        out = self.encode(row, o) if o else b''
        if o and o['imm'] == SSTATUS:
            # Floating point must go on, and vectors.
            out += self.encode(self.by['lui'], {'rd': TEMP, 'imm': 0x6000})
            out += self.encode(self.by['addi'], {'rd': TEMP, 'rs1': TEMP, 'imm': 0x600})
            out += self.encode(self.by['csrrs'], {'rd': 0, 'rs1': TEMP, 'imm': SSTATUS})
            # QEMU takes any UXL: 2.
            out += self.addi(TEMP, 0, 1) + self.encode(self.by['slli'], {'rd': TEMP, 'rs1': TEMP, 'imm': 32})
            out += self.encode(self.by['csrrc'], {'rd': 0, 'rs1': TEMP, 'imm': SSTATUS})
            out += self.encode(self.by['slli'], {'rd': TEMP, 'rs1': TEMP, 'imm': 1})
            out += self.encode(self.by['csrrs'], {'rd': 0, 'rs1': TEMP, 'imm': SSTATUS})
            if self.guests and self.delegate:
                # In QEMU a guest's SPELP is the host's: clear in what the host saves with the next trap.
                out += self.encode(self.by['lui'], {'rd': TEMP, 'imm': 1 << 23})
                out += self.encode(self.by['csrrc'], {'rd': 0, 'rs1': TEMP, 'imm': SSTATUS})
        if o and o['imm'] in EPCS:  # QEMU takes bit 0
            out += self.encode(self.by['csrrci'], {'rd': 0, 'imm': o['imm'], 'aux': 1})
        if self.rng.random() < 0.7:  # reserved rounding modes only for a while
            out += self.encode(self.by['csrrwi'], {'rd': 0, 'imm': 2, 'aux': self.rng.randrange(5)})
        return out

    def one(self, row):
        if row.flags & {'load', 'store'}:
            return self.memory(row)
        if row.format.name.startswith('Csr'):
            return self.csr(row)
        o = self.operands(row)
        if row.name == 'fcvt.s.bf16':
            # QEMU 10 takes what is not boxed for the NaN of binary16, which is a number in BF16.
            return self.encode(self.table.by_name['fmv.h.x'], {'rd': o['rs1'], 'rs1': o['rd'] | 1}) + \
                self.encode(row, o)
        return self.encode(row, o) if o else b''

    def reserved_pair(self):
        """LR and SC to the same place, and a second SC that must fail."""
        w = self.rng.choice('wd')
        table = self.table.by_name
        lr, sc = table['lr.' + w], table['sc.' + w]
        out = self.addi(TEMP, DATA_REG, self.rng.randrange(-2048, 2048) & -8)
        out += self.encode(lr, self.operands(lr, {'rs1': TEMP}))
        for _ in range(self.rng.randrange(2)):
            out += self.encode(sc, self.operands(sc, {'rs1': TEMP}))
        out += self.encode(sc, self.operands(sc, {'rs1': TEMP}))
        return out

    def loop(self):
        """A few plain instructions, repeated."""
        body = b''
        self.looping = True
        for _ in range(self.rng.randrange(1, 6)):
            row = self.rng.choice(self.plain)
            if not row.flags & {'load', 'store'} or row.source('imm'):
                body += self.one(row)
        self.looping = False
        body += self.addi(TEMP, TEMP, -1)
        bne = self.by['bne']
        return (self.addi(TEMP, 0, self.rng.randrange(1, 40)) + body +
                self.encode(bne, {'rs1': TEMP, 'rs2': 0, 'imm': -len(body)}))

    def unit(self):
        """Bytes, or a function of (distances to the ends of the next units) that gives them."""
        kind = self.rng.random()
        if kind < 0.08:
            return self.branch(self.rng.choice(self.branches))
        if kind < 0.10:
            return self.branch(self.rng.choice(self.jumps))
        if kind < 0.12:
            return self.indirect_jump()
        if kind < 0.13 and self.reservations:
            return self.reserved_pair()
        if kind < 0.15:
            return self.loop()
        if kind < 0.16:  # whatever these bits are, they trap or do not, the same everywhere
            return struct.pack('<I', self.rng.choice((0xffffffff, 0x0000000b, 0x0600000b)))
        if kind < 0.30 and self.sequences:
            out = b''
            rows = self.rng.choice(self.sequences)
            for row in rows:
                if row.end() == 'none':
                    out += self.one(row)
                elif row.end() == 'branch' or row.end() == 'jump':
                    return Jump(self, row, out)
            return out
        return self.one(self.rng.choice(self.plain))

    def branch(self, row):
        return Jump(self, row, b'')

    def indirect_jump(self):
        return Indirect(self, self.rng.choice(self.indirect))

    def program(self, count):
        """The body: count units with checkpoints between them. A longer one begins the same."""
        units = [self.unit() for _ in range(count)]
        skips = [1 + zlib.crc32(bytes([i & 255, i >> 8])) % 3 for i in range(count)]
        # Lengths first (they do not depend on distances), then the distances.
        sizes = []
        for i, u in enumerate(units):
            sizes.append(len(u))
        jal = self.table.by_name['jal']
        starts, pos = [], 0
        for i, size in enumerate(sizes):
            starts.append(pos)
            pos += size
            if i % CHECK_EVERY == CHECK_EVERY - 1:
                pos += 8 + (4 + pos % 4 if self.landing_pads else 0)
        out = bytearray()
        for i, u in enumerate(units):
            target = starts[min(i + skips[i], count - 1)] if i < count - 1 else starts[i] + sizes[i]
            out += u if isinstance(u, bytes) else u.encode(starts[i], target)
            if i % CHECK_EVERY == CHECK_EVERY - 1:
                if self.landing_pads and len(out) % 4:
                    out += C_NOP
                out += self.encode(jal, {'rd': DATA_REG, 'imm': CHECKPOINT - BODY - len(out)})
                if self.landing_pads:
                    out += LPAD
                out += self.addi(DATA_REG, S0, 0x400)
        out += self.encode(jal, {'rd': 0, 'imm': ITERATION_END - BODY - len(out)})
        return bytes(out)

    def page_flags(self, offset, flags):
        return flags

    def page_tables(self, mode):
        """Tables from 0x80007000: RAM onto itself; the data pages as chance has it. The root's first entry is
        the root, so that they serve for Sv48 and Sv57 as well as for Sv39."""
        flags = 0xcf | (0x10 if mode == 0 else 0)   # D A X W R V, U
        root, middle, leaves = [0] * 512, [0] * 512, []
        base = self.base
        root[0], root[2] = (base + 0x7000) >> 2 | 1, (base + 0x8000) >> 2 | 1
        root[3] = BASE >> 2 | 0xcf
        middle[(base - BASE) >> 21] = (base + 0x9000) >> 2 | 1
        middle[2] = SHARED >> 2 | flags
        for page in range(512):
            pa = base + page * 4096
            f = self.page_flags(pa - base, flags)
            if pa - base in (DATA - BASE, DATA - BASE + 4096) and not self.two:
                f = self.rng.choice((flags, flags, flags & ~4, flags & ~6 | 8, 0, flags ^ 0x10))
                # Whether an SC that fails is checked like a store is free.
                self.reservations = self.reservations and f == flags
                if f != flags:
                    self.closed.add(pa)
            leaves.append(pa >> 2 | f)
        return struct.pack('<1536Q', *root, *middle, *leaves)

    def guest_tables(self):
        """Sv39x4 tables from 0x8000c000: RAM onto itself; the data pages as chance has it. The lower ones
        are where the root has entries for addresses that nobody uses. One stage refuses, not both: QEMU asks
        whether an atomic may read before it asks whether it may write."""
        flags = 0xdf
        root, middle, leaves = [0] * 512, [0] * 512, []
        root[2] = (BASE + 0xd000) >> 2 | 1
        middle[0] = (BASE + 0xe000) >> 2 | 1
        for page in range(512):
            pa = BASE + page * 4096
            f = flags
            if pa in (DATA, DATA + 4096) and pa not in self.closed:
                f = self.rng.choice((flags, flags & ~4, flags & ~6 | 8, 0, flags & ~0x10))
                self.reservations = self.reservations and f == flags
            leaves.append(pa >> 2 | f)
        return struct.pack('<1536Q', *root, *middle, *leaves)

    def mode(self):
        """Bodies run in M-mode without, in S and U with page tables; in VS and VU with two stages."""
        return self.rng.choice((1, 0) if self.guests else (3, 3, 1, 0))

    def delegation(self, mode):
        """What S takes by itself, and what VS does."""
        if not self.delegate or mode == 3:
            return 0, 0
        r = self.rng
        to_s = r.choice((DELEGATED, DELEGATED | 1 << 18, r.getrandbits(19) & (DELEGATED | 1 << 18)))
        if not self.guests:
            return to_s, 0
        return to_s | r.choice((0, GUEST_FAULTS)), r.choice((0, DELEGATED | 1 << 18, r.getrandbits(19) & DELEGATED))

    def environment(self, mode):
        """menvcfg, senvcfg, henvcfg, mseccfg, ssp and jvt."""
        return 0, 0, 0, 0, 0, 0

    def image(self, harness, count, iterations):
        base = self.base
        mode = self.mode()
        data = [self.value() for _ in range(512)]
        memory = [self.value() for _ in range(1024)]
        regs = [self.value() for _ in range(64)]
        bare = self.guests and self.rng.random() < 0.2
        environment = self.environment(mode)
        tables = self.page_tables(mode)
        if bare:
            self.reservations = True
            self.closed = set()
        g_tables = self.guest_tables() if self.guests else b''
        medeleg, hedeleg = self.delegation(mode)
        body = self.program(count)
        out = bytearray(harness.ljust(POOL - BASE, b'\0'))
        if len(out) != POOL - BASE:
            raise ValueError('the harness is too long')
        out += struct.pack('<512Q', *data) + struct.pack('<1024Q', *memory)
        satp = self.rng.choice((8, 9, 10)) << 60 | (base + 0x7000) >> 12 if mode != 3 and not bare else 0
        hgatp = 8 << 60 | 5 << 44 | (BASE + 0xc000) >> 12 if self.guests else 0
        # CONFIG: as harness.S reads it.
        out += struct.pack('<64Q', *regs) + struct.pack(
            '<14Q', iterations, mode << 11, satp, self.vectors, hgatp, medeleg, hedeleg,
            ALIAS if satp else 0, *environment)
        out = out.ljust(0x7000, b'\0') + tables
        out = out.ljust(STACK - BASE, b'\0') + self.extra
        if g_tables:
            out = out.ljust(0xc000, b'\0') + g_tables
        out = out.ljust(BODY - BASE, b'\0')
        return bytes(out) + body


class Jump:
    """A direct branch or jump over the next units, after some plain instructions."""

    def __init__(self, gen, row, before):
        self.gen, self.row, self.before = gen, row, before
        self.ops = gen.operands(row, {'imm': 0})
        self.size = len(before) + row.width // 8

    def __len__(self):
        return self.size

    def encode(self, start, target):
        here = start + len(self.before)
        for distance in (target - here, self.row.width // 8):
            ops = dict(self.ops, imm=distance)
            if self.row.source('imm').encodings(distance):
                return self.before + self.gen.encode(self.row, ops)
        raise ValueError(self.row.name)


class Indirect:
    """auipc, and a jump through the register."""

    def __init__(self, gen, row):
        self.gen, self.row = gen, row
        self.wide = row.name == 'jalr'
        self.ops = gen.operands(row, {'imm': 0, 'rs1': TEMP} if self.wide else {'rs1': TEMP})
        self.size = 8 if self.wide else 10

    def __len__(self):
        return self.size

    def encode(self, start, target):
        distance = min(target - start, 2047)
        if distance != target - start:
            distance = self.size
        out = self.gen.encode(self.gen.by['auipc'], {'rd': TEMP, 'imm': 0})
        if self.wide:
            return out + self.gen.encode(self.row, dict(self.ops, imm=distance))
        return out + self.gen.addi(TEMP, TEMP, distance) + self.gen.encode(self.row, self.ops)


def load(isa_dir):
    names = sorted(n for n in os.listdir(isa_dir) if n.endswith('.insn'))
    table = geninsn.load([os.path.join(isa_dir, n) for n in names])
    sequences = [words for _, words in genfuse.read(os.path.join(isa_dir, 'fused.txt'))]
    return table, sequences
