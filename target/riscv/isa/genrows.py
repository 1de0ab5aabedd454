# The rows as data, for tests and random programs: insn-rows.c, see insn-rows.h.
# SPDX-License-Identifier: MIT

OPS = ('rd', 'rs1', 'rs2', 'rs3', 'imm', 'aux')


def field(op, src):
    ranges = ', '.join(f'{{ {h}, {l} }}' for h, l in src.ranges)
    kind = 's' if src.kind == 's' else 'c' if src.kind.startswith('const') else 'u'
    bias = 8 if src.prime else src.const
    return (f"{{ ROW_{op.upper()}, '{kind}', {src.shift}, {bias}, {len(src.ranges)}, "
            f"{{ {ranges or '{ 0 }'} }} }}")


def rows(table):
    out = ['#include "target/riscv/insn-rows.h"\n\n#include "target/riscv/insn-list.h"\n\n',
           'const InsnRow riscv_insn_rows[] = {\n']
    for r in table.rows:
        fields = ',\n          '.join(field(op, src) for op, src in r.format.fields.items())
        excludes = ', '.join(f'{{ ROW_{op.upper()}, {value} }}' for op, value in r.excludes)
        over = f'INSN_{r.over.replace(".", "_")}' if r.over else 0
        out.append(
            f'    [INSN_{r.c_name}] = {{ {r.width}, {r.mask:#x}, {r.bits:#x}, "{r.requires or ""}", '
            f'{over}, {len(r.excludes)}, {{ {excludes or "{ 0 }"} }}, {len(r.format.fields)},\n'
            f'        {{ {fields or "{ 0 }"} }} }},\n')
    out.append('};\n')
    return ''.join(out)
