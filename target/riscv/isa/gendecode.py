# The decoder: a tree of switches on the bits that all candidates fix, then a test per row.
# SPDX-License-Identifier: MIT

import re

SPACE = '    '


def runs(mask):
    """The runs of ones in mask, highest first, as (high bit, low bit)."""
    out, bit = [], 31
    while bit >= 0:
        if mask >> bit & 1:
            high = bit
            while bit >= 0 and mask >> bit & 1:
                bit -= 1
            out.append((high, bit + 1))
        else:
            bit -= 1
    return out


def extract(value, high, low):
    return value >> low & (1 << (high - low + 1)) - 1


def c_bits(high, low):
    width = high - low + 1
    return f'(insn >> {low} & {(1 << width) - 1:#x})' if low else f'(insn & {(1 << width) - 1:#x})'


def c_requires(expr):
    """The extension expression as C; names become EXT_NAME tests."""
    names = re.sub(r'[A-Za-z]\w*', lambda m: f'ext_get(ext, EXT_{m.group(0).upper()})', expr)
    names = names.replace('&', '&&').replace('|', '||')
    return f'({names})' if '|' in expr else names


def row_test(row, known):
    """C condition for one row, of what the switches above have not tested yet."""
    terms = []
    rest = row.mask & ~known
    if rest:
        terms.append(f'(insn & {rest:#x}) == {row.bits & rest:#x}')
    for op, value in row.excludes:
        mask, bits = row.format.fields[op].encodings(value)
        terms.append(f'(insn & {mask:#x}) != {bits:#x}')
    if row.requires:
        terms.append(c_requires(row.requires))
    return ' && '.join(terms)


def order(rows):
    """Rows so that those which go over another come first; otherwise as in the tables."""
    out = [r for r in rows if r.over] + [r for r in rows if not r.over]
    return out


def leaf(rows, known, indent, out):
    for row in order(rows):
        test = row_test(row, known)
        if not test:
            out.append(f'{indent}return INSN_{row.c_name};\n')
            return
        out.append(f'{indent}if ({test})\n{indent}{SPACE}return INSN_{row.c_name};\n')
    out.append(f'{indent}return INSN_illegal;\n')


def tree(rows, known, indent, out):
    """Statements that return the row among rows; the bits in known have been tested."""
    common = ~known & 0xffffffff
    for row in rows:
        common &= row.mask
    # The widest run that tells rows apart.
    best = None
    for high, low in runs(common):
        values = {extract(r.bits, high, low) for r in rows}
        if len(values) > 1 and (best is None or len(values) > best[0]):
            best = (len(values), high, low)
    if best is None or len(rows) == 1:
        leaf(rows, known, indent, out)
        return
    _, high, low = best
    mask = (1 << (high + 1)) - (1 << low)
    out.append(f'{indent}switch {c_bits(high, low)} {{\n')
    for value in sorted({extract(r.bits, high, low) for r in rows}):
        subset = [r for r in rows if extract(r.bits, high, low) == value]
        out.append(f'{indent}case {value:#x}:\n')
        tree(subset, known | mask, indent + SPACE, out)
    out.append(f'{indent}}}\n{indent}return INSN_illegal;\n')


def c_source(src):
    """C expression for one operand."""
    if src.kind.startswith('const'):
        return str(src.const)
    terms, shift = [], src.shift + src.width
    for i, (high, low) in enumerate(src.ranges):
        width = high - low + 1
        shift -= width
        if src.kind == 's' and i == 0:
            term = f'(int64_t)sextract64(insn, {low}, {width})'
            term = f'{term} * {1 << shift}' if shift else term
        else:
            term = c_bits(high, low)
            term = f'{term} << {shift}' if shift else term
        terms.append(term)
    # A signed part is added: its low bits are zero where the others are.
    text = ' + '.join(f'({t})' if len(src.ranges) > 1 else t for t in terms)
    return f'8 + {text}' if src.prime else text


def c_formats(table, out):
    used = [f for f in table.formats.values() if any(r.format is f for r in table.rows)]
    out.append('static void read_operands(unsigned row, uint32_t insn, RISCVOperands *o)\n{\n')
    out.append('    *o = (RISCVOperands){ 0 };\n    switch (row) {\n')
    for fmt in used:
        for row in (r for r in table.rows if r.format is fmt):
            out.append(f'    case INSN_{row.c_name}:\n')
        out.append(f'        /* {fmt.name} */\n')
        for op, src in fmt.fields.items():
            out.append(f'        o->{op} = {c_source(src)};\n')
        out.append('        break;\n')
    out.append('    }\n}\n\n')


def row_flags(row, table):
    names = [f'INSN_{f.upper()}' for f in sorted(row.flags)]
    # A form without a destination may still run as one that has: c.jr is jalr to x0.
    rd = table.by_name[row.exec or row.name].source('rd')
    if rd and rd.register_class() == 'x':
        names.append('INSN_RD_X')
    aux = row.source('aux')
    if aux and aux.kind == 'rm':
        names.append('INSN_RM')
    return ' | '.join(names) or '0'


def decode(table):
    out = ['#include "target/riscv/isa.h"\n\n#include "target/riscv/ext.h"\n',
           '#include "target/riscv/insn-list.h"\n#include "util/bits.h"\n\n']
    for width in (16, 32):
        out.append(f'static unsigned find_row{width}(uint32_t insn, const uint64_t *ext)\n{{\n')
        tree([r for r in table.rows if r.width == width], 3 if width == 32 else 0, SPACE, out)
        out.append('}\n\n')
    c_formats(table, out)
    out.append('static const uint32_t row_flags[INSN_NR] = {\n')
    out += [f'    [INSN_{r.c_name}] = {row_flags(r, table)},\n' for r in table.rows]
    out.append('};\n\nstatic const char *const row_names[INSN_NR] = {\n    [INSN_illegal] = "illegal",\n')
    out += [f'    [INSN_{r.c_name}] = "{r.name}",\n' for r in table.rows]
    out.append('''};

unsigned riscv_decode(uint32_t insn, const uint64_t *ext, RISCVOperands *o)
{
    unsigned row = (insn & 3) == 3 ? find_row32(insn, ext) : find_row16(insn & 0xffff, ext);
    read_operands(row, insn, o);
    /* Rounding modes 5 and 6 are reserved. */
    if ((row_flags[row] & INSN_RM) && (o->aux == 5 || o->aux == 6))
        return INSN_illegal;
    return row;
}

unsigned riscv_insn_flags(unsigned row)
{
    return row < INSN_NR ? row_flags[row] : 0;
}

const char *riscv_insn_name(unsigned row)
{
    return row < INSN_NR ? row_names[row] : "illegal";
}
''')
    return ''.join(out)


def table_c(table):
    """insn-fn.c: the handler of each row."""
    out = ['#include "target/riscv/insn-fn.h"\n\n', 'static const TCGOpFn row_fn[INSN_NR] = {\n']
    for r in table.rows:
        fn = 'hint' if 'hint' in r.flags else (r.exec or r.name).replace('.', '_')
        out.append(f'    [INSN_{r.c_name}] = op_{fn},\n')
    out.append('};\n\nstatic const uint16_t row_body[INSN_NR] = {\n')
    out += [f'    [INSN_{r.c_name}] = INSN_{r.exec.replace(".", "_")},\n' for r in table.rows
            if r.exec]
    out.append('''};

TCGOpFn riscv_insn_fn(unsigned row)
{
    return row < INSN_NR ? row_fn[row] : NULL;
}

unsigned riscv_insn_body(unsigned row)
{
    return row < INSN_NR && row_body[row] ? row_body[row] : row;
}
''')
    return ''.join(out)
