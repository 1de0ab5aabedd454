# Generates insn-emit.c, the table of fast forms: the rows that emit-*.c has an EMIT for.
# SPDX-License-Identifier: MIT

import re

import geninsn


def emit(table, sources):
    names = []
    for path in sources:
        with open(path, encoding='utf-8') as f:
            for line in f:
                m = re.match(r'EMIT_BOTH\((\w+),', line)
                if m:
                    names += [m.group(1) + '_s', m.group(1) + '_d']
                    continue
                m = re.match(r'(?:EMIT|REG|IMM|ONE|AMO)\w*\((\w+)[,)]', line)
                if m:
                    names.append(m.group(1))
    known = {r.c_name for r in table.rows if not r.exec}
    for name in names:
        if name not in known:
            raise geninsn.TableError(f'EMIT({name}): no instruction with a body has that name')
    out = ['#include "target/riscv/emit.h"\n\n']
    out += [f'void emit_{n}(IRBuilder *b, const TCGOp *op);\n' for n in names]
    out.append('\nstatic const EmitFn row_emit[INSN_NR] = {\n')
    out += [f'    [INSN_{n}] = emit_{n},\n' for n in names]
    out.append('''};

EmitFn riscv_insn_emit(unsigned row)
{
    return row < INSN_NR ? row_emit[row] : NULL;
}
''')
    return ''.join(out)
