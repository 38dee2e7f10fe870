#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a ragged batch costs: training steps on sequences of 1 to T steps, all lengths equally likely.

usage: ragged.py --ours "PROGRAM [ARGS]" [--only NAME,...] [--threads 1|2] [--seconds S] [--rounds R] [--json OUT]

For each workload of workloads.json that trains, in turn:
  ours, ragged   the batch with such lengths (rnn_bench's "lengths": "uniform")
  ours, equal    the same number of sequences and useful steps, all of one length
  torch, padded  the batch padded to T steps, all of them computed
  torch, packed  the batch as a packed sequence, sorted; skipped when torch is not installed
Figures are medians over the rounds of nanoseconds a useful step. `ragged / equal` is what raggedness costs here,
`packed / padded` is the ratio of whole steps there: above 1, packing is slower than computing the padding.
"""
import argparse
import json
import os
import shlex
import statistics
import sys

import peers

FIGURES = ["ragged", "equal", "padded", "packed"]


def torch_step(w, threads, seconds, packed):
    """Milliseconds of a training step and the useful steps of its batch."""
    import torch
    from torch import nn
    from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    steps, batch, two = w["steps"], w["batch"], w.get("bidirectional", False)
    lengths = torch.randint(1, steps + 1, (batch,))
    lengths[0] = steps
    lengths = lengths.sort(descending=True).values
    kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[w["cell"]]
    embed = nn.Embedding(w["vocab"], w["embed"]) if "vocab" in w else nn.Identity()
    rnn = kind(w.get("embed", w.get("input")), w["hidden"][0], num_layers=len(w["hidden"]), batch_first=True,
               bidirectional=two)
    width = w["hidden"][-1] * (2 if two else 1)
    head = nn.Linear(width, w["classes"]) if w["head"] != "none" else nn.Identity()
    x = torch.randint(0, w["vocab"], (batch, steps)) if "vocab" in w else torch.randn(batch, steps, w["input"])
    if w["head"] == "none":
        x.requires_grad_()
    parts = nn.ModuleList([embed, rnn, head])
    optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}[
        w.get("optimizer", "sgd")](parts.parameters(), lr=1e-3)

    def outputs():
        """[rows, features]: every step's row (useful ones when packed), or one row a sequence."""
        if packed:
            rows = pack_padded_sequence(x, lengths, batch_first=True)
            rows = PackedSequence(embed(rows.data), rows.batch_sizes)
            y, state = rnn(rows)
            if w["head"] != "last":
                return head(y.data)
            state = state[0] if isinstance(state, tuple) else state
            return head(state[-1])
        y = rnn(embed(x))[0]
        return head(y[:, -1] if w["head"] == "last" else y.reshape(batch * steps, width))

    rows = outputs().shape
    if w["head"] == "none":
        target, loss = torch.randn(rows), lambda y, t: (y * t).sum()
    elif w["loss"] == "ce":
        target, loss = torch.randint(0, w["classes"], rows[:1]), nn.CrossEntropyLoss()
    elif w["loss"] == "bce":
        target, loss = torch.randint(0, 2, rows).float(), nn.BCEWithLogitsLoss()
    else:
        target, loss = torch.randn(rows), nn.MSELoss()

    def item():
        optimizer.zero_grad(set_to_none=True)
        x.grad = None
        loss(outputs(), target).backward()
        if w["head"] != "none":
            optimizer.step()
    return dict(peers.timed(item, seconds), useful_steps=int(lengths.sum()))


def measure(figure, name, w, arguments, useful):
    """One figure in a process of its own: (milliseconds, useful steps), or None."""
    if figure in ("padded", "packed"):
        command = [sys.executable, os.path.abspath(__file__), "--one", figure, "--spec", json.dumps(w)]
    else:
        spec = dict(w, lengths="uniform") if figure == "ragged" else dict(w, steps=round(useful / w["batch"]))
        command = shlex.split(arguments.ours) + ["--workload", name, "--spec", json.dumps(spec)]
    command += ["--threads", str(arguments.threads), "--seconds", str(arguments.seconds)]
    got = peers.child(command, arguments.threads)
    if "ms_median" not in got:
        print(f"{name}: {figure}: {got.get('error')}", file=sys.stderr)
        return None
    return got["ms_median"], got["useful_steps"]


def compare(name, w, arguments):
    """{figure: nanoseconds a useful step} and the time of the packed step over the padded one."""
    each, whole, useful = {f: [] for f in FIGURES}, {f: [] for f in FIGURES}, 0
    for _ in range(arguments.rounds):
        for figure in FIGURES:
            got = measure(figure, name, w, arguments, useful)
            if got:
                useful = got[1] if figure == "ragged" else useful
                each[figure].append(1e6 * got[0] / got[1])
                whole[figure].append(got[0])
    row = {f: statistics.median(v) if v else None for f, v in each.items()}
    if row["ragged"] and row["equal"]:
        row["ragged / equal"] = row["ragged"] / row["equal"]
    if whole["packed"] and whole["padded"]:
        row["packed / padded"] = statistics.median(whole["packed"]) / statistics.median(whole["padded"])
    if row["ragged"] and row["padded"]:
        row["best torch / ours"] = min(row["packed"] or row["padded"], row["padded"]) / row["ragged"]
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours")
    parser.add_argument("--only")
    parser.add_argument("--workloads", default=os.path.join(peers.HERE, "workloads.json"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--spec", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        work = json.loads(arguments.spec)
        print(json.dumps(torch_step(work, arguments.threads, arguments.seconds, arguments.one == "packed")))
        return
    if not arguments.ours:
        parser.error("--ours names the program to measure")
    table = []
    columns = FIGURES + ["ragged / equal", "packed / padded", "best torch / ours"]
    print("| workload, ns a useful step | " + " | ".join(columns) + " |\n|" + " --- |" * (len(columns) + 1))
    for name, w in json.load(open(arguments.workloads)).items():
        if name.startswith("_") or w["kind"] != "train" or (
                arguments.only and name not in arguments.only.split(",")):
            continue
        row = compare(name, w, arguments)
        table.append(dict(row, workload=name, threads=arguments.threads))
        print(f"| {name} | " + " | ".join(f"{row[c]:.4g}" if row.get(c) else "-" for c in columns) + " |", flush=True)
    if arguments.json:
        json.dump(table, open(arguments.json, "w"), indent=1)


if __name__ == "__main__":
    main()
