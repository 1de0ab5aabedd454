# Random vector programs: as generate.py's, most instructions being those of the vector unit.
# SPDX-License-Identifier: MIT

import re

import generate

# From this version on QEMU is right about half precision in vectors.
HALF_RIGHT = 10
AVL, STRIDE, MASK = 28, 27, 26   # integer registers for what must be in bounds
OP_VE = 0x77                     # major opcode of the instructions on element groups
REACH = 1024                     # bytes from the middle of the data area that addresses go


def r_is_scalar_group(row):
    """One element group in vs2, for all of vd's: vaesem.vs, vsm4r.vs, ..."""
    return row.bits & 0x7f == OP_VE and row.name.endswith('.vs')


class Generator(generate.Generator):
    crypto = .2   # how much of a program are instructions of extensions of V

    def prepare(self, vlen, version, wild):
        self.vlen, self.version, self.wild, self.vectors = vlen, version, wild, 3
        self.csrs = [c for c in self.csrs if c != generate.SSTATUS]  # VS must stay on
        rows = [r for r in self.table.rows if 'vs' in r.flags and not r.name.startswith('vset')
                and self.available(r)]
        self.grouped = [r for r in rows if r.bits & 0x7f == OP_VE]
        self.vrows = [r for r in rows if r.bits & 0x7f != OP_VE]
        self.some = [r for r in self.vrows if not r.requires.startswith('Zve')]

    # ---- Registers ----

    def group(self, regs, masked, taken):
        """A group of that many registers that nothing else uses; any number where all is wild."""
        r = self.rng
        if self.wild:
            return r.randrange(32)
        for _ in range(50):
            n = r.randrange(0, 32, max(1, regs))
            if n + regs > 32 or masked and n == 0:
                continue
            if all(n + regs <= t or t + k <= n for t, k in taken):
                taken.append((n, regs))
                return n
        return None

    def same(self, n, regs, taken):
        taken.append((n, regs))
        return n

    # ---- Configuration ----

    def vset(self, sew, lmul, rd=None):
        """vsetvli with a random length."""
        r = self.rng
        vtype = (lmul & 7) | sew << 3 | r.randrange(4) << 6
        vlmax = self.vlen // 8 * 2 ** lmul / 2 ** sew
        kind = r.randrange(8)
        if kind == 0:
            return self.encode(self.table.by_name['vsetvli'],
                               {'rd': AVL, 'rs1': 0, 'imm': vtype})
        if kind == 1:
            return self.encode(self.table.by_name['vsetivli'],
                               {'rd': r.choice((0, AVL)), 'aux': r.randrange(32), 'imm': vtype})
        avl = r.choice((1, 2, 3, int(vlmax), int(vlmax), int(vlmax) + 1, int(vlmax) - 1,
                        r.randrange(int(2 * vlmax) + 1)))
        out = self.addi(AVL, 0, max(0, min(avl, 2047)))
        return out + self.encode(self.table.by_name['vsetvli'],
                                 {'rd': r.choice((0, AVL)), 'rs1': AVL, 'imm': vtype})

    def odd_vset(self):
        """Any vtype, mostly one that does not exist."""
        r = self.rng
        name = r.choice(('vsetvli', 'vsetivli'))
        imm = r.getrandbits(8) if r.random() < .7 else r.getrandbits(10)
        o = {'rd': AVL, 'imm': imm, 'aux': r.randrange(32), 'rs1': r.choice((0, AVL))}
        return self.encode(self.table.by_name[name], o)

    # ---- Instructions ----

    def shapes(self, row):
        """log2 of widths: of vd, vs2, vs1 relative to SEW, None for one register or a mask."""
        n = row.name
        if re.search(r'\.(mm|m)$', n) or re.match(r'vmv\dr', n):
            return 'm', 'm', 'm'
        d, a, b = 0, 0, 0
        if re.match(r'v(w|fw)', n) and not re.match(r'v(w|fw)red', n):
            d = 1
            if re.search(r'\.w[vxf]$', n):
                a = 1
        elif re.match(r'v(f?n)', n) and re.search(r'\.w[vxi]?$', n):
            a = 1
        elif re.match(r'v[sz]ext', n):
            a = -{'2': 1, '4': 2, '8': 3}[n[-1]]
        if re.match(r'vm(f|s)', n) and not n.startswith('vmv') or re.match(r'vm(adc|sbc)', n):
            d = 'm'
        if 'red' in n:
            d, b = 'm', 'm'
        if n == 'vcompress.vm':
            b = 'm'
        if n == 'vrgatherei16.vv':
            b = 'i16'
        if r_is_scalar_group(row):
            a = 'm'
        if n in ('vmv.x.s', 'vmv.s.x', 'vfmv.f.s', 'vfmv.s.f'):
            d = a = 'm'
        return d, a, b

    def regs(self, shape, sew, lmul):
        if shape == 'm':
            return 1
        if shape == 'i16':
            shape = 1 - sew
        return 2 ** max(0, min(3, lmul + shape))

    def arithmetic(self, row, sew, lmul):
        d, a, b = self.shapes(row)
        r = self.rng
        fields = row.format.fields
        masked = 'aux' in fields and r.random() < .4
        taken, o = [], {}
        n = row.name
        whole = re.match(r'vmv(\d)r', n)
        for op, shape in (('rd', d), ('rs2', a), ('rs1', b)):
            src = fields.get(op)
            if not src or src.kind != 'v':
                continue
            regs = int(whole.group(1)) if whole else self.regs(shape, sew, lmul)
            # The destination may be a source of its width; masks may be v0 as destination.
            no_v0 = masked or n.endswith('m') and 'v' in n.split('.')[-1] or n.startswith('vfmerge')
            if op != 'rd' and shape == d and 'rd' in o and r.random() < .3 and \
                    not re.match(r'v(slideup|slide1up|fslide1up|rgather|compress|iota|msbf|msif|msof)',
                                 n) and not (no_v0 and o['rd'] == 0):
                o[op] = o['rd']
                continue
            if op == 'rd' and shape == 'm' and not self.wild and 'red' in n:
                no_v0 = False
            o[op] = self.group(regs, no_v0, taken)
            if o[op] is None:
                return b''
        if 'aux' in fields:
            o['aux'] = 0 if masked else 1
        out = b''
        if self.version < 8 and re.match(r'v(slide|rgather)', n) and fields['rs1' if 'rs1' in fields
                                                                        else 'imm'].kind == 'x':
            return b''
        o = self.operands(row, o)
        if o is None:
            return b''
        if n == 'vfwmaccbf16.vf':
            # QEMU 10 takes what is not boxed for the NaN of binary16, which is a number in BF16.
            out += self.encode(self.table.by_name['fmv.h.x'], {'rd': o['rs1'],
                                                               'rs1': r.randrange(1, 32)})
        if r.random() < .03 and not re.match(r'vmv\dr|vf?mv\.[sxf]\.[sxf]', n):
            out += self.encode(self.table.by_name['csrrwi'], {'rd': 0, 'imm': 8, 'aux': r.randrange(16)})
            out += self.encode(row, o)
            return out + self.encode(self.table.by_name['csrrwi'], {'rd': 0, 'imm': 8, 'aux': 0})
        return out + self.encode(row, o)

    def vmemory(self, row, sew, lmul):
        r = self.rng
        fields = row.format.fields
        o, taken, out = {'rs1': generate.TEMP}, [], b''
        masked = 'aux' in fields and r.random() < .3
        m = re.match(r'v[ls](?:[uo]x|s)?(?:seg(\d))?e(i)?(\d+)', row.name)
        nf = int(m.group(1) or 1) if m else 1
        eew = {'8': 0, '16': 1, '32': 2, '64': 3}[m.group(3)] if m else 0
        whole = re.match(r'v[ls](\d)r', row.name)
        dsew = sew if m and m.group(2) else eew
        emul = dsew - sew + lmul
        if not self.wild and not whole and not -3 <= emul <= 3:
            return b''
        regs = int(whole.group(1)) if whole else 2 ** max(0, emul)
        if regs * nf > 8 and not self.wild:
            return b''
        o['rd'] = self.rng.randrange(32) if self.wild else None
        if not self.wild:
            for _ in range(50):
                n = r.randrange(1 if masked else 0, 32)
                if n % regs == 0 and n + regs * nf <= 32:
                    o['rd'] = n
                    break
            if o['rd'] is None:
                return b''
            taken.append((o['rd'], regs * nf))
        if 'rs2' in fields and fields['rs2'].kind == 'x':
            o['rs2'] = STRIDE
            span = max(1, REACH // (self.vlen // 8 * 8))
            out += self.addi(STRIDE, 0, r.choice((0, nf << eew, r.randint(-span, span), 1)))
        elif 'rs2' in fields:
            imul = eew - sew + lmul
            if not -3 <= imul <= 3:
                return b''
            n = self.group(2 ** max(0, imul), masked, taken)
            if n is None:
                return b''
            o['rs2'] = n
            by = self.table.by_name
            if not self.wild or n % 2 ** max(0, imul) == 0:
                mask = self.addi(MASK, 0, REACH - 1)
                mask += self.encode(by['vsetvli'], {'rd': MASK - 1, 'rs1': 0,
                                                    'imm': (imul & 7) | eew << 3})
                mask += self.encode(by['vand.vx'], {'rd': n, 'rs2': n, 'rs1': MASK, 'aux': 1})
                out += mask + self.vset(sew, lmul)
        if 'aux' in fields:
            o['aux'] = 0 if masked else 1
        size = 1 << (dsew if m else 0)
        offset = r.randrange(-REACH // 2, REACH // 2)
        if r.random() < .9:
            offset &= -size
        return out + self.addi(generate.TEMP, generate.DATA_REG, offset) + self.encode(row, o)

    def element_groups(self):
        """Cryptography: mostly a width and a length that the instruction may have."""
        r = self.rng
        row = r.choice(self.grouped)
        sew = 3 if row.name.startswith('vsha2') and r.random() < .5 else 2
        size = 8 if row.name.startswith('vsm3') else 4
        lmul = r.choice((0, 0, 1, 1, 2, 3))
        if r.random() < .05:
            # With fractional LMUL QEMU 10 refuses hashes for which there is room.
            sew, lmul = r.randrange(4), r.choice((-1, 0, 1) if row.name.startswith('va') else (0, 1))
        if r.random() < .1:
            return self.vset(sew, lmul) + self.arithmetic(row, sew, lmul)
        avl = size * r.randrange(1, 1 + max(1, self.vlen // 8 * 2 ** lmul // 2 ** sew // size))
        return (self.addi(AVL, 0, avl) + self.encode(self.table.by_name['vsetvli'], {
            'rd': 0, 'rs1': AVL, 'imm': (lmul & 7) | sew << 3}) + self.arithmetic(row, sew, lmul))

    def vector_unit(self):
        r = self.rng
        if r.random() < .02:
            return self.odd_vset()
        if self.grouped and r.random() < self.crypto:
            return self.element_groups()
        sew = r.randrange(4)
        lmul = r.choice((-3, -2, -1, 0, 0, 0, 0, 1, 1, 2, 3))
        if sew > 3 + min(0, lmul):
            lmul = 0
        out = self.vset(sew, lmul)
        for _ in range(r.randrange(1, 4)):
            row = r.choice(self.some if self.some and r.random() < self.crypto else self.vrows)
            if row.exec and r.random() < .7:
                continue   # segments are many
            if row.flags & {'load', 'store'}:
                out += self.vmemory(row, sew, lmul)
            else:
                if 'fs' in row.flags or 'fsw' in row.flags:
                    if sew == 1 and self.version < HALF_RIGHT:
                        continue
                out += self.arithmetic(row, sew, lmul)
        if r.random() < .05:
            out += self.encode(self.table.by_name['csrrwi'],
                               {'rd': AVL, 'imm': r.choice((9, 10, 15)), 'aux': r.randrange(8)})
        return out

    def loop(self):
        return b''

    def unit(self):
        if self.rng.random() < .8:
            return self.vector_unit()
        return super().unit()
