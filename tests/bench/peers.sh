#!/bin/sh
# SPDX-License-Identifier: MIT
# Times every workload here and on the systems that a user would pick instead, and prints the rows of docs/performance.md.
# usage: peers.sh PROGRAM FOLDER [OPTIONS of peers.py]
# PROGRAM is rnn_bench; FOLDER receives a Python environment with what requirements.txt names (installed once, about
# 3 GB), peers.json and peers.md. PEERS_PYTHON names a Python that has it all already. Peers that could not be installed
# are left out. oneDNN takes part where its headers are (Debian: libdnnl-dev) and a C++ compiler.
set -eu
program=$1 folder=$2
shift 2
bench=$(dirname "$0")
python=${PEERS_PYTHON:-$folder/venv/bin/python}
mkdir -p "$folder"

if [ -z "${PEERS_PYTHON:-}" ] && ! [ -e "$folder/venv/installed" ]; then
    python3 -m venv "$folder/venv"
    if "$python" -m pip install -q --retries 0 -r "$bench/requirements.txt"; then
        touch "$folder/venv/installed"
    else
        echo "peers.sh: could not install all of requirements.txt, going on with what is there" >&2
    fi
fi

"$python" "$bench/peers.py" --ours "$program" --json "$folder/peers.json" "$@"
"$python" "$bench/table.py" "$folder/peers.json" | tee "$folder/peers.md"
