#!/usr/bin/env python3
# Arithmetic of every kind that Python has, as one line of digests. The guest and the host must print the
# same, whatever their versions are.
#
# SPDX-License-Identifier: MIT

import decimal
import fractions
import hashlib
import json
import math
import random
import re
import struct
import zlib


def digest(things):
    return hashlib.sha256(repr(things).encode()).hexdigest()[:16]


def pi(digits):
    """By Machin's formula, in whole numbers."""
    one = 10 ** (digits + 10)

    def arctan(n):
        power, total, k = one // n, 0, 1
        while power:
            total += power // k if k % 4 == 1 else -(power // k)
            power //= n * n
            k += 2
        return total
    return 4 * (4 * arctan(5) - arctan(239)) // 10 ** 10


r = random.Random(1)
floats = [struct.unpack('<d', struct.pack('<Q', r.getrandbits(64)))[0] for _ in range(3000)]
floats = [f for f in floats if math.isfinite(f)]
pairs = list(zip(floats, floats[1:]))
decimal.getcontext().prec = 60
text = ' '.join(str(r.getrandbits(40)) for _ in range(3000))
found = {
    'pi': digest(pi(2000)),
    'power': digest(pow(3, 20011, 2 ** 521 - 1)),
    'product': digest(math.factorial(1500)),
    'sums': digest([a + b for a, b in pairs]),
    'products': digest([a * b for a, b in pairs]),
    'quotients': digest([a / b for a, b in pairs if b and abs(b) > 1e-300 and abs(a) < 1e300]),
    'roots': digest([math.sqrt(abs(f)) for f in floats]),
    'printed': digest([repr(f) for f in floats]),
    'read': digest([float('%.17g' % f) == f for f in floats]),
    'single': digest([struct.pack('<f', f) for f in floats if abs(f) < 1e38]),
    'half': digest([struct.pack('<e', r.uniform(-60000, 60000)) for _ in range(1000)]),
    'exact': digest([fractions.Fraction(f).limit_denominator(10 ** 9) for f in floats[:100] if abs(f) < 1e9]),
    'sum': digest(math.fsum(f for f in floats if abs(f) < 1e200)),
    'decimal': digest([str(decimal.Decimal(n).sqrt()) for n in range(200)]),
    'sorted': digest(sorted(floats)),
    'json': digest(json.loads(json.dumps({str(f): [f, None, True] for f in floats}))),
    'words': digest(re.findall(r'\b\d*(?:12|34)\d*\b', text)),
    'packed': digest(zlib.decompress(zlib.compress(text.encode(), 9)) == text.encode()),
    'crc': zlib.crc32(text.encode()), 'adler': zlib.adler32(text.encode()),
}
print(json.dumps(found))
