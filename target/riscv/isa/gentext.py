# What the disassembler prints for each row: the forms table that disas.c walks.
# SPDX-License-Identifier: MIT


def form(mnemonic, operands, conditions):
    conds = ', '.join(
        f'{{ DISAS_{f.upper()}, {"DISAS_" + v.upper() if isinstance(v, str) else "DISAS_CONST"}, '
        f'{0 if isinstance(v, str) else v} }}' for f, v in conditions)
    operands = '' if operands == '-' else operands
    return f'    {{ "{mnemonic}", "{operands}", {len(conditions)}, {{ {conds or "{ 0 }"} }} }},\n'


def text(table):
    out = ['#include "target/riscv/disas-forms.h"\n\n#include "target/riscv/insn-list.h"\n\n',
           'const DisasForm riscv_disas_forms[] = {\n']
    first, n = [], 0
    for row in table.rows:
        first.append(n)
        out += [form(a.mnemonic, a.operands, a.conditions) for a in row.aliases]
        out.append(form(row.mnemonic, row.operands, []))
        n += len(row.aliases) + 1
    out.append('};\n\nconst DisasRow riscv_disas_rows[] = {\n')
    for row, index in zip(table.rows, first):
        classes = [f'DISAS_F_{op.upper()}' for op, src in row.format.fields.items()
                   if src.register_class() == 'f']
        classes += [f'DISAS_V_{op.upper()}' for op, src in row.format.fields.items()
                    if src.register_class() == 'v']
        if row.source('aux') and row.source('aux').kind == 'aqrl':
            classes.append('DISAS_AQRL')
        out.append(f'    [INSN_{row.c_name}] = {{ {index}, {" | ".join(classes) or 0} }},\n')
    out.append('};\n')
    return ''.join(out)
