#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Peak memory of a process that trains: this project's benchmark program, and PyTorch on the same work (peers.py).

usage: memory.py --ours "PROGRAM [ARGS]" [--only NAME,...] [--threads 1|2] [--recompute gates|time] [--json OUT]

Each runs in a process of its own for some steps; the figure is the kernel's ru_maxrss of that process, in MiB. PyTorch is
measured from import to end, as a program that uses it has it; `import` is the same for `import torch` alone.
"""
import argparse
import json
import os
import shlex
import sys
import tempfile

import peers

LEVELS = ["none", "gates", "time"]
SECONDS = "0.2"  # of steps: more do not change the peak


def peak(command, threads):
    """(MiB, what the program printed last) of a process, or (None, why)."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as errors:
        pid = os.posix_spawnp(command[0], command, environment, file_actions=[
            (os.POSIX_SPAWN_DUP2, printed.fileno(), 1), (os.POSIX_SPAWN_DUP2, errors.fileno(), 2)])
        _, status, usage = os.wait4(pid, 0)
        printed.seek(0)
        errors.seek(0)
        if status:
            return None, (errors.read().decode().strip().splitlines() or [f"status {status}"])[-1]
        return usage.ru_maxrss / 1024, printed.read().decode().strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--only", default="train_imdb_rnn,train_charlm_lstm")
    parser.add_argument("--workloads", default=os.path.join(peers.HERE, "workloads.json"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--recompute", choices=LEVELS, default="none", help="what ours computes again (RNN_TRAIN_RECOMPUTE)")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    threads, table = str(arguments.threads), []
    bare, why = peak([sys.executable, "-c", "import torch"], threads)
    print(f"import torch alone: {bare:.0f} MiB\n" if bare else f"torch: {why}\n")
    print("| workload | librnn, MiB | torch, MiB | librnn / torch |\n| --- | --- | --- | --- |")
    work = json.load(open(arguments.workloads))
    for name in arguments.only.split(","):
        ours, said = peak(shlex.split(arguments.ours) + ["--workload", name, "--threads", threads, "--seconds", SECONDS,
                                                         "--spec", json.dumps(dict(work[name], recompute=LEVELS.index(arguments.recompute)))], threads)
        if not ours:
            sys.exit(f"{name}: {said}")
        torch, why = peak([sys.executable, os.path.join(peers.HERE, "peers.py"), "--one", f"torch:{name}", "--threads", threads,
                           "--seconds", SECONDS, "--workloads", arguments.workloads], threads)
        if torch and "error" in why:
            torch = None
        table.append({"workload": name, "ours": ours, "torch": torch, "import": bare})
        print(f"| {name} | {ours:.0f} | " + (f"{torch:.0f} | {ours / torch:.2f} |" if torch else "- | - |"), flush=True)
    if arguments.json:
        json.dump(table, open(arguments.json, "w"), indent=1)


if __name__ == "__main__":
    main()
