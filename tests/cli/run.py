#!/usr/bin/env python3
# Bad command lines, each with the exact line that answers it; and help, which must not fail.
# SPDX-License-Identifier: MIT
"""usage: run.py PROGRAM PARTS TABLE...

PARTS are the optional parts that PROGRAM was built with, as in "slirp,zstd".

A table has blocks of lines:
  $ ARGUMENTS     as a shell would split them; {64K} is a text of that length, {FF} a byte 0xff
  ! TEXT          standard error is this line after "qemu-system-riscv64: ", exit status 1,
                  standard output empty, and no file was made or removed
  ~ REGEX         the same, for what depends on the host
  = TEXT          exit status 0, nothing on standard error, and TEXT somewhere in the output
  ? TEXT          exit status 0, nothing in the output, and standard error is this line like that of "!"
  [PART,...]      the rows from here on need these optional parts, [!PART] that it is not there;
                  [] ends that. What does not fit the build is left out.
Lines that start with # are comments. The files that rows name come from files.py.
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile

import files

PREFIX = 'qemu-system-riscv64: '
TIMEOUT = 60


def read_table(path):
    rows, args, part = [], None, ''
    with open(path, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip('\n')
            if not line or line.startswith('#'):
                continue
            kind, text = line[0], line[2:]
            if kind == '[' and line.endswith(']'):
                part = line[1:-1]
            elif kind == '$':
                args = text
            elif kind in '!~=?' and args is not None:
                rows.append((f'{os.path.basename(path)}:{number}', args, kind, text, part))
            else:
                sys.exit(f'{path}:{number}: not understood: {line}')
    return rows


def split(text):
    args = [a.replace('{64K}', 'x' * 65536) for a in shlex.split(text)]
    return [os.fsencode(a).replace(b'{FF}', b'\xff') for a in args]


def fits(needs, parts):
    """Whether a build with these parts is one that rows under [needs] are for."""
    return all((n.lstrip('!') in parts) != n.startswith('!') for n in needs.split(',') if n)


def check(program, folder, row):
    """None, or what is wrong."""
    _, text, kind, want, _ = row
    try:
        p = subprocess.run([program] + split(text), cwd=folder, stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return f'still runs after {TIMEOUT} s'
    out, err = p.stdout.decode(errors='replace'), p.stderr.decode(errors='replace')
    if kind == '=':
        if p.returncode == 0 and not err and want in out:
            return None
        return f'status {p.returncode}, error "{err.strip()}", output "{out[:300]}"'
    line = err[len(PREFIX):] if err.startswith(PREFIX) else err
    same = re.fullmatch(want + '\n', line) if kind == '~' else line == want + '\n'
    if p.returncode == (0 if kind == '?' else 1) and same and not out:
        return None
    return f'status {p.returncode}, answer "{line.rstrip()}", output "{out[:100]}"'


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    program, parts = os.path.abspath(sys.argv[1]), sys.argv[2].split(',')
    # The rows of other builds have no place in the plan: nothing of this build is left untested.
    rows = [row for path in sys.argv[3:] for row in read_table(path) if fits(row[4], parts)]
    failed = 0
    with tempfile.TemporaryDirectory(prefix='cli-') as folder:
        keep = files.make(folder)
        before = sorted(os.listdir(folder))
        print(f'1..{len(rows) + 1}')
        for n, row in enumerate(rows, 1): # one by one: an image is locked while it is in use
            wrong = check(program, folder, row)
            print(f'{"not ok" if wrong else "ok"} {n} - {row[0]} {row[1][:100]}')
            if wrong:
                failed += 1
                print(f'# wanted "{row[3]}"\n# got {wrong}')
        after = sorted(os.listdir(folder))
        left = sorted(set(before) ^ set(after))
        print(f'{"not ok" if left else "ok"} {len(rows) + 1} - nothing left behind {left}')
        for sock in keep:
            sock.close()
    sys.exit(1 if failed or left else 0)


if __name__ == '__main__':
    main()
