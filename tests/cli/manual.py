#!/usr/bin/env python3
# Every option of -help has its section in docs/options.md, with the same form, and no other.
# SPDX-License-Identifier: MIT
"""usage: manual.py PROGRAM OPTIONS.md"""
import re
import subprocess
import sys

out = subprocess.run([sys.argv[1], '-help'], capture_output=True, text=True, check=True).stdout
have = {line.strip() for line in out.splitlines() if line.startswith('  -')}
with open(sys.argv[2], encoding='utf-8') as f:
    want = {line[4:].strip() for line in f if re.match('### -', line)}
print('1..1')
for line in sorted(have ^ want):
    print(f'# only in {"-help" if line in have else "the manual"}: {line}')
print('ok 1' if have == want else 'not ok 1')
sys.exit(have != want)
