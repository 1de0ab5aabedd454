# Reads the .insn files: rows, formats, checks. The language is described in formats.insn.
# SPDX-License-Identifier: MIT

import re

OPERANDS = ('rd', 'rs1', 'rs2', 'rs3', 'imm', 'aux')
FLAGS = ('load', 'store', 'trap', 'branch', 'jump', 'exit', 'pcrel', 'next', 'fs', 'fsw',
         'vs', 'hint')


class TableError(Exception):
    """A mistake in a table, with the place it is at."""


class Source:
    """Where an operand comes from: x, f, v, u, s, rm, vm, aqrl or const; bit ranges; shift; bias."""

    def __init__(self, text, where):
        self.text = text
        self.kind, self.ranges, self.shift, self.const, self.prime = None, [], 0, 0, False
        m = re.fullmatch(r"(x|f)(\d+)", text)
        if m:
            self.kind, self.const = 'const' + m.group(1), int(m.group(2))
            return
        if re.fullmatch(r'-?\d+', text):
            self.kind, self.const = 'const', int(text)
            return
        m = re.fullmatch(r"(x|f|v|u|s|rm|vm|aqrl)('?)\[([0-9:|]+)\](?:<<(\d+))?", text)
        if not m:
            raise TableError(f'{where}: cannot read operand source "{text}"')
        self.kind, self.prime, self.shift = m.group(1), bool(m.group(2)), int(m.group(4) or 0)
        for part in m.group(3).split('|'):
            hi, _, lo = part.partition(':')
            self.ranges.append((int(hi), int(lo or hi)))
            if self.ranges[-1][0] < self.ranges[-1][1]:
                raise TableError(f'{where}: range {part} is upside down')

    @property
    def width(self):
        return sum(hi - lo + 1 for hi, lo in self.ranges)

    def bits(self):
        return [b for hi, lo in self.ranges for b in range(hi, lo - 1, -1)]

    def mask(self):
        return sum(1 << b for b in self.bits())

    def register_class(self):
        return {'x': 'x', 'f': 'f', 'v': 'v', 'constx': 'x', 'constf': 'f'}.get(self.kind)

    def encodings(self, value):
        """(mask, bits) of the instruction bits that make the operand equal value, or None."""
        if self.kind.startswith('const'):
            return (0, 0) if value == self.const else None
        if self.prime:
            value -= 8
        if value & ((1 << self.shift) - 1):
            return None
        value >>= self.shift
        low = value & ((1 << self.width) - 1)
        if self.kind == 's':
            if low - ((low >> (self.width - 1)) << self.width) != value:
                return None
        elif low != value:
            return None
        bits = 0
        for i, b in enumerate(self.bits()):
            bits |= (low >> (self.width - 1 - i) & 1) << b
        return (self.mask(), bits)


class Format:
    def __init__(self, name, fields, where):
        self.name, self.where, self.fields = name, where, {}
        for field in fields:
            op, eq, src = field.partition('=')
            if not eq or op not in OPERANDS:
                raise TableError(f'{where}: "{field}" is not OPERAND=SOURCE')
            self.fields[op] = Source(src, where)

    def mask(self):
        m = 0
        for s in self.fields.values():
            m |= s.mask()
        return m


class Alias:
    def __init__(self, mnemonic, operands, conditions):
        self.mnemonic, self.operands, self.conditions = mnemonic, operands, conditions


class Row:
    """One instruction."""

    def __init__(self, where, columns, formats):
        self.where = where
        if len(columns) != 6:
            raise TableError(f'{where}: {len(columns)} columns instead of 6 (two spaces between)')
        self.name, pattern, fmt, self.requires, flags, self.operands = columns
        self.c_name = self.name.replace('.', '_')
        self.aliases, self.exec, self.over, self.excludes = [], None, None, []
        pattern = pattern.replace(' ', '')
        self.pattern, self.width = pattern, len(pattern)
        if self.width not in (16, 32):
            raise TableError(f'{where}: {self.name}: pattern of {self.width} bits')
        self.mask = self.bits = 0
        variable = 0
        for i, ch in enumerate(pattern):
            bit = 1 << (self.width - 1 - i)
            if ch in '01':
                self.mask |= bit
                self.bits |= bit if ch == '1' else 0
            elif ch.isalpha():
                variable |= bit
            else:
                raise TableError(f'{where}: {self.name}: "{ch}" in the pattern')
        if (self.bits & 3 == 3) != (self.width == 32):
            raise TableError(f'{where}: {self.name}: the lowest two bits do not fit the length')
        if fmt not in formats:
            raise TableError(f'{where}: {self.name}: no format {fmt}')
        self.format = formats[fmt]
        if self.format.mask() & ~self.mask & ((1 << self.width) - 1) != variable:
            raise TableError(f'{where}: {self.name}: pattern and format {fmt} differ in bits '
                             f'{self.format.mask() & ~self.mask ^ variable:#x}')
        self._read_flags(flags)
        self.mnemonic = self.name
        if ' ' in self.operands:
            self.mnemonic, self.operands = self.operands.split(' ')
        self.requires = None if self.requires == '-' else self.requires

    def _read_flags(self, flags):
        self.flags = set()
        for flag in [] if flags == '-' else flags.split(','):
            key, _, value = flag.partition('=')
            if '!=' in flag:
                op, _, value = flag.partition('!=')
                self.excludes.append((op, int(value)))
                if op not in self.format.fields:
                    raise TableError(f'{self.where}: {self.name}: no operand {op} to exclude')
            elif key == 'exec':
                self.exec = value
            elif key == 'over':
                self.over = value
            elif flag in FLAGS:
                self.flags.add(flag)
            else:
                raise TableError(f'{self.where}: {self.name}: no flag {flag}')

    def end(self):
        ends = self.flags & {'branch', 'jump', 'exit'}
        if len(ends) > 1:
            raise TableError(f'{self.where}: {self.name}: ends its block in two ways')
        return ends.pop() if ends else 'none'

    def traps(self):
        return bool(self.flags & {'load', 'store', 'trap', 'vs'})

    def source(self, op):
        return self.format.fields.get(op)

    def excludes_row(self, other):
        """Whether other's fixed bits say a value that this row excludes."""
        for op, value in self.excludes:
            enc = self.format.fields[op].encodings(value)
            if enc and enc[0] & ~other.mask == 0 and other.bits & enc[0] == enc[1]:
                return True
        return False

    def overlaps(self, other):
        common = self.mask & other.mask
        return self.width == other.width and (self.bits ^ other.bits) & common == 0


class Table:
    def __init__(self):
        self.formats, self.rows, self.by_name = {}, [], {}

    def read(self, path):
        row = None
        with open(path, encoding='utf-8') as f:
            for number, line in enumerate(f, 1):
                where = f'{path}:{number}'
                line = line.rstrip()
                if not line or line.startswith('#'):
                    continue
                if line.startswith('format '):
                    words = line.split()
                    self.formats[words[1]] = Format(words[1], words[2:], where)
                elif line.lstrip().startswith('='):
                    self._read_alias(row, line.strip(), where)
                else:
                    row = Row(where, re.split(r'\s{2,}', line), self.formats)
                    if row.name in self.by_name:
                        raise TableError(f'{where}: {row.name} is there twice')
                    self.rows.append(row)
                    self.by_name[row.name] = row

    @staticmethod
    def _read_alias(row, line, where):
        m = re.fullmatch(r'= (\S+) (\S+) if (.*)', line)
        if not m or row is None:
            raise TableError(f'{where}: cannot read this line')
        conditions = []
        for cond in m.group(3).split():
            op, eq, value = cond.partition('=')
            if not eq or op not in OPERANDS:
                raise TableError(f'{where}: "{cond}" is not OPERAND=VALUE')
            conditions.append((op, value if value in OPERANDS else int(value)))
        row.aliases.append(Alias(m.group(1), m.group(2), conditions))

    def check(self):
        for row in self.rows:
            if row.exec:
                target = self.by_name.get(row.exec)
                if target is None or target.exec:
                    raise TableError(f'{row.where}: {row.name}: cannot run as {row.exec}')
                row.flags |= target.flags
            row.end()
            if row.over and row.over not in self.by_name:
                raise TableError(f'{row.where}: {row.name}: no row {row.over} to go over')
        for i, a in enumerate(self.rows):
            for b in self.rows[i + 1:]:
                if (a.overlaps(b) and a.over != b.name and b.over != a.name
                        and not a.excludes_row(b) and not b.excludes_row(a)):
                    raise TableError(f'{b.where}: {b.name} overlaps {a.name} ({a.where})')

    def executed(self):
        """Rows that have a body of their own."""
        return [r for r in self.rows if not r.exec and 'hint' not in r.flags]


def load(paths):
    """Reads the files, those with formats first, and checks the whole."""
    table = Table()
    for path in sorted(paths, key=lambda p: (not p.endswith('formats.insn'), p)):
        table.read(path)
    table.check()
    return table
