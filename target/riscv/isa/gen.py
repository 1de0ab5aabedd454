# Generates C from the instruction tables: gen.py WHAT OUTPUT FILE.insn... FUSED.txt
# SPDX-License-Identifier: MIT

import sys

import gendecode
import genemit
import genfuse
import geninsn
import genrows
import gentext

HEAD = '/* Generated from the tables of target/riscv/isa by gen.py; do not edit. */\n'


def insn_list(table):
    """insn-list.h: the enum of rows, prototypes of handlers, flags that EXEC looks at."""
    out = [HEAD, '#ifndef RISCV_INSN_LIST_H\n#define RISCV_INSN_LIST_H\n\n',
           '#include "accel/tcg/op.h"\n\n',
           'enum { INSN_END_none, INSN_END_branch, INSN_END_jump, INSN_END_exit };\n\n',
           'typedef enum RISCVInsn {\n    INSN_illegal,\n']
    out += [f'    INSN_{r.c_name},\n' for r in table.rows]
    out.append('    INSN_NR\n} RISCVInsn;\n\n')
    for r in table.executed():
        out.append(f'#define INSN_TRAPS_{r.c_name} {int(r.traps())}\n')
        out.append(f'#define INSN_FS_DIRTY_{r.c_name} {int("fsw" in r.flags)}\n')
        out.append(f'#define INSN_END_{r.c_name} INSN_END_{r.end()}\n')
    out.append('\nconst TCGOp *op_hint(CPUArchState *env, const TCGOp *op);\n')
    for r in table.executed():
        out.append(f'const TCGOp *op_{r.c_name}(CPUArchState *env, const TCGOp *op);\n')
    out.append('\n#endif\n')
    return ''.join(out)


GENERATORS = {
    'list': insn_list,
    'decode': lambda t: HEAD + gendecode.decode(t),
    'fn': lambda t: HEAD + gendecode.table_c(t),
    'fused': lambda t: HEAD + genfuse.fused(t, sys.argv[-1]),
    'rows': lambda t: HEAD + genrows.rows(t),
    'emit': lambda t: HEAD + genemit.emit(t, [p for p in sys.argv[3:] if p.endswith('.c')]),
    'text': lambda t: HEAD + gentext.text(t),
}


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in GENERATORS:
        sys.exit(f'usage: gen.py {"|".join(GENERATORS)} OUTPUT FILE.insn... FUSED.txt')
    try:
        table = geninsn.load([p for p in sys.argv[3:] if p.endswith('.insn')])
        text = GENERATORS[sys.argv[1]](table)
    except geninsn.TableError as e:
        sys.exit(str(e))
    with open(sys.argv[2], 'w', encoding='utf-8') as f:
        f.write(text)


if __name__ == '__main__':
    main()
