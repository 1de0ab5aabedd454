# Fused handlers: insn-fused.h, included at the end of the file that has the bodies.
# SPDX-License-Identifier: MIT

import itertools

import geninsn


def read(path):
    """The sequences as lists of names: a line names each place by one row or by several with commas."""
    with open(path, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            places = [p.split(',') for p in line.partition('#')[0].split()]
            if places:
                for names in itertools.product(*places):
                    yield f'{path}:{number}', list(names)


def load(path, table):
    """The sequences: lists of two or three rows."""
    sequences = []
    for where, names in read(path):
        rows = [table.by_name.get(n) for n in names]
        if None in rows or len(rows) not in (2, 3) or any(r.exec for r in rows):
            raise geninsn.TableError(f'{where}: {" ".join(names)}: not two or three rows with bodies')
        if any(kind(r) not in ('alu', 'mem') for r in rows[:-1]):
            raise geninsn.TableError(f'{where}: {" ".join(names)}: only the last may end the block')
        if rows not in sequences:
            sequences.append(rows)
    for rows in sequences:
        if len(rows) == 3 and rows[:2] not in sequences:
            raise geninsn.TableError(f'{path}: {rows[0].name} {rows[1].name} alone is not there')
    return sequences


def kind(row):
    """Which FUSE_ macro runs the row."""
    if row.end() != 'none':
        return {'branch': 'branch', 'jump': 'jump', 'exit': 'lookup'}[row.end()]
    if row.flags & {'load', 'store'}:
        return 'mem'
    return 'trap' if row.traps() or 'fsw' in row.flags else 'alu'


def fused(table, path):
    sequences = load(path, table)
    out = []
    for rows in sequences:
        args = ', '.join(f'{r.c_name}, {kind(r)}' for r in rows)
        out.append(f'FUSE{len(rows)}({args})\n')
    # States: a row by its number; a pair by INSN_NR plus its place in the list. The steps stand
    # together by the state they start from.
    number = {r.c_name: i + 1 for i, r in enumerate(table.rows)}
    states = {}
    for i, rows in enumerate(sequences):
        start = number[rows[0].c_name]
        if len(rows) == 3:
            start = len(table.rows) + 1 + sequences.index(rows[:2])
        states.setdefault(start, []).append((rows, i))
    out.append('\nstatic const FuseStep fuse_steps[] = {\n')
    first, n = [], 0
    for state in range(len(table.rows) + 2 + len(sequences)):
        first.append(n)
        for rows, i in states.get(state, []):
            out.append(f'    {{ INSN_{rows[-1].c_name}, INSN_NR + {i}, '
                       f'op_{"_".join(r.c_name for r in rows)}, '
                       f'op_{"_".join(r.c_name for r in rows[:-1])}_to_{rows[-1].c_name} }},\n')
            n += 1
    out.append('};\n\nstatic const uint16_t fuse_first[] = {\n')
    for i in range(0, len(first), 16):
        out.append('    ' + ', '.join(str(v) for v in first[i:i + 16]) + ',\n')
    out.append('};\n')
    return ''.join(out)
