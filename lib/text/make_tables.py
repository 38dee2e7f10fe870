#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes unicode_tables.h, beside it: what text cleaning knows of Unicode and HTML.

    python3 lib/text/make_tables.py

Everything comes from Python's own tables (unicodedata, html.entities); the version that was used stands in the
result. Emoji have no property there: their ranges, Extended_Pictographic without signs that texts have always had, and the
regional indicators, are below.
"""
import html.entities
import os
import sys
import unicodedata

EMOJI = """
2194-2199 21a9-21aa 231a-231b 2328 23cf 23e9-23f3 23f8-23fa 24c2 25aa-25ab 25b6 25c0
25fb-25fe 2600-2604 260e 2611 2614-2615 2618 261d 2620 2622-2623 2626 262a 262e-262f 2638-263a 2640 2642 2648-2653
265f-2660 2663 2665-2666 2668 267b 267e-267f 2692-2697 2699 269b-269c 26a0-26a1 26a7 26aa-26ab 26b0-26b1
26bd-26be 26c4-26c5 26c8 26ce-26cf 26d1 26d3-26d4 26e9-26ea 26f0-26f5 26f7-26fa 26fd 2702 2705 2708-270d 270f 2712
2714 2716 271d 2721 2728 2733-2734 2744 2747 274c 274e 2753-2755 2757 2763-2764 2795-2797 27a1 27b0 27bf
2934-2935 2b05-2b07 2b1b-2b1c 2b50 2b55 3030 303d 3297 3299 1f004 1f02c-1f02f 1f094-1f09f 1f0af-1f0b0 1f0c0
1f0cf-1f0d0 1f0f6-1f0ff 1f170-1f171 1f17e-1f17f 1f18e 1f191-1f19a 1f1ae-1f1e5 1f1e6-1f1ff 1f201-1f20f 1f21a 1f22f
1f232-1f23a 1f23c-1f23f 1f249-1f25f 1f266-1f64f 1f680-1f6ff 1f774-1f77f 1f7d5-1f7ff 1f80c-1f80f 1f848-1f84f
1f85a-1f85f 1f888-1f88f 1f8ae-1f8ff 1f90c-1f93a 1f93c-1f945 1f947-1faff 1fc00-1fffd
"""

# Marks that stand above or below a letter of any alphabet; those that belong to one script stay.
ACCENTS = [(0x300, 0x36F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F)]


def fold(code):
    """Simple case folding (the statuses C and S of CaseFolding.txt)."""
    text = chr(code)
    full = text.casefold()
    if len(full) == 1:
        return ord(full)
    lower = text.lower()
    return ord(lower) if len(lower) == 1 else code


def is_accent(code):
    return any(first <= code <= last for first, last in ACCENTS)


def base(code):
    """The letter that a letter with accents is made of; itself when it has none."""
    parts = [ord(c) for c in unicodedata.normalize("NFD", chr(code))]
    return parts[0] if len(parts) > 1 and all(is_accent(c) for c in parts[1:]) else code


def folding_ranges():
    """[first, last, step, difference]: every step-th code point of a range moves by the same difference."""
    pairs = [(c, fold(c) - c) for c in range(sys.maxunicode + 1) if fold(c) != c]
    ranges = []
    for code, difference in pairs:
        if ranges:
            first, last, step, moved = ranges[-1]
            gap = code - last
            if moved == difference and gap in (1, 2) and (first == last or gap == step):
                ranges[-1] = [first, code, gap, moved]
                continue
        ranges.append([code, code, 1, difference])
    return ranges


def punctuation_ranges():
    codes = [c for c in range(0x80, sys.maxunicode + 1) if unicodedata.category(chr(c)).startswith("P")]
    return joined(codes)


def joined(codes):
    ranges = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return ranges


def emoji_ranges():
    codes = set()
    for item in EMOJI.split():
        ends = [int(end, 16) for end in item.split("-")]
        codes.update(range(ends[0], ends[-1] + 1))
    return joined(sorted(codes))


def write_rows(out, head, rows):
    out.write("\n" + head + " = {\n")
    line = "   "
    for row in rows:
        if len(line) + len(row) + 2 > 108:
            out.write(line + "\n")
            line = "   "
        line += " " + row + ","
    out.write(line + "\n};\n")


def write(out):
    out.write("/* SPDX-License-Identifier: MIT */\n")
    out.write("/* Made by make_tables.py from Unicode %s. */\n" % unicodedata.unidata_version)
    write_rows(out, "static const folding folding_table[]",
               ["{ 0x%X, 0x%X, %d, %d }" % tuple(r) for r in folding_ranges()])
    letters = [c for c in range(0xC0, 0x10000) if base(c) != c]
    write_rows(out, "static const accented accented_table[]",
               ["{ 0x%X, 0x%X }" % (c, base(c)) for c in letters])
    write_rows(out, "static const range punctuation_table[]",
               ["{ 0x%X, 0x%X }" % tuple(r) for r in punctuation_ranges()])
    write_rows(out, "static const range emoji_table[]", ["{ 0x%X, 0x%X }" % tuple(r) for r in emoji_ranges()])
    names = dict(html.entities.name2codepoint, apos=0x27)
    write_rows(out, "static const entity entity_table[]", ['{ "%s", 0x%X }' % (n, names[n]) for n in sorted(names)])
    windows = []
    for byte in range(0x80, 0xA0):
        text = bytes([byte]).decode("cp1252", "replace")
        windows.append("0x%X" % (ord(text) if text != "\ufffd" else byte))
    write_rows(out, "static const uint16_t windows_table[32]", windows)


path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "unicode_tables.h")
with open(path, "w", encoding="ascii", newline="\n") as table:
    write(table)
