# Random programs with what needs more around it than an instruction: landing pads and shadow stacks, masked
# pointers, pushes and pops, two harts. Each form is a generator as generate.py's is.
# SPDX-License-Identifier: MIT

import struct

import generate
from generate import BASE, DATA_REG, OTHER, POOL_REG, S0, SHARED, SP, STACK, TEMP

A0, LABEL = 10, 7           # lpad looks at x7
SSP, JVT = 0x011, 0x017
LPE, SSE, PMM = 1 << 2, 1 << 3, 32
MLPE = 1 << 10


class Cfi(generate.Generator):
    """Zicfilp and Zicfiss. Jumps that want a landing pad have one, but for some; ssp points into a page of
    shadow stack where there is translation."""
    needs = ('zicfilp', 'zicfiss')
    off = ()
    ours = theirs = ('zimop=on', 'zcmop=on', 'zicfilp=on', 'zicfiss=on')

    def environment(self, mode):
        r = self.rng
        self.landing_pads = True
        self.translated = mode != 3
        bits = [r.choice((LPE | SSE, LPE | SSE, LPE, SSE)) for _ in range(3)]
        self.ssp = STACK + 0x800
        return bits[0], bits[1], bits[2], r.choice((0, MLPE)), self.ssp if bits[0] & SSE else 0, 0

    def page_flags(self, offset, flags):
        return flags & ~0xa if offset == STACK - BASE else flags   # W alone

    def to_stack(self, offset):
        """TEMP = an address in the shadow stack."""
        lui, add = self.by['lui'], self.by['add']
        at = STACK + 0x800 - (generate.DATA + 0x1000) + offset
        return (self.encode(lui, {'rd': TEMP, 'imm': (at + 0x800) & ~0xfff}) +
                self.encode(add, {'rd': TEMP, 'rs1': TEMP, 'rs2': DATA_REG}) +
                self.addi(TEMP, TEMP, (at + 0x800 & 0xfff) - 0x800))

    def memory(self, row):
        r = self.rng
        if self.looping:
            return super().memory(row)
        if row.requires and 'Zicfiss' in row.requires:
            if row.name.startswith('ssamoswap'):
                if not self.translated:
                    return b''  # it cannot be, but QEMU does not tell the address
                if r.random() < .2:
                    return super().memory(row)
                size = generate.SIZES[row.name[-1]]
                o = self.operands(row, {'rs1': TEMP})
                offset = r.randrange(-1024, 1024) & -size if r.random() < .95 else 3
                return self.to_stack(offset) + self.encode(row, o)
            o = self.operands(row)
            return self.encode(row, o) if o else b''
        if row.source('imm') and not row.source('rs1').kind.startswith('const') and \
                not row.source('rs1').prime and r.random() < .03:
            # Plain loads may be from there, plain stores may not.
            o = self.operands(row, {'rs1': TEMP, 'imm': 0})
            return self.to_stack(r.randrange(-1024, 1024) & -8) + self.encode(row, o)
        return super().memory(row)

    def shadow_stack(self):
        """A push and a pop, of the same or not; or a new ssp."""
        r, by = self.rng, self.by
        link = r.choice((1, 5))
        if r.random() < .3:
            # In QEMU bits 0 to 2 can be set: never.
            return self.to_stack(8 * (r.randrange(-64, 64) if r.random() < .9 else r.randrange(-256, 256))) + \
                self.encode(by['csrrw'], {'rd': r.choice((0, TEMP)), 'imm': SSP, 'rs1': TEMP})
        push, pop = by['sspush'], by['sspopchk']
        out = self.encode(push, {'rs2': link})
        if r.random() < .3 and 'c.sspush' in by:
            link = 1
            out = self.encode(by['c.sspush'], {'rs2': 1})
        if r.random() < .2:
            out += self.one(r.choice(self.plain))
        if r.random() < .3 and 'c.sspopchk' in by:
            return out + self.encode(by['c.sspopchk'], {'rs1': 5})
        return out + self.encode(pop, {'rs1': link})

    def unit(self):
        kind = self.rng.random()
        if kind < .06:
            return self.shadow_stack()
        if kind < .12:
            return Landing(self, self.rng.choice(self.indirect))
        return super().unit()

    def indirect_jump(self):
        return Landing(self, self.rng.choice(self.indirect))


class Landing:
    """A jump to the landing pad at its own end."""

    def __init__(self, gen, row):
        r = gen.rng
        self.gen, self.row = gen, row
        self.wide = row.name == 'jalr'
        self.ops = gen.operands(row, {'imm': 0, 'rs1': TEMP} if self.wide else {'rs1': TEMP})
        self.label = r.getrandbits(20)
        self.pad = r.choice((0, self.label, self.label, self.label, self.label, self.label ^ 1, None))
        self.misaligned = r.random() < .05
        self.before = gen.encode(gen.by['lui'], {'rd': LABEL, 'imm': (self.label << 12 ^ 1 << 31) - (1 << 31)})

    def __len__(self):
        return 12 + self.row.width // 8 + 2 + 4

    def encode(self, start, _target):
        gen = self.gen
        end = 12 + self.row.width // 8
        at = end + (start + end) % 4
        if self.misaligned:
            at = end + 2 - (start + end) % 4
        out = self.before + gen.encode(gen.by['auipc'], {'rd': TEMP, 'imm': 0})
        out += gen.addi(TEMP, TEMP, at - 4) + gen.encode(self.row, self.ops)
        out += generate.C_NOP * ((at - end) // 2)
        out += struct.pack('<I', 0x13 if self.pad is None else self.pad << 12 | 0x17)
        return out.ljust(len(self), b'\1') if len(out) == len(self) else out + generate.C_NOP


class Masked(generate.Generator):
    """Pointer masking: addresses have bits of any kind above those that count."""
    needs = ('smnpm', 'ssnpm', 'smmpm')
    off = ()
    ours = theirs = ('smnpm=on', 'ssnpm=on', 'smmpm=on')

    def mode(self):
        return self.rng.choice((1, 0))  # QEMU 10 masks nothing in M

    def environment(self, mode):
        r = self.rng
        m, s, h, sec = (r.choice((0, 2, 3, 3)) << PMM for _ in range(4))
        return m, s, h, sec, 0, 0

    def tag(self):
        """TEMP ^= something in its upper bits."""
        r, by = self.rng, self.by
        n = r.choice([n for n in range(5, 29) if n not in generate.RESERVED])
        out = self.addi(n, 0, r.choice((1, -1, r.randrange(-2048, 2048))))
        out += self.encode(by['slli'], {'rd': n, 'rs1': n, 'imm': r.choice((57, 57, 48, 48, 40, 56, 47))})
        return out + self.encode(by['xor'], {'rd': TEMP, 'rs1': TEMP, 'rs2': n})

    def memory(self, row):
        if self.looping or self.rng.random() < .5:
            return super().memory(row)
        rs1 = row.source('rs1')
        if rs1.kind.startswith('const') or rs1.prime or row.name.startswith('cbo') or row.name in ('flh', 'fsh'):
            return super().memory(row)  # QEMU 10 does not mask these two
        size = generate.SIZES.get(row.name[-1], 8)
        offset = self.rng.randrange(-2048, 2048) & -size
        if row.source('imm'):
            base = DATA_REG if 'store' in row.flags else POOL_REG
            out = self.addi(TEMP, base, offset & ~7) + self.tag()
            o = self.operands(row, {'rs1': TEMP, 'imm': self.rng.randrange(-64, 64) & -size})
        else:
            if not self.atomics_fault_well:
                return b''
            out = self.addi(TEMP, DATA_REG, offset) + self.tag()
            o = self.operands(row, {'rs1': TEMP})
            if row.name.startswith('amocas') and o['rd'] == 0:
                return b''
        return out + self.encode(row, o)


class Pushes(generate.Generator):
    """Zcmp and Zcmt, which are where D has its compressed stores: without floating point."""
    needs = ('zcmp', 'zcmt')
    ours = ('d=off', 'f=off', 'zcmp=on', 'zcmt=on')
    theirs = ('d=off', 'f=off', 'zcd=off', 'zfa=off', 'zfh=off', 'zfhmin=off', 'zcmp=on', 'zcmt=on')
    off = ('d', 'f', 'zcd', 'zfa', 'zfh', 'zfhmin', 'zfbfmin', 'v')

    def environment(self, mode):
        self.table_of = {}
        return 0, 0, 0, 0, 0, STACK

    def pointers(self):
        """sp and s0 as they were: from x30 and x31."""
        return (self.addi(SP, POOL_REG, 2047) + self.addi(SP, SP, 2047) + self.addi(SP, SP, 2) +
                self.addi(S0, DATA_REG, -0x400))

    @staticmethod
    def push(kind, rlist, spimm):
        return struct.pack('<H', 0xa002 | kind << 8 | rlist << 4 | spimm << 2)

    def stacks(self):
        r = self.rng
        rlist, spimm = r.randrange(4, 16), r.randrange(4)
        n = 13 if rlist == 15 else rlist - 3
        size = (8 * n + 15 & ~15) + 16 * spimm
        # Where the stack is not what it seems nobody knows where a return goes.
        kind = r.choice((0x18, 0x1a) if self.closed else (0x18, 0x1a, 0x1c, 0x1e))
        push = b''
        if r.random() < .2:
            push = self.addi(SP, SP, r.choice((8, 4, 1, -2000)))   # it need not be aligned
        if kind == 0x18 or kind == 0x1a:
            return push + self.push(kind, rlist, spimm) + self.pointers()
        return Return(self, self.push(kind, rlist, spimm), size - 8 * n)

    def moves(self):
        r = self.rng
        return struct.pack('<H', 0xac22 | r.randrange(8) << 7 | r.choice((0, 0x40)) | r.randrange(8) << 2) + \
            self.pointers()

    def unit(self):
        kind = self.rng.random()
        if kind < .12:
            return self.stacks()
        if kind < .16:
            return self.moves()
        if kind < .20:
            return TableJump(self)
        return super().unit()

    def csr(self, row):
        self.csrs = (0x140, 0x142, 0x143, 0x340, 0x342, 0x343)
        return super().csr(row)

    def program(self, count):
        body = super().program(count)
        self.extra = b''.join(struct.pack('<Q', self.table_of.get(i, generate.BODY)) for i in range(256))
        return body


class Return:
    """cm.popret to behind itself, by way of the stack."""

    def __init__(self, gen, pop, slot):
        self.gen, self.pop, self.slot = gen, pop, slot
        self.after = gen.pointers()

    def __len__(self):
        return 14 + len(self.after)

    def encode(self, _start, _target):
        gen = self.gen
        return (gen.encode(gen.by['auipc'], {'rd': TEMP, 'imm': 0}) + gen.addi(TEMP, TEMP, 14) +
                gen.encode(gen.by['sd'], {'rs1': SP, 'rs2': TEMP, 'imm': self.slot}) + self.pop + self.after)


class TableJump:
    """cm.jt, cm.jalt: over the next units."""

    def __init__(self, gen):
        self.gen, self.index = gen, gen.rng.randrange(256)
        self.first = self.index not in gen.table_of
        gen.table_of.setdefault(self.index, None)

    def __len__(self):
        return 2

    def encode(self, _start, target):
        if not self.first:      # the entry leads elsewhere, maybe back
            return generate.C_NOP
        self.gen.table_of[self.index] = generate.BODY + target
        return struct.pack('<H', 0xa002 | self.index << 2)


class Harts(generate.Generator):
    """Two programs at once, that count together by what commutes; what was there before is forgotten."""
    needs = ()
    off = ours = theirs = ()
    cells = 8

    def cell(self, n):
        return (self.addi(TEMP, 0, SHARED >> 22) +
                self.encode(self.by['slli'], {'rd': TEMP, 'rs1': TEMP, 'imm': 22}) + self.addi(TEMP, TEMP, n))

    def amo(self):
        """One operation for each cell."""
        r = self.rng
        names = ('amoadd', 'amoxor', 'amoor', 'amoand', 'amomin', 'amomax', 'amominu', 'amomaxu')
        n = r.randrange(len(names))
        w = r.choice('wd')
        row = self.table.by_name[f'{names[n]}.{w}']
        o = self.operands(row, {'rs1': TEMP})
        out = self.cell(128 * n + (64 if w == 'w' else 0) + 8 * r.randrange(4)) + self.encode(row, o)
        return out + self.addi(o['rd'], 0, r.randrange(2048))

    def free(self, count):
        return self.rng.sample([n for n in range(5, 29) if n not in generate.RESERVED], count)

    def reserved(self):
        """LR and SC until it is done."""
        r, by = self.rng, self.table.by_name
        w = r.choice('wd')
        a, b = self.free(2)
        body = self.encode(by['lr.' + w], {'rd': a, 'rs1': TEMP, 'aux': r.randrange(4)})
        body += self.addi(a, a, r.randrange(1, 2048))
        body += self.encode(by['sc.' + w], {'rd': b, 'rs1': TEMP, 'rs2': a, 'aux': r.randrange(4)})
        body += self.encode(by['bne'], {'rs1': b, 'rs2': 0, 'imm': -len(body)})
        return self.cell(1024 + (64 if w == 'w' else 0) + 8 * r.randrange(4)) + body + self.addi(a, 0, 1)

    def locked(self):
        """A lock, a plain counter, and the lock's release."""
        r, by = self.rng, self.table.by_name
        n = 1280 + 128 * r.randrange(2)
        a, b = self.free(2)
        take = self.encode(by['lr.w'], {'rd': a, 'rs1': TEMP, 'aux': 2})
        take += self.encode(by['bne'], {'rs1': a, 'rs2': 0, 'imm': -4})
        take += self.encode(by['sc.w'], {'rd': a, 'rs1': TEMP, 'rs2': b, 'aux': 0})
        take += self.encode(by['bne'], {'rs1': a, 'rs2': 0, 'imm': -12})
        out = self.cell(n) + self.addi(b, 0, 1) + take
        for at in range(64, 64 + 8 * r.randrange(1, 4), 8):
            out += self.encode(by['ld'], {'rd': a, 'rs1': TEMP, 'imm': at})
            out += self.addi(a, a, r.randrange(2048)) + self.encode(by['sd'], {'rs1': TEMP, 'rs2': a, 'imm': at})
        if r.random() < .5:
            out += self.encode(by['amoswap.w'], {'rd': 0, 'rs1': TEMP, 'rs2': 0, 'aux': 1})
        else:
            out += struct.pack('<I', 0x0310000f) + self.encode(by['sw'], {'rs1': TEMP, 'rs2': 0, 'imm': 0})
        return out + self.addi(a, 0, 0)

    def unit(self):
        kind = self.rng.random()
        if kind < .10:
            return self.amo()
        if kind < .14:
            return self.reserved()
        if kind < .16:
            return self.locked()
        return super().unit()


FORMS = {'cfi': Cfi, 'masking': Masked, 'pushes': Pushes, 'harts': Harts}


def two_images(make, harnesses, count, iterations):
    """An image with a program for each hart."""
    first, second = make(0), make(1)
    for g, base in ((first, BASE), (second, OTHER)):
        g.base, g.two = base, True
    one = first.image(harnesses[0], count, iterations)
    return one.ljust(OTHER - BASE, b'\0') + second.image(harnesses[1], count, iterations)
