# What the lints share: the tree's files and how a finding is reported.
#
# SPDX-License-Identifier: MIT

import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SKIP = {'.git', '.cache', 'build'}
FOLDERS = ('util', 'qom', 'softmmu', 'hw', 'accel', 'target', 'system', 'chardev', 'block', 'net', 'fsdev',
           'monitor', 'gdbstub', 'migration', 'ui', 'include')


def sources(*suffixes):
    """Every file of the program with one of the suffixes, relative to the tree's top."""
    for folder in FOLDERS:
        for path in sorted((TOP / folder).rglob('*')):
            if path.suffix in suffixes and path.is_file():
                yield path.relative_to(TOP)


def lines(path):
    return (TOP / path).read_text(encoding='utf-8').splitlines()


def finish(findings, what):
    for finding in findings:
        print(finding)
    print(f'{len(findings)} findings: {what}')
    sys.exit(1 if findings else 0)
