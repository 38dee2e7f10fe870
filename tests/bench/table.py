#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what peers.py measured (its --json) as the table of docs/performance.md.

usage: table.py RESULT.json [MORE.json ...]     later files replace rows of earlier ones
"""
import json
import math
import sys

PEERS = ["torch", "onnxruntime", "keras", "jax", "onednn", "ours"]


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def main():
    rows = {}
    for path in sys.argv[1:]:
        for row in json.load(open(path)):
            rows[row["workload"], row["threads"]] = row
    print("| workload | threads | " + " | ".join(PEERS[:-1]) + " | librnn | best peer / librnn |")
    print("|" + " --- |" * (len(PEERS) + 3))
    ratios = {}
    for (name, threads), row in sorted(rows.items(), key=lambda entry: entry[0][1]):
        cells = [f"{row['ms'][p]:.4g}" if row["ms"].get(p) else "-" for p in PEERS]
        ratio = row.get("best_peer_over_ours")
        if ratio:
            ratios.setdefault(threads, []).append(ratio)
        print(f"| {name} | {threads} | " + " | ".join(cells) + f" | {f'{ratio:.2f}' if ratio else '-'} |")
    print()
    for threads, found in sorted(ratios.items()):
        print(f"Geometric mean of best peer / librnn with {threads} thread{'s' if threads > 1 else ''}: "
              f"{mean(found):.2f} over {len(found)} rows, least {min(found):.2f}.")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main()
