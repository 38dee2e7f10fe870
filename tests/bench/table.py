#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what peers.py measured (its --json) as the rows of docs/performance.md.

usage: table.py RESULT.json [MORE.json ...]     later files replace rows of earlier ones
"""
import json
import math
import sys

PEERS = ["torch", "onnxruntime", "keras", "jax", "onednn", "ours"]


def main():
    rows = {}
    for path in sys.argv[1:]:
        for row in json.load(open(path)):
            rows[row["workload"], row["threads"]] = row
    ratios = []
    for (name, threads), row in rows.items():
        cells = [f"{row['ms'][p]:.4g}" if row["ms"].get(p) else "-" for p in PEERS]
        ratio = row.get("best_peer_over_ours")
        ratios += [ratio] if ratio else []
        print(f"| {name} | {threads} | " + " | ".join(cells) + f" | {f'{ratio:.2f}' if ratio else '-'} |")
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"\nGeometric mean of best peer / librnn over {len(ratios)} rows: {mean:.2f}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main()
