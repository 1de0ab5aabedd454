# Fused handlers: insn-fused.h, included at the end of the file that has the bodies.
# SPDX-License-Identifier: MIT

import geninsn


def load(path, table):
    """The sequences of fused.txt: lists of rows, two or three."""
    sequences = []
    with open(path, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            names = line.partition('#')[0].split()
            if not names:
                continue
            rows = [table.by_name.get(n) for n in names]
            if None in rows or len(rows) not in (2, 3) or any(r.exec for r in rows):
                raise geninsn.TableError(f'{path}:{number}: not two or three rows with bodies')
            if any(kind(r) not in ('alu', 'mem') for r in rows[:-1]):
                raise geninsn.TableError(f'{path}:{number}: only the last may end the block')
            if rows in sequences:
                raise geninsn.TableError(f'{path}:{number}: is there twice')
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
    # States: a row by its number; a pair by INSN_NR plus its place in the list.
    out.append('''
typedef struct FuseStep {
    uint16_t state, row, next;
    TCGOpFn fn;
} FuseStep;

static const FuseStep fuse_steps[] = {
''')
    for i, rows in enumerate(sequences):
        if len(rows) == 2:
            state = f'INSN_{rows[0].c_name}'
        else:
            state = f'INSN_NR + {sequences.index(rows[:2])}'
        out.append(f'    {{ {state}, INSN_{rows[-1].c_name}, INSN_NR + {i}, '
                   f'op_{"_".join(r.c_name for r in rows)} }},\n')
    out.append('};\n')
    return ''.join(out)
